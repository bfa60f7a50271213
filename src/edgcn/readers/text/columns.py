"""Columns of a large csv: numbers of points as float32, fast, some thousand lines at a time.

file -> parts that end with a line -> fields -> (rows, columns) float32, NaN where nothing stands

The parts of a large file are read by several processes. A number keeps 16 of its characters, which
is more than float32 holds; columns that need more (times) are read in full.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from multiprocessing import parent_process
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.base.files import check_file
from edgcn.readers.text.cells import numbers_or_nothing
from edgcn.readers.text.digits import BLOCK, LEAD, split_fields
from edgcn.readers.text.parallel import in_processes, workers

PART = 2**22  # bytes read at a time
LARGE = 2**24  # a file of more is read by several processes
SEPARATORS = ",;\t"
UNIT = "\x1f"  # between fields that were quoted
BOM = b"\xef\xbb\xbf"
OTHERS = bytes(range(128)) + b"?" * 128  # what is not ASCII, for who looks at numbers only


class Table(NamedTuple):
    """A csv file: what stands between its fields, and the fields of its first lines."""

    path: Path
    separator: str
    rows: list[list[str]]

    @property
    def width(self) -> int:
        """How many fields a line has, by the first one."""
        return len(self.rows[0])


class Columns(NamedTuple):
    """Columns of a table, a row for each line.

    Args:
        values: NaN where the file has nothing.
        exact: likewise, with all their digits.
        words: the fields of each column that is asked for, as they stand there.
    """

    values: Float[np.ndarray, "rows columns"]
    exact: Float[np.ndarray, "rows exact"]
    words: list[list[str]]


@dataclass(frozen=True)
class _Wanted:
    """What is read of each line."""

    table: Path
    separator: str
    width: int
    numbers: tuple[int, ...]
    exact: tuple[int, ...]
    words: tuple[int, ...]
    names: tuple[str, ...]


class _Wrong(NamedTuple):
    """A line that is not as it should be, counted from 0 in its part."""

    line: int
    reason: str


def open_table(path: Path, lines: int = 6, *, separator: str = "") -> Table:
    """The beginning of a csv file: at most so many lines.

    Args:
        separator: between its fields; by default what the first line has most of.

    Raises:
        FileError: it is empty, or no UTF-8 text.
    """
    check_file(path)
    with path.open("rb") as file:
        raw = [file.readline(PART) for _ in range(lines)]
    if raw[0].startswith((b"\xff\xfe", b"\xfe\xff")) or any(b"\0" in line for line in raw):
        raise FileError(path, "expected UTF-8 text, got another encoding or no text")
    raw[0] = raw[0].removeprefix(BOM)
    text = []
    for number, line in enumerate(raw, 1):
        try:
            text.append(line.decode().strip("\r\n"))
        except UnicodeDecodeError as error:
            reason = f"expected UTF-8 text, got byte 0x{line[error.start]:02x}"
            raise FileError(path, reason, line=number) from None
    while text and not text[-1].strip():
        text.pop()
    if not text:
        raise FileError(path, "expected a table of comma-separated values, got an empty file")
    separator = separator or max(SEPARATORS, key=text[0].count)
    try:
        fields = [next(csv.reader([line], delimiter=separator), []) for line in text]
    except csv.Error as error:
        raise FileError(path, f"expected separated values, got {error}") from None
    return Table(path, separator, [[field.strip() for field in row] for row in fields])


def read_columns(
    table: Table,
    *,
    skip: int = 1,
    numbers: Sequence[int] = (),
    exact: Sequence[int] = (),
    words: Sequence[int] = (),
    first: bool = False,
) -> Columns:
    """These columns (counted from 0) of all lines but the first ones.

    Args:
        skip: lines that are no data.
        numbers: read as float32; empty fields, nan, NA, none and null are NaN.
        exact: likewise as float64.
        words: read as text.
        first: only the first part of the file.

    Raises:
        FileError: a line with another number of fields than the first one, or a field that is no
            number. It names the line.
    """
    read = columns_in_parts(
        table, skip=skip, numbers=numbers, exact=exact, words=words, first=first
    )
    parts = [*read] or [_no_rows(len(numbers), len(exact), len(words))]
    return Columns(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.exact for part in parts]),
        [[*chain.from_iterable(own)] for own in zip(*(part.words for part in parts), strict=True)],
    )


def columns_in_parts(
    table: Table,
    *,
    skip: int = 1,
    numbers: Sequence[int] = (),
    exact: Sequence[int] = (),
    words: Sequence[int] = (),
    first: bool = False,
) -> Iterator[Columns]:
    """The same some thousand lines at a time: memory does not grow with the file."""
    path = table.path
    names = table.rows[skip - 1] if skip else [str(n + 1) for n in range(table.width)]
    wanted = _Wanted(
        path, table.separator, table.width, tuple(numbers), tuple(exact), tuple(words), tuple(names)
    )
    parts = islice(_parts(path, skip, path.stat().st_size), 1 if first else None)
    work = partial(_read_parts, wanted=wanted)
    processes = workers() if is_large(path) and not first and parent_process() is None else 1
    read: Iterator[Columns | _Wrong]
    if processes > 1:
        lost = partial(_lost, path)
        read = in_processes(parts, work, processes=processes, chunk=1, lost=lost)
    else:
        read = (result for part in parts for result in work([part]))
    rows = 0
    for part in read:
        if isinstance(part, _Wrong):
            raise FileError(path, part.reason, line=skip + 1 + rows + part.line)
        rows += len(part.values)
        yield part


def is_large(path: Path) -> bool:
    """Whether a file is read by several processes at once."""
    return path.stat().st_size >= LARGE


def is_number(field: str) -> bool:
    """Whether a field holds a number."""
    try:
        float(field)
    except ValueError:
        return False
    return True


def _no_rows(numbers: int, exact: int, words: int) -> Columns:
    values = np.empty((0, numbers), dtype=np.float32)
    return Columns(values, np.empty((0, exact)), [[] for _ in range(words)])


def _lost(path: Path, part: tuple[int, int]) -> Columns | _Wrong:
    raise FileError(path, "the process that read it ended: is there too little memory?")


def _parts(path: Path, skip: int, size: int) -> Iterator[tuple[int, int]]:
    """Where parts of a file start and end, each after a line."""
    with path.open("rb") as file:
        for _ in range(skip):
            file.readline()
        start = file.tell()
        while start < size:
            file.seek(min(start + PART, size))
            file.readline()
            yield start, file.tell()
            start = file.tell()


def _read_parts(parts: list[tuple[int, int]], wanted: _Wanted) -> list[Columns | _Wrong]:
    return [_read_part(part, wanted) for part in parts]


def _read_part(part: tuple[int, int], wanted: _Wanted) -> Columns | _Wrong:
    """The wanted columns of a part of the file."""
    with wanted.table.open("rb") as file:
        file.seek(part[0])
        data = file.read(part[1] - part[0])
    if part[1] == wanted.table.stat().st_size:
        data = data.rstrip() + b"\n" if data.strip() else b""  # blank lines at the end
    separator = wanted.separator
    if b'"' in data:
        separator, data = UNIT, _unquoted(data, separator)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    data = data.replace(f"{separator} ".encode(), separator.encode())
    if wanted.separator == ";":  # as Excel writes it where the decimal sign is a comma
        data = data.replace(b",", b".")
    if not data.endswith(b"\n") and data:
        data += b"\n"
    plain = data if data.isascii() else data.translate(OTHERS)
    rows = data.count(b"\n")
    read = Columns(
        np.empty((rows, len(wanted.numbers)), dtype=np.float32),
        np.empty((rows, len(wanted.exact))),
        [[] for _ in wanted.words],
    )
    step, row, start = max(1, BLOCK // wanted.width), 0, 0
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")) + 1
    for last in range(step - 1, rows + step - 1, step):
        stop = int(ends[min(last, rows - 1)])
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
            wrong = _read_block(plain[start:stop], data[start:stop], separator, wanted, read, row)
        if wrong is not None:
            return wrong
        row, start = min(last, rows - 1) + 1, stop
    return read


def _unquoted(data: bytes, separator: str) -> bytes:
    """The same lines without quotes, `UNIT` between the fields."""
    lines = data.decode(errors="replace").splitlines()
    rows = (next(csv.reader([line], delimiter=separator), [""]) for line in lines)
    return "".join(UNIT.join(row) + "\n" for row in rows).encode()


def _read_block(
    plain: bytes, data: bytes, separator: str, wanted: _Wanted, read: Columns, row: int
) -> _Wrong | None:
    """Some lines into their rows.

    Args:
        plain: `data` with another character for each byte that is not ASCII.
    """
    fields = split_fields(plain, separator)
    assert fields is not None
    odd = np.flatnonzero(fields.counts != wanted.width)
    if len(odd):
        line, got = int(odd[0]), int(fields.counts[odd[0]])
        return _Wrong(row + line, f"expected {wanted.width} fields as in the first line, got {got}")
    stop = row + len(fields.counts)
    for columns, to, whole in (
        (wanted.numbers, read.values, False), (wanted.exact, read.exact, True),
    ):  # fmt: skip
        if not columns:
            continue
        chosen = (fields.first[:, None] + np.asarray(columns)).ravel()
        values, wrong = numbers_or_nothing(fields, chosen, whole=whole)
        if len(wrong):
            line, column = divmod(int(wrong[0]), len(columns))
            at = chosen[wrong[0]]
            text = plain[fields.starts[at] - LEAD : fields.ends[at] - LEAD].decode()
            name = wanted.names[columns[column]]
            return _Wrong(row + line, f"expected a number in column {name!r}, got {text[:40]!r}")
        to[row:stop] = values.reshape(-1, len(columns))
    for column, words in zip(wanted.words, read.words, strict=True):
        places = fields.first + column
        words += [
            data[start - LEAD : end - LEAD].decode(errors="replace").strip()
            for start, end in zip(fields.starts[places], fields.ends[places], strict=True)
        ]
    return None
