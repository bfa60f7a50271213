"""Remove where a body stood, which way it faced and how large it is; keep what it did.

(N, C, T, V, M) -> the same. Training, evaluation and streaming call this one function with the
settings that a checkpoint keeps. `paper` only centers; `aligned` adds the view-invariant transform
(as in Predict & Cluster, Su et al., CVPR 2020); `canonical` also mean bone lengths and one scale
for all sensors, and is the same for any rotated, moved and uniformly scaled copy of a clip.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.pipeline.size import NO_LENGTH, FirstSeen, torso_size
from edgcn.skeleton.tensors import (
    Clips,
    bone_vectors,
    fill_gaps,
    joints_from_bones,
    linear_map,
    translate,
    visibility,
    visible,
    with_geometry,
)
from edgcn.skeleton.topology import Topology
from edgcn.skeleton.unseen import FAR

Center = Literal["first", "every", "none"]
Scale = Literal["none", "torso"]

NO_BONE = 1e-4  # part of a bone's mean length below which its direction is rounding
PARALLEL = 1e-2  # sine of the angle below which two axes cannot be told apart


@dataclass(frozen=True)
class Normalize:
    """What `normalize` does, in the order it does it.

    Args:
        fill: interpolate missing joints in time.
        unit_bones: give every bone its length in `bone_lengths`, keeping its direction.
        bone_lengths: in the order of the topology's bones, from `mean_bone_lengths`.
        align: turn the clip so that its mean spine points to +y and its mean shoulders, left to
            right, to +x (for 2 geometry channels, the spine alone).
        scale: "torso" divides by the length of the torso (`edgcn.pipeline.size`).
        center: subtract the center joint of the first body, at its first frame or at every frame.
    """

    fill: bool = True
    center: Center = "first"
    align: bool = True
    unit_bones: bool = True
    bone_lengths: tuple[float, ...] | None = None
    scale: Scale = "none"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, for checkpoints."""
        lengths = None if self.bone_lengths is None else list(self.bone_lengths)
        return asdict(self) | {"bone_lengths": lengths}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Normalize":
        """Inverse of `to_dict`; settings that are not given have their defaults."""
        known = [field.name for field in fields(cls)]
        for key in data:
            if key not in known:
                hint = did_you_mean(key, known)
                raise EdgcnError(
                    f"normalize has no setting {key!r}{hint} (there are: {', '.join(known)})"
                )
        for key, allowed in (("center", get_args(Center)), ("scale", get_args(Scale))):
            if data.get(key, allowed[0]) not in allowed:
                raise EdgcnError(
                    f"normalize: expected {key} to be one of {', '.join(allowed)}, "
                    f"got {data[key]!r}"
                )
        given = data.get("bone_lengths")
        lengths = None if given is None else tuple(float(length) for length in given)
        return cls(**{**data, "bone_lengths": lengths})


NORMALIZATIONS: dict[str, Normalize] = {
    "paper": Normalize(fill=False, align=False, unit_bones=False),
    "aligned": Normalize(unit_bones=False),
    "canonical": Normalize(scale="torso"),
}


def normalize(x: Clips, settings: Normalize, *, topology: Topology, dims: int) -> Clips:
    """The clips as the settings want them; missing joints and absent bodies stay exactly 0.

    Args:
        dims: how many leading channels are geometry; a confidence behind them is not touched.
    """
    if len(topology) != x.shape[3]:
        raise EdgcnError(
            f"expected clips of shape (N, C, T, {len(topology)}, M) for topology "
            f"{topology.name!r}, got {tuple(x.shape)}; convert first with `remap`"
        )
    seen = visibility(x[..., :1], dims=dims)  # of the first body, before any gap is filled
    if settings.fill:
        x = fill_gaps(x, dims=dims)
    if settings.unit_bones:
        x = unit_bones_of(x, settings.bone_lengths, topology=topology, dims=dims)
    if settings.align or settings.scale == "torso":
        x = linear_map(x, _turn_and_scale(x, seen, settings, topology=topology, dims=dims))
    if settings.center != "none":
        path = center_path(x, topology=topology, dims=dims)
        x = translate(x, -(path[:, :, :1] if settings.center == "first" else path))
    return x


def _turn_and_scale(
    x: Clips, seen: FirstSeen, settings: Normalize, *, topology: Topology, dims: int
) -> Float[Tensor, "n d d"]:
    """What turns each clip to the front and divides it by its torso, whichever is asked for."""
    matrix = torch.eye(dims).to(x).expand(x.shape[0], dims, dims)
    spine, shoulders = trunk(x, topology=topology, dims=dims)
    if settings.align:
        matrix = facing(spine, shoulders)
    if settings.scale == "torso":
        lengths = settings.bone_lengths if settings.unit_bones else None
        size = torso_size(x, seen, lengths, topology=topology, dims=dims)
        matrix = matrix / size.view(-1, 1, 1)
    return matrix


def mean_bone_lengths(
    batches: Iterable[Clips], *, topology: Topology, dims: int
) -> tuple[float, ...]:
    """Mean length of every bone over all frames that have both its ends, in the data's units.

    In the order of the topology's bones; 0 for a bone that is never seen. A single frame gone
    astray must not make all people giants: absurd lengths do not count.
    """
    totals = torch.zeros(2, len(topology), dtype=torch.float64)
    for x in batches:
        vectors, whole = bone_vectors(x, topology=topology, dims=dims)
        length = _norm(vectors) * whole
        counted = (length > NO_LENGTH) & (length < FAR)
        length = torch.where(counted, length, 0).double()
        sums = (length.sum(dim=(0, 1, 2, 4)), counted.double().sum(dim=(0, 1, 2, 4)))
        totals += torch.stack(sums).cpu()
    means = totals[0] / totals[1].clamp(min=1)
    return tuple(means[child].item() for child, _ in topology.edges)


def _norm(vectors: Float[Tensor, "n d t v m"]) -> Float[Tensor, "n 1 t v m"]:
    return vectors.square().sum(dim=1, keepdim=True).sqrt()  # 80 times faster than `norm` on a CPU


def unit_bones_of(
    x: Clips,
    bone_lengths: tuple[float, ...] | None,
    size: Float[Tensor, " #n"] | None = None,
    *,
    topology: Topology,
    dims: int,
) -> Clips:
    """Give every bone its mean length.

    First the whole clip is scaled, so that its first body is as large as the mean body: the path
    of the root and the distance between two bodies stay in proportion. A bone that has a missing
    end, no length, or no mean length (0) keeps the vector that this leaves it with.

    Args:
        size: factor of each clip, where it is known already; see `size_factor`.
    """
    target = _targets(x, bone_lengths, topology)
    vectors, whole = bone_vectors(x, topology=topology, dims=dims)
    length = _norm(vectors)
    known = _known(length, whole, target)
    if size is None:
        size = _factor(length, known, target)
    factor = torch.where(known, target / length, size.view(-1, 1, 1, 1, 1))
    seen = visible(x, dims=dims)
    return with_geometry(x, joints_from_bones(vectors * factor, seen, topology=topology))


def size_factor(
    x: Clips, bone_lengths: tuple[float, ...] | None, *, topology: Topology, dims: int
) -> Float[Tensor, " n"]:
    """What makes each clip's first body as large as the mean body."""
    target = _targets(x, bone_lengths, topology)
    vectors, whole = bone_vectors(x, topology=topology, dims=dims)
    length = _norm(vectors)
    return _factor(length, _known(length, whole, target), target)


def _targets(
    x: Clips, bone_lengths: tuple[float, ...] | None, topology: Topology
) -> Float[Tensor, "1 1 1 v 1"]:
    """The mean length of each joint's bone."""
    if bone_lengths is None or len(bone_lengths) != len(topology.bones):
        got = "none" if bone_lengths is None else f"{len(bone_lengths)}"
        raise EdgcnError(
            f"unit bones need {len(topology.bones)} bone lengths for topology {topology.name!r}, "
            f"got {got}; fit them with `mean_bone_lengths` on the training clips"
        )
    by_joint = torch.zeros(len(topology), dtype=torch.float64)
    for (child, _), mean in zip(topology.edges, bone_lengths, strict=True):
        by_joint[child] = mean
    return by_joint.to(x).view(1, 1, 1, -1, 1)


def _known(length: Tensor, whole: Tensor, target: Tensor) -> Tensor:
    """Which bones have a direction."""
    shortest = torch.where(target > 0, NO_BONE * target, torch.inf)
    return whole & (length > shortest)


def _factor(length: Tensor, known: Tensor, target: Tensor) -> Float[Tensor, " n"]:
    first = known[..., :1]
    wanted = (target * first).sum(dim=(1, 2, 3, 4))
    found = (length[..., :1] * first).sum(dim=(1, 2, 3, 4))
    return torch.where(found > 0, wanted / found, 1)


def trunk(
    x: Clips, *, topology: Topology, dims: int
) -> tuple[Float[Tensor, "n d t"], Float[Tensor, "n d t"]]:
    """The first body's spine, upwards, and shoulders, left to right; 0 where an end is missing."""
    spine, shoulders = (
        _first_body(x, ends, topology=topology, dims=dims)
        for ends in (topology.spine, topology.shoulders)
    )
    return spine, shoulders


def _first_body(
    x: Clips, ends: tuple[str, str], *, topology: Topology, dims: int
) -> Float[Tensor, "n d t"]:
    """The first body's vector from one joint to another; 0 in frames that miss either."""
    start, end = (x[:, :dims, :, topology.index(joint), :1].unsqueeze(3) for joint in ends)
    both = visibility(start, dims=dims) * visibility(end, dims=dims)
    return ((end - start) * both)[..., 0, 0]


def facing(
    spine: Float[Tensor, "n d t"], shoulders: Float[Tensor, "n d t"]
) -> Float[Tensor, "n d d"]:
    """The rotation that brings the spine to +y and the shoulders, left to right, near +x.

    Read off the mean over the clip's frames: the first frame alone, as others do, hands its noise
    to every frame. An axis that cannot be read off keeps the sensor's. Kinect v2 data of someone
    who faces the sensor hardly turn; in images y points down, so that they turn by half a circle.
    Nothing is ever reflected: in a mirrored image left and right shoulder stay swapped.
    """
    dims = spine.shape[1]
    x_axis, y_axis = (_axis(channel, dims, spine) for channel in (0, 1))
    up = _unit_or(spine.mean(dim=2), y_axis)
    if dims == 2:
        return torch.stack((torch.stack((up[:, 1], -up[:, 0]), dim=1), up), dim=1)
    lying = torch.where(up[:, :1] > 0, -1, 1) * y_axis  # where a spine along x sends y
    side = _across(x_axis, up, otherwise=_across(lying, up, otherwise=lying))
    side = _across(shoulders.mean(dim=2), up, otherwise=side)
    return torch.stack((side, up, torch.linalg.cross(side, up)), dim=1)


def _axis(channel: int, dims: int, like: Tensor) -> Float[Tensor, "1 d"]:
    return torch.eye(dims)[channel : channel + 1].to(like)


def _unit_or(
    vector: Float[Tensor, "n d"], otherwise: Float[Tensor, "#n d"]
) -> Float[Tensor, "n d"]:
    """The vector at length 1, or the other one where it has none."""
    length = vector.norm(dim=1, keepdim=True)
    return torch.where(length > NO_LENGTH, vector / length.clamp(min=NO_LENGTH), otherwise)


def _across(
    vector: Float[Tensor, "#n d"], up: Float[Tensor, "n d"], *, otherwise: Float[Tensor, "#n d"]
) -> Float[Tensor, "n d"]:
    """The part of a vector that is orthogonal to `up`, at length 1 (one Gram-Schmidt step)."""
    across = vector - (vector * up).sum(dim=1, keepdim=True) * up
    apart = across.norm(dim=1, keepdim=True) > PARALLEL * vector.norm(dim=1, keepdim=True)
    return torch.where(apart, _unit_or(across, otherwise), otherwise)


def center_path(x: Clips, *, topology: Topology, dims: int) -> Float[Tensor, "n d t 1 1"]:
    """Where the first body's center joint is in every frame, gaps interpolated.

    Where no frame has it, the mean of all joints there are stands in.
    """
    joint = topology.index(topology.center)
    center = x[:, :dims, :, joint : joint + 1, :1]
    seen = visibility(x, dims=dims)
    count = seen.sum(dim=(3, 4), keepdim=True).clamp(min=1)
    middle = x[:, :dims].sum(dim=(3, 4), keepdim=True) / count
    ever = seen[:, :, :, joint : joint + 1, :1].amax(dim=2, keepdim=True) > 0
    return fill_gaps(torch.where(ever, center, middle), dims=dims)
