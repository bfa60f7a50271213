"""Procedural people as clips: numbers of clips -> (N, 3, T, V, 1), the same ones always.

A clip's number decides WHAT is done (the script); with a take, it decides who does it, before which
sensor, and a little otherwise each time (the manner). Two takes of one clip are two people making
one motion.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.motion.arms import move_arms
from edgcn.motion.body import draw_body
from edgcn.motion.dice import Dice
from edgcn.motion.lower import move_lower
from edgcn.motion.points import all_points, on_joints
from edgcn.motion.sensors import filmed, measured
from edgcn.pipeline.adapter import Adapter
from edgcn.skeleton.layouts import KINECT_V1
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

NAME = "procedural people"
ENDLESS = 2**40  # clips
VERSION = 1  # of the motions: another one makes other clips of the same numbers
SHORTEST, LONGEST = 0.8, 6.0  # seconds


@dataclass(frozen=True)
class People:
    """A source of clips for training (`edgcn.pipeline.source.ClipSource`), without end.

    Args:
        seed: other people, other motions.
        topology: which of a body's points the sensor finds.
    """

    seed: int = 0
    topology: Topology = KINECT_V1
    dims: int = 3
    units: str = "m"
    bodies: int = 1
    name: str = NAME
    endless: bool = True

    def __len__(self) -> int:
        return ENDLESS

    @property
    def fingerprint(self) -> str:
        """Short digest of what the clips are."""
        return f"{NAME} {VERSION}, seed {self.seed}, {self.topology.name}"

    def adapted(self, adapter: Adapter, sizes: Float[np.ndarray, " n"] | None = None) -> "People":
        """Clips without end come as they are made.

        Raises:
            EdgcnError: always.
        """
        raise EdgcnError(
            f"procedural people are made with the joints of {self.topology.name}, which are not "
            f"this encoder's; choose them with --topology"
        )

    def batch(self, rows: np.ndarray, frames: int) -> Clips:
        """Clips of these numbers."""
        return self.take(rows, frames, 0)

    def take(self, rows: np.ndarray, frames: int, take: int) -> Clips:
        """One take of each clip."""
        number = torch.from_numpy(np.asarray(rows, dtype=np.int64))
        script = Dice(self.seed, number)
        manner = Dice(self.seed + 1, number * 1024 + take)
        seen, t = self.motion(script, manner, frames)
        return as_clips(measured(manner, seen, t, topology=self.topology))

    def clip(self, number: int, fps: float) -> Float[np.ndarray, "t 1 v 3"]:
        """One clip at a frame rate, with as many frames as it lasts."""
        rows = np.array([number])
        frames = max(2, round(float(self._length(Dice(self.seed, torch.from_numpy(rows)))) * fps))
        return self.batch(rows, frames)[0].permute(1, 3, 2, 0).numpy()

    def _length(self, script: Dice) -> Float[Tensor, "n 1"]:
        """Seconds that a clip lasts."""
        return script.logarithmic("length", 1, low=SHORTEST, high=LONGEST)

    def motion(self, script: Dice, manner: Dice, frames: int) -> tuple[Tensor, Tensor]:
        """What a perfect sensor would see (N, T, V, 3), and when (N, T)."""
        body = draw_body(manner)
        length = self._length(script)
        cut = manner.uniform("cut", 2, high=0.08)
        u = torch.linspace(0, 1, frames)
        t = length * (cut[:, :1] + (1 - cut.sum(1, keepdim=True)) * u)
        lower = move_lower(script, manner, body, t, length)
        arms = move_arms(script, manner, body, lower, t, length)
        joints = on_joints(all_points(body, lower, arms), self.topology)
        return filmed(script, manner, joints, t, length), t


def as_clips(joints: Float[Tensor, "n t v 3"]) -> Clips:
    """(N, C, T, V, M) of one body."""
    return joints.permute(0, 3, 1, 2).unsqueeze(-1).contiguous()
