"""Figures of spotting: precision against recall for each class, timelines of true and found events.

Plain data in, one image file out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from edgcn.annotations.events import Event
from edgcn.reports.drawing import (
    BASELINE,
    COLORS,
    FAINT,
    INK,
    dress,
    literal,
    new_figure,
    save_figure,
)

ACROSS = 4  # panels in a row
MOST_CLASSES = 39  # that have a panel of their own
EVERY = ""  # the name of the panel of all classes together


def curves(points: Mapping[str, Float[np.ndarray, "_ 2"]], path: Path) -> Path:
    """Recall against precision as events are told from the surest on, a panel for each class.

    A ring is where all events that are told have been counted.
    """
    names = list(points)[: MOST_CLASSES + 1]
    left_out = len(points) - len(names)
    down = -(-len(names) // ACROSS)
    figure = new_figure(2.2 * min(ACROSS, len(names)), 2.0 * down + 0.5)
    for place, name in enumerate(names):
        axes = figure.add_subplot(down, min(ACROSS, len(names)), place + 1)
        line = points[name]
        if len(line):
            axes.plot(line[:, 0], line[:, 1], color=INK, linewidth=1.5, clip_on=False)
            axes.plot(*line[-1], marker="o", color=INK, markerfacecolor="white", clip_on=False)
        else:
            axes.text(0.5, 0.5, "nothing found", color=INK, ha="center", va="center", fontsize=8)
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
        axes.grid(color=FAINT)
        dress(axes, title="all classes" if name == EVERY else literal(name, most=24))
    also = f"; {left_out} more classes are not drawn" if left_out else ""
    figure.supxlabel(f"recall at IoU 0.5, the surest events first{also}", fontsize=9, color=INK)
    figure.supylabel("precision", fontsize=9, color=INK)
    return save_figure(figure, path)


def timelines(
    recordings: Sequence[tuple[str, float, Sequence[Event], Sequence[Event]]],
    classes: Sequence[str],
    path: Path,
) -> Path:
    """For each recording what was annotated, above what was found, a line for each class.

    What was found is paler where the confidence is lower.

    Args:
        recordings: name, seconds, true events, found events.
    """
    height = max(1.8, 0.26 * len(classes) + 1.0)
    figure = new_figure(10.0, max(1, len(recordings)) * height)
    for place, (name, seconds, truth, found) in enumerate(recordings, start=1):
        axes = figure.add_subplot(len(recordings), 1, place)
        sides = (
            (truth, -0.36, BASELINE, "annotated"),
            (found, 0.04, COLORS[1], "found (paler: less sure)"),
        )
        for events, lift, color, label in sides:
            axes.broken_barh([], (0, 0), facecolors=color, label=label)
            for row in events:
                sure = 1.0 if row.score is None else 0.35 + 0.65 * row.score
                span = [(row.start, row.end - row.start)]
                at = (classes.index(row.label) + lift, 0.32)
                axes.broken_barh(
                    span, at, facecolors=color, alpha=sure, edgecolors="white", linewidth=0.5
                )
        axes.set_yticks(range(len(classes)), [literal(label, most=24) for label in classes])
        axes.set(xlim=(0, seconds), ylim=(len(classes) - 0.4, -0.6), xlabel="seconds")
        axes.hlines(
            np.arange(1, len(classes)) - 0.5, 0, seconds, color=FAINT, linewidth=0.6, zorder=0
        )
        dress(axes, title=literal(name))
        if place == 1:
            axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False,
                        fontsize=9, borderaxespad=0.2)  # fmt: skip
    return save_figure(figure, path)
