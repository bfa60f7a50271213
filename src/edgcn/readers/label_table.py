"""A user's table of gestures: which label a clip has, or a recording from where to where.

name,label[,subject] -> one label per folder; name,label,start,end[,subject] -> segments in it.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError, FileError, did_you_mean
from edgcn.base.spelling import spelling, tidy
from edgcn.base.words import LISTED, named
from edgcn.readers.text.files import csv_fields, integers, numbers, read_lines, skipped
from edgcn.skeleton.recording import Frames, Recording, Segment, Skipped

FORMS = "name,label[,subject] or, with a header, name,label,start,end[,subject] or start_s,end_s"
_ENDS = {False: ("start", "end"), True: ("start_s", "end_s")}


class Row(NamedTuple):
    """One row of a label table: a clip, or a part of a recording as text from `start` to `end`."""

    line: int
    label: str
    subject: str = ""
    start: str = ""
    end: str = ""


class Table(NamedTuple):
    """The rows of a label table by clip; whether they have start and end, those in seconds."""

    rows: dict[str, list[Row]]
    lost: list[Skipped]
    spans: bool = False
    seconds: bool = False
    note: str = ""


def read_table(path: Path, names: Sequence[str]) -> Table:
    """The rows of a label table by the clip that they name, alone or with its path.

    Two forms of Unicode, white space and byte order marks make no difference.

    Args:
        names: clips by their path from the root on.

    Raises:
        EdgcnError: no such file.
        FileError: no rows, other columns, a row without name or label, one that may mean two
            clips, or rows that contradict each other.
    """
    columns = ["name", "label", "subject"]
    if not path.exists():
        raise EdgcnError(f"expected a table of labels at {path}, found no such file")
    lines = [(n, line) for n, line in enumerate(read_lines(path), 1) if line.strip()]
    first = [tidy(field).lower() for field in csv_fields(path, *lines[0])] if lines else []
    if {"name", "label"} <= set(first):
        columns, lines = first, lines[1:]
    seconds = {"start_s", "end_s"} <= set(columns)
    spans = seconds or {"start", "end"} <= set(columns)
    known = {"name", "label", "subject", *(_ENDS[seconds] if spans else ())}
    if wrong := [name for name in columns if name not in known or columns.count(name) > 1]:
        reason = f"expected the columns {FORMS}, got {', '.join(wrong)} as well"
        raise FileError(path, reason, line=1)
    if not lines:
        raise FileError(path, f"expected {FORMS}, got no rows")
    table = Table({}, [], spans, seconds)
    spelled: dict[tuple[str, str], tuple[str, int]] = {}
    meant: dict[str, list[str]] = {}
    for name in names:
        for word in {tidy(name), tidy(_last(name))}:
            meant.setdefault(word, []).append(name)
    for line_no, line in lines:
        fields = [tidy(field) for field in csv_fields(path, line_no, line)]
        row = dict(zip(columns, fields, strict=False))
        complete = len(fields) == len(columns) or (not spans and len(fields) == 2)
        if not complete or not row.get("name") or not row.get("label"):
            raise FileError(path, f"expected {FORMS}, got {line[:40]!r}", line=line_no)
        for column in ("label", "subject"):
            _check_spelling(path, line_no, column, row.get(column, ""), spelled)
        matches = meant.get(row["name"], [])
        if len(matches) > 1:
            reason = f"{row['name']!r} names {len(matches)} clips; write the path from the root on"
            raise FileError(path, reason, line=line_no)
        if not matches:
            near = did_you_mean(row["name"], meant, cutoff=0.85)
            reason = f"line {line_no}: there is no clip {row['name']!r}{near}"
            table.lost.append(Skipped(str(path), reason))
            continue
        ends = (row[name] for name in _ENDS[seconds]) if spans else ()
        entry = Row(line_no, row["label"], row.get("subject", ""), *ends)
        rows = table.rows.setdefault(matches[0], [])
        if rows and not spans:
            reason = f"{row['name']!r} has a label in line {rows[0].line} already"
            raise FileError(path, reason, line=line_no)
        rows.append(entry)
    return table._replace(note=unlabelled([name for name in names if name not in table.rows]))


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _check_spelling(
    path: Path,
    line_no: int,
    column: str,
    word: str,
    spelled: dict[tuple[str, str], tuple[str, int]],
) -> None:
    """Raise a `FileError` where an earlier line spells a label or a subject another way."""
    before, line = spelled.setdefault((column, spelling(word)), (word, line_no))
    if before != word:
        reason = f"{column} {word!r} is {before!r} in line {line}; write it one way"
        raise FileError(path, reason, line=line_no)


def unlabelled(names: Sequence[str]) -> str:
    """The note on clips that have no label."""
    return f"clips without a label: {named(names, most=LISTED)}" if names else ""


def segmented(
    frames: Frames,
    name: str,
    rows: Sequence[Row],
    *,
    table: Path,
    classes: Sequence[str],
    rate: float | None,
    times: Float[np.ndarray, " t"] | None = None,
) -> Iterator[Recording | Skipped]:
    """A recording with a segment for each of its rows, after the rows that cannot be used.

    Args:
        rate: frames per second, where the rows are in seconds.
        times: of the frames, where they are not evenly spaced.
    """
    subject, segments = shared(row.subject for row in rows), []
    earlier: dict[tuple[int, int, str], Row] = {}
    for row in rows:
        try:
            start, stop = _span(table, row, len(frames), rate, times)
            same = earlier.setdefault((start, stop, row.subject), row)
            if same is not row:
                reason = f"these frames have the label {same.label!r} in line {same.line} already"
                raise FileError(table, reason, line=row.line)
        except FileError as error:
            yield skipped(error)
            continue
        segments.append(
            Segment(
                start,
                stop,
                classes.index(row.label),
                f"{name}_{row.line:05d}",
                person="" if subject else row.subject,
            )
        )
    yield Recording(frames, name, tuple(segments), subject=subject)


def shared(values: Iterable[str]) -> str:
    """What all of the values are, or nothing."""
    different = set(values)
    return different.pop() if len(different) == 1 else ""


def _span(
    path: Path,
    row: Row,
    total: int,
    rate: float | None,
    times: Float[np.ndarray, " t"] | None,
) -> tuple[int, int]:
    """First frame and the one after the last."""
    text = f"{row.start}\t{row.end}"
    if rate is None:
        start, end = integers(path, row.line, text, 2, separator="\t")
        stop, limits = end + 1, f"frames in order within 0..{total - 1}"
    else:
        seconds = numbers(path, row.line, text, 2, separator="\t")
        if times is None:
            start, stop = (round(value * rate) for value in seconds.tolist())
        else:
            start, stop = np.searchsorted(times, seconds - 0.5 / rate).tolist()
        stop = max(stop, start + 1) if seconds[0] <= seconds[1] else start
        last = total / rate if times is None else times[-1] + 1 / rate
        limits = f"seconds in order within 0..{last:g}"
    if not 0 <= start < stop <= total:
        reason = f"expected {limits}, got {row.start}..{row.end}"
        raise FileError(path, reason, line=row.line)
    return start, stop
