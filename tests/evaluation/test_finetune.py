"""Training on labels: it learns, from a copy, and the same again from the same seed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.finetune import View, train_on_labels, vectors
from edgcn.evaluation.probes import LinearProbe
from edgcn.models import ENCODERS
from edgcn.store import Selection
from helpers import SMALL_ENCODER, tiny_store, tiny_topology


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Selection:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=48).clips()


@pytest.fixture
def encoder() -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = ENCODERS["edgcn-s"](tiny_topology(), **SMALL_ENCODER)
    return made


def view_of(clips: Selection) -> View:
    return lambda rows, draws: clips.batch(rows, 8)


def train(
    encoder: nn.Module, clips: Selection, *, epochs: int, seed: int = 0
) -> tuple[nn.Module, LinearProbe]:
    rows = clips.split().train
    settings: dict[str, Any] = {"classes": 3, "epochs": epochs, "lr": 1e-2, "seed": seed}
    return train_on_labels(encoder, view_of(clips), rows, clips.labels[rows], **settings)


def right(encoder: nn.Module, probe: LinearProbe, clips: Selection, rows: np.ndarray) -> float:
    predicted = probe.scores(vectors(encoder, view_of(clips), rows)).argmax(1)
    return float((predicted == clips.labels[rows]).mean())


def test_labels_are_learned_by_the_encoder_too(encoder: nn.Module, clips: Selection) -> None:
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    tuned, probe = train(encoder, clips, epochs=12)
    assert right(tuned, probe, clips, clips.split().test) > 0.8
    assert not tuned.training
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, before[name]), name
    moved = [n for n, p in tuned.named_parameters() if not torch.equal(p, before[n])]
    assert len(moved) == len(list(tuned.named_parameters()))


def test_the_same_seed_trains_the_same_and_random_numbers_elsewhere_stay(
    encoder: nn.Module, clips: Selection
) -> None:
    state = torch.get_rng_state()
    first, one = train(encoder, clips, epochs=2)
    second, two = train(encoder, clips, epochs=2)
    _, other = train(encoder, clips, epochs=2, seed=1)
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    assert np.array_equal(one.weight, two.weight)
    assert not np.array_equal(one.weight, other.weight)
    assert torch.equal(state, torch.get_rng_state())


def test_the_layer_learns_ten_times_as_fast(encoder: nn.Module, clips: Selection) -> None:
    """AdamW's first step is the learning rate, whatever the gradient."""
    rows = np.arange(24)
    labels = clips.labels[rows]
    tuned, probe = train_on_labels(
        encoder, view_of(clips), rows, labels, classes=3, epochs=1, lr=1e-3, seed=0
    )
    steps = [
        (p - q).abs().max().item()
        for p, q in zip(tuned.parameters(), encoder.parameters(), strict=True)
    ]
    assert np.abs(probe.weight).max() == pytest.approx(1e-2, rel=1e-2)
    assert max(steps) < 1.2e-3  # zero at first for most: the layer starts at zero


def test_a_loss_that_explodes_is_named(encoder: nn.Module, clips: Selection) -> None:
    rows = np.arange(8)

    def broken(chosen: np.ndarray, draws: torch.Generator) -> torch.Tensor:
        return clips.batch(chosen, 8) * float("nan")

    with pytest.raises(EdgcnError, match="became nan in epoch 1; try a smaller --finetune-lr"):
        train_on_labels(encoder, broken, rows, clips.labels[rows], classes=3, epochs=1, lr=0.1)


def test_no_batch_is_one_clip(encoder: nn.Module, clips: Selection, tmp_path: Path) -> None:
    """Batch norm has no statistics of one clip."""
    sizes: list[int] = []

    def counted(chosen: np.ndarray, draws: torch.Generator) -> torch.Tensor:
        sizes.append(len(chosen))
        return clips.batch(chosen, 8)

    rows = np.arange(33)
    train_on_labels(encoder, counted, rows, clips.labels[rows], classes=3, epochs=1, lr=1e-3)
    assert sizes == [1, 17, 16]  # the first shows how long the vectors are, in evaluation mode


def test_a_readout_takes_the_place_of_the_embedding(encoder: nn.Module, clips: Selection) -> None:
    def wide(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
        made = module(x)
        return torch.cat([made, made.square()], dim=1)

    rows = np.arange(12)
    labels = clips.labels[rows]
    training = encoder.training
    tuned, probe = train_on_labels(
        encoder, view_of(clips), rows, labels, classes=3, epochs=1, lr=1e-3, read=wide
    )
    assert probe.weight.shape == (3, 32)
    assert vectors(tuned, view_of(clips), rows, read=wide).shape == (12, 32)
    assert encoder.training is training
