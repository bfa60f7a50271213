"""Annotation files in and out of the page: what other tools know and what they have changed."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from edgcn.annotations.events import Event, Events, events, media_names, moved, stem
from edgcn.annotations.formats import read_events, write_events
from edgcn.base.errors import EdgcnError
from edgcn.base.words import LISTED, named
from edgcn.web.coding import CODED, Coding, row_of

FORMATS = {"eaf": ".eaf", "boris": ".boris", "csv": ".csv", "vtt": ".vtt"}
ENDINGS = (".eaf", ".etf", ".boris", ".boris.gz", ".csv", ".tsv", ".txt")
SAME = 0.0015  # seconds by which times may differ: tools keep milliseconds


def exported(
    coding: Coding, format: str, *, suggestions: bool = False
) -> tuple[str, bytes, list[str]]:
    """A file's name and content, and what the format cannot hold; several files are one archive.

    Raises:
        EdgcnError: no such format, or nothing to write.
    """
    if format not in FORMATS:
        raise EdgcnError(f"expected a format of {', '.join(FORMATS)}, got {format!r}")
    table = coding.table((*CODED, "suggested") if suggestions else CODED)
    if not table.rows:
        raise EdgcnError("nothing is coded yet")
    table, name = moved(table, coding.clocks), coding.store.name
    many = format in ("boris", "csv") or len(table.recordings) == 1
    with TemporaryDirectory() as folder:
        out = Path(folder) / (f"coding{FORMATS[format]}" if many else "files")
        files, lost = write_events(table, out, format=format)
        lost = [line.replace(f"{folder}/", "") for line in lost]
        if many:
            return f"{name}{FORMATS[format]}", files[0].read_bytes(), lost
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.name)
        return f"{name}-{format}.zip", packed.getvalue(), lost


def read(
    coding: Coding, name: str, data: bytes, *, recording: str = ""
) -> tuple[Events, list[str]]:
    """The events of a file that the browser sends, under the store's names of recordings.

    Args:
        name: of the file, as its sender calls it.
        recording: what a file of one recording is of, where its name does not tell.

    Raises:
        EdgcnError: it cannot be read, or is of no recording here.
    """
    ending = next((e for e in ENDINGS if name.lower().endswith(e)), None)
    if ending is None:
        raise EdgcnError(f"expected a file of {', '.join(ENDINGS)}, got {name[-60:]!r}")
    plain = "".join(c for c in stem(name) if c.isalnum() or c in " _-.@()")[:100].strip(". ")
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{plain or 'file'}{ending}"
        path.write_bytes(data)
        try:
            table = read_events([path])
        except EdgcnError as error:
            raise EdgcnError(str(error).replace(f"{folder}/", "")) from None
    return matched(coding, table, recording)


def matched(coding: Coding, table: Events, recording: str = "") -> tuple[Events, list[str]]:
    """The events under the store's names of recordings, and what had to be left out or cut."""
    own = {stem(known): known for known in coding.row_of} | {n: n for n in coding.row_of}
    names: dict[str, str] = {}
    for other in table.recordings:
        found = {own[alias] for alias in media_names(table, other) if alias in own}
        if len(found) == 1:
            names[other] = found.pop()
        elif len(table.recordings) == 1 and recording in own:
            names[other] = recording
    notes = list(table.notes)
    if lost := [other for other in table.recordings if other not in names]:
        notes.append(f"left out, of no recording here: {named(lost, most=LISTED)}")
    if not names:
        raise EdgcnError(
            f"the file is of {named(list(table.recordings), most=LISTED)}; recordings here are "
            f"{named(list(coding.row_of), most=LISTED)}"
        )
    rows = []
    for row in table.rows:
        if row.recording not in names:
            continue
        values = row_of(row) | {"recording": names[row.recording]}
        longest, clock = coding.seconds[values["recording"]], coding.clocks[values["recording"]]
        times = (row.start - clock, row.end - clock)
        values["start"], values["end"] = (min(max(t, 0.0), longest) for t in times)
        if values["start"] < values["end"]:
            rows.append(Event(**values, id=row.id))
        else:
            notes.append(f"{row.label!r} at {row.start:g} s has no duration here; left out")
    return events(rows, recordings=names.values(), labels=table.labels, notes=notes), notes


def changes(coding: Coding, table: Events, *, back: bool) -> tuple[dict[str, Any], dict[str, int]]:
    """What a file changes here, and how often each way; what is here already stays as it is.

    Args:
        back: whether it was exported from here and corrected in another tool. Then an event that is
            known by its id is accepted if it is as it was suggested, edited if not, and what is
            suggested here and is gone there is rejected.
    """
    known = coding.rows()
    ids = {row.id for row in table.rows if back and _known(known, row)}
    rows: dict[str, Any] = {}
    counts = dict.fromkeys(("added", "accepted", "edited", "rejected", "unchanged"), 0)
    for label in table.labels:
        if label not in coding.under("label"):
            rows[f"label:{label}"] = {"key": ""}
    for row in table.rows:
        new = row_of(row) | {"use": 0.0}
        if row.id not in ids:
            if _twin(known, row):
                counts["unchanged"] += 1
                continue
            new["status"] = row.status if row.status != "suggested" else "annotated"
            rows[f"new{len(rows)}"] = new
            counts["added"] += 1
            continue
        old = known[row.id]
        same = old["label"] == row.label and all(
            abs(old[key] - new[key]) <= SAME for key in ("start", "end")
        )
        if same and old["status"] != "suggested":
            counts["unchanged"] += 1
            continue
        state = "accepted" if same else "edited"
        moved = {key: new[key] for key in ("label", "start", "end")} if not same else {}
        rows[row.id] = old | moved | {"status": state}
        counts[state] += 1
    if ids:
        whole = set(table.recordings)
        for key, old in known.items():
            gone = key not in ids and old["recording"] in whole
            if gone and old["status"] == "suggested":
                rows[key] = old | {"status": "rejected"}
                counts["rejected"] += 1
    return rows, counts


def _known(known: Mapping[str, Mapping[str, Any]], row: Event) -> bool:
    return row.id in known and known[row.id]["recording"] == row.recording


def _twin(known: Mapping[str, Mapping[str, Any]], row: Event) -> bool:
    """Whether the very same event is there already, under another id."""
    same = ("recording", "label", "subject")
    return any(
        all(old[key] == getattr(row, key) for key in same)
        and abs(old["start"] - row.start) <= SAME
        and abs(old["end"] - row.end) <= SAME
        for old in known.values()
    )


def as_coder(table: Events) -> list[dict[str, Any]]:
    """Another coder's events, as they are kept to compare with."""
    return [row_of(row) | {"use": 0.0} for row in table.rows if row.status != "rejected"]
