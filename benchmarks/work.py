"""What is timed: one iteration of an encoder's training step, of its gradient, or of inference.

Case -> a function without arguments that does the work once, on 64 frames of 25 joints
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.peer import load_peer
from edgcn.models.build import build_encoder
from edgcn.objectives.contrast import MomentumContrast
from edgcn.pipeline.inputs import fit_inputs
from edgcn.skeleton.layouts import TOPOLOGIES
from edgcn.skeleton.recording import Recordings, trimmed
from edgcn.store import open_store, write_store
from edgcn.training.fabric import Precision, make_fabric
from edgcn.training.trainer import Trainer

TOPOLOGY = TOPOLOGIES["kinect_v2"]  # NTU RGB+D's and SMG's
FRAMES = 64


@dataclass(frozen=True)
class Case:
    """One thing to time.

    Args:
        name: an encoder preset, or "stock" for the public MS-G3D.
        mode: "step" is a whole training step, "training" its query's forward and backward alone.
        options: what of the encoder differs from its preset; of stock, its numbers of scales.
        recompute: with gradient checkpointing.
    """

    name: str
    mode: str
    batch: int
    precision: Precision = "float32"
    bodies: int = 1
    threads: int = 2
    options: dict[str, Any] = field(default_factory=dict)
    recompute: bool = False


def iteration(case: Case, *, stores: Path, peer: Path | None = None) -> Callable[[], object]:
    """The work of a case; building it is not timed.

    Args:
        stores: where `write_stores` has written.
        peer: a checkout of MS-G3D.
    """
    torch.manual_seed(0)
    if case.mode == "step":
        return training_step(case, stores)
    model = build(case, peer)
    clips = torch.randn(case.batch, 3, FRAMES, len(TOPOLOGY), case.bodies)
    make = {"training": gradient, "inference": inference}[case.mode]
    return make(model, clips, case.precision)


def build(case: Case, peer: Path | None = None) -> nn.Module:
    """The case's encoder."""
    if case.name == "stock":
        assert peer is not None
        return load_peer(peer, bodies=case.bodies, **case.options)
    return encoder_of(case, in_channels=3)


def encoder_of(case: Case, *, in_channels: int) -> nn.Module:
    """One of our presets, with gradient checkpointing where the case has it."""
    encoder = build_encoder(
        case.name, case.options, topology=TOPOLOGY, in_channels=in_channels, bodies=case.bodies
    )
    if case.recompute:
        encoder.recompute()  # type: ignore[operator]
    return encoder


def autocast(precision: str) -> torch.autocast:
    """bfloat16 products where asked for."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16")


def gradient(model: nn.Module, clips: Tensor, precision: str) -> Callable[[], object]:
    """Forward and backward in training mode, of a loss that costs nothing."""
    model.train()

    def run() -> None:
        with autocast(precision):
            loss = model(clips).float().square().mean()
        loss.backward()
        model.zero_grad(set_to_none=True)

    return run


def inference(model: nn.Module, clips: Tensor, precision: str) -> Callable[[], object]:
    """Forward in evaluation mode."""
    model.eval()

    def run() -> Tensor:
        with torch.inference_mode(), autocast(precision):
            out: Tensor = model(clips)
            return out

    return run


def training_step(case: Case, stores: Path) -> Callable[[], object]:
    """One step of the trainer: both views from the store, query, key, queue, SGD, momentum.

    Each epoch is one batch, so that the trainer gives a row after each step.
    """
    clips = open_store(stores / f"bodies{case.bodies}").clips()
    inputs = fit_inputs(clips, np.arange(len(clips)), frames=FRAMES, normalize="paper")
    objective = MomentumContrast(encoder_of(case, in_channels=inputs.channels))
    keys = objective.queue.keys
    objective.queue.push(F.normalize(torch.randn_like(keys), dim=1))  # full, as after one epoch
    trainer = Trainer(
        objective,
        clips,
        np.random.default_rng(0).permutation(len(clips))[: case.batch],
        inputs=inputs,
        batch_size=case.batch,
        epochs=10**9,
        lr=0.01,
        fabric=make_fabric(accelerator="cpu", precision=case.precision),
    )
    steps = trainer.fit()
    next(steps)  # the first epoch only fills the queue
    return lambda: next(steps)


def write_stores(folder: Path, *, clips: int = 512) -> None:
    """Stores of synthetic clips with 1 and with 2 bodies, `bodies1` and `bodies2`."""
    for bodies in (1, 2):
        write_synthetic(folder / f"bodies{bodies}", clips=clips, bodies=bodies)


def write_synthetic(out: Path, *, clips: int, bodies: int) -> None:
    """Random walks of 40 to 120 frames, which is what clips of NTU RGB+D have."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(40, 121, clips)
    pool = rng.normal(0, 0.02, (lengths.max() + clips, bodies, len(TOPOLOGY), 3)).cumsum(axis=0)
    made = (
        trimmed(pool[i : i + n].astype(np.float32), str(i), label=0, subject=str(i % 10))
        for i, n in enumerate(lengths)
    )
    write_store(
        Recordings(
            reader="benchmark", topology=TOPOLOGY, classes=("any",), recordings=made, fps=30.0,
            bodies=bodies,
        ),
        out,
    )  # fmt: skip
