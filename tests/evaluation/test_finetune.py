"""Training on labels: it learns, from a copy, and the same again from the same seed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.finetune import View, finetune
from edgcn.models import ENCODERS
from edgcn.store import Store
from helpers import SMALL_ENCODER, tiny_store, tiny_topology


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=48)


@pytest.fixture
def encoder() -> nn.Module:
    torch.manual_seed(0)
    return ENCODERS["edgcn-s"](tiny_topology(), **SMALL_ENCODER)


def view_of(store: Store) -> View:
    return lambda rows, draws: store.batch(rows, 8)


def train(encoder: nn.Module, store: Store, *, epochs: int = 5, lr: float = 1e-2, seed: int = 0):
    split = store.split()
    labels = store.labels[split.train]
    settings = {"classes": 3, "epochs": epochs, "lr": lr, "seed": seed}
    return finetune(encoder, view_of(store), split.train, labels, **settings)


@torch.no_grad()
def right(encoder: nn.Module, probe, store: Store, rows: np.ndarray) -> float:
    said = probe.scores(encoder(store.batch(rows, 8)).numpy()).argmax(1)
    return float((said == store.labels[rows]).mean())


def test_labels_are_learned_by_the_encoder_too(encoder: nn.Module, store: Store) -> None:
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    tuned, probe = train(encoder, store, epochs=12)
    assert right(tuned, probe, store, store.split().test) > 0.8
    assert not tuned.training
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, before[name]), name
    moved = [n for n, p in tuned.named_parameters() if not torch.equal(p, before[n])]
    assert len(moved) == len(list(tuned.named_parameters()))


def test_the_same_seed_trains_the_same_and_random_numbers_elsewhere_stay(
    encoder: nn.Module, store: Store
) -> None:
    state = torch.get_rng_state()
    first, one = train(encoder, store, epochs=2)
    second, two = train(encoder, store, epochs=2)
    _, other = train(encoder, store, epochs=2, seed=1)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    assert np.array_equal(one.weight, two.weight)
    assert not np.array_equal(one.weight, other.weight)
    assert torch.equal(state, torch.get_rng_state())


def test_the_layer_learns_ten_times_as_fast(encoder: nn.Module, store: Store) -> None:
    """AdamW's first step is the learning rate, whatever the gradient."""
    rows = np.arange(24)
    labels = store.labels[rows]
    tuned, probe = finetune(
        encoder, view_of(store), rows, labels, classes=3, epochs=1, lr=1e-3, seed=0
    )
    steps = [
        (p - q).abs().max().item()
        for p, q in zip(tuned.parameters(), encoder.parameters(), strict=True)
    ]
    assert np.abs(probe.weight).max() == pytest.approx(1e-2, rel=1e-2)
    assert max(steps) < 1.2e-3  # zero at first for most: the layer starts at zero


def test_a_loss_that_explodes_is_named(encoder: nn.Module, store: Store) -> None:
    rows = np.arange(8)

    def broken(chosen: np.ndarray, draws: torch.Generator) -> torch.Tensor:
        return store.batch(chosen, 8) * float("nan")

    with pytest.raises(EdgcnError, match="became nan in epoch 1; try a smaller --finetune-lr"):
        finetune(encoder, broken, rows, store.labels[rows], classes=3, epochs=1, lr=0.1)


def test_no_batch_is_one_clip(encoder: nn.Module, store: Store, tmp_path: Path) -> None:
    """Batch norm has no statistics of one clip."""
    sizes: list[int] = []

    def counted(chosen: np.ndarray, draws: torch.Generator) -> torch.Tensor:
        sizes.append(len(chosen))
        return store.batch(chosen, 8)

    rows = np.arange(33)
    finetune(encoder, counted, rows, store.labels[rows], classes=3, epochs=1, lr=1e-3)
    assert sizes == [17, 16]
