"""What a store says of its sources: a checksum of the files, and what their user should know."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

from edgcn.base.spelling import alike
from edgcn.base.words import LISTED, named
from edgcn.skeleton.recording import Recordings


def note_of(recordings: Recordings, notes: Mapping[str, str], people: Sequence[str]) -> str:
    """The reader's note, names that differ in spelling only, and what was noted of recordings.

    Args:
        notes: of recordings by their names.
        people: all subjects.
    """
    said = [recordings.note]
    for what, names in (("classes", recordings.classes), ("subjects", people)):
        if groups := [" and ".join(map(repr, group)) for group in alike(filter(None, names))]:
            said.append(f"{what} that differ in spelling only: {named(groups, most=LISTED)}")
    said += [f"{name}: {note}" for name, note in list(notes.items())[:LISTED]]
    if len(notes) > LISTED:
        said.append(f"as much was noted of {len(notes) - LISTED} more recordings")
    return "; ".join(filter(None, said))


def checksum(files: Sequence[Path]) -> dict[str, Any]:
    """One SHA-256 over the names and contents of all source files that can be read."""
    digest, read, size = hashlib.sha256(), 0, 0
    ordered = sorted(files)
    with ThreadPool() as pool:  # hashing needs no Python, so that threads do use all cores
        for path, found in zip(ordered, pool.imap(_digest, ordered, 16), strict=True):
            if found is not None:
                digest.update(os.fsencode(path.name) + f" {found[0]}".encode())
                read, size = read + 1, size + found[1]
    return {"files": read, "bytes": size, "sha256": digest.hexdigest()}


def _digest(path: Path) -> tuple[str, int] | None:
    """Of one file; None where it is none, or may not be read: its reader has said so."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
    except OSError:
        return None
