"""What BORIS exports as tables: tabular events (START and STOP rows) and aggregated events.

tabular      a preamble of any length, then Time, Subject, Behavior, ..., Status or Behavior type
aggregated   Observation id, ..., Behavior, Behavior type, Start (s), Stop (s)
(Friard & Gamba 2016, doi:10.1111/2041-210X.12584; files of BORIS 2 to 9)
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from edgcn.annotations.events import Event, Events, events, stem
from edgcn.annotations.sheet import Sheet
from edgcn.annotations.times import clock, number
from edgcn.base.errors import FileError
from edgcn.base.words import count, quoted

NO_SUBJECT = ("", "no focal subject")
MEDIA = ("media file name", "media file path", "media file", "source")


class Mark(NamedTuple):
    """A row of a tabular export, or of a project: something starts, stops or happens."""

    line: int
    recording: str
    subject: str
    label: str
    tier: str
    time: float
    kind: str  # start, stop, point, or nothing where the rows alternate
    comment: str = ""
    modifiers: str = ""


def read_boris_table(sheet: Sheet, header: int) -> Events | None:
    """The events of an export whose header is this row; None where it is none."""
    names = {" ".join(cell.lower().split()) for cell in sheet.rows[header]}
    if {"behavior", "start (s)", "stop (s)"} <= names:
        return _aggregated(sheet, header)
    if {"behavior", "time"} <= names and names & {"status", "behavior type"}:
        return _tabular(sheet, header)
    return None


def _aggregated(sheet: Sheet, header: int) -> Events:
    rows, modified = list[Event](), 0
    for line, row in sheet.below(header):
        start, end = (number(sheet.path, line, row[name]) for name in ("start (s)", "stop (s)"))
        if not 0 <= start <= end:
            raise FileError(sheet.path, f"expected start <= stop, got {start} to {end}", line=line)
        name, subject = _recording(sheet, row), _subject(row.get("subject", ""))
        tier = row.get("behavioral category", "")
        rows.append(Event(name, row["behavior"], start, end, subject, tier))
        modified += bool(_modifiers(row))
    return events(
        rows,
        recordings=() if rows else (sheet.path.stem,),
        notes=_of_modifiers(sheet.path, modified),
    )


def _tabular(sheet: Sheet, header: int) -> Events:
    marks = []
    for line, row in sheet.below(header):
        kind = (row.get("status") or row.get("behavior type", "")).lower()
        if kind not in ("start", "stop", "point"):
            reason = f"expected START, STOP or POINT, got {quoted(kind.upper())}"
            raise FileError(sheet.path, reason, line=line)
        text = row["time"]
        time = (clock if ":" in text else number)(sheet.path, line, text)
        marks.append(
            Mark(
                line,
                _recording(sheet, row),
                _subject(row.get("subject", "")),
                row["behavior"],
                row.get("behavioral category", ""),
                time,
                kind,
                modifiers=_modifiers(row),
            )
        )
    return paired(sheet.path, marks)


def paired(path: Path, marks: Iterable[Mark]) -> Events:
    """Events of marks: a start and the next stop of the same subject and behavior are one.

    A start without a stop, or the other way round, is left out and named.
    """
    rows, notes, begun = list[Event](), list[str](), dict[tuple[str, ...], Mark]()
    modified = 0
    for mark in marks:
        key = (mark.recording, mark.subject, mark.label, mark.modifiers)
        modified += mark.modifiers != "" and (mark.kind == "point" or key not in begun)
        if mark.kind == "point":
            rows.append(_event(mark, mark.time))
        elif mark.kind == "start" or (not mark.kind and key not in begun):
            if key in begun:
                notes.append(_lonely(path, begun[key], "STOP"))
            begun[key] = mark
        elif key not in begun:
            notes.append(_lonely(path, mark, "START"))
        else:
            first = begun.pop(key)
            if mark.time < first.time:
                reason = f"{quoted(mark.label)} stops at {mark.time:g} s before {first.time:g} s"
                raise FileError(path, reason, line=mark.line or None)
            rows.append(_event(first, mark.time))
    notes += [_lonely(path, mark, "STOP") for mark in begun.values()]
    notes += _of_modifiers(path, modified)
    if early := [row for row in rows if row.start < 0]:
        rows = [row for row in rows if row.start >= 0]
        label = quoted(early[0].label)
        notes.append(
            f"{path}: left out {count(len(early), 'event')} that begin before the recording, such "
            f"as {label} at {early[0].start:g} s"
        )
    rows.sort(key=lambda row: (row.recording, row.start))
    return events(rows, recordings=() if rows else (path.stem,), notes=notes)


def _modifiers(row: dict[str, str]) -> str:
    """What stands in the columns of modifiers: one, or one for each set of them."""
    return "|".join(cell for name, cell in row.items() if name.startswith("modifier") and cell)


def _of_modifiers(path: Path, events: int) -> list[str]:
    said = f"{path}: labels are behaviors; the modifiers of {events} events are left out"
    return [said] if events else []


def _event(mark: Mark, end: float) -> Event:
    return Event(mark.recording, mark.label, mark.time, end, mark.subject, mark.tier)


def _lonely(path: Path, mark: Mark, missing: str) -> str:
    line = f":{mark.line}" if mark.line else ""
    of = f" of {quoted(mark.subject)}" if mark.subject else ""
    return (
        f"{path}{line}: left out {quoted(mark.label)}{of} at {mark.time:g} s in "
        f"{quoted(mark.recording)}, which has no {missing}"
    )


def _recording(sheet: Sheet, row: dict[str, str]) -> str:
    """The observation, or the first media file that the row or the preamble names."""
    if row.get("observation id"):
        return row["observation id"]
    for cells in sheet.rows:
        if len(cells) > 1 and cells[0].lower() == "observation id" and cells[1]:
            return cells[1]
    return next((stem(row[name]) for name in MEDIA if row.get(name)), sheet.path.stem)


def _subject(text: str) -> str:
    return "" if text.lower() in NO_SUBJECT else text
