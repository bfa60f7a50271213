"""Who trains and who tests: by subject, by camera, or as the source says.

A split is named `RULE` (published with the data set), `subject`, `subject:a,b`, `camera:a,b` or
`given`. Held-out rows for choosing a setting come from the TRAINING subjects, never from the test.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.skeleton.recording import SplitRule

Rows = np.ndarray  # int64, indices into a store's clips


@dataclass(frozen=True)
class Split:
    """Row indices of the training and the test clips, and the name that chose them."""

    name: str
    train: Rows
    test: Rows


def _natural(text: str) -> list[tuple[int, str]]:
    """Sort key that puts s2 before s10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text)]


def _unique(values: Sequence[str] | np.ndarray) -> list[str]:
    return sorted({str(value) for value in values}, key=_natural)


def _rule(name: str, rules: Mapping[str, SplitRule], subjects: np.ndarray) -> SplitRule:
    """The rule that a split's name stands for."""
    if name in rules:
        return rules[name]
    by, _, listed = name.partition(":")
    chosen = tuple(value for value in listed.split(",") if value)
    if by == "subject" and chosen:
        return SplitRule("subject", test=chosen)
    if by == "camera" and chosen:
        return SplitRule("camera", test=chosen)
    if name == "subject":
        people = _unique(subjects)
        return SplitRule("subject", test=tuple(people[2::3] or people[1:]))  # every third subject
    if name == "given":
        return SplitRule("split", train=("train",), test=("test",))
    known = [*rules, "subject", "subject:NAME,NAME", "camera:NAME,NAME", "given"]
    hint = did_you_mean(name, known)
    raise EdgcnError(f"no split is named {name!r}; this store knows {', '.join(known)}{hint}")


def default_split(rules: Mapping[str, SplitRule]) -> str:
    """The first published split, or every third subject where none is published."""
    return next(iter(rules), "subject")


def choose_split(
    name: str | None,
    *,
    rules: Mapping[str, SplitRule],
    subjects: np.ndarray,
    cameras: np.ndarray,
    tags: np.ndarray,
) -> Split:
    """Rows of a named split; both sides have clips, and no clip is on both."""
    name = name or default_split(rules)
    rule = _rule(name, rules, subjects)
    column = {"subject": subjects, "camera": cameras, "split": tags}[rule.by]
    cells = [set(str(cell).split()) if rule.by == "split" else {str(cell)} for cell in column]
    unknown = sorted({*rule.train, *rule.test} - set().union(*cells)) if ":" in name else []
    if unknown:
        raise EdgcnError(
            f"split {name!r} names a {rule.by} that is not in this store: {', '.join(unknown)}; "
            f"it has {', '.join(_unique(column))}"
        )

    def side(wanted: tuple[str, ...], others: tuple[str, ...]) -> np.ndarray:
        if wanted:
            return np.array([bool(cell & set(wanted)) for cell in cells], dtype=bool)
        return np.array([not cell & set(others) for cell in cells], dtype=bool)

    train = side(rule.train, rule.test)
    test = side(rule.test, rule.train) & ~train
    for label, mask in (("training", train), ("test", test)):
        if not mask.any():
            raise EdgcnError(
                f"split {name!r} leaves no {label} clips; this store's {rule.by}s are "
                f"{', '.join(_unique(column)) or '(none)'}; choose another with --split "
                f"(pre-training takes `all`, too)"
            )
    return Split(name, np.flatnonzero(train), np.flatnonzero(test))


def held_out(rows: Rows, subjects: np.ndarray, *, folds: int = 4) -> list[tuple[Rows, Rows]]:
    """Up to `folds` (fit, check) pairs of training rows with no subject in common.

    With a single subject there is nobody to hold out, and every fourth clip is held out instead.
    """
    people = _unique(subjects[rows])
    if len(people) == 1:
        groups = np.arange(len(rows)) % folds
        count = min(folds, len(rows))
    else:
        position = {person: index for index, person in enumerate(people)}
        count = min(folds, len(people))
        groups = np.array([position[str(s)] % count for s in subjects[rows]])
    return [(rows[groups != fold], rows[groups == fold]) for fold in range(count)]
