"""Annotated recordings as a spotter learns from them.

clips of a store -> recordings with events; labelled clips that are left out are hidden
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgcn.inference.dense import Footage
from edgcn.inference.footage import Depth, of_store
from edgcn.models.embedder import Embedder
from edgcn.pipeline.adapt import Skeleton
from edgcn.store import Selection

Span = tuple[float, float]


@dataclass(frozen=True)
class Example:
    """An annotated recording.

    Args:
        events: start, end and class of each.
        hidden: spans of seconds that are neither an event nor background.
        looked: spans that somebody looked through: what has no event there is background. None for
            all between the first and the last event, and a little around.
        rejected: spans of seconds that somebody said are no event.
        person: who is seen; recordings of nobody by name are held out one by one.
    """

    footage: Footage
    events: tuple[tuple[float, float, int], ...]
    hidden: tuple[Span, ...] = ()
    looked: tuple[Span, ...] | None = None
    rejected: tuple[Span, ...] = ()
    person: str = ""


def examples_of(
    clips: Selection,
    embedder: Embedder,
    classes: Sequence[str],
    *,
    skeleton: Skeleton = "remap",
    depth: Depth = "zero",
) -> tuple[Embedder, list[Example]]:
    """The recordings of some labelled clips; the encoder that reads them.

    Args:
        classes: by the names that the clips' classes have.
    """
    store, number = clips.store, {name: at for at, name in enumerate(classes)}
    embedder, seen, _ = of_store(store, embedder, skeleton=skeleton, depth=depth)
    every = store.clips()
    own = {(int(a), int(b)) for a, b in zip(clips.offsets, clips.lengths, strict=True)}
    found = []
    for row in np.unique(clips.recordings[clips.labels >= 0]).tolist():
        if row not in seen:
            continue
        times, fps = store.times_of(row), float(store.recordings.fps[row])
        events, hidden = [], []
        for at in np.flatnonzero((every.recordings == row) & (every.labels >= 0)).tolist():
            first = int(every.offsets[at] - store.recordings.offsets[row])
            last = first + int(every.lengths[at]) - 1
            span = (float(times[first]), float(times[last]) + 1 / fps)
            label = number.get(every.classes[every.labels[at]], -1)
            chosen = (int(every.offsets[at]), int(every.lengths[at])) in own
            if chosen and label >= 0:
                events.append((*span, label))
            else:
                hidden.append(span)
        person = seen[row].subject
        found.append(Example(seen[row].footage, tuple(events), tuple(hidden), person=person))
    return embedder, found
