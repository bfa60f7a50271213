"""Pre-training small enough for a test, in this process or as a command of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
import yaml

from edgcn.base.tensorfile import load_tensors
from edgcn.commands.pretrain import pretrain
from edgcn.commands.pretrain_settings import PretrainConfig
from edgcn.commands.settings import make_config
from edgcn.runs import Run
from helpers import FEW_JOINTS, SMALL_ENCODER

COMMAND = (sys.executable, "-m", "edgcn")
SECONDS = 240  # a command that takes longer hangs


def tiny_settings(**changes: Any) -> dict[str, Any]:
    """A config's values: everything of the real thing, in small, the same on any machine."""
    values: dict[str, Any] = {
        "recipe": "paper",
        "encoder": "edgcn-s",
        "encoder_settings": SMALL_ENCODER,
        "augmentations": list(FEW_JOINTS),
        "frames": 8,
        "epochs": 3,
        "batch_size": 8,
        "precision": "float32",
        "accelerator": "cpu",
        "threads": 1,
        "knn_every": 0,
    }
    own = {"queue_size": 32} if changes.get("objective", "moco") == "moco" else {}
    return values | own | changes


def tiny_config(store: Path, out: Path | None = None, **changes: Any) -> PretrainConfig:
    """The settings of a tiny training of a store."""
    values = {"store": store, "out": out, **tiny_settings(**changes)}
    return make_config(PretrainConfig, values, where="test")


def tiny_run(store: Path, out: Path, **changes: Any) -> Path:
    """Pre-train in this process, silently; the run's folder."""
    return pretrain(tiny_config(store, out, **changes), say=lambda line: None).path


def write_config(folder: Path, **changes: Any) -> Path:
    """The settings as a file for `--config`."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(tiny_settings(**changes)))
    return path


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start `edgcn ARGUMENTS` as a process of its own."""
    words = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for a command that must succeed; what it said on stdout and stderr."""
    try:
        said, complained = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
    assert process.returncode == 0, complained
    return said, complained


def losses(run: Path) -> list[float | None]:
    """The loss of every epoch."""
    return [row["loss"] for row in Run(run).metrics()]


def assert_same_run(run: Path, other: Path) -> None:
    """Two runs ended in the same weights, losses and state, to the last bit."""
    assert losses(run) == losses(other)
    for name in ("recognizer.edgcn", "state.safetensors"):
        tensors, metadata = load_tensors(run / name)
        expected, expected_metadata = load_tensors(other / name)
        for known in (metadata, expected_metadata):  # where a run lies is no number of it
            known.get("provenance", {"config": {}})["config"].pop("out", None)
        assert metadata == expected_metadata
        assert list(tensors) == list(expected)
        for key, value in tensors.items():
            assert torch.equal(value, expected[key]), f"{name}: {key}"
