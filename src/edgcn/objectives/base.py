"""What training asks of an objective: the loss of two views. All else is optional.

two views of each clip (N, C, T, V, M) -> loss (), which descends into the encoder

A whole objective; its settings are its keyword arguments:

    class Alike(nn.Module):
        def __init__(self, encoder, *, strength: float = 1.0):
            super().__init__()
            self.encoder, self.strength = encoder, strength

        def loss(self, views: Views) -> Tensor:
            first, second = self.encoder(torch.cat((views.first, views.second))).chunk(2)
            return self.strength * (first - second).square().mean()
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Protocol, runtime_checkable

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.base.plugins import REGISTRIES
from edgcn.skeleton.tensors import Clips

GIVEN = ("statistics",)  # keyword arguments that training provides: no settings of the user's


@dataclass(frozen=True)
class Views:
    """Two random views of each clip of a batch, and the clips as they are: what encoders read."""

    first: Clips
    second: Clips
    clip: Clips


@runtime_checkable
class Objective(Protocol):
    """What the trainer needs of an objective."""

    def loss(self, views: Views) -> Float[Tensor, ""]: ...


def _no_objection(settings: Mapping[str, Any], *, batch: int, ranks: int) -> None:
    """Any settings work with any batch."""


def _nothing() -> None:
    """There is nothing to do."""


@dataclass(frozen=True)
class Traits:
    """What an objective has beside its loss: attributes and methods of these names, all optional.

    Args:
        title: What tables call it; by default the name it is registered by.
        augmentations: What the views undergo where the user chooses nothing, in order.
        needs: "statistics": the keyword argument `statistics`, a `ClipStatistics` of the training
            clips. "embedding": it decodes the plain embedding, so that only the readout `mean`
            fits. "batch": it compares the clips of a batch, at least 2 per rank.
        check: `check(settings, *, batch, ranks)` raises an EdgcnError where the settings cannot
            work with batches of `batch` clips per rank.
        fills: In the first epoch `fill(views)` takes the place of learning.
        after_step: Called after each step of the optimizer.
        measures: Means since the last call, by name, which go into the run's curves.
        sample: `sample(clips, *, frames, generator)` makes clips (N, C, T, V, M), or None.
        learner: What the optimizer trains and DDP wraps; `loss` calls it once. By default it is
            the objective itself.
    """

    title: str
    augmentations: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    check: Callable[..., None] = field(default=_no_objection)
    fills: bool = False
    fill: Callable[[Views], None] | None = None
    after_step: Callable[[], None] = field(default=_nothing)
    measures: Callable[[], dict[str, Tensor]] = field(default=dict)
    sample: Callable[..., Clips] | None = None
    learner: nn.Module | None = None


def traits(part: Any) -> Traits:
    """The traits of an objective, or of its class (whose methods are not bound yet)."""
    while isinstance(part, partial):
        part = part.func
    made = part if isinstance(part, type) or not hasattr(part, "loss") else type(part)
    names = [name for name, entry in REGISTRIES["objective"].items() if entry is made]
    declared: dict[str, Any] = {"title": [*names, getattr(made, "__name__", "objective")][0]}
    declared |= {
        trait.name: getattr(part, trait.name)
        for trait in fields(Traits)
        if hasattr(part, trait.name)
    }
    return Traits(**declared)


def gather(x: Float[Tensor, "n *d"]) -> Float[Tensor, "all *d"]:
    """The rows of all ranks in rank order; gradients reach this rank's own.

    Every rank computes the same loss, and the gradients of ranks are averaged afterwards: times the
    number of ranks, they add up to that loss's.
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return x
    ranks = dist.get_world_size()
    parts = [torch.empty_like(x) for _ in range(ranks)]
    dist.all_gather(parts, x.detach().contiguous())
    if x.requires_grad:
        parts[dist.get_rank()] = ranks * x - (ranks - 1) * x.detach()
    return torch.cat(parts)
