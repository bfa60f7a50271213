"""What every score stands beside."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from edgcn.base.tensorfile import load_tensors
from edgcn.evaluation import monitor
from edgcn.evaluation.baselines import majority_scores, random_encoder
from edgcn.evaluation.metrics import measure
from edgcn.evaluation.monitor import knn_check
from edgcn.models.build import build_encoder, load_encoder
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import NORMALIZATIONS
from edgcn.store import Store
from edgcn.store.splits import held_out
from helpers import SMALL_ENCODER, tiny_store
from tiny_runs import tiny_run


def inputs_of(store: Store) -> Inputs:
    return Inputs(
        topology=store.topology,
        dims=3,
        bodies=1,
        frames=8,
        normalize=NORMALIZATIONS["paper"],
    )


def test_majority_scores_the_share_of_the_training_majority() -> None:
    rng = np.random.default_rng(0)
    train, test = rng.choice(4, size=300, p=[0.2, 0.5, 0.2, 0.1]), rng.integers(4, size=90)
    scores = majority_scores(train, classes=4, tests=90)
    top1 = measure(scores, test, np.repeat("s", 90)).top1
    assert top1 == pytest.approx((test == 1).mean())
    assert scores.argsort(axis=1)[0].tolist() == np.bincount(train).argsort().tolist()


def test_random_encoder_is_the_one_that_training_started_from(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=40)
    run = tiny_run(store.path, tmp_path / "run", epochs=1, seed=7)  # only fills the queue
    start, inputs, about = load_encoder(run / "encoder.safetensors")
    other = random_encoder(about["encoder"], inputs, about["options"], seed=7)
    assert not other.training
    for name, value in start.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_random_encoder_follows_its_seed_and_leaves_others_alone(tmp_path: Path) -> None:
    inputs = inputs_of(tiny_store(tmp_path, clips=4))
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first, again, other = (
        random_encoder("edgcn-s", inputs, SMALL_ENCODER, seed=seed).state_dict()
        for seed in (1, 1, 2)
    )
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_trained_encoder_is_no_longer_the_random_one(tmp_path: Path) -> None:
    run = tiny_run(tiny_store(tmp_path, clips=40).path, tmp_path / "run", epochs=2)
    trained, _ = load_tensors(run / "encoder.safetensors")
    _, inputs, about = load_encoder(run / "encoder.safetensors")
    start = random_encoder(about["encoder"], inputs, about["options"], seed=0).state_dict()
    assert any(not torch.equal(value, start[name]) for name, value in trained.items())


def test_knn_curve_uses_training_clips_with_labels_alone(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=48)
    inputs = inputs_of(store)
    torch.manual_seed(0)
    encoder = build_encoder("edgcn-s", inputs, SMALL_ENCODER)
    rows = store.split().train
    cpu = torch.device("cpu")
    value = knn_check(encoder, store, rows, inputs, cpu)["knn_top1"]
    assert 0 <= value <= 1
    tests = store.split().test
    store.labels[tests] = (store.labels[tests] + 1) % 3
    assert knn_check(encoder, store, rows, inputs, cpu) == {"knn_top1": value}
    store.labels[:] = -1
    assert knn_check(encoder, store, rows, inputs, cpu) == {}


@pytest.mark.parametrize("most", [(1000, 1000), (12, 6)])
def test_knn_curve_costs_the_same_however_many_clips_there_are(
    most: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tiny_store(tmp_path, clips=96)
    inputs, embedded, whole = inputs_of(store), [], monitor.embed

    def spy(encoder: nn.Module, store: Store, rows: np.ndarray, **settings: Any) -> np.ndarray:
        embedded.append(rows)
        return whole(encoder, store, rows, **settings)

    monkeypatch.setattr(monitor, "embed", spy)
    monkeypatch.setattr(monitor, "GALLERY", most[0])
    monkeypatch.setattr(monitor, "HELD_OUT", most[1])
    encoder = build_encoder("edgcn-s", inputs, SMALL_ENCODER)
    values = [
        knn_check(encoder, store, store.split().train, inputs, torch.device("cpu")) for _ in "ab"
    ]
    assert values[0] == values[1]
    assert np.array_equal(*embedded)
    fit, held = held_out(store.split().train, store.subjects)[0]
    if most[0] > len(store):
        assert np.array_equal(embedded[0], np.concatenate([fit, held]))
        return
    for rows, side, count in ((embedded[0][:12], fit, 12), (embedded[0][12:], held, 6)):
        assert set(rows) <= set(side)
        assert np.bincount(store.labels[rows]).tolist() == [count // 3] * 3  # classes go round
        assert len(set(rows)) == count
