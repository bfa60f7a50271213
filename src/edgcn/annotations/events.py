"""Events: what happens in a recording, from when to when; what every annotation file holds.

One row an event. Times are seconds from the recording's first frame; the end is open. Events of one
tier may overlap here, and in files whose format allows it.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Literal, get_args

from edgcn.base.errors import EdgcnError

Status = Literal["annotated", "suggested", "accepted", "rejected", "edited"]
KIND = re.compile(
    r"\.(mp4|m4v|mov|avi|mkv|webm|mpe?g|mts|m2ts|wmv|flv|mxf|wav|mp3|ogg|flac|csv|tsv|txt|json|npz|"
    r"npy|mat|pkl|xlsx?|h5|bvh|pose|c3d|trc|skeleton|eaf|etf|boris|vtt)$",
    re.IGNORECASE,
)  # of files that recordings and annotations are in; `.left` of P01.left is none
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class Event:
    """One row.

    Args:
        recording: name of the recording it is in.
        start: seconds from the recording's first frame.
        end: likewise, open; equal to `start` for what has no duration, infinite for what lasts as
            long as its recording, whose length the file does not say.
        subject: who is seen, where the recording does not say.
        tier: the coder's name for a group of labels.
        score: confidence of a suggestion, 0..1.
        by: the coder's initials, or the model that suggests it.
        id: by which it is known again when it comes back from another tool.
    """

    recording: str
    label: str
    start: float
    end: float
    subject: str = ""
    tier: str = ""
    score: float | None = None
    status: Status = "annotated"
    by: str = ""
    id: str = ""


@dataclass(frozen=True)
class Media:
    """The files of a recording, as an annotation file names them; seconds and rate if it does.

    Args:
        assumed: whether the rate is that of the data set, because the file counts frames and has
            none.
    """

    files: tuple[str, ...] = ()
    seconds: float | None = None
    fps: float | None = None
    assumed: bool = False


@dataclass(frozen=True)
class Events:
    """A table of events, and what is known beside them.

    Args:
        rows: sorted as the file has them.
        recordings: those that were looked through, with events or without.
        labels: the coding scheme in its order, used or not.
        media: by recording.
        notes: what was assumed or could not be used, one line each, for the user to read.
    """

    rows: tuple[Event, ...]
    recordings: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    media: Mapping[str, Media] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)


def events(
    rows: Iterable[Event],
    *,
    recordings: Iterable[str] = (),
    labels: Iterable[str] = (),
    media: Mapping[str, Media] | None = None,
    notes: Iterable[str] = (),
) -> Events:
    """Events with all recordings and labels that the rows have, after those that are given."""
    rows = tuple(rows)
    return Events(
        rows,
        tuple(dict.fromkeys([*recordings, *(row.recording for row in rows)])),
        tuple(dict.fromkeys([*labels, *(row.label for row in rows)])),
        dict(media or {}),
        tuple(dict.fromkeys(notes)),
    )


def joined(parts: Iterable[Events]) -> Events:
    """The events of several files, one after the other."""
    parts = list(parts)
    return events(
        (row for part in parts for row in part.rows),
        recordings=(name for part in parts for name in part.recordings),
        labels=(label for part in parts for label in part.labels),
        media={name: media for part in parts for name, media in part.media.items()},
        notes=(note for part in parts for note in part.notes),
    )


def of_recording(table: Events, name: str) -> Events:
    """The events in one recording, with the whole coding scheme."""
    media = {name: table.media[name]} if name in table.media else {}
    rows = tuple(row for row in table.rows if row.recording == name)
    return Events(rows, (name,), table.labels, media, table.notes)


def bounded(table: Events, seconds: Mapping[str, float]) -> Events:
    """The same events; those that last as long as their recording end where it does.

    Args:
        seconds: how long recordings are, where that is known.

    Raises:
        EdgcnError: nothing says how long one is.
    """
    rows = []
    for row in table.rows:
        if math.isinf(row.end):
            media = table.media.get(row.recording, Media())
            if (length := seconds.get(row.recording, media.seconds)) is None:
                raise EdgcnError(
                    f"{row.label!r} is of the whole recording {row.recording!r}, and nothing says "
                    f"how long that is; give a start and an end, or a store of the recordings"
                )
            row = replace(row, end=max(length, row.start))
        rows.append(row)
    return replace(table, rows=tuple(rows))


def moved(table: Events, seconds: Mapping[str, float]) -> Events:
    """The same events so many seconds later, by recording: on a clock that begins elsewhere."""
    rows = tuple(
        replace(row, start=row.start + later, end=row.end + later)
        if (later := seconds.get(row.recording, 0.0))
        else row
        for row in table.rows
    )
    return replace(table, rows=rows)


def with_ids(table: Events) -> Events:
    """The same events, each with an id of its own: the one it has, or the next free a1, a2, ..."""
    taken, number, rows = {row.id for row in table.rows}, 0, []
    seen: set[str] = set()
    for row in table.rows:
        name = row.id
        while not name or name in seen or (name != row.id and name in taken):
            number += 1
            name = f"a{number}"
        seen.add(name)
        rows.append(row if name == row.id else replace(row, id=name))
    return replace(table, rows=tuple(rows))


def without_overlap(rows: Iterable[Event]) -> list[list[Event]]:
    """The events in as few layers as hold them so that those of one layer do not overlap."""
    layers: list[list[Event]] = []
    for row in sorted(rows, key=lambda row: (row.start, row.end)):
        free = next((layer for layer in layers if layer[-1].end <= row.start), None)
        if free is None:
            layers.append([row])
        else:
            free.append(row)
    return layers


def stem(name: str) -> str:
    """A file's name without its folders, of any system, and without the ending of a kind of file.

    (`.7` of sample_2.7 is none.)
    """
    last = PurePath(name.replace("\\", "/")).name.strip()
    return KIND.sub("", last).strip() or last


def media_names(table: Events, recording: str) -> set[str]:
    """Names that a recording goes by: its own, and those of its media files without endings."""
    media = table.media.get(recording, Media())
    return {recording, *(stem(file) for file in media.files)}


def returned(suggested: Events, corrected: Events, *, tolerance: float = 0.0015) -> Events:
    """Suggestions after somebody went through them in another tool, told apart by their ids.

    What has the same label and times is accepted, what has others is edited, what is gone is
    rejected, and what is new is annotated.

    Args:
        tolerance: seconds by which times may differ: tools keep milliseconds.
    """
    before = {row.id: row for row in suggested.rows if row.id}
    if len(before) < len(suggested.rows):
        raise EdgcnError("suggestions without ids cannot be known again; write them with ids")
    rows, found = [], set()
    for row in corrected.rows:
        old = before.get(row.id)
        if old is None or old.recording != row.recording or row.id in found:
            rows.append(replace(row, status="annotated", id="" if old else row.id))
            continue
        found.add(row.id)
        same = old.label == row.label and all(
            a == b or abs(a - b) <= tolerance
            for a, b in ((old.start, row.start), (old.end, row.end))
        )
        score = old.score if row.score is None else row.score
        rows.append(replace(row, status="accepted" if same else "edited", score=score))
    gone = (row for name, row in before.items() if name not in found)
    rows += [replace(row, status="rejected") for row in gone]
    return replace(corrected, rows=tuple(rows))
