"""The figure of the open data sets: all labels and 5-shot of every row, with intervals.

board of scores -> a panel for each set -> results.png
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edgcn.evaluation.rows import Row
from edgcn.experiments.open_sets_plan import COLUMNS, LINES, RIVALS
from edgcn.experiments.open_sets_scores import Board, cell
from edgcn.presets.datasets import DATA_SETS
from edgcn.reports.drawing import COLORS, FAINT, dress, literal, new_figure, save_figure


def draw(board: Board, sets: Sequence[str], path: Path) -> Path:
    """A panel for each set; the names of our rows are bold."""
    lines = [line for line, of in LINES.items() if any(cell(board, s, of, "all") for s in sets)]
    across = min(2, len(sets))
    down = -(-len(sets) // across)
    figure = new_figure(3.0 + 3.6 * across, down * (0.27 * len(lines) + 0.7) + 0.4)
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes, name in zip(panels, sets, strict=False):
        dress(axes, title=DATA_SETS[name].title)
        for color, marker, shift, key in ((COLORS[0], "o", -0.14, "all"),
                                          (COLORS[1], "D", 0.14, "few-shot")):  # fmt: skip
            cells = [cell(board, name, LINES[line], key) for line in lines]
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
