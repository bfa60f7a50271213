"""Figures of spotting: precision against recall for each class, timelines of true and found events.

Plain data in, one image file out.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from edgcn.annotations.events import Event
from edgcn.reports.drawing import FAINT, INK, dress, literal, new_figure, save_figure

ACROSS = 4  # panels in a row
MOST_CLASSES = 39  # that have a panel of their own


def curves(points: Mapping[str, Float[np.ndarray, "_ 2"]], path: Path) -> Path:
    """Recall against precision as events are told from the surest on, a panel for each class."""
    names = list(points)[: MOST_CLASSES + 1]
    down = -(-len(names) // ACROSS)
    figure = new_figure(2.2 * ACROSS, 2.1 * down + 0.4)
    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(down, ACROSS, place)
        line = points[name]
        if len(line):
            axes.plot(line[:, 0], line[:, 1], color=INK, linewidth=1.5)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        dress(axes, title=literal(name, most=24))
        if place == 1:
            axes.set_xlabel("recall")
            axes.set_ylabel("precision")
    return save_figure(figure, path)


def timelines(
    recordings: Sequence[tuple[str, float, Sequence[Event], Sequence[Event]]],
    classes: Sequence[str],
    path: Path,
) -> Path:
    """For each recording what was annotated, above what was found, a line for each class.

    Args:
        recordings: name, seconds, true events, found events.
    """
    height = max(1.6, 0.26 * len(classes) + 0.8)
    figure = new_figure(10.0, max(1, len(recordings)) * height)
    for place, (name, seconds, truth, found) in enumerate(recordings, start=1):
        axes = figure.add_subplot(len(recordings), 1, place)
        for events, lift, color in ((truth, 0.05, FAINT), (found, -0.35, "tab:orange")):
            for row in events:
                at = classes.index(row.label)
                span = [(row.start, row.end - row.start)]
                axes.broken_barh(span, (at + lift, 0.3), facecolors=color)
        axes.set_yticks(range(len(classes)), [literal(label, most=24) for label in classes])
        axes.set_xlim(0, seconds)
        axes.set_ylim(-0.6, len(classes) - 0.4)
        dress(axes, title=f"{literal(name)}: annotated (gray), found (orange); seconds")
    return save_figure(figure, path)
