"""Points out of columns of numbers: which column is which axis of which joint.

columns by joint and axis -> `points_of` -> `Points`; rows of numbers -> (T, 1, V, 3)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.base.words import named
from edgcn.readers.file_each import detected
from edgcn.readers.named_joints import Joints, find_joints
from edgcn.readers.times import Unit
from edgcn.skeleton.recording import Frames
from edgcn.skeleton.topology import Topology


@dataclass(frozen=True)
class Choice:
    """What the user says of all files.

    Args:
        joints: names of the files that stand for joints.
        dims: 2 leaves z out; None takes it where all joints have it.
        time: unit of times; None leaves them aside.
        min_confidence: points below are not seen.
        said: of the times of the first file.
    """

    topology: Topology | None = None
    joints: Mapping[str, str] | None = None
    dims: Literal[2, 3] | None = None
    time: Unit | None = "auto"
    min_confidence: float = 0.0
    said: str = ""


@dataclass(frozen=True)
class Points:
    """Columns of joints.

    Args:
        columns: of each axis, that of each joint of the topology; -1 where there is none.
        confident: whether the last axis is a confidence.
    """

    joints: Joints
    columns: tuple[tuple[int, ...], ...]
    confident: bool

    @property
    def topology(self) -> Topology:
        """That the joints belong to."""
        return self.joints.match.topology

    @property
    def dims(self) -> Literal[2, 3]:
        """How many axes are geometry."""
        return 3 if len(self.columns) - self.confident == 3 else 2

    @property
    def used(self) -> list[int]:
        """All columns, in order."""
        return sorted({column for axis in self.columns for column in axis} - {-1})

    @property
    def remark(self) -> str:
        """What was detected, in words."""
        form = "and a confidence" if self.confident else "alone"
        return f"{self.joints.remark}; {self.dims} coordinates {form} for each joint"

    def frames(
        self, values: Float[np.ndarray, "t used"], *, least: float = 0.0
    ) -> tuple[Frames, Float[np.ndarray, "t m v"] | None]:
        """Rows of the used columns as frames, and confidences beside points in space.

        Args:
            least: the lowest confidence of a point that counts as seen.
        """
        at = {column: place for place, column in enumerate(self.used)}
        points = np.zeros((len(values), 1, len(self.topology), 3), dtype=np.float32)
        scores = np.ones(points.shape[:3], dtype=np.float32) if self.confident else None
        for axis, columns in enumerate(self.columns):
            into = scores if scores is not None and axis == self.dims else points[..., axis]
            for joint, column in enumerate(columns):
                if column >= 0:
                    into[:, 0, joint] = values[:, at[column]]
        return detected(points, scores, dims=self.dims, least=least)


def points_of(path: Path, joints: Mapping[str, Mapping[str, int]], choice: Choice) -> Points:
    """Which columns are used.

    Args:
        joints: the columns of x, y, z and c of each joint, by the file's names.

    Raises:
        FileError: fewer than three of the joints are known, or z is asked for and is not there.
    """
    names = [joint for joint, own in joints.items() if {"x", "y"} <= own.keys()]
    found = find_joints(path, names, topology=choice.topology, joints=choice.joints)
    places = found.match.places
    used = [names[place] for place in places if place >= 0]
    deep = choice.dims != 2 and all("z" in joints[joint] for joint in used)
    if choice.dims == 3 and not deep:
        lacking = [joint for joint in used if "z" not in joints[joint]]
        raise FileError(path, f"expected x, y and z of each joint, got no z of {named(lacking)}")
    confident = any("c" in joints[joint] for joint in used)
    axes: Sequence[str] = ["x", "y", *("z" if deep else ""), *("c" if confident else "")]
    columns = tuple(
        tuple(joints[names[place]].get(axis, -1) if place >= 0 else -1 for place in places)
        for axis in axes
    )
    return Points(found, columns, confident)
