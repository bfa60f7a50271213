"""MS-G3D (Liu et al., CVPR 2020) and the encoder of EDGCN (Shah et al., ICPR 2022): one class.

A block adds two pathways and ends in a temporal convolution:
    graph:  joints mix within a frame, then frames mix
    window: joints of a few neighboring frames mix as one graph, then that window collapses
(N, C, T, V, M) clips -> norm -> (V, N M, T, C) -> blocks -> mean of bodies -> (N, D', T', V)
    -> mean of frames and joints -> linear head -> (N, D)

What EDGCN leaves out: all scales but one, all windows but the one of 3 frames, and multi-scale
temporal convolutions, for each of which one simple convolution ends the aggregation. Its published
parameter count is that of MS-G3D at one scale with all else in place; both are presets.

Each `forward` is a definition; training runs its fast equal (`edgcn.models.kernels`).
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.models.kernels import has_fast_equal
from edgcn.models.layers import (
    Joints,
    Mixed,
    MultiScaleTemporal,
    SimpleTemporal,
    check_clips,
    normalize_channels,
    unfold,
)
from edgcn.models.recompute import compute_again
from edgcn.skeleton.graph import (
    Adjacency,
    adjacency,
    k_adjacency,
    normalize_adjacency,
    window_adjacency,
)
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

Nodes = Float[Tensor, "nodes b frames d"]

# The last convolution of a graph pathway has no ReLU: that comes after the sum of the pathways.
# EDGCN's text has one temporal convolution where MS-G3D has two.
Temporal = Literal["multiscale", "simple"]
TEMPORAL = {"multiscale": (MultiScaleTemporal, 2), "simple": (SimpleTemporal, 1)}


class GraphConv(nn.Module):
    """Mix joints by each scale's adjacency, then channels of all scales, batch norm, ReLU.

    The adjacency is fixed plus a learned residual that starts next to zero. At hop 0 the fixed
    part is the identity: joints mix there only through what the residual learns.

    Args:
        window: frames whose joints are the nodes of one graph, at every `stride`-th frame.
    """

    adjacency: Tensor

    def __init__(
        self,
        graph: Adjacency,
        hops: Sequence[int],
        in_channels: int,
        out_channels: int,
        *,
        window: int = 1,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.window, self.stride, self.scales = window, stride, len(hops)
        fixed = np.concatenate([normalize_adjacency(k_adjacency(graph, k)) for k in hops])
        self.register_buffer("adjacency", torch.from_numpy(fixed), persistent=False)
        self.residual = nn.Parameter(torch.empty_like(self.adjacency).uniform_(-1e-6, 1e-6))
        self.mix = nn.Linear(len(hops) * in_channels, out_channels)
        self.norm = nn.BatchNorm1d(out_channels)

    @has_fast_equal
    def forward(self, x: Joints) -> Nodes:
        nodes = torch.cat(unfold(x, self.window, stride=self.stride))  # frame by frame
        scales = (self.adjacency + self.residual).chunk(self.scales)
        mixed = [torch.einsum("vw,wbtc->vbtc", weights, nodes) for weights in scales]
        return torch.relu(normalize_channels(self.norm, self.mix(torch.cat(mixed, dim=-1))))


class WindowConv(nn.Module):
    """Graph convolution over the joints of `window` frames at once, collapsed to one frame."""

    def __init__(
        self,
        graph: Adjacency,
        hops: Sequence[int],
        in_channels: int,
        inner_channels: int,
        out_channels: int,
        *,
        window: int,
        stride: int,
    ) -> None:
        super().__init__()
        self.window = window
        dense = window_adjacency(graph, window)
        self.graph = GraphConv(
            dense, hops, in_channels, inner_channels, window=window, stride=stride
        )
        self.collapse = nn.Linear(window * inner_channels, out_channels)
        self.norm = nn.BatchNorm1d(out_channels)

    @has_fast_equal
    def forward(self, x: Joints) -> Mixed:
        nodes: Tensor = self.graph(x)
        frames = torch.cat(nodes.chunk(self.window), dim=-1)
        return normalize_channels(self.norm, self.collapse(frames))


class Block(nn.Module):
    """Sum of the graph pathway and one pathway per window, then a temporal convolution."""

    def __init__(
        self,
        graph: Adjacency,
        in_channels: int,
        out_channels: int,
        *,
        gcn_hops: Sequence[int],
        g3d_hops: Sequence[int],
        windows: Sequence[int],
        stride: int,
        temporal: Temporal,
        first: bool,
    ) -> None:
        super().__init__()
        # Coordinates are widened at once; later blocks widen at their stride.
        inner = out_channels if first else in_channels
        make, count = TEMPORAL[temporal]
        self.graph = GraphConv(graph, gcn_hops, in_channels, inner)
        self.frames = nn.Sequential(
            make(inner, out_channels, stride=stride, activate=count > 1),
            *(make(out_channels, out_channels, activate=i < count) for i in range(2, count + 1)),
        )
        self.windows = nn.ModuleList(
            WindowConv(
                graph, g3d_hops, in_channels, inner, out_channels, window=window, stride=stride
            )
            for window in windows
        )
        self.temporal = make(out_channels, out_channels)
        self.recompute = False

    @has_fast_equal
    def forward(self, x: Joints) -> Mixed:
        pathways = self.run(self.frames, self.run(self.graph, x))
        for window in self.windows:
            pathways = pathways + self.run(window, x)
        return self.run(self.temporal, torch.relu(pathways))

    def run(self, layer: nn.Module, x: Joints, **settings: Any) -> Tensor:
        """`layer(x)`, computed again for its gradient where `recompute` is on."""
        again = self.recompute and torch.is_grad_enabled()
        out: Tensor = compute_again(layer, x, **settings) if again else layer(x, **settings)
        return out


class DenseGraphEncoder(nn.Module):
    """Clips to embeddings by blocks of dense-graph convolution.

    Args:
        bodies: Each has its own input norm, then all share the weights and are averaged. An absent
            body is all zeros and still counts in that average, as in MS-G3D.
        gcn_scales: The graph pathway joins joints 0, 1 ... bones apart, this many scales.
        g3d_scales: The same of the window pathways.
        hops: Both pathways use these distances instead, such as (0,) or (0, 1).
        windows: Frames of each window pathway, odd numbers.
        widths: Channels of each block.
        strides: Steps over frames of each block: 2 keeps every second frame.
        embed_dim: Length of the embedding.
        temporal: The convolution over frames is multiscale as in MS-G3D, or simple as in EDGCN.
        input_norm: Coordinates pass a batch norm, as in MS-G3D; without it still joints stay so.

    Raises:
        EdgcnError: widths, strides and windows do not fit each other.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        in_channels: int = 3,
        bodies: int = 1,
        gcn_scales: PositiveInt = 13,
        g3d_scales: PositiveInt = 13,
        hops: Sequence[NonNegativeInt] | None = None,
        windows: Sequence[PositiveInt] = (3, 5),
        widths: Sequence[PositiveInt] = (96, 192, 384),
        strides: Sequence[PositiveInt] = (1, 2, 2),
        embed_dim: PositiveInt = 256,
        temporal: Temporal = "multiscale",
        input_norm: bool = True,
    ) -> None:
        super().__init__()
        _check_plan(windows, widths, strides)
        self.topology, self.in_channels, self.bodies = topology, in_channels, bodies
        self.feature_dim, self.embed_dim = widths[-1], embed_dim
        graph = adjacency(topology)
        coordinates = bodies * len(topology) * in_channels
        self.input_norm = nn.BatchNorm1d(coordinates) if input_norm else None
        self.blocks = nn.Sequential(
            *(
                Block(
                    graph,
                    width_in,
                    width_out,
                    gcn_hops=hops or range(gcn_scales),
                    g3d_hops=hops or range(g3d_scales),
                    windows=windows,
                    stride=stride,
                    temporal=temporal,
                    first=place == 0,
                )
                for place, (width_in, width_out, stride) in enumerate(
                    zip((in_channels, *widths[:-1]), widths, strides, strict=True)
                )
            )
        )
        self.head = nn.Linear(self.feature_dim, embed_dim)

    def fold(self, clips: Clips) -> Joints:
        """Normalize every coordinate of every body, then put bodies beside clips."""
        check_clips(clips, self.topology, in_channels=self.in_channels, bodies=self.bodies)
        n, c, t, v, m = clips.shape
        rows = clips.permute(0, 2, 4, 3, 1).reshape(n, t, m * v * c)
        if self.input_norm is not None:
            rows = normalize_channels(self.input_norm, rows)
        return rows.view(n, t, m, v, c).permute(3, 0, 2, 1, 4).reshape(v, n * m, t, c)

    def joint_axes(self) -> dict[str, dict[int, int]]:
        """Tensors laid out by joint, for `edgcn.models.rebuild`."""
        parts = ("weight", "bias", "running_mean", "running_var")
        graphs = [name for name, layer in self.named_modules() if isinstance(layer, GraphConv)]
        axes = {f"input_norm.{part}": {0: self.in_channels} for part in parts if self.input_norm}
        return axes | {f"{name}.residual": {0: 1, 1: 1} for name in graphs}

    def recompute(self) -> None:
        """Gradient checkpointing: a third slower, less memory, the same numbers; never saved."""
        for block in self.blocks:
            assert isinstance(block, Block)
            block.recompute = True

    def maps(self, clips: Clips) -> Mixed:
        """What the blocks make of the clips."""
        maps: Tensor = self.blocks(self.fold(clips))
        return maps

    def features(self, clips: Clips) -> Float[Tensor, "n d frames v"]:
        """The map before pooling, bodies averaged; strides leave fewer frames than came in."""
        return self._of_clips(self.maps(clips))

    def every_map(self, clips: Clips) -> Iterator[Float[Tensor, "n _ _ v"]]:
        """The same after each block, when it is asked for; the last one is that of `features`."""
        x = self.fold(clips)
        for block in self.blocks:
            x = block(x)
            yield self._of_clips(x)

    def _of_clips(self, maps: Mixed) -> Float[Tensor, "n d frames v"]:
        v, _, t, c = maps.shape
        return maps.view(v, -1, self.bodies, t, c).mean(dim=2).permute(1, 3, 2, 0)

    def forward(self, clips: Clips) -> Float[Tensor, "n d"]:
        """Embeddings, pooled in float32 under autocast too: clips can differ by very little."""
        maps = self.maps(clips)
        pooled = maps.mean(dim=(0, 2), dtype=torch.promote_types(maps.dtype, torch.float32))
        with torch.autocast(clips.device.type, enabled=False):
            embedding: Tensor = self.head(pooled.view(clips.shape[0], self.bodies, -1).mean(dim=1))
        return embedding


def _check_plan(windows: Sequence[int], widths: Sequence[int], strides: Sequence[int]) -> None:
    if len(widths) != len(strides) or not widths:
        raise EdgcnError(
            f"expected as many strides as widths, one per block, got widths {tuple(widths)} "
            f"and strides {tuple(strides)}"
        )
    if any(window < 1 or window % 2 == 0 for window in windows):
        raise EdgcnError(
            f"expected windows of an odd number of frames, which have a middle, got {windows}"
        )
