"""A figure of a table of the paper: what was measured, what is printed, and the baselines.

rows with `top1`, `low`, `high`, `printed`, `majority`, `raw`, `random` (fractions) -> one image
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.reports.drawing import (
    BASELINE,
    COLORS,
    FAINT,
    INK,
    dress,
    literal,
    new_figure,
    save_figure,
    wrapped,
)

MARKS: dict[str, dict[str, Any]] = {
    "majority": {"marker": "|", "s": 60, "color": INK},
    "raw": {"marker": "s", "s": 26, "facecolor": BASELINE, "edgecolor": INK},
    "random": {"marker": "o", "s": 26, "facecolor": "white", "edgecolor": INK},
    "printed": {"marker": "D", "s": 26, "color": COLORS[3]},
}
WORDS = {
    "majority": "majority class",
    "raw": "raw coordinates",
    "random": "the encoder before training",
    "printed": "printed in the paper (on its own data)",
}


def printed_and_measured(rows: Sequence[Mapping[str, Any]], path: Path, *, title: str) -> Path:
    """Bars of measured top-1 with intervals, and marks of the baselines and the printed values.

    Args:
        title: of one or more lines.
    """
    figure = new_figure(8.6, 0.44 * len(rows) + 1.7)
    axes = figure.subplots()
    dress(axes, title="")
    lines = [literal(line, most=140) for line in title.splitlines()]
    figure.suptitle("\n".join(lines), fontsize=8.5, color=INK, x=0.01, ha="left")
    places = np.arange(len(rows))
    score = np.array([[100 * row[key] for key in ("top1", "low", "high")] for row in rows])
    axes.barh(places, score[:, 0], 0.62, color=COLORS[0], alpha=0.55, label="measured")
    axes.hlines(places, score[:, 1], score[:, 2], color=INK, linewidth=1.2, label="95 % interval")
    for key, look in MARKS.items():
        values = np.array([np.nan if row[key] is None else 100 * row[key] for row in rows])
        if np.isfinite(values).any():
            axes.scatter(values, places, label=WORDS[key], zorder=3, **look)
    names = [wrapped(f"{row['name']}  ·  {row['data']}", 44, lines=2) for row in rows]
    axes.set_yticks(places, names, fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel("top-1 %")
    axes.grid(axis="x", color=FAINT)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return save_figure(figure, path)
