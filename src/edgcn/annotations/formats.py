"""Annotation files by format: which one a file is, and reading and writing any of them.

files or folders -> `read_events` -> one table of events -> `write_events` -> files of any format
"""

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgcn.annotations.boris import read_boris, write_boris
from edgcn.annotations.eaf import read_eaf
from edgcn.annotations.eaf_write import write_eaf
from edgcn.annotations.events import Event, Events, bounded, joined, of_recording, stem
from edgcn.annotations.nothing import of_nothing, without_labels
from edgcn.annotations.numbered import (
    PREDICTION,
    read_imigue_labels,
    read_miga_labels,
    read_predictions,
    read_smg_labels,
    write_miga_labels,
    write_smg_labels,
)
from edgcn.annotations.table import NoTableError, read_table, write_table
from edgcn.annotations.vtt import write_vtt
from edgcn.base.errors import EdgcnError, FileError, did_you_mean
from edgcn.base.files import check_file
from edgcn.base.parts import check_settings, settings_of
from edgcn.base.words import LISTED, quoted
from edgcn.base.words import named as named_some
from edgcn.readers.imigue_table import HEADER
from edgcn.readers.text.folders import visible

Where = str | os.PathLike[str]
Read = Callable[..., Events]
Write = Callable[[Events, Path], list[str]]


@dataclass(frozen=True)
class Format:
    """A format of annotation files.

    Args:
        endings: by which its files are known, in lower case; new files get the first one.
        read: path and settings -> events, where it can be read.
        write: events -> what the format could not hold, where it can be written.
        many: whether one file holds many recordings.
        holds: what it has a place for, of `PLACES`; a writer names what it cannot keep of these.
    """

    title: str
    endings: tuple[str, ...]
    read: Read | None
    write: Write | None
    many: bool = False
    holds: tuple[str, ...] = ()


FORMATS: dict[str, Format] = {  # the longest endings first
    "smg": Format("SMG's labels", ("_finelabels.csv",), read_smg_labels, write_smg_labels),
    "prediction": Format("MiGA's predictions", (PREDICTION,), read_predictions, write_miga_labels),
    "miga": Format("MiGA's labels", ("_label.csv",), read_miga_labels, write_miga_labels),
    "imigue": Format("iMiGUE's label table", (), read_imigue_labels, None, many=True),
    "boris": Format(
        "a BORIS project", (".boris", ".boris.gz"), read_boris, write_boris, many=True,
        holds=("subject", "tier", "score", "status", "by", "id", "labels", "media"),
    ),
    "eaf": Format(
        "an ELAN document", (".eaf", ".etf"), read_eaf, write_eaf,
        holds=("subject", "tier", "score", "status", "by", "id", "labels", "media"),
    ),
    "vtt": Format("WebVTT", (".vtt",), None, write_vtt, holds=("subject", "score")),
    "csv": Format(
        "a table", (".csv", ".tsv", ".txt"), read_table, write_table, many=True,
        holds=("subject", "tier", "score", "status", "by", "id"),
    ),
}  # fmt: skip
FARTHEST = 1e6  # seconds; no recording lasts 11 days
PLACES = {  # for what an event has beside its label and times
    "subject": "subjects", "tier": "tiers", "score": "scores", "status": "states",
    "by": "coders", "id": "ids",
}  # fmt: skip


def format_of(path: Path) -> str:
    """The format of a file, by its name, and of a table by its header.

    Raises:
        EdgcnError: no format has such files.
    """
    name = path.name.lower()
    for key, kind in FORMATS.items():
        if name.endswith(kind.endings) and kind.endings:
            return "imigue" if key == "csv" and _is_imigue(path) else key
    known = ", ".join(ending for kind in FORMATS.values() for ending in kind.endings)
    raise EdgcnError(f"{path}: expected an annotation file ({known})")


def _is_imigue(path: Path) -> bool:
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        head = file.readline(1000).decode("utf-8", errors="replace").lower()
    return all(name in head for name in HEADER[:5])


def read_events(
    paths: Iterable[Where], *, format: str | None = None, settings: Mapping[str, Any] | None = None
) -> Events:
    """The events of files, and of all annotation files in folders, as one table.

    Args:
        format: of all files; by default each file's own.
        settings: of the formats' readers; each takes those that it has. `leave_out` is of all:
            labels with commas between them, whose events are left out.

    Raises:
        EdgcnError: nothing to read, a setting that no reader of these files has, or a file that
            cannot be read.
    """
    settings = dict(settings or {})
    leave_out = settings.pop("leave_out", None)
    given = {file: Path(path) for path in paths for file in files_in(Path(path))}
    if not given:
        raise EdgcnError("no annotation files were given")
    parts, used, others = [], set[str](), list[NoTableError]()
    for file, place in given.items():
        check_file(file)
        kind = named(format or format_of(file))
        if kind.read is None:
            raise EdgcnError(f"{file}: {kind.title} can be written, but not read")
        own = settings_of(kind.read)
        values = {name: value for name, value in settings.items() if name in own}
        used |= values.keys()
        try:
            table = kind.read(file, **check_settings(kind.read, values, what=f"{file}"))
        except OSError as error:
            raise FileError(file, error.strerror or str(error)) from None
        except NoTableError as error:
            if file == place:
                raise
            others.append(error)  # tables of poses lie in the same folder, say
            continue
        parts.append(table)
    if not parts:
        raise others[0]
    if unused := settings.keys() - used:
        name = sorted(unused)[0]
        raise EdgcnError(f"none of these files is read with {name}; leave it out")
    table = joined(parts)
    far = [row for row in table.rows if FARTHEST < row.end < math.inf]
    strange = [
        f"{row.recording}: {quoted(row.label)} ends at {row.end:.0f} s: is the unit right?"
        for row in far[:1]
    ]
    left_out = [f"{error.path}: no table of events, left out" for error in others]
    told = told_together([*table.notes, *left_out], list(given))
    table = replace(table, notes=(*told, *strange))
    if leave_out is not None:
        return without_labels(table, str(leave_out).split(","))
    return replace(table, notes=(*table.notes, *of_nothing(table)))


def told_together(notes: Iterable[str], files: Iterable[Path]) -> list[str]:
    """Notes that begin with a file: one line where more files than `LISTED` have the same."""
    known, same = {f"{file}" for file in files}, dict[str, list[str]]()
    for note in notes:
        name, _, what = note.partition(": ")
        same.setdefault(what if name in known else note, []).append(name if name in known else "")
    lines = list[str]()
    for what, names in same.items():
        if len(names) > LISTED and all(names):
            lines.append(f"{what}: {named_some(names, most=LISTED)}")
        else:
            lines += [f"{name}: {what}" if name else what for name in names]
    return lines


def files_in(path: Path) -> list[Path]:
    """The annotation files of a folder at any depth, sorted; a file is itself.

    Raises:
        EdgcnError: nothing is there.
    """
    if not path.is_dir():
        if not path.exists():
            raise EdgcnError(f"{path} does not exist")
        return [path]
    endings = tuple(
        ending for kind in FORMATS.values() if kind.read for ending in kind.endings
        if ending != ".txt"
    )  # fmt: skip
    found = [
        file for file, is_file in visible(path, deep=True)
        if is_file is None or (is_file and file.name.lower().endswith(endings))
    ]  # fmt: skip
    if not found:
        raise EdgcnError(f"{path} has no annotation files ({', '.join(endings)})")
    return sorted(found)


def named(name: str) -> Format:
    """The format of this name.

    Raises:
        EdgcnError: there is none.
    """
    if name not in FORMATS:
        hint = did_you_mean(name, FORMATS)
        raise EdgcnError(f"no annotation format is named {name!r}: {', '.join(FORMATS)}{hint}")
    return FORMATS[name]


def write_events(
    table: Events, out: Where, *, format: str | None = None, overwrite: bool = False
) -> tuple[list[Path], list[str]]:
    """Write a table to a file, or to a file a recording in the folder `out`.

    Args:
        format: by default what the ending of `out` says.

    Returns:
        The files, and a line for each thing that the format cannot hold.

    Raises:
        EdgcnError: a file is there already, or several recordings do not fit into one.
    """
    out = Path(out)
    key = format or format_of(out)
    kind = named(key)
    if kind.write is None:
        raise EdgcnError(f"{kind.title} can be read, but not written")
    table = table if key == "csv" else bounded(table, {})
    into_file = out.name.lower().endswith(kind.endings[0])
    if not into_file and out.name.lower().endswith(kind.endings):
        raise EdgcnError(f"{out}: {kind.title} is written to files named *{kind.endings[0]}")
    if not kind.many and into_file and len(table.recordings) > 1:
        raise EdgcnError(
            f"{out}: {kind.title} holds one recording, and there are {len(table.recordings)}; "
            f"give a folder, with --format {key}"
        )
    if into_file:
        jobs = {out: table}
    elif kind.many:
        jobs = {out / f"events{kind.endings[0]}": table}
    else:
        jobs = _by_recording(table, out, kind.endings[0])
    for path in jobs:
        if path.exists() and not overwrite:
            raise EdgcnError(f"{path} exists already; choose another name, or pass --overwrite")
    lost = list[str]()
    for path, part in jobs.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EdgcnError(f"cannot write to {path.parent}: {error.strerror}") from error
        lost += [*kind.write(part, path), *without_place(part, path, kind)]
    return list(jobs), lost


def without_place(table: Events, path: Path, kind: Format) -> list[str]:
    """A line for each thing of these events that a format has no place for."""
    lost, nothing = [], Event("", "", 0.0, 0.0)
    for name, what in PLACES.items():
        count = sum(getattr(row, name) != getattr(nothing, name) for row in table.rows)
        if count and name not in kind.holds:
            lost.append(f"{path} has no place for {what}: {count} events lose theirs")
    unused = [label for label in table.labels if all(row.label != label for row in table.rows)]
    if unused and "labels" not in kind.holds and kind.read in (None, read_table):
        lost.append(
            f"{path} has no place for labels that no event has: {named_some(unused, most=LISTED)}"
        )
    for name, media in table.media.items():
        others = [file for file in media.files if stem(file) != stem(name)]
        if others and "media" not in kind.holds and name in table.recordings:
            lost.append(f"{path} does not say that {name} is in {named_some(others, most=LISTED)}")
    return lost


def _by_recording(table: Events, folder: Path, ending: str) -> dict[Path, Events]:
    jobs: dict[Path, Events] = {}
    for name in table.recordings:
        safe = "".join("_" if c in '/\\:*?"<>|' or ord(c) < 32 else c for c in name) or "recording"
        path = folder / f"{safe}{ending}"
        if path in jobs:
            raise EdgcnError(f"two recordings would be written to {path}; rename one of them")
        jobs[path] = of_recording(table, name)
    return jobs
