"""What a reproduction measured, beside what the paper prints: one table in five forms.

outcomes of all seeds -> one row each -> terminal, Markdown, CSV, LaTeX, figure
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from edgcn.base.files import write_text
from edgcn.base.progress import Say
from edgcn.evaluation.rows import Row, mean_over_seeds
from edgcn.experiments.paper import TABLES, TITLES, PaperRow
from edgcn.experiments.runner import Outcome
from edgcn.experiments.summary import over_seeds
from edgcn.inference.recognizer import load
from edgcn.models.cost import forward_flop, parameters
from edgcn.presets.datasets import DATA_SETS
from edgcn.reports.exports import csv_table, latex_table
from edgcn.reports.paper_table import printed_and_measured
from edgcn.reports.tables import markdown_table, text_table, used
from edgcn.runs import Run

BASELINES = ("majority", "raw", "random")
COLUMNS = (
    "name", "data", "protocol", "printed", "top1", "interval", "over_seeds", *BASELINES,
    "learned", "parameters", "gflop", "minutes",
)  # fmt: skip
IN_CSV = ("key", *COLUMNS, "split", "seeds", "place")


@dataclass(frozen=True)
class Measured:
    """A row of the paper that was run.

    Args:
        source, target: names of the data that played the row's parts.
        outcomes: one for each seed, each with one result.
    """

    row: PaperRow
    source: str
    target: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Skip:
    """A row that was not run, and why."""

    row: PaperRow
    reason: str


def table_row(measured: Measured) -> dict[str, Any]:
    """One row of the table; scores are fractions, means over seeds."""
    results = [outcome.results[0] for outcome in measured.outcomes]
    methods = [result.rows[-1] for result in results]
    mean = mean_over_seeds(methods)
    weights, gflop = cost(measured.outcomes[-1].task.run)
    printed, minutes = measured.row.printed, [o.minutes for o in measured.outcomes]
    return {
        "key": measured.row.key,
        "name": measured.row.name,
        "data": data(measured),
        "protocol": results[0].data["protocol"],
        "split": results[0].data["split"],
        "printed": None if printed is None else printed / 100,
        **{key: mean.scores[key] for key in ("top1", "low", "high")},
        "over_seeds": over_seeds([row.scores["top1"] for row in methods]),
        **{kind: baseline([result.rows for result in results], kind) for kind in BASELINES},
        "learned": mean.learned,
        "parameters": f"{weights / 1e6:.2f} M",
        "gflop": f"{gflop:.3g}",
        "minutes": f"{sum(minutes) / len(minutes):.1f}",
        "seeds": [outcome.task.seed for outcome in measured.outcomes],
        "place": measured.row.place,
    }


def baseline(seeds: Sequence[Sequence[Row]], kind: str) -> float:
    """Mean top-1 of a baseline over seeds."""
    return mean_over_seeds([row for rows in seeds for row in rows if row.kind == kind]).scores[
        "top1"
    ]


@lru_cache
def cost(run: Path) -> tuple[int, float]:
    """Parameters of a run's encoder, and GFLOP of a clip's forward pass."""
    embedder = load(run).embedder()
    inputs = embedder.inputs
    clip = torch.zeros(1, inputs.channels, inputs.frames, len(inputs.topology), inputs.bodies)
    return parameters(embedder.encoder), forward_flop(embedder.encoder, clip) / 1e9


def data(measured: Measured) -> str:
    """The data sets, as people call them."""
    source, target = (DATA_SETS[name].title for name in (measured.source, measured.target))
    return target if source == target else f"{source} -> {target}"


def publish(
    stem: Path,
    heading: str,
    text: str,
    measured: Sequence[Measured],
    skips: Sequence[Skip],
    *,
    say: Say,
) -> Path:
    """Write all forms of the table so far; returns the Markdown file.

    Args:
        stem: where they go, without their endings.
        text: what was run.
    """
    rows = [table_row(one) for one in measured]
    parts = [f"# {heading}", text]
    if rows:
        figure = stem.with_suffix(".png")
        printed_and_measured(rows, figure, title=heading.replace(" [", "\n["))
        columns = used(COLUMNS, rows)
        parts += [markdown_table(rows, columns), f"![{heading}]({figure.name})"]
        write_text(stem.with_suffix(".csv"), csv_table(rows, IN_CSV))
        write_text(stem.with_suffix(".tex"), latex_table(rows, columns, caption=heading))
        places = [f"- {row['name']}: {row['place']}" for row in rows if row["place"] != "printed"]
        parts += ["Rows:\n\n" + "\n".join(dict.fromkeys(places))] if places else []
    if skips:
        lines = [f"- {skip.row.key} ({skip.row.name}): {skip.reason}" for skip in skips]
        parts.append("Left out:\n\n" + "\n".join(lines))
    notes = dict.fromkeys(
        note
        for one in measured
        for outcome in one.outcomes
        for result in outcome.results.values()
        for note in result.data["notes"]
    )
    parts += [f"Note: {note}" for note in notes]
    page = stem.with_suffix(".md")
    write_text(page, "\n\n".join(parts) + "\n")
    say(f"\n{heading}")
    if rows:
        say(text_table(rows, used(COLUMNS, rows)))
    for note in notes:
        say(f"note: {note}")
    for skip in skips:
        say(f"left out: {skip.row.key}: {skip.reason}")
    return page


def title(table: str, roles: dict[str, str]) -> str:
    """The table's title; with stand-ins it says that these are not the paper's data."""
    used = {name for row in TABLES[table] for name in (row.source, row.target)}
    players = {role: name for role, name in roles.items() if role in used and role != name}
    played = [f"{DATA_SETS[p].title} plays {DATA_SETS[role].title}" for role, p in players.items()]
    text = TITLES[table]
    return f"{text} [STAND-INS, not the paper's data: {', '.join(played)}]" if played else text


def description(command: str, size: str, measured: Sequence[Measured]) -> str:
    """What was run, in a paragraph: the command, size, machine, and how to read the table."""
    runs = [Run(outcome.task.run).metadata for one in measured for outcome in one.outcomes]
    precisions = " and ".join(sorted({run["precision"] for run in runs}))
    threads, torch_version = ("-", "-") if not runs else (
        runs[0]["threads"], runs[0]["versions"].get("torch", "-")
    )  # fmt: skip
    return (
        f"    {command}\n\n{size}; {precisions}, CPU threads: {threads}, PyTorch {torch_version}. "
        f"Printed: the paper's top-1, on its own data. Measured: top-1 on the test subjects, mean "
        f"over the seeds; its 95 % interval resamples test subjects, and the one over seeds is "
        f"Student's. Beside it, with the same probe: the majority class, raw coordinates, and the "
        f"same encoder before training. GFLOP: the forward pass of a clip."
    )
