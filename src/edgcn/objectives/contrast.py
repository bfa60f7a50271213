"""Momentum contrast with a queue of old keys (He et al. 2020; AS-CAL, Rao et al. 2021; EDGCN 2022).

two views (N, C, T, V, M) -> query (N, D), key (N, D) -> InfoNCE against the key and the queue.

Choices where the papers are silent:
- The key encoder's momentum covers its PARAMETERS. Its batch-norm statistics come from its own
  forward passes in training mode, which is also what normalizes the keys; only the query encoder is
  ever evaluated, with the query's own statistics.
- AS-CAL shuffles the batch for the key. With one set of batch statistics for the whole batch, which
  is what one process has and what several ranks have here, order changes nothing: left out.
- Until the queue has been filled once, only the filled part serves as negatives.
"""

import copy
from collections.abc import Mapping
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.objectives.base import Views, gather
from edgcn.objectives.heads import mlp_projector
from edgcn.skeleton.tensors import Clips


class KeyQueue(nn.Module):
    """A ring of the newest keys; all of its state is in buffers."""

    keys: Tensor
    cursor: Tensor
    filled: Tensor

    def __init__(self, *, size: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("keys", torch.zeros(size, dim))
        self.register_buffer("cursor", torch.zeros((), dtype=torch.long))
        self.register_buffer("filled", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def push(self, keys: Float[Tensor, "n d"]) -> None:
        """Replace the oldest keys by these."""
        size = len(self.keys)
        if len(keys) > size:
            raise EdgcnError(
                f"a batch of {len(keys)} keys does not fit the queue of {size}; "
                f"use a larger --queue-size or a smaller --batch-size"
            )
        slots = (self.cursor + torch.arange(len(keys), device=keys.device)) % size
        self.keys[slots] = keys
        self.cursor.copy_((self.cursor + len(keys)) % size)
        self.filled.copy_((self.filled + len(keys)).clamp(max=size))

    def negatives(self) -> Float[Tensor, "filled d"]:
        """The keys pushed so far."""
        return self.keys[: int(self.filled)]


def info_nce(
    query: Float[Tensor, "n d"],
    key: Float[Tensor, "n d"],
    queue: Float[Tensor, "size d"],
    *,
    temperature: float,
) -> Float[Tensor, ""]:
    """Cross-entropy of picking each query's own key among the queued ones (equation 6).

    Embeddings are L2-normalized here; computed in float32 under autocast too.
    """
    with torch.autocast(query.device.type, enabled=False):
        query, key, queue = (F.normalize(e.float(), dim=1) for e in (query, key, queue))
        positive = (query * key).sum(1, keepdim=True)
        logits = torch.cat([positive, query @ queue.T], dim=1) / temperature
        return F.cross_entropy(logits, torch.zeros_like(logits[:, 0], dtype=torch.long))


class MomentumContrast(nn.Module):
    """Query encoder trained to find its own key, from a slow copy of itself, among old keys.

    Args:
        queue_size: Number of old keys kept as negatives.
        temperature: Temperature of the contrast.
        momentum: Momentum of the key encoder (equation 1), not of the optimizer.
        projector: Contrast behind a two-layer perceptron instead of the bare embedding.
    """

    title = "MoCo"
    augmentations = (  # the paper's seven after AS-CAL's random-joint subtraction
        "subtract", "rotate", "shear", "reverse", "noise", "blur", "joint_mask", "channel_mask",
    )  # fmt: skip
    fills = True  # the first epoch only fills the queue

    def __init__(
        self,
        encoder: nn.Module,
        *,
        queue_size: Annotated[int, Field(gt=0)] = 500,
        temperature: Annotated[float, Field(gt=0)] = 0.06,
        momentum: Annotated[float, Field(gt=0, lt=1)] = 0.999,
        projector: bool = False,
    ) -> None:
        super().__init__()
        dim: int = encoder.embed_dim  # type: ignore[assignment]
        head = mlp_projector(dim, hidden=dim, out=dim // 2) if projector else nn.Identity()
        self.encoder = encoder
        self.learner = nn.Sequential(encoder, head)
        self.key = copy.deepcopy(self.learner).requires_grad_(False)
        self.queue = KeyQueue(size=queue_size, dim=dim // 2 if projector else dim)
        self.temperature, self.momentum = temperature, momentum
        self.pending: Tensor | None = None

    @staticmethod
    def check(settings: Mapping[str, Any], *, batch: int, ranks: int) -> None:
        """Refuse a queue that a batch does not fit into, and a batch norm over one clip."""
        size, total = settings["queue_size"], batch * ranks
        if total > size:
            raise EdgcnError(
                f"the queue of {size} keys is smaller than a batch of {total}; "
                f"use a --queue-size of at least {total}, or a smaller --batch-size"
            )
        if settings["projector"] and batch < 2:
            raise EdgcnError(
                f"the projector compares the clips of a batch with each other, and there is "
                f"{batch} per step and rank; use a --batch-size of 2 or more, or prepare more clips"
            )

    @torch.no_grad()
    def encode_keys(self, x: Clips) -> Float[Tensor, "n d"]:
        """Normalized keys of one view, in training mode."""
        return F.normalize(self.key(x).float(), dim=1)

    def fill(self, views: Views) -> None:
        """Queue the keys of a batch without learning from it."""
        self.queue.push(gather(self.encode_keys(views.second)))

    def loss(self, views: Views) -> Float[Tensor, ""]:
        """InfoNCE of a batch; its keys wait for `after_step`."""
        query = self.learner(views.first)
        key = self.encode_keys(views.second)
        self.pending = gather(key)
        return info_nce(query, key, self.queue.negatives(), temperature=self.temperature)

    @torch.no_grad()
    def after_step(self) -> None:
        """Let the key encoder follow the query encoder, and queue the batch's keys."""
        slow: list[Tensor] = list(self.key.parameters())
        fast: list[Tensor] = list(self.learner.parameters())
        torch._foreach_lerp_(slow, fast, 1 - self.momentum)
        if self.pending is not None:
            self.queue.push(self.pending)
            self.pending = None
