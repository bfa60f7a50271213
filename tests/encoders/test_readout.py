"""Readouts by their definition, with a stand-in encoder whose features are known."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from edgcn.encoders import ENCODERS, READOUTS
from edgcn.skeleton import TOPOLOGIES


@dataclass
class Known:
    """An encoder with the given features."""

    map: Tensor
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
    expected = torch.stack([features[:, :, part].mean(dim=(2, 3)) for part in segments], dim=2)
    one, two, four = expected.split([1, 2, 4], dim=2)
    torch.testing.assert_close(got, torch.cat([p.flatten(1) for p in (one, two, four)], dim=1))


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
    torch.testing.assert_close(back[:, 2:6].view(3, 2, 2), halves.flip(2))


@pytest.mark.parametrize("name", ["edgcn-s", "ascal-lstm"])
@pytest.mark.parametrize("frames", [1, 9])
def test_readouts_fit_every_family(name: str, frames: int) -> None:
    topology = TOPOLOGIES["coco_17"]
    encoder = ENCODERS[name](topology).eval()
    x = torch.randn(2, 3, frames, 17, 1)
    assert READOUTS["mean"](encoder, x).shape == (2, encoder.embed_dim)
    assert READOUTS["pyramid"](encoder, x).shape == (2, 7 * encoder.feature_dim)
