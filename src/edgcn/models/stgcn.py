"""ST-GCN (Yan, Xiong, Lin, AAAI 2018), at the quarter width of SkeletonCLR (Li et al., CVPR 2021).

(N, C, T, V, M) clips -> input norm -> (N M, T, V, C) -> 10 blocks of [mixing of the joints by three
partitions of the skeleton, convolution over 9 frames] -> mean of bodies -> (N, D', T', V) -> mean
over frames and joints -> (N, D)

The partitions are the paper's: a joint itself, its neighbors farther from the center than it is (or
as far), and its neighbors nearer to the center. (The published code counts hops to the center no
further than one, so that it tells the last two apart next to the center only.)
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.models.layers import check_clips, normalize_channels
from edgcn.skeleton.graph import adjacency, hop_distance
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

FRAMES = 9  # of the convolution over time
WIDTHS = (16, 16, 16, 16, 32, 32, 32, 64, 64, 256)  # SkeletonCLR's; its last block widens to 256
STRIDES = (1, 1, 1, 1, 2, 1, 1, 2, 1, 1)

Maps = Float[Tensor, "b t v c"]
Mixed = Float[Tensor, "b frames v d"]


def partitions(topology: Topology) -> Float[np.ndarray, "3 v v"]:
    """Weight of joint v for joint w by partition: itself, from farther out, from nearer in.

    A joint's weights are all equal over its neighbors and itself, and are 1 over the number of
    neighbors of the joint they come from.
    """
    near = adjacency(topology)
    sums = near + np.eye(len(near), dtype=near.dtype)
    weights = sums / sums.sum(axis=0)
    hops = hop_distance(near)[topology.index(topology.center)]
    nearer = hops[:, None] < hops[None, :]
    itself = np.eye(len(near), dtype=bool)
    parts = [weights * itself, weights * ~itself * ~nearer, weights * nearer]
    return np.stack(parts).astype(np.float32)


class Block(nn.Module):
    """Joints mixed within each frame, then frames mixed within each joint, then the input added.

    Args:
        residual: whether the input is added, through a linear layer where shapes differ.
        dropout: of what the block adds to its input.
    """

    def __init__(
        self,
        joints: int,
        in_channels: int,
        out_channels: int,
        *,
        stride: int,
        residual: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.stride, self.has_residual = stride, residual
        self.importance = nn.Parameter(torch.ones(3, joints, joints))
        self.mix = nn.Linear(in_channels, 3 * out_channels)
        self.mix_norm = nn.BatchNorm1d(out_channels)
        self.over_time = nn.Conv2d(
            out_channels,
            out_channels,
            (FRAMES, 1),
            stride=(stride, 1),
            padding=((FRAMES - 1) // 2, 0),
        )
        self.norm = nn.BatchNorm1d(out_channels)
        self.dropout = nn.Dropout(dropout)
        same = in_channels == out_channels and stride == 1
        self.beside: nn.Linear | None = None
        if residual and not same:
            self.beside = nn.Linear(in_channels, out_channels)
            self.beside_norm = nn.BatchNorm1d(out_channels)

    def forward(self, x: Maps, graph: Float[Tensor, "3 v v"]) -> Mixed:
        b, t, v, _ = x.shape
        weights = (graph * self.importance).permute(2, 1, 0).reshape(v, -1)
        parts = self.mix(x).view(b * t, v * 3, -1)
        mixed = torch.matmul(weights.to(parts), parts).view(b, t, v, -1)
        mixed = normalize_channels(self.mix_norm, mixed).relu()
        # A permuted view is what convolutions call channels last: nothing is copied.
        moved = self.over_time(mixed.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        added: Tensor = self.dropout(normalize_channels(self.norm, moved))
        return self.residual(x, added).relu()

    def residual(self, x: Maps, added: Mixed) -> Mixed:
        """What the block computed, plus its input where that is added."""
        if not self.has_residual:
            return added
        if self.beside is None:
            return added + x
        return added + normalize_channels(self.beside_norm, self.beside(x[:, :: self.stride]))


class STGCN(nn.Module):
    """Clips to the pooled maps of spatial-temporal graph convolutions.

    Args:
        widths: Channels of each block.
        strides: Steps over frames of each block: 2 keeps every second frame.
        dropout: What all blocks but the first drop at random, as in SkeletonCLR.
        embed_dim: Length of the embedding, by default the last width, which is what SkeletonCLR's
            linear probe reads and its projector projects; another one adds a linear layer.
        input_norm: Every coordinate of every joint passes a batch norm; without it, what hardly
            moves stays small.

    Raises:
        EdgcnError: there are not as many strides as widths.
    """

    partitions: Tensor

    def __init__(
        self,
        topology: Topology,
        *,
        in_channels: int = 3,
        bodies: int = 1,
        widths: Sequence[PositiveInt] = WIDTHS,
        strides: Sequence[PositiveInt] = STRIDES,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5,
        embed_dim: PositiveInt | None = None,
        input_norm: bool = True,
    ) -> None:
        super().__init__()
        if not widths or len(widths) != len(strides):
            raise EdgcnError(
                f"expected as many widths as strides, one or more, got {len(widths)} widths and "
                f"{len(strides)} strides"
            )
        self.topology, self.in_channels, self.bodies = topology, in_channels, bodies
        fixed = torch.from_numpy(partitions(topology))
        self.register_buffer("partitions", fixed, persistent=False)
        coordinates = len(topology) * in_channels
        self.input_norm = nn.BatchNorm1d(coordinates) if input_norm else None
        self.blocks = nn.ModuleList(
            Block(
                len(topology),
                before,
                after,
                stride=stride,
                residual=number > 0,
                dropout=dropout if number else 0.0,
            )
            for number, (before, after, stride) in enumerate(
                zip((in_channels, *widths[:-1]), widths, strides, strict=True)
            )
        )
        self.feature_dim = widths[-1]
        self.embed_dim = embed_dim or self.feature_dim
        same = self.embed_dim == self.feature_dim
        self.head = nn.Identity() if same else nn.Linear(self.feature_dim, self.embed_dim)

    def joint_axes(self) -> dict[str, dict[int, int]]:
        """Tensors laid out by joint, for `edgcn.models.rebuild`."""
        parts = ("weight", "bias", "running_mean", "running_var")
        axes = {f"input_norm.{part}": {0: self.in_channels} for part in parts if self.input_norm}
        blocks = range(len(self.blocks))
        return axes | {f"blocks.{number}.importance": {1: 1, 2: 1} for number in blocks}

    def features(self, clips: Clips) -> Float[Tensor, "n d frames v"]:
        """The map before pooling, bodies averaged."""
        check_clips(clips, self.topology, in_channels=self.in_channels, bodies=self.bodies)
        n, c, t, v, m = clips.shape
        rows = clips.permute(0, 4, 2, 3, 1).reshape(n * m * t, v * c)
        if self.input_norm is not None:
            rows = normalize_channels(self.input_norm, rows)
        x = rows.view(n * m, t, v, c)
        for block in self.blocks:
            x = block(x, self.partitions)
        maps: Tensor = x.view(n, m, *x.shape[1:]).mean(dim=1)
        return maps.permute(0, 3, 1, 2)

    def forward(self, clips: Clips) -> Float[Tensor, "n d"]:
        embedding: Tensor = self.head(self.features(clips).float().mean(dim=(2, 3)))
        return embedding
