"""Two ranks of 16 clips train as one rank of 32."""

from pathlib import Path
from typing import Any

import pytest
import torch

from edgcn.base.tensorfile import load_tensors
from tiny_training import rows_of, start_training, train

SECONDS = 300  # trainings that take longer hang
CLIPS = 80  # two whole batches of 32, and 16 left out
MOCO: dict[str, Any] = {"clips": CLIPS, "epochs": 3, "settings": {"queue_size": 100}}
SHORT: dict[str, Any] = {"clips": CLIPS, "epochs": 2}
JOBS: dict[str, dict[str, Any]] = {
    "moco": MOCO,
    "resumed": MOCO,
    "barlow": SHORT | {"objective": "barlow", "lr": 1e-6},
    "barlow-parts": SHORT
    | {"objective": "barlow", "lr": 1e-6, "readout": "parts", "settings": {"reconstruct": 50.0}},
    "predict-cluster": SHORT
    | {
        "objective": "predict-cluster",
        "encoder": "pc-gru",
        "encoder_settings": {"hidden": 8},
        "lr": 0.1,
    },
    "alike": SHORT | {"objective": "alike"},
    "plain": SHORT | {"objective": "plain"},
}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all trainings on one rank."""
    folder = tmp_path_factory.mktemp("one")
    for name, settings in JOBS.items():
        if name != "resumed":
            train(folder / name, batch_size=32, **settings)
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all trainings on two ranks, one after the other in the same two processes."""
    folder = tmp_path_factory.mktemp("two")
    train(folder / "resumed", batch_size=32, **JOBS["resumed"] | {"epochs": 2})
    jobs = {str(folder / name): settings | {"batch_size": 16} for name, settings in JOBS.items()}
    process = start_training(jobs, devices=2)
    try:
        _, errors = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    return folder


def losses(out: Path) -> list[float | None]:
    return [row["loss"] for row in rows_of(out)]


def states(name: str, *folders: Path) -> list[dict[str, torch.Tensor]]:
    return [load_tensors(folder / name / "state.safetensors")[0] for folder in folders]


def test_same_losses(one: Path, two: Path) -> None:
    alone, together = losses(one / "moco"), losses(two / "moco")
    assert alone[0] is together[0] is None
    assert together[1:] == pytest.approx(alone[1:], abs=1e-5)


def test_same_queue(one: Path, two: Path) -> None:
    alone, together = states("moco", one, two)
    for name in ("cursor", "filled"):
        assert int(together[f"objective.queue.{name}"]) == int(alone[f"objective.queue.{name}"])
    difference = together["objective.queue.keys"] - alone["objective.queue.keys"]
    assert difference.abs().max().item() < 1e-5


def test_same_weights_and_statistics(one: Path, two: Path) -> None:
    alone, together = states("moco", one, two)
    assert sorted(alone) == sorted(together)
    for name in (name for name in alone if not name.startswith("optimizer.")):
        # Rounding, and now and then a ReLU that it opens: 2e-5 after these steps.
        torch.testing.assert_close(together[name], alone[name], rtol=1e-4, atol=1e-4)


def test_ranks_resume_what_they_left(two: Path) -> None:
    """The state of one rank continues on two: here the last epoch is trained again."""
    assert losses(two / "resumed") == pytest.approx(losses(two / "moco"), abs=1e-4)


@pytest.mark.parametrize("name", ["barlow", "barlow-parts", "alike", "plain"])
def test_ranks_train_any_objective_as_one(name: str, one: Path, two: Path) -> None:
    """A correlation is over the clips of all ranks; so is a batch norm beside the encoder.

    A user's own objective is a module, or it is not.
    """
    assert losses(two / name) == pytest.approx(losses(one / name), rel=1e-4)
    alone, together = states(name, one, two)
    assert sorted(alone) == sorted(together)
    for tensor in (tensor for tensor in alone if not tensor.startswith("optimizer.")):
        torch.testing.assert_close(together[tensor], alone[tensor], rtol=1e-3, atol=1e-4)


def test_ranks_that_reconstruct_train_as_one(one: Path, two: Path) -> None:
    """With the mean pose, the errors and the baselines of all clips, on whichever rank."""
    rows = [rows_of(folder / "predict-cluster") for folder in (one, two)]
    for alone, together in zip(*rows, strict=True):
        for name in ("loss", "reconstruction", "mean_pose", "clip_mean_pose"):
            assert together[name] == pytest.approx(alone[name], abs=1e-5)
