"""Streams and moments."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.pipeline.features import (
    STREAMS,
    bones,
    feature_channels,
    moments,
    motion,
    prepare_features,
)
from edgcn.pipeline.normalize import NORMALIZATIONS, normalize
from edgcn.skeleton.layouts import BODY_25, KINECT_V2
from edgcn.skeleton.tensors import bone_vectors, joints_from_bones, visible
from edgcn.skeleton.topology import Topology
from reference import normalize as slow

both = pytest.mark.parametrize(("topology", "dims"), [(KINECT_V2, 3), (BODY_25, 2)])


def clips(gaps: float = 0.1) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(3, 3, 7, 25, 2, generator=generator)
    x = x * (torch.rand(3, 1, 7, 25, 2, generator=generator) >= gaps)
    x[-1, ..., 1:] = 0
    return x


@both
def test_streams_are_the_slow_versions(topology: Topology, dims: int) -> None:
    x = clips()
    fast = (bones(x, topology=topology, dims=dims), motion(x, dims=dims))
    for i, clip in enumerate(x.numpy()):
        np.testing.assert_allclose(fast[0][i], slow.bones(clip, topology, dims), atol=1e-6)
        np.testing.assert_allclose(fast[1][i], slow.motion(clip, dims), atol=1e-6)


def test_bones_do_not_lose_the_children_of_a_centered_joint() -> None:
    x = normalize(clips(gaps=0), NORMALIZATIONS["paper"], topology=KINECT_V2, dims=3)
    y = bones(x, topology=KINECT_V2, dims=3)
    children = [child for child, _ in KINECT_V2.edges]
    assert (y[:2, :, :, children] != 0).any(dim=1).all()


@both
def test_joints_come_back_from_their_bones(topology: Topology, dims: int) -> None:
    x = clips(gaps=0.3)
    vectors, _ = bone_vectors(x, topology=topology, dims=dims)
    rebuilt = joints_from_bones(vectors, visible(x, dims=dims), topology=topology)
    torch.testing.assert_close(rebuilt, x[:, :dims], rtol=1e-5, atol=1e-5)


def test_a_joint_whose_bones_cancel_is_not_lost() -> None:
    vectors = torch.zeros(1, 3, 1, 25, 1)
    child, parent = KINECT_V2.from_root[0]
    vectors[:, :, :, parent], vectors[:, :, :, child] = 1, -1
    seen = torch.ones(1, 1, 1, 25, 1, dtype=torch.bool)
    rebuilt = joints_from_bones(vectors, seen, topology=KINECT_V2)
    assert visible(rebuilt, dims=3).all()
    assert rebuilt[:, :, :, child].abs().max() < 1e-7


def test_motion_adds_up_to_the_path() -> None:
    x = clips(gaps=0)
    steps = motion(x, dims=3)
    assert (steps[:, :, -1] == 0).all()
    torch.testing.assert_close(x[:, :, :1] + steps.cumsum(dim=2)[:, :, :-1], x[:, :, 1:])


@both
def test_motion_gain_multiplies_steps_and_nothing_else(topology: Topology, dims: int) -> None:
    prepare = partial(
        prepare_features, stream="joint+motion", moments=False, topology=topology, dims=dims
    )
    plain, louder = (prepare(clips(), motion_gain=gain) for gain in (1.0, 5.0))
    assert torch.equal(louder[:, :3], plain[:, :3])
    torch.testing.assert_close(louder[:, 3 : 3 + dims], 5 * plain[:, 3 : 3 + dims])
    assert torch.equal(louder[:, 3 + dims :], plain[:, 3 + dims :])


def test_moments_are_in_the_papers_order() -> None:
    x = torch.tensor([2.0, 3.0, 5.0]).view(1, 3, 1, 1, 1)
    assert moments(x).flatten().tolist() == [2, 3, 5, 4, 9, 25, 6, 10, 15]
    with pytest.raises(EdgcnError, match=r"expected 3 channels .* got 2"):
        moments(x[:, :2])


@both
@pytest.mark.parametrize("stream", [*STREAMS, "joint+motion", "joint+bone+motion"])
@pytest.mark.parametrize("second_order", [False, True])
def test_features_have_their_channels_and_keep_absence(
    stream: str, second_order: bool, topology: Topology, dims: int
) -> None:
    x = clips()
    before = x.clone()
    y = prepare_features(x, stream=stream, moments=second_order, topology=topology, dims=dims)
    assert torch.equal(x, before)
    assert y.shape == (3, feature_channels(stream, moments=second_order), *x.shape[2:])
    assert (y[-1, ..., 1] == 0).all()
    if dims == 2:
        assert torch.equal(y[:, 2], x[:, 2])


def test_early_fusion_puts_streams_one_above_the_other() -> None:
    prepare = partial(prepare_features, moments=True, topology=KINECT_V2, dims=3)
    apart = [prepare(clips(), stream=name) for name in ("motion", "joint")]
    fused = prepare(clips(), stream="motion+joint")
    assert torch.equal(fused, torch.cat(apart, dim=1))


def test_streams_that_do_not_exist_are_refused() -> None:
    with pytest.raises(EdgcnError, match="no stream 'bones'; there are joint, bone, motion"):
        prepare_features(clips(), stream="bones", moments=False, topology=KINECT_V2, dims=3)
