"""Gradient checkpointing of layers whose batch norms count what they see."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from edgcn.models import kernels


def compute_again(layer: nn.Module, x: Tensor, **settings: Any) -> Tensor:
    """A layer's output of which only the input is kept; the backward pass computes it again."""
    fast = kernels.is_fast()
    out: Tensor = checkpoint(
        layer,
        x,
        use_reentrant=False,
        preserve_rng_state=False,  # nothing in these layers is random
        context_fn=lambda: (nullcontext(), _second_time(layer, fast)),
        **settings,
    )
    return out


@contextmanager
def _second_time(layer: nn.Module, fast: bool) -> Iterator[None]:
    """The same kernels as the first time, and buffers put back: a batch must not count twice."""
    kept = [(buffer, buffer.clone()) for buffer in layer.buffers()]
    try:
        with kernels.chosen(fast):
            yield
    finally:
        for buffer, before in kept:
            buffer.copy_(before)
