"""Scores of a campaign's runs: over seeds, beside each other, and as the one table of a sweep.

outcomes -> scores (one row of one evaluation of one run) -> cells (means over seeds) -> tables
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import t as student

from edgcn.evaluation.rows import NAMES, Row, mean_over_seeds, paired
from edgcn.experiments.runner import Job, Outcome
from edgcn.reports.tables import HEADINGS, INTERVAL, percent

Line = dict[str, Any]  # of a table, by column
IN_CSV = (
    "kind", "name", "labels", "measure", "score", INTERVAL, "n", "learned", "seed", "store",
    "protocol", "split", "minutes", "run",
)  # fmt: skip


@dataclass(frozen=True)
class Score:
    """A row of an evaluation, and what it is a score of.

    Args:
        row: its seeds are the run's.
        number: which of the job's evaluations.
        data: what results.json holds.
        minutes: of pre-training.
    """

    row: Row
    job: Job
    seed: int
    number: int
    data: Mapping[str, Any]
    minutes: float
    run: str = ""


@dataclass(frozen=True)
class Cell:
    """A score of several seeds: the row of each, in their order; mean minutes of pre-training."""

    rows: tuple[Row, ...]
    minutes: float

    @property
    def mean(self) -> Row:
        """Over seeds."""
        return mean_over_seeds(self.rows)

    @property
    def seeds(self) -> list[int]:
        """Those that there are."""
        return [*self.mean.seeds]


def scores_of(outcomes: Sequence[Outcome]) -> list[Score]:
    """All rows of all evaluations."""
    return [
        Score(
            replace(row, seeds=(outcome.task.seed,)),
            outcome.task.job,
            outcome.task.seed,
            number,
            result.data,
            outcome.minutes,
            str(outcome.task.run),
        )
        for outcome in outcomes
        for number, result in outcome.results.items()
        for row in result.rows
    ]


def cell_of(scores: Sequence[Score]) -> Cell | None:
    """The first row of each seed; None without any."""
    by_seed: dict[int, Score] = {}
    for score in scores:
        by_seed.setdefault(score.seed, score)
    found = [by_seed[seed] for seed in sorted(by_seed)]
    if not found:
        return None
    return Cell(tuple(s.row for s in found), float(np.mean([s.minutes for s in found])))


def over_seeds(scores: Sequence[float]) -> str:
    """Half of the 95 % interval of the mean over seeds (Student's t), in points; - for one seed."""
    if len(scores) < 2:
        return "-"
    error = float(np.std(scores, ddof=1)) / len(scores) ** 0.5
    return f"±{100 * error * float(student.ppf(0.975, len(scores) - 1)):.1f}"


def points(difference: float) -> str:
    """A difference of fractions in points, with its sign."""
    return f"{100 * difference:+.1f}"


# The table of a sweep


def sweep_table(jobs: Sequence[Job], scores: Sequence[Score]) -> tuple[list[Line], list[str]]:
    """A line for each job, and the columns: the settings that differ, then the scores.

    A score is the mean over seeds ± their standard deviation, and behind it, seed by seed, the
    difference to the first line that has one.
    """
    varied = varying(jobs)
    methods = [
        score for score in scores if not score.row.is_baseline and score.row.kind != "frozen"
    ]
    headings = {key: heading(key, jobs, methods) for key in sorted(map(column_of, methods))}
    lines: list[Line] = []
    first: dict[Column, Cell] = {}
    for job in jobs:
        line: Line = {name: job.cells.get(name) for name in varied}
        seeds: set[int] = set()
        for key, title in headings.items():
            found = cell_of([s for s in methods if s.job.key == job.key and column_of(s) == key])
            if found is None:
                continue
            line[title], seeds = beside(found, first.setdefault(key, found)), seeds | {*found.seeds}
        line["learned"] = ", ".join(
            dict.fromkeys(s.row.learned for s in methods if s.job.key == job.key and s.row.learned)
        )
        line["seeds"] = sorted(seeds)
        line["minutes"] = (
            f"{np.mean([s.minutes for s in scores if s.job.key == job.key] or [0]):.1f}"
        )
        lines.append(line)
    learned = ["learned"] if any(line["learned"] for line in lines) else []
    return lines, [*varied, *headings.values(), *learned, "seeds", "minutes"]


def notes_of(scores: Sequence[Score]) -> list[str]:
    """What must be read with the scores, each once."""
    return list(dict.fromkeys(note for score in scores for note in score.data["notes"]))


APART = ("split", "readout", "skeleton", "depth", "fuse")  # two evaluations by one protocol
Column = tuple[int, float]  # number of the evaluation, amount of labels


def column_of(score: Score) -> Column:
    """Which column of a sweep's table a score is in."""
    return score.number, score.row.amount


def heading(key: Column, jobs: Sequence[Job], scores: Sequence[Score]) -> str:
    """Protocol, amount of labels and measure; the store, where it is not the one learned from."""
    one = next(score for score in scores if column_of(score) == key)
    wanted = jobs[0].evaluate[key[0]]
    parts = [one.data["protocol"], *([one.row.labels] if one.row.labels else [])]
    parts += [f"{name} {wanted[name]}" for name in APART if name in wanted]
    parts += [f"on {wanted['store'].name}"] if wanted["store"] != jobs[0].pretrain["store"] else []
    return f"{', '.join(parts)}: {HEADINGS[one.row.measure]}"


def varying(jobs: Sequence[Job]) -> list[str]:
    """The settings that are not the same in all jobs, in order."""
    names = dict.fromkeys(name for job in jobs for name in job.cells)
    return [name for name in names if len({job.cells.get(name) for job in jobs}) > 1]


def beside(cell: Cell, first: Cell) -> str:
    """`71.2 ±0.8 (+1.2 ±0.3)`: a score, and how far it is from the first one."""
    spread = "" if cell.mean.spread is None else f" ±{100 * cell.mean.spread:.1f}"
    difference = paired(first.rows, cell.rows) if cell is not first else None
    return f"{percent(cell.mean.main)}{spread}{'' if difference is None else f' ({difference})'}"


def baselines(jobs: Sequence[Job], scores: Sequence[Score]) -> list[str]:
    """What stands beside each column's scores: a line with all baselines, from the lowest job's
    mean over seeds to the highest.
    """
    rows = [score for score in scores if score.row.is_baseline]
    methods = [score for score in scores if not score.row.is_baseline]
    lines = []
    for key in sorted(set(map(column_of, methods))):
        parts = []
        for kind in NAMES:
            cells = [
                cell_of([s for s in rows if s.row.kind == kind and s.job.key == job.key
                         and s.number == key[0] and s.row.amount in (0.0, key[1])])
                for job in jobs
            ]  # fmt: skip
            if means := sorted(cell.mean.main for cell in cells if cell):
                ends = dict.fromkeys((percent(means[0]), percent(means[-1])))
                parts.append(f"{NAMES[kind]} {' to '.join(ends)}")
        lines.append(f"{heading(key, jobs, methods)}: {', '.join(parts)}")
    return lines


def csv_line(score: Score, varied: Sequence[str]) -> Line:
    """A score for other programs: fractions, and the settings that differ."""
    row = score.row
    return {
        **{name: score.job.pretrain[name] for name in varied},
        **row.cells(),
        **{key: score.data[key] for key in ("protocol", "store", "split")},
        "measure": row.measure,
        "score": row.main,
        "seed": score.seed,
        "minutes": score.minutes,
        "run": score.run,
    }
