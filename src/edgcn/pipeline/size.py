"""How large the first body of each clip is: the length of its torso, whatever of it is seen.

(N, C, T, V, M) -> (N,). The spine's median, over the frames that have it, if these are many enough
not to be a detector's mistakes; else what the other bones tell by the proportions of people.
"""

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from edgcn.skeleton.names import canonical
from edgcn.skeleton.tensors import Clips, visibility
from edgcn.skeleton.topology import Topology

FirstSeen = Float[Tensor, "n 1 t v 1"]  # 1 where a joint of the first body was seen

NO_LENGTH = 1e-6  # in the data's units: no direction can be read off anything shorter
OFTEN = 0.25  # of the frames with the body: what is seen less often may not be there

# Of the torso, from hips to chest: Drillis & Contini (1966), as `edgcn.motion.body` has them.
_PROPORTIONS = {
    ("left_shoulder", "right_shoulder"): 0.68,
    ("*_shoulder", "*_elbow"): 0.61,
    ("*_elbow", "*_wrist"): 0.48,
    ("*_elbow", "*_hand"): 0.64,
    ("*_wrist", "*_hand"): 0.16,
    ("left_hip", "right_hip"): 0.31,
    ("*_hip", "*_knee"): 0.80,
    ("*_knee", "*_ankle"): 0.81,
    ("chest", "*_shoulder"): 0.34,
    ("neck", "*_shoulder"): 0.36,
    ("head", "neck"): 0.35,
    ("nose", "neck"): 0.45,
    ("left_eye", "right_eye"): 0.12,
    ("left_ear", "right_ear"): 0.29,
}


@lru_cache(maxsize=64)
def proportions(topology: Topology) -> tuple[tuple[int, int, float], ...]:
    """Pairs of joints, by number, and their distance in torsos."""
    at = {canonical(joint): index for index, joint in enumerate(topology.joints)}
    found = {}
    for (start, end), part in _PROPORTIONS.items():
        for side in ("left", "right"):
            ends = (start.replace("*", side), end.replace("*", side))
            if all(joint in at for joint in ends):
                found[at[ends[0]], at[ends[1]]] = part
    return tuple((one, other, part) for (one, other), part in found.items())


def torso_size(
    x: Clips,
    seen: FirstSeen,
    bone_lengths: tuple[float, ...] | None = None,
    *,
    topology: Topology,
    dims: int,
) -> Float[Tensor, " n"]:
    """Length of each clip's torso; 1 where nothing tells it.

    Args:
        seen: which joints of the first body were seen, before gaps were filled.
        bone_lengths: what every bone has been given as its length, if they were.
    """
    spine, shoulders = ends(topology)
    often, ever = (median_lengths(x, seen, [spine], part, dims=dims)[:, 0] for part in (OFTEN, 0.0))
    others: list[Float[Tensor, " n"]] = []
    if bone_lengths and (path := _path_length(topology, bone_lengths)):
        others = [torch.full_like(often, path)]
    elif known := proportions(topology):
        parts = torch.tensor([part for *_, part in known]).to(x)
        for part in (OFTEN, 0.0):
            found = median_lengths(x, seen, [pair[:2] for pair in known], part, dims=dims)
            others.append(nan_median(found / parts))
    else:
        others = [median_lengths(x, seen, [shoulders], 0.0, dims=dims)[:, 0]]
    size = torch.ones_like(often)
    for estimate in (ever, *reversed(others), often):  # the best comes last
        size = torch.where(estimate > NO_LENGTH, estimate, size)  # NaN is not greater
    return size


def ends(topology: Topology) -> tuple[tuple[int, int], tuple[int, int]]:
    """The ends of the spine, and those of the shoulders, by number."""
    (low, high), (left, right) = topology.spine, topology.shoulders
    at = topology.index
    return (at(low), at(high)), (at(left), at(right))


def tells_size(there: Bool[np.ndarray, "t m v"], topology: Topology) -> bool:
    """Whether any two joints are seen together that tell how large the first body is."""
    pairs = [*ends(topology), *(pair[:2] for pair in proportions(topology))]
    first = there[:, 0]
    return any(bool((first[:, one] & first[:, other]).any()) for one, other in pairs)


def median_lengths(
    x: Clips, seen: FirstSeen, pairs: list[tuple[int, int]], often: float, *, dims: int
) -> Float[Tensor, "n pairs"]:
    """Median distance of joints over the frames that have both; NaN where these are too few.

    Args:
        seen: which joints of the first body were seen, before gaps were filled.
        often: share of the frames with the body in which both must have been.
    """
    starts, stops = ([pair[side] for pair in pairs] for side in (0, 1))
    points, there = x[:, :dims, :, :, 0], seen[:, 0, :, :, 0]
    frames = there.amax(dim=2).sum(dim=1)[:, None]
    enough = (there[:, :, starts] * there[:, :, stops]).sum(dim=1) >= often * frames
    now = visibility(x[..., :1], dims=dims)[:, 0, :, :, 0]
    lengths = (points[..., stops] - points[..., starts]).square().sum(dim=1).sqrt()
    known = (now[:, :, starts] * now[:, :, stops] > 0) & (lengths > NO_LENGTH) & enough[:, None]
    return nan_median(torch.where(known, lengths, torch.nan))


def nan_median(values: Float[Tensor, "n many *rest"]) -> Float[Tensor, "n *rest"]:
    """Of what is not NaN, the lower one of two; NaN where all are. (ONNX has no `nanmedian`.)"""
    last = (~values.isnan()).sum(dim=1, keepdim=True) - 1
    ordered = torch.where(values.isnan(), torch.inf, values).sort(dim=1).values
    median = ordered.gather(1, last.clamp(min=0) // 2)
    return torch.where(last >= 0, median, torch.nan)[:, 0]


def _path_length(topology: Topology, bone_lengths: tuple[float, ...]) -> float:
    """Along the bones from one end of the spine to the other."""
    parents = dict(topology.bones)
    lengths = {child: value for (child, _), value in zip(topology.bones, bone_lengths, strict=True)}

    def up(joint: str) -> list[str]:
        path = [joint]
        while path[-1] in parents:
            path.append(parents[path[-1]])
        return path

    one, other = up(topology.spine[0]), up(topology.spine[1])
    bones = [lengths[joint] for joint in {*one} ^ {*other}]
    return sum(bones) if all(bones) else 0.0
