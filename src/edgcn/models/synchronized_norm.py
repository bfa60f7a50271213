"""Batch norm that sees the batches of all ranks, so that ranks train as one process would."""

from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class _BatchNormOverRanks(torch.autograd.Function):
    """Batch norm with the statistics of all ranks: PyTorch's kernels, and one exchange each way.

    Every rank's loss depends on every rank's rows, so that gradients are exchanged too.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        mean, var, count = statistics_over_ranks(x)
        scale = torch.rsqrt(var + eps).to(weight)
        center = mean.to(weight)
        out = torch.native_batch_norm(x, weight, bias, center, var.to(weight), False, 0.0, eps)[0]
        ctx.save_for_backward(x, weight, center, scale, count)
        ctx.eps = eps
        ctx.mark_non_differentiable(mean, var, count)
        return out, mean, var, count

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, center, scale, count = ctx.saved_tensors
        grad = grad.contiguous()
        _, grad_weight, grad_bias = torch.ops.aten.native_batch_norm_backward(
            grad, x, weight, None, None, center, scale, True, ctx.eps, [False, True, True]
        )
        both = sum_over_ranks(torch.stack((grad_weight, grad_bias)).double()) / count
        grad_scale, grad_shift = both.to(weight)
        factor = weight * scale
        # factor (grad - mean of grad - normalized x * mean of grad * normalized x)
        slope = factor * grad_scale * scale
        grad_x = torch.addcmul(slope * center - factor * grad_shift, grad, factor)
        return (
            grad_x.addcmul_(x.to(grad_x), slope, value=-1).to(x.dtype),
            grad_weight,
            grad_bias,
            None,
        )


def sum_over_ranks(x: Tensor) -> Tensor:
    """The sum of every rank's tensor; the tensor itself where there is one rank."""
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(x)
    return x


class SynchronizedBatchNorm(nn.Module):
    """Batch norm of (rows, C) whose training statistics are those of all ranks together.

    PyTorch's own refuses CPU tensors. Takes over the parameters and buffers of a `BatchNorm1d`
    under the same names. Ranks may hold unequal numbers of rows.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: nn.BatchNorm1d) -> None:
        super().__init__()
        self.eps, self.momentum = norm.eps, norm.momentum or 0.1
        self.weight, self.bias = norm.weight, norm.bias
        for name, buffer in norm.named_buffers(recurse=False):
            self.register_buffer(name, buffer)
        self.train(norm.training)

    def forward(self, x: Float[Tensor, "rows c"]) -> Float[Tensor, "rows c"]:
        if not self.training:
            shared = (self.running_mean, self.running_var, self.weight, self.bias)
            return nn.functional.batch_norm(x, *shared, training=False, eps=self.eps)
        out, mean, var, count = _BatchNormOverRanks.apply(x, self.weight, self.bias, self.eps)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
            unbiased = var * (count / (count - 1).clamp(min=1))
            self.running_var.lerp_(unbiased.to(self.running_var), self.momentum)
        normalized: Tensor = out
        return normalized


def statistics_over_ranks(
    x: Float[Tensor, "rows c"],
) -> tuple[Float[Tensor, "c"], Float[Tensor, "c"], Float[Tensor, ""]]:
    """Mean and biased variance of each channel, and how many rows there are, over all ranks."""
    # `var_mean` over rows is 8 times slower on a CPU than the whole norm, which finds it too.
    plain = x.new_ones(x.shape[1], dtype=torch.promote_types(x.dtype, torch.float32))
    _, mean, scale = torch.native_batch_norm(x, plain, plain, None, None, True, 0.0, 0.0)
    mean, var = mean.double(), scale.double() ** -2  # one exchange of plain sums loses no digits
    count = mean.new_full((1,), len(x))
    sums = sum_over_ranks(torch.cat([count * mean, count * (var + mean.square()), count]))
    rows = sums[-1]
    mean, square = (sums[:-1] / rows).chunk(2)
    return mean, (square - mean.square()).clamp(min=0), rows


def synchronize_batch_norm(module: nn.Module) -> nn.Module:
    """Replace every batch norm in place by one that sees all ranks; names and values stay.

    Returns the module, or its replacement if it is itself a batch norm. The parameters stay the
    same objects, so an optimizer made before still holds them.
    """
    if isinstance(module, nn.BatchNorm1d):
        return SynchronizedBatchNorm(module)
    for name, child in module.named_children():
        setattr(module, name, synchronize_batch_norm(child))
    return module
