"""Finding files, reading their numbers, and losing none in silence."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgcn.base.errors import FileError
from edgcn.readers.text.files import integers, numbers, read_json, read_lines, rows, stream
from edgcn.skeleton.recording import Recording, Skipped, trimmed

HERE = Path("table.csv")
CLIP = trimmed(np.zeros((1, 1, 1, 3), dtype=np.float32), "one")


def test_stream_turns_what_cannot_be_read_into_skipped() -> None:
    def read_one(path: Path) -> Iterator[Recording | Skipped]:
        yield CLIP
        if path.name == "line":
            raise FileError(path, "expected 3 numbers", line=7)
        if path.name == "other":
            raise FileError("labels.csv", "expected labels")
        if path.name == "gone":
            path.read_text()
        if path.name == "bytes":
            b"\xff".decode()

    items = list(stream(map(Path, ["good", "line", "other", "gone", "bytes"]), read_one))
    assert items[0::2] == [CLIP, Skipped("line", "line 7: expected 3 numbers"), *items[4::2]]
    skipped = [item for item in items if isinstance(item, Skipped)]
    assert len(items) == 5 + len(skipped) == 9
    assert [item.path for item in skipped] == ["line", "labels.csv", "gone", "bytes"]
    assert skipped[2].reason == "No such file or directory"


def test_stream_lets_bugs_through() -> None:
    def read_one(path: Path) -> Iterator[Recording | Skipped]:
        yield CLIP
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(stream([HERE], read_one))


def test_stream_is_lazy() -> None:
    def read_one(path: Path) -> Iterator[Recording | Skipped]:
        seen.append(path)
        yield CLIP

    seen: list[Path] = []
    items = stream([Path("a"), Path("b")], read_one)
    assert seen == []
    next(items)
    assert seen == [Path("a")]


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(
    table=st.lists(st.lists(finite, min_size=3, max_size=3), max_size=5),
    separator=st.sampled_from([None, ","]),
)
def test_rows_are_the_numbers_of_each_line(table: list[list[float]], separator: str | None) -> None:
    lines = [(separator or "  ").join(map(repr, row)) for row in table]
    read = rows(HERE, lines, 3, separator=separator)
    one_by_one = [numbers(HERE, n, line, 3, separator=separator) for n, line in enumerate(lines)]
    np.testing.assert_array_equal(read, np.array(table).reshape(-1, 3))
    np.testing.assert_array_equal(read, np.array(one_by_one).reshape(-1, 3))
    some = rows(HERE, lines, 3, columns=(2, 0), separator=separator)
    np.testing.assert_array_equal(some, read[:, [2, 0]])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2", "expected 3 numbers, got 2: '1,2'"),
        ("1,2,3,4", "expected 3 numbers, got 4: '1,2,3,4'"),
        ("", "expected 3 numbers, got an empty line"),
        ("1,,3", "expected a finite number in column 2, got ''"),
        ("1,2,", "expected a finite number in column 3, got ''"),
        ("1,2,3 4", "expected a finite number in column 3, got '3 4'"),
        ("one,2,3", "expected a finite number in column 1, got 'one'"),
        ("1_0,2,3", "expected a finite number in column 1, got '1_0'"),
        ("1,nan,3", "expected a finite number in column 2, got 'nan'"),
        ("1,2,-inf", "expected a finite number in column 3, got '-inf'"),
        ("1,2,1e999", "expected a finite number in column 3, got '1e999'"),
    ],
)
def test_errors_name_line_and_column(line: str, reason: str) -> None:
    with pytest.raises(FileError) as by_rows:
        rows(HERE, ["1,2,3", line, "4,5,6"], 3, separator=",")
    with pytest.raises(FileError) as by_numbers:
        numbers(HERE, 2, line, 3, separator=",")
    assert str(by_rows.value) == str(by_numbers.value) == f"table.csv:2: {reason}"


def test_a_short_line_beside_a_long_one_is_an_error() -> None:
    with pytest.raises(FileError, match=r"table\.csv:5: expected 2 numbers, got 1"):
        rows(HERE, ["1 2", "3", "4 5 6"], 2, line_nos=[4, 5, 6])


def test_columns_left_out_may_hold_anything() -> None:
    read = rows(HERE, ["1,nan,2", "3,-inf,4"], 3, columns=(0, 2), separator=",")
    np.testing.assert_array_equal(read, [[1, 2], [3, 4]])
    with pytest.raises(FileError, match="column 3, got 'nan'"):
        rows(HERE, ["1,0,nan"], 3, columns=(0, 2), separator=",")


def test_integers_are_whole() -> None:
    assert integers(HERE, 1, "3,4.0", 2, separator=",") == [3, 4]
    with pytest.raises(FileError, match=r"whole number in column 2, got 4\.5"):
        integers(HERE, 1, "3,4.5", 2, separator=",")
    with pytest.raises(FileError, match="whole number in column 1, got 1e"):
        integers(HERE, 1, "1e300,4", 2, separator=",")


def test_lines_end_in_any_way(tmp_path: Path) -> None:
    path = tmp_path / "text"
    for ending in (b"\n", b"\r\n", b"\r"):
        path.write_bytes(b"\xef\xbb\xbf" + ending.join([b"a", b"", b"b\x0cc", b"", b"  "]))
        assert read_lines(path) == ["a", "", "b\x0cc"]
    path.write_bytes(b"")
    assert read_lines(path) == []


def test_json_errors_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "frame.json"
    path.write_text('{"people":\n [1,\n}')
    with pytest.raises(FileError) as error:
        read_json(path)
    assert error.value.line == 3
    path.write_text("[" * 100_000)
    with pytest.raises(FileError, match="expected JSON"):
        read_json(path)
