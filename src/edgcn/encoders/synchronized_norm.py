"""Batch norm that sees the batches of all ranks, so that ranks train as one process would."""

from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn


class _SumOverRanks(torch.autograd.Function):
    """All-reduce whose gradient is all-reduced too: every rank's loss depends on every rank."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        total = grads[0].clone()
        dist.all_reduce(total)
        return total


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
        mean, var, count = statistics_over_ranks(x)
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
            unbiased = var * (count / (count - 1).clamp(min=1))
            self.running_var.lerp_(unbiased.to(self.running_var), self.momentum)
        scale = self.weight * torch.rsqrt(var + self.eps).to(self.weight)
        return ((x - mean.to(self.weight)) * scale + self.bias).to(x.dtype)


def statistics_over_ranks(
    x: Float[Tensor, "rows c"],
) -> tuple[Float[Tensor, "c"], Float[Tensor, "c"], Float[Tensor, ""]]:
    """Mean and biased variance of each channel, and how many rows there are, over all ranks."""
    var, mean = torch.var_mean(x if x.dtype == torch.float64 else x.float(), dim=0, correction=0)
    var, mean = var.double(), mean.double()  # so that one exchange of plain sums loses no digits
    count = mean.new_full((1,), len(x))
    sums = torch.cat([count * mean, count * (var + mean.square()), count])
    if dist.is_available() and dist.is_initialized():
        sums = _SumOverRanks.apply(sums)  # type: ignore[no-untyped-call]
    rows = sums[-1].detach()
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
