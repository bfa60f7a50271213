"""When each frame was taken, by a column of times whose unit the file may not name.

numbers of a file -> seconds from the first frame, an even rate where there is one, and what to say
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.readers.rates import FASTEST

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
UNITS = {  # by the last word of a column's name
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "micros", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), "ns"),
}
LONGEST = 86_400.0  # seconds of a recording; a clock beyond counts from 1970 or so
EVEN = 0.1  # of a frame's duration that its time may be off where frames are evenly spaced
COLUMN = re.compile(r"(time|timestamp|times|timestamps|t)([ _.(\[]*[a-z]*[)\]]?)?", re.IGNORECASE)


@dataclass(frozen=True)
class Clock:
    """The times of a recording.

    Args:
        fps: frames per second.
        times: in seconds from the first frame; none where they are evenly spaced.
        start: of the first frame, on the source's clock; 0 where that is the time of day.
        unit: of the times in the file.
        note: what they were taken for, and why.
    """

    fps: float
    times: Float[np.ndarray, " t"] | None = None
    start: float = 0.0
    unit: str = ""
    note: str = ""


def is_time(column: str) -> bool:
    """Whether a column of this name has times."""
    return COLUMN.fullmatch(column.strip()) is not None


def read_clock(path: Path, column: str, values: Float[np.ndarray, " t"]) -> Clock:
    """The clock of some frames from their times.

    Args:
        column: its name, whose end may be a unit.

    Raises:
        FileError: times that are missing, or do not increase.
    """
    late = ~(np.diff(values, prepend=-np.inf) > 0) | ~np.isfinite(values)
    if late.any():
        row = int(late.argmax())
        raise FileError(
            path,
            f"expected times that increase in column {column!r}, got {values[row]:g} for frame "
            f"{row} (`--options fps 30`, say, takes the frames as evenly spaced)",
        )
    if len(values) < 2:
        return Clock(0.0, None)
    word = re.split(r"[^a-z]+", column.strip().lower().rstrip(")]"))[-1]
    step = float(np.median(np.diff(values)))
    unit = UNITS.get(word)
    how = "as its name says" if unit else f"since frames are {step:.4g} apart"
    unit = unit or _unit(step)
    seconds = (values - values[0]) * SECONDS[unit]
    step *= SECONDS[unit]
    if not step * FASTEST >= 1:
        raise FileError(path, f"expected times of frames, got {step:g} s between two of them")
    note = f"times in column {column!r} are {NAMES[unit]}, {how}"
    even = np.linspace(0, seconds[-1], len(seconds))
    start = float(values[0] * SECONDS[unit])
    start = start if 0 <= start < LONGEST else 0.0
    if (np.abs(seconds - even) < EVEN * step).all():
        return Clock((len(seconds) - 1) / float(seconds[-1]), None, start, unit, note)
    return Clock(1 / step, seconds, start, unit, note)


def _unit(step: float) -> str:
    """What times are in that are so far apart: people are filmed at 1 to 1000 frames a second."""
    return "s" if step < 1 else "ms" if step < 1e3 else "us" if step < 1e6 else "ns"
