"""The fast equal of each layer, by its class: `FAST`.

(V, B, T, C) as in `edgcn.models.layers`. Windows are not unfolded and parts not joined before a
product where adding up products is cheaper; a batch norm, the sum after it and its ReLU share one
buffer; in evaluation a batch norm is folded into the product before it. What each of these saves
was measured in docs/lab/performance.md.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from edgcn.models.dense_graph import Block, GraphConv, Nodes, WindowConv
from edgcn.models.kernels.branches import temporal_branches
from edgcn.models.kernels.norms import normalize_rows, product_norm
from edgcn.models.kernels.products import convolve_frames, mix_channels, mix_parts
from edgcn.models.kernels.windows import unfold_frames
from edgcn.models.layers import Joints, Mixed, MultiScaleTemporal, SimpleTemporal, TemporalConv


def graph_conv(layer: GraphConv, x: Joints) -> Nodes:
    """Joints and channels mixed in the cheaper order, which does not matter to the result.

    Channels first is cheaper where every frame is in several windows, unless there are many scales
    or few channels.
    """
    out = product_norm(
        lambda weight: _graph_product(layer, x, weight), layer.mix, layer.norm, activate=True
    )
    return out.view(-1, x.shape[1], -(-x.shape[2] // layer.stride), out.shape[-1])


def _graph_product(layer: GraphConv, x: Joints, weight: Tensor) -> Tensor:
    weights = layer.adjacency + layer.residual
    channels = x.shape[-1]
    if layer.window > 1 and layer.scales == 1 and channels >= layer.mix.out_features:
        rows = mix_channels(x.reshape(-1, channels), weight)
        nodes = _windows(layer, rows.view(*x.shape[:-1], -1))
        return (weights @ nodes.flatten(1)).view(-1, rows.shape[-1])
    mixed = weights @ _windows(layer, x).flatten(1)
    return mix_parts(mixed.view(layer.scales, -1, channels), weight)


def _windows(layer: GraphConv, x: Joints) -> Nodes:
    if layer.window == 1:
        return x[:, :, :: layer.stride]
    return unfold_frames(x, window=layer.window, dim=0, stride=layer.stride)


def window_conv(
    layer: WindowConv, x: Joints, *, add: Mixed | None = None, activate: bool = False
) -> Mixed:
    """relu(layer + add), each part where it is wanted."""
    nodes: Tensor = layer.graph(x)
    frames = nodes.view(layer.window, -1, nodes.shape[-1])
    out = product_norm(
        lambda weight: mix_parts(frames, weight),
        layer.collapse,
        layer.norm,
        add=None if add is None else add.reshape(-1, add.shape[-1]),
        activate=activate,
    )
    return out.view(len(x), *nodes.shape[1:3], -1)


def block(layer: Block, x: Joints) -> Mixed:
    """Each window adds itself to the sum so far, and the last one is followed by the ReLU."""
    pathways = layer.run(layer.frames, layer.run(layer.graph, x))
    for place, window in enumerate(layer.windows, start=1):
        last = place == len(layer.windows)
        pathways = layer.run(window, x, add=pathways, activate=last)
    return layer.run(layer.temporal, pathways if layer.windows else torch.relu(pathways))


def temporal_conv(
    layer: TemporalConv, x: Joints, *, add: Mixed | None = None, activate: bool = False
) -> Mixed:
    """relu(layer + add), each part where it is wanted."""
    out = product_norm(
        lambda weight: _frame_product(layer, x, weight),
        layer.mix,
        layer.norm,
        add=None if add is None else add.reshape(-1, add.shape[-1]),
        activate=activate,
    )
    return out.view(*x.shape[:2], -1, out.shape[-1])


def _frame_product(layer: TemporalConv, x: Joints, weight: Tensor) -> Tensor:
    if layer.window == 3:
        return convolve_frames(x, weight, stride=layer.stride).flatten(0, 2)
    return mix_channels(x[:, :, :: layer.stride].reshape(-1, x.shape[-1]), weight)


def simple_temporal(layer: SimpleTemporal, x: Joints) -> Mixed:
    """The convolution adds the residual and ends in the ReLU."""
    out: Tensor = layer.conv(x, add=x if layer.has_residual else None, activate=layer.activate)
    return out


def multi_scale_temporal(layer: MultiScaleTemporal, x: Joints) -> Mixed:
    """All branches write into one tensor, which is normalized, added to and activated in place."""
    v, b, frames, channels = x.shape
    rows = x.reshape(-1, channels)
    reduced = product_norm(
        lambda weight: mix_channels(rows, weight), layer.reduce, layer.reduce_norm, activate=True
    )
    every = x[:, :, :: layer.stride].contiguous()
    weights = torch.stack([mix.get_parameter("weight") for mix in layer.dilated])
    reduced = reduced.view(v, b, frames, -1)
    out = temporal_branches(reduced, every, weights, layer.plain.weight, stride=layer.stride)
    none = torch.zeros_like(layer.plain.bias)  # the maximum has no bias
    biases: list[Tensor] = [mix.get_parameter("bias") for mix in layer.dilated]
    residual: Tensor = every if layer.residual is None else layer.residual(every)
    out = normalize_rows(
        layer.norm,
        out.flatten(0, 2),
        bias=torch.cat([*biases, none, layer.plain.bias]),
        add=residual.flatten(0, 2),
        activate=layer.activate,
    )
    return out.view(residual.shape)


FAST: dict[type[nn.Module], Callable[..., Tensor]] = {
    Block: block,
    GraphConv: graph_conv,
    MultiScaleTemporal: multi_scale_temporal,
    SimpleTemporal: simple_temporal,
    TemporalConv: temporal_conv,
    WindowConv: window_conv,
}
