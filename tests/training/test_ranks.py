"""Two ranks of 16 clips train as one rank of 32, through the command that a user types."""

import shutil
from pathlib import Path

import pytest
import torch

from edgcn.base.tensorfile import load_tensors
from edgcn.runs import read_json, read_metrics
from helpers import tiny_store
from tiny_runs import SECONDS, finish, losses, start, tiny_run, write_config

SETTINGS = {"epochs": 3, "queue_size": 100, "schedule": "constant"}
COUNT = 100  # 80 clips train: two whole batches of 32, and 16 left out


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=COUNT, classes=4, subjects=5).path


@pytest.fixture(scope="module")
def one_rank(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "one"
    return tiny_run(store, out, batch_size=32, **SETTINGS)


@pytest.fixture(scope="module")
def two_ranks(store: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("ranks")
    config = write_config(folder, **SETTINGS)
    flags = ("--devices", 2, "--batch-size", 16, "--out", folder / "two", "--config", config)
    said, _ = finish(start("pretrain", store, *flags))
    return folder / "two", said


def test_same_losses(one_rank: Path, two_ranks: tuple[Path, str]) -> None:
    alone, together = losses(one_rank), losses(two_ranks[0])
    assert alone[0] is together[0] is None
    assert together[1:] == pytest.approx(alone[1:], abs=1e-5)
    assert read_json(two_ranks[0] / "run.json")["ranks"] == 2


def test_same_queue(one_rank: Path, two_ranks: tuple[Path, str]) -> None:
    alone, together = (
        load_tensors(run / "state.safetensors")[0] for run in (one_rank, two_ranks[0])
    )
    for name in ("cursor", "filled"):
        assert int(together[f"modules.queue.{name}"]) == int(alone[f"modules.queue.{name}"])
    difference = together["modules.queue.keys"] - alone["modules.queue.keys"]
    assert difference.abs().max().item() < 1e-5


def test_same_weights_and_statistics(one_rank: Path, two_ranks: tuple[Path, str]) -> None:
    alone, together = (
        load_tensors(run / "state.safetensors")[0] for run in (one_rank, two_ranks[0])
    )
    assert sorted(alone) == sorted(together)
    for name in (name for name in alone if name.startswith("modules.")):
        # Rounding, and now and then a ReLU that it opens: 2e-5 after these steps.
        torch.testing.assert_close(together[name], alone[name], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("readout", ["mean", "parts"])
def test_ranks_that_correlate_train_as_one(store: Path, tmp_path: Path, readout: str) -> None:
    """The correlation is over the clips of all ranks."""
    settings = SETTINGS | {"objective": "barlow", "epochs": 2, "readout": readout, "lr": 1e-6}
    settings |= {"reconstruct": 50.0} if readout == "parts" else {}
    one = tiny_run(store, tmp_path / "one", batch_size=32, **settings)
    config = write_config(tmp_path, **settings)
    flags = ("--devices", 2, "--batch-size", 16, "--out", tmp_path / "two", "--config", config)
    finish(start("pretrain", store, *flags))
    assert losses(tmp_path / "two") == pytest.approx(losses(one), rel=1e-4)
    alone, together = (
        load_tensors(run / "encoder.safetensors")[0] for run in (one, tmp_path / "two")
    )
    for name, value in alone.items():
        torch.testing.assert_close(together[name], value, rtol=1e-3, atol=1e-4)


def test_ranks_that_reconstruct_train_as_one(store: Path, tmp_path: Path) -> None:
    """With the mean pose, the errors and the yardsticks of all clips, on whichever rank."""
    settings = SETTINGS | {"objective": "predict-cluster", "encoder": "pc-gru", "epochs": 2}
    settings |= {"encoder_options": {"hidden": 8}, "lr": 0.1}
    one = tiny_run(store, tmp_path / "one", batch_size=32, **settings)
    config = write_config(tmp_path, **settings)
    flags = ("--devices", 2, "--batch-size", 16, "--out", tmp_path / "two", "--config", config)
    finish(start("pretrain", store, *flags))
    rows = [read_metrics(run / "metrics.jsonl") for run in (one, tmp_path / "two")]
    for alone, together in zip(*rows, strict=True):
        for name in ("loss", "reconstruction", "mean_pose", "own_mean_pose"):
            assert together[name] == pytest.approx(alone[name], abs=1e-5)


def test_only_the_first_rank_speaks(two_ranks: tuple[Path, str]) -> None:
    lines = two_ranks[1].splitlines()
    assert sum(line.startswith("epoch 3/3") for line in lines) == 1
    assert sum(line.startswith("saved") for line in lines) == 1


def test_ranks_resume_what_they_left(
    store: Path, two_ranks: tuple[Path, str], tmp_path: Path
) -> None:
    """The state of one rank continues on two: here the last epoch is trained again."""
    shorter = tiny_run(store, tmp_path / "one", batch_size=32, **SETTINGS | {"epochs": 2})
    run = tmp_path / "two"
    shutil.copytree(two_ranks[0], run)
    for name in ("state.safetensors", "encoder.safetensors", "metrics.jsonl"):
        shutil.copy(shorter / name, run / name)
    said, _ = finish(start("pretrain", "--resume", run))
    assert "continuing after epoch 2 of 3" in said
    assert losses(run)[2] == pytest.approx(losses(two_ranks[0])[2], abs=1e-4)


def test_a_mistake_ends_all_ranks_with_one_line(store: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    config = write_config(tmp_path, **SETTINGS)
    flags = ("--devices", 2, "--batch-size", 16, "--out", tmp_path / "taken", "--config", config)
    process = start("pretrain", store, *flags)
    try:
        _, complained = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 2
    assert complained.count("exists already") == 1
    assert "Traceback" not in complained
