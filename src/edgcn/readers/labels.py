"""Labels that are numbers: how large they may be, and whether they count from where they should."""

from collections.abc import Iterable
from pathlib import Path

from edgcn.base.errors import EdgcnError

MOST_CLASSES = 10_000  # a name is made for each number up to the largest label


def class_names(labels: Iterable[int]) -> tuple[str, ...]:
    """Names for classes that have none: "class 000" up to the largest label."""
    return tuple(f"class {label:03d}" for label in range(max(labels, default=0) + 1))


def first_label_note(labels: Iterable[int]) -> str:
    """Named where no label is 0 although labels count from there; else nothing."""
    smallest = min((label for label in labels if label >= 0), default=0)
    if not smallest:
        return ""
    return (
        f"no clip has label 0, the smallest is {smallest}: labels may count from 1 here, then the "
        f"first of the classes is empty and each name one off"
    )


def check_counts_from_1(path: Path, label: int, classes: int, *, line: int | None = None) -> None:
    """Refuse a 0 where labels count from 1: all others are then one class off, or it is wrong.

    Raises:
        EdgcnError: the label is 0. No `FileError`: leaving out this one alone would not do.
    """
    if label == 0:
        where = f"{path}:{line}" if line is not None else f"{path}"
        raise EdgcnError(
            f"{where}: expected labels that count from 1 to {classes}, got 0; either all labels "
            f"count from 0, then add 1 to each, or this one is wrong, then mend or remove it"
        )
