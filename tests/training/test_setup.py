"""Which weights the optimizer moves, and how fast."""

from pathlib import Path

import pytest
import torch

from edgcn.base.errors import EdgcnError
from edgcn.commands.config import PretrainConfig
from edgcn.models import ENCODERS
from edgcn.models.build import load_encoder
from edgcn.models.dense_graph import GraphConv
from edgcn.skeleton.layouts import KINECT_V1
from edgcn.training.setup import make_optimizer
from helpers import tiny_store
from tiny_runs import tiny_run

TINY = {"widths": [8, 8], "strides": [1, 1]}


def optimizer_of(
    optimizer: str, residual_lr: float
) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    encoder = ENCODERS["edgcn-s"](KINECT_V1, in_channels=3, bodies=1, **TINY)
    config = PretrainConfig(
        store=Path("s"), recipe="paper", optimizer=optimizer, residual_lr=residual_lr
    )
    return encoder, make_optimizer(config, encoder)


def edges_of(encoder: torch.nn.Module) -> list[torch.nn.Parameter]:
    return [layer.residual for layer in encoder.modules() if isinstance(layer, GraphConv)]


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("residual_lr", [0, 1, 10])
def test_every_weight_is_in_one_group_and_edges_have_their_own_rate(optimizer, residual_lr):
    encoder, made = optimizer_of(optimizer, residual_lr)
    rates = {
        id(weight): group.get("times_lr", 1)
        for group in made.param_groups
        for weight in group["params"]
    }
    assert sum(len(group["params"]) for group in made.param_groups) == len(rates)
    edges = {id(weight) for weight in edges_of(encoder)}
    assert len(edges) > 0
    for weight in encoder.parameters():
        assert rates[id(weight)] == (residual_lr if id(weight) in edges else 1)


def test_a_rate_of_edges_that_are_not_there_is_refused():
    encoder = ENCODERS["ascal-lstm"](KINECT_V1, in_channels=3, bodies=1)
    config = PretrainConfig(store=Path("s"), encoder="ascal-lstm", residual_lr=2)
    with pytest.raises(EdgcnError, match="ascal-lstm has no learned edges"):
        make_optimizer(config, encoder)


def moved(run: Path) -> float:
    """How far the learned edges are from where they started, next to zero."""
    return max(float(edges.detach().abs().max()) for edges in edges_of(load_encoder(run)[0]))


def test_the_rate_of_the_edges_reaches_the_training(tmp_path: Path):
    store = tiny_store(tmp_path, clips=60, subjects=3).path
    runs = {
        times: tiny_run(store, tmp_path / f"{times}", epochs=3, lr=1e-3, residual_lr=times)
        for times in (0, 1, 10)
    }
    still, slow, fast = (moved(run / "encoder.safetensors") for run in runs.values())
    assert still <= 1e-6 < slow
    assert 5 * slow < fast < 20 * slow
