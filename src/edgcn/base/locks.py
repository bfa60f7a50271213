"""Locks between processes: a file that one of them holds, and that none holds once it has ended."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = False) -> Iterator[bool]:
    """Whether the lock is ours; it goes with the process, however that ends.

    A file system that knows no locks gives them to everybody.

    Args:
        path: the lock's file; whoever holds it all may remove it.
        shared: several may hold it at once, and nobody all of it.
        wait: until it is ours.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("a") as file:
            if not _take(file, shared=shared, wait=wait):
                yield False
                return
            if _is_there(file, path):  # and not removed by the last one who held it
                yield True
                return


def _take(file: TextIO, *, shared: bool, wait: bool) -> bool:
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        return True
    try:
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(file, how | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _is_there(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
