"""Augmentations of space: AS-CAL's (Rao et al. 2021) subtract, rotate, shear; mirror; and those
that imitate another person: bone scale, posture, amplitude.

(N, C, T, V, M) -> the same. Geometry channels only; every frame and body of a clip alike.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.augment.draws import Draws, Number, per_clip
from edgcn.base.errors import EdgcnError
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


def subtract(x: Clips, draws: Draws, *, topology: Topology, dims: int, p: Number = 1.0) -> Clips:
    """Give each clip relative to one random joint of its first body, in every frame.

    In frames that miss that joint its path is interpolated; a joint that no frame has changes
    nothing.

    Args:
        p: Probability that a clip is changed; 1 in AS-CAL.
    """
    joint, chosen = draws.below(len(topology)).to(x.device), draws.coin(p).to(x.device)
    body = x[:, :dims, :, :, :1]
    path = body.gather(3, joint.view(-1, 1, 1, 1, 1).expand(-1, dims, x.shape[2], 1, 1))
    path = fill_gaps(path, dims=dims)
    return translate(x, torch.where(per_clip(chosen), -path, 0))


def rotate(
    x: Clips, draws: Draws, *, topology: Topology, dims: int, degrees: Number = 30.0
) -> Clips:
    """Rotate each clip about one random coordinate axis by its own angle; in the plane for dims 2.

    Args:
        degrees: Largest angle; drawn from U(0, degrees), AS-CAL's range.
    """
    angle, axis = draws.uniform() * math.radians(degrees), draws.below(3)
    return linear_map(x, _plane_rotation(angle) if dims == 2 else _axis_rotation(angle, axis))


def _plane_rotation(angle: Float[Tensor, " n"]) -> Float[Tensor, "n 2 2"]:
    cos, sin = angle.cos(), angle.sin()
    return torch.stack((cos, -sin, sin, cos), dim=1).view(-1, 2, 2)


def _axis_rotation(angle: Float[Tensor, " n"], axis: Tensor) -> Float[Tensor, "n 3 3"]:
    """Rodrigues' formula, I + sin K + (1 - cos) K^2, with the unit vector of `axis`."""
    u = torch.nn.functional.one_hot(axis, 3).to(angle)
    zero = torch.zeros_like(angle)
    rows = (zero, -u[:, 2], u[:, 1], u[:, 2], zero, -u[:, 0], -u[:, 1], u[:, 0], zero)
    cross = torch.stack(rows, dim=1).view(-1, 3, 3)
    sin, versine = angle.sin().view(-1, 1, 1), (1 - angle.cos()).view(-1, 1, 1)
    return torch.eye(3).to(angle) + sin * cross + versine * (cross @ cross)


def shear(
    x: Clips, draws: Draws, *, topology: Topology, dims: int, strength: Number = 1.0
) -> Clips:
    """Slant each clip: off-diagonal entries of its matrix are U(-strength, strength).

    Args:
        strength: Largest entry; 1 in AS-CAL.
    """
    offset = (2 * draws.uniform(dims, dims) - 1) * strength
    identity = torch.eye(dims).to(offset)
    return linear_map(x, identity + offset * (1 - identity))


def mirror(x: Clips, draws: Draws, *, topology: Topology, dims: int, p: Number = 0.5) -> Clips:
    """Swap left and right joints and flip x about 0, where centering has put the body.

    Args:
        p: Probability that a clip is mirrored.
    """
    chosen = draws.coin(p).to(x.device)
    swapped = x.index_select(3, torch.tensor(topology.mirrored, device=x.device))
    flipped = torch.cat((-swapped[:, :1], swapped[:, 1:]), dim=1)
    return torch.where(per_clip(chosen), flipped, x)


def bone_scale(
    x: Clips, draws: Draws, *, topology: Topology, dims: int, strength: Number = 0.2
) -> Clips:
    """Make each bone longer or shorter, mirror pairs alike, as of another person.

    Joints are rebuilt from the root, which stays; a bone with a missing end keeps its length.

    Args:
        strength: A bone's length is multiplied by U(1 - strength, 1 + strength).
    """
    if not 0 <= strength < 1:
        raise EdgcnError(f"bone_scale: expected strength within 0 <= strength < 1, got {strength}")
    one_side = [min(joint, other) for joint, other in enumerate(topology.mirrored)]
    factor = 1 + strength * (2 * draws.uniform(len(topology)) - 1)
    factor = factor[:, one_side].to(x).view(len(x), 1, 1, -1, 1)
    vectors, whole = bone_vectors(x, topology=topology, dims=dims)
    scaled = torch.where(whole, factor, 1) * vectors
    return with_geometry(x, joints_from_bones(scaled, visible(x, dims=dims), topology=topology))


def posture(x: Clips, draws: Draws, *, topology: Topology, dims: int, std: Number = 0.1) -> Clips:
    """Give each joint a fixed offset, as of another way to sit or stand, or of a sensor's errors.

    Args:
        std: Standard deviation of the offset, in the data's units after normalization (0.1 torsos
            is about 5 cm).
    """
    offset = draws.normal(dims, 1, *x.shape[3:]) * std
    return translate(x, offset.to(x))


def amplitude(
    x: Clips, draws: Draws, *, topology: Topology, dims: int, strength: Number = 0.3
) -> Clips:
    """Make each gesture larger or smaller: all joints' distances from their mean positions.

    Args:
        strength: Those distances are multiplied by U(1 - strength, 1 + strength).
    """
    if not 0 <= strength < 1:
        raise EdgcnError(f"amplitude: expected strength within 0 <= strength < 1, got {strength}")
    more = per_clip(strength * (2 * draws.uniform() - 1)).to(x)
    frames = visibility(x, dims=dims).sum(dim=2, keepdim=True).clamp(min=1)
    middle = x[:, :dims].sum(dim=2, keepdim=True) / frames
    return translate(x, more * (x[:, :dims] - middle))
