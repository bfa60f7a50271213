"""One folder, one process at a time, or several that each take a share of the tasks.

tasks, 0/2 -> every second task, then the others' to help with; a path -> a lock, or somebody has it
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from edgcn.base.errors import EdgcnError

Share = tuple[int, int]  # number of this process, and how many there are
Work = TypeVar("Work")


def parse_share(text: str) -> Share:
    """`0/2` as (0, 2).

    Raises:
        EdgcnError: it is not two such numbers.
    """
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and int(number) < int(of)):
        raise EdgcnError(f"--share: expected I/N with I from 0 to N - 1, as 0/2, got {text!r}")
    return int(number), int(of)


def in_turn(tasks: Sequence[Work], share: Share) -> list[Work]:
    """A share's tasks, every so many-th, and then those of the others, to help with."""
    number, of = share
    mine = list(tasks[number::of])
    return mine + [task for task in tasks if task not in mine]


@contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = False) -> Iterator[bool]:
    """Whether the lock is ours; it goes with the process, however that ends.

    Args:
        shared: several may hold it at once, and nobody all of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            import fcntl
        except ImportError:  # not a POSIX system
            yield True
            return
        try:
            how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(file, how | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            yield False
            return
        yield True
