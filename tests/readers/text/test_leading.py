"""Fields found by their bits are those that `str.split` finds, and simple is what it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgcn.readers.text.digits import split_fields
from edgcn.readers.text.leading import first_fields, split_lines

words = st.text("0123456789.-e", min_size=1, max_size=40)
lines = st.lists(words, min_size=1, max_size=30).map(" ".join)


@given(st.lists(lines, min_size=1, max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_lines_and_their_fields(texts: list[str], ending: str) -> None:
    found = split_lines("".join(text + ending for text in texts).encode())
    assert found is not None
    spans = zip(found.starts, found.ends, strict=True)
    assert [found.data[start:end].decode() for start, end in spans] == texts
    assert found.counts.tolist() == [len(text.split()) for text in texts]


@given(st.lists(lines, min_size=1, max_size=20), st.integers(1, 3), st.sampled_from(["\n", "\r\n"]))
def test_first_fields(texts: list[str], count: int, ending: str) -> None:
    found = split_lines("".join(text + ending for text in texts).encode())
    assert found is not None
    long = [row for row, text in enumerate(texts) if len(text.split()) > count]
    expected = [texts[row].split()[:count] for row in long]
    spans = first_fields(found, np.array(long, dtype=np.int64), count)
    fits = all(len(" ".join(fields)) < 64 for fields in expected)
    assert (spans is not None) == fits
    if spans is not None:
        ours = [
            [found.data[start:end].decode() for start, end in zip(*field, strict=True)]
            for field in zip(*spans, strict=True)
        ]
        assert not long or ours == [list(field) for field in zip(*expected, strict=True)]


@given(st.text("01 \n\r\t\x1c\x00é", max_size=150), st.sampled_from(["", "\n", "\r\n"]))
def test_simple_is_what_splitting_every_field_calls_simple(text: str, ending: str) -> None:
    data = (text + ending).encode()
    ours, expected = split_lines(data), split_fields(data, None)
    if b"\x00" in data:  # a field for the one, left to slower code by the other
        return
    assert (ours is None) == (expected is None)
    if ours is not None and expected is not None:
        assert ours.counts.tolist() == expected.counts.tolist()


@pytest.mark.parametrize("size", range(100, 170))
def test_words_of_any_filling(size: int) -> None:
    text = ("1 2 3 4\n" * 100)[-size:].lstrip() or "1\n"
    found = split_lines(text.encode())
    assert found is not None
    assert found.counts.tolist() == [len(line.split()) for line in text.splitlines()]
