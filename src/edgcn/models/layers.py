"""Layers of the dense-graph encoders.

Inside, a batch is (V, B, T, C): joints, clips x bodies, frames, channels. Joints first and channels
last make every mixing of joints, channels or frames ONE large matrix product: on a CPU joints mix
1.3 to 2 times faster so than with the joints next to the channels.

The multi-scale temporal convolution is MS-G3D's (Liu et al., CVPR 2020). Initial weights are those
of the convolutions these products stand for: same fan-in, PyTorch's default.

Each `forward` is a definition; training runs its fast equal (`edgcn.models.kernels`).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.models.kernels import has_fast_equal
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

Joints = Float[Tensor, "v b t c"]
Mixed = Float[Tensor, "v b frames d"]

DILATIONS = (1, 2, 3, 4)


def check_clips(clips: Clips, topology: Topology, *, in_channels: int, bodies: int) -> None:
    """Refuse clips that an encoder built for this topology cannot read.

    Raises:
        EdgcnError: says which axis differs and what to do.
    """
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


def unfold(x: Joints, window: int, *, stride: int = 1, dilation: int = 1) -> tuple[Mixed, ...]:
    """What stands at each place of a window that slides over the frames, zeros beyond the ends.

    Windows are centered on frames 0, stride, 2 stride ...; their frames are `dilation` apart.
    """
    if window == 1:
        return (x[:, :, ::stride],)  # nothing is copied
    pad = (window - 1) * dilation // 2
    padded = F.pad(x, (0, 0, pad, pad))
    starts = range(0, window * dilation, dilation)
    return tuple(padded[:, :, start : start + x.shape[2] : stride] for start in starts)


class TemporalConv(nn.Module):
    """Convolution over 3 frames or over 1, then batch norm."""

    def __init__(
        self, in_channels: int, out_channels: int, *, window: int = 3, stride: int = 1
    ) -> None:
        super().__init__()
        self.window, self.stride = window, stride
        self.mix = nn.Linear(window * in_channels, out_channels)
        self.norm = nn.BatchNorm1d(out_channels)

    @has_fast_equal
    def forward(self, x: Joints) -> Mixed:
        frames = torch.cat(unfold(x, self.window, stride=self.stride), dim=-1)
        return normalize_channels(self.norm, self.mix(frames))


class SimpleTemporal(nn.Module):
    """One convolution over 3 frames, with a residual connection where shapes allow it."""

    def __init__(
        self, in_channels: int, out_channels: int, *, stride: int = 1, activate: bool = True
    ) -> None:
        super().__init__()
        self.conv = TemporalConv(in_channels, out_channels, stride=stride)
        self.has_residual = in_channels == out_channels and stride == 1
        self.activate = activate

    @has_fast_equal
    def forward(self, x: Joints) -> Mixed:
        out: Tensor = self.conv(x)
        out = out + x if self.has_residual else out
        return torch.relu(out) if self.activate else out


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

    @has_fast_equal
    def forward(self, x: Joints) -> Mixed:
        every = x[:, :, :: self.stride]
        reduced = torch.relu(normalize_channels(self.reduce_norm, self.reduce(x)))
        *parts, last = reduced.chunk(len(DILATIONS) + 1, dim=-1)
        branches: list[Tensor] = []
        for part, mix, dilation in zip(parts, self.dilated, DILATIONS, strict=True):
            frames = unfold(part, 3, stride=self.stride, dilation=dilation)
            branches.append(mix(torch.cat(frames, dim=-1)))
        branches.append(torch.stack(unfold(last, 3, stride=self.stride)).amax(dim=0))
        branches.append(self.plain(every))
        out = normalize_channels(self.norm, torch.cat(branches, dim=-1))
        out = out + (every if self.residual is None else self.residual(every))
        return torch.relu(out) if self.activate else out
