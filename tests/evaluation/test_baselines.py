"""The random encoder that a score stands beside is the one that training started from."""

from pathlib import Path

import torch

from edgcn.inference.recognizer import load
from edgcn.models.embedder import Embedder
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import NORMALIZATIONS
from edgcn.pipeline.sensor import Sensor
from helpers import SMALL_ENCODER, tiny_store, tiny_topology
from tiny_runs import tiny_run

INPUTS = Inputs(
    topology=tiny_topology(),
    dims=3,
    bodies=1,
    frames=8,
    normalize=NORMALIZATIONS["paper"],
    sensor=Sensor("m", 3, 0.5, 0.3, 1.0, 1.0),
)


def test_it_follows_its_seed_and_leaves_others_alone() -> None:
    embedder = Embedder.new("edgcn-s", SMALL_ENCODER, INPUTS, "mean")
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    made = [embedder.untrained(seed).encoder for seed in (1, 1, 2)]
    assert torch.equal(torch.rand(3), expected)
    assert not made[0].training
    first, again, other = (each.state_dict() for each in made)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_it_is_the_one_that_training_started_from(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=40)
    run = tiny_run(store.path, tmp_path / "run", epochs=1, seed=7)  # only fills the queue
    start = load(run).embedder()
    other = start.untrained(7).encoder.state_dict()
    for name, value in start.encoder.state_dict().items():
        assert torch.equal(value, other[name]), name


def test_a_trained_encoder_is_no_longer_the_random_one(tmp_path: Path) -> None:
    run = tiny_run(tiny_store(tmp_path, clips=40).path, tmp_path / "run", epochs=2)
    trained = load(run).embedder()
    start = trained.untrained(0).encoder.state_dict()
    state = trained.encoder.state_dict()
    assert any(not torch.equal(value, start[name]) for name, value in state.items())
