"""Names are sorted as they count, and found to be alike whatever their spelling."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from edgcn.base.spelling import alike, natural, says_nothing, spelling, tidy
from edgcn.base.words import LISTED, named


@given(numbers=st.lists(st.integers(0, 10**30)))
def test_numbers_in_names_are_sorted_as_numbers(numbers: list[int]) -> None:
    names = [f"take {number:03d} end" for number in sorted(numbers)]
    assert sorted(reversed(names), key=natural) == names


def test_a_name_of_many_digits_is_sorted_too() -> None:
    assert sorted(["9" * 5000, "10", "a", "2"], key=natural) == ["a", "2", "10", "9" * 5000]


def test_one_name_has_one_spelling() -> None:
    composed = "tête touchée"
    for other in (
        unicodedata.normalize("NFD", composed),
        f"\ufeff {composed} ",
        "tête\u00a0 \u200btouchée",
    ):
        assert tidy(other) == composed
    assert tidy("Tête") != tidy("tête")
    assert spelling("Tête  TOUCHÉE") == spelling(composed)
    assert spelling("tete touchee") != spelling(composed)


@given(name=st.text())
def test_tidying_twice_changes_nothing_more(name: str) -> None:
    assert tidy(tidy(name)) == tidy(name)
    assert spelling(tidy(name)) == spelling(name)


def test_names_that_are_alike() -> None:
    assert alike(["Touch", "rub", "touch", "touch ", "rub eyes"]) == [["Touch", "touch", "touch "]]
    assert alike(["a", "a"]) == [["a", "a"]]
    assert alike(["a", "b"]) == []
    assert alike(["P1", "p_01", "P10", "S1"]) == [["P1", "p_01"]]
    assert alike(["1-2", "12", "1.2", "touch", "touch 0"]) == []


def test_a_list_ends_with_how_many_more() -> None:
    assert named(["a", "b"], most=LISTED) == "a, b"
    assert named(list("abcdefg"), most=LISTED) == "a, b, c, d, e and 2 more"


def test_labels_that_say_that_nothing_happens() -> None:
    for label in (
        "none",
        "No Gesture",
        "no_gesture",
        "-",
        "???",
        "",
        "NaN",
        "n/a",
        "(rest)",
        "idle",
    ):
        assert says_nothing(label), label
    for label in ("no", "nod", "rest hands", "another", "0", "touch other face part", "+"):
        assert not says_nothing(label), label
