"""BORIS project files (.boris): JSON with an ethogram, subjects and observations, in and out.

A state event is two rows [time, subject, code, modifier, comment], its start and its stop; BORIS
pairs them in the order of time. (Friard & Gamba 2016; project format 7.0)
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from edgcn.annotations.boris_table import Mark, paired
from edgcn.annotations.events import STATUSES, Event, Events, Media, events, joined
from edgcn.annotations.times import number
from edgcn.base.errors import FileError
from edgcn.base.files import write_json
from edgcn.base.words import quoted
from edgcn.readers.text.json_files import parse_json

VERSION = "7.0"
LONGEST = 1e9  # seconds, or frames a second
LARGEST = 500_000_000  # bytes of JSON; a packed file may claim any size
OURS = re.compile(
    r"edgcn(?: id=(?P<id>\S+))?(?: by=(?P<by>\S+))?(?: score=(?P<score>[\d.e-]+))?"
    r"(?: status=(?P<status>\w+))?(?: tier=(?P<tier>\S+))?(?:\s|$)"
)  # what a coder writes after it is theirs


def read_boris(path: Path) -> Events:
    """All observations of a project, each a recording.

    Raises:
        FileError: no project, or rows that are no events.
    """
    project = _json(path)
    if not isinstance(project, dict) or not isinstance(project.get("observations"), dict):
        raise FileError(path, "expected a BORIS project with observations")
    ethogram = _listed(path, project, "behaviors_conf", "code")
    known = {code: entry for entry in ethogram if (code := str(entry["code"]).strip())}
    parts = [
        _observation(path, name.strip() or path.stem, observation, known)
        for name, observation in project["observations"].items()
    ]
    table = joined(parts)
    return replace(table, labels=tuple(dict.fromkeys([*known, *table.labels])))


def _observation(path: Path, name: str, found: Any, known: dict[str, Any]) -> Events:
    if not isinstance(found, dict) or not isinstance(found.get("events"), list):
        raise FileError(path, f"expected observation {quoted(name)} to have events")
    marks: list[Mark] = []
    comments: dict[tuple[str, str, float], str] = {}
    notes: list[str] = []
    if later := found.get("time offset") or 0:
        if type(later) not in (int, float) or not abs(later) < LONGEST:
            where = f"observation {quoted(name)}"
            raise FileError(path, f"{where}: expected a time offset in seconds, got {later!r:.40}")
        notes.append(
            f"{path}: observation {quoted(name)} has a time offset of {later:g} s, taken off: "
            f"times are those of the video, as BORIS plays it"
        )
    for count, row in enumerate(found["events"], 1):
        where = f"observation {quoted(name)}, event {count}"
        if not isinstance(row, list) or len(row) < 3:
            raise FileError(path, f"{where}: expected [time, subject, code, ...]")
        time, subject, code, *rest = row
        subject, code = str(subject).strip(), str(code).strip()
        if not code:
            raise FileError(path, f"{where}: expected the code of a behavior, got none")
        if type(time) not in (int, float) or not abs(time) < LONGEST:
            raise FileError(path, f"{where}: expected a time in seconds, got {quoted(str(time))}")
        time = float(time) - later
        texts = [str(value) for value in rest if isinstance(value, str)]
        modifiers, comment = (*texts, "", "")[:2]
        kind = str(known.get(code, {}).get("type", "")).lower()
        mark = Mark(
            0,
            name,
            subject,
            code,
            str(known.get(code, {}).get("category") or "").strip(),
            time,
            "point" if kind.startswith("point") else "",
            modifiers=modifiers,
        )
        marks.append(mark)
        comments.setdefault((subject, code, time), comment)
        if code not in known:
            notes.append(f"{path}: {quoted(code)} is not in the ethogram; it is read as a state")
    marks.sort(key=lambda mark: mark.time)
    table = paired(path, marks)
    rows = [
        _ours(path, row, comments.get((row.subject, row.label, row.start), ""))
        for row in table.rows
    ]
    return events(
        rows, recordings=(name,), media={name: _media(found)}, notes=[*table.notes, *notes]
    )


def _ours(path: Path, row: Event, comment: str) -> Event:
    """An event with what our writer left in its comment."""
    match = OURS.match(comment.strip())
    if match is None:
        return row
    score = number(path, 0, match["score"]) if match["score"] else None
    status = match["status"] or ("annotated" if score is None else "suggested")
    if status not in STATUSES or not (score is None or 0 <= score <= 1):
        raise FileError(path, f"expected a score within 0..1 and a status, got {quoted(comment)}")
    id, by, tier = (unquote(match[key] or "") for key in ("id", "by", "tier"))
    return replace(row, id=id, by=by, tier=tier or row.tier, score=score, status=status)


def _media(found: dict[str, Any]) -> Media:
    """Files of the first player that has any, and their length and rate where they are known."""
    players = found.get("file") if isinstance(found.get("file"), dict) else {}
    lists = [player for player in (players or {}).values() if isinstance(player, list)]
    files = [str(file) for player in lists for file in player if file]
    info = found.get("media_info")
    lengths, rates = (
        info.get(key, {}) if isinstance(info, dict) else {} for key in ("length", "fps")
    )
    first = files[0] if files else ""
    seconds, fps = (
        _positive(values.get(first)) if isinstance(values, dict) else None
        for values in (lengths, rates)
    )
    return Media(tuple(files), seconds, fps)


def _positive(value: Any) -> float | None:
    """A length or rate, where it is one."""
    known = isinstance(value, (int, float)) and 0 < value < LONGEST
    return float(value) if known else None


def _listed(path: Path, project: dict[str, Any], key: str, name: str) -> list[dict[str, Any]]:
    entries = project.get(key)
    entries = list(entries.values()) if isinstance(entries, dict) else entries or []
    if not isinstance(entries, list) or any(
        not isinstance(entry, dict) or name not in entry for entry in entries
    ):
        raise FileError(path, f"expected {key} to be a list of entries with {name}")
    return entries


def _json(path: Path) -> Any:
    """The content of a project, packed or not."""
    data = path.read_bytes()
    try:
        if data[:2] == b"\x1f\x8b":
            with gzip.open(path) as file:
                data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise FileError(path, f"expected a project of at most {LARGEST // 10**6} MB")
        return parse_json(path, data.decode("utf-8-sig"))
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise FileError(path, f"expected a BORIS project in JSON, got {error}") from None


def write_boris(table: Events, path: Path) -> list[str]:
    """Write a project with one observation a recording; returns what it cannot hold.

    Times are kept to the millisecond. What BORIS has no field for (id, author, score, status, a
    second tier of one label) stands in the comment of the start row.
    """
    lost: list[str] = []
    ending = [row for row in table.rows if row.end > row.start]
    points = {row.label for row in table.rows} - {row.label for row in ending}
    subjects = sorted({row.subject for row in table.rows} - {""})
    tiers = {label: {r.tier for r in table.rows if r.label == label} for label in table.labels}
    project = {
        "time_format": "hh:mm:ss",
        "project_date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "project_name": path.stem,
        "project_description": "",
        "project_format_version": VERSION,
        "subjects_conf": {
            str(i): {"key": "", "name": name, "description": ""} for i, name in enumerate(subjects)
        },
        "behaviors_conf": {
            str(i): _behavior(label, tiers[label], point=label in points)
            for i, label in enumerate(table.labels)
        },
        "observations": {
            name: _written(name, table, points, tiers, lost) for name in table.recordings
        },
        "behavioral_categories": sorted({row.tier for row in table.rows} - {""}),
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    write_json(path, project)
    return lost


def _behavior(label: str, tiers: set[str], *, point: bool) -> dict[str, Any]:
    return {
        "type": "Point event" if point else "State event",
        "key": "",
        "code": label,
        "description": "",
        "color": "",
        "category": next(iter(tiers)) if len(tiers) == 1 else "",
        "modifiers": {},
        "excluded": "",
        "coding map": "",
    }


def _written(
    name: str, table: Events, points: set[str], tiers: dict[str, set[str]], lost: list[str]
) -> dict[str, Any]:
    media = table.media.get(name, Media())
    files = list(media.files)
    info = {
        "length": {f: media.seconds for f in files[:1] if media.seconds is not None},
        "fps": {f: media.fps for f in files[:1] if media.fps is not None},
        "hasVideo": dict.fromkeys(files, True),
        "hasAudio": dict.fromkeys(files, False),
        "offset": {str(player): 0.0 for player in range(1, 9)},
    }
    rows = [row for row in table.rows if row.recording == name]
    return {
        "file": {"1": files, **{str(player): [] for player in range(2, 9)}},
        "type": "MEDIA",
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "description": "",
        "time offset": 0.0,
        "events": sorted(_marks(rows, points, tiers, lost), key=lambda mark: mark[0]),
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "media_info": info,
    }


def _marks(
    rows: list[Event], points: set[str], tiers: dict[str, set[str]], lost: list[str]
) -> Iterator[list[Any]]:
    """The rows of one observation; of events that overlap under one name, their union."""
    ordered = sorted(rows, key=lambda row: (row.subject, row.label, row.start, row.end))
    for (subject, label), same in groupby(ordered, key=lambda row: (row.subject, row.label)):
        merged: list[Event] = []
        for row in same:
            if label not in points and row.end == row.start:
                lost.append(f"{quoted(label)} at {row.start:g} s has no duration; BORIS gets 1 ms")
                row = replace(row, end=row.start + 0.001)
            if merged and label not in points and row.start < merged[-1].end:
                lost.append(
                    f"{row.recording}: {quoted(label)} at {merged[-1].start:g} s and "
                    f"{row.start:g} s overlap, which BORIS cannot hold: they are one event there"
                )
                merged[-1] = replace(merged[-1], end=max(row.end, merged[-1].end))
            else:
                merged.append(row)
        for row in merged:
            yield [round(row.start, 3), subject, label, "", _comment(row, tiers[label])]
            if label not in points:
                yield [round(row.end, 3), subject, label, "", ""]


def _comment(row: Event, tiers: set[str]) -> str:
    """What a project has no place for, in the comment of an event's first row."""
    usual = "annotated" if row.score is None else "suggested"
    notes = {
        "id": row.id,
        "by": row.by,
        "score": "" if row.score is None else f"{row.score:g}",
        "status": row.status if row.status != usual else "",
        "tier": row.tier if len(tiers) > 1 else "",
    }
    parts = [f"{key}={quote(value)}" for key, value in notes.items() if value]
    return " ".join(["edgcn", *parts]) if parts else ""
