"""Forward kinematics of a BVH by its definition: one joint of one frame at a time, recursively."""

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation


def place_of(
    joints: dict[str, dict[str, Any]], name: str, frame: dict[str, list[float]]
) -> np.ndarray:
    """Where a joint is: parent, offset, channels and this frame's values of each joint by name."""
    return world(joints, name, frame)[:3, 3]


def world(
    joints: dict[str, dict[str, Any]], name: str, frame: dict[str, list[float]]
) -> np.ndarray:
    """The 4 x 4 matrix from a joint's own axes to the world's."""
    joint = joints[name]
    matrix = np.eye(4)
    matrix[:3, 3] = joint["offset"]
    turns, angles = "", list[float]()
    for channel, value in zip(joint["channels"], frame[name], strict=True):
        if channel.endswith("position"):
            matrix["XYZ".index(channel[0]), 3] += value
        else:
            turns, angles = turns + channel[0], [*angles, value]
    if turns:  # upper case: about the axes as they have been turned so far
        matrix[:3, :3] = Rotation.from_euler(turns, angles, degrees=True).as_matrix()
    parent = joint["parent"]
    return world(joints, parent, frame) @ matrix if parent else matrix
