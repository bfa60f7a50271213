"""Laws of the augmentations of space."""

from typing import Any

import pytest
import torch
from torch import Tensor

from edgcn.augment.draws import Draws
from edgcn.augment.geometry import (
    amplitude,
    bone_scale,
    mirror,
    posture,
    rotate,
    shear,
    subtract,
)
from edgcn.base.errors import EdgcnError
from edgcn.skeleton.layouts import BODY_25, KINECT_V2
from edgcn.skeleton.tensors import bone_vectors
from edgcn.skeleton.topology import Topology

KINECT: dict[str, Any] = {"topology": KINECT_V2, "dims": 3}


def drawn(seed: int = 0, batch: int = 8) -> Draws:
    return Draws(torch.Generator().manual_seed(seed), batch=batch)


def clips(n: int = 8, frames: int = 6, bodies: int = 1) -> Tensor:
    return torch.randn(n, 3, frames, 25, bodies, generator=torch.Generator().manual_seed(5))


def lengths(x: Tensor, topology: Topology = KINECT_V2, dims: int = 3) -> Tensor:
    found: Tensor = bone_vectors(x, topology=topology, dims=dims)[0].norm(dim=1)
    return found


def test_rotation_keeps_every_distance() -> None:
    x = clips()
    y = rotate(x, drawn(), **KINECT)
    torch.testing.assert_close(y.norm(dim=1), x.norm(dim=1))
    torch.testing.assert_close(lengths(y), lengths(x))
    assert (torch.linalg.det(_map_of(x, y)) > 0).all()  # a rotation, no reflection


def _map_of(x: Tensor, y: Tensor) -> Tensor:
    """The matrix that took x to y."""
    flat_x, flat_y = (z.flatten(2).mT for z in (x, y))
    matrix: Tensor = torch.linalg.lstsq(flat_x, flat_y).solution.mT
    return matrix


def test_rotation_is_about_one_axis_by_at_most_the_angle() -> None:
    x = clips(n=64)
    matrix = _map_of(x, rotate(x, drawn(batch=64), **KINECT, degrees=30.0))
    trace = matrix.diagonal(dim1=1, dim2=2).sum(dim=1)
    angle = torch.rad2deg(torch.arccos(((trace - 1) / 2).clamp(-1, 1)))
    assert angle.max() <= 30.1
    assert angle.max() > 25
    fixed = (matrix.diagonal(dim1=1, dim2=2) - 1).abs() < 1e-5
    assert (fixed.sum(dim=1) == 1).all()
    assert fixed.any(dim=0).all()  # each of the three axes comes up


def test_shear_has_a_diagonal_of_ones() -> None:
    x = clips(n=64)
    matrix = _map_of(x, shear(x, drawn(batch=64), **KINECT, strength=0.7))
    torch.testing.assert_close(matrix.diagonal(dim1=1, dim2=2), torch.ones(64, 3))
    off = (matrix - torch.eye(3)).abs()
    assert 0.6 < off.max() <= 0.7 + 1e-4


def test_subtract_undoes_any_path() -> None:
    x = clips(bodies=2)
    path = torch.randn(8, 3, 6, 1, 1)
    one, other = (subtract(z, drawn(), **KINECT) for z in (x, x + path))
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_subtract_puts_one_joint_of_the_first_body_at_the_origin() -> None:
    y = subtract(clips(bodies=2), drawn(), **KINECT)
    at_origin = (y[..., 0].abs() < 1e-6).all(dim=1).all(dim=1)
    assert (at_origin.sum(dim=1) == 1).all()
    assert (y != 0).any(dim=1).all()  # at the origin, yet not missing


def test_mirror_twice_is_identity() -> None:
    x = clips()
    once = mirror(x, drawn(), **KINECT, p=1.0)
    torch.testing.assert_close(mirror(once, drawn(), **KINECT, p=1.0), x)
    left, right = (KINECT_V2.index(joint) for joint in ("HandLeft", "HandRight"))
    flip = torch.tensor([-1.0, 1.0, 1.0])[:, None, None]
    torch.testing.assert_close(once[:, :, :, left], x[:, :, :, right] * flip)


def test_bone_scale_keeps_directions_and_symmetry() -> None:
    x = clips()
    y = bone_scale(x, drawn(), **KINECT, strength=0.3)
    factor = lengths(y) / lengths(x)
    root = KINECT_V2.index(KINECT_V2.root)
    torch.testing.assert_close(y[:, :, :, root], x[:, :, :, root])
    torch.testing.assert_close(
        factor, factor[:, :1].expand_as(factor), rtol=1e-3, atol=1e-3
    )  # all frames
    torch.testing.assert_close(factor, factor[:, :, list(KINECT_V2.mirrored)], rtol=1e-3, atol=1e-3)
    assert 0.699 < factor.min() < factor.max() < 1.301
    before, after = (bone_vectors(z, **KINECT)[0] for z in (x, y))
    cosine = torch.nn.functional.cosine_similarity(before, after, dim=1)
    assert cosine.min() > 0.999


def test_bone_scale_in_the_plane_leaves_confidence() -> None:
    x = clips().abs()
    y = bone_scale(x, drawn(), topology=BODY_25, dims=2)
    assert torch.equal(y[:, 2], x[:, 2])


def test_bone_scale_refuses_lengths_below_zero() -> None:
    with pytest.raises(EdgcnError, match="0 <= strength < 1"):
        bone_scale(clips(), drawn(), **KINECT, strength=1.5)


def test_posture_moves_places_and_no_motion() -> None:
    x = clips()
    y = posture(x, drawn(), **KINECT)
    torch.testing.assert_close(y.diff(dim=2), x.diff(dim=2), rtol=1e-5, atol=1e-5)
    assert 0.09 < (y - x).std() < 0.11


def test_amplitude_keeps_the_mean_pose_and_scales_all_motion_alike() -> None:
    x = clips(n=64)
    y = amplitude(x, drawn(batch=64), **KINECT, strength=0.3)
    torch.testing.assert_close(y.mean(dim=2), x.mean(dim=2), rtol=1e-5, atol=1e-5)
    factor = y.diff(dim=2) / x.diff(dim=2)
    middle = factor.flatten(1).median(dim=1).values
    torch.testing.assert_close(
        y.diff(dim=2), middle.view(-1, 1, 1, 1, 1) * x.diff(dim=2), rtol=1e-3, atol=1e-4
    )
    assert 0.7 <= middle.min() < 0.75 < 1.25 < middle.max() <= 1.3


@pytest.mark.parametrize("strength", [-0.1, 1.0])
def test_amplitudes_that_reverse_motion_are_refused(strength: float) -> None:
    with pytest.raises(EdgcnError, match="amplitude: expected strength within"):
        amplitude(clips(), drawn(), **KINECT, strength=strength)
