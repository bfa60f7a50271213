"""Frames on their way to the page: float16, (T, M, V, dims), any range of their bytes.

Coordinates are taken relative to the middle of the recording, where float16 is finest; a joint that
was not seen is NaN.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float32

from edgcn.skeleton.unseen import seen
from edgcn.store import Store

SAMPLED = 256  # frames that say where the middle is
LARGEST = 60_000.0  # that float16 holds


@dataclass(frozen=True)
class Moving:
    """One recording of a store, as the page draws it."""

    store: Store
    row: int

    @property
    def length(self) -> int:
        """In frames."""
        return int(self.store.recordings.lengths[self.row])

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a frame: bodies, joints, channels of geometry."""
        return self.store.bodies, len(self.store.topology), self.store.dims

    @property
    def frame_bytes(self) -> int:
        """Of a frame."""
        return 2 * int(np.prod(self.shape))

    def raw(self, start: int, stop: int, step: int = 1) -> Float[np.ndarray, "t m v c"]:
        """Frames as they are, NaN where a joint was not seen."""
        offset, dims = int(self.store.recordings.offsets[self.row]), self.store.dims
        part = self.store.frames[offset + start : offset + stop : step].astype(np.float32)
        there = seen(part, dims=dims)
        frames: np.ndarray = np.where(there[..., None], part[..., :dims], np.float32(np.nan))
        return frames

    @cached_property
    def bounds(self) -> Float32[np.ndarray, "three dims"]:
        """Middle, lowest and highest of the coordinates, by channel, without what strays."""
        sample = self.raw(0, self.length, max(1, self.length // SAMPLED))
        points = sample.reshape(-1, self.store.dims)
        points = points[~np.isnan(points).any(axis=1)]
        if not len(points):
            return np.zeros((3, self.store.dims), dtype=np.float32)
        found = np.quantile(points, [0.5, 0.005, 0.995], axis=0)
        return np.asarray(found, dtype=np.float32)

    def bytes_of(self, first: int, last: int) -> bytes:
        """Bytes `first` to `last`, the last one included, of all frames as the page has them."""
        size = self.frame_bytes
        start, stop = first // size, last // size + 1
        frames = self.raw(start, stop) - self.bounds[0]
        data: bytes = np.clip(frames, -LARGEST, LARGEST).astype("<f2").tobytes()
        return data[first - start * size : last + 1 - start * size]

    @cached_property
    def motion(self) -> Float32[np.ndarray, " t"]:
        """How fast the fastest joint moves, about its body's middle, by frame; smoothed."""
        times = np.asarray(self.store.times_of(self.row))
        frames = self.raw(0, self.length)
        there = ~np.isnan(frames[..., :1])
        count = np.maximum(there.sum(axis=2, keepdims=True), 1)
        middle = np.nan_to_num(frames).sum(axis=2, keepdims=True) / count
        steps = np.linalg.norm(np.diff(frames - middle, axis=0), axis=-1)
        speeds = np.nan_to_num(steps) / np.maximum(np.diff(times), 1e-3)[:, None, None]
        fast = np.sort(speeds.reshape(len(speeds), -1), axis=1)[:, -3:].mean(axis=1)  # three joints
        fast = np.append(fast, fast[-1:] if len(fast) else [0.0])
        width = max(1, round(0.2 * float(self.store.recordings.fps[self.row])))
        kernel = np.hanning(width + 2)[1:-1]
        return np.convolve(fast, kernel / kernel.sum(), mode="same").astype(np.float32)[: len(fast)]


def span_of(header: str | None, total: int) -> tuple[int, int] | None:
    """First and last byte that `Range: bytes=A-B` asks for; None for all.

    Raises:
        ValueError: a range that is not in the file.
    """
    if header is None:
        return None
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", header.strip())
    if not found or not (found[1] or found[2]):
        return None  # several ranges, or another unit: all of it is allowed as the answer
    first = int(found[1]) if found[1] else max(0, total - int(found[2]))
    last = min(int(found[2]), total - 1) if found[1] and found[2] else total - 1
    if first > last:
        raise ValueError(f"bytes */{total}")
    return first, last


def pyramid(
    values: Float32[np.ndarray, " t"], times: np.ndarray, start: float, end: float, bins: int
) -> Float32[np.ndarray, "two bins"]:
    """Lowest and highest value in equal parts of a span of time; NaN where there is none."""
    edges = np.searchsorted(times, np.linspace(start, end, bins + 1))
    out = np.full((2, bins), np.nan, dtype=np.float32)
    filled = np.flatnonzero(np.diff(edges) > 0)
    if len(filled):
        values = values[: edges[-1]]
        at = edges[:-1][filled]
        out[0, filled] = np.minimum.reduceat(values, at)
        out[1, filled] = np.maximum.reduceat(values, at)
    return out


def edges_of(motion: np.ndarray, times: np.ndarray, at: float) -> tuple[float, float]:
    """Where the movement around a moment begins and ends: where it falls to half between rest and
    its peak.
    """
    index = int(np.clip(np.searchsorted(times, at), 0, len(times) - 1))
    near = (times >= at - 0.5) & (times <= at + 0.5)
    peak = int(np.flatnonzero(near)[motion[near].argmax()]) if near.any() else index
    around = motion[(times >= at - 4) & (times <= at + 4)]
    rest = float(np.quantile(around, 0.2))
    still = motion <= rest + 0.35 * (float(motion[peak]) - rest)
    before, after = np.flatnonzero(still[:peak]), np.flatnonzero(still[peak:])
    first = int(before[-1]) if len(before) else 0
    last = peak + int(after[0]) if len(after) else len(times) - 1
    return float(times[first]), float(times[max(last, min(first + 1, len(times) - 1))])
