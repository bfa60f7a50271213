"""A run stopped at any moment, even by `kill -9`, goes on as if it had never stopped."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors
from edgcn.cli import run as command
from edgcn.commands.pretrain import config_of, pretrain
from edgcn.objectives import OBJECTIVES
from edgcn.runs import read_metrics
from edgcn.training.resume import load_state, save_state
from helpers import tiny_store
from tiny_runs import (
    assert_same_run,
    finish,
    losses,
    start,
    tiny_run,
    write_config,
)

EPOCHS = 5
LARGE = {"epochs": EPOCHS, "encoder_options": {"widths": [16, 16], "strides": [1, 1]}}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=200, subjects=5).path


@pytest.fixture(scope="module")
def uninterrupted(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(store, tmp_path_factory.mktemp("runs") / "whole", **LARGE)


def epoch_of(run: Path) -> int:
    """The last epoch whose state is on disk."""
    path = run / "state.safetensors"
    return int(load_tensors(path)[1]["epoch"]) if path.exists() else 0


def kill_within(run: Path, store: Path, folder: Path, *, after: int) -> None:
    """Start a run and kill it while the epoch that follows `after` is under way."""
    config = write_config(folder, **LARGE)
    process = start("pretrain", store, "--out", run, "--config", config)
    try:
        for _ in range(24_000):
            ready = epoch_of(run) >= after if after else (run / "run.json").exists()
            if ready or process.poll() is not None:
                break
            time.sleep(0.005)
        rows = read_metrics(run / "metrics.jsonl")
        time.sleep(0.5 * rows[-1]["seconds"] if rows else 0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said
    assert after <= epoch_of(run) < EPOCHS


def test_killed_in_an_epoch_and_resumed(store: Path, uninterrupted: Path, tmp_path: Path) -> None:
    run = tmp_path / "killed"
    kill_within(run, store, tmp_path, after=2)
    stopped = epoch_of(run)
    said, _ = finish(start("pretrain", "--resume", run))
    assert f"continuing after epoch {stopped} of {EPOCHS}" in said
    assert_same_run(run, uninterrupted)


def test_killed_before_the_first_epoch_was_over(
    store: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    run = tmp_path / "killed"
    kill_within(run, store, tmp_path, after=0)
    assert command(["pretrain", "--resume", str(run)]) == 0
    assert_same_run(run, uninterrupted)


def stop_at_step(monkeypatch: pytest.MonkeyPatch, number: int, objective: str = "moco") -> None:
    """Break the training in the middle of a step."""
    kind: Any = OBJECTIVES[objective]
    whole, steps = kind.after_step, []

    def breaking(self: Any) -> None:
        steps.append(1)
        if len(steps) == number:
            raise KeyboardInterrupt
        whole(self)

    monkeypatch.setattr(kind, "after_step", breaking)


OTHERS = [
    {
        "objective": "barlow",
        "readout": "parts",
        "stream": "joint+motion",
        "optimizer": "adamw",
        "reconstruct": 50.0,
        "input_norm": False,
        "motion_gain": 5.0,
    },
    {"optimizer": "adamw", "schedule": "cosine", "lr": 1e-3, "projector": True, "residual_lr": 10},
    {"encoder": "ascal-lstm", "encoder_options": {}, "moments": True, "warmup_epochs": 2},
    {"stream": "bone", "normalize": "canonical", "knn_every": 1, "precision": "bfloat16"},
    {"objective": "predict-cluster", "encoder": "pc-gru", "encoder_options": {"hidden": 8}},
    {"objective": "predict-cluster", "decoder": "fixed-state", "knn_every": 1},
    {
        "objective": "variational",
        "encoder": "vae-lstm",
        "encoder_options": {"hidden": 8},
        "optimizer": "adamw",
        "augmentations": ["noise"],
    },
    {
        "encoder": "stgcn-quarter",
        "projector": True,
        "encoder_options": {"widths": [4, 8], "strides": [1, 2]},
    },
]


@pytest.mark.parametrize(
    "settings", OTHERS, ids=lambda settings: "-".join(map(str, [*settings][:2]))
)
def test_stopped_in_a_step_and_resumed(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tiny_store(tmp_path, clips=40).path
    whole = tiny_run(store, tmp_path / "whole", epochs=4, **settings)
    with monkeypatch.context() as patch:
        # 30 training clips, batches of 8: the second step of epoch 3, where moco's first has none.
        objective = settings.get("objective", "moco")
        stop_at_step(patch, 5 if objective == "moco" else 8, objective)
        with pytest.raises(KeyboardInterrupt):
            tiny_run(store, tmp_path / "stopped", epochs=4, **settings)
    assert epoch_of(tmp_path / "stopped") == 2
    command(["pretrain", "--resume", str(tmp_path / "stopped")])
    assert_same_run(tmp_path / "stopped", whole)


def test_metrics_of_an_epoch_without_a_state_are_not_kept_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tiny_store(tmp_path, clips=40).path
    whole = tiny_run(store, tmp_path / "whole")

    def full_disk(*_: object, **__: object) -> None:
        raise EdgcnError("cannot write")

    with monkeypatch.context() as patch:
        patch.setattr("edgcn.commands.pretrain.save_encoder", full_disk)
        with pytest.raises(EdgcnError, match="cannot write"):
            tiny_run(store, tmp_path / "stopped")
    with (tmp_path / "stopped" / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 2, "lo')  # a line that a crash has cut
    command(["pretrain", "--resume", str(tmp_path / "stopped")])
    assert_same_run(tmp_path / "stopped", whole)


def test_same_seed_same_run_and_another_seed_another(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=40).path
    first, second, other = (
        tiny_run(store, tmp_path / name, seed=seed)
        for name, seed in (("first", 1), ("second", 1), ("other", 2))
    )
    assert_same_run(first, second)
    assert losses(first) != losses(other)
    weights, others = (load_tensors(run / "encoder.safetensors")[0] for run in (first, other))
    assert any(not torch.equal(weights[name], others[name]) for name in weights)


def test_a_changed_store_is_refused(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=40).path
    run = tiny_run(store, tmp_path / "run", epochs=2)
    for path in store.iterdir():
        path.unlink()
    store.rmdir()
    tiny_store(tmp_path, clips=40, seed=1)
    before = (run / "metrics.jsonl").read_bytes()
    with pytest.raises(EdgcnError, match="contents have changed; start a new run"):
        pretrain(config_of(run), resume=run)
    assert (run / "metrics.jsonl").read_bytes() == before


def test_a_finished_run_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tiny_run(tiny_store(tmp_path, clips=40).path, tmp_path / "run")
    before = {path.name: path.read_bytes() for path in run.glob("*.*")}
    assert command(["pretrain", "--resume", str(run)]) == 0
    assert {path.name: path.read_bytes() for path in run.glob("*.*")} == before
    assert "all 3 epochs are done" in capsys.readouterr().out


def test_resume_takes_no_other_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["pretrain", "--resume", "somewhere", "--epochs", "9"]) == 2
    assert "leave out --epochs 9" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["SGD", "AdamW"])
def test_state_round_trip_continues_the_optimizer(kind: str, tmp_path: Path) -> None:
    def parts() -> tuple[torch.nn.Linear, torch.optim.Optimizer]:
        torch.manual_seed(0)
        layer = torch.nn.Linear(3, 2)
        momentum = {"momentum": 0.9} if kind == "SGD" else {}
        return layer, getattr(torch.optim, kind)(layer.parameters(), lr=0.1, **momentum)

    def step(layer: torch.nn.Linear, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        layer(torch.ones(4, 3)).square().sum().backward()
        optimizer.step()

    layer, optimizer = parts()
    for _ in range(3):
        step(layer, optimizer)
    save_state(tmp_path / "state", modules=layer, optimizer=optimizer, epoch=7)
    other, resumed = parts()
    assert load_state(tmp_path / "state", modules=other, optimizer=resumed) == 7
    for pair in ((layer, optimizer), (other, resumed)):
        step(*pair)
    assert torch.equal(layer.weight, other.weight)
    assert torch.equal(layer.bias, other.bias)
