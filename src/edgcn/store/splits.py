"""Who trains and who tests: by subject, by camera, by recording, by time, or as the source says.

A split is named `RULE` (published with the data set), `subject`, `subject:a,b`, `camera:a,b`,
`given`, `loso` (leave one subject out), `recording` or `time`. Held-out rows for choosing a setting
come from the TRAINING subjects, never from the test.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Int

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.spelling import natural as by_number
from edgcn.skeleton.recording import SplitRule
from edgcn.store.tables import RecordingTable, SegmentTable, Words

Side = Literal["train", "test"]
Rows = Int[np.ndarray, " _"]

TESTED = 1 / 3  # of all subjects, where nobody has published who tests


@runtime_checkable
class Columns(Protocol):
    """What is known of some clips."""

    @property
    def subjects(self) -> np.ndarray: ...
    @property
    def cameras(self) -> np.ndarray: ...
    @property
    def tags(self) -> np.ndarray: ...
    @property
    def titles(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Fold:
    """Rows that train and rows that test; none is both."""

    train: Rows
    test: Rows


@dataclass(frozen=True)
class Split:
    """One or several folds, and the name that chose them.

    Args:
        warning: printed wherever a number that it gave is printed.
    """

    name: str
    folds: tuple[Fold, ...]
    warning: str = ""

    @property
    def train(self) -> Rows:
        """Rows that train, where there is one fold."""
        return self._only().train

    @property
    def test(self) -> Rows:
        """Rows that test, where there is one fold."""
        return self._only().test

    def _only(self) -> Fold:
        if len(self.folds) > 1:
            raise EdgcnError(
                f"split {self.name!r} has {len(self.folds)} folds, each with training clips of its "
                f"own; `edgcn evaluate` takes them all, but one encoder or classifier learns from "
                f"one fold: use `--split subject`, or `--split all` for every clip"
            )
        return self.folds[0]


def default_split(rules: Mapping[str, SplitRule]) -> str:
    """The first published split, or by subject where none is published."""
    return next(iter(rules), "subject")


def choose_rule(name: str | None, *, rules: Mapping[str, SplitRule], clips: Columns) -> SplitRule:
    """The rule that a split of one fold is made by; not `time`, which goes by no column.

    Raises:
        EdgcnError: no split has this name, it names somebody who is not among the clips, or there
            is only one subject to split.
    """
    name = name or default_split(rules)
    if not isinstance(name, str):
        raise EdgcnError(f"expected the name of a split, got {name!r}")
    if name in rules:
        return rules[name]
    by, _, listed = name.partition(":")
    chosen = tuple(value for value in listed.split(",") if value)
    if by in ("subject", "camera") and chosen:
        column = _column(by, clips)
        if unknown := sorted(set(chosen) - {*column.tolist()}):
            raise EdgcnError(
                f"split {name!r} names a {by} that is not in this store: {', '.join(unknown)}; "
                f"it has {_listed(column)}"
            )
        return SplitRule("subject" if by == "subject" else "camera", test=chosen)
    if name == "subject":
        return SplitRule("subject", test=_tested(clips.subjects))
    if name == "recording":
        return SplitRule("recording", test=_tested(clips.titles, "recording"))
    if name == "given":
        return SplitRule("split", train=("train",), test=("test",))
    known = [
        *rules, "subject", "subject:NAME,NAME", "camera:NAME,NAME", "given", "loso", "recording",
        "time",
    ]  # fmt: skip
    hint = did_you_mean(name, known)
    raise EdgcnError(f"no split is named {name!r}; this store knows {', '.join(known)}{hint}")


def sides(rule: SplitRule, clips: Columns) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Which clips train and which test by a rule; what both sides name trains."""
    column = _column(rule.by, clips)
    cells = [set(str(cell).split()) if rule.by == "split" else {str(cell)} for cell in column]

    def side(wanted: tuple[str, ...], others: tuple[str, ...]) -> np.ndarray:
        if wanted:
            return np.array([bool(cell & set(wanted)) for cell in cells], dtype=bool)
        return np.array([not cell & set(others) for cell in cells], dtype=bool)

    train = side(rule.train, rule.test)
    return train, side(rule.test, rule.train) & ~train


def _column(by: str, clips: Columns) -> Words:
    columns = {
        "subject": "subjects", "camera": "cameras", "split": "tags", "recording": "titles",
    }  # fmt: skip
    return np.asarray(getattr(clips, columns[by]))


def choose_split(
    name: str | None,
    *,
    rules: Mapping[str, SplitRule],
    clips: Columns,
    later: Int[np.ndarray, " n"] | None = None,
) -> Split:
    """Rows of a named split; both sides have clips, and no clip is on both.

    Args:
        later: for `time`: 0 where a clip trains, 1 where it tests, -1 where it is in between.

    Raises:
        EdgcnError: no split has this name, it names somebody who is not among the clips, it leaves
            a side without clips, or there is only one subject to split.
    """
    name = name or default_split(rules)
    if name == "loso" and name not in rules:
        _need_two(name, clips.subjects)
        return Split(
            name,
            tuple(
                Fold(
                    np.flatnonzero(clips.subjects != person),
                    np.flatnonzero(clips.subjects == person),
                )
                for person in natural(clips.subjects)
            ),
        )
    if name == "time" and name not in rules and later is not None:
        fold = Fold(np.flatnonzero(later == 0), np.flatnonzero(later == 1))
        _need_both(name, fold, "the clips of every recording are too few to split")
        return Split(name, (fold,), "the same people are on both sides of this split")
    rule = choose_rule(name, rules=rules, clips=clips)
    train, test = sides(rule, clips)
    fold = Fold(np.flatnonzero(train), np.flatnonzero(test))
    have = _listed(_column(rule.by, clips)) or "(none)"
    _need_both(name, fold, f"this store's {rule.by}s are {have}")
    both = "split by recording: the same person may be on both sides" * (rule.by == "recording")
    return Split(name, (fold,), both)


def _tested(subjects: Words, what: str = "subject") -> tuple[str, ...]:
    """Who tests where nobody has published it: about a third, each by the hash of the own name.

    So nobody changes sides when somebody is added, unless one side was empty before.

    Args:
        subjects: of each clip, or the names of what else is split.
    """
    _need_two(what, subjects)
    draws = {name: _draw(name) for name in natural(subjects)}
    tested = [name for name, draw in draws.items() if draw < TESTED]
    if not tested:
        return (min(draws, key=draws.__getitem__),)
    if len(tested) == len(draws):
        tested.remove(max(draws, key=draws.__getitem__))
    return tuple(tested)


def _draw(name: str) -> float:
    """A number from 0 to 1 that depends on nothing but the name."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogatepass")).digest()[:8]) / 2**64


def _need_two(name: str, subjects: Words) -> None:
    if len(people := natural(subjects)) < 2 and name == "recording":
        raise EdgcnError("split 'recording' needs clips of two recordings, and there is one")
    if len(people) < 2:
        raise EdgcnError(
            f"split {name!r} needs clips of two subjects, and all of these are of "
            f"{people[0] if people and people[0] else 'nobody by name'}; with one person, "
            f"`--split time` tests on the last third (pretrain and fit take `all`, too)"
        )


def _need_both(name: str, fold: Fold, why: str) -> None:
    for side, rows in (("training", fold.train), ("test", fold.test)):
        if not len(rows):
            raise EdgcnError(
                f"split {name!r} leaves no {side} clips; {why}; choose another with --split "
                f"(pretrain and fit take `all`, too)"
            )


def natural(values: Iterable[str]) -> list[str]:
    """Each value once, s2 before s10."""
    return sorted({str(value) for value in values}, key=by_number)


def _listed(column: Words) -> str:
    return ", ".join(natural(column))


def held_out(rows: Rows, subjects: Words, *, folds: int = 4) -> list[tuple[Rows, Rows]]:
    """Up to `folds` (fit, check) pairs of training rows with no subject in common.

    With a single subject there is nobody to hold out, and every fourth clip is held out instead.
    """
    people = natural(subjects[rows])
    if len(people) == 1:
        groups = np.arange(len(rows)) % folds
        count = min(folds, len(rows))
    else:
        position = {person: index for index, person in enumerate(people)}
        count = min(folds, len(people))
        groups = np.array([position[str(s)] % count for s in subjects[rows]])
    return [(rows[groups != fold], rows[groups == fold]) for fold in range(count)]


def time_borders(
    recordings: RecordingTable, segments: SegmentTable
) -> Int[np.ndarray, " recordings"]:
    """For the split `time`: the frame of all at which each recording begins to test.

    Where its last third of segments begins, or of frames where it has none. Where no recording has
    more than one segment, a third of those of each class test, the last in the order of the store:
    files are often sorted by class.
    """
    offsets, ends = recordings.offsets, recordings.offsets + recordings.lengths
    of, begins = segments.recordings, recordings.offsets[segments.recordings] + segments.starts
    borders = offsets + 2 * recordings.lengths // 3
    borders[of] = ends[of]
    single = np.bincount(of, minlength=1).max() <= 1
    late = _last_third(segments.labels if single else of, begins)
    np.minimum.at(borders, of[late], begins[late])
    return np.asarray(borders)


def _last_third(
    groups: Int[np.ndarray, " n"], order: Int[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    """Which come last in their group."""
    ranked = np.lexsort((order, groups))
    _, first, count = np.unique(groups[ranked], return_index=True, return_counts=True)
    rank = np.arange(len(groups)) - np.repeat(first, count)
    late = np.empty(len(groups), dtype=bool)
    late[ranked] = rank >= np.rint(np.repeat(2 * count / 3, count))
    return late
