"""What the people in some recordings measure: the numbers by which wrong coordinates are known.

frames (T, M, V, C) -> a `Posture` of each recording -> what they have in common
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from edgcn.base.spool import parts, sampled
from edgcn.skeleton.person import backward, between, crossed, person_of
from edgcn.skeleton.recording import Frames
from edgcn.skeleton.topology import Topology
from edgcn.skeleton.unseen import seen

LOOKED_AT = 32  # frames of a recording that its posture is read off
MEASURED = 4096  # frames of a recording that tell where most of its joints are
REACH = 5.0  # torsos that a joint may be outside of where most joints are
STEP = 2.0  # torsos that a joint may move from one frame to the next


@dataclass(frozen=True)
class Posture:
    """One recording's.

    Args:
        torso: median length, in the data's units; 0 where it is never seen.
        axis: how far the torso points along +x, +y (and +z), from -1 to 1.
        far: frame and joint of the first point that is far from all others.
        jumps: points that move further than a joint can from one frame to the next.
        fractions: share of the points whose x and y are within 0..1.
    """

    torso: float
    axis: tuple[float, ...]
    far: tuple[int, int] | None
    jumps: int
    points: int
    fractions: float


def posture(frames: Frames, *, topology: Topology, dims: int) -> Posture:
    """What one recording's people measure."""
    torso, axis = _torso(sample(frames, dims=dims), topology)
    some = sampled(frames, MEASURED)
    known = some[..., :dims][seen(some, dims=dims)]
    inside = ((known[:, :2] >= 0) & (known[:, :2] <= 1)).all(-1)
    fractions = float(inside.mean()) if len(known) else 0.0
    reach = np.full((2, dims), np.inf)
    if torso > 0 and len(known):
        low, high = np.quantile(known, [0.1, 0.9], axis=0)
        reach = np.stack([low - REACH * torso, high + REACH * torso])
    far, points, jumps, at = None, 0, 0, 0
    before = frames[:0]
    for part in parts(frames):
        joined = np.concatenate([before, part])
        there, lead = seen(joined, dims=dims), len(before)
        points += int(there[lead:].sum())
        if torso > 0:
            out = there[lead:] & _outside(part, *reach)
            if far is None and out.any():
                t, _, v = (int(i) for i in np.argwhere(out)[0])
                far = at + t, v
            jumps += int((_leaps(joined, torso, dims) & there[1:] & there[:-1]).sum())
        before, at = part[-1:].copy(), at + len(part)
    return Posture(torso, axis, far, jumps, points, fractions)


def _outside(
    frames: Frames, low: Float[np.ndarray, " d"], high: Float[np.ndarray, " d"]
) -> Bool[np.ndarray, "t m v"]:
    out = np.zeros(frames.shape[:3], dtype=bool)
    for channel, (least, most) in enumerate(zip(low, high, strict=True)):
        out |= (frames[..., channel] < least) | (frames[..., channel] > most)
    return out


def _leaps(frames: Frames, torso: float, dims: int) -> Bool[np.ndarray, "steps m v"]:
    """Which points move further than a joint can to the next frame."""
    steps = sum(np.square(np.diff(frames[..., channel], axis=0)) for channel in range(dims))
    return np.asarray(steps > (STEP * torso) ** 2)


def sample(frames: Frames, *, dims: int) -> Float[np.ndarray, "n v d"]:
    """Some frames of the first body."""
    return sampled(frames, LOOKED_AT)[:, 0, :, :dims]


def _torso(
    points: Float[np.ndarray, "n v d"], topology: Topology
) -> tuple[float, tuple[float, ...]]:
    person = person_of(topology)
    spine = between(points, person.lower, person.upper)
    if not len(spine):
        return 0.0, ()
    lengths = np.sqrt(np.square(spine, dtype=np.float64).sum(-1))
    mean = spine.mean(0) / max(float(lengths.mean()), 1e-30)
    return float(np.median(lengths)), tuple(float(value) for value in mean)


@dataclass
class Postures:
    """Many recordings', and which sides look exchanged."""

    topology: Topology
    dims: int
    torsos: list[float] = field(default_factory=list)
    axes: list[tuple[float, ...]] = field(default_factory=list)
    fractions: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        person = person_of(self.topology)
        self._person, self._bones = person, person.sides
        self._crossed = np.zeros((len(self._bones), 2))
        self._backward = np.zeros(2)

    def add(self, frames: Frames) -> Posture:
        """One more recording."""
        made = posture(frames, topology=self.topology, dims=self.dims)
        self.torsos.append(made.torso)
        if made.torso:
            self.axes.append(made.axis)
        if made.points:
            self.fractions.append(made.fractions)
        points = sample(frames, dims=self.dims)
        self._crossed += np.stack(crossed(points, self._bones), axis=1)
        if self.dims == 3 and self._person.lower and self._person.upper and self._person.shoulders:
            wrong = backward(points, self._person)
            self._backward += (wrong.sum(), len(wrong))
        return made

    @property
    def torso(self) -> float:
        """Median of the recordings that show one; 0 where none does."""
        known = [torso for torso in self.torsos if torso > 0]
        return float(np.median(known)) if known else 0.0

    @property
    def axis(self) -> tuple[float, ...]:
        """Median direction of the torso."""
        return tuple(float(v) for v in np.median(self.axes, axis=0)) if self.axes else ()

    @property
    def exchanged(self) -> list[str]:
        """Joints of the left side that are nearer to the right side's, in most frames."""
        most = self._crossed[:, 0] > 0.5 * self._crossed[:, 1]
        return [self.topology.joints[bone[0]] for bone, bad in zip(self._bones, most, strict=True)
                if bad]  # fmt: skip

    @property
    def mirrored(self) -> bool:
        """Whether toes point backward in most frames."""
        wrong, frames = self._backward
        return bool(frames and wrong > 0.7 * frames)
