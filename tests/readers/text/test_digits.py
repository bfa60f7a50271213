"""Numbers read all at once are those that `float` reads, bit for bit."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgcn.base.errors import FileError
from edgcn.readers.text.digits import parse_table, split_fields
from edgcn.readers.text.files import rows

digits = st.text("0123456789", max_size=26)
signs = st.sampled_from(["", "-", "+"])
decimals = st.builds("{}{}.{}".format, signs, digits, digits).filter(lambda text: len(text) > 2)
powers = st.sampled_from(["", "", "e5", "E-7", "e-300"])
fields = st.builds("{}{}".format, decimals, powers) | st.floats(-1e9, 1e9).map(repr)
spellings = fields.filter(lambda text: any(c.isdigit() for c in text.lower().split("e")[0]))


@given(st.lists(spellings, min_size=1, max_size=40), st.sampled_from([None, ",", ".", "\t"]))
@example(["-0", "0", "-.0", "9007199254740993", "9007199254740991", "0.1", "5.", ".5"], None)
@example(["0.0000000000000000000001", "123456789012345.6", "00000000000000000000001.5"], ",")
def test_every_spelling_is_what_float_reads(texts: list[str], separator: str | None) -> None:
    if separator == ".":  # splits the numbers themselves
        texts = [text.replace(".", "") or "0" for text in texts]
    line = (separator or " ").join(texts)
    (read,) = rows(Path("table"), [line], len(texts), separator=separator)
    expected = np.array([float(text) for text in texts])
    np.testing.assert_array_equal(read.view(np.int64), expected.view(np.int64))


@pytest.mark.parametrize("digits_kept", [7, 9, 17])
def test_many_numbers_over_many_blocks(digits_kept: int) -> None:
    values = np.random.default_rng(0).normal(0, 3, (5000, 12))
    texts = [[f"{v:.{digits_kept}g}" for v in row] for row in values]
    read = parse_table([" ".join(row) for row in texts], 12, (11, 0, 5), None)
    assert read is not None
    expected = [[float(row[column]) for column in (11, 0, 5)] for row in texts]
    np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize("field", ["", "-", ".", "1.2.3", "--1", "1-", "1_0", "nan", "x", "1e999"])
def test_what_is_no_finite_number_is_left_to_whoever_names_its_place(field: str) -> None:
    assert parse_table([f"1,{field}", "3,4"], 2, (0, 1), ",") is None
    assert parse_table([field], 1, (0,), ",") is None
    left_out = parse_table([f"1,{field}", "3,4"], 2, (0,), ",")
    np.testing.assert_array_equal(left_out, [[1], [3]])


@pytest.mark.parametrize(
    "lines", [["1 2", "3"], ["1 2 3", "4"], ["1", "2 3 4"], ["1 2\n3 4", "5 6"]]
)
def test_fields_never_move_to_another_line(lines: list[str]) -> None:
    assert parse_table(lines, 2, (0, 1), None) is None


@pytest.mark.parametrize("space", ["  ", "\t", " \x1c ", "\x0b"])
def test_any_white_space_separates(space: str) -> None:
    read = parse_table([f"{space}1{space}2", f"3{space}4{space}"], 2, (0, 1), None)
    np.testing.assert_array_equal(read, [[1, 2], [3, 4]])


def test_an_error_far_into_a_long_table_names_its_line() -> None:
    lines = ["1 2 3"] * 9000
    lines[8000] = "1 two 3"
    with pytest.raises(FileError, match=r"table:8001: .* column 2, got 'two'"):
        rows(Path("table"), lines, 3)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("text", "simple"),
    [("1\n2 3\n", True), ("1\n2 3", False), ("1\n\n2\n", False), ("1\n2  3\n", False),
     (" 1\n2\n", False), ("1 \n2\n", False), ("1\t2\n", False), ("\ufeff1\n", False), ("", False)],
)  # fmt: skip
def test_only_simple_text_is_split_at_once(text: str, simple: bool, ending: str) -> None:
    fields = split_fields(text.replace("\n", ending).encode(), None)
    assert (fields is not None) == simple
    if fields is not None:
        spans = zip(fields.starts, fields.ends, strict=True)
        assert [fields.data[a:b] for a, b in spans] == text.encode().split()
        assert fields.counts.tolist() == [len(line.split()) for line in text.splitlines()]


@pytest.mark.parametrize("mixed", [b"1\r\n2\n", b"1\n2\r\n", b"1\r2\r\n3\n", b"1\r2\n", b"1\r"])
def test_mixed_line_ends_are_not_simple(mixed: bytes) -> None:
    assert split_fields(mixed, None) is None
