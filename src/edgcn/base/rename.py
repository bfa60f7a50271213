"""What is finished gets its name: one that is free, or in exchange for what had it."""

import ctypes
import errno
import os
import sys
from pathlib import Path

TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR)
HERE, SWAP = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux; RENAME_SWAP of macOS is 2, too


def rename_new(path: Path, name: Path) -> bool:
    """Rename a file or folder unless the name is taken; whether it was free.

    An empty folder of this name is replaced by a folder: nothing is lost with it.
    """
    try:
        if path.is_dir():
            path.rename(name)
        else:
            _rename_file(path, name)
    except OSError as error:
        if error.errno in TAKEN:
            return False
        raise
    return True


def _rename_file(path: Path, name: Path) -> None:
    """A second name for the file, which fails if there is one, in place of the first."""
    try:
        os.link(path, name)
    except OSError as error:
        if error.errno in TAKEN or name.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(name)) from error
        path.rename(name)  # a file system without such names
    else:
        path.unlink()


def rename_beside(path: Path, name: Path) -> Path:
    """Rename to NAME-2, or the first number above whose name is free; the new name."""
    number = 2
    while True:
        other = name.with_name(f"{name.stem}-{number}{name.suffix}")
        if not other.exists() and rename_new(path, other):
            return other
        number += 1


def exchange(folder: Path, other: Path) -> None:
    """Swap the names of two folders, in one step where the system can."""
    if _swapped(folder, other):
        return
    earlier = earlier_name(other)
    other.rename(earlier)
    try:
        folder.rename(other)
    except BaseException:
        earlier.rename(other)
        raise
    earlier.rename(folder)


def earlier_name(folder: Path) -> Path:
    """What a folder is called between the steps: a name that people see."""
    return folder.with_name(f"{folder.name}-earlier")


def _swapped(folder: Path, other: Path) -> bool:
    """Whether the system could swap the names in one step."""
    names = os.fsencode(folder), os.fsencode(other)
    library = ctypes.CDLL(None)
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        return bool(library.renameat2(HERE, names[0], HERE, names[1], SWAP) == 0)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        return bool(library.renamex_np(*names, SWAP) == 0)
    return False
