"""Layers of the dense-graph encoders.

Inside, a batch is (V, B, T, C): joints, clips x bodies, frames, channels. Joints first and channels
last make every mixing of joints, channels or frames ONE large matrix product: on a CPU joints mix
1.3 to 2 times faster so than with the joints next to the channels.

The multi-scale temporal convolution is MS-G3D's (Liu et al., CVPR 2020). Initial weights are those
of the convolutions these products stand for: same fan-in, PyTorch's default.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from edgcn.base.errors import EdgcnError
from edgcn.models.kernels.branches import DILATIONS, temporal_branches
from edgcn.models.kernels.norms import normalize_rows, product_norm
from edgcn.models.kernels.products import convolve_frames, mix_channels
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

Joints = Float[Tensor, "v b t c"]
Mixed = Float[Tensor, "v b frames d"]


def check_clips(clips: Clips, topology: Topology, *, in_channels: int, bodies: int) -> None:
    """Refuse clips that an encoder built for this topology cannot read."""
    channels, frames, joints, people = clips.shape[1:]
    if (channels, joints, people) == (in_channels, len(topology), bodies) and frames > 0:
        return
    expected = f"(N, {in_channels}, T >= 1, {len(topology)}, {bodies})"
    got = f"got {tuple(clips.shape)}"
    if joints != len(topology):
        advice = "bring them to its joints first with `edgcn.skeleton.remap.remap`"
    elif channels != in_channels:
        advice = f"choose features with {in_channels} channels, or build it with in_channels"
    elif people != bodies:
        advice = f"pad or cut the bodies to {bodies}, or build the encoder with bodies={people}"
    else:
        advice = "leave out clips without frames"
    raise EdgcnError(
        f"expected clips (N, C, T, V, M) of shape {expected} for topology {topology.name!r}, "
        f"{got}; {advice}"
    )


def normalize_channels(norm: nn.Module, x: Float[Tensor, "*rows c"]) -> Float[Tensor, "*rows c"]:
    """Batch norm of the last axis, over all others."""
    normalized: Tensor = norm(x.reshape(-1, x.shape[-1]))
    return normalized.view(x.shape)


class TemporalConv(nn.Module):
    """Convolution over 3 frames or over 1, then batch norm; maybe a sum and ReLU."""

    def __init__(
        self, in_channels: int, out_channels: int, *, window: int = 3, stride: int = 1
    ) -> None:
        super().__init__()
        self.window, self.stride = window, stride
        self.mix = nn.Linear(window * in_channels, out_channels)
        self.norm = nn.BatchNorm1d(out_channels)

    def forward(self, x: Joints, *, add: Mixed | None = None, activate: bool = False) -> Mixed:
        v, b, _, channels = x.shape

        def product(weight: Tensor) -> Tensor:
            if self.window == 3:
                return convolve_frames(x, weight, stride=self.stride).flatten(0, 2)
            return mix_channels(x[:, :, :: self.stride].reshape(-1, channels), weight)

        flat = None if add is None else add.reshape(-1, add.shape[-1])
        out = product_norm(product, self.mix, self.norm, add=flat, activate=activate)
        return out.view(v, b, -1, out.shape[-1])


class SimpleTemporal(nn.Module):
    """One convolution over 3 frames, with a residual connection where shapes allow it."""

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int = 1, activate: bool = True
    ) -> None:
        super().__init__()
        self.conv = TemporalConv(in_channels, out_channels, stride=stride)
        self.has_residual = in_channels == out_channels and stride == 1
        self.activate = activate

    def forward(self, x: Joints) -> Mixed:
        out: Tensor = self.conv(x, add=x if self.has_residual else None, activate=self.activate)
        return out


class MultiScaleTemporal(nn.Module):
    """Six branches over frames side by side: dilations 1 to 4, a maximum of 3 frames, a plain one.

    The pointwise mixing of the first five branches is one product, and so are the batch norms of
    all branches: both act channel by channel, so stacking them changes nothing.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int = 1, activate: bool = True
    ) -> None:
        super().__init__()
        branches = len(DILATIONS) + 2
        if out_channels % branches:
            raise EdgcnError(
                f"multi-scale temporal convolutions have {branches} equal branches: expected "
                f"widths divisible by {branches}, got {out_channels}; use temporal='simple'"
            )
        width = out_channels // branches
        self.stride, self.activate = stride, activate
        self.reduce = nn.Linear(in_channels, (branches - 1) * width)
        self.reduce_norm = nn.BatchNorm1d((branches - 1) * width)
        self.dilated = nn.ModuleList(nn.Linear(3 * width, width) for _ in DILATIONS)
        self.plain = nn.Linear(in_channels, width)
        self.norm = nn.BatchNorm1d(out_channels)
        same = in_channels == out_channels and stride == 1
        self.residual = None if same else TemporalConv(in_channels, out_channels, window=1)

    def forward(self, x: Joints) -> Mixed:
        v, b, frames, channels = x.shape
        rows = x.reshape(-1, channels)
        reduced = product_norm(
            lambda weight: mix_channels(rows, weight), self.reduce, self.reduce_norm, activate=True
        )
        every = x[:, :, :: self.stride].contiguous()
        weights = torch.stack([layer.get_parameter("weight") for layer in self.dilated])
        reduced = reduced.view(v, b, frames, -1)
        out = temporal_branches(reduced, every, weights, self.plain.weight, stride=self.stride)
        none = torch.zeros_like(self.plain.bias)  # the maximum has no bias
        biases: list[Tensor] = [layer.get_parameter("bias") for layer in self.dilated]
        beside = every if self.residual is None else self.residual(every)
        out = normalize_rows(
            self.norm,
            out.flatten(0, 2),
            bias=torch.cat([*biases, none, self.plain.bias]),
            add=beside.flatten(0, 2),
            activate=self.activate,
        )
        return out.view(beside.shape)


def compute_again(layer: nn.Module, x: Joints, **settings: Any) -> Mixed:
    """A layer's output of which only the input is kept; the backward pass computes it again."""
    out: Tensor = checkpoint(
        layer,
        x,
        use_reentrant=False,
        preserve_rng_state=False,  # nothing in here is random
        context_fn=lambda: (nullcontext(), keeping_buffers(layer)),
        **settings,
    )
    return out


@contextmanager
def keeping_buffers(module: nn.Module) -> Iterator[None]:
    """Put a module's buffers back afterwards: what is computed again must not count again."""
    kept = [(buffer, buffer.clone()) for buffer in module.buffers()]
    try:
        yield
    finally:
        for buffer, before in kept:
            buffer.copy_(before)
