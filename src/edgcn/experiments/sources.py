"""Which data sets lie under a folder: prepared stores, or releases known by their files' names.

folder -> one walk -> {name: Source} -> `ensure_store` -> store
"""

import json
import os
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.base.words import count
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.presets.datasets import DATA_SETS
from edgcn.readers.text.folders import check_folder
from edgcn.reports.tables import text_table
from edgcn.store import open_store

DEPTH = 5  # levels of folders under the root that are looked into
_PATTERNS = [
    (name, release, re.compile(pattern))
    for name, known in DATA_SETS.items()
    for release, pattern in known.releases.items()
]
_ENDINGS = (".csv", ".skeleton", ".npz", ".txt", ".mat")
_LAST_OF_NTU_60 = 60


@dataclass(frozen=True)
class Source:
    """A data set that was found.

    Args:
        name: its key in DATA_SETS.
        path: what the reader takes; where a store is prepared already, that store.
        options: of the reader.
        store: the prepared store, None where there are only recordings.
        note: which release it is, and how much of it.
    """

    name: str
    reader: str
    path: Path
    options: dict[str, str] = field(default_factory=dict)
    store: Path | None = None
    note: str = ""


Names = dict[Path, set[str]]  # recordings by the folder that the reader would be given


def find_sources(root: Path) -> dict[str, Source]:
    """Every known data set under a folder, by name; a prepared store wins over its recordings.

    Looks into folders to a depth of 5, each once. Hidden folders are left out: one of them may be
    a store whose preparation was killed.

    Raises:
        EdgcnError: no such folder, nothing known in it, or a data set twice.
    """
    check_folder(root, what="data sets", hint="give the folder that holds the data sets")
    stores: dict[str, list[Path]] = defaultdict(list)
    raw: dict[tuple[str, str], Names] = defaultdict(dict)
    for folder, files in _walk(root):
        if "store.json" in files:
            if (name := which_set(folder)) is not None:
                stores[name].append(folder)
        else:
            _note_recordings(raw, root, folder, files)
    sources, twice = {}, []
    for name in DATA_SETS:
        found = [_stored(name, store) for store in stores[name]]
        if not found:
            found = [s for (n, release), names in raw.items() if n == name
                     for s in _recorded(name, release, names)]  # fmt: skip
        if len(found) > 1:
            twice.append(f"{DATA_SETS[name].title} at {found[0].path} and at {found[1].path}")
        elif found:
            sources[name] = found[0]
    if twice:
        raise EdgcnError(
            f"expected each data set once under {root}, found {'; '.join(twice)}; move one of them "
            "away, or give a folder that holds only the one that is meant"
        )
    if not sources:
        raise _nothing_found(root)
    return sources


def _nothing_found(root: Path) -> EdgcnError:
    looked = "; ".join(f"{d.title}: {d.looks} ({d.page})" for d in DATA_SETS.values())
    return EdgcnError(
        f"expected data sets or prepared stores under {root} (to a depth of {DEPTH} folders), "
        f"found none; looked for {looked}; put one there, or give the folder that holds it"
    )


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder once, those near the root first, with the names of its files.

    Links are followed, since large data sets often lie on another disk. A store is not looked into.
    """
    waiting, visited = deque([(root, 0)]), set()
    while waiting:
        folder, depth = waiting.popleft()
        place = folder.stat()
        if (place.st_dev, place.st_ino) in visited:
            continue  # a link to where we have been
        visited.add((place.st_dev, place.st_ino))
        files: list[str] = []
        folders: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    (folders if entry.is_dir() else files).append(entry.name)
        except PermissionError:
            continue  # as lost+found at the root of a disk
        yield folder, files
        if depth < DEPTH and "store.json" not in files:
            waiting += [(folder / name, depth + 1) for name in sorted(folders) if name[0] != "."]


def which_set(store: Path) -> str | None:
    """The data set that a prepared store holds, or None if it is of another, or no store."""
    try:
        data: dict[str, Any] = json.loads((store / "store.json").read_text())
        kind = data["reader"], data["units"], len(data["classes"]), data["classes"][0]
        topology = data["topology"]["name"]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    for name, known in DATA_SETS.items():
        expected = known.reader, known.units, known.classes, known.first_class
        if kind == expected and topology in known.topologies:
            return name
    return None


def _note_recordings(
    raw: dict[tuple[str, str], Names], root: Path, folder: Path, files: list[str]
) -> None:
    """Add the recordings in a folder to those of their data sets and releases."""
    for file in files:
        if not file.endswith(_ENDINGS):
            continue
        for name, release, pattern in _PATTERNS:
            if matched := pattern.fullmatch(f"{folder.name}/{file}"):
                place = _given(root, folder, file, matched[1])
                raw[name, release].setdefault(place, set()).add(matched[1])


def _given(root: Path, folder: Path, file: str, recording: str) -> Path:
    """What a reader is given to find this file: the data set's folder, or a file of its own."""
    if file.endswith(".npz"):
        return folder / file
    single = folder.name in (recording, "Label")  # Sample0001/, 0001/: a folder for each recording
    return folder.parent if single and folder != root else folder


def _stored(name: str, store: Path) -> Source:
    return Source(name, DATA_SETS[name].reader, store, store=store, note="prepared store")


def _recorded(name: str, release: str, names: Names) -> list[Source]:
    """One source, though it may be spread (train/, test/); two where recordings lie in it twice."""
    places, options = sorted(names), {}
    owner: dict[str, Path] = {}
    for place in places:
        for recording in names[place]:
            if (other := owner.setdefault(recording, place)) != place:
                return [Source(name, DATA_SETS[name].reader, path) for path in (other, place)]
    recordings = list(owner)
    if name == "ntu60":
        recordings = [one for one in recordings if int(one[-3:]) <= _LAST_OF_NTU_60]
        if not recordings:
            return []
        if len(recordings) < len(owner):
            options = {"actions": str(_LAST_OF_NTU_60)}
    parts = [release] if release else []
    published = DATA_SETS[name].files
    if published > 1:
        parts.append(f"{len(recordings):,} of {published:,} files")
    if options:
        parts.append(f"{len(owner) - len(recordings):,} of NTU RGB+D 120 left out")
    path = places[0] if len(places) == 1 else Path(os.path.commonpath(places))
    return [Source(name, DATA_SETS[name].reader, path, options, note=", ".join(parts))]


def describe(sources: dict[str, Source]) -> str:
    """A table of what was found and, for what was not, where it is obtained."""
    rows = []
    for name, known in DATA_SETS.items():
        row = {"data set": name, "found": "not found", "note": f"{known.title}: {known.page}"}
        if name in sources:
            row |= {"found": str(sources[name].path), "note": sources[name].note}
        rows.append(row)
    return text_table(rows, ("data set", "found", "note"))


def ensure_store(source: Source, folder: Path, say: Say = tell) -> Path:
    """The data set's store: the one that was found, or `folder`/NAME, prepared where none is.

    Raises:
        EdgcnError: the store is damaged, or the one in `folder` is of another data set.
    """
    out = source.store or folder / source.name
    if not out.exists():
        say(f"preparing {DATA_SETS[source.name].title} from {source.path}")
        config = PrepareConfig(
            reader=source.reader, path=source.path, out=out, options=source.options
        )
        prepare(config, say=say)
    store = open_store(out)
    if which_set(out) != source.name:
        raise EdgcnError(
            f"expected a store of {DATA_SETS[source.name].title} at {out}, found one of reader "
            f"{store.metadata['reader']!r} with {count(len(store.classes), 'class')}; move it away"
        )
    return out
