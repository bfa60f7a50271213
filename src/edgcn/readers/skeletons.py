"""Which skeleton a file means that says only how many joints it has: decided by what they are like.

(N, V, 2 or 3) bodies -> whether channel 3 is a confidence or the depth, and the topology whose
bones are as long as a person's: under other names of the same points, bones run across the body.
What was taken is said in the note of the recordings.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from edgcn.base.errors import FileError
from edgcn.skeleton.layouts import (
    AZURE_32,
    BODY_25,
    BODY_25B,
    COCO_17,
    COCO_18,
    H36M_17,
    HAND_21,
    HAND_LAYOUTS,
    ISL,
    KINECT_V1,
    KINECT_V2_PYSKL,
    MEDIAPIPE_33,
    MEDIAPIPE_75,
    MIGA_22,
    MSR_ACTION3D,
    UTD_MHAD,
)
from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology

WHOLE_BODY = tuple(known for known in HAND_LAYOUTS if known not in (HAND_21, MEDIAPIPE_75))
DETECTORS = (
    BODY_25,
    BODY_25B,
    COCO_17,
    COCO_18,
    MIGA_22,
    *WHOLE_BODY,
)  # find x, y and a confidence
# What is meant where bones do not tell: the first of so many joints, in pixels a detector's.
KNOWN = (KINECT_V2_PYSKL, BODY_25, BODY_25B, KINECT_V1, UTD_MHAD, MSR_ACTION3D, ISL, H36M_17,
         COCO_17, COCO_18, MIGA_22, MEDIAPIPE_33, AZURE_32, *HAND_LAYOUTS)  # fmt: skip
LOOKED_AT = 400  # bodies
ROOM = 10.0  # meters; coordinates beyond are pixels where channel 3 is a confidence
FLATTEST = 0.01  # depth of a person, in parts of width or height

# Bones are 0.8 to 1.2 times as long as in `STANDING` under their true names, 1.1 to 3.5 times under
# others (UTD-MHAD, MSR Action3D, ISL30, WMFT, also as other layouts; noise: 2.4 to 4.3).
LONGEST = 1.5
CLEAR = 0.92  # of the next best
FEWEST = 5  # bones that must be seen of a body

# Somebody who stands, by canonical name: to the side and up, in parts of stature (our drawing).
STANDING = {
    "nose": (0.0, 0.92), "head": (0.0, 0.93), "head_top": (0.0, 1.0), "upper_neck": (0.0, 0.87),
    "neck": (0.0, 0.83), "chest": (0.0, 0.8), "spine": (0.0, 0.65), "hips": (0.0, 0.53),
    "eye": (0.02, 0.94), "eye_inner": (0.01, 0.94), "eye_outer": (0.03, 0.94), "ear": (0.045, 0.93),
    "mouth": (0.015, 0.89), "shoulder": (0.11, 0.81), "elbow": (0.14, 0.63), "wrist": (0.16, 0.48),
    "hand": (0.165, 0.44), "hand_tip": (0.17, 0.39), "thumb": (0.145, 0.42), "index": (0.16, 0.39),
    "middle": (0.17, 0.39), "ring": (0.175, 0.39), "little": (0.18, 0.4), "hip": (0.055, 0.52),
    "knee": (0.06, 0.28), "ankle": (0.06, 0.04), "foot": (0.07, 0.0), "heel": (0.055, 0.01),
    "big_toe": (0.07, 0.0), "small_toe": (0.085, 0.0), "foot_index": (0.07, 0.0),
    "hand_wrist": (0.16, 0.48),
    **{f"thumb_{part}": (0.155 - 0.004 * n, 0.47 - 0.012 * n)
       for n, part in enumerate(("cmc", "mcp", "ip", "tip"))},
    **{f"{finger}_{part}": (0.15 + 0.007 * column, 0.43 - 0.015 * n)
       for column, finger in enumerate(("index", "middle", "ring", "little"))
       for n, part in enumerate(("mcp", "pip", "dip", "tip"))},
    "spine_chest": (0.0, 0.72), "clavicle": (0.02, 0.81),
}  # fmt: skip

Bodies = Float[np.ndarray, "n v c"]


class Guess(NamedTuple):
    """What joints and channels are taken for, and a note on what was not given."""

    topology: Topology
    dims: Literal[2, 3]
    note: str

    @property
    def units(self) -> Literal["m", "px"]:
        """Pixels where there is no depth."""
        return "m" if self.dims == 3 else "px"


def guess(path: Path, bodies: Bodies, topology: Topology | None = None) -> Guess:
    """What bodies of a file are, from their numbers.

    Args:
        path: the file, for the error.
        topology: given by the user; then only the channels are decided.

    Raises:
        FileError: another number of joints than that of the topology, or than any has, or a third
            channel that is neither a confidence nor a depth.
    """
    joints, channels = bodies.shape[1:]
    check_joints(path, joints, topology)
    bodies = bodies[seen(bodies).any(axis=1)]
    sure = channels == 3 and is_confidence(bodies[..., 2])
    flat = channels == 2 or (sure and bool((np.abs(bodies[..., :2]) > ROOM).any()))
    known = [topology] if topology is not None else [t for t in KNOWN if len(t) == joints]
    known = sorted(known, key=lambda t: flat and t not in DETECTORS)
    if not known:
        counts = ", ".join(map(str, sorted({len(known) for known in KNOWN})))
        raise FileError(
            path, f"expected a number of joints that a known skeleton has ({counts}), got {joints}"
        )
    chosen, clear = most_plausible(bodies[..., : 2 if flat or sure else 3], known)
    dims: Literal[2, 3] = 2 if flat or (sure and chosen in DETECTORS) else 3
    if dims == 3 and (topology is None or topology in DETECTORS):
        _check_depth(path, bodies)
    if topology is not None:
        return Guess(topology, dims, "")
    note = f"{joints} joints are taken for {chosen.name}"
    if others := ", ".join(other.name for other in known if other is not chosen):
        note += f", by the lengths of bones not for {others}" if clear else f"; or is it {others}?"
    if channels == 3:
        note += f"; channel 3 for {'a confidence' if dims == 2 else 'the depth'}"
    return Guess(chosen, dims, f"{note} (--options topology NAME chooses another)")


def check_joints(path: Path, joints: int, topology: Topology | None) -> None:
    """Raise a `FileError` where a given topology has another number of joints than the file."""
    if topology is not None and joints != len(topology):
        raise FileError(
            path, f"expected {len(topology)} joints for topology {topology.name!r}, got {joints}"
        )


def is_confidence(values: Shaped[np.ndarray, "..."]) -> bool:
    """Whether numbers are within 0..1, as confidences are, and not all 0."""
    finite = values[np.isfinite(values)]
    return bool(finite.size and finite.min() >= 0 and 0 < finite.max() <= 1)


def most_plausible(bodies: Bodies, topologies: Sequence[Topology]) -> tuple[Topology, bool]:
    """The topology whose bones are most like a person's, and whether that is clear.

    Where it is not, the first.
    """
    if len(topologies) == 1:
        return topologies[0], True
    lengths = [stretch(bodies, topology) for topology in topologies]
    best, second, *_ = np.argsort(lengths, kind="stable").tolist()
    clear = lengths[best] < min(LONGEST, CLEAR * lengths[second])
    return topologies[best if clear else 0], clear


def seen(bodies: Shaped[np.ndarray, "*n v c"]) -> Bool[np.ndarray, "*n v"]:
    """Which joints have a place: not (0, 0)."""
    place: Bool[np.ndarray, "*n v"] = (bodies[..., :2] != 0).any(-1) & np.isfinite(bodies).all(-1)
    return place


def _check_depth(path: Path, bodies: Bodies) -> None:
    """Raise a `FileError` where channel 3 hardly varies over a body, and is no confidence."""
    spans = [
        np.ptp(body[points], axis=0) for body, points in zip(bodies, seen(bodies), strict=True)
    ]
    flat = [bool(span[2] < FLATTEST * span[:2].max()) for span in spans]
    if flat and np.mean(flat) > 0.5:
        third = bodies[..., 2]
        raise FileError(
            path,
            f"expected channel 3 to be a depth, or a confidence within 0..1; got numbers within "
            f"{np.nanmin(third):g}..{np.nanmax(third):g} that hardly differ within a body; "
            f"write x and y alone where it is neither",
        )


def stretch(bodies: Bodies, topology: Topology) -> float:
    """Median over bodies of their bones' mean length, in units of what it is in `STANDING`.

    Infinite where it cannot be told: too little is seen, or joints have names of their own.
    """
    if not all(_plain(joint) in STANDING for joint in topology.joints):
        return np.inf
    child, parent = np.array(topology.edges).T
    standing = np.array([_standing(canonical(joint)) for joint in topology.joints])
    ratios = []
    for body, points in zip(bodies, seen(bodies), strict=True):
        bones = points[child] & points[parent]
        if bones.sum() >= FEWEST:
            ends = child[bones], parent[bones]
            ratios.append(_spread(body, points, *ends) / _spread(standing, points, *ends))
    return float(np.median(ratios)) if ratios else np.inf


def _plain(joint: str) -> str:
    return canonical(joint).removeprefix("left_").removeprefix("right_")


def _standing(name: str) -> tuple[float, float]:
    x, y = STANDING[name.removeprefix("left_").removeprefix("right_")]
    return (-x if name.startswith("left_") else x), y


def _spread(
    body: Float[np.ndarray, "v c"],
    points: Bool[np.ndarray, "v"],
    child: Int[np.ndarray, "b"],
    parent: Int[np.ndarray, "b"],
) -> float:
    """Mean length of bones, in units of the body's size."""
    size = np.sqrt(body[points].var(axis=0).sum())
    mean = np.linalg.norm(body[child] - body[parent], axis=-1).mean()
    return float(mean / size) if size > 0 else np.inf
