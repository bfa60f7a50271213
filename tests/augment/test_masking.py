"""Masks hide exactly what they say."""

from typing import Any

import pytest
import torch

from edgcn.augment.draws import Draws
from edgcn.augment.masking import channel_mask, joint_mask
from edgcn.base.errors import EdgcnError
from edgcn.skeleton.layouts import BODY_25, KINECT_V2

KINECT: dict[str, Any] = {"topology": KINECT_V2, "dims": 3}


def drawn(batch: int = 64) -> Draws:
    return Draws(torch.Generator().manual_seed(0), batch=batch)


def test_joint_mask_hides_k_joints_over_one_span() -> None:
    x = torch.rand(64, 3, 30, 25, 2) + 1
    y = joint_mask(x, drawn(), **KINECT, fewest=7, most=7)
    hidden = (y == 0).all(dim=1)  # n t v m
    assert torch.equal(y, x * ~hidden[:, None])
    assert torch.equal(hidden[..., 0], hidden[..., 1])
    joints, frames = hidden[..., 0].any(dim=1), hidden[..., 0].any(dim=2)
    assert (joints.sum(dim=1) == 7).all()
    assert torch.equal(hidden[..., 0], joints[:, None] & frames[:, :, None])
    length = frames.sum(dim=1)
    assert length.min() >= 10
    assert length.max() <= 20
    assert (frames.int().diff(dim=1).abs().sum(dim=1) <= 2).all()  # one run of frames
    assert joints.any(dim=0).all()  # every joint is hidden at some time
    assert frames.any(dim=0).all()


def test_joint_mask_draws_every_count() -> None:
    x = torch.rand(512, 3, 3, 25, 1) + 1
    y = joint_mask(x, drawn(512), **KINECT)
    counts = (y == 0).all(dim=1).any(dim=1).sum(dim=(1, 2))
    assert set(counts.tolist()) == set(range(5, 16))


def test_joint_mask_leaves_some_clips_as_they_are() -> None:
    x = torch.rand(2000, 3, 6, 25, 1) + 1
    y = joint_mask(x, drawn(2000), **KINECT, p=0.2)
    changed = (y != x).any(dim=(1, 2, 3, 4)).numpy()
    assert 0.16 < changed.mean() < 0.24
    whole = joint_mask(x, drawn(2000), **KINECT)  # the same draws where a clip is changed
    assert torch.equal(y[changed], whole[changed])


def test_joint_mask_says_how_many_joints_there_are() -> None:
    with pytest.raises(EdgcnError, match=r"most <= 25, the number of joints .* got fewest 5 and"):
        joint_mask(torch.rand(2, 3, 4, 25, 1), drawn(2), **KINECT, most=26)


def test_joint_mask_hides_confidence_too() -> None:
    x = torch.rand(8, 3, 10, 25, 1) + 1
    y = joint_mask(x, drawn(8), topology=BODY_25, dims=2)
    assert torch.equal(y[:, 2] == 0, y[:, 0] == 0)


def test_channel_mask_hides_one_geometry_channel() -> None:
    x = torch.rand(64, 3, 10, 25, 1) + 1
    for dims, topology in ((3, KINECT_V2), (2, BODY_25)):
        hidden = channel_mask(x, drawn(), topology=topology, dims=dims) == 0
        channels = hidden.all(dim=(2, 3, 4))
        assert torch.equal(hidden.any(dim=(2, 3, 4)), channels)
        assert (channels[:, :dims].sum(dim=1) == 1).all()
        assert not channels[:, dims:].any()
        assert channels[:, :dims].any(dim=0).all()
