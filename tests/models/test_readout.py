"""Readouts by their definition, with a stand-in encoder whose features are known."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from edgcn.models import ENCODERS, READOUTS
from edgcn.models.readout import Reader, body_parts, readout_width
from edgcn.skeleton import TOPOLOGIES, Topology
from edgcn.skeleton.layouts import COCO_17, KINECT_V2
from helpers import tiny_topology


@dataclass
class Known:
    """An encoder with the given features."""

    map: Tensor
    topology: Topology = KINECT_V2
    embed_dim: int = 2
    feature_dim: int = 2

    def __call__(self, clips: Tensor) -> Tensor:
        return self.map.mean(dim=(2, 3))

    def features(self, clips: Tensor) -> Tensor:
        return self.map


CLIPS = torch.zeros(3, 3, 8, 5, 1)


def test_mean_is_the_embedding() -> None:
    encoder = Known(torch.randn(3, 2, 8, 5))
    assert torch.equal(READOUTS["mean"](encoder, CLIPS), encoder(CLIPS))


def test_pyramid_is_the_means_of_one_two_and_four_segments() -> None:
    features = torch.randn(3, 2, 8, 5)
    got = READOUTS["pyramid"](Known(features), CLIPS)
    segments = [slice(0, 8), slice(0, 4), slice(4, 8), *(slice(i, i + 2) for i in (0, 2, 4, 6))]
    expected = [features[:, :, part].mean(dim=(2, 3)) for part in segments]
    torch.testing.assert_close(got, torch.cat(expected, dim=1))


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_pyramid_of_few_frames_shares_them(frames: int) -> None:
    features = torch.randn(3, 2, frames, 5)
    got = READOUTS["pyramid"](Known(features), CLIPS)
    assert got.shape == (3, 14)
    assert got.isfinite().all()
    torch.testing.assert_close(got[:, :2], features.mean(dim=(2, 3)))


def test_reversing_time_swaps_the_halves_and_keeps_the_whole() -> None:
    features = torch.randn(3, 2, 8, 5)
    forth = READOUTS["pyramid"](Known(features), CLIPS)
    back = READOUTS["pyramid"](Known(features.flip(2)), CLIPS)
    torch.testing.assert_close(back[:, :2], forth[:, :2])
    halves = forth[:, 2:6].view(3, 2, 2)
    torch.testing.assert_close(back[:, 2:6].view(3, 2, 2), halves.flip(1))


@pytest.mark.parametrize("topology", TOPOLOGIES.values(), ids=lambda topology: topology.name)
def test_every_joint_is_in_one_part_and_arms_mirror_each_other(topology: Topology) -> None:
    left, right, *lower, trunk = body_parts(topology)  # miga_22 ends above the legs
    legs = [joint for part in lower for joint in part]
    assert sorted([*left, *right, *legs, *trunk]) == list(range(len(topology)))
    assert sorted(topology.mirrored[joint] for joint in left) == sorted(right)
    assert {topology.mirrored[joint] for joint in legs} == set(legs)
    named = {topology.joints[joint].lower() for joint in (*left, *right)}
    assert all("hip" not in name and "foot" not in name for name in named)


def test_parts_of_a_known_skeleton() -> None:
    names = [{COCO_17.joints[joint] for joint in part} for part in body_parts(COCO_17)]
    assert names[0] == {"left_shoulder", "left_elbow", "left_wrist"}
    assert names[3] == {"nose", "left_eye", "right_eye", "left_ear", "right_ear"}
    assert len(body_parts(tiny_topology())) == 3  # it has no legs


def test_parts_is_a_pyramid_of_each_part() -> None:
    features = torch.randn(3, 2, 8, 25)
    got = READOUTS["parts"](Known(features), CLIPS)
    groups = [features[..., list(group)] for group in body_parts(KINECT_V2)]
    expected = [READOUTS["pyramid"](Known(group), CLIPS) for group in groups]
    torch.testing.assert_close(got, torch.cat(expected, dim=1))


def test_parts_of_a_map_without_joints_is_the_pyramid() -> None:
    known = Known(torch.randn(3, 2, 8, 1))
    assert torch.equal(READOUTS["parts"](known, CLIPS), READOUTS["pyramid"](known, CLIPS))


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("name", ["edgcn-s", "ascal-lstm", "pc-gru", "stgcn-quarter"])
def test_width_is_that_of_the_vectors_and_measuring_changes_nothing(
    name: str, readout: str
) -> None:
    torch.manual_seed(0)
    encoder = ENCODERS[name](tiny_topology(), bodies=2).train()
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    width = readout_width(encoder, readout)
    assert encoder.training
    assert all(torch.equal(value, before[key]) for key, value in encoder.state_dict().items())
    reader, x = Reader(encoder, readout).eval(), torch.randn(2, 3, 9, 5, 2)
    assert reader(x).shape == (2, width)
    assert width == reader.pieces * (encoder.feature_dim if readout != "mean" else width)
    assert torch.equal(reader(x), READOUTS[readout](encoder, x))


@pytest.mark.parametrize("name", ["edgcn-s", "ascal-lstm"])
@pytest.mark.parametrize("frames", [1, 9])
def test_readouts_fit_every_family(name: str, frames: int) -> None:
    topology = TOPOLOGIES["coco_17"]
    encoder = ENCODERS[name](topology).eval()
    x = torch.randn(2, 3, frames, 17, 1)
    assert READOUTS["mean"](encoder, x).shape == (2, encoder.embed_dim)
    assert READOUTS["pyramid"](encoder, x).shape == (2, 7 * encoder.feature_dim)
