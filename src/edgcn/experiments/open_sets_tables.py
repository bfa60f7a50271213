"""The tables of the open data sets, the sentences about them, and the figure.

outcomes -> scores (one row of one evaluation each) -> means over seeds -> results.md, .csv, .png
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.base.files import write_text
from edgcn.evaluation.rows import Row, mean_over_seeds, paired
from edgcn.experiments.open_sets_findings import findings
from edgcn.experiments.open_sets_plan import (
    COLUMNS,
    FINE_TUNED,
    FROM_SCRATCH,
    GAINS,
    LINEAR,
    LINES,
    MEAN,
    MOMENTS_ALONE,
    RIVALS,
    SETS,
    UNSEEN,
    UNSEEN_SETS,
    WITH_MOMENTS,
    Of,
    Pairs,
    gains_heading,
)
from edgcn.experiments.runner import Outcome
from edgcn.experiments.summary import Cell, Score, cell_of, over_seeds, points, scores_of
from edgcn.presets.datasets import DATA_SETS
from edgcn.reports.drawing import COLORS, FAINT, dress, literal, new_figure, save_figure
from edgcn.reports.exports import csv_table
from edgcn.reports.tables import INTERVAL, markdown_table, percent

Record = dict[str, Any]  # a line of a printed table
Tables = dict[str, tuple[list[Record], Sequence[str]]]  # lines and columns by heading

IN_CSV = (
    "set", "method", "seed", "protocol", "kind", "name", "labels", "n_labels", "top1", "map",
    INTERVAL, "draw_spread", "top5", "macro_f1", "balanced", "recall1", "recall5", "recall10",
    "lr", "n", "minutes",
)  # fmt: skip


def cell(scores: Sequence[Score], name: str, of: Of, protocol: str) -> Cell | None:
    """A set's score by one protocol; None where it was not run."""
    method, kinds = of
    return cell_of([
        score
        for score in scores
        if score.data["protocol"] == protocol
        and set_of(score) == name
        and score.row.kind in kinds
        and method in (None, score.job.cells["method"])
    ])  # fmt: skip


def set_of(score: Score) -> str:
    """The set that a score is on, by name."""
    return Path(score.data["store"]).name


def shown(cell: Cell | None) -> str | None:
    """The mean over seeds with its interval, where there are several."""
    if cell is None:
        return None
    return " ".join([percent(cell.mean.main), *interval([row.main for row in cell.rows])])


def interval(scores: Sequence[float]) -> list[str]:
    """The interval over seeds, where there are several."""
    return [over_seeds(scores)] if len(scores) > 1 else []


def set_table(scores: Sequence[Score], name: str) -> list[Record]:
    """The lines of one set's table."""
    lines = []
    for title, of in LINES.items():
        cells = {key: cell(scores, name, of, key) for key in COLUMNS}
        linear = cells["linear"]
        if linear is None:
            continue
        line: Record = {"name": title, "seeds": linear.seeds}
        line |= {bound: linear.mean.scores.get(bound) for bound in ("low", "high")}
        line |= {COLUMNS[key]: shown(found) for key, found in cells.items()}
        line["minutes"] = f"{linear.minutes:.0f}" if of[1] == ("method",) else None
        lines.append(line)
    return lines


def gain(scores: Sequence[Score], name: str, of: Of, protocol: str) -> tuple[float, str] | None:
    """How far a method is above the strongest rival on a set, and which rival that is."""
    method = cell(scores, name, of, protocol)
    rivals = {line: cell(scores, name, LINES[line], protocol) for line in RIVALS}
    means = {line: found.mean.main for line, found in rivals.items() if found is not None}
    if method is None or not means:
        return None
    strongest = max(means, key=lambda line: means[line])
    return method.mean.main - means[strongest], strongest


def gains_table(scores: Sequence[Score], sets: Sequence[str], method: str) -> list[Record]:
    """A method's gains over the strongest rival: a line for each set, and their mean."""
    lines: list[Record] = []
    gains: dict[str, list[float]] = {heading: [] for heading in COLUMNS.values()}
    for name in sets:
        line: Record = {"set": DATA_SETS[name].title}
        for key, heading in COLUMNS.items():
            if found := gain(scores, name, (method, ("method",)), key):
                gains[heading].append(found[0])
                line[heading] = f"{points(found[0])} over {found[1]}"
        lines += [line] if len(line) > 1 else []
    return lines + mean_line(gains) if lines else []


def paired_table(
    scores: Sequence[Score],
    sets: Sequence[str],
    pairs: Pairs,
    columns: Mapping[str, str] = COLUMNS,
) -> list[Record]:
    """One score beside another of the same seeds, set by set: `before → after (difference)`."""
    lines: list[Record] = []
    for title, sides in pairs.items():
        gains: dict[str, list[float]] = {heading: [] for heading in columns.values()}
        block: list[Record] = []
        for name in sets:
            line: Record = {"set": DATA_SETS[name].title, "compared": title}
            for key, heading in columns.items():
                before, after = (cell(scores, name, of, key) for of in sides)
                if before and after and (found := compared(before, after)):
                    line[heading], difference, line["seeds"] = found
                    gains[heading].append(difference)
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
    difference = " ".join([points(found.mean), *interval(found.differences)])
    return f"{percent(means[0])} → {percent(means[1])} ({difference})", found.mean, [*found.seeds]


def mean_line(gains: Mapping[str, Sequence[float]]) -> list[Record]:
    """The line of the means over sets, where there are several."""
    means = {heading: points(float(np.mean(each))) for heading, each in gains.items() if each}
    return [{"set": MEAN, **means}] if any(len(each) > 1 for each in gains.values()) else []


def tables(scores: Sequence[Score], sets: Sequence[str]) -> Tables:
    """All tables by heading; one with nothing in it is left out."""
    made: Tables = {
        gains_heading(name): (gains_table(scores, sets, name), ("set", *COLUMNS.values()))
        for name in GAINS
    }
    columns = ("name", LINEAR, INTERVAL, *list(COLUMNS.values())[1:], "seeds", "minutes")
    for name in sets:
        made[set_heading(name, scores)] = set_table(scores, name), columns
    columns = ("compared", "set", *COLUMNS.values(), "seeds")
    made[MOMENTS_ALONE] = paired_table(scores, sets, WITH_MOMENTS), columns
    made[UNSEEN_SETS] = paired_table(scores, sets, UNSEEN), columns
    made[FINE_TUNED] = (
        paired_table(scores, sets, FROM_SCRATCH, {"finetune": "top-1"}),
        ("compared", "set", "top-1", "seeds"),
    )
    return {heading: table for heading, table in made.items() if table[0]}


def set_heading(name: str, scores: Sequence[Score]) -> str:
    """Of a set's table: how many clips train and test, and by which split."""
    data = next(score.data for score in scores if set_of(score) == name)
    return (
        f"{DATA_SETS[name].title}: {data['n_train']:,} training clips, {data['n_test']:,} test "
        f"clips, split {data['split']}"
    )


def publish(out: Path, outcomes: Sequence[Outcome], *, command: str, encoder: str) -> Path:
    """Write results.md, results.csv and results.png; returns the page."""
    scores = scores_of(outcomes)
    parts = [f"# Open data sets\n\n    {command}\n\n{note(encoder)}"]
    sets = [name for name in SETS if any(set_of(score) == name for score in scores)]
    if sets:
        made = tables(scores, sets)
        parts.append("![Linear probe and 5-shot](results.png)")
        parts.append(" ".join(findings({heading: lines for heading, (lines, _) in made.items()})))
        parts += [f"## {heading}\n\n{markdown_table(*table)}" for heading, table in made.items()]
        draw(scores, sets, out / "results.png")
        write_text(out / "results.csv", csv_table(map(in_csv, scores), IN_CSV))
    overlaps = dict.fromkeys(f"{set_of(s)}: {s.data.get('overlap_text')}" for s in scores
                             if s.data.get("overlap_text"))  # fmt: skip
    parts += [f"Note: {overlap}" for overlap in overlaps]
    failures = [f"- {o.task.name}: {failure}" for o in outcomes for failure in o.failures]
    if failures:
        parts.append("## Left out\n\n" + "\n".join(failures))
    write_text(out / "results.md", "\n\n".join(filter(None, parts)) + "\n")
    return out / "results.md"


def in_csv(score: Score) -> Record:
    """A line of results.csv."""
    place = {"set": set_of(score), "method": score.job.cells["method"], "seed": score.seed}
    place |= {"protocol": score.data["protocol"], "minutes": score.minutes}
    return {**score.row.cells(), **place}


def note(encoder: str) -> str:
    """How to read the tables."""
    return (
        f"Pre-trained without labels on the training side of each set, probed with its labels, "
        f"tested on subjects of neither. Encoder of EDGCN, A-EDGCN and best: `{encoder}`. Top-1 in "
        f"percent (retrieval: mean average precision), mean over the last column's seeds; ± is "
        f"half of Student's 95 % interval over seeds, and the 95 % interval of the linear probe "
        f"resamples test subjects (mean of the bounds over seeds; it does not contain the spread "
        f"between seeds). Linear: lr chosen on held-out training subjects; 10 % labels and "
        f"5-shot: mean of 5 draws, the same for every row; kNN: one neighbor. The random encoder "
        f"is the same network with the same inputs and readout before training; the majority "
        f"class of few labels is that of all, of retrieval it is chance. Differences are of the "
        f"same seeds, in points; rivals are all rows but those of best. Minutes: of pre-training, "
        f"mean over seeds. No test score chose anything."
    )


def draw(scores: Sequence[Score], sets: Sequence[str], path: Path) -> Path:
    """A panel for each set: the linear probe and 5-shot of every line, with intervals."""
    lines = [line for line, of in LINES.items() if any(cell(scores, s, of, "linear") for s in sets)]
    across = min(2, len(sets))
    down = -(-len(sets) // across)
    figure = new_figure(3.0 + 3.6 * across, down * (0.27 * len(lines) + 0.7) + 0.4)
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes, name in zip(panels, sets, strict=False):
        dress(axes, title=DATA_SETS[name].title)
        for color, marker, shift, key in ((COLORS[0], "o", -0.14, "linear"),
                                          (COLORS[1], "D", 0.14, "few-shot")):  # fmt: skip
            cells = [cell(scores, name, LINES[line], key) for line in lines]
            at = [(y + shift, *(100 * value for value in (c.mean.main, *bounds(c.mean))))
                  for y, c in enumerate(cells) if c is not None]  # fmt: skip
            y, mean, low, high = np.array(at).reshape(-1, 4).T
            axes.hlines(y, low, high, color=color, linewidth=1.4)
            axes.scatter(mean, y, s=24, color=color, marker=marker, zorder=3, label=COLUMNS[key])
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.grid(axis="both", color=FAINT)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("top-1 % (95 % interval by subject)", fontsize=8)
    panels[0].set_yticks(range(len(lines)), [literal(line) for line in lines])  # shared by all
    for axes in panels[::across]:
        for line, tick in zip(lines, axes.get_yticklabels(), strict=True):
            tick.set(fontsize=8, fontweight="normal" if line in RIVALS else "bold")
    for axes in panels[len(sets) :]:
        axes.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return save_figure(figure, path)


def bounds(row: Row) -> list[float]:
    """The interval of a row; NaN where it has none, as chance."""
    return [row.scores.get(name, float("nan")) for name in ("low", "high")]
