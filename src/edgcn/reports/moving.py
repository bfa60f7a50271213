"""Skeletons that move in a page: frames at even times, few enough, as small whole numbers.

frames (T, M, V, C) at their times -> 16-bit x and y of every joint, base64 -> drawn by sticks.js

A page stays below `BUDGET` bytes of skeletons however long the recordings are: there are fewer
frames a second then. An hour of 25 joints at 10 frames a second is 4.8 MB.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from edgcn.reports.sticks import clip_box, side_colors, visible_joints
from edgcn.skeleton.topology import Topology

BUDGET = 24_000_000  # bytes of all skeletons of a page
MOST_FPS, MOST_FRAMES = 25.0, 36_000  # of one recording: an hour at 10 frames a second
UNSEEN, UNIT = -32768, 16_000  # a joint that is not there; half of the picture's height
SAMPLE = 2000  # frames that say how large the picture is


@dataclass(frozen=True)
class Moving:
    """A recording or clip to be shown.

    Args:
        times: of each frame, in seconds from the first.
        dims: how many channels are geometry.
        seconds: until the end of its last frame.
        image_y_down: whether y points down, as in a picture.
        about: what else people know it by: subject, condition.
    """

    name: str
    frames: Float[np.ndarray, "t m v c"]
    times: Float[np.ndarray, " t"]
    topology: Topology
    dims: int
    seconds: float
    image_y_down: bool = False
    about: str = ""


def rate_for(shown: Sequence[Moving], *, budget: int = BUDGET) -> float:
    """Frames a second at which all of them fit into a page; at most `MOST_FPS`."""
    each = (max(s.seconds, 1.0) * s.frames.shape[1] * s.frames.shape[2] for s in shown)
    bytes_per_frame_per_second = sum(each) * 4 * 4 / 3  # two numbers of two bytes, in base64
    return float(min(MOST_FPS, budget / max(bytes_per_frame_per_second, 1.0)))


def packed(shown: Moving, fps: float) -> dict[str, Any]:
    """What sticks.js takes: the nearest frame at even times, in the units of the picture."""
    fps = min(fps, MOST_FRAMES / max(shown.seconds, 1e-9))
    count = max(1, int(shown.seconds * fps + 1e-6))
    nearest = np.searchsorted(shown.times, (np.arange(count) + 0.5) / fps, side="right") - 1
    frames = np.asarray(shown.frames[np.maximum(nearest, 0)], dtype=np.float32)
    visible = visible_joints(frames, dims=shown.dims)
    bodies = max(1, int(np.flatnonzero(visible.any(axis=(0, 2))).max(initial=0)) + 1)
    frames, visible = frames[:, :bodies], visible[:, :bodies]
    flat = frames[..., :2].astype(np.float64) * (1, -1 if shown.image_y_down else 1)
    some = slice(None, None, max(1, count // SAMPLE))
    points = flat[some][visible[some]]
    middle, half = clip_box(points) if len(points) else (np.zeros(2), np.ones(2))
    scaled = (flat - middle) * (UNIT / max(float(half.max()), 1e-9))
    numbers = np.clip(np.nan_to_num(scaled), -32767, 32767).round().astype("<i2")
    numbers[~visible] = UNSEEN
    return {
        "fps": fps,
        "frames": count,
        "bodies": bodies,
        "xy": base64.b64encode(numbers.tobytes()).decode("ascii"),
    }


def skeleton_of(topology: Topology) -> dict[str, Any]:
    """Bones, and the color of each joint: the person's left, their right, neither."""
    return {
        "joints": len(topology),
        "bones": [list(edge) for edge in topology.edges],
        "colors": list(side_colors(topology)),
    }
