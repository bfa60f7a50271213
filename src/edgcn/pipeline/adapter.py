"""From one kind of recording to another: joints, directions, lengths, third channel, bodies.

(T, M, V, C) frames of a store -> (T, M', V', C) as the recordings had them that an encoder learned
from. Joints go by name (`edgcn.skeleton.remap`); the rest by what is known about both sensors.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped

from edgcn.skeleton.remap import RemapPlan
from edgcn.skeleton.tensors import BESIDE_ZERO
from edgcn.skeleton.topology import Topology

Third = Literal["keep", "zero", "confidence", "seen"]

SIDEWAYS = 0.2  # part of its length below which an axis does not tell which way it points


@dataclass(frozen=True)
class Sensor:
    """What recordings measure, and how the people in them stand.

    Args:
        dims: how many channels are geometry; a third one that is not is a confidence.
        torso: mean length of the spine, in `units`; 0 where it is never seen.
        shoulders: mean distance of the shoulders; 0 likewise.
        up: how far the spine points along +y, from -1 (pixels: y points down) to 1.
        right: how far the shoulders, left to right, point along +x. Negative in pictures of people
            who face the camera; the pictures of a Kinect are mirrored.
    """

    units: str
    dims: int
    torso: float
    shoulders: float
    up: float
    right: float


def signs(source: Sensor, target: Sensor) -> tuple[int, int]:
    """Of x and y of the source, so that up is up and right is right in the target.

    A picture that is not mirrored is so turned by half a circle, a mirrored one flipped.
    """
    return _sign(source.right, target.right), _sign(source.up, target.up)


def _sign(source: float, target: float) -> int:
    clear = min(abs(source), abs(target)) > SIDEWAYS
    return -1 if clear and source * target < 0 else 1


@dataclass(frozen=True)
class Bridge:
    """How frames of one store become frames of another kind.

    Args:
        plan: by name, to the joints of `topology`; without one the joints stay as they are.
        topology: what the joints are called afterwards.
        given: how many channels are geometry in what comes.
        dims: how many are in what goes.
        third: "keep" the channel; "zero", no depth; "confidence", the detector's, taken for a
            depth; "seen", 1 where a joint was seen, as if a detector were sure.
        signs: of x and y.
        bodies: absent ones are added as zeros; the first ones are kept.
    """

    plan: RemapPlan | None
    topology: Topology
    given: int
    dims: int
    units: str
    bodies: int
    third: Third = "keep"
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
        seen = (frames[..., : self.given] != 0).any(axis=-1)
        if self.signs != (1, 1):
            frames[..., :2] *= np.array(self.signs, dtype=np.float32)
        if sizes is not None:
            frames[..., : self.given] *= sizes[:, None, None, None]
        if self.third in ("zero", "seen"):
            frames[..., 2] = seen if self.third == "seen" else 0
        # Straight ahead of the camera x = y = 0: without a depth that would be a missing joint.
        lost = seen & ~(frames[..., : self.dims] != 0).any(axis=-1)
        frames[lost, 0] = BESIDE_ZERO
        return frames


def fit_bodies(
    frames: Float[np.ndarray, "t m v c"], bodies: int
) -> Float[np.ndarray, "t bodies v c"]:
    """The first bodies, and zeros for those that are absent."""
    absent = max(bodies - frames.shape[1], 0)
    return np.pad(frames[:, :bodies], [(0, 0), (0, absent), (0, 0), (0, 0)])
