"""Recordings to events: what a recognizer's `recognize` does, and each rank of the command.

recordings -> read as the encoder wants them -> spotted one by one -> one table of events
"""

from collections.abc import Iterable, Sequence
from typing import Any

from edgcn.annotations.events import Event, Events, Media, events
from edgcn.base.progress import track
from edgcn.inference.arrays import topology_for
from edgcn.inference.dense import Reading
from edgcn.inference.footage import Depth, Watched, as_recordings, of_recordings, of_store
from edgcn.inference.spot import Found, Spotter, spot, sure
from edgcn.models.embedder import Embedder
from edgcn.pipeline.adapt import Skeleton
from edgcn.store import Store

NONE_OF_THESE = "none of these"


def watched(
    X: Any,
    embedder: Embedder,
    *,
    topology: Any = None,
    fps: Any = None,
    skeleton: Skeleton = "remap",
    depth: Depth = "zero",
) -> tuple[Embedder, list[Watched], tuple[str, ...]]:
    """What a program may give as recordings, as the encoder reads them.

    Returns:
        The encoder that reads them, the recordings, and what was done to make them fit.
    """
    if isinstance(X, Store):
        embedder, by_row, notes = of_store(X, embedder, skeleton=skeleton, depth=depth)
        return embedder, list(by_row.values()), notes
    sensor = embedder.inputs.sensor
    return of_recordings(
        as_recordings(X), embedder, topology=topology_for(topology, embedder.inputs),
        dims=sensor.dims, units=sensor.units, fps=fps, skeleton=skeleton, depth=depth,
    )  # fmt: skip


def watch(
    reading: Reading,
    spotter: Spotter,
    classes: Sequence[str],
    seen: Sequence[Watched],
    *,
    by: str,
    none_of_these: bool = False,
    label: str = "",
) -> Events:
    """The events of recordings, one after the other.

    Args:
        by: whose suggestions they are.
        none_of_these: also those that are like no class.
        label: of the progress; without one nothing is shown.
    """
    rows, media = list[Event](), {}
    for each in track(seen, len(seen), label=label, unit="recordings"):
        footage = each.footage
        told, others = sure(spot(reading, footage, spotter), spotter)
        rows += named_events(each, told, spotter, classes, by=by)
        if none_of_these:
            rows += named_events(each, others, spotter, [NONE_OF_THESE] * len(classes), by=by)
        media[footage.name] = Media(seconds=footage.seconds, fps=footage.fps)
    names = [each.footage.name for each in seen]
    labels = [*classes, *([NONE_OF_THESE] if none_of_these else [])]
    return events(in_order(rows, names), recordings=names, labels=labels, media=media)


def named_events(
    each: Watched, found: Found, spotter: Spotter, classes: Sequence[str], *, by: str
) -> list[Event]:
    """Events of one recording as suggestions, with their confidence."""
    confidence = spotter.confidence(found.probabilities).tolist()
    columns = (found.starts.tolist(), found.ends.tolist(), found.labels.tolist(), confidence)
    return [
        Event(
            each.footage.name,
            classes[label],
            start,
            min(end, each.footage.seconds),
            subject=each.subject,
            score=score,
            status="suggested",
            by=by,
        )
        for start, end, label, score in zip(*columns, strict=True)
    ]


def in_order(rows: Iterable[Event], names: Sequence[str]) -> list[Event]:
    """Recording by recording, by time."""
    place = {name: number for number, name in enumerate(names)}
    return sorted(rows, key=lambda row: (place[row.recording], row.start, row.end))
