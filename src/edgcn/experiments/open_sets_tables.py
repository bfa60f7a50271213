"""The tables of the open data sets, and the page that has them with the sentences about them.

outcomes -> board of scores -> lines of printed tables -> results.md, results.csv, differences.csv
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.base.files import write_text
from edgcn.evaluation.rows import mean_over_seeds, paired
from edgcn.experiments.open_sets_figure import draw
from edgcn.experiments.open_sets_findings import findings
from edgcn.experiments.open_sets_plan import (
    ALL,
    BESIDE,
    COLUMNS,
    FINE_TUNED,
    FROM_SCRATCH,
    LINES,
    MAIN,
    MEAN,
    METHOD,
    OURS,
    OVER_RANDOM,
    OVER_RIVAL,
    PAIRS,
    SETS,
    SUMMARY,
    TUNED_COLUMNS,
    Pairs,
)
from edgcn.experiments.open_sets_scores import (
    Board,
    Difference,
    board_of,
    cell,
    differences,
    set_of,
    with_interval,
)
from edgcn.experiments.runner import Outcome
from edgcn.experiments.summary import Cell, Score, over_seeds, points, scores_of
from edgcn.presets.datasets import DATA_SETS
from edgcn.reports.exports import csv_table
from edgcn.reports.tables import INTERVAL, markdown_table, percent

Record = dict[str, Any]  # a line of a printed table
Tables = dict[str, tuple[list[Record], Sequence[str]]]  # lines and columns by heading

IN_CSV = (
    "set", "method", "seed", "column", "protocol", "whiten", "kind", "name", "labels", "n_labels",
    "top1", "map", INTERVAL, "draw_spread", "top5", "macro_f1", "balanced", "recall1", "recall5",
    "recall10", "lr", "C", "held_out", "learned", "n", "minutes",
)  # fmt: skip


def shown(cell: Cell | None) -> str | None:
    """The mean over seeds with its interval, where there are several."""
    if cell is None:
        return None
    scores = [row.main for row in cell.rows]
    return " ".join([percent(cell.mean.main), *([over_seeds(scores)] if scores[1:] else [])])


def set_table(board: Board, name: str) -> list[Record]:
    """The lines of one set's table."""
    lines = []
    for title, of in LINES.items():
        cells = {key: cell(board, name, of, key) for key in COLUMNS}
        found = cells["all"]
        if found is None:
            continue
        line: Record = {"name": title, "seeds": found.seeds}
        line |= {bound: found.mean.scores.get(bound) for bound in ("low", "high")}
        line |= {COLUMNS[key]: shown(each) for key, each in cells.items()}
        line["minutes"] = f"{found.minutes:.0f}" if of[1] == METHOD and found.minutes else None
        line["learned"] = found.mean.learned or None
        lines.append(line)
    return lines


def summary(board: Board, sets: Sequence[str]) -> list[Record]:
    """All labels by the strongest probe: a line for each row, a column for each set."""
    lines = []
    for title, of in LINES.items():
        cells = {name: cell(board, name, of, "all") for name in sets}
        means = [found.mean.main for found in cells.values() if found is not None]
        if not means:
            continue
        line: Record = {"name": title}
        line |= {DATA_SETS[name].title: shown(found) for name, found in cells.items()}
        if len(means) == len(sets) > 1:
            line[MEAN] = percent(float(np.mean(means)))
        lines.append(line)
    return lines


def differences_table(found: Sequence[Difference], against: str) -> list[Record]:
    """A line for each row of ours and each set, and the means over sets."""
    lines: list[Record] = []
    for title in OURS:
        by_set: dict[str, Record] = {}
        gains: dict[str, list[float]] = {}
        for each in found:
            if (each.method, each.against) != (title, against) or each.column not in MAIN:
                continue
            heading, place = MAIN[each.column], DATA_SETS[each.name].title
            over = f" over {each.other}" if against == OVER_RIVAL else ""
            line = by_set.setdefault(each.name, {"method": title, "set": place})
            line[heading] = with_interval(each.paired) + over
            line["seeds"] = [*each.paired.seeds]
            gains.setdefault(heading, []).append(each.paired.mean)
        lines += [*by_set.values(), *({"method": title, **line} for line in mean_line(gains))]
    return lines


def pairs_table(
    board: Board, sets: Sequence[str], pairs: Pairs, columns: Mapping[str, str] = MAIN
) -> list[Record]:
    """One score beside another of the same seeds, set by set: `before → after (difference)`."""
    lines: list[Record] = []
    for title, sides in pairs.items():
        gains: dict[str, list[float]] = {}
        block: list[Record] = []
        for name in sets:
            line: Record = {"set": DATA_SETS[name].title, "compared": title}
            for key, heading in columns.items():
                before, after = (cell(board, name, of, key) for of in sides)
                if before and after and (found := compared(before, after)):
                    line[heading], difference, line["seeds"] = found
                    gains.setdefault(heading, []).append(difference)
            block += [line] if "seeds" in line else []
        lines += block + [{**line, "compared": title} for line in mean_line(gains) if block]
    return lines


def compared(before: Cell, after: Cell) -> tuple[str, float, list[int]] | None:
    """Both means over the seeds that both have, their difference, and these seeds."""
    found = paired(before.rows, after.rows)
    if found is None:
        return None
    means = [
        mean_over_seeds([row for row in side.rows if set(row.seeds) <= set(found.seeds)]).main
        for side in (before, after)
    ]
    text = f"{percent(means[0])} → {percent(means[1])}: {with_interval(found)}"
    return text, found.mean, [*found.seeds]


def mean_line(gains: Mapping[str, Sequence[float]]) -> list[Record]:
    """The line of the means over sets, where there are several."""
    means = {heading: points(float(np.mean(each))) for heading, each in gains.items() if each}
    return [{"set": MEAN, **means}] if any(len(each) > 1 for each in gains.values()) else []


def tables(board: Board, sets: Sequence[str], found: Sequence[Difference]) -> Tables:
    """All tables by heading; one with nothing in it is left out."""
    titles = [DATA_SETS[name].title for name in sets]
    made: Tables = {SUMMARY: (summary(board, sets), ("name", *titles, MEAN))}
    columns: tuple[str, ...] = ("method", "set", *MAIN.values(), "seeds")
    for against in (OVER_RIVAL, OVER_RANDOM):
        made[against] = differences_table(found, against), columns
    columns = ("compared", *columns[1:])
    made[BESIDE] = pairs_table(board, sets, PAIRS), columns
    made[FINE_TUNED] = (
        pairs_table(board, sets, FROM_SCRATCH, TUNED_COLUMNS),
        ("compared", "set", *TUNED_COLUMNS.values(), "seeds"),
    )
    for name in sets:
        lines = set_table(board, name)
        seen = ("learned",) if any(line["learned"] for line in lines) else ()
        others = [heading for heading in COLUMNS.values() if heading != ALL]
        columns = ("name", ALL, INTERVAL, *others, "seeds", "minutes", *seen)
        made[set_heading(name, board)] = lines, columns
    return {heading: table for heading, table in made.items() if table[0]}


def set_heading(name: str, board: Board) -> str:
    """Of a set's table: how many clips train and test, and by which split."""
    data = next(score.data for (of, _), scores in board.items() if of == name for score in scores)
    return (
        f"{DATA_SETS[name].title}: {data['n_train']:,} training clips, {data['n_test']:,} test "
        f"clips, split {data['split']}"
    )


def publish(out: Path, outcomes: Sequence[Outcome], *, command: str, encoder: str) -> Path:
    """Write results.md, results.csv, differences.csv and results.png; returns the page."""
    scores = scores_of(outcomes)
    board = board_of(scores)
    parts = [f"# Open data sets\n\n    {command}\n\n{note(encoder)}"]
    sets = [name for name in SETS if any(of == name for of, _ in board)]
    if sets:
        found = list(differences(board, sets))
        made = tables(board, sets, found)
        parts.append("![All labels and 5-shot](results.png)")
        said = findings({heading: lines for heading, (lines, _) in made.items()})
        parts.append("\n".join(f"- {sentence}" for sentence in said))
        parts += [f"## {heading}\n\n{markdown_table(*table)}" for heading, table in made.items()]
        draw(board, sets, out / "results.png")
        lines = [in_csv(score, column) for (_, column), of in board.items() for score in of]
        write_text(out / "results.csv", csv_table(lines, IN_CSV))
        records = [each.record() for each in found]
        if records:
            write_text(out / "differences.csv", csv_table(records, tuple(records[0])))
    overlaps = dict.fromkeys(f"{set_of(s)}, {s.job.key}: {s.data.get('overlap_text')}"
                             for s in scores if s.data.get("overlap_text"))  # fmt: skip
    parts += [f"Note: {overlap}" for overlap in overlaps]
    failures = [f"- {o.task.name}: {failure}" for o in outcomes for failure in o.failures]
    if failures:
        parts.append("## Left out\n\n" + "\n".join(failures))
    write_text(out / "results.md", "\n\n".join(filter(None, parts)) + "\n")
    return out / "results.md"


def in_csv(score: Score, column: str) -> Record:
    """A line of results.csv."""
    place = {"set": set_of(score), "method": score.job.cells["method"], "seed": score.seed}
    place |= {"column": column, "protocol": score.data["protocol"], "minutes": score.minutes}
    place["whiten"] = score.data.get("protocol_settings", {}).get("whiten")
    return {**score.row.cells(), **place}


def note(encoder: str) -> str:
    """How to read the tables."""
    return (
        f"Top-1 in percent on people who were not learned from (retrieval: mean average "
        f"precision). Every row is pre-trained without labels on the training side of each set, if "
        f"it does not say otherwise, and probed with that side's labels. **All labels** is the "
        f"strongest of three probes (the linear layer as published, its lr chosen; logistic "
        f"regression; the same on vectors whitened to 256 dimensions), **neighbors** the stronger "
        f"of one nearest neighbor as it is and whitened. Which probe that is, and how strongly it "
        f"is regularized, is chosen for each run on held-out training subjects; no test score "
        f"chose anything, but which rival is the strongest. 10 % labels and 5-shot: logistic "
        f"regression, mean of 5 draws, the same for every row. Encoder of EDGCN, A-EDGCN and best: "
        f"`{encoder}`. ± is half of Student's 95 % interval over seeds. Differences are in points, "
        f"of the same seeds; behind them the 95 % interval that resamples test subjects, each with "
        f"its clips' scores by both rows. Rivals are all rows but best and released weights. The "
        f"encoder before training has the same inputs and the same readout. Minutes: of "
        f"pre-training."
    )
