"""Splits: every way to name one, nobody on both sides by accident, held-out folds by subject."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.recording import Segment, SplitRule, trimmed
from edgcn.store import open_store, write_store
from edgcn.store.splits import Split, choose_split, default_split, held_out, natural
from helpers import long_store, make_clips, tiny_recordings, tiny_store, tiny_topology

SUBJECTS = np.array(["s1", "s1", "s2", "s2", "s10", "s10", "s3", "s3"])
CAMERAS = np.array(["c1", "c2"] * 4)
TAGS = np.array(["train", "train", "test xval", "test", "train xval", "", "train", "val"])
RULES = {
    "published": SplitRule("subject", train=("s1", "s3")),
    "both": SplitRule("subject", train=("s1",), test=("s2",)),
    "xview": SplitRule("camera", test=("c1",)),
    "xval": SplitRule("split", train=("train",), test=("xval",)),
}


@dataclass(frozen=True)
class Columns:
    """What a selection knows of its clips."""

    subjects: np.ndarray = field(default_factory=lambda: SUBJECTS)
    cameras: np.ndarray = field(default_factory=lambda: CAMERAS)
    tags: np.ndarray = field(default_factory=lambda: TAGS)
    titles: np.ndarray = field(default_factory=lambda: SUBJECTS)


def chosen(
    name: str | None, *, rules: dict[str, SplitRule] | None = None, **columns: np.ndarray
) -> Split:
    rules = RULES if rules is None else rules
    split = choose_split(name, rules=rules, clips=Columns(**columns))
    assert split.name == (name or default_split(rules))
    for fold in split.folds:
        assert not set(fold.train) & set(fold.test)
    return split


def by_subject(*people: str) -> set[str]:
    """Who tests by default among these."""
    subjects = np.array(people)
    blank = np.full(len(people), "")
    return set(subjects[chosen(None, rules={}, subjects=subjects, cameras=blank, tags=blank).test])


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [
        (None, [0, 1, 6, 7], [2, 3, 4, 5]),  # the first rule; an empty side is all the others
        ("published", [0, 1, 6, 7], [2, 3, 4, 5]),
        ("both", [0, 1], [2, 3]),  # those on neither side are left out
        ("xview", [1, 3, 5, 7], [0, 2, 4, 6]),
        ("xval", [0, 1, 4, 6], [2]),  # row 4 is tagged for both sides: it trains
        ("given", [0, 1, 4, 6], [2, 3]),
        ("subject:s10", [0, 1, 2, 3, 6, 7], [4, 5]),
        ("subject:s10,s1", [2, 3, 6, 7], [0, 1, 4, 5]),
        ("camera:c2", [0, 2, 4, 6], [1, 3, 5, 7]),
    ],
)
def test_each_way_to_name_a_split(name: str | None, train: list[int], test: list[int]) -> None:
    split = chosen(name)
    assert (split.train.tolist(), split.test.tolist()) == (train, test)
    assert not split.warning


# By subject, where nobody has published who tests

names = st.sets(st.from_regex(r"[a-z]{1,3}[0-9]{0,3}", fullmatch=True), min_size=2, max_size=30)


@given(names, st.from_regex(r"new[0-9]{1,3}", fullmatch=True))
def test_adding_somebody_never_moves_another(people: set[str], newcomer: str) -> None:
    """But who was alone on a side, and only there because somebody has to be."""
    before, after = by_subject(*people), by_subject(*people, newcomer)
    moved = (before ^ after) - {newcomer}
    assert not moved or moved in (before, people - before)
    assert len(moved) <= 1


def test_about_a_third_of_many_test() -> None:
    people = [f"person {number}" for number in range(2000)]
    assert 0.3 < len(by_subject(*people)) / 2000 < 0.37


def test_the_sides_of_names_are_those_of_every_version() -> None:
    """Results name people: who tests must not depend on the machine or the day."""
    people = [f"s{number}" for number in range(1, 13)]
    assert natural(by_subject(*people)) == ["s3", "s5", "s7", "s8"]
    assert by_subject("s1", "s2") == {"s2"}  # nobody by hash: the smallest goes there
    assert by_subject("s7", "s8") == {"s7"}  # everybody by hash: the largest trains


@given(names)
def test_both_sides_have_somebody_and_the_order_is_nothing(people: set[str]) -> None:
    tested = by_subject(*sorted(people))
    assert tested
    assert tested < people
    assert by_subject(*sorted(people, reverse=True), *people) == tested


def test_one_person_is_sent_to_a_split_by_time() -> None:
    for name in ("subject", "loso", None):
        for who in ("s1", ""):
            with pytest.raises(EdgcnError, match=r"needs clips of two subjects.*--split time"):
                chosen(name, rules={}, subjects=np.array([who] * 8))


# One subject out


def test_one_subject_out_tests_every_clip_once() -> None:
    split = chosen("loso")
    assert len(split.folds) == 4
    assert sorted(np.concatenate([fold.test for fold in split.folds])) == list(range(8))
    for fold, person in zip(split.folds, ("s1", "s2", "s3", "s10"), strict=True):
        assert set(SUBJECTS[fold.test]) == {person}
        assert sorted([*fold.train, *fold.test]) == list(range(8))
    for side in ("train", "test"):
        with pytest.raises(EdgcnError, match=r"'loso' has 4 folds.*--split subject"):
            getattr(split, side)


# By time


def test_the_last_third_of_each_recording_tests(tmp_path: Path) -> None:
    store = long_store(tmp_path, clips=36, subjects=4, each=6)
    clips, split = store.clips(), store.clips().split("time")
    assert "same people are on both sides" in split.warning
    assert len(split.train) + len(split.test) == len(clips)
    for row in range(len(store.recordings)):
        own = np.flatnonzero(clips.recordings == row)
        tested = [int(r) for r in own if r in split.test]
        assert tested == own[round(2 * len(own) / 3) :].tolist()


def test_clips_that_share_frames_are_not_on_both_sides_of_time(tmp_path: Path) -> None:
    (frames,) = (
        np.tile(c.frames[:1], (40, 1, 1, 1)) for c in make_clips(1, 1, 1, 0, tiny_topology())
    )
    spans = [(0, 10), (5, 15), (16, 22), (18, 30), (25, 29), (28, 40)]
    parts = tuple(Segment(start, stop, 0, str(start)) for start, stop in reversed(spans))
    whole = [replace(trimmed(frames, "r"), segments=parts)]
    write_store(tiny_recordings(clips=whole), tmp_path / "s")
    clips = open_store(tmp_path / "s").clips()
    split = clips.split("time")
    assert sorted(clips.names[split.test].tolist()) == ["25", "28"]
    assert sorted(clips.names[split.train].tolist()) == ["0", "16", "5"]  # 18 lasts into the test


def test_of_recordings_that_are_clips_the_last_of_each_class_test(tmp_path: Path) -> None:
    """Files are often sorted by class."""
    made = make_clips(24, 3, 1, 0, tiny_topology())
    made.sort(key=lambda clip: clip.segments[0].label)
    clips = tiny_store(tmp_path, clips=made, splits={}).clips()
    split = clips.split("time")
    assert split.test.tolist() == [5, 6, 7, 13, 14, 15, 21, 22, 23]
    assert len(split.train) == 15


def test_too_few_clips_to_split_by_time_say_so(tmp_path: Path) -> None:
    clips = tiny_store(tmp_path, clips=3, subjects=1).clips()  # one of each class
    with pytest.raises(EdgcnError, match=r"'time' leaves no test clips; .*too few"):
        clips.split("time")


# Rows of a selection


def test_rows_are_those_of_the_selection(tmp_path: Path) -> None:
    store = long_store(tmp_path)
    some = store.clips().take(np.arange(len(store.clips()))[::-2])
    for name in (None, "subject:s2", "given", "time", "loso"):
        for fold, whole in zip(
            some.split(name).folds, store.clips().split(name).folds, strict=True
        ):
            for side in ("train", "test"):
                every = set(store.clips().names[getattr(whole, side)].tolist())
                taken = some.names[getattr(fold, side)].tolist()
                assert set(taken) == every & set(some.names.tolist())


def test_sides_of_a_store(tmp_path: Path) -> None:
    store = long_store(tmp_path)
    for by in (None, "camera:c1"):
        split = store.clips().split(by)
        every = store.clips().names
        assert store.clips("train", by=by).names.tolist() == every[split.train].tolist()
        assert store.clips("test", by=by).names.tolist() == every[split.test].tolist()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("publishd", r"no split is named 'publishd'; .* published, .*did you mean 'published'\?"),
        ("subject:", "no split is named"),
        ("subject:s4", "that is not in this store: s4; it has s1, s2, s3, s10"),
        ("subject:s1,s4,s5", "not in this store: s4, s5;"),
        ("camera:c9", "names a camera that is not in this store: c9; it has c1, c2"),
        ("subject:s1,s2,s3,s10", "leaves no training clips; this store's subjects are s1, s2"),
    ],
)
def test_errors_list_what_there_is(name: str, message: str) -> None:
    with pytest.raises(EdgcnError, match=message):
        chosen(name)


@pytest.mark.parametrize(
    "rule",
    [
        SplitRule("subject", train=("s1",), test=("s2",)),
        SplitRule("subject", train=("s1",), test=("s1",)),
        SplitRule("subject"),
    ],
)
def test_a_side_without_clips_is_an_error(rule: SplitRule) -> None:
    with pytest.raises(EdgcnError, match=r"leaves no test clips; .* with --split"):
        chosen("rule", rules={"rule": rule}, subjects=np.array(["s1"] * 8))


def test_no_subjects_are_called_none() -> None:
    with pytest.raises(EdgcnError, match=r"subjects are \(none\)"):
        chosen("both", subjects=np.array([""] * 8))


people = st.lists(st.integers(0, 6), min_size=1, max_size=40)


@given(people, st.integers(2, 5))
def test_folds_are_disjoint_by_subject_and_cover_everything(numbers: list[int], folds: int) -> None:
    subjects = np.array([f"s{number}" for number in [*numbers, 99]])
    rows = np.arange(len(numbers))[::-1].copy()  # a store has clips beyond these rows
    pairs = held_out(rows, subjects, folds=folds)
    assert sorted(np.concatenate([check for _, check in pairs])) == sorted(rows)
    distinct = len({*numbers})
    assert len(pairs) == min(folds, distinct if distinct > 1 else len(rows))
    for fit, check in pairs:
        assert sorted([*fit, *check]) == sorted(rows)
        if distinct > 1:
            assert len(fit)
            assert len(check)
            assert not set(subjects[fit]) & set(subjects[check])


def test_one_subject_is_held_out_clip_by_clip() -> None:
    pairs = held_out(np.arange(8), np.array(["only"] * 8))
    assert [check.tolist() for _, check in pairs] == [[0, 4], [1, 5], [2, 6], [3, 7]]


def test_names_with_numbers_come_in_the_order_of_the_numbers() -> None:
    assert natural(["s10", "s2", "s1", "s2", "²"]) == ["s1", "s2", "s10", "²"]
    assert natural(["9" * 5000, "s2"]) == ["s2", "9" * 5000]
