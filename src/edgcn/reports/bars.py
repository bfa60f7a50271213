"""Results as bars: a score of each row with its interval, baselines in gray.

rows with `name`, a score, perhaps `low`, `high`, `baseline`, `labels` (fractions) -> one image
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.reports.drawing import (
    BASELINE,
    COLORS,
    INK,
    SOFT,
    dress,
    new_figure,
    save_figure,
    wrapped,
)
from edgcn.reports.tables import HEADINGS, Row, best_baseline, is_missing, percent, plain

if TYPE_CHECKING:  # for annotations only: matplotlib is imported where it draws
    from matplotlib.axes import Axes


def results_bars(rows: Sequence[Row], path: Path, *, score: str = "top1") -> Path:
    """A score of each row with its 95 % interval; methods in color, baselines in gray.

    A row has `name`, the score, and perhaps `low`, `high`, `baseline` (bool) and `labels`. A dashed
    line is the best baseline, of the same amount of labels where these differ.
    """
    if not rows:
        raise EdgcnError("expected at least one row of results to draw, got none")
    cells = [plain(row) for row in rows]
    names = [wrapped(str(row.get("name", "")), 36) for row in cells]
    labels = [percent(row.get(score), what=f"{score} of {row.get('name')!r}") for row in cells]
    keys = (score, "low", "high")
    scores = np.array([[_hundredfold(row.get(key)) for key in keys] for row in cells])
    line = 0.15 * max(name.count("\n") for name in names)
    figure = new_figure(7.6, (0.42 + line) * len(rows) + 1.1)
    axes = figure.subplots()
    dress(axes, title="")
    axes.set_xlim(0, 1.3 * np.nanmax([1.0, *scores.flat]))  # room for the numbers behind the bars
    colors = [BASELINE if row.get("baseline") else COLORS[0] for row in cells]
    axes.barh(range(len(rows)), np.nan_to_num(scores[:, 0]), 0.66, color=colors)
    for y, (main, low, high) in enumerate(scores):
        if np.isfinite([low, high]).all():
            axes.plot([low, high], [y, y], color=INK, linewidth=1.3, marker="|", markersize=7)
            labels[y] += f"  ({low:.1f}–{high:.1f})"
        end = np.nanmax([0.0, main, high])
        axes.annotate(
            labels[y],
            (end, y),
            (7, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},  # over the dashed line
        )
    _best_baselines(axes, cells, score)
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.4, -0.6)  # the first row on top
    interval = " (95 % interval)" if np.isfinite(scores[:, 2]).any() else ""
    axes.set_xlabel(HEADINGS[score] + interval)
    axes.tick_params(axis="y", length=0)
    return save_figure(figure, path)


def _best_baselines(axes: "Axes", rows: Sequence[Mapping[str, Any]], score: str) -> None:
    """A dashed line at the best baseline; one for each amount of labels, beside its rows."""
    amounts = dict.fromkeys(row.get("labels") for row in rows if not row.get("baseline"))
    title: dict[str, Any] = {"fontsize": 8, "color": SOFT, "pad": 3}
    for labels in amounts:
        best = best_baseline(rows, score, labels)
        if best is None:
            continue
        at = [y for y, row in enumerate(rows) if row.get("labels") == labels]
        low, high = (at[0] - 0.5, at[-1] + 0.5) if len(amounts) > 1 else (-0.6, len(rows) - 0.4)
        axes.plot(
            [100 * best] * 2, [low, high], color=SOFT, linewidth=1, linestyle="--", zorder=0.5
        )
        if len(amounts) == 1:
            axes.set_title("best baseline", x=100 * best / axes.get_xlim()[1], **title)
        else:
            axes.set_title("dashed: best baseline with as many labels", loc="right", **title)


def _hundredfold(fraction: Any) -> float:
    """A fraction as a percentage to draw at, NaN where it is missing."""
    return float("nan") if is_missing(fraction) else 100 * float(fraction)
