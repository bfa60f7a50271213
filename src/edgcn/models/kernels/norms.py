"""Batch norm with what comes before and after it: a product's bias, a sum, a ReLU.

rows (R, C) -> the same shape, in as few passes over memory as PyTorch's own kernels allow.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from edgcn.models.kernels.products import Rows


def product_norm(
    product: Callable[[Tensor], Rows],
    linear: nn.Linear,
    norm: nn.Module,
    *,
    add: Rows | None = None,
    activate: bool = False,
) -> Rows:
    """relu(norm(product(linear.weight) + linear.bias) + add), each part where it is wanted.

    In evaluation weight, bias and norm are folded into one product and one shift.
    """
    if norm.training or not isinstance(norm, nn.BatchNorm1d):
        out = product(linear.weight)
        return normalize_rows(norm, out, bias=linear.bias, add=add, activate=activate)
    weight, shift = fold_norm(linear, norm)
    out = product(weight)
    return _finish(out.add_(shift.to(out)), add, activate)


def normalize_rows(
    norm: nn.Module,
    x: Rows,
    *,
    bias: Float[Tensor, " c"],
    add: Rows | None = None,
    activate: bool = False,
) -> Rows:
    """relu(norm(x + bias) + add), each part where it is wanted.

    A bias before a batch norm in training moves the running mean and nothing else: none is added.
    """
    if norm.training and isinstance(norm, nn.BatchNorm1d):
        return _batch_norm(norm, x, bias, add, activate)
    return _finish(norm(x + bias.to(x)), add, activate)


def _finish(out: Rows, add: Rows | None, activate: bool) -> Rows:
    if add is not None:
        out = out.add_(add)
    return out.relu_() if activate else out


def fold_norm(
    linear: nn.Linear, norm: nn.BatchNorm1d
) -> tuple[Float[Tensor, "d c"], Float[Tensor, " d"]]:
    """Weight and shift of a product followed by a batch norm in evaluation, as one product."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    shift = norm.bias + (linear.bias - norm.running_mean) * scale
    return linear.weight * scale[:, None], shift


def _batch_norm(
    norm: nn.BatchNorm1d, x: Rows, bias: Tensor, add: Rows | None, activate: bool
) -> Rows:
    mean, var, count = norm.running_mean, norm.running_var, norm.num_batches_tracked
    assert mean is not None
    assert count is not None
    count.add_(1)
    mean.sub_(bias.detach())
    out: Tensor = _BatchNorm.apply(  # type: ignore[no-untyped-call]
        x, bias, norm.weight, norm.bias, add, (mean, var, norm.momentum, norm.eps), activate
    )
    mean.add_(bias.detach())
    return out


class _BatchNorm(torch.autograd.Function):
    """Batch norm, sum and ReLU in one buffer; autograd's own take one each, and as many passes."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        before: Tensor,
        weight: Tensor,
        bias: Tensor,
        add: Tensor | None,
        running: tuple[Tensor, Tensor, float, float],
        activate: bool,
    ) -> Tensor:
        mean, var, momentum, eps = running
        out, center, scale = torch.native_batch_norm(
            x, weight, bias, mean, var, True, momentum, eps
        )
        if add is not None:
            out.add_(add)
        if activate:
            out.relu_()
        ctx.save_for_backward(x, before, weight, center, scale, *([out] if activate else []))
        ctx.plan = eps, add is not None
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, before, weight, center, scale, *outs = ctx.saved_tensors
        eps, has_add = ctx.plan
        for out in outs:
            grad = torch.ops.aten.threshold_backward(grad, out, 0)
        grad_x, grad_weight, grad_bias = torch.ops.aten.native_batch_norm_backward(
            grad.contiguous(), x, weight, None, None, center, scale, True, eps, [True] * 3
        )
        grad_add = grad if has_add else None
        return grad_x, torch.zeros_like(before), grad_weight, grad_bias, grad_add, None, None
