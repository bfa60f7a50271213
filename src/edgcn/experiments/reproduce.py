"""`edgcn reproduce`: a table of the paper, row by row, set beside what is printed.

rows of experiments/paper.py x seeds -> runs and results, kept -> the table, again after every run

Stopped at any moment, the same command goes on where it was. A row that cannot be run is left out
with its reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.settings import POSITIONAL, Config, Threads
from edgcn.experiments.paper import FULL_WIDTHS, STAND_INS, TABLES, PaperRow
from edgcn.experiments.plan import show_plan
from edgcn.experiments.reproduced import Measured, Skip, description, publish, title
from edgcn.experiments.runner import Job, Outcome, Task, silent, tasks_of, work
from edgcn.experiments.sources import Source, describe, ensure_store, find_sources
from edgcn.presets.datasets import DATA_SETS

PAPER_WIDTH = 96  # of the first block; the others are 2 and 4 times as wide


class ReproduceConfig(Config):
    """Run a table of the paper, row by row, and set it beside what is printed."""

    table: Annotated[Literal["table1", "table2", "table3"], POSITIONAL]
    """I: encoders on SMG. II: against other methods, SMG and iMiGUE. III: across data sets."""
    data: Path
    """Folder with the data sets, as released or as stores."""
    out: Path = Path("reproduced")
    """Folder for stores, runs and tables; what is there already is kept."""
    rows: tuple[str, ...] = ()
    """Run these rows only, by name (--dry-run lists them)."""
    seeds: tuple[int, ...] = (0,)
    """One run of each row per seed."""
    stand_in: bool = False
    """Let open recordings play SMG, iMiGUE and NTU: WMFT, MSR Action3D's images, ISL30."""
    roles: dict[str, str] = Field(default_factory=dict)
    """Other players, as ROLE DATA pairs: `--roles smg utd`."""
    dry_run: bool = False
    """Only say what would be run, and about how long it takes."""
    encoder_width: PositiveInt = PAPER_WIDTH
    """Channels of an encoder's first block (the paper: 96); others in proportion."""
    epochs: PositiveInt = 60
    """Passes over the clips in pre-training."""
    frames: PositiveInt = 64
    """Frames that every clip is resampled to."""
    accelerator: str = "auto"
    """Where to compute: cpu, cuda, mps or auto."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of the products; `auto` is bfloat16 where the device is fast at it."""
    threads: Threads | None = None
    """CPU threads; by default PyTorch's choice."""


@dataclass(frozen=True)
class Planned:
    """A row with the data that play its parts."""

    row: PaperRow
    source: Source
    target: Source


def command(config: ReproduceConfig) -> str:
    """Run the table, and say what comes next."""
    page = reproduce(config)
    if page is None:
        return "nothing was run   next: the same without --dry-run"
    return f"wrote {page}, with .csv, .tex and .png beside it   next: open it, or add --seeds 0 1 2"


def reproduce(config: ReproduceConfig, *, say: Say = tell) -> Path | None:
    """Run a table and write it as Markdown, CSV, LaTeX and a figure; returns the Markdown file.

    With `dry_run` nothing is run or written, and nothing is returned.

    Raises:
        EdgcnError: no data set of the table is there, or a row or role is unknown.
    """
    rows, roles = chosen_rows(config), roles_of(config)
    sources = find_sources(config.data)
    say(describe(sources))
    planned, skips = plan(rows, sources, roles)
    machine = {name: getattr(config, name) for name in ("accelerator", "precision", "threads")}
    tasks = tasks_of([job_of(config, item) for item in planned], config.out, machine=machine)
    if config.dry_run:
        show_plan(tasks, say)
        for skip in skips:
            say(f"left out: {skip.row.key}: {skip.reason}")
        return None
    if not planned:
        raise EdgcnError(nothing_to_run(config, skips))
    items = {item.row.key: item for item in planned}
    outcomes: dict[str, list[Outcome]] = {key: [] for key in items}

    def prepare(task: Task) -> None:
        for source in (items[task.job.key].source, items[task.job.key].target):
            ensure_store(source, config.out / "stores", say)

    def page(speak: Say) -> Path:
        measured = [
            Measured(item.row, item.source.name, item.target.name, tuple(outcomes[key]))
            for key, item in items.items()
            if outcomes[key]
        ]
        return publish(
            config.out / config.table,
            title(config.table, roles),
            description(command_line(config), size(config), measured),
            measured,
            skips,
            say=speak,
        )

    for outcome in work(tasks, config.out, prepare=prepare, say=say):
        row = items[outcome.task.job.key].row
        skips += [Skip(row, failure) for failure in outcome.failures]
        if outcome.results:
            outcomes[row.key].append(outcome)
            top1 = outcome.results[0].rows[-1].scores["top1"]
            say(f"  seed {outcome.task.seed}: top-1 {100 * top1:.1f} %")
        page(silent)
    return page(say)


def chosen_rows(config: ReproduceConfig) -> list[PaperRow]:
    """The rows that were named, in the table's order; all where none was."""
    table = {row.key: row for row in TABLES[config.table]}
    for key in config.rows:
        if key not in table:
            hint = did_you_mean(key, table)
            raise EdgcnError(f"{config.table} has no row {key!r} (rows: {', '.join(table)}){hint}")
    return [row for key, row in table.items() if not config.rows or key in config.rows]


def roles_of(config: ReproduceConfig) -> dict[str, str]:
    """Which data set plays each of the paper's."""
    roles = {name: name for name in STAND_INS}
    for role in config.roles:
        if role not in roles:
            known = ", ".join(roles)
            raise EdgcnError(f"the paper has no data set {role!r}: roles are those of {known}")
    if config.roles and not config.stand_in:
        raise EdgcnError("--roles names stand-ins; say so with --stand-in as well")
    return roles | (STAND_INS if config.stand_in else {}) | config.roles


def plan(
    rows: Sequence[PaperRow], sources: dict[str, Source], roles: dict[str, str]
) -> tuple[list[Planned], list[Skip]]:
    """Rows whose data were found, and the others with the reason."""
    planned, skips = [], []
    for row in rows:
        needed = dict.fromkeys((roles[row.source], roles[row.target]))
        missing = [name for name in needed if name not in sources]
        if missing:
            skips.append(Skip(row, f"no {' and no '.join(missing)} among the data"))
        else:
            planned.append(Planned(row, sources[roles[row.source]], sources[roles[row.target]]))
    return planned, skips


def nothing_to_run(config: ReproduceConfig, skips: Sequence[Skip]) -> str:
    """Why there is no table, and what to do."""
    reasons = "; ".join(dict.fromkeys(skip.reason for skip in skips))
    hint = "" if config.stand_in else " (--stand-in lets open recordings play their parts)"
    return f"no row of {config.table} can be run with {config.data}: {reasons}{hint}"


def job_of(config: ReproduceConfig, item: Planned) -> Job:
    """The published settings, the row's, and the size of this reproduction."""
    row, source, target = item.row, item.source, item.target
    width = narrow(row.settings["encoder"], config.encoder_width)
    settings = {
        "recipe": "paper",
        "store": store_of(config, source),
        "split": DATA_SETS[source.name].split,
        "learn_from": "clips",
        "epochs": config.epochs,
        "frames": config.frames,
        **row.settings,
        "encoder_settings": {**width, **row.settings.get("encoder_settings", {})},
    }
    probe = {"store": store_of(config, target), "split": DATA_SETS[target.name].split, **row.probe}
    cells = {
        "row": row.key,
        "name": row.name,
        "data": f"{source.name} -> {target.name}",
        "printed": None if row.printed is None else row.printed / 100,
    }
    return Job(row.key, settings, [probe], config.seeds, cells)


def store_of(config: ReproduceConfig, source: Source) -> Path:
    """Where the store of a data set is, or will be."""
    return source.store or config.out / "stores" / source.name


def narrow(encoder: str, width: int) -> dict[str, Any]:
    """Settings that make an encoder as wide as `width` is to the paper's 96."""
    scale = width / PAPER_WIDTH
    return {
        name: [round(scale * value) for value in full]
        if isinstance(full, tuple)
        else max(1, round(scale * full))
        for name, full in (FULL_WIDTHS.get(encoder, {}) if width != PAPER_WIDTH else {}).items()
    }


def command_line(config: ReproduceConfig) -> str:
    """What makes this table; the folders mean nothing elsewhere."""
    players = " ".join(f"{role} {name}" for role, name in config.roles.items())
    parts = [
        f"edgcn reproduce {config.table} --data DATA",
        "--stand-in" if config.stand_in else "",
        f"--roles {players}" if players else "",
        f"--rows {' '.join(config.rows)}" if config.rows else "",
        f"--encoder-width {config.encoder_width} --epochs {config.epochs}",
        f"--frames {config.frames} --seeds {' '.join(map(str, config.seeds))}",
        f"--threads {config.threads}" if config.threads else "",
    ]
    return " ".join(part for part in parts if part)


def size(config: ReproduceConfig) -> str:
    """How large the encoders, runs and clips are, beside the paper's."""
    return (
        f"Encoders start {config.encoder_width} channels wide (the paper's: {PAPER_WIDTH}), "
        f"{config.epochs} epochs (60), clips of {config.frames} frames"
    )
