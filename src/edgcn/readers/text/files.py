"""What every reader of files needs: read their numbers, and lose none of them in silence.

Paths -> `stream` -> recordings and `Skipped`; lines -> `rows` -> (rows, columns) float64.
"""

import csv
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import IncrementalNewlineDecoder
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.base.files import check_file
from edgcn.readers.text.digits import parse_table
from edgcn.readers.text.folders import read_bytes
from edgcn.readers.text.parallel import in_processes, workers
from edgcn.skeleton.recording import Recording, Skipped

LARGEST = 2**53  # whole numbers beyond are not told apart
MOMENT = 0.3  # seconds; a small set is read before other processes would have started
CHUNK_SECONDS, LARGEST_CHUNK = 0.05, 64  # enough work for a process to be worth its messages
Row = TypeVar("Row")


def stream(
    paths: Iterable[Path],
    read_one: Callable[[Path], Iterable[Recording | Skipped]],
    *,
    apart: Callable[[Path], bool] | None = None,
) -> Iterator[Recording | Skipped]:
    """What `read_one` yields for each path; a file that cannot be read becomes a `Skipped`.

    Only `FileError`, `OSError` and `UnicodeDecodeError` count as that: anything else is a bug.
    Recordings yielded before the error are kept. After a moment each core has a process for this.

    Args:
        apart: whether a file is so large that its reader divides it among the processes: it is
            read by this one, which does not send it from one to another.
    """
    started, rest, done = time.monotonic(), iter(paths), 0
    for path in rest:
        yield from _read(path, read_one)
        done += 1
        if time.monotonic() - started > MOMENT:
            break
    else:
        return
    processes = workers()
    seconds = (time.monotonic() - started) / done
    chunk = min(max(int(CHUNK_SECONDS / seconds), 1), LARGEST_CHUNK)

    def read(chosen: list[Path]) -> list[Recording | Skipped]:
        return [item for path in chosen for item in _read(path, read_one)]

    def here(path: Path) -> bool:
        return processes == 1 or (apart is not None and path.is_file() and apart(path))

    for alone, own in groupby(rest, here):
        if alone:
            yield from (item for path in own for item in _read(path, read_one))
        else:
            yield from in_processes(own, read, processes=processes, chunk=chunk, lost=_lost)


def _lost(path: Path) -> Skipped:
    return Skipped(str(path), "its reader's process ended: it is damaged, or too large")


def _read(
    path: Path, read_one: Callable[[Path], Iterable[Recording | Skipped]]
) -> list[Recording | Skipped]:
    items = list[Recording | Skipped]()
    try:
        check_file(path)
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and not stored
            for item in read_one(path):
                items.append(item)
    except (FileError, OSError) as error:
        items.append(skipped(error, path))
    except UnicodeDecodeError as error:
        items.append(Skipped(str(path), f"expected UTF-8 text, got {error}"))
    return items


def skipped(error: FileError | OSError, path: Path | None = None, *, note: str = "") -> Skipped:
    """The record of a file, or of a line of it, that could not be read.

    Args:
        path: of a file that an `OSError` does not name.
        note: ends the reason: what becomes of the rest.
    """
    if isinstance(error, OSError):
        return Skipped(str(error.filename or path), (error.strerror or str(error)) + note)
    line = f"line {error.line}: " if error.line is not None else ""
    return Skipped(str(error.path), line + error.reason + note)


def label_rows(
    path: Path,
    read_row: Callable[[int, str], Row],
    *,
    what: str,
    is_header: Callable[[str], bool] = lambda _: False,
) -> tuple[dict[int, Row], list[Skipped]]:
    """The rows of a recording's label file by their count from 1; a bad row costs only itself.

    Without any row, or where the file cannot be read, the one `Skipped` says that the recording
    is kept all the same.

    Args:
        read_row: line number and line -> a row, or a `FileError`.
        what: names the rows in the error ("label,start,end").
        is_header: whether a first line names the columns.
    """
    try:
        lines = [(n, line) for n, line in enumerate(read_lines(path), 1) if line.strip()]
        if lines and is_header(lines[0][1]):
            del lines[0]
        if not lines:
            raise FileError(path, f"expected rows of {what}, got an empty file")
    except (FileError, OSError) as error:
        return {}, [skipped(error, note="; the recording is kept whole, without segments")]
    rows, bad = {}, []
    for count, (line_no, line) in enumerate(lines, 1):
        try:
            rows[count] = read_row(line_no, line)
        except FileError as error:
            bad.append(skipped(error))
    return rows, bad


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 text file: no line ends, no BOM, no blank lines at the end."""
    data = read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            path, f"expected UTF-8 text, got byte 0x{data[error.start]:02x}", line=line
        ) from None
    # str.splitlines would also split at form feeds and other rarities, and shift line numbers.
    lines = IncrementalNewlineDecoder(None, translate=True).decode(text, final=True).split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def csv_fields(path: Path, line_no: int, line: str) -> list[str]:
    """The fields of one csv line, stripped; quoted ones may hold commas."""
    try:
        return [field.strip() for field in next(csv.reader([line]), [])]
    except csv.Error as error:
        reason = f"expected comma-separated fields, got {error}"
        raise FileError(path, reason, line=line_no) from None


def numbers(
    path: Path, line_no: int, text: str, count: int, *, separator: str | None = None
) -> Float[np.ndarray, "{count}"]:
    """Exactly `count` finite numbers from one line of text.

    Args:
        line_no: 1-based, for the error.
        separator: between the numbers; None means any white space.

    Raises:
        FileError: another number of columns, not a number, NaN or infinite.
    """
    return _row(path, line_no, text, range(count), separator)


def _row(
    path: Path, line_no: int, text: str, columns: Sequence[int], separator: str | None
) -> Float[np.ndarray, "columns"]:
    """The numbers of one line, which stand in these columns of the file."""
    fields = [] if not text.strip() else text.split(separator)
    if len(fields) != len(columns):
        raise _wrong_count(path, line_no, text, len(columns), len(fields))
    values = [
        _number(path, line_no, column + 1, field)
        for column, field in zip(columns, fields, strict=True)
    ]
    return np.array(values, dtype=np.float64)


def _wrong_count(path: Path, line_no: int, text: str, count: int, got: int) -> FileError:
    found = f"{got}: {_short(text)}" if text.strip() else "an empty line"
    return FileError(path, f"expected {count} numbers, got {found}", line=line_no)


def _number(path: Path, line_no: int, column: int, field: str) -> float:
    """One finite number, or a `FileError` naming line and column."""
    try:
        value = float(field)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in field:  # Python reads 1_0 as 10
        raise FileError(
            path, f"expected a finite number in column {column}, got {_short(field)}", line=line_no
        )
    return value


def integers(
    path: Path, line_no: int, text: str, count: int, *, separator: str | None = None
) -> list[int]:
    """Exactly `count` whole numbers from one line of text; "3.0" is taken as 3."""
    values = numbers(path, line_no, text, count, separator=separator)
    for column, value in enumerate(values):
        if value != int(value) or abs(value) > LARGEST:
            raise FileError(
                path, f"expected a whole number in column {column + 1}, got {value}", line=line_no
            )
    return [int(value) for value in values]


def rows(
    path: Path,
    lines: Sequence[str],
    count: int,
    *,
    columns: Sequence[int] | None = None,
    line_nos: Sequence[int] | None = None,
    separator: str | None = None,
) -> Float[np.ndarray, "rows columns"]:
    """One row of `count` finite numbers from each line; errors are those of `numbers`.

    Parses all lines at once (over ten times faster than line by line), and looks line by line
    only for the place of an error.

    Args:
        columns: keep only these (0-based, at least two); the others may hold anything, as a
            Kinect writes -inf where it cannot project a joint into an image.
        line_nos: the 1-based line number of each line; counted from 1 by default.
    """
    kept = range(count) if columns is None else columns
    values = parse_table(lines, count, kept, separator)
    if values is not None:
        return values
    places = line_nos or range(1, len(lines) + 1)
    if columns is not None:
        lines = _pick(path, lines, count, columns, places, separator)
    parsed = [
        _row(path, line_no, line, kept, separator)
        for line_no, line in zip(places, lines, strict=True)
    ]
    return np.stack(parsed) if parsed else np.empty((0, len(kept)))


def _pick(
    path: Path,
    lines: Sequence[str],
    count: int,
    columns: Sequence[int],
    places: Sequence[int],
    separator: str | None,
) -> list[str]:
    """The lines with only these columns left."""
    choose, glue, picked = itemgetter(*columns), separator or " ", []
    for line_no, line in zip(places, lines, strict=True):
        fields = line.split(separator)
        if len(fields) != count:
            raise _wrong_count(path, line_no, line, count, len(fields))
        picked.append(glue.join(choose(fields)))
    return picked


def _short(text: str) -> str:
    """Quoted text, cut to what fits in one line of an error."""
    return repr(text if len(text) <= 40 else text[:40] + "...")
