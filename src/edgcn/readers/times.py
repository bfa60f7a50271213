"""When each frame was taken, by times in whatever unit and by frame numbers of which some lack.

numbers of a file -> `read_clock` -> seconds from the first frame, an even rate where there is one;
a `Take` with both -> `on_time` -> the same with its times, nobody in frames that are left out
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from edgcn.base.errors import FileError
from edgcn.base.spool import Spool, parts
from edgcn.readers.labelling import Take
from edgcn.readers.rates import FASTEST

Unit = Literal["auto", "s", "ms", "us", "ns"]
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
UNITS: dict[str, Unit] = {  # by the last such word of a column's name
    **dict[str, Unit].fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict[str, Unit].fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "ms"),
    **dict[str, Unit].fromkeys(("us", "usec", "micros", "microsecond", "microseconds"), "us"),
    **dict[str, Unit].fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds"), "ns"),
}
_UNIT = f"(?:{'|'.join(UNITS)})"
COLUMN = re.compile(
    rf"(?:times?|timestamps?){_UNIT}?(?:[ _.(\[-].*)?|t(?:[ _.(\[]+{_UNIT}[)\]]?)?|{_UNIT}",
    re.IGNORECASE,
)
FRAMES = ("frame", "frames", "frame_number", "frame_no", "frame_num", "frame_id", "frame_idx",
          "frame_index", "frameid", "framenumber", "image_id")  # fmt: skip
LONGEST = 86_400.0  # seconds of a recording; a clock beyond counts from 1970 or so
EVEN = 0.1  # of a frame's duration that its time may be off where frames are evenly spaced
FEWEST = 0.05  # of the frames that numbers count; where there are less, they count no frames
ASIDE = "times in the file are left aside, since fps is given"


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
    unit: Unit = "auto"
    note: str = ""


def is_time(column: str) -> bool:
    """Whether a column of this name has times."""
    return COLUMN.fullmatch(column.strip()) is not None


def is_frame_number(column: str) -> bool:
    """Whether a column of this name has the numbers of frames."""
    return column.strip().lower().replace(" ", "_") in FRAMES


def read_clock(
    path: Path, column: str, values: Float[np.ndarray, " t"], unit: Unit = "auto"
) -> Clock | None:
    """The clock of some frames from their times; None of one frame alone.

    Args:
        column: its name, in which a unit may stand.
        unit: of the times; by default as the name says, else as the steps tell.

    Raises:
        FileError: times that are missing, do not increase, or are closer than anybody films.
    """
    late = ~(np.diff(values, prepend=-np.inf) > 0) | ~np.isfinite(values)
    if late.any():
        row = int(late.argmax())
        after = f" after {values[row - 1]:g}" if row else ""
        raise FileError(
            path,
            f"expected times that increase in column {column!r}, got {values[row]:g}{after} in "
            f"row {row + 1} of the data (`--options fps 30`, say, takes the frames as evenly "
            f"spaced)",
        )
    if len(values) < 2:
        return None
    step = float(np.median(np.diff(values)))
    words = [word for word in re.split(r"[^a-z]+", column.lower()) if word in UNITS]
    chosen, how = unit, "as option time says"
    if unit == "auto":
        named = UNITS.get(words[-1]) if words else None
        chosen, how = named or _unit(step), "as its name says"
        how = how if named else f"since frames are {step:.4g} apart"
    seconds = (values - values[0]) * SECONDS[chosen]
    step *= SECONDS[chosen]
    if not step * FASTEST >= 1:
        raise FileError(
            path,
            f"expected at most {FASTEST} frames per second, got {1 / step:g} by times in column "
            f"{column!r}, taken for {NAMES[chosen]} {how}",
        )
    note = f"times in column {column!r} are {NAMES[chosen]}, {how}"
    start = float(values[0] * SECONDS[chosen])
    start = start if 0 <= start < LONGEST else 0.0
    even = np.linspace(0, seconds[-1], len(seconds))
    if (np.abs(seconds - even) < EVEN * step).all():
        return Clock((len(seconds) - 1) / float(seconds[-1]), None, start, chosen, note)
    return Clock(1 / step, seconds, start, chosen, note)


def _unit(step: float) -> Unit:
    """What times are in that are so far apart: people are filmed at 1 to 1000 frames a second."""
    return "s" if step < 1 else "ms" if step < 1e3 else "us" if step < 1e6 else "ns"


def on_time(
    path: Path,
    take: Take,
    *,
    numbers: Float[np.ndarray, " t"] | None = None,
    stamps: Float[np.ndarray, " t"] | None = None,
    column: str = "",
    unit: Unit = "auto",
    known: str = "",
) -> tuple[Take, Int[np.ndarray, " t"]]:
    """A take with its rate and times, nobody where frames are left out; and where each now lies.

    Args:
        numbers: of the frames, as the file counts them.
        stamps: their times, in a column of this name.
        known: the note on other recordings' times, which is not said again.

    Raises:
        FileError: numbers or times that do not increase.
    """
    clock = None if stamps is None else read_clock(path, column, stamps, unit)
    frames, scores, places, said = take.frames, take.scores, np.arange(len(take.frames)), ""
    if numbers is not None:
        frames, places, said = at_their_numbers(path, take.frames, numbers)
        if scores is not None:
            scores, _, _ = at_their_numbers(path, scores, numbers)
    notes, made = [take.note, said], replace(take, frames=frames, scores=scores)
    if clock is not None and stamps is not None:
        notes.append(clock.note if clock.note != known else "")
        if len(frames) > len(stamps):
            between = np.interp(np.arange(len(frames)), places, stamps)
            clock = read_clock(path, column, between, clock.unit) or clock
        if clock.times is not None:
            notes.append("frames are not evenly spaced: their times are kept")
        made = replace(made, fps=clock.fps, times=clock.times, start=clock.start)
    return replace(made, note="; ".join(filter(None, notes))), places


def at_their_numbers(
    path: Path, frames: Float[np.ndarray, "t ..."], numbers: Float[np.ndarray, " t"]
) -> tuple[Float[np.ndarray, "total ..."], Int[np.ndarray, " t"], str]:
    """Frames with nobody for the numbers that are left out, where each came to lie, and a note.

    Raises:
        FileError: a number comes twice or goes back, or most are left out.
    """
    steps = np.diff(numbers)
    if not len(steps) or ((steps == steps[0]).all() and steps[0] > 0):
        return frames, np.arange(len(frames)), in_steps(steps[0] if len(steps) else 1)
    if not (np.abs(numbers) < 2**53).all() or (numbers != np.round(numbers)).any():
        raise FileError(path, "expected whole numbers of frames, got others")
    if (steps <= 0).any():
        at = int(np.flatnonzero(steps <= 0)[0]) + 1
        reason = (
            f"expected frame numbers that increase, got {numbers[at]:g} after {numbers[at - 1]:g}"
        )
        raise FileError(path, f"{reason} in row {at + 1} of the data")
    step = int(np.gcd.reduce(steps.astype(np.int64)))
    places = ((numbers - numbers[0]) / step).astype(np.int64)
    total = int(places[-1]) + 1
    if len(frames) < FEWEST * total:
        raise FileError(
            path,
            f"expected numbers that count frames, got {len(frames)} of the {total} from "
            f"{numbers[0]:g} to {numbers[-1]:g}",
        )
    whole, at = Spool(frames.shape[1:], frames.dtype), 0
    for part in parts(frames):
        own = places[at : at + len(part)]
        block = np.zeros((int(own[-1]) + 1 - len(whole), *frames.shape[1:]), dtype=frames.dtype)
        block[own - len(whole)] = part
        whole.append(block)
        at += len(part)
    left_out = f"{total - len(frames)} of {total} frames are left out in the file"
    return whole.array(), places, "; ".join(filter(None, (left_out, in_steps(step))))


def in_steps(step: int | float) -> str:
    """The note on frames of which every second, say, was looked at."""
    if step == 1:
        return ""
    return f"frames are numbered in steps of {step:g}: the rate is that of these frames"
