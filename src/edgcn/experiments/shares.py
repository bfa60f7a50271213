"""Several processes in one folder, which each take a share of the tasks.

tasks, 0/2 -> every second task, then the others' to help with
"""

from collections.abc import Sequence
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
