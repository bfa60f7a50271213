"""Flat points of a 2-D detector: x, y in pixels and its confidence, (T, M, V, 3), dims 2."""

import numpy as np
from jaxtyping import Shaped

from edgcn.skeleton.recording import Frames


def with_confidence(
    points: Shaped[np.ndarray, "t m v 2"], scores: Shaped[np.ndarray, "t m v"] | None = None
) -> Frames:
    """x, y and their scores as x, y, confidence; without scores 1 for all but (0, 0)."""
    if scores is None:
        scores = (points != 0).any(axis=-1)
    return np.concatenate([points, scores[..., None]], axis=-1, dtype=np.float32)
