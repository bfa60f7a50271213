"""Events as a spreadsheet: ours, and the many shapes in which others have them.

ours      recording,subject,tier,label,start_s,end_s,score,status,by,id
others    columns in any order and under many names; times in seconds, milliseconds, frames or as a
          clock, told apart by the column's name or by their range; BORIS's exports (`boris_table`)
"""

import csv
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

from edgcn.annotations.boris_table import read_boris_table
from edgcn.annotations.events import STATUSES, Event, Events, Status, events, stem
from edgcn.annotations.sheet import Sheet, read_sheet
from edgcn.annotations.times import Row, Unit, number, seconds, unit_of
from edgcn.base.errors import FileError
from edgcn.base.files import write_text
from edgcn.base.words import quoted

COLUMNS = (
    "recording", "subject", "tier", "label", "start_s", "end_s", "score", "status", "by", "id",
)  # fmt: skip
# What others call them, in lower case; the best name first.
NAMES: dict[str, tuple[str, ...]] = {
    "recording": ("recording", "video", "file", "filename", "file name", "file path", "media",
                  "video_id", "video id", "clip", "name"),
    "subject": ("subject", "participant", "person", "individual", "subject_id"),
    "tier": ("tier", "tier_id"),
    "label": ("label", "behavior", "behaviour", "class", "gesture", "code", "annotation",
              "category", "action", "value"),
    "start": ("start", "onset", "begin", "start_time", "begin_time", "start time", "begin time",
              "from", "t_start", "t-start"),
    "end": ("end", "stop", "offset", "end_time", "stop_time", "end time", "stop time", "to",
            "t_end", "t-end"),
    "duration": ("duration", "length"),
    "score": ("score", "confidence", "probability"),
    "status": ("status",),
    "by": ("by", "coder", "annotator", "observer", "rater"),
    "id": ("id", "annotation_id"),
}  # fmt: skip
ENDINGS: dict[str, Unit] = {
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "ss.msec": "s", "ms": "ms",
    "msec": "ms", "millisecond": "ms", "milliseconds": "ms", "frame": "frames",
    "frames": "frames", "hh:mm:ss": "clock", "hh:mm:ss.ms": "clock",
}  # fmt: skip
ENDING = re.compile(r"[ _(\[-]+(" + "|".join(map(re.escape, ENDINGS)) + r")[)\]]?$")
HEADER = "a header with label, start and end, or with recording and label"
WIDEST, LONGEST = 1000, 200  # columns that are looked at, characters of their names
HEADER_WITHIN = 100  # rows; BORIS writes what it knows of the observation before the header


class NoTableError(FileError):
    """A sheet without a header that events have."""


def read_table(path: Path, *, times: Unit | None = None, fps: float | None = None) -> Events:
    """The events of a CSV or TSV file.

    A row of a recording and a label without start and end is of the whole recording.

    Args:
        times: in which unit starts and ends are, where neither the header nor the range tells.
        fps: frames a second, where times are frames.

    Raises:
        FileError: no header, a column that is missing, or a row that is no event.
    """
    sheet, bare = read_sheet(path), None
    for index, cells in enumerate(sheet.rows[:HEADER_WITHIN]):
        if (exported := read_boris_table(sheet, index)) is not None:
            return exported
        columns = _columns(cells)
        if {"label", "start"} <= columns.keys() and columns.keys() & {"end", "duration"}:
            return _read(sheet, index, columns, times, fps)
        timed = columns.keys() & {"start", "end", "duration"}
        if bare is None and {"label", "recording"} <= columns.keys() and not timed:
            bare = index, columns
    if bare is not None:
        return _read(sheet, *bare, times, fps)
    if not any(map(any, sheet.rows)):
        raise NoTableError(path, f"expected {HEADER}, got an empty file")
    found = quoted(", ".join(cell for cell in sheet.rows[0] if cell), most=100)
    raise NoTableError(path, f"expected {HEADER}, got {found}", line=1)


def _columns(cells: Sequence[str]) -> dict[str, tuple[str, Unit | None]]:
    """{what it is: (the column's name, its unit)} of a header."""
    found: dict[str, tuple[str, Unit | None]] = {}
    ranks: dict[str, int] = {}
    for cell in cells[:WIDEST]:
        name = " ".join(cell[: LONGEST + 1].lower().split())
        match = ENDING.search(name)
        bare = name[: match.start()] if match else name
        for what, known in NAMES.items():
            for rank, alias in enumerate(known):
                timed = what in ("start", "end", "duration")
                if (bare if timed else name) == alias and rank < ranks.get(what, len(known)):
                    unit = ENDINGS[match[1]] if match and timed else None
                    found[what], ranks[what] = (name, unit), rank
    return found


def _read(
    sheet: Sheet,
    header: int,
    columns: dict[str, tuple[str, Unit | None]],
    times: Unit | None,
    fps: float | None,
) -> Events:
    path, rows = sheet.path, sheet.below(header)

    def cell(row: dict[str, str], what: str) -> str:
        return row.get(columns[what][0], "") if what in columns else ""

    last = "end" if "end" in columns else "duration"
    texts = []
    for line, row in rows:
        whole = cell(row, "recording") and not (cell(row, "start") or cell(row, last))
        for what in ("label",) if whole else ("label", "start", last):
            if not cell(row, what):
                raise FileError(path, f"expected a {what}, got an empty cell", line=line)
        texts.append(None if whole else Row(line, cell(row, "start"), cell(row, last)))
    if last == "duration":
        texts = [text and _with_end(path, text) for text in texts]
    given = [text for text in texts if text is not None]
    unit, note = unit_of(path, given, times or columns.get("start", ("", None))[1])
    name = str if sheet.rows[header] == COLUMNS else stem  # others name files
    found, wholes = [], len(texts) - len(given)
    for (line, row), text in zip(rows, texts, strict=True):
        start, end = seconds(path, text, unit, fps) if text is not None else (0.0, math.inf)
        found.append(
            Event(
                recording=name(cell(row, "recording")) or path.stem,
                label=cell(row, "label"),
                start=start,
                end=end,
                subject=cell(row, "subject"),
                tier=cell(row, "tier"),
                score=_score(path, line, cell(row, "score")),
                status=_status(path, line, cell(row, "status")),
                by=cell(row, "by"),
                id=cell(row, "id"),
            )
        )
    alone = () if found else (path.stem,)
    said = f"{path}: {wholes} labels without start and end are of whole recordings"
    return events(found, recordings=alone, notes=[note] * bool(note) + [said] * bool(wholes))


def _with_end(path: Path, row: Row) -> Row:
    """A row of a start and a duration as one of a start and an end."""
    if ":" in row.start or ":" in row.end:
        raise FileError(path, "expected numbers for start and duration", line=row.line)
    end = number(path, row.line, row.start) + number(path, row.line, row.end)
    whole = all(re.fullmatch(r"-?\d+", text) for text in (row.start, row.end))
    return Row(row.line, row.start, str(int(end)) if whole else repr(end))


def _score(path: Path, line: int, text: str) -> float | None:
    if not text:
        return None
    score = number(path, line, text)
    if not 0 <= score <= 1:
        raise FileError(path, f"expected a score within 0..1, got {quoted(text)}", line=line)
    return score


def _status(path: Path, line: int, text: str) -> Status:
    if not text:
        return "annotated"
    for status in STATUSES:
        if text.lower() == status:
            return status
    expected = ", ".join(STATUSES)
    raise FileError(path, f"expected a status of {expected}; got {quoted(text)}", line=line)


def table_text(table: Events) -> str:
    """Our CSV: times to the microsecond, empty where there is nothing."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in table.rows:
        times = _times(row)
        score = "" if row.score is None else f"{row.score:g}"
        writer.writerow(
            (row.recording, row.subject, row.tier, row.label, *times, score, row.status, row.by,
             row.id)
        )  # fmt: skip
    return out.getvalue()


def _times(row: Event) -> tuple[str, str]:
    """Start and end, both empty for a whole recording."""
    if math.isinf(row.end):
        return "", ""
    start, end = (f"{value:.6f}".rstrip("0").rstrip(".") for value in (row.start, row.end))
    return start, end


def write_table(table: Events, path: Path) -> list[str]:
    """Write our CSV; what it cannot hold: recordings without events, and the coding scheme."""
    write_text(path, table_text(table))
    bare = sorted(set(table.recordings) - {row.recording for row in table.rows})
    return [f"{path} has no rows of {', '.join(bare[:5])}: nothing happens there"] if bare else []
