"""The two views of a batch: different from each other, alike on any number of ranks, unrounded."""

import numpy as np
import pytest
import torch
from torch import Tensor

from edgcn.training.batches import LocalBatch
from edgcn.training.statistics import clip_statistics
from edgcn.training.views import two_views
from helpers import FEW_JOINTS
from tiny_training import RandomClips, inputs_of


@pytest.fixture
def clips() -> RandomClips:
    return RandomClips(16)


def views(
    clips: RandomClips,
    rows: range,
    *,
    total: int = 8,
    start: int = 0,
    augmentations: tuple[str, ...] = FEW_JOINTS,
) -> tuple[Tensor, Tensor, Tensor]:
    """First, second, clip."""
    made = two_views(
        clips,
        LocalBatch(np.array(rows), start, total),
        torch.Generator().manual_seed(0),
        inputs=inputs_of(clips),
        augmentations=augmentations,
    )
    return made.first, made.second, made.clip


def test_autocast_does_not_round_them(clips: RandomClips) -> None:
    plain = views(clips, range(8))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under = views(clips, range(8))
    for one, other in zip(plain, under, strict=True):
        assert other.dtype == torch.float32
        assert torch.equal(one, other)


def test_they_differ(clips: RandomClips) -> None:
    first, second, clip = views(clips, range(8))
    for one, other in ((first, second), (first, clip), (second, clip)):
        assert ((one - other).abs().amax(dim=(1, 2, 3, 4)) > 1e-3).all()


def test_without_augmentations_they_are_the_clips(clips: RandomClips) -> None:
    first, second, clip = views(clips, range(8), augmentations=())
    inputs = inputs_of(clips)
    expected = inputs.features(inputs.clean(clips.batch(np.arange(8), inputs.frames)))
    for view in (first, second, clip):
        assert torch.equal(view, expected)


def test_ranks_hold_slices_of_them(clips: RandomClips) -> None:
    whole = views(clips, range(8))
    parts = [views(clips, range(first, first + 4), start=first) for first in (0, 4)]
    for view, slices in zip(whole, zip(*parts, strict=True), strict=True):
        torch.testing.assert_close(torch.cat(slices), view)


def test_statistics_are_the_mean_pose_and_the_spread_around_it(clips: RandomClips) -> None:
    inputs, rows = inputs_of(clips), np.arange(len(clips))
    found = clip_statistics(clips, rows, inputs)
    x = inputs.clean(clips.batch(rows, inputs.frames)).double()
    visible = x.abs().sum(dim=1, keepdim=True) > 0
    pose = x.sum(dim=(0, 2)) / visible.sum(dim=(0, 2))
    away = ((x - pose.unsqueeze(1)) * visible).square().sum(dim=(0, 2, 3, 4)) / visible.sum()
    torch.testing.assert_close(found.pose, pose.float(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.spread, away.sqrt().float(), rtol=1e-3, atol=1e-4)
    assert found.size == x[0].numel()
