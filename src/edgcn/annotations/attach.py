"""Puts events into recordings: a segment for each event, matched by the recording's name.

recordings + events -> recordings whose segments are the events; what matches nothing is named
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from edgcn.annotations.events import Event, Events, media_names, stem
from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.words import LISTED, named
from edgcn.skeleton.recording import Recording, Recordings, Segment, Skipped


class Attached:
    """Recordings with events in them, and what was found on the way.

    Args:
        recordings: what a reader gives; segments of its own give way.
        table: the events; those that were rejected are left out.

    Raises:
        EdgcnError: no event is left.
    """

    def __init__(self, recordings: Recordings, table: Events) -> None:
        kept = tuple(row for row in table.rows if row.status != "rejected")
        if not kept:
            raise EdgcnError("the annotation files have no events")
        used = {row.label for row in kept}
        self._classes = tuple(label for label in table.labels if label in used)
        self._numbers = {label: number for number, label in enumerate(self._classes)}
        self._rows: dict[str, list[Event]] = {name: [] for name in table.recordings}
        for row in sorted(kept, key=lambda row: (row.start, row.end)):
            self._rows[row.recording].append(row)
        self._names = _by_name(table)
        self._without: list[str] = []
        self._seen: dict[str, str] = {}
        self._own = self._outside = self._cut = self._points = 0
        self.recordings = replace(
            recordings, classes=self._classes, recordings=self._annotated(recordings)
        )

    def _annotated(self, recordings: Recordings) -> Iterator[Recording | Skipped]:
        for item in recordings.recordings:
            yield self._one(item, recordings.fps) if isinstance(item, Recording) else item
        if not self._seen:
            names = ", ".join(map(repr, self._without[:LISTED]))
            there = ", ".join(map(repr, list(self._rows)[:LISTED]))
            near = did_you_mean(self._without[0], self._rows) if self._without else ""
            raise EdgcnError(
                f"no annotation file is of any recording: recordings are named {names}, and "
                f"annotations are of {there}{near}"
            )

    def _one(self, item: Recording, fps: float) -> Recording:
        key = next((self._names[name] for name in _aliases(item.name) if name in self._names), None)
        own = [segment for segment in item.segments if segment.label >= 0]
        self._own += len(own)
        if key is None:
            self._without.append(item.name)
            return replace(item, segments=())
        if key in self._seen:
            raise EdgcnError(
                f"annotations of {key!r} fit two recordings, {self._seen[key]!r} and "
                f"{item.name!r}; name the recordings apart"
            )
        self._seen[key] = item.name
        rows = self._rows[key]
        subjects = {row.subject for row in rows} - {""}
        subject = item.subject or (subjects.pop() if len(subjects) == 1 else "")
        segments = [
            segment
            for count, row in enumerate(rows, 1)
            if (segment := self._segment(item, row, count, item.fps or fps, subject)) is not None
        ]
        return replace(item, segments=tuple(segments), subject=subject)

    def _segment(
        self, item: Recording, row: Event, count: int, fps: float, subject: str
    ) -> Segment | None:
        """An event as frames: those whose own time lies in it, one at least."""
        total = len(item.frames)
        if row.end == row.start:
            self._points += 1
            return None
        begins, ends = row.start - item.start, row.end - item.start  # after the first frame
        if math.isinf(row.end):
            start, stop = round(begins * fps), total
        elif item.times is None:
            start, stop = round(begins * fps), round(ends * fps)
        else:
            half = 0.5 / fps
            start, stop = np.searchsorted(item.times, [begins - half, ends - half]).tolist()
        start = max(start, 0)
        if start >= total or (begins < 0 and stop <= 0):
            self._outside += 1
            return None
        self._cut += stop > total + fps / 2
        stop = min(max(stop, start + 1), total)
        person = row.subject if row.subject != subject else ""
        number = self._numbers[row.label]
        return Segment(start, stop, number, f"{item.name}_{count:03d}", person=person)

    def notes(self) -> list[str]:
        """What the user has to know, after all recordings were read."""
        lines = []
        if lost := sorted(set(self._rows) - set(self._seen)):
            count = sum(len(self._rows[name]) for name in lost)
            lines.append(f"{count} events are of no recording here: {named(lost, most=LISTED)}")
        if self._without:
            lines.append(
                f"{len(self._without)} recordings have no annotations and no segments: "
                f"{named(self._without, most=LISTED)}"
            )
        for number, what in (
            (self._own, "labels that the recordings came with gave way to the annotations"),
            (self._points, "events without a duration were left out"),
            (self._outside, "events are outside of their recording and were left out"),
            (self._cut, "events end after their recording and were cut"),
        ):
            if number:
                lines.append(f"{number} {what}")
        return lines


def _by_name(table: Events) -> dict[str, str]:
    """{a name that a recording may have: the recording of the table}, where it means only one."""
    meant: dict[str, set[str]] = {}
    for recording in table.recordings:
        for name in media_names(table, recording):
            for alias in _aliases(name):
                meant.setdefault(alias, set()).add(recording)
    alone = {name: found.pop() for name, found in meant.items() if len(found) == 1}
    return alone | {name: name for name in table.recordings}


def _aliases(name: str) -> Iterable[str]:
    """Names that a recording is looked for by: its own, then without folders and ending."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return dict.fromkeys((name, last, stem(name)))
