"""Which files of a folder are read: those that match, are not hidden, and are files at all.

folder, pattern -> `find` -> paths
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from edgcn.base.errors import EdgcnError
from edgcn.base.files import check_file


def find(folder: Path, pattern: str, *, what: str = "files", hint: str = "") -> list[Path]:
    """The paths in a folder whose names match a pattern ("*.txt", "**/*.txt"), sorted.

    What is hidden (a name that starts with ".", as macOS leaves beside every file) is no recording.
    Links to folders elsewhere are followed. What cannot be read is among the paths, a folder that
    may not be looked into as well: `check_file` says so where its turn comes.

    Args:
        what: names the things looked for in the error ("NTU files").
        hint: ends the error: what to do about it.

    Raises:
        EdgcnError: the folder is missing, empty or a file, or nothing in it matches.
    """
    check_folder(folder, what=what, hint=hint)
    name, deep = pattern.removeprefix("**/"), pattern.startswith("**/")
    found, others = [], 0
    for path, is_file in visible(folder, deep=deep):
        if fnmatchcase(path.name, name) or is_file is None:
            found.append(path)
        else:
            others += is_file
    if not found:
        among = f"none of them among {others} files" if others else "an empty folder"
        raise _not_found(f"expected {what} named {pattern} in {folder}, found {among}", hint)
    return sorted(found)


def visible(root: Path, *, deep: bool) -> Iterator[tuple[Path, bool | None]]:
    """What is not hidden in a folder, and whether it is a file; None: it cannot be looked into.

    Args:
        deep: go into folders, too, each of them once, whatever links lead there.
    """
    waiting, known = [root], [root.resolve()]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                inside = [(folder / entry.name, entry.is_symlink()) for entry in entries]
        except OSError:
            yield folder, None
            continue
        for path, is_link in inside:
            if path.name.startswith("."):
                continue
            is_folder = os.path.isdir(path)
            yield path, not is_folder
            if is_folder and is_link:
                real = path.resolve()
                is_folder = not any(real in (a, *a.parents) or a in real.parents for a in known)
                known.append(real)
            if is_folder and deep:
                waiting.append(path)


def check_folder(folder: Path, *, what: str = "files", hint: str = "") -> None:
    """Raise an `EdgcnError` unless this is an existing folder."""
    if not folder.exists():
        raise _not_found(f"expected a folder with {what} at {folder}, found nothing there", hint)
    if not folder.is_dir():
        raise _not_found(f"expected a folder with {what} at {folder}, found a file", hint)


def _not_found(problem: str, hint: str) -> EdgcnError:
    return EdgcnError(f"{problem}; {hint or 'give the root folder of the data set'}")


def read_bytes(path: Path) -> bytes:
    """The content of a file; raises as `check_file` does."""
    check_file(path)
    return path.read_bytes()
