"""MS-G3D (Liu et al., CVPR 2020) and the encoder of EDGCN (Shah et al., ICPR 2022): one class.

A block adds two pathways and ends in a temporal convolution:
    graph:  joints mix within a frame, then frames mix
    window: joints of a few neighboring frames mix as one graph, then that window collapses
(N, C, T, V, M) clips -> norm -> (V, N M, T, C) -> blocks -> mean of bodies -> (N, D', T', V)
    -> mean of frames and joints -> linear head -> (N, D)

What EDGCN leaves out: all scales but one, all windows but the one of 3 frames, and multi-scale
temporal convolutions, for each of which one simple convolution ends the aggregation. Its published
parameter count is that of MS-G3D at one scale with all else in place; both are presets.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.models.kernels.norms import product_norm
from edgcn.models.kernels.products import mix_channels, mix_parts
from edgcn.models.kernels.windows import unfold_frames
from edgcn.models.layers import (
    Joints,
    Mixed,
    MultiScaleTemporal,
    SimpleTemporal,
    check_clips,
    compute_again,
    normalize_channels,
)
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
        self.window, self.stride = window, stride
        scales = [normalize_adjacency(k_adjacency(graph, k)) for k in hops]
        fixed = torch.from_numpy(np.concatenate(scales))
        self.register_buffer("adjacency", fixed, persistent=False)
        self.residual = nn.Parameter(torch.empty_like(fixed).uniform_(-1e-6, 1e-6))
        self.mix = nn.Linear(len(hops) * in_channels, out_channels)
        self.norm = nn.BatchNorm1d(out_channels)
        # The order does not matter to the result. Channels first is cheaper where every frame is
        # in several windows, unless there are many scales or few channels.
        self.channels_first = window > 1 and len(hops) == 1 and in_channels >= out_channels

    def forward(self, x: Joints) -> Nodes:
        weights = self.adjacency + self.residual
        windows = -(-x.shape[2] // self.stride)

        def product(weight: Tensor) -> Tensor:
            if self.channels_first:
                rows = mix_channels(x.reshape(-1, x.shape[-1]), weight)
                nodes = self.unfold(rows.view(*x.shape[:-1], -1))
                return (weights @ nodes.flatten(1)).view(-1, rows.shape[-1])
            nodes = self.unfold(x)
            mixed = weights @ nodes.flatten(1)
            return mix_parts(mixed.view(len(mixed) // len(nodes), -1, x.shape[-1]), weight)

        out = product_norm(product, self.mix, self.norm, activate=True)
        return out.view(-1, x.shape[1], windows, out.shape[-1])

    def unfold(self, x: Joints) -> Nodes:
        """The joints of all frames of a window as nodes, frame by frame."""
        if self.window == 1:
            return x[:, :, :: self.stride]
        return unfold_frames(x, window=self.window, dim=0, stride=self.stride)


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

    def forward(self, x: Joints, *, add: Mixed | None = None, activate: bool = False) -> Mixed:
        nodes = self.graph(x)
        frames = nodes.view(self.window, -1, nodes.shape[-1])
        out = product_norm(
            lambda weight: mix_parts(frames, weight),
            self.collapse,
            self.norm,
            add=None if add is None else add.reshape(-1, add.shape[-1]),
            activate=activate,
        )
        return out.view(len(x), *nodes.shape[1:3], -1)


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
        temporal: str,
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

    def forward(self, x: Joints) -> Mixed:
        run = compute_again if self.recompute and torch.is_grad_enabled() else nn.Module.__call__
        pathways = run(self.frames, run(self.graph, x))
        for place, window in enumerate(self.windows, start=1):
            pathways = run(window, x, add=pathways, activate=place == len(self.windows))
        out: Tensor = run(self.temporal, pathways if self.windows else torch.relu(pathways))
        return out


class DenseGraphEncoder(nn.Module):
    """Clips to embeddings by blocks of dense-graph convolution.

    Args:
        bodies: each has its own input norm, then all share the weights and are averaged. An absent
            body is all zeros and still counts in that average, as in MS-G3D.
        gcn_scales, g3d_scales: hops 0, 1 ... in the graph and in the window pathways.
        hops: these hops in both pathways instead, such as (0,) or (0, 1).
        windows: frames per window pathway, odd.
        temporal: "multiscale" as in MS-G3D, or "simple" as in EDGCN.
        input_norm: batch norm of coordinates, as MS-G3D; without it, still joints stay so.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        in_channels: int = 3,
        bodies: int = 1,
        gcn_scales: int = 13,
        g3d_scales: int = 13,
        hops: Sequence[int] | None = None,
        windows: Sequence[int] = (3, 5),
        widths: Sequence[int] = (96, 192, 384),
        strides: Sequence[int] = (1, 2, 2),
        embed_dim: int = 256,
        temporal: str = "multiscale",
        input_norm: bool = True,
    ) -> None:
        super().__init__()
        _check_plan(windows, widths, strides, temporal)
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
        """Normalize every coordinate of every body if asked to, then put bodies beside clips."""
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

    def recompute(self, *, on: bool = True) -> None:
        """Gradient checkpointing: a third slower, less memory, the same numbers; never saved."""
        for block in self.blocks:
            assert isinstance(block, Block)
            block.recompute = on

    def maps(self, clips: Clips) -> Mixed:
        """What the blocks make of the clips."""
        maps: Tensor = self.blocks(self.fold(clips))
        return maps

    def features(self, clips: Clips) -> Float[Tensor, "n d frames v"]:
        """The map before pooling, bodies averaged; strides leave fewer frames than came in."""
        maps = self.maps(clips)
        v, _, t, c = maps.shape
        return maps.view(v, -1, self.bodies, t, c).mean(dim=2).permute(1, 3, 2, 0)

    def forward(self, clips: Clips) -> Float[Tensor, "n d"]:
        """Embeddings, pooled in float32 under autocast too: clips can differ by very little."""
        maps = self.maps(clips)
        pooled = maps.mean(dim=(0, 2), dtype=torch.promote_types(maps.dtype, torch.float32))
        with torch.autocast(clips.device.type, enabled=False):
            embedding: Tensor = self.head(pooled.view(len(clips), self.bodies, -1).mean(dim=1))
        return embedding


def _check_plan(
    windows: Sequence[int], widths: Sequence[int], strides: Sequence[int], temporal: str
) -> None:
    if temporal not in TEMPORAL:
        raise EdgcnError(f"expected temporal to be one of {', '.join(TEMPORAL)}, got {temporal!r}")
    if len(widths) != len(strides) or not widths:
        raise EdgcnError(
            f"expected as many strides as widths, one per block, got widths {tuple(widths)} "
            f"and strides {tuple(strides)}"
        )
    if any(window < 1 or window % 2 == 0 for window in windows):
        raise EdgcnError(
            f"expected windows of an odd number of frames, which have a middle, got {windows}"
        )
