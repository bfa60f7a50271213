"""Windows read off one pass are what the readout makes of the same part of the map."""

import pytest
import torch
from torch import Tensor, nn

from edgcn.models.build import build_encoder
from edgcn.models.dense import Map, dense_maps, is_dense, means, pool, segments
from edgcn.models.dense_layer import DenseLayer
from edgcn.models.readout import READOUTS, SEGMENTS
from edgcn.skeleton.tensors import Clips
from helpers import SMALL_ENCODER, tiny_topology


class Local(nn.Module):
    """An encoder that sees no neighbors: what it makes of a window is part of what it makes of all.

    Its first block keeps all frames, its second every other one.
    """

    feature_dim, embed_dim = 6, 6

    def features(self, clips: Clips) -> Tensor:
        return self.every_map(clips)[-1]

    def every_map(self, clips: Clips) -> list[Tensor]:
        x = clips[..., 0]
        second = torch.cat((x, x.square()), dim=1)
        return [x.sin(), second[:, :, 0::2] + second[:, :, 1::2]]

    def forward(self, clips: Clips) -> Tensor:
        return self.features(clips).mean(dim=(2, 3))


@pytest.mark.parametrize("readout", ["pyramid", "parts", "peaks"])
def test_a_window_is_read_as_a_clip_of_its_frames_is(readout: str) -> None:
    encoder, topology = Local(), tiny_topology()
    x = torch.randn(1, 3, 64, len(topology), 1)
    maps = dense_maps(encoder, x, readout, topology)
    starts = torch.arange(0.0, 48, 2)
    cut = torch.cat([x[:, :, int(start) : int(start) + 16] for start in starts])
    torch.testing.assert_close(
        pool(maps, starts, 16.0), READOUTS[readout](encoder, cut, topology), rtol=1e-5, atol=1e-5
    )


def test_a_convolution_sees_the_neighbors_of_a_window_only_at_its_ends() -> None:
    topology = tiny_topology()
    torch.manual_seed(0)
    encoder = build_encoder(
        "edgcn-s", SMALL_ENCODER, topology=topology, in_channels=3, bodies=1
    ).eval()
    x = torch.randn(1, 3, 96, len(topology), 1)
    with torch.no_grad():
        whole = dense_maps(encoder, x, "parts", topology)[0].mean
        cut = dense_maps(encoder, x[:, :, 32:64], "parts", topology)[0].mean
    torch.testing.assert_close(whole[16 + 3 : 32 - 3], cut[3:-3], rtol=1e-4, atol=1e-5)


def test_means_between_frames_are_weighted_by_time() -> None:
    values = torch.tensor([[0.0], [10.0], [20.0], [30.0]])
    found = segments(values, torch.tensor([0.5, 1.0]), 2.0, 1)
    torch.testing.assert_close(found[:, 0, 0], torch.tensor([10.0, 15.0]))


@pytest.mark.parametrize("peaks", [False, True])
def test_a_layer_on_the_frames_says_what_it_says_of_the_windows(peaks: bool) -> None:
    maps = [
        Map(torch.randn(100 // k, d), torch.randn(100 // k, d) if peaks else None, k)
        for k, d in ((1, 3), (2, 4), (2, 5))
    ]
    starts, length = torch.tensor([0.0, 1.5, 7, 88.3, 99.5]).double(), 9.6  # the last go beyond
    beside = (means(maps, at, length / 2) for at in (starts - length / 2, starts + length))
    windows = torch.cat((pool(maps, starts, length), *beside), dim=1)
    weight = torch.randn(2, windows.shape[1])
    said = DenseLayer.of(maps, weight, SEGMENTS)(starts, length)
    torch.testing.assert_close(said, windows @ weight.T, rtol=1e-4, atol=1e-4)


def test_beyond_the_ends_the_first_and_last_frames_are_read() -> None:
    mean = torch.arange(4.0)[:, None]
    found = segments(mean, torch.tensor([-9.0, 20.0]), 2.0, 1)
    torch.testing.assert_close(found[:, 0, 0], torch.tensor([0.0, 3.0]))


def test_no_map_is_pooled_for_the_embedding_of_a_head() -> None:
    assert not is_dense(Local(), "mean")
    assert is_dense(Local(), "peaks")
