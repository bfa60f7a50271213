"""The two views of a batch: different from each other, alike on any number of ranks, unrounded."""

import numpy as np
import pytest
import torch

from edgcn.commands.config import PretrainConfig
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import NORMALIZATIONS
from edgcn.store import Store
from edgcn.training.loop import Share, Views
from edgcn.training.views import two_views, usual_clip
from helpers import FEW_JOINTS, tiny_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("data"))


def views(store: Store, rows: range, *, batch: int = 8, start: int = 0) -> Views:
    config = PretrainConfig(recipe="paper", store=store.path, augmentations=FEW_JOINTS)
    inputs = Inputs(
        topology=store.topology, dims=3, bodies=1, frames=9, normalize=NORMALIZATIONS["paper"]
    )
    generator = torch.Generator().manual_seed(0)
    return two_views(store, Share(np.array(rows), batch, start), generator, inputs, config)


def test_autocast_does_not_round_them(store: Store) -> None:
    plain = views(store, range(8))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        under = views(store, range(8))
    for one, other in zip(plain, under, strict=True):
        assert other.dtype == torch.float32
        assert torch.equal(one, other)


def test_they_differ(store: Store) -> None:
    first, second, clip = views(store, range(8))
    for one, other in ((first, second), (first, clip), (second, clip)):
        assert ((one - other).abs().amax(dim=(1, 2, 3, 4)) > 1e-3).all()


def test_ranks_hold_slices_of_them(store: Store) -> None:
    whole = views(store, range(8))
    parts = [views(store, range(first, first + 4), start=first) for first in (0, 4)]
    for view, slices in zip(whole, zip(*parts, strict=True), strict=True):
        torch.testing.assert_close(torch.cat(slices), view)


def test_usual_is_the_mean_pose_and_the_spread_around_it(store: Store) -> None:
    inputs = Inputs(
        topology=store.topology, dims=3, bodies=1, frames=9, normalize=NORMALIZATIONS["paper"]
    )
    usual = usual_clip(store, np.arange(len(store)), inputs)
    clips = inputs.clean(store.batch(np.arange(len(store)), 9)).double()
    seen = clips.abs().sum(dim=1, keepdim=True) > 0
    pose = clips.sum(dim=(0, 2)) / seen.sum(dim=(0, 2))
    away = ((clips - pose.unsqueeze(1)) * seen).square().sum(dim=(0, 2, 3, 4)) / seen.sum()
    torch.testing.assert_close(usual.pose, pose.float(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(usual.spread, away.sqrt().float(), rtol=1e-3, atol=1e-4)
    assert usual.size == clips[0].numel()
