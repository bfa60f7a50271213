"""A training stopped at any moment, even by `kill -9`, goes on as if it had never stopped."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors
from edgcn.objectives import OBJECTIVES
from edgcn.training.resume import load_state, save_state, tensors_of
from edgcn.training.trainer import Trainer
from tiny_training import rows_of, start_training, tiny_trainer, train

EPOCHS = 4
LARGE: dict[str, Any] = {
    "clips": 160,
    "epochs": EPOCHS,
    "encoder_settings": {"widths": [16, 16], "strides": [1, 1]},
}


def epoch_of(out: Path) -> int:
    """The last epoch whose state is on disk."""
    path = out / "state.safetensors"
    return int(load_tensors(path)[1]["epoch"]) if path.exists() else 0


def assert_same_training(out: Path, other: Path) -> None:
    """Two trainings ended in the same losses and state, to the last bit."""
    losses, expected = ([row["loss"] for row in rows_of(x)] for x in (out, other))
    assert losses == expected
    tensors, known = (load_tensors(x / "state.safetensors")[0] for x in (out, other))
    assert list(tensors) == list(known)
    for name, value in tensors.items():
        assert torch.equal(value, known[name]), name
    state, same = ((x / "state.safetensors").read_bytes() for x in (out, other))
    assert state == same


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    train(out, **LARGE)
    return out


def test_killed_before_the_first_epoch_was_over_and_resumed(
    uninterrupted: Path, tmp_path: Path
) -> None:
    """(`test_command` kills one later.)"""
    process = start_training({str(tmp_path): LARGE})
    try:
        for _ in range(24_000):
            if (tmp_path / "rows.jsonl").exists() or process.poll() is not None:
                break
            time.sleep(0.005)
        time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        output = process.communicate()
    assert process.returncode == -signal.SIGKILL, output
    assert epoch_of(tmp_path) < EPOCHS
    train(tmp_path, **LARGE)
    assert_same_training(tmp_path, uninterrupted)


SETTINGS: list[dict[str, Any]] = [
    {
        "objective": "barlow",
        "settings": {"reconstruct": 50.0},
        "readout": "parts",
        "optimizer": "adamw",
        "inputs": {"stream": "joint+motion", "motion_gain": 5.0},
    },
    {
        "settings": {"projector": True},
        "optimizer": "adamw",
        "schedule": "cosine",
        "lr": 1e-3,
        "residual_lr": 10.0,
    },
    {
        "encoder": "ascal-lstm",
        "encoder_settings": {},
        "inputs": {"moments": True},
        "warmup_epochs": 2,
    },
    {"objective": "predict-cluster", "encoder": "pc-gru", "encoder_settings": {"hidden": 8}},
    {"objective": "predict-cluster", "settings": {"decoder": "fixed-state"}},
    {
        "objective": "variational",
        "encoder": "vae-lstm",
        "encoder_settings": {"hidden": 8},
        "optimizer": "adamw",
        "augmentations": ("noise",),
    },
    {
        "encoder": "stgcn-quarter",
        "encoder_settings": {"widths": [4, 8], "strides": [1, 2]},
        "settings": {"projector": True},
    },
]


@pytest.mark.parametrize(
    "settings",
    SETTINGS,
    ids=lambda settings: "-".join(map(str, settings.values()))[:40],
)
def test_stopped_in_a_step_and_resumed(
    settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(whole, epochs=4, clips=24, **settings)
    with monkeypatch.context() as patch:
        kind: Any = OBJECTIVES[settings.get("objective", "moco")]
        loss, calls = kind.loss, []

        def breaking(self: Any, views: Any) -> Tensor:
            # batches of 8: the second step of epoch 3, where a filling first epoch has none
            calls.append(1)
            if len(calls) == (5 if getattr(kind, "fills", False) else 8):
                raise KeyboardInterrupt
            value: Tensor = loss(self, views)
            return value

        patch.setattr(kind, "loss", breaking)
        with pytest.raises(KeyboardInterrupt):
            train(stopped, epochs=4, clips=24, **settings)
    assert epoch_of(stopped) == 2
    train(stopped, epochs=4, clips=24, **settings)
    assert_same_training(stopped, whole)


def test_a_training_of_steps_resumes_and_ends_where_it_would(tmp_path: Path) -> None:
    whole, stopped = (tiny_trainer("barlow", steps=12) for _ in range(2))
    expected = [row["loss"] for row in whole.fit()]
    rows = stopped.fit()
    next(rows)
    stopped.save_state(tmp_path / "state", epoch=1)
    resumed = tiny_trainer("barlow", steps=12)
    finished = resumed.load_state(tmp_path / "state")
    assert [row["loss"] for row in resumed.fit(finished)] == expected[1:]
    for name, value in tensors_of(resumed.module).items():
        assert torch.equal(value, tensors_of(whole.module)[name]), name


def test_a_finished_training_stays_as_it_is(tmp_path: Path) -> None:
    train(tmp_path, epochs=2)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    train(tmp_path, epochs=2)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_same_seed_same_training_and_another_seed_another(tmp_path: Path) -> None:
    outs = {"first": 1, "second": 1, "other": 2}
    for name, seed in outs.items():
        train(tmp_path / name, epochs=2, seed=seed)
    assert_same_training(tmp_path / "first", tmp_path / "second")
    with pytest.raises(AssertionError):
        assert_same_training(tmp_path / "first", tmp_path / "other")


def saved(tmp_path: Path, **settings: Any) -> Trainer:
    trainer = tiny_trainer("moco", **settings)
    trainer.save_state(tmp_path / "state", epoch=1)
    return trainer


def test_the_state_has_every_tensor_once_whatever_ranks_wrap(tmp_path: Path) -> None:
    trainer = saved(tmp_path)
    tensors, _ = load_tensors(tmp_path / "state")
    objective: Any = trainer.objective
    weights = sum(value.numel() for value in objective.encoder.state_dict().values())
    queue = sum(value.numel() for value in objective.queue.state_dict().values())
    assert sum(value.numel() for value in tensors.values()) == 2 * weights + queue  # query, key
    assert not any("module" in name or "forward" in name for name in tensors)


def test_the_state_of_another_training_is_refused(tmp_path: Path) -> None:
    saved(tmp_path)
    with pytest.raises(EdgcnError, match=r"state of another training: .*queue.keys of shape"):
        tiny_trainer("moco", settings={"queue_size": 40}).load_state(tmp_path / "state")
    with pytest.raises(EdgcnError, match="state of another training"):
        tiny_trainer("barlow").load_state(tmp_path / "state")


def test_a_buffer_that_was_replaced_is_kept_as_it_is_now(tmp_path: Path) -> None:
    class Center(nn.Module):
        center: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 2)
            self.register_buffer("center", torch.zeros(2))

    def made() -> tuple[Center, torch.optim.Optimizer]:
        module = Center()
        return module, torch.optim.SGD(module.parameters(), lr=0.1)

    (one, optimizer), (other, resumed) = made(), made()
    one.center = one.center + 3
    save_state(tmp_path / "state", module=one, optimizer=optimizer, epoch=1)
    load_state(tmp_path / "state", module=other, optimizer=resumed)
    assert other.center.tolist() == [3, 3]


@pytest.mark.parametrize("kind", ["SGD", "AdamW"])
def test_state_round_trip_continues_the_optimizer(kind: str, tmp_path: Path) -> None:
    def parts() -> tuple[nn.Linear, torch.optim.Optimizer]:
        torch.manual_seed(0)
        layer = nn.Linear(3, 2)
        momentum = {"momentum": 0.9} if kind == "SGD" else {}
        return layer, getattr(torch.optim, kind)(layer.parameters(), lr=0.1, **momentum)

    def step(layer: nn.Linear, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        layer(torch.ones(4, 3)).square().sum().backward()
        optimizer.step()

    layer, optimizer = parts()
    for _ in range(3):
        step(layer, optimizer)
    save_state(tmp_path / "state", module=layer, optimizer=optimizer, epoch=7)
    other, resumed = parts()
    assert load_state(tmp_path / "state", module=other, optimizer=resumed) == 7
    for pair in ((layer, optimizer), (other, resumed)):
        step(*pair)
    assert torch.equal(layer.weight, other.weight)
    assert torch.equal(layer.bias, other.bias)
