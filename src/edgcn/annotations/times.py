"""Points in time as people write them: seconds, milliseconds, frames or a clock, told apart.

texts of starts and ends -> seconds, and what they were taken for
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from edgcn.base.errors import FileError
from edgcn.base.words import quoted

Unit = Literal["s", "ms", "frames", "clock"]
NAMES: dict[Unit, str] = {
    "s": "seconds", "ms": "milliseconds", "frames": "frames", "clock": "hh:mm:ss",
}  # fmt: skip
CLOCK = re.compile(r"(-?)(?:(\d{1,9}):)?(\d{1,9}):(\d{1,9}(?:[.,]\d+)?)")
LONG = 100.0  # a gesture of more than so many seconds is none: the numbers are milliseconds
SAY = "`--options times s`, ms or frames (of prepare, `--annotation-options times s`)"
VERY_LONG = 1000  # likewise for frames


@dataclass(frozen=True)
class Row:
    """One event's start and end as they stand in a file."""

    line: int
    start: str
    end: str


def unit_of(path: Path, rows: Sequence[Row], unit: Unit | None) -> tuple[Unit, str]:
    """In which unit times are, and the sentence that says what was assumed.

    Args:
        unit: what the column's name says, or the user.

    Raises:
        FileError: whole numbers may be any of the three.
    """
    if unit is not None or not rows:
        return unit or "s", ""
    texts = [text for row in rows for text in (row.start, row.end)]
    if any(":" in text for text in texts):
        return "clock", ""
    values = [(number(path, r.line, r.start), number(path, r.line, r.end)) for r in rows]
    last = max(end for _, end in values)
    typical = median(end - start for start, end in values)
    whole = all(re.fullmatch(r"\s*-?\d+\s*", text) for text in texts)
    if whole and typical < VERY_LONG:
        raise FileError(
            path,
            f"start and end are whole numbers up to {last:g}: seconds, milliseconds or frames? Say "
            f"which: {SAY}",
            line=rows[0].line,
        )
    found: Unit = "ms" if typical >= LONG else "s"
    return found, f"{path}: ends up to {last:g}: read as {NAMES[found]}"


def seconds(path: Path, row: Row, unit: Unit, fps: float | None) -> tuple[float, float]:
    """Start and end of one event in seconds; frames count from 0, and the end is open.

    Raises:
        FileError: no numbers, an end before the start, a time before 0, or frames without a rate.
    """
    start, end = (_value(path, row.line, text, unit) for text in (row.start, row.end))
    if unit == "ms":
        start, end = start / 1000, end / 1000
    elif unit == "frames":
        if fps is None:
            reason = (
                "times are in frames, and nothing says how many a second; give it, as in "
                "`--options fps 25` (of prepare, `--annotation-options fps 25`)"
            )
            raise FileError(path, reason, line=row.line)
        start, end = start / fps, end / fps
    if not 0 <= start <= end:
        reason = f"expected 0 <= start <= end, got {quoted(row.start)} to {quoted(row.end)}"
        raise FileError(path, reason, line=row.line)
    return start, end


def _value(path: Path, line: int, text: str, unit: Unit) -> float:
    if ":" not in text:
        return number(path, line, text)
    if unit in ("ms", "frames"):
        raise FileError(path, f"expected {NAMES[unit]}, got {text[:40]!r}", line=line)
    return clock(path, line, text)


def clock(path: Path, line: int, text: str) -> float:
    """Seconds of hh:mm:ss.fff or mm:ss.fff.

    Raises:
        FileError: it is none, such as hh:mm:ss:ff, whose last field counts frames.
    """
    match = CLOCK.fullmatch(text.strip())
    if match is None or float(match[4].replace(",", ".")) >= 60:
        raise FileError(path, f"expected a time as hh:mm:ss.fff, got {text[:40]!r}", line=line)
    sign, hours, minutes, rest = match.groups()
    total = 3600 * int(hours or 0) + 60 * int(minutes) + float(rest.replace(",", "."))
    return -total if sign else total


def number(path: Path, line: int, text: str) -> float:
    """One finite number; a comma may stand for the point.

    Raises:
        FileError: it is none.
    """
    try:
        value = float(text.strip().replace(",", ".")) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FileError(path, f"expected a finite number, got {text[:40]!r}", line=line)
    return value
