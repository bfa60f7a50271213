"""The inner loops of the dense-graph encoders: few large matrix products and few passes.

rows (R, C): joints x clips x frames, frames last, as (V, B, T, C) lies in memory.
All follow autocast as `torch.nn.functional.linear` does.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

Rows = Float[Tensor, "rows c"]
PIECES = 8  # of a product over rows: more than threads, and long enough still
WIDE = 192 * 96  # results larger than this are shared out well without
IMAGES = 16  # that rows are seen as: fewer, and PyTorch does not ask oneDNN
MANY, BROAD = 4096, 64  # rows and channels from which a convolution's start is worth it


def at_precision(*tensors: Tensor) -> list[Tensor]:
    """The tensors as autocast wants them for a matrix product."""
    kind = tensors[0].device.type
    if not torch.is_autocast_enabled(kind):
        return list(tensors)
    return [tensor.to(torch.get_autocast_dtype(kind)) for tensor in tensors]


@cache
def _is_amd() -> bool:
    """Whether oneDNN multiplies faster here than MKL: measured on both makers' processors."""
    known: Mapping[str, Any] = getattr(
        torch.cpu, "get_capabilities", dict
    )()  # older PyTorch cannot tell
    return "AMD" in str(known.get("cpu_name", ""))


def _convolves(x: Rows) -> bool:
    """Whether to have oneDNN's convolutions multiply these rows; see docs/lab/performance.md."""
    plain = x.dtype == torch.float32 and x.device.type == "cpu" and len(x) >= MANY
    return plain and _is_amd()


def times(x: Rows, weight: Float[Tensor, "d c"]) -> Float[Tensor, "rows d"]:
    """x @ weight.T; as a convolution of one point where that is faster."""
    channels = x.shape[1]
    if channels < BROAD or len(x) % IMAGES or not (x.is_contiguous() and _convolves(x)):
        return x @ weight.t()
    images = x.view(IMAGES, -1, 1, channels).permute(0, 3, 1, 2)
    out = torch.conv2d(images, weight[..., None, None])
    return out.permute(0, 2, 3, 1).reshape(len(x), -1)


def over_rows(a: Float[Tensor, "rows d"], b: Rows) -> Float[Tensor, "d c"]:
    """a.T @ b of many rows and few columns; in pieces, which BLAS shares out among threads."""
    if a.shape[1] * b.shape[1] > WIDE or len(a) < PIECES * a.shape[1]:
        return a.t() @ b
    rows = len(a) // PIECES * PIECES
    left, right = (m[:rows].view(PIECES, -1, m.shape[1]) for m in (a, b))
    out = torch.bmm(left.transpose(1, 2), right).sum(0)
    return out.addmm_(a[rows:].t(), b[rows:]) if rows < len(a) else out


def convolve_frames(
    x: Float[Tensor, "v b t c"], weight: Float[Tensor, "d taps_c"], *, stride: int = 1
) -> Float[Tensor, "v b frames d"]:
    """Convolution over 3 frames, zeros beyond the ends; `weight` holds the taps side by side."""
    v, b, frames, _ = x.shape
    beyond = -frames % stride  # zeros beyond the end are what a convolution sees there anyway
    if beyond:
        x = nn.functional.pad(x, (0, 0, 0, beyond))
    x, weight = at_precision(x, weight)
    rows = x.reshape(-1, x.shape[-1])
    out: Tensor = _FrameConv.apply(rows, weight, x.shape[2], stride)  # type: ignore[no-untyped-call]
    return out.view(v, b, -1, len(weight))


def _windows(x: Rows, place: int, step: int, every: int) -> Tensor:
    """Rows of three neighboring frames without copying: frames place .. place + 2, then on by step.

    Overlapping rows are no matrix to BLAS, so each call takes every `every`-th of them.
    """
    rows, channels = x.shape
    count = max(0, (rows - 3 - place) // (step * every) + 1)
    offset = x.storage_offset() + place * channels
    return x.as_strided((count, 3 * channels), (step * every * channels, 1), offset)


def _slide(
    x: Rows, taps: Float[Tensor, "taps_c d"], *, frames: int, stride: int
) -> Float[Tensor, "windows d"]:
    """The convolution of every sequence of `frames` rows, written once.

    Windows run over the ends of the sequences as if all were one; only the rows at the ends are
    wrong then, and these are computed again.
    """
    channels, width = x.shape[1], taps.shape[1]
    if stride == 1 and x.is_contiguous() and _convolves(x):
        images = x.view(-1, frames, 1, channels).permute(0, 3, 1, 2)
        kernel = taps.view(3, channels, width).permute(2, 1, 0)[..., None]
        convolved = torch.conv2d(images, kernel, padding=(1, 0))
        return convolved.permute(0, 2, 3, 1).reshape(-1, width)
    out = x.new_empty(len(x) // stride, width)
    every = -(-3 // stride)  # far enough apart not to overlap
    for skipped in range(every):
        first = skipped + (1 if stride == 1 else 0)
        place = first * stride - 1
        if place < 0:
            first, place = first + every, place + every * stride
        windows = _windows(x, place, stride, every)
        if len(windows):
            target = (len(windows), width), (every * width, 1), first * width
            torch.mm(windows, taps, out=out.as_strided(*target))
    sequences, ends = x.view(-1, frames, channels), out.view(-1, frames // stride, width)
    start = sequences[:, :2].flatten(1)
    torch.mm(start, taps[channels : channels + start.shape[1]], out=ends[:, 0])
    if stride == 1 and frames > 1:
        torch.mm(sequences[:, -2:].flatten(1), taps[: 2 * channels], out=ends[:, -1])
    return out


class _FrameConv(torch.autograd.Function):
    """`_slide` with its gradients, which are a convolution and three products of the same kind."""

    @staticmethod
    def forward(ctx: Any, x: Rows, weight: Tensor, frames: int, stride: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.plan = (frames, stride)
        return _slide(x, weight.t(), frames=frames, stride=stride)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        frames, stride = ctx.plan
        grad = grad.contiguous()
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = _grad_frames(grad, weight, frames=frames, stride=stride)
        return grad_x, _grad_taps(x, grad, frames=frames, stride=stride), None, None


def _grad_frames(
    grad: Float[Tensor, "windows d"],
    weight: Float[Tensor, "d taps_c"],
    *,
    frames: int,
    stride: int,
) -> Float[Tensor, "rows c"]:
    """Gradient of the frames."""
    before, now, after = weight.view(len(weight), 3, -1).unbind(1)
    if stride == 1:
        return _slide(grad, torch.cat((after, now, before)), frames=frames, stride=1)
    out = (grad.new_empty if stride == 2 else grad.new_zeros)(len(grad), stride, now.shape[1])
    torch.mm(grad, now, out=out[:, 0])
    torch.mm(grad, after, out=out[:, 1])
    out[:-1, -1].addmm_(grad[1:], before)
    last = out.view(-1, frames // stride, stride, now.shape[1])[:, -1, -1]
    if stride == 2:  # what the next sequence's first window did to the last frame of this one
        torch.mm(grad.view(len(last), -1, grad.shape[1])[:, -1], after, out=last)
    else:
        last.zero_()
    return out.view(-1, now.shape[1])


def _grad_taps(
    x: Rows, grad: Float[Tensor, "windows d"], *, frames: int, stride: int
) -> Float[Tensor, "d taps_c"]:
    """Gradient of the weight: one product a tap, less the pairs that straddle two sequences."""
    channels, width = x.shape[1], grad.shape[1]
    out = x.new_empty(3, width, channels)
    steps = x.view(-1, stride, channels)
    starts = grad.view(-1, frames // stride, width)
    ends = x.view(-1, frames, channels)
    out[1] = over_rows(grad, steps[:, 0])
    out[0] = over_rows(grad[1:], steps[:-1, -1])
    out[0].addmm_(starts[1:, 0].t(), ends[:-1, -1], alpha=-1)
    if stride > 1:
        out[2] = over_rows(grad, steps[:, 1])
    else:
        out[2] = over_rows(grad[:-1], x[1:])
        out[2].addmm_(starts[:-1, -1].t(), ends[1:, 0], alpha=-1)
    return out.transpose(0, 1).reshape(width, -1)


def mix_channels(x: Rows, weight: Float[Tensor, "d c"]) -> Float[Tensor, "rows d"]:
    """One product, without a bias."""
    out: Tensor = _Product.apply(*at_precision(x, weight))  # type: ignore[no-untyped-call]
    return out


class _Product(torch.autograd.Function):
    """`times` with its gradients, which are products of the same kind."""

    @staticmethod
    def forward(ctx: Any, x: Rows, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return times(x, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        grad = grad.contiguous()
        grad_x = times(grad, weight.t()) if ctx.needs_input_grad[0] else None
        return grad_x, over_rows(grad, x)


def mix_parts(
    parts: Float[Tensor, "parts rows c"], weight: Float[Tensor, "d parts_c"]
) -> Float[Tensor, "rows d"]:
    """What one product of all parts, joined by their channels, gives; they are never joined."""
    if len(parts) == 1:
        return mix_channels(parts.flatten(0, 1), weight)
    parts, weight = at_precision(parts, weight)
    if parts.shape[2] * len(parts) <= len(weight):  # less to join than to add up
        return mix_channels(torch.cat(tuple(parts), dim=1), weight)
    out: Tensor = _MixParts.apply(parts, weight)  # type: ignore[no-untyped-call]
    return out


class _MixParts(torch.autograd.Function):
    """A sum of products, each part's gradient written where it belongs."""

    @staticmethod
    def forward(ctx: Any, parts: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(parts, weight)
        first, *others = weight.view(len(weight), len(parts), -1).unbind(1)
        out = parts[0] @ first.t()
        for part, mix in zip(parts[1:], others, strict=True):
            out.addmm_(part, mix.t())
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        parts, weight = ctx.saved_tensors
        grad_parts = None
        if ctx.needs_input_grad[0]:
            grad_parts = torch.empty_like(parts)
            mixes = weight.view(len(weight), len(parts), -1).unbind(1)
            for out, mix in zip(grad_parts, mixes, strict=True):
                torch.mm(grad, mix, out=out)
        grad_weights = [over_rows(grad, part) for part in parts]
        return grad_parts, torch.cat(grad_weights, dim=1)
