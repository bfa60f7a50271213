"""Whether joints are those that their names say: bones between other joints run across the body.

frames (T, M, V, C) of some recordings -> how long bones are, in times of a person's
"""

from dataclasses import dataclass, field

import numpy as np

from edgcn.readers.skeletons import stretch
from edgcn.skeleton.person import person_of
from edgcn.skeleton.recording import Frames
from edgcn.skeleton.topology import Topology

LONG_BONES = 2.0  # times a person's: genuine ones are up to 1.5 (`edgcn.readers.skeletons`)
RECORDINGS, FRAMES = 100, 4  # that are measured, and of each of them


@dataclass
class Bones:
    """Of the first body of the first recordings."""

    topology: Topology
    dims: int
    known: list[float] = field(default_factory=list)

    def add(self, frames: Frames) -> None:
        """One more recording."""
        if len(self.known) < RECORDINGS:
            step = max(1, len(frames) // FRAMES)
            self.known.append(stretch(frames[::step, 0, :, : self.dims], self.topology))

    @property
    def length(self) -> float:
        """Their mean, in times of what it is in a person of that size; 0 where nothing tells."""
        told = [length for length in self.known if np.isfinite(length)]
        return float(np.median(told)) if told else 0.0

    @property
    def roots(self) -> list[int]:
        """Joints that others may be measured from: the center, and the lower end of the trunk."""
        center = self.topology.joints.index(self.topology.center)
        return sorted({center, *person_of(self.topology).lower})
