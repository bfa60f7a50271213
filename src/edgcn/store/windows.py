"""Where windows of equal length lie in recordings."""

from collections.abc import Callable
from numbers import Real
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from edgcn.base.errors import EdgcnError
from edgcn.store.tables import RecordingTable

EPSILON = 1e-6  # seconds: what rounding may take from a time


class WindowSpans(NamedTuple):
    """Windows of recordings, in frames counted in each."""

    recordings: Int64[np.ndarray, " n"]
    begins: Int64[np.ndarray, " n"]
    lengths: Int64[np.ndarray, " n"]
    names: Shaped[np.ndarray, " n"]


def all_windows(
    table: RecordingTable,
    times_of: Callable[[int], Float64[np.ndarray, " t"]],
    seconds: float,
    step: float,
) -> WindowSpans:
    """The windows of every recording, named NAME@START.

    Args:
        times_of: seconds of each frame of a recording.

    Raises:
        EdgcnError: a length or step that is not above 0.
    """
    numbers = isinstance(seconds, Real) and isinstance(step, Real)
    if not (numbers and seconds > 0 and step > 0):
        raise EdgcnError(
            f"expected windows and steps longer than 0 seconds, got {seconds:g} and {step:g}"
        )
    parts = [
        windows_of(times_of(row), float(table.fps[row]), seconds, step) for row in range(len(table))
    ]
    starts, begins, stops = (np.concatenate(column) for column in zip(*parts, strict=True))
    recordings = np.repeat(np.arange(len(table)), [len(part[0]) for part in parts])
    short = (np.format_float_positional(start, precision=3, trim="-") for start in starts)
    names = [f"{name}@{start}" for name, start in zip(table.names[recordings], short, strict=True)]
    return WindowSpans(recordings, begins, stops - begins, np.array(names))


def windows_of(
    times: Float64[np.ndarray, " t"], fps: float, seconds: float, step: float
) -> tuple[Float64[np.ndarray, " n"], Int64[np.ndarray, " n"], Int64[np.ndarray, " n"]]:
    """Start in seconds, first frame and frame after the last of each window of one recording.

    They go from its beginning to its end: each frame is in one, if the step is no longer than they.

    A window has the frames at START and later, before START + seconds. The last one ends with the
    recording, so that it may come sooner after the one before; none is empty.

    Args:
        times: of the frames, in seconds.
        fps: frames per second: the last frame lasts as long as one of these.
    """
    end = times[-1] + 1 / fps
    room = end - seconds
    count = int((room + EPSILON) // step) + 1 if room > 0 else 1
    starts = np.arange(count) * step
    if starts[-1] < room - EPSILON:
        starts = np.append(starts, room)
    begins = np.searchsorted(times, starts - EPSILON)
    stops = np.searchsorted(times, starts + seconds - EPSILON)
    stops[-1] = len(times)
    spans = np.stack([begins, stops], axis=1)
    fresh = (np.diff(spans, axis=0, prepend=-1) != 0).any(axis=1) & (begins < stops)
    return starts[fresh], begins[fresh], stops[fresh]
