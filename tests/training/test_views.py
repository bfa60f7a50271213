"""The two views of a batch: different from each other, alike on any number of ranks, unrounded."""

import numpy as np
import pytest
import torch

from edgcn.checkpoint import Inputs
from edgcn.config import PretrainConfig
from edgcn.normalize import NORMALIZATIONS
from edgcn.store import Store
from edgcn.training.loop import Share, Views
from edgcn.training.views import two_views
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
    first, second = views(store, range(8))
    assert ((first - second).abs().amax(dim=(1, 2, 3, 4)) > 1e-3).all()


def test_ranks_hold_slices_of_them(store: Store) -> None:
    whole = views(store, range(8))
    parts = [views(store, range(first, first + 4), start=first) for first in (0, 4)]
    for view, slices in zip(whole, zip(*parts, strict=True), strict=True):
        torch.testing.assert_close(torch.cat(slices), view)
