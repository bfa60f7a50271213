"""Columns of a csv are what `float` gives, whatever the separator, and errors name the line."""

from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import FileError
from edgcn.readers.text import columns
from edgcn.readers.text.columns import open_table, read_columns

SPELLED = (
    "0.5843828916549683", "-0.17510795593261719", "1e-05", "9.986695354512084e-11", "", "nan", "NA",
    "12", "-3", "+4.5", "1234567890123456789", "123456789012.34567890123", " 7.5 ", "None", ".5",
    "5.", "0.000000000000000012345", "1E3", "inf",
)  # fmt: skip


def value(text: str) -> float:
    return float("nan") if text.strip().lower() in ("", "nan", "na", "none") else float(text)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_numbers_are_those_of_float(tmp_path: Path, separator: str, end: str) -> None:
    rng = np.random.default_rng(0)
    rows = [[*rng.permutation(SPELLED).tolist(), "wäve, left" if n % 2 else "a"] for n in range(40)]
    quoted = [[*row[:-1], f'"{row[-1]}"'] if "," in row[-1] else row for row in rows]
    names = [f"c{n}" for n in range(len(SPELLED))] + ["label"]
    if separator == ";":  # as Excel writes it where the decimal sign is a comma
        quoted = [[*(f.replace(".", ",") for f in row[:-1]), row[-1]] for row in quoted]
    lines = [separator.join(row) for row in (names, *quoted)]
    path = tmp_path / "a.csv"
    path.write_bytes(("\ufeff" + end.join(lines) + end + end).encode())
    table = open_table(path)
    assert (table.separator, table.rows[0]) == (separator, names)
    count = len(SPELLED)
    read = read_columns(table, numbers=range(count), exact=[3, 0], words=[count])
    expected = np.array([[value(field) for field in row[:-1]] for row in rows])
    np.testing.assert_allclose(read.values, expected.astype(np.float32), rtol=1e-7, atol=1e-14)
    np.testing.assert_array_equal(read.exact, expected[:, [3, 0]])
    if separator != ";":
        assert read.words == [[row[-1] for row in rows]]


def test_a_large_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "PART", 1000)
    monkeypatch.setattr(columns, "LARGE", 10_000)
    values = np.random.default_rng(0).normal(size=(2000, 5))
    path = tmp_path / "a.csv"
    lines = [",".join(map(repr, row)) for row in values.tolist()]
    path.write_text("\n".join(["a,b,c,d,e", *lines]))
    read = read_columns(open_table(path), numbers=[1, 2], exact=[4])
    np.testing.assert_allclose(read.values, values[:, 1:3].astype(np.float32), rtol=1e-7)
    np.testing.assert_array_equal(read.exact[:, 0], values[:, 4])
    lines[1500] = lines[1500].replace(".", "x", 1)
    path.write_text("\n".join(["a,b,c,d,e", *lines]))
    with pytest.raises(
        FileError, match=r"a\.csv:1502: expected a number in column 'a', got '-?\dx"
    ):
        read_columns(open_table(path), numbers=[0])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ": expected a table of comma-separated values, got an empty file"),
        ("a,b\n1,2\n3\n", ":3: expected 2 fields as in the first line, got 1"),
        ("a,b\n1,2\n\n3,4\n", ":3: expected 2 fields as in the first line, got 1"),
        ("a,b\n1,2\n3,1_0\n", ":3: expected a number in column 'b', got '1_0'"),
        ("a,b\n1,2\n3,4 5\n", ":3: expected a number in column 'b', got '4 5'"),
        ("a,b\n1,2\n3,true\n", ":3: expected a number in column 'b', got 'true'"),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(FileError) as raised:
        read_columns(open_table(path), numbers=[0, 1])
    assert str(raised.value).endswith(f"a.csv{problem}")
