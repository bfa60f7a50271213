"""The obvious slow resampling of one clip: joint by joint, one frame position after the other."""

from fractions import Fraction
from math import floor

import numpy as np


def positions(last: int, frames: int, start: Fraction, end: Fraction) -> list[Fraction]:
    """Where each of `frames` new frames lies in a clip whose last frame is `last`, exactly."""
    parts = [Fraction(t, frames - 1) if frames > 1 else Fraction(0) for t in range(frames)]
    return [(start + (end - start) * part) * last for part in parts]


def resample_clip(clip: np.ndarray, at: list[Fraction], *, dims: int) -> np.ndarray:
    """(T, M, V, C) -> (C, len(at), V, M); a joint missing on one side takes the other's place."""
    last, bodies, joints, channels = len(clip) - 1, *clip.shape[1:]
    result = np.zeros((channels, len(at), joints, bodies))
    for t, position in enumerate(at):
        low = floor(position)
        high = min(low + 1, last)
        share = float(position - low)
        for m in range(bodies):
            for v in range(joints):
                a, b = clip[low, m, v].astype(float), clip[high, m, v].astype(float)
                a_seen, b_seen = a[:dims].any(), b[:dims].any()
                if a_seen and b_seen:
                    result[:, t, v, m] = (1 - share) * a + share * b
                elif a_seen and share < 1:
                    result[:, t, v, m] = a
                elif b_seen and share > 0:
                    result[:, t, v, m] = b
    return result
