"""Joints by name: a known skeleton's in another order or spelling, or only some of them.

names of a file -> topology, and where each of its joints is in the file
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

from edgcn.base.words import named
from edgcn.skeleton.layouts import TOPOLOGIES
from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology

FEWEST = 3  # joints by which a skeleton is known


@dataclass(frozen=True)
class Match:
    """A known topology and the joints of a file.

    Args:
        places: of the topology's joints in the file, -1 where it has none.
    """

    topology: Topology
    places: tuple[int, ...]

    def apply(self, values: Shaped[np.ndarray, "t m v *c"]) -> Shaped[np.ndarray, "t m w *c"]:
        """The file's joints as the topology's; 0 where the file has none."""
        arranged = values[:, :, [max(place, 0) for place in self.places]]
        arranged[:, :, [place < 0 for place in self.places]] = 0
        return arranged

    @property
    def remark(self) -> str:
        """What was done, in words."""
        joints = self.topology.joints
        absent = [joint for joint, at in zip(joints, self.places, strict=True) if at < 0]
        text = f"joints matched by name with those of {self.topology.name}"
        return text + (f", without {named(absent)}, taken as not seen" if absent else "")


def match_joints(joints: tuple[str, ...]) -> Match | None:
    """The smallest known skeleton that has joints of all these names, or None.

    Spelled as it spells them (upper or lower case) rather than under other names of a point.
    """
    for spelling in (_plain, canonical):
        names = [spelling(joint) for joint in joints]
        if len(set(names)) < len(names) or len(names) < FEWEST:
            continue
        for topology in sorted(TOPOLOGIES.values(), key=len):
            own = [spelling(joint) for joint in topology.joints]
            if set(names) <= set(own):
                places = (names.index(name) if name in names else -1 for name in own)
                return Match(topology, tuple(places))
    return None


def _plain(joint: str) -> str:
    return "".join(letter for letter in joint.lower() if letter.isalnum())
