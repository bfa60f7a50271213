"""Splits: every way to name one, nobody on both sides by accident, held-out folds by subject."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.recording import SplitRule
from edgcn.store.splits import choose_split, default_split, held_out

SUBJECTS = np.array(["s1", "s1", "s2", "s2", "s10", "s10", "s3", "s3"])
CAMERAS = np.array(["c1", "c2"] * 4)
TAGS = np.array(["train", "train", "test xval", "test", "train xval", "", "train", "val"])
RULES = {
    "published": SplitRule("subject", train=("s1", "s3")),
    "both": SplitRule("subject", train=("s1",), test=("s2",)),
    "xview": SplitRule("camera", test=("c1",)),
    "xval": SplitRule("split", train=("train",), test=("xval",)),
}


def sides(name: str | None, **changes: object) -> tuple[list[int], list[int]]:
    columns = {"subjects": SUBJECTS, "cameras": CAMERAS, "tags": TAGS, "rules": RULES}
    split = choose_split(name, **columns | changes)
    assert split.name == (name or default_split(columns["rules"] | changes.get("rules", {})))
    assert not set(split.train) & set(split.test)
    return split.train.tolist(), split.test.tolist()


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [
        (None, [0, 1, 6, 7], [2, 3, 4, 5]),  # the first rule; an empty side is all the others
        ("published", [0, 1, 6, 7], [2, 3, 4, 5]),
        ("both", [0, 1], [2, 3]),  # those on neither side are left out
        ("xview", [1, 3, 5, 7], [0, 2, 4, 6]),
        ("xval", [0, 1, 4, 6], [2]),  # row 4 is tagged for both sides: it trains
        ("given", [0, 1, 4, 6], [2, 3]),
        ("subject", [0, 1, 2, 3, 4, 5], [6, 7]),  # every third in natural order: s1 s2 s3 s10
        ("subject:s10", [0, 1, 2, 3, 6, 7], [4, 5]),
        ("subject:s10,s1", [2, 3, 6, 7], [0, 1, 4, 5]),
        ("camera:c2", [0, 2, 4, 6], [1, 3, 5, 7]),
    ],
)
def test_each_way_to_name_a_split(name, train, test):
    assert sides(name) == (train, test)


def test_without_rules_every_third_subject_tests():
    assert default_split({}) == "subject"
    assert choose_split(
        None, rules={}, subjects=SUBJECTS, cameras=CAMERAS, tags=TAGS
    ).test.tolist() == [6, 7]


def test_of_two_subjects_the_second_tests():
    subjects = np.array(["b", "a", "a", "b"])
    columns = {"rules": {}, "cameras": CAMERAS[:4], "tags": TAGS[:4]}
    assert choose_split("subject", subjects=subjects, **columns).test.tolist() == [0, 3]


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
def test_errors_list_what_there_is(name, message):
    with pytest.raises(EdgcnError, match=message):
        sides(name)


@pytest.mark.parametrize(
    ("name", "subjects", "rules"),
    [
        ("subject", [""] * 8, {}),  # a source without subjects
        ("subject", ["s1"] * 8, {}),
        ("rule", ["s1"] * 8, {"rule": SplitRule("subject", train=("s1",), test=("s2",))}),
        ("rule", ["s1"] * 8, {"rule": SplitRule("subject", train=("s1",), test=("s1",))}),
        ("rule", ["s1"] * 8, {"rule": SplitRule("subject")}),
    ],
)
def test_a_side_without_clips_is_an_error(name, subjects, rules):
    columns = {"cameras": CAMERAS, "tags": TAGS, "rules": rules}
    with pytest.raises(EdgcnError, match=r"leaves no test clips; .* with --split"):
        choose_split(name, subjects=np.array(subjects), **columns)


def test_no_subjects_are_called_none():
    with pytest.raises(EdgcnError, match=r"subjects are \(none\)"):
        sides("subject", subjects=np.array([""] * 8))


people = st.lists(st.integers(0, 6), min_size=1, max_size=40)


@given(people, st.integers(2, 5))
def test_folds_are_disjoint_by_subject_and_cover_everything(numbers: list[int], folds: int):
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


def test_one_subject_is_held_out_clip_by_clip():
    pairs = held_out(np.arange(8), np.array(["only"] * 8))
    assert [check.tolist() for _, check in pairs] == [[0, 4], [1, 5], [2, 6], [3, 7]]
