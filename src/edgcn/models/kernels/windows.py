"""Windows that slide over frames: unfolded, and their gradients folded back.

(V, B, T, C) -> `window` frames for each of ceil(T / stride) windows, zeros beyond the ends. Windows
are centered on frames 0, stride, 2 stride ...; their frames are `dilation` apart. The definition is
`edgcn.models.layers.unfold`, joined along an axis.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

Frames = Float[Tensor, "v b t c"]
Windows = Float[Tensor, "nodes b windows rows"]


def unfold_frames(
    x: Frames, *, window: int, dim: int, stride: int = 1, dilation: int = 1
) -> Windows:
    """Every window's frames joined along `dim`: 3 to mix them as channels, 0 as joints."""
    unfolded: Tensor = _Unfold.apply(x, window, dim, stride, dilation)  # type: ignore[no-untyped-call]
    return unfolded


class _Unfold(torch.autograd.Function):
    """Its gradient is summed in one buffer; autograd's own takes one for each place in a window.

    That and its padding made the unfolding costlier than the product it prepares.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, window: int, dim: int, stride: int, dilation: int) -> Tensor:
        ctx.frames = x.shape[2]
        ctx.plan = {"window": window, "dim": dim, "stride": stride, "dilation": dilation}
        return unfold(x, **ctx.plan)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        v, b, _, c = grad.chunk(ctx.plan["window"], dim=ctx.plan["dim"])[0].shape
        total = grad.new_zeros(v, b, ctx.frames, c)
        fold(grad, total, **ctx.plan)
        return total, None, None, None, None


def unfold(x: Frames, *, window: int, dim: int, stride: int = 1, dilation: int = 1) -> Windows:
    """`unfold_frames` inside a gradient's own code."""
    shape = [len(x), x.shape[1], -(-x.shape[2] // stride), x.shape[3]]
    shape[dim] *= window
    out = x.new_empty(shape)
    for place, part in enumerate(out.chunk(window, dim=dim)):
        offset = (place - (window - 1) // 2) * dilation
        targets, sources = _inside(x.shape[2], part.shape[2], offset, stride)
        part[:, :, : targets.start].zero_()
        part[:, :, targets.stop :].zero_()
        part[:, :, targets] = x[:, :, sources]
    return out


def fold(
    windows: Windows, total: Frames, *, window: int, dim: int, stride: int = 1, dilation: int = 1
) -> None:
    """Add every window's frames to the frames of `total` that they came from."""
    for place, part in enumerate(windows.chunk(window, dim=dim)):
        offset = (place - (window - 1) // 2) * dilation
        targets, sources = _inside(total.shape[2], part.shape[2], offset, stride)
        total[:, :, sources] += part[:, :, targets]


def _inside(frames: int, windows: int, offset: int, stride: int) -> tuple[slice, slice]:
    """The windows that have a frame at `offset` from the center, and those frames."""
    first = max(0, -(offset // stride))
    last = min(windows - 1, (frames - 1 - offset) // stride)
    if last < first:
        return slice(0, 0), slice(0, 0)
    start = first * stride + offset
    return slice(first, last + 1), slice(start, start + (last - first) * stride + 1, stride)
