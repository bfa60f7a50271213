"""What trains in a moment: random clips of five joints, and an encoder and a trainer for them.

As a script it trains in a process of its own, on one rank or several: `start_training`.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor, nn

from edgcn.base.plugins import register_objective
from edgcn.models import ENCODERS, Reader
from edgcn.objectives import OBJECTIVES, Views
from edgcn.objectives.build import build_objective
from edgcn.pipeline.adapter import Adapter
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import NORMALIZATIONS
from edgcn.pipeline.sensor import Sensor
from edgcn.skeleton.topology import Topology
from edgcn.training.fabric import make_fabric
from edgcn.training.statistics import clip_statistics
from edgcn.training.trainer import Trainer
from helpers import FEW_JOINTS, SMALL_ENCODER, tiny_topology

Process = subprocess.Popen[str]


@dataclass(frozen=True)
class RandomClips:
    """Clips of one length, without a store; some joints are missing in some frames."""

    count: int = 40
    seed: int = 0
    topology: Topology = field(default_factory=tiny_topology)
    dims: int = 3
    units: str = "m"
    bodies: int = 1
    name: str = "random"

    def __len__(self) -> int:
        return self.count

    def batch(self, rows: np.ndarray, frames: int) -> Tensor:
        """(N, 3, T, 5, 1), the same for a row in any batch; each walks from its own pose."""
        generator = torch.Generator().manual_seed(self.seed)
        rest = torch.randn(self.count, 3, 1, 5, 1, generator=generator)
        walk = 0.2 * torch.randn(self.count, 3, frames, 5, 1, generator=generator).cumsum(dim=2)
        visible = torch.rand(self.count, 1, frames, 5, 1, generator=generator) > 0.05
        return ((rest + walk) * visible)[torch.from_numpy(rows)]

    def adapted(self, adapter: Adapter, sizes: Float[np.ndarray, " n"] | None = None) -> Self:
        raise NotImplementedError


class Alike(nn.Module):
    """A user's objective: two views of a clip have the same embedding.

    Args:
        strength: Weight of the loss.
    """

    def __init__(self, encoder: nn.Module, *, strength: float = 1.0) -> None:
        super().__init__()
        self.encoder, self.strength = encoder, strength
        self.norm = nn.BatchNorm1d(SMALL_ENCODER["embed_dim"])

    def loss(self, views: Views) -> Tensor:
        both = self.norm(self.encoder(torch.cat((views.first, views.second))))
        first, second = both.chunk(2)
        loss: Tensor = self.strength * (first - second).square().mean()
        return loss


class Plain:
    """`Alike`, without being a module.

    Args:
        strength: Weight of the loss.
    """

    def __init__(self, encoder: nn.Module, *, strength: float = 1.0) -> None:
        self.encoder, self.strength = encoder, strength
        self.norm = nn.BatchNorm1d(SMALL_ENCODER["embed_dim"])

    def loss(self, views: Views) -> Tensor:
        first, second = (self.norm(self.encoder(x)) for x in (views.first, views.second))
        loss: Tensor = self.strength * (first - second).square().mean()
        return loss


USERS = {"alike": Alike, "plain": Plain}  # as a plugin would register them


def inputs_of(clips: RandomClips, **changes: Any) -> Inputs:
    values: dict[str, Any] = {
        "topology": clips.topology,
        "dims": clips.dims,
        "bodies": clips.bodies,
        "frames": 8,
        "normalize": NORMALIZATIONS["paper"],
        "sensor": Sensor("m", 3, torso=1.0, shoulders=1.0, up=1.0, right=1.0),
    }
    return Inputs(**values | changes)


def tiny_trainer(
    objective: str = "moco",
    *,
    settings: Mapping[str, Any] | None = None,
    encoder: str = "edgcn-s",
    encoder_settings: Mapping[str, Any] | None = None,
    readout: str = "mean",
    inputs: Mapping[str, Any] | None = None,
    clips: int = 40,
    fabric: Fabric | None = None,
    **changes: Any,
) -> Trainer:
    """A trainer of everything in small; `changes` are arguments of `Trainer`."""
    for name in USERS.keys() - OBJECTIVES.keys():
        register_objective(name, USERS[name])
    source = RandomClips(clips)
    rows, made = np.arange(len(source)), inputs_of(source, **(inputs or {}))
    kept = {"queue_size": 32} if objective == "moco" else {}
    torch.manual_seed(changes.get("seed", 0))
    network: nn.Module = ENCODERS[encoder](
        made.topology,
        in_channels=made.channels,
        bodies=made.bodies,
        **(SMALL_ENCODER if encoder_settings is None else encoder_settings),
    )
    if readout != "mean":
        network = Reader(
            network,
            readout,
            topology=made.topology,
            in_channels=made.channels,
            bodies=made.bodies,
        )
    part = build_objective(
        objective,
        network,
        kept | dict(settings or {}),
        statistics=clip_statistics(source, rows, made),
    )
    values: dict[str, Any] = {"augmentations": FEW_JOINTS, "batch_size": 8, "lr": 0.01}
    if "steps" not in changes:
        values["epochs"] = 3
    fabric = fabric or Fabric(accelerator="cpu", devices=1)
    return Trainer(part, source, rows, inputs=made, fabric=fabric, **values | changes)


def cpu(devices: int = 1) -> Fabric:
    """One rank or several, the same numbers on any machine."""
    return make_fabric(accelerator="cpu", devices=devices, precision="float32", threads=1)


def train(out: Path, *, fabric: Fabric | None = None, **arguments: Any) -> None:
    """Train into a folder, or continue there: rows.jsonl, state.safetensors after every epoch."""
    fabric = fabric or cpu()
    trainer, state = tiny_trainer(fabric=fabric, **arguments), out / "state.safetensors"
    rows = out / "rows.jsonl"
    finished = trainer.load_state(state) if state.exists() else 0
    if fabric.is_global_zero:
        out.mkdir(exist_ok=True)
        kept = rows.read_text().splitlines(keepends=True)[:finished] if rows.exists() else []
        rows.write_text("".join(kept))
    for row in trainer.fit(finished):
        if fabric.is_global_zero:
            with rows.open("a") as file:
                file.write(json.dumps(row) + "\n")
            trainer.save_state(state, epoch=int(row["epoch"] or 0))
        fabric.barrier()


def start_training(jobs: Mapping[str, Mapping[str, Any]], *, devices: int = 1) -> Process:
    """`train` into these folders, one after the other, in a process for each rank."""
    words = [sys.executable, __file__, str(devices), json.dumps(jobs)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows_of(out: Path) -> list[dict[str, Any]]:
    """What each epoch gave."""
    return [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]


if __name__ == "__main__":
    ranks = cpu(int(sys.argv[1]))
    for folder, settings_of_it in json.loads(sys.argv[2]).items():
        train(Path(folder), fabric=ranks, **settings_of_it)
