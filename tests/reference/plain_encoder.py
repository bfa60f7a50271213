"""The dense-graph encoder as its papers write it: unfold, join, multiply, normalize, add, ReLU.

(N, C, T, V, M) clips -> (N, D), with the parameters of an encoder that is handed in and autograd's
own gradients. In training the batch's statistics normalize; running ones are not touched.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edgcn.models.dense_graph import Block, DenseGraphEncoder, GraphConv, WindowConv
from edgcn.models.layers import MultiScaleTemporal, SimpleTemporal, TemporalConv


def embed(encoder: DenseGraphEncoder, clips: Tensor) -> Tensor:
    n, c, t, v, m = clips.shape
    columns = clips.permute(0, 2, 4, 3, 1).reshape(n, t, m * v * c)
    x = normalize(encoder.input_norm, columns).view(n, t, m, v, c)
    x = x.permute(3, 0, 2, 1, 4).reshape(v, n * m, t, c)
    for block in encoder.blocks:
        assert isinstance(block, Block)
        x = run_block(block, x)
    pooled = x.mean(dim=(0, 2)).view(n, m, -1).mean(dim=1)
    return encoder.head(pooled)


def run_block(block: Block, x: Tensor) -> Tensor:
    pathways = graph(block.graph, x, window=1, stride=1)
    for layer in block.frames:
        pathways = temporal(layer, pathways)
    for window in block.windows:
        assert isinstance(window, WindowConv)
        pathways = pathways + collapse(window, x)
    return temporal(block.temporal, torch.relu(pathways))


def normalize(norm: nn.Module, x: Tensor) -> Tensor:
    assert isinstance(norm, nn.BatchNorm1d)
    mean, var = (None, None) if norm.training else (norm.running_mean, norm.running_var)
    rows = x.reshape(-1, x.shape[-1])
    shared = (norm.weight, norm.bias, norm.training, 0.1, norm.eps)
    return F.batch_norm(rows, mean, var, *shared).view(x.shape)


def unfold(x: Tensor, *, window: int, stride: int, dilation: int = 1) -> list[Tensor]:
    pad = (window - 1) * dilation // 2
    padded = F.pad(x, (0, 0, pad, pad))
    starts = range(0, window * dilation, dilation)
    return [padded[:, :, s : s + x.shape[2]][:, :, ::stride] for s in starts]


def graph(conv: GraphConv, x: Tensor, *, window: int, stride: int) -> Tensor:
    nodes = torch.cat(unfold(x, window=window, stride=stride))
    scales = (conv.adjacency.to(x) + conv.residual).chunk(len(conv.adjacency) // len(nodes))
    mixed = [torch.einsum("vw,wbtc->vbtc", scale, nodes) for scale in scales]
    return torch.relu(normalize(conv.norm, conv.mix(torch.cat(mixed, dim=-1))))


def collapse(conv: WindowConv, x: Tensor) -> Tensor:
    nodes = graph(conv.graph, x, window=conv.window, stride=conv.graph.stride)
    frames = torch.cat(nodes.chunk(conv.window), dim=-1)
    return normalize(conv.norm, conv.collapse(frames))


def temporal(layer: nn.Module, x: Tensor) -> Tensor:
    if isinstance(layer, SimpleTemporal):
        out = convolve(layer.conv, x, stride=layer.conv.stride)
        out = out + x if layer.has_residual else out
    else:
        assert isinstance(layer, MultiScaleTemporal)
        out = branches(layer, x)
        every = x[:, :, :: layer.stride]
        out = out + (every if layer.residual is None else convolve(layer.residual, every, stride=1))
    return torch.relu(out) if layer.activate else out


def convolve(conv: TemporalConv, x: Tensor, *, stride: int) -> Tensor:
    frames = torch.cat(unfold(x, window=conv.window, stride=stride), dim=-1)
    return normalize(conv.norm, conv.mix(frames))


def branches(layer: MultiScaleTemporal, x: Tensor) -> Tensor:
    reduced = torch.relu(normalize(layer.reduce_norm, layer.reduce(x)))
    *dilated, last = reduced.chunk(5, dim=-1)
    parts = []
    for dilation, (mix, h) in enumerate(zip(layer.dilated, dilated, strict=True), start=1):
        windows = unfold(h, window=3, stride=layer.stride, dilation=dilation)
        parts.append(mix(torch.cat(windows, dim=-1)))
    parts.append(torch.stack(unfold(last, window=3, stride=layer.stride)).amax(dim=0))
    parts.append(layer.plain(x[:, :, :: layer.stride]))
    return normalize(layer.norm, torch.cat(parts, dim=-1))
