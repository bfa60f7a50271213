"""The training loop: epochs of steps over a store, on any number of ranks.

rows -> store.batch -> normalize -> two views -> objective.loss -> backward -> step -> after_step
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from lightning_fabric import Fabric
from torch import Tensor

from edgcn.skeleton.tensors import Clips

Views = tuple[Clips, ...]


@runtime_checkable
class Objective(Protocol):
    """What the loop needs of an objective."""

    def loss(self, views: Views) -> Float[Tensor, ""]: ...

    def fill(self, views: Views) -> None: ...

    def after_step(self) -> None: ...


@dataclass(frozen=True)
class Share:
    """One rank's part of one global batch."""

    rows: np.ndarray
    batch: int
    start: int


def shares(
    rows: np.ndarray, *, batch_size: int, ranks: int, rank: int, generator: torch.Generator
) -> Iterator[Share]:
    """Shuffled global batches of `batch_size * ranks` rows; this rank's slice of each.

    A last incomplete batch is left out: the clips in it differ from epoch to epoch.
    """
    order = rows[torch.randperm(len(rows), generator=generator).numpy()]
    batch = batch_size * ranks
    for first in range(0, len(order) - batch + 1, batch):
        start = rank * batch_size
        yield Share(order[first + start : first + start + batch_size], batch, start)


def train_epoch(
    fabric: Fabric,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    batches: Iterator[Share],
    views: Callable[[Share], Views],
    rate: Callable[[int], float],
    tick: Callable[[int], None],
) -> float:
    """Train on every batch; returns the mean loss over batches and ranks.

    Args:
        rate: learning rate of a step of this epoch; a group's `times_lr` multiplies it.
        tick: called with the number of clips after every step.
    """
    losses = []
    for step, share in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = rate(step) * group.get("times_lr", 1.0)
        with fabric.autocast():
            loss = objective.loss(views(share))
        fabric.backward(loss)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        objective.after_step()
        losses.append(loss.detach())
        tick(share.batch)
    mean = torch.stack(losses).mean()
    everyone = fabric.all_reduce(mean, reduce_op="mean")
    assert isinstance(everyone, Tensor)
    return float(everyone)


@torch.no_grad()
def fill_epoch(
    fabric: Fabric,
    objective: Objective,
    batches: Iterator[Share],
    views: Callable[[Share], Views],
    tick: Callable[[int], None],
) -> None:
    """Pass over every batch once without learning: the first epoch only fills the queue."""
    for share in batches:
        with fabric.autocast():
            objective.fill(views(share))
        tick(share.batch)
