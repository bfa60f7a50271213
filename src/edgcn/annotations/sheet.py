"""Spreadsheets as text: separator, encoding and header found out, one dict a row.

CSV, TSV and what Excel and LibreOffice save under these names
"""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edgcn.base.errors import FileError
from edgcn.base.words import quoted

SEPARATORS = ",;\t"
CELL = 1_000_000  # characters; more is no annotation
csv.field_size_limit(CELL)


@dataclass(frozen=True)
class Sheet:
    """The cells of a file by row, and the line where each row begins."""

    path: Path
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def below(self, header: int) -> list[tuple[int, dict[str, str]]]:
        """Line and {column: cell} of the rows under a header; names in lower case, once each.

        Raises:
            FileError: a column twice, or a row with more cells than the header.
        """
        names = [" ".join(cell.lower().split()) for cell in self.rows[header]]
        named = [name for name in names if name]
        if twice := sorted(name for name, count in Counter(named).items() if count > 1):
            reason = f"expected each column once, got {quoted(', '.join(twice))} twice"
            raise FileError(self.path, reason, line=self.lines[header])
        found = []
        for line, cells in zip(self.lines[header + 1 :], self.rows[header + 1 :], strict=True):
            if not any(cells):
                continue
            if any(cells[len(names) :]):
                reason = f"expected {len(names)} cells, as in the header, got {len(cells)}"
                raise FileError(self.path, reason, line=line)
            filled = (*cells, *[""] * (len(names) - len(cells)))
            found.append((line, dict(zip(names, filled, strict=False))))
        return found


def read_sheet(path: Path) -> Sheet:
    """All cells of a file, stripped.

    Raises:
        FileError: no text in UTF-8 or UTF-16, an open quote, or an endless cell.
    """
    text = decoded(path)
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, lines, begun = [], [], 1
    try:
        for cells in reader:
            rows.append(tuple(cell.strip() for cell in cells))
            lines.append(begun)
            begun = reader.line_num + 1
    except csv.Error as error:
        raise FileError(path, f"expected cells, got {error}", line=begun) from None
    return Sheet(path, tuple(rows), tuple(lines))


def decoded(path: Path) -> str:
    """The text of a file in UTF-8 or, with its mark, UTF-16.

    Raises:
        FileError: it is neither.
    """
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"expected text in UTF-8, got byte 0x{data[error.start]:02x}; save it as UTF-8"
        raise FileError(path, reason, line=line) from None
    if "\0" in text:
        raise FileError(path, "expected text, got a binary file")
    return text


def _separator(text: str) -> str:
    """The one of which most of the first lines have the same number."""
    lines = [line for line in text.splitlines()[:60] if line.strip()]

    def agreeing(separator: str) -> tuple[int, int]:
        counts = Counter(n for line in lines if (n := line.count(separator)))
        return max(((lines, cells) for cells, lines in counts.items()), default=(0, 0))

    return max(SEPARATORS, key=agreeing)
