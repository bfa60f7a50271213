"""The times of frames as files write them: in whatever unit, evenly or not, frames left out.

numbers of a time column -> seconds; seconds -> rate, and times only where they are not even
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from edgcn.base.errors import FileError
from edgcn.readers.clock import SECONDS, UNITS
from edgcn.readers.file_each import Take
from edgcn.readers.rates import FASTEST

Unit = Literal["auto", "s", "ms", "us", "ns"]
LONGEST = {"s": 1.0, "ms": 1e3, "us": 1e6}  # of a step from frame to frame, by unit
EVEN = 0.1  # of a step, that a time may be off the grid and still count as even
FEWEST = 0.05  # of the frames that numbers count; where there are less, they count no frames


class Clock(NamedTuple):
    """How fast frames follow each other, and the time of each where that is uneven."""

    fps: float
    times: Float[np.ndarray, " t"] | None
    said: str


def clock_of(
    path: Path, stamps: Float[np.ndarray, " t"], *, name: str = "", unit: Unit = "auto"
) -> Clock | None:
    """Rate and times by a column of time; None where one frame or none has a time.

    Args:
        name: of the column, which may say the unit.
        unit: in which it is; by default as the name says, else as the steps tell.

    Raises:
        FileError: the times do not increase, or no person is recorded that fast.
    """
    if len(stamps) < 2:
        return None
    steps = np.diff(stamps)
    if not (steps > 0).all():
        at = int(np.flatnonzero(~(steps > 0))[0]) + 1
        reason = f"expected times that increase, got {stamps[at]:g} after {stamps[at - 1]:g}"
        raise FileError(path, f"{reason} in row {at + 1} of the data")
    step = float(np.median(steps))
    chosen, said = unit if unit != "auto" else _named(name), ""
    if not chosen:
        chosen = next((own for own, most in LONGEST.items() if step < most), "ns")
        said = f"{name or 'time'} taken for {chosen} by its steps of {step:g} (option time)"
    seconds = (stamps - stamps[0]) * SECONDS[chosen]
    fps = 1 / (step * SECONDS[chosen])
    if fps > FASTEST:
        raise FileError(path, f"expected at most {FASTEST} frames per second, got {fps:g} by times")
    mean = len(steps) / seconds[-1]
    if abs(fps - mean) < EVEN * mean:
        fps = float(mean)
    even = np.arange(len(stamps)) / fps
    uneven = bool((np.abs(seconds - even) > EVEN / fps).any())
    return Clock(round(fps, 3), seconds if uneven else None, said)


def _named(name: str) -> str:
    words = re.split(r"[^a-z]+", name.lower())
    return next((UNITS[word] for word in words if word in UNITS), "")


def on_time(
    path: Path,
    take: Take,
    *,
    numbers: Float[np.ndarray, " t"] | None = None,
    stamps: Float[np.ndarray, " t"] | None = None,
    name: str = "",
    unit: Unit = "auto",
) -> tuple[Take, Int[np.ndarray, " t"]]:
    """A take with its rate and times, nobody where frames are left out; and where each now lies.

    Args:
        numbers: of the frames, as the file counts them.
        stamps: their times, in a column of this name.

    Raises:
        FileError: numbers or times that do not increase.
    """
    clock = None if stamps is None else clock_of(path, stamps, name=name, unit=unit)
    frames, scores, times = take.frames, take.scores, None if clock is None else clock.times
    places, said = np.arange(len(frames)), [take.note]
    if numbers is not None:
        frames, places, left_out = at_their_numbers(path, frames, numbers)
        said.append(left_out)
        if scores is not None:
            scores, _, _ = at_their_numbers(path, scores, numbers)
        if times is not None:
            times = np.interp(np.arange(len(frames)), places, times)
    if clock is not None:
        said.append(clock.said)
    rate = take.fps if clock is None else clock.fps
    note = "; ".join(filter(None, said))
    return replace(take, frames=frames, scores=scores, fps=rate, times=times, note=note), places


def at_their_numbers(
    path: Path, frames: Float[np.ndarray, "t ..."], numbers: Float[np.ndarray, " t"]
) -> tuple[Float[np.ndarray, "total ..."], Int[np.ndarray, " t"], str]:
    """Frames with nobody for the numbers that are left out, where each came to lie, and a note.

    Raises:
        FileError: a number comes twice or goes back, or most are left out.
    """
    steps = np.diff(numbers)
    if not len(steps) or ((steps == steps[0]).all() and steps[0] > 0):
        return frames, np.arange(len(frames)), ""
    if (steps <= 0).any():
        at = int(np.flatnonzero(steps <= 0)[0]) + 1
        reason = (
            f"expected frame numbers that increase, got {numbers[at]:g} after {numbers[at - 1]:g}"
        )
        raise FileError(path, f"{reason} in row {at + 1} of the data")
    if not (np.abs(numbers) < 2**53).all() or (numbers != np.round(numbers)).any():
        raise FileError(path, "expected whole numbers of frames, got others")
    step = int(np.gcd.reduce(steps.astype(np.int64)))
    places = ((numbers - numbers[0]) / step).astype(np.int64)
    total = int(places[-1]) + 1
    if len(frames) < FEWEST * total:
        raise FileError(
            path,
            f"expected numbers that count frames, got {len(frames)} of the {total} from "
            f"{numbers[0]:g} to {numbers[-1]:g}",
        )
    whole = np.zeros((total, *frames.shape[1:]), dtype=frames.dtype)
    whole[places] = frames
    return whole, places, f"{total - len(frames)} of {total} frames are left out in the file"
