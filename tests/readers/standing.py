"""Sixty people of any layout, who stand or sit and turn, in meters or in pixels."""

import numpy as np

from edgcn.readers.skeletons import STANDING
from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology


def people(topology: Topology, *, seated: bool = False, arms: float = 0.0) -> np.ndarray:
    """Sixty people (60, V, 3) in meters, y up, each a little different, at all angles."""
    rng = np.random.default_rng(0)
    bodies = []
    for turn in np.linspace(-1.2, 1.2, 60):
        points = []
        for name in map(canonical, topology.joints):
            side = -1 if name.startswith("left_") else 1
            x, y = STANDING[name.removeprefix("left_").removeprefix("right_")]
            z = 0.1 if "toe" in name or "foot" in name else -0.02
            if arms and any(part in name for part in ("elbow", "wrist", "hand", "thumb")):
                y += arms * (0.81 - y)  # raised
            if seated and any(part in name for part in ("knee", "ankle", "foot", "toe", "heel")):
                y, z = y + 0.24, z + 0.25
            points.append((side * x, y, z))
        c, s = np.cos(turn), np.sin(turn)
        spun = np.array(points) @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        bodies.append(1.7 * spun + rng.normal(scale=0.02, size=spun.shape) + (0.3, -0.9, 2.5))
    return np.array(bodies, dtype=np.float32)


def in_pixels(bodies: np.ndarray, *, channels: int = 3) -> np.ndarray:
    """The same as a detector sees them: x, y and a confidence."""
    sure = np.random.default_rng(1).uniform(0.3, 1, (*bodies.shape[:2], 1))
    flat = bodies[..., :2] * (400, -400) + (600, 500)
    return np.concatenate([flat, sure], axis=-1).astype(np.float32)[..., :channels]
