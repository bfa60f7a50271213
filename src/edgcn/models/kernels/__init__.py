"""Fast equals of the plain layers, and the one switch between the two.

A layer's `forward` is its definition, written to be read. Where it is marked `has_fast_equal`, the
table `edgcn.models.kernels.equals.FAST` has a function that gives the same numbers up to rounding,
with fewer passes over memory and gradients of its own. Fast is the default.

    with kernels.plain():  # exporters and compilers do not see inside the fast ones
        program = torch.export.export(encoder, (clips,))
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import local
from typing import Any, TypeVar, cast

from torch import Tensor, nn

Forward = TypeVar("Forward", bound=Callable[..., Tensor])


class _Thread(local):
    """What a thread that is inside `chosen` runs. (torch.compile cannot read a ContextVar.)"""

    fast: bool = True


_here = _Thread()


def is_fast() -> bool:
    """Whether the fast equals run here."""
    return _here.fast


@contextmanager
def chosen(fast: bool) -> Iterator[None]:
    """Run one or the other inside this block, in this thread."""
    before, _here.fast = _here.fast, fast
    try:
        yield
    finally:
        _here.fast = before


def plain() -> AbstractContextManager[None]:
    """Run the plain layers inside this block."""
    return chosen(False)


def has_fast_equal(plain: Forward) -> Forward:
    """Let a layer's `forward` run its fast equal where that is chosen; a subclass has none."""

    @functools.wraps(plain)
    def forward(layer: nn.Module, x: Tensor, **settings: Any) -> Tensor:
        if is_fast():
            from edgcn.models.kernels.equals import FAST  # it imports the layers, which import this

            if type(layer) in FAST:
                return FAST[type(layer)](layer, x, **settings)
        return plain(layer, x, **settings)

    return cast(Forward, forward)
