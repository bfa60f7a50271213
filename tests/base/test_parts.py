"""A part's settings: read from its signature and docstring, checked against its annotations."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, PositiveFloat

from edgcn.base.errors import EdgcnError
from edgcn.base.parts import REQUIRED, Setting, check_settings, settings_of


class Queue:
    """Keys.

    Args:
        size: Number of keys that
            are kept.
        rate: How fast, or `auto`.
    """

    def __init__(
        self,
        encoder: object,
        plain: int = 1,
        *,
        statistics: object = None,
        size: Annotated[int, Field(gt=0)] = 500,
        rate: PositiveFloat | Literal["auto"] = 1.0,
        widths: Sequence[int] = (8, 8),
        needed: str,
        **others: Any,
    ) -> None:
        """Make it.

        Args:
            needed: What it cannot do without.
        """


def knn(trial: object, *, k: int = 1) -> None:
    """Neighbors.

    Args:
        k: Number of neighbors.
    """


def test_settings_are_the_keyword_only_arguments() -> None:
    found = settings_of(Queue, given=("statistics",))
    assert list(found) == ["size", "rate", "widths", "needed"]
    assert found["size"].help == "Number of keys that are kept."
    assert (found["size"].default, found["widths"].default) == (500, (8, 8))
    assert (found["needed"].default, found["needed"].help) == (
        REQUIRED,
        "What it cannot do without.",
    )
    assert settings_of(knn) == {"k": Setting("k", int, 1, "Number of neighbors.")}


def test_what_a_partial_has_fixed_is_its_default() -> None:
    found = settings_of(partial(partial(Queue, size=3), widths=(4,)), given=("statistics",))
    assert found["size"].default == 3
    assert found["widths"].default == (4,)
    assert found["size"].help == "Number of keys that are kept."


def test_values_become_the_types_that_are_declared() -> None:
    values = {"size": "3", "rate": "auto", "widths": ["1", 2], "needed": "x"}
    checked = check_settings(Queue, values, what="queue", given=("statistics",))
    assert checked == {"size": 3, "rate": "auto", "widths": [1, 2], "needed": "x"}
    assert check_settings(knn, {}, what="knn") == {}
    assert check_settings(Queue, {"rate": "0.5", "needed": ""}, what="q")["rate"] == 0.5


def test_all_mistakes_are_one_message() -> None:
    values = {"sise": 3, "size": 0, "rate": "fast", "widths": [1, "x"], "statistics": 1}
    with pytest.raises(EdgcnError) as caught:
        check_settings(Queue, values, what="queue 'a'", given=("statistics",))
    message = str(caught.value)
    assert message.startswith("queue 'a': ")
    assert "\n" not in message
    for part in (
        "needed is missing",
        "unknown setting 'sise' (did you mean 'size'?)",
        "size: Input should be greater than 0, got 0",
        "rate: ",
        " or 'auto', got 'fast'",
        "widths.1: ",
        "unknown setting 'statistics'",
        "; it has size, rate, widths, needed",
    ):
        assert part in message


def test_a_part_without_settings_says_so() -> None:
    def bare(path: str) -> None:
        """Nothing."""

    with pytest.raises(EdgcnError, match="unknown setting 'k'; it has no settings"):
        check_settings(bare, {"k": 1}, what="bare")


def make(annotation: str) -> Callable[..., Any]:
    def part(*, k: int = 1) -> None:
        """Part."""

    part.__annotations__["k"] = annotation
    return part


def test_an_annotation_that_nobody_knows_is_named() -> None:
    assert settings_of(make("float"))["k"].annotation is float
    with pytest.raises(EdgcnError, match="the settings of part cannot be read: name 'Nothing'"):
        settings_of(make("Nothing"))


def test_without_a_type_the_default_has_it() -> None:
    def part(*, strength=0.5, name=None):  # type: ignore[no-untyped-def]
        """Part."""

    found = settings_of(part)
    assert (found["strength"].annotation, found["name"].annotation) == (float, Any)
    assert check_settings(part, {"strength": "2"}, what="part") == {"strength": 2.0}
