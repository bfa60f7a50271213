"""Readouts: by their definition on known features, then one suite over READOUTS and families."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.models import ENCODERS, READOUTS, Reader, readout_for, readout_width
from edgcn.models.dense_graph import DenseGraphEncoder
from edgcn.models.readout import body_parts
from edgcn.skeleton import TOPOLOGIES, Topology
from edgcn.skeleton.layouts import COCO_17, KINECT_V2
from helpers import tiny_topology

FAMILIES = ["edgcn-s", "edgcn-table1", "ascal-lstm", "pc-gru", "stgcn-quarter", "no-pooling"]
SMALL: dict[str, dict[str, Any]] = {
    "edgcn-s": {"widths": (6, 12), "strides": (1, 2), "embed_dim": 5},
    "edgcn-table1": {"widths": (6, 12), "strides": (1, 2), "embed_dim": 5},
    "ascal-lstm": {"hidden": 6, "embed_dim": 5},
    "pc-gru": {"hidden": 6},
    "stgcn-quarter": {"widths": (4, 8), "strides": (1, 2), "embed_dim": 5},
}
CLIPS = torch.zeros(3, 3, 8, 5, 1)


class Known(nn.Module):
    """An encoder with the given features."""

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.embed_dim = self.feature_dim = 2
        self.map = features

    def forward(self, clips: Tensor) -> Tensor:
        return self.map.mean(dim=(2, 3))

    def features(self, clips: Tensor) -> Tensor:
        return self.map


class NoPooling(nn.Module):
    """All of the contract that readouts use, and nothing else; joints and frames stay."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.feature_dim, self.embed_dim = 4, 3
        self.mix, self.last = nn.Linear(channels, 4), nn.Linear(4, 3)

    def features(self, clips: Tensor) -> Tensor:
        mixed: Tensor = self.mix(clips.permute(0, 2, 3, 4, 1)).mean(dim=3)
        return mixed.permute(0, 3, 1, 2)

    def forward(self, clips: Tensor) -> Tensor:
        embedding: Tensor = self.last(self.features(clips).mean(dim=(2, 3)))
        return embedding


class TwoLines(nn.Module):
    """The least that is an encoder. It reads whole clips of exactly this size."""

    def __init__(self) -> None:
        super().__init__()
        self.embed_dim = 7
        self.mix = nn.Linear(2 * 3 * 9 * 5, 7)

    def forward(self, clips: Tensor) -> Tensor:
        embedding: Tensor = self.mix(clips.flatten(1))
        return embedding


TINY = tiny_topology()
READ: dict[str, Any] = {"topology": TINY, "in_channels": 3, "bodies": 2}


def family(name: str) -> Any:
    torch.manual_seed(0)
    if name == "no-pooling":
        return NoPooling(3)
    return ENCODERS[name](TINY, bodies=2, **SMALL[name])


def clips(n: int = 4, frames: int = 9) -> Tensor:
    return torch.randn(n, 3, frames, 5, 2, generator=torch.Generator().manual_seed(n))


def test_mean_is_the_embedding() -> None:
    encoder = Known(torch.randn(3, 2, 8, 5))
    assert torch.equal(READOUTS["mean"](encoder, CLIPS, TINY), encoder(CLIPS))


def test_pyramid_is_the_means_of_one_two_and_four_segments() -> None:
    features = torch.randn(3, 2, 8, 5)
    got = READOUTS["pyramid"](Known(features), CLIPS, TINY)
    segments = [slice(0, 8), slice(0, 4), slice(4, 8), *(slice(i, i + 2) for i in (0, 2, 4, 6))]
    expected = [features[:, :, part].mean(dim=(2, 3)) for part in segments]
    torch.testing.assert_close(got, torch.cat(expected, dim=1))


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_pyramid_of_few_frames_shares_them(frames: int) -> None:
    features = torch.randn(3, 2, frames, 5)
    got = READOUTS["pyramid"](Known(features), CLIPS, TINY)
    assert got.shape == (3, 14)
    assert got.isfinite().all()
    torch.testing.assert_close(got[:, :2], features.mean(dim=(2, 3)))


def test_reversing_time_swaps_the_halves_and_keeps_the_whole() -> None:
    features = torch.randn(3, 2, 8, 5)
    forth = READOUTS["pyramid"](Known(features), CLIPS, TINY)
    back = READOUTS["pyramid"](Known(features.flip(2)), CLIPS, TINY)
    torch.testing.assert_close(back[:, :2], forth[:, :2])
    halves = forth[:, 2:6].view(3, 2, 2)
    torch.testing.assert_close(back[:, 2:6].view(3, 2, 2), halves.flip(1))


@pytest.mark.parametrize(
    "topology",
    [topology for topology in TOPOLOGIES.values() if topology.mirror],  # more than a hand
    ids=lambda topology: topology.name,
)
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
    assert len(body_parts(TINY)) == 3  # it has no legs


def test_parts_is_a_pyramid_of_each_part() -> None:
    features = torch.randn(3, 2, 8, 25)
    got = READOUTS["parts"](Known(features), CLIPS, KINECT_V2)
    groups = [features[..., list(group)] for group in body_parts(KINECT_V2)]
    expected = [READOUTS["pyramid"](Known(group), CLIPS, KINECT_V2) for group in groups]
    torch.testing.assert_close(got, torch.cat(expected, dim=1))


def test_peaks_is_a_pyramid_and_the_peaks_of_each_part() -> None:
    features = torch.randn(3, 2, 8, 25)
    got = READOUTS["peaks"](Known(features), CLIPS, KINECT_V2).view(3, -1, 9, 2)
    for number, group in enumerate(body_parts(KINECT_V2)):
        part = features[..., list(group)]
        pyramid = READOUTS["pyramid"](Known(part), CLIPS, KINECT_V2)
        torch.testing.assert_close(got[:, number, :7].flatten(1), pyramid)
        torch.testing.assert_close(got[:, number, 7], part.amax(dim=(2, 3)))
        torch.testing.assert_close(got[:, number, 8], part.mean(dim=3).amax(dim=2))


def test_peaks_reads_every_block() -> None:
    encoder = DenseGraphEncoder(
        KINECT_V2, hops=(0, 1), windows=(3,), temporal="simple", widths=(4, 8), strides=(1, 2)
    ).eval()
    clips = torch.randn(2, 3, 8, 25, 1)
    maps = list(encoder.every_map(clips))
    assert torch.equal(maps[-1], encoder.features(clips))
    each = [READOUTS["peaks"](Known(block), clips, KINECT_V2) for block in maps]
    torch.testing.assert_close(READOUTS["peaks"](encoder, clips, KINECT_V2), torch.cat(each, dim=1))


def test_parts_of_a_map_without_joints_is_the_pyramid() -> None:
    known = Known(torch.randn(3, 2, 8, 1))
    pyramid = READOUTS["pyramid"](known, CLIPS, KINECT_V2)
    assert torch.equal(READOUTS["parts"](known, CLIPS, KINECT_V2), pyramid)


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("name", FAMILIES)
def test_width_is_that_of_the_vectors_and_measuring_changes_nothing(
    name: str, readout: str
) -> None:
    encoder = family(name).train()
    before, random = copy.deepcopy(encoder.state_dict()), torch.get_rng_state()
    width = readout_width(encoder, readout, **READ)
    reader = Reader(encoder, readout, **READ)
    assert encoder.training
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[key]) for key, value in encoder.state_dict().items())
    for frames in (1, 9):
        vectors = reader.eval()(clips(2, frames))
        assert vectors.shape == (2, width) == (2, reader.embed_dim)
        assert torch.equal(vectors, READOUTS[readout](encoder, clips(2, frames), TINY))
    even = readout in ("pyramid", "parts")
    assert width == reader.pieces * (encoder.feature_dim if even else width)


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("name", FAMILIES)
def test_clips_do_not_mix(name: str, readout: str) -> None:
    reader, x = Reader(family(name), readout, **READ).eval(), clips()
    torch.testing.assert_close(reader(x)[1:3], reader(x[1:3]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("name", FAMILIES)
def test_exactly_the_parameters_that_are_read_learn(name: str, readout: str) -> None:
    """Several ranks would wait for the gradients of the others."""
    reader = Reader(family(name), readout, **READ).train()
    reader(clips()).square().sum().backward()
    for key, parameter in reader.named_parameters():
        assert parameter.requires_grad == (parameter.grad is not None), key
    frozen = {k.split(".")[1] for k, p in reader.named_parameters() if not p.requires_grad}
    heads = {"head", "last"} & {child for child, _ in reader.encoder.named_children()}
    learned = {child for child in heads if list(reader.encoder.get_submodule(child).parameters())}
    assert frozen == (set() if readout == "mean" else learned)


@pytest.mark.parametrize("readout", [name for name in READOUTS if name != "mean"])
def test_maps_are_pooled_in_float32_under_autocast(readout: str) -> None:
    features = torch.randn(3, 2, 8, 5, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        vectors = READOUTS[readout](Known(features), CLIPS, TINY)
    assert vectors.dtype == torch.float32


def test_two_lines_are_enough_for_the_mean() -> None:
    encoder = TwoLines()
    reader = Reader(encoder, "mean", **READ)
    assert (reader.embed_dim, reader.pieces) == (7, 1)
    assert torch.equal(reader(clips()), encoder(clips()))


@pytest.mark.parametrize("readout", [name for name in READOUTS if name != "mean"])
def test_other_readouts_say_what_they_need(readout: str) -> None:
    encoder = TwoLines()
    complaint = rf"readout '{readout}' needs an encoder with `features\(.*TwoLines"
    with pytest.raises(EdgcnError, match=complaint):
        Reader(encoder, readout, **READ)
    with pytest.raises(EdgcnError, match=complaint):
        READOUTS[readout](encoder, clips(), TINY)
    with pytest.raises(EdgcnError, match=complaint):
        readout_width(encoder, readout, **READ)
    with pytest.raises(EdgcnError, match=complaint):
        readout_for(encoder, readout, explicit=True)
    assert readout_for(encoder, readout, explicit=False) == "mean"
    assert readout_for(NoPooling(3), readout, explicit=False) == readout
    assert readout_for(NoPooling(3), readout, explicit=True) == readout


def test_a_frozen_encoder_stays_frozen() -> None:
    encoder = NoPooling(3).requires_grad_(False)
    Reader(encoder, "parts", **READ)
    assert not any(parameter.requires_grad for parameter in encoder.parameters())
