"""What is timed: one iteration of an encoder's training step, of its gradient, or of inference.

Case -> a function without arguments that does the work once, on 64 frames of 25 joints
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.peer import load_peer
from edgcn.commands.config import PretrainConfig
from edgcn.commands.pretrain import make_inputs, recompute_layers
from edgcn.models import ENCODERS
from edgcn.models.build import build_encoder
from edgcn.objectives import MomentumContrast
from edgcn.skeleton.layouts import TOPOLOGIES
from edgcn.skeleton.recording import Clip, Recordings
from edgcn.store import open_store, write_store
from edgcn.training.loop import Share, Views, train_epoch
from edgcn.training.setup import make_fabric, make_optimizer
from edgcn.training.views import two_views

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
    precision: str = "float32"
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
    encoder = ENCODERS[case.name](TOPOLOGY, bodies=case.bodies, **case.options)
    if case.recompute:
        recompute_layers(encoder, case.name)
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
    """One batch of `train_epoch`: both views from the store, query, key, queue, SGD, momentum."""
    store = open_store(stores / f"bodies{case.bodies}")
    config = PretrainConfig(
        recipe="paper",
        store=store.path,
        encoder=case.name,
        encoder_options=case.options,
        batch_size=case.batch,
        frames=FRAMES,
        precision=case.precision,
        accelerator="cpu",
    )
    fabric = make_fabric(config)
    inputs = make_inputs(store, config, np.arange(len(store)))
    encoder = build_encoder(config.encoder, inputs, config.encoder_options)
    if case.recompute:
        recompute_layers(encoder, case.name)
    objective = MomentumContrast(encoder, queue_size=config.queue_size)
    optimizer = make_optimizer(config, objective.learner)
    objective.learner, wrapped = fabric.setup(objective.learner, optimizer)
    objective.train()
    keys = objective.queue.keys
    objective.queue.push(F.normalize(torch.randn_like(keys), dim=1))  # full, as after one epoch
    generator = torch.Generator().manual_seed(0)
    order = np.random.default_rng(0).permutation(len(store))
    rows = itertools.cycle(np.array_split(order, len(store) // case.batch))

    def views(share: Share) -> Views:
        return two_views(store, share, generator, inputs, config)

    def run() -> None:
        share = Share(next(rows)[: case.batch], case.batch, 0)
        train_epoch(
            fabric, objective, wrapped, iter([share]), views, lambda _: config.lr, lambda _: None
        )

    return run


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
        Clip(pool[i : i + n].astype(np.float32), name=str(i), subject=str(i % 10), label=0)
        for i, n in enumerate(lengths)
    )
    write_store(
        Recordings(
            reader="benchmark", topology=TOPOLOGY, classes=("any",), clips=made, fps=30.0,
            bodies=bodies,
        ),
        out,
    )  # fmt: skip
