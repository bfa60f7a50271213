"""A table of the paper, row by row: find the data, pre-train, probe, compare with what is printed.

rows of recipes/paper.py x seeds -> runs and results, kept -> the table, again after every row

Stopped at any moment, the same command goes on where it was. A row that cannot be run is left out
with its reason.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.commands.config import PretrainConfig, ReproduceConfig
from edgcn.experiments.paper import STAND_INS, TABLES, PaperRow
from edgcn.experiments.paper_runs import (
    Say,
    estimate,
    example,
    finished,
    pretrain_config,
    scored,
    silent,
    trained,
)
from edgcn.experiments.reproduced import Outcome, Skip, publish
from edgcn.experiments.sources import Source, describe, ensure_store, find_sources
from edgcn.models.build import load_encoder
from edgcn.models.cost import forward_flop, parameters
from edgcn.reports.tables import text_table
from edgcn.runs import read_json, read_metrics

UNKNOWN = "once prepared"
PLAN_COLUMNS = ("row", "name", "data", "runs", "minutes", "printed")


@dataclass(frozen=True)
class Planned:
    """A row with the data that play its parts."""

    row: PaperRow
    source: Source
    target: Source


def reproduce(config: ReproduceConfig, *, say: Say = print) -> Path | None:
    """Run a table and write it as Markdown, CSV, LaTeX and a figure; returns the Markdown file.

    With `dry_run` nothing is run or written, and nothing is returned.

    Raises:
        EdgcnError: no data set of the table is there, or a row or role is unknown.
    """
    rows, roles = chosen_rows(config), roles_of(config)
    sources = find_sources(config.data)
    say(describe(sources))
    planned, skips = plan(rows, sources, roles)
    if config.dry_run:
        dry_run(config, planned, skips, say)
        return None
    if not planned:
        raise EdgcnError(nothing_to_run(config, skips))
    outcomes: list[Outcome] = []
    with alone_in(config.out):
        for number, item in enumerate(planned, start=1):
            say(f"row {number}/{len(planned)}: {item.row.key}, {item.row.name}")
            try:
                outcomes.append(run_row(config, item, say))
            except EdgcnError as error:
                skips.append(Skip(item.row, str(error)))
                say(f"left out: {error}")
            page = publish(config, roles, outcomes, skips, say=silent)
        page = publish(config, roles, outcomes, skips, say=say)
    return page


def chosen_rows(config: ReproduceConfig) -> list[PaperRow]:
    """The rows asked for, in the table's order."""
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
    """Rows whose data are there, and the others with the reason."""
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


def run_row(config: ReproduceConfig, item: Planned, say: Say) -> Outcome:
    """All seeds of one row: stores, runs and results that are there already are kept."""
    stores = config.out / "stores"
    source, target = (ensure_store(s, stores, say) for s in (item.source, item.target))
    results, minutes = [], []
    for seed in config.seeds:
        run = trained(pretrain_config(config, item.row, source, seed), say)
        results.append(scored(config, item.row, run, target, seed))
        minutes.append(sum(row["seconds"] for row in read_metrics(run / "metrics.jsonl")) / 60)
        say(f"  seed {seed}: top-1 {100 * results[-1]['rows'][-1]['top1']:.1f} %")
    encoder, inputs, _ = load_encoder(run / "encoder.safetensors")
    return Outcome(
        row=item.row,
        source=item.source.name,
        target=item.target.name,
        results=results,
        seeds=config.seeds,
        parameters=parameters(encoder),
        gflop=forward_flop(encoder, example(inputs, 1)) / 1e9,
        minutes=sum(minutes) / len(minutes),
        about=read_json(run / "run.json"),
    )


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep a second reproduction out of this folder: both would continue the same runs."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            import fcntl
        except ImportError:  # not a POSIX system
            yield
            return
        try:
            fcntl.flock(
                lock, fcntl.LOCK_EX | fcntl.LOCK_NB
            )  # gone with the process, however it ends
        except OSError:
            raise EdgcnError(
                f"another `edgcn reproduce` writes into {folder}; wait for it, or choose another "
                f"--out"
            ) from None
        yield


def dry_run(
    config: ReproduceConfig, planned: Sequence[Planned], skips: Sequence[Skip], say: Say
) -> None:
    """Say what would be run, what is there already, and about how long the rest takes here."""
    rows: list[dict[str, Any]] = []
    new: set[Path] = set()
    total = 0.0
    for item in planned:
        store = item.source.store or config.out / "stores" / item.source.name
        runs = [pretrain_config(config, item.row, store, seed) for seed in config.seeds]
        left = [run for run in runs if run.out not in new and not finished(run)]
        new.update(run.out for run in left if run.out)
        known = (store / "store.json").exists()
        minutes = sum(estimate(run) for run in left) / 60 if known else None
        total += minutes or 0
        rows.append(planned_row(item, runs, left, minutes))
    say(text_table(rows, PLAN_COLUMNS))
    for skip in skips:
        say(f"left out: {skip.row.key}: {skip.reason}")
    unknown = any(row["minutes"] == UNKNOWN for row in rows)
    more = ", and what is not prepared yet" if unknown else ""
    say(f"about {total:.0f} minutes of pre-training on this machine{more} (an estimate)")


def planned_row(
    item: Planned, runs: list[PretrainConfig], left: list[PretrainConfig], minutes: float | None
) -> dict[str, Any]:
    """One line of a dry run."""
    return {
        "row": item.row.key,
        "name": item.row.name,
        "data": f"{item.source.name} -> {item.target.name}",
        "runs": f"{len(left)} of {len(runs)}",
        "minutes": UNKNOWN if minutes is None else f"{minutes:.0f}",
        "printed": None if item.row.printed is None else item.row.printed / 100,
    }
