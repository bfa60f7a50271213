"""When the pictures of a video are shown: evenly, or each at its own time.

seconds on the file's clock, one for each picture -> which are kept, their rate, their times
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from edgcn.base.words import count

EVEN = 1.05e-3  # seconds; files that count milliseconds round a rate of 29.97
BACK = 1.0  # seconds; whoever goes back further has started a new clock
USUAL_RATE = 25.0  # of one picture alone, where nothing says another

Times = Float[np.ndarray, " t"]


class Clock(NamedTuple):
    """Which pictures have a time of their own, and when they are shown.

    Args:
        times: in seconds from the first; None where they are evenly spaced.
        start: of the first, on the clock of the file; 0 where it has none.
        note: what was wrong with the times.
    """

    kept: Bool[np.ndarray, " t"]
    fps: float
    times: Times | None
    start: float = 0.0
    note: str = ""


def clock(stamps: Times, rate: float | None) -> Clock:
    """The times of pictures that are decoded one after the other.

    Args:
        stamps: as the file has them; NaN where it has none.
        rate: as the header has it.
    """
    every, nominal = np.ones(len(stamps), dtype=bool), rate or USUAL_RATE
    lost = int(np.isnan(stamps).sum())
    if lost:
        note = f"{lost} of {count(len(stamps), 'picture')} have no time: taken as {nominal:g} fps"
        return Clock(every, nominal, None, note=note)
    start = float(stamps[0])
    times, note = _forward(stamps - start, nominal)
    kept = np.r_[True, times[1:] > np.maximum.accumulate(times)[:-1]]
    if late := int((~kept).sum()):
        said = f"{late} of {count(len(stamps), 'picture')} are not later than the one before"
        note = "; ".join(filter(None, (note, f"{said}, and left out")))
    times = times[kept]
    if len(times) == 1:
        return Clock(kept, nominal, None, start, note)
    step = float(times[-1]) / (len(times) - 1)
    number = np.arange(len(times))
    for fps in (nominal, 1 / step):
        if np.abs(times - number / fps).max() <= EVEN:
            return Clock(kept, fps, None, start, note)
    return Clock(kept, 1 / step, times, start, note)


def _forward(times: Times, rate: float) -> tuple[Times, str]:
    """The times with a clock that is set back set on again, and a note on it."""
    steps = np.diff(times)
    jumps = np.flatnonzero(steps < -BACK)
    if not len(jumps):
        return times, ""
    steps[jumps] = 1 / rate
    note = f"its clock is set back {count(len(jumps), 'time')}, first at picture {jumps[0] + 1}"
    return np.r_[0.0, np.cumsum(steps)], f"{note}: taken to go on without a break"
