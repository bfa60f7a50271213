"""Points of a detector: flat ones are x, y in pixels and its confidence, (T, M, V, 3), dims 2."""

import numpy as np
from jaxtyping import Float, Shaped

from edgcn.skeleton.recording import Frames


def with_confidence(
    points: Shaped[np.ndarray, "t m v 2"], scores: Shaped[np.ndarray, "t m v"] | None = None
) -> Frames:
    """x, y and their scores as x, y, confidence; without scores 1 for all but (0, 0)."""
    if scores is None:
        scores = (points != 0).any(axis=-1)
    return seen(np.concatenate([points, scores[..., None]], axis=-1, dtype=np.float32))


def seen(
    frames: Float[np.ndarray, "*n 3"], scores: Shaped[np.ndarray, "*n"] | None = None
) -> Float[np.ndarray, "*n 3"]:
    """The same with 0 0 0 for each point of no confidence: a detector puts it anywhere.

    Args:
        scores: the confidences; else they are the third channel.
    """
    lost = (frames[..., 2] if scores is None else scores) <= 0
    return np.where(lost[..., None], np.zeros(3, frames.dtype), frames) if lost.any() else frames
