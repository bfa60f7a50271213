"""From one kind of recording to another: joints, directions, lengths, depth, bodies.

(T, M, V, C) frames of a store -> (T, M', V', C) as the recordings had them that an encoder learned
from. Joints go by name (`edgcn.skeleton.remap`); the rest by what is known about both sensors.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from edgcn.skeleton.recording import fit_bodies
from edgcn.skeleton.remap import RemapPlan
from edgcn.skeleton.tensors import BESIDE_ZERO
from edgcn.skeleton.topology import Topology

Depth = Literal["keep", "zero", "confidence", "visible"]


@dataclass(frozen=True)
class Adapter:
    """How frames of one store become frames of another kind.

    Args:
        plan: by name, to the joints of `topology`; without one the joints stay as they are.
        topology: what the joints are called afterwards.
        given: how many channels are geometry in what comes.
        dims: how many are in what goes.
        depth: "keep" the third channel; "zero", no depth; "confidence", the detector's, taken for
            a depth; "visible", 1 where a joint was seen, as if a detector were sure.
        signs: of x and y.
        bodies: absent ones are added as zeros; the first ones are kept.
    """

    plan: RemapPlan | None
    topology: Topology
    given: int
    dims: int
    units: str
    bodies: int
    depth: Depth = "keep"
    signs: tuple[int, int] = (1, 1)

    def apply(
        self, frames: Shaped[np.ndarray, "t m v c"], sizes: Float[np.ndarray, " t"] | None = None
    ) -> Float[np.ndarray, "t bodies joints c"]:
        """New frames; what was not seen stays 0.

        Args:
            sizes: factor of each frame's geometry.
        """
        frames = frames.astype(np.float32)
        frames = self.plan.apply(frames, dims=self.given) if self.plan else frames
        frames = fit_bodies(frames, self.bodies)
        visible = (frames[..., : self.given] != 0).any(axis=-1)
        if self.signs != (1, 1):
            frames[..., :2] *= np.array(self.signs, dtype=np.float32)
        if sizes is not None:
            frames[..., : self.given] *= sizes[:, None, None, None]
        if self.depth in ("zero", "visible"):
            frames[..., 2] = visible if self.depth == "visible" else 0
        # Straight ahead of the camera x = y = 0: without a depth that would be a missing joint.
        lost = visible & ~(frames[..., : self.dims] != 0).any(axis=-1)
        frames[lost, 0] = BESIDE_ZERO
        return frames
