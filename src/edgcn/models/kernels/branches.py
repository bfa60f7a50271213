"""The branches of MS-G3D's multi-scale temporal convolution (Liu et al., CVPR 2020) as one step.

reduced (V, B, T, 5 W), every stride-th frame (V, B, T', C) -> (V, B, T', 6 W): four dilated
convolutions over 3 frames, a maximum of 3 frames, a plain product; each writes its W channels of
one tensor, and its gradient is read from there.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from edgcn.models.kernels.products import at_precision
from edgcn.models.kernels.windows import fold, unfold
from edgcn.models.layers import DILATIONS


def temporal_branches(
    reduced: Float[Tensor, "v b t five_w"],
    every: Float[Tensor, "v b frames c"],
    dilated: Float[Tensor, "four w taps_w"],
    plain: Float[Tensor, "w c"],
    *,
    stride: int,
) -> Float[Tensor, "v b frames six_w"]:
    """All branches side by side.

    Args:
        reduced: non-negative; a fifth of its channels for each branch but the plain one.
        every: what the plain branch reads, every `stride`-th frame.
        dilated: the weight of each dilation, taps side by side.
    """
    reduced, every, dilated, plain = at_precision(reduced, every, dilated, plain)
    out: Tensor = _Branches.apply(reduced, every, dilated, plain, stride)  # type: ignore[no-untyped-call]
    return out


class _Branches(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, reduced: Tensor, every: Tensor, dilated: Tensor, plain: Tensor, stride: int
    ) -> Tensor:
        width = len(plain)
        v, b, frames, _ = every.shape
        out = reduced.new_empty(v, b, frames, 6 * width)
        rows = out.view(-1, 6 * width).chunk(6, dim=1)
        for place in range(len(DILATIONS)):
            windows = _windows(reduced, place, stride)
            torch.mm(windows, dilated[place].t(), out=rows[place])
        highest, index = torch.ops.aten.max_pool2d_with_indices(
            _as_images(_branch(reduced, 4)), [3, 1], [stride, 1], [1, 0]
        )
        rows[4].copy_(highest.permute(0, 2, 3, 1).reshape(-1, width))
        torch.mm(every.view(-1, every.shape[-1]), plain.t(), out=rows[5])
        ctx.save_for_backward(reduced, every, dilated, plain, index)
        ctx.stride = stride
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        reduced, every, dilated, plain, index = ctx.saved_tensors
        stride, width = ctx.stride, len(plain)
        grads = grad.reshape(-1, 6 * width).chunk(6, dim=1)
        grad_reduced = torch.zeros_like(reduced)
        grad_dilated = torch.empty_like(dilated)
        for place, dilation in enumerate(DILATIONS):
            windows = _windows(reduced, place, stride)
            torch.mm(grads[place].t(), windows, out=grad_dilated[place])
            torch.mm(grads[place], dilated[place], out=windows)
            parts = windows.view(*every.shape[:3], 3 * width)
            plan = {"window": 3, "dim": 3, "stride": stride, "dilation": dilation}
            fold(parts, _branch(grad_reduced, place), **plan)
        images = grads[4].reshape(-1, grad.shape[2], 1, width).permute(0, 3, 1, 2)
        grad_highest = torch.ops.aten.max_pool2d_with_indices_backward(
            images,
            _as_images(_branch(reduced, 4)),
            [3, 1],
            [stride, 1],
            [1, 0],
            [1, 1],
            False,
            index,
        )
        _branch(grad_reduced, 4).copy_(
            grad_highest.permute(0, 2, 3, 1).view(*reduced.shape[:3], width)
        )
        rows = every.view(-1, every.shape[-1])
        grad_every = (grads[5] @ plain).view(every.shape)
        return grad_reduced, grad_every, grad_dilated, grads[5].t() @ rows, None


def _branch(reduced: Tensor, place: int) -> Float[Tensor, "v b t w"]:
    width = reduced.shape[-1] // 5
    return reduced[..., place * width : (place + 1) * width]


def _windows(reduced: Tensor, place: int, stride: int) -> Float[Tensor, "rows taps_w"]:
    """What a dilated branch multiplies: each window's frames side by side."""
    x, dilation = _branch(reduced, place), DILATIONS[place]
    return unfold(x, window=3, dim=3, stride=stride, dilation=dilation).flatten(0, 2)


def _as_images(x: Float[Tensor, "v b t w"]) -> Float[Tensor, "vb w t 1"]:
    """Sequences as channels-last images one pixel wide, which is what pooling reads fastest."""
    return x.flatten(0, 1).contiguous().unsqueeze(2).permute(0, 3, 1, 2)
