"""Labels for recordings of one person each: from the folders they lie in, a table, or their rows.

names and folders -> `labels_for` -> classes; a `Take` of one of them -> a recording with segments
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from edgcn.base.spelling import legible, natural, spelled_out, tidy
from edgcn.readers.label_table import Row, Table, read_table, segmented, unlabelled
from edgcn.skeleton.recording import Frames, Recording, Segment, Skipped, trimmed

Spans = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Take:
    """One person's recording as a file holds it.

    Args:
        person: who, where a file has several.
        fps, times, start, scores, note: as of a `Recording`.
        spans: start, stop and label of what the file itself says.
    """

    frames: Frames
    person: str = ""
    subject: str = ""
    fps: float | None = None
    times: Float[np.ndarray, " t"] | None = None
    start: float = 0.0
    scores: Float[np.ndarray, "t m v"] | None = None
    spans: Spans = ()
    note: str = ""


def label_in(word: str) -> str:
    """The label that stands in a file's field."""
    return spelled_out(tidy(word))


class Runs:
    """The labels of rows, as they come: rows of one label in a row are one run."""

    def __init__(self) -> None:
        self._runs: list[tuple[str, int]] = []  # a label, and the row after its last one

    def add(self, words: Sequence[str]) -> None:
        """The labels of the next rows, empty where there is none."""
        at = self._runs[-1][1] if self._runs else 0
        for word, run in groupby(words):
            label, at = label_in(word), at + sum(1 for _ in run)
            if self._runs and self._runs[-1][0] == label:
                self._runs.pop()
            self._runs.append((label, at))

    def spans(self, places: Int[np.ndarray, " t"]) -> Spans:
        """First frame, the one after the last, and label of each run.

        Args:
            places: the frame of each row.
        """
        starts = [0, *(stop for _, stop in self._runs)]
        return tuple(
            (int(places[start]), int(places[stop - 1]) + 1, label)
            for start, (label, stop) in zip(starts, self._runs, strict=False)
            if label
        )


@dataclass(frozen=True)
class Labels:
    """What is known of the recordings by name.

    Args:
        path: of the table, if they come from one.
    """

    table: Table
    classes: tuple[str, ...]
    path: Path | None

    def put(self, take: Take, name: str, *, fps: float) -> Iterator[Recording | Skipped]:
        """The recording with its segments, which comes last, after rows that cannot be used.

        Args:
            name: of what was recorded; that of a person in it goes behind it.
            fps: of the whole set.
        """
        rows = self.table.rows.get(name, [])
        own, rate = name, take.fps or fps
        if take.person:
            own = f"{name}/{legible(take.person)}"
            rows = [row for row in rows if row.subject in ("", take.person)]
        if self.table.spans and self.path is not None:
            *lost, made = segmented(
                take.frames,
                own,
                rows,
                table=self.path,
                classes=self.classes,
                rate=rate if self.table.seconds else None,
                times=take.times,
            )
            yield from lost
            assert isinstance(made, Recording)
        elif self.path is None and take.spans:
            made = Recording(take.frames, own, tuple(self._segments(take.spans, own)))
        else:
            row = rows[-1] if rows else Row(0, "")
            label = self.classes.index(row.label) if row.label else -1
            made = trimmed(take.frames, own, label=label, subject=row.subject)
        yield replace(
            made,
            subject=made.subject or take.subject,
            scores=take.scores,
            times=take.times,
            start=take.start,
            fps=None if rate == fps else rate,
            note=take.note,
        )

    def _segments(self, spans: Spans, name: str) -> Iterator[Segment]:
        for start, stop, word in spans:
            yield Segment(start, stop, self.classes.index(word), f"{name}_{start:06d}")


def labels_for(names: Mapping[str, str], path: Path | None, own: Sequence[str] = ()) -> Labels:
    """Labels by the name of a recording.

    Args:
        names: of the recordings, each with the class that its folder says, or nothing.
        path: of a table that replaces them, see `edgcn.readers.label_table`.
        own: labels that stand in the files, which are nearer than those of folders.

    Raises:
        FileError: the table cannot be read, or contradicts itself.
    """
    if path is not None:
        table, own = read_table(path, list(names)), ()
    elif own:
        table = Table({}, [])
    else:
        rows = {name: [Row(0, label)] for name, label in names.items()}
        bare = [name for name, label in names.items() if not label]
        table = Table(rows, [], note=unlabelled(bare) if len(bare) < len(rows) else "")
    words = {row.label for rows in table.rows.values() for row in rows if row.label} | {*own}
    return Labels(table, tuple(sorted(words, key=natural)), path)


def label_of_folder(parts: tuple[str, ...]) -> str:
    """The class of a recording by the folders on its way: the outer of two."""
    return tidy(parts[-2]) if len(parts) > 1 else ""
