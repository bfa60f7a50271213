"""`edgcn sweep`: a grid of settings with several seeds, compared in one table.

sweep.yaml -> the plan and its time -> runs and their scores, kept -> OUT/sweep.md, sweep.csv

    store: stores/mine            # or a list of stores
    base: {recipe: paper}         # settings of `edgcn pretrain`
    grid:
      encoder: [edgcn, edgcn-s]
      lr: [0.01, 0.03]
    seeds: [0, 1, 2]
    evaluate:                     # settings of `edgcn evaluate`
      - {protocol: linear}
      - {protocol: few-shot, shots: [5]}
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from edgcn.base.errors import EdgcnError
from edgcn.base.files import write_text
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.settings import POSITIONAL, Config, Threads, make_config
from edgcn.commands.yaml_files import read_yaml
from edgcn.experiments.plan import show_plan
from edgcn.experiments.runner import Job, Outcome, tasks_of, work
from edgcn.experiments.summary import (
    IN_CSV,
    baselines,
    csv_line,
    notes_of,
    scores_of,
    sweep_table,
    varying,
)
from edgcn.reports.exports import csv_table
from edgcn.reports.tables import escape_markdown, markdown_table, text_table
from edgcn.store import open_store

RESERVED = ("store", "out", "seed", "run", "model")  # of settings: they have places of their own


class SweepConfig(Config):
    """Run a grid of settings with several seeds, and compare them in one table."""

    sweep: Annotated[Path, POSITIONAL]
    """YAML file: `store` (one, or a list), `base` (settings that all runs share), `grid` (settings
    and the values to try), `seeds`, and `evaluate` (settings of each evaluation)."""
    out: Path | None = None
    """Folder of the runs and the table; by default the file's, or else `sweeps/` and its name."""
    dry_run: bool = False
    """Only say what would be run, and about how long it takes."""
    accelerator: str = "auto"
    """Where to compute: cpu, cuda, mps or auto."""
    threads: Threads | None = None
    """CPU threads; by default PyTorch's choice."""


class Sweep(Config):
    """What the file says."""

    store: Path | Annotated[tuple[Path, ...], Field(min_length=1)]
    """Store to learn from, or several."""
    out: Path | None = None
    """Folder of the runs and the table."""
    base: dict[str, Any] = Field(default_factory=dict)
    """Settings of pre-training that all runs share."""
    grid: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Settings of pre-training with the values that are tried, each with each."""
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)
    """One run of each setting per seed."""
    evaluate: tuple[dict[str, Any], ...] = ({"protocol": "linear"},)
    """Settings of each evaluation; `store` where it is not the one learned from."""


def command(config: SweepConfig) -> str:
    """Run the sweep, and say what comes next."""
    page = sweep(config)
    if page is None:
        return "nothing was run   next: the same without --dry-run"
    runs, out = page.parent / "runs", page.parent / "report"
    return f"wrote {page} and sweep.csv beside it   next: edgcn report {runs} --out {out}"


def sweep(config: SweepConfig, *, say: Say = tell) -> Path | None:
    """Run what is not there yet and write the table; returns the Markdown file.

    With `dry_run` nothing is run or written, and nothing is returned.

    Raises:
        EdgcnError: the file, or a setting in it, is wrong; or not one run could be scored.
    """
    file = make_config(Sweep, read_yaml(config.sweep), where=str(config.sweep))
    out = config.out or file.out or Path("sweeps") / config.sweep.stem
    jobs = jobs_of(file, config.sweep)
    machine = {"accelerator": config.accelerator, "threads": config.threads}
    tasks = tasks_of(jobs, out, machine=machine)
    stores = [one["store"] for job in jobs for one in (job.pretrain, *job.evaluate)]
    for store in dict.fromkeys(stores):
        open_store(store)  # refused now, not in a while
    show_plan(tasks, say)
    if config.dry_run:
        return None
    outcomes = []
    for outcome in work(tasks, out, say=say):
        outcomes.append(outcome)
        write(out, config.sweep, file, jobs, outcomes)
    scores = scores_of(outcomes)
    lines, columns = sweep_table(jobs, scores)
    say(text_table(lines, columns))
    for line in baselines(jobs, scores):
        say(f"baselines of {line}")
    for note in notes_of(scores):
        say(f"note: {note}")
    for line in left_out(outcomes):
        say(f"left out: {line}")
    if not any(outcome.results for outcome in outcomes):
        raise EdgcnError(f"no run of {config.sweep} could be scored; see above")
    return out / "sweep.md"


def jobs_of(file: Sweep, path: Path) -> list[Job]:
    """One job for each combination of stores and of the grid's values.

    Raises:
        EdgcnError: a setting that has another place, or stands in both `base` and `grid`.
    """
    for place, settings in (("base", file.base), ("grid", file.grid)):
        for name in settings:
            if name in RESERVED:
                raise EdgcnError(f"{path}: {place}: {name} is no setting here; say it outside")
    for name in file.base.keys() & file.grid.keys():
        raise EdgcnError(f"{path}: {name} stands in base and in grid; leave one of them out")
    stores = (file.store,) if isinstance(file.store, Path) else file.store
    jobs = []
    for store, *values in product(stores, *file.grid.values()):
        settings = dict(zip(file.grid, values, strict=True))
        cells = {"store": store.name} if len(stores) > 1 else {}
        cells |= {name: shown(value) for name, value in settings.items()}
        key = ", ".join(f"{name} {value}" for name, value in cells.items()) or "base"
        pretrain = {**file.base, **settings, "store": store}
        jobs.append(
            Job(
                key,
                pretrain,
                [evaluation(one, pretrain) for one in file.evaluate],
                file.seeds,
                cells,
            )
        )
    return jobs


def evaluation(settings: dict[str, Any], pretrain: dict[str, Any]) -> dict[str, Any]:
    """An evaluation on the store that was learned from, by the same split, or on another."""
    if "store" in settings:
        return settings | {"store": Path(settings["store"])}
    split = pretrain.get("split")
    same = {} if split in (None, "all") else {"split": split}
    return {**same, **settings, "store": pretrain["store"]}


def shown(value: Any) -> str:
    """A value of a setting in a few words."""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def write(
    out: Path, path: Path, file: Sweep, jobs: Sequence[Job], outcomes: Sequence[Outcome]
) -> None:
    """Write sweep.md and sweep.csv of what there is so far."""
    scores = scores_of(outcomes)
    lines, columns = sweep_table(jobs, scores)
    base = (
        ", ".join(f"{name} {shown(value)}" for name, value in file.base.items()) or "the defaults"
    )
    parts = [
        f"# Sweep {path.stem}",
        f"    edgcn sweep {path.name}",
        f"Settings that all runs share: {base}. Scores in percent, mean over seeds ± their "
        f"standard deviation; in brackets the difference to the first line, of the same seeds.",
        markdown_table(lines, columns),
        "Baselines, from the lowest to the highest line:\n\n"
        + "\n".join(f"- {line}" for line in baselines(jobs, scores)),
    ]
    if failures := left_out(outcomes):
        parts.append("## Left out\n\n" + "\n".join(f"- {line}" for line in failures))
    parts += [f"Note: {escape_markdown(note)}" for note in notes_of(scores)]
    varied = [name for name in varying(jobs) if name not in IN_CSV]
    write_text(out / "sweep.md", "\n\n".join(parts) + "\n")
    rows = (csv_line(score, varied) for score in scores)
    write_text(out / "sweep.csv", csv_table(rows, (*varied, *IN_CSV)))


def left_out(outcomes: Sequence[Outcome]) -> list[str]:
    """What failed, and why."""
    return [
        f"{outcome.task.name}: {failure}" for outcome in outcomes for failure in outcome.failures
    ]
