"""The tables and the figure of the open data sets, from the rows of every evaluation.

results -> records (one score of one run each) -> means over seeds -> results.md, .csv, .png
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.open_sets_plan import (
    COLUMNS,
    GAINS,
    LINES,
    METHODS,
    MOMENTS,
    RIVALS,
    SETS,
    TUNED,
    Job,
    Of,
)
from edgcn.experiments.reproduced import over_seeds
from edgcn.presets.datasets import DATA_SETS
from edgcn.reports.drawing import COLORS, FAINT, dress, literal, new_figure, save_figure
from edgcn.reports.exports import csv_table
from edgcn.reports.tables import INTERVAL, main_score, markdown_table, percent
from edgcn.runs import writing

Record = dict[str, Any]  # a row of an evaluation, and of which set, method, seed and protocol it is

STARTS = {
    "majority class": "majority",
    "chance": "majority",  # of retrieval
    "raw coordinates": "raw",
    "random encoder": "random",
}
ENDS = {", from scratch": "scratch", ", frozen": "frozen"}
IN_CSV = (
    "set", "method", "seed", "protocol", "row", "name", "labels", "n_labels", "top1", "map",
    INTERVAL, "draw_spread", "top5", "macro_f1", "mean_class", "recall1", "recall5", "recall10",
    "lr", "n", "minutes",
)  # fmt: skip


@dataclass(frozen=True)
class Missing:
    """A job that is not in the tables, and why."""

    job: Job
    reason: str


@dataclass(frozen=True)
class Cell:
    """A score over seeds: means of it and its bounds, each seed's, minutes of pre-training."""

    mean: float
    low: float
    high: float
    seeds: Mapping[int, float]
    minutes: float

    def __str__(self) -> str:
        return " ".join([percent(self.mean), *spread(list(self.seeds.values()))])


def spread(scores: Sequence[float]) -> list[str]:
    """The interval over seeds, where there are several."""
    return [over_seeds(scores)] if len(scores) > 1 else []


def records_of(result: Mapping[str, Any], about: Record) -> list[Record]:
    """The rows of one evaluation, each with what it is a score of."""
    protocol = result["protocol"]
    score = main_score(protocol)
    sides = {"n_train": result["n_train"], "n_test": result["n_test"], "split": result["split"]}
    return [
        {**about, **sides, **row, "protocol": protocol, "row": kind(row), "score": row[score]}
        for row in result["rows"]
    ]


def kind(row: Mapping[str, Any]) -> str:
    """Which row of an evaluation this is: a baseline's, or the method's own."""
    name = row["name"]
    starts = [kind for start, kind in STARTS.items() if name.startswith(start)]
    ends = [kind for end, kind in ENDS.items() if name.endswith(end)]
    return [*starts, *ends, "method"][0]


def cell(records: Sequence[Record], name: str, of: Of, protocol: str) -> Cell | None:
    """A set's score by one protocol; None where it was not run."""
    method, row = of
    found: dict[int, Record] = {}
    for record in records:
        right = (record["set"], record["row"], record["protocol"]) == (name, row, protocol)
        if right and method in (None, record["method"]):
            found.setdefault(record["seed"], record)
    if not found:
        return None
    mean, low, high, minutes = (
        float(np.mean([record.get(key, np.nan) for record in found.values()]))
        for key in ("score", "low", "high", "minutes")  # chance has no interval
    )
    seeds = {seed: found[seed]["score"] for seed in sorted(found)}
    return Cell(mean, low, high, seeds, minutes)


def set_table(records: Sequence[Record], name: str) -> list[Record]:
    """The rows of one set's table."""
    rows = []
    for line, of in LINES.items():
        cells = {key: cell(records, name, of, key) for key in COLUMNS}
        linear = cells["linear"]
        if linear is None:
            continue
        row: Record = {"name": line, "low": linear.low, "high": linear.high}
        row |= {COLUMNS[key]: None if c is None else str(c) for key, c in cells.items()}
        row["minutes"] = f"{linear.minutes:.0f}" if of[1] == "method" else None
        rows.append(row | {"seeds": list(linear.seeds)})
    return rows


def gain(records: Sequence[Record], name: str, of: Of, protocol: str) -> tuple[float, str] | None:
    """How far a method is above the strongest rival on a set, and which rival that is."""
    own = cell(records, name, of, protocol)
    rivals = {line: cell(records, name, LINES[line], protocol) for line in RIVALS}
    means = {line: found.mean for line, found in rivals.items() if found is not None}
    if own is None or not means:
        return None
    strongest = max(means, key=lambda line: means[line])
    return own.mean - means[strongest], strongest


def gains_table(records: Sequence[Record], sets: Sequence[str], method: str) -> list[Record]:
    """A method's gains over the strongest rival: a line for each set, and their mean."""
    rows: list[Record] = []
    each: dict[str, list[float]] = {key: [] for key in COLUMNS}
    for name in sets:
        row: Record = {"set": DATA_SETS[name].title}
        for key, heading in COLUMNS.items():
            if found := gain(records, name, (method, "method"), key):
                each[key].append(found[0])
                row[heading] = f"{points(found[0])} over {found[1]}"
        rows += [row] if len(row) > 1 else []
    return rows + mean_row({COLUMNS[key]: gains for key, gains in each.items()}) if rows else []


def paired_table(
    records: Sequence[Record],
    sets: Sequence[str],
    pairs: Mapping[str, tuple[Of, Of]],
    columns: Mapping[str, str] = COLUMNS,
) -> list[Record]:
    """One score beside another of the same seeds, set by set: `before → after (difference)`."""
    rows: list[Record] = []
    for label, (before, after) in pairs.items():
        each: dict[str, list[float]] = {heading: [] for heading in columns.values()}
        own: list[Record] = []
        for name in sets:
            row: Record = {"set": DATA_SETS[name].title, "compared": label}
            for key, heading in columns.items():
                sides = [cell(records, name, of, key) for of in (before, after)]
                if found := compared(*sides):
                    row[heading], difference, row["seeds"] = found
                    each[heading].append(difference)
            own += [row] if "seeds" in row else []
        rows += [*own, *({**row, "compared": label} for row in mean_row(each))] if own else []
    return rows


def compared(before: Cell | None, after: Cell | None) -> tuple[str, float, list[int]] | None:
    """Both means over the seeds that both have, their difference, and these seeds."""
    seeds = sorted(set(before.seeds) & set(after.seeds)) if before and after else []
    if not (before and after and seeds):
        return None
    first, second = ([side.seeds[seed] for seed in seeds] for side in (before, after))
    differences = (np.array(second) - np.array(first)).tolist()
    mean = float(np.mean(differences))
    told = " ".join([points(mean), *spread(differences)])
    both = f"{percent(np.mean(first))} → {percent(np.mean(second))}"
    return f"{both} ({told})", mean, seeds


def mean_row(each: Mapping[str, Sequence[float]]) -> list[Record]:
    """The line of the means over sets, where there are several."""
    means = {key: points(float(np.mean(gains))) for key, gains in each.items() if gains}
    several = any(len(gains) > 1 for gains in each.values())
    return [{"set": "mean of the sets", **means}] if several else []


def points(difference: float) -> str:
    """A difference of fractions in points, with its sign."""
    return f"{100 * difference:+.1f}"


def publish(
    out: Path,
    records: Sequence[Record],
    missing: Sequence[Missing],
    *,
    command: str,
    encoder: str,
) -> Path:
    """Write results.md, results.csv and results.png; returns the page."""
    page = out / "results.md"
    parts = [f"# Open data sets\n\n    {command}\n\n{note(encoder)}"]
    sets = [name for name in SETS if any(record["set"] == name for record in records)]
    if sets:
        parts += ["![Linear probe and 5-shot](results.png)", *sections(records, sets)]
        draw(records, sets, out / "results.png")
        with writing(out / "results.csv") as waiting:
            waiting.write_text(csv_table(records, IN_CSV))
    if missing:
        lines = [f"- {m.job.method} on {m.job.store}, seed {m.job.seed}: {m.reason}"
                 for m in missing]  # fmt: skip
        parts.append("## Left out\n\n" + "\n".join(lines))
    with writing(page) as waiting:
        waiting.write_text("\n\n".join(parts) + "\n")
    return page


def sections(records: Sequence[Record], sets: Sequence[str]) -> list[str]:
    """All tables, each under its heading; one with nothing in it is left out."""
    summary = [(f"Gain of {METHODS[name].title} over the strongest rival",
                gains_table(records, sets, name), ("set", *COLUMNS.values()))
               for name in GAINS]  # fmt: skip
    each = [(f"{DATA_SETS[name].title}: {about_set(records, name)}", set_table(records, name),
             ("name", "linear 100 %", INTERVAL, *list(COLUMNS.values())[1:], "seeds",
              "minutes"))
            for name in sets]  # fmt: skip
    moments = {f"{METHODS[a].title} → {METHODS[b].title}": ((a, "method"), (b, "method"))
               for a, b in MOMENTS}  # fmt: skip
    transfer: dict[str, tuple[Of, Of]] = {}
    for unseen, known, what in (
        ("best-left-out", "best", ""),
        ("best-moments-left-out", "best-moments", ", with moments"),
    ):
        transfer |= {
            f"random encoder → pre-trained on the other sets{what}": (
                (unseen, "random"), (unseen, "method")),
            f"pre-trained on the set → on the others{what}": (
                (known, "method"), (unseen, "method")),
        }  # fmt: skip
    tuned = {"from scratch → fine-tuned": ((TUNED, "scratch"), (TUNED, "method"))}
    columns = ("compared", "set", *COLUMNS.values(), "seeds")
    last = [
        ("Moments, everything else equal", paired_table(records, sets, moments), columns),
        ("A set that was never seen", paired_table(records, sets, transfer), columns),
        (f"Fine-tuned from {METHODS[TUNED].title}",
         paired_table(records, sets, tuned, {"finetune": "top-1"}),
         ("compared", "set", "top-1", "seeds")),
    ]  # fmt: skip
    return [f"## {heading}\n\n{markdown_table(rows, shown)}"
            for heading, rows, shown in [*summary, *each, *last] if rows]  # fmt: skip


def about_set(records: Sequence[Record], name: str) -> str:
    """How many clips train and test, and by which split."""
    one = next(record for record in records if record["set"] == name)
    return f"{one['n_train']:,} training clips, {one['n_test']:,} test clips, split {one['split']}"


def note(encoder: str) -> str:
    """How to read the tables."""
    return (
        f"Pre-trained without labels on the training side of each set, probed with its labels, "
        f"tested on subjects of neither. Encoder of EDGCN, A-EDGCN and best: `{encoder}`. Top-1 in "
        f"percent (retrieval: mean average precision), mean over the last column's seeds; ± is "
        f"half of Student's 95 % interval over seeds, and the 95 % interval of the linear probe "
        f"resamples test subjects (mean of the bounds over seeds; it does not contain the spread "
        f"between seeds). Linear: rate chosen on held-out training subjects; 10 % labels and "
        f"5-shot: mean of 5 draws, the same for every row; kNN: one neighbor. The random encoder "
        f"is the same network with the same inputs and readout before training; the majority "
        f"class of few labels is that of all, of retrieval it is chance. Differences are of the "
        f"same seeds, in points; rivals are all rows but those of best. Minutes: of pre-training, "
        f"mean over seeds. No test score chose anything."
    )


def draw(records: Sequence[Record], sets: Sequence[str], path: Path) -> Path:
    """A panel for each set: the linear probe and 5-shot of every line, with intervals."""
    lines = [
        line for line, of in LINES.items() if any(cell(records, s, of, "linear") for s in sets)
    ]
    across = min(2, len(sets))
    down = -(-len(sets) // across)
    figure = new_figure(3.0 + 3.6 * across, down * (0.27 * len(lines) + 0.7) + 0.4)
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes, name in zip(panels, sets, strict=False):
        dress(axes, title=DATA_SETS[name].title)
        for color, marker, shift, key in ((COLORS[0], "o", -0.14, "linear"),
                                          (COLORS[1], "D", 0.14, "few-shot")):  # fmt: skip
            cells = [cell(records, name, LINES[line], key) for line in lines]
            at = [(y + shift, 100 * c.mean, 100 * c.low, 100 * c.high)
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
