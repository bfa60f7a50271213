"""What a reproduction found, beside what the paper prints: one table in five forms.

results of all seeds -> one row each -> terminal, Markdown, CSV, LaTeX, figure
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from edgcn.commands.config import ReproduceConfig
from edgcn.experiments.paper import TABLES, TITLES, PaperRow
from edgcn.presets.datasets import DATA_SETS
from edgcn.reports.exports import csv_table, latex_table
from edgcn.reports.paper_table import printed_and_measured
from edgcn.reports.tables import markdown_table, text_table
from edgcn.runs import writing

BASELINES = {"majority": "majority class", "raw": "raw coordinates", "random": "random encoder"}
COLUMNS = (
    "name", "data", "protocol", "printed", "top1", "interval", "over_seeds", "majority", "raw",
    "random", "parameters", "gflop", "minutes",
)  # fmt: skip
IN_CSV = ("key", *COLUMNS, "split", "seeds", "place")


@dataclass(frozen=True)
class Outcome:
    """A row that was run: the results of its seeds, and what they cost.

    Args:
        source, target: names of the data that played the row's parts.
        results: what `evaluate` returned, one for each seed.
        gflop: of a clip's forward pass.
        minutes: of pre-training, mean over seeds.
        about: the last run's run.json.
    """

    row: PaperRow
    source: str
    target: str
    results: Sequence[dict[str, Any]]
    seeds: Sequence[int]
    parameters: int
    gflop: float
    minutes: float
    about: dict[str, Any]


@dataclass(frozen=True)
class Skip:
    """A row that was not run, and why."""

    row: PaperRow
    reason: str


def table_row(outcome: Outcome) -> dict[str, Any]:
    """One row of the table; scores are fractions, means over seeds."""
    rows = [result["rows"] for result in outcome.results]
    named = {key: _mean(rows, name) for key, name in BASELINES.items()}
    ours = [row[-1] for row in rows]
    printed = outcome.row.printed
    return {
        "key": outcome.row.key,
        "name": outcome.row.name,
        "source": outcome.source,
        "target": outcome.target,
        "data": _data(outcome),
        "protocol": outcome.results[0]["protocol"],
        "split": outcome.results[0]["split"],
        "printed": None if printed is None else printed / 100,
        **{key: float(np.mean([row[key] for row in ours])) for key in ("top1", "low", "high")},
        "over_seeds": over_seeds([row["top1"] for row in ours]),
        **named,
        "parameters": f"{outcome.parameters / 1e6:.2f} M",
        "gflop": f"{outcome.gflop:.3g}",
        "minutes": f"{outcome.minutes:.1f}",
        "seeds": list(outcome.seeds),
        "place": outcome.row.place,
        "precision": outcome.about.get("precision"),
    }


def _mean(rows: Sequence[Sequence[dict[str, Any]]], name: str) -> float:
    """Mean top-1 of the baseline whose name starts so."""
    return float(np.mean([r["top1"] for seed in rows for r in seed if r["name"].startswith(name)]))


def _data(outcome: Outcome) -> str:
    source, target = map(_title, (outcome.source, outcome.target))
    return target if outcome.source == outcome.target else f"{source} -> {target}"


def _title(name: str) -> str:
    """A data set as people call it."""
    return DATA_SETS[name].title


def over_seeds(scores: Sequence[float]) -> str:
    """Half of the 95 % interval of the mean over seeds (Student's t), in points; - for one seed."""
    if len(scores) < 2:
        return "-"
    error = float(np.std(scores, ddof=1)) / len(scores) ** 0.5
    return f"±{100 * error * float(student.ppf(0.975, len(scores) - 1)):.1f}"


def publish(
    config: ReproduceConfig,
    roles: dict[str, str],
    outcomes: Sequence[Outcome],
    skips: Sequence[Skip],
    *,
    say: Callable[[str], None],
) -> Path:
    """Write all forms of the table so far; returns the Markdown file."""
    rows = [table_row(outcome) for outcome in outcomes]
    heading = title(config, roles)
    page = config.out / f"{config.table}.md"
    figure = config.out / f"{config.table}.png"
    parts = [f"# {heading}", about(config, roles, outcomes)]
    if rows:
        printed_and_measured(rows, figure, title=heading.replace(" [", "\n["))
        parts += [markdown_table(rows, COLUMNS), f"![{heading}]({figure.name})"]
        _write(
            config.out / f"{config.table}.csv",
            csv_table(rows, ("key", *COLUMNS, "split", "seeds", "place")),
        )
        _write(config.out / f"{config.table}.tex", latex_table(rows, COLUMNS, caption=heading))
        told = [f"- {row['name']}: {row['place']}" for row in rows if row["place"] != "printed"]
        parts.append("Rows:\n\n" + "\n".join(dict.fromkeys(told)))
    if skips:
        lines = [f"- {skip.row.key} ({skip.row.name}): {skip.reason}" for skip in skips]
        parts.append("Left out:\n\n" + "\n".join(lines))
    notes = dict.fromkeys(result["note"] for o in outcomes for result in o.results)
    parts += [f"Note: {note}" for note in notes if note]
    _write(page, "\n\n".join(parts) + "\n")
    say(f"\n{heading}")
    if rows:
        say(text_table(rows, COLUMNS))
    for skip in skips:
        say(f"left out: {skip.row.key}: {skip.reason}")
    return page


def _write(path: Path, text: str) -> None:
    with writing(path) as waiting:
        waiting.write_text(text)


def title(config: ReproduceConfig, roles: dict[str, str]) -> str:
    """The table's title; with stand-ins it says that these are not the paper's data."""
    there = {name for row in TABLES[config.table] for name in (row.source, row.target)}
    players = {role: name for role, name in roles.items() if role in there and role != name}
    played = [f"{_title(name)} plays {_title(role)}" for role, name in players.items()]
    text = TITLES[config.table]
    return f"{text} [STAND-INS, not the paper's data: {', '.join(played)}]" if played else text


def about(config: ReproduceConfig, roles: dict[str, str], outcomes: Sequence[Outcome]) -> str:
    """What was run, in a paragraph: the command, size, seeds, machine."""
    seeds = " ".join(map(str, config.seeds))
    roles_said = " ".join(f"{role} {name}" for role, name in config.roles.items())
    parts = [
        f"edgcn reproduce {config.table} --data DATA",
        "--stand-in" if config.stand_in else "",
        f"--roles {roles_said}" if roles_said else "",
        f"--rows {' '.join(config.rows)}" if config.rows else "",
        f"--encoder-width {config.encoder_width} --epochs {config.epochs}",
        f"--frames {config.frames} --seeds {seeds}",
        f"--threads {config.threads}" if config.threads else "",
    ]
    versions = outcomes[0].about["versions"] if outcomes else {}
    precisions = " and ".join(sorted({o.about["precision"] for o in outcomes}))
    threads = outcomes[0].about["threads"] if outcomes else "-"
    return (
        f"    {' '.join(part for part in parts if part)}\n\n"
        f"Encoders start {config.encoder_width} channels wide (the paper's: 96), {config.epochs} "
        f"epochs (60), clips of {config.frames} frames; {precisions}, CPU threads: {threads}, "
        f"PyTorch {versions.get('torch', '-')}. Printed: the paper's top-1, on its own data. "
        f"Measured: top-1 on the test subjects, mean over the seeds; its 95 % interval resamples "
        f"test subjects, and the one over seeds is Student's. Beside it, with the same probe: the "
        f"majority class, raw coordinates, and the same encoder before training. GFLOP: the "
        f"forward pass of a clip."
    )
