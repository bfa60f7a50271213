"""The dense-graph encoder against its definition, and the presets' published sizes."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.models import ENCODERS, DenseGraphEncoder, kernels
from edgcn.models.dense_graph import Block, GraphConv, WindowConv
from edgcn.models.layers import MultiScaleTemporal, TemporalConv
from edgcn.skeleton import TOPOLOGIES
from edgcn.skeleton.graph import adjacency
from reference.window_graph import scale_weights, window_edges, window_graph_conv

KINECT = TOPOLOGIES["kinect_v2"]
COCO = TOPOLOGIES["coco_17"]


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("window", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("hops", [(0,), (0, 1), (1, 2)])
def test_window_graph_conv_equals_its_definition(
    window: int, stride: int, hops: tuple[int, ...], fast: bool
) -> None:
    torch.manual_seed(0)
    conv = WindowConv(adjacency(COCO), hops, 4, 5, 6, window=window, stride=stride).eval()
    torch.nn.init.uniform_(conv.graph.residual, -0.1, 0.1)
    x = torch.randn(17, 2, 7, 4)  # joints, clips, frames, channels

    frames: list[torch.Tensor] = []
    conv.graph.register_forward_hook(lambda _m, _i, out: frames.append(out))
    with kernels.chosen(fast):
        collapsed = conv(x).detach().double().numpy()
    nodes = frames[0].detach().double().numpy()

    edges = window_edges(list(COCO.edges), 17, window)
    fixed = np.stack([scale_weights(edges, 17 * window, hop) for hop in hops])
    learned = conv.graph.residual.detach().double().numpy().reshape(fixed.shape)
    # A fresh batch norm in evaluation mode only divides by sqrt(1 + eps).
    scale = 1 / np.sqrt(1 + conv.graph.norm.eps)
    mix = conv.graph.mix.weight.detach().double().numpy().reshape(5, len(hops), 4) * scale
    bias = conv.graph.mix.bias.detach().double().numpy() * scale
    collapse = conv.collapse.weight.detach().double().numpy().reshape(6, window, 5) * scale
    offset = conv.collapse.bias.detach().double().numpy() * scale
    for clip in range(2):
        expected = window_graph_conv(
            x[:, clip].permute(2, 1, 0).double().numpy(),
            fixed + learned,
            mix,
            bias,
            window=window,
            stride=stride,
        )
        got = nodes[:, clip].reshape(window, 17, -1, 5).transpose(3, 2, 0, 1)
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
        whole = np.einsum("dwc,ctwv->vtd", collapse, expected) + offset
        np.testing.assert_allclose(collapsed[:, clip], whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_temporal_conv_is_a_convolution(stride: int, fast: bool) -> None:
    torch.manual_seed(0)
    layer = TemporalConv(4, 5, window=3, stride=stride).eval()
    layer.norm = torch.nn.BatchNorm1d(5, eps=0).eval()
    x = torch.randn(6, 2, 8, 4)
    weight = layer.mix.weight.view(5, 3, 4).transpose(1, 2)
    series = x.flatten(0, 1).transpose(1, 2)
    expected = torch.nn.functional.conv1d(series, weight, layer.mix.bias, stride=stride, padding=1)
    with kernels.chosen(fast):
        got = layer(x).flatten(0, 1).transpose(1, 2)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("frames", [1, 3, 11])
def test_multiscale_branches_are_convolutions_and_a_maximum(frames: int, stride: int) -> None:
    """The reference: PyTorch's own convolutions and pooling of (B, C, T)."""
    torch.manual_seed(0)
    layer = MultiScaleTemporal(5, 12, stride=stride, activate=False).eval()
    assert layer.residual is not None
    nn.init.zeros_(layer.residual.mix.weight)
    nn.init.zeros_(layer.residual.mix.bias)
    x = torch.randn(6, 2, frames, 5)
    series = x.flatten(0, 1)
    reduced = layer.reduce_norm(layer.reduce(series).flatten(0, 1)).relu()
    *parts, last = reduced.view(12, frames, 10).transpose(1, 2).chunk(5, dim=1)
    branches = []
    for dilation, (mix, part) in enumerate(zip(layer.dilated, parts, strict=True), start=1):
        assert isinstance(mix, nn.Linear)
        kernel = mix.weight.view(2, 3, 2).transpose(1, 2)
        plan = {"stride": stride, "padding": dilation, "dilation": dilation}
        branches.append(F.conv1d(part, kernel, mix.bias, **plan))
    branches.append(F.max_pool1d(last, 3, stride=stride, padding=1))
    branches.append(layer.plain(series[:, ::stride]).transpose(1, 2))
    joined = torch.cat(branches, dim=1).transpose(1, 2)
    expected = layer.norm(joined.flatten(0, 1)).view(6, 2, -1, 12)
    for fast in (True, False):
        with kernels.chosen(fast):
            torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_hop_zero_keeps_joints_apart_and_hop_one_reaches_neighbors_only() -> None:
    touched = {}
    for hops in ((0,), (0, 1)):
        conv = GraphConv(adjacency(COCO), hops, 2, 3).eval()
        torch.nn.init.zeros_(conv.residual)
        still, moved = torch.zeros(17, 1, 1, 2), torch.zeros(17, 1, 1, 2)
        moved[COCO.index("nose")] = 5
        change = (conv(moved) - conv(still)).abs().amax(dim=(1, 2, 3))
        touched[hops] = {COCO.joints[i] for i in change.nonzero().flatten().tolist()}
    assert touched[0,] == {"nose"}
    neighbors = {joint for bone in COCO.bones if "nose" in bone for joint in bone}
    assert touched[0, 1] == neighbors


@pytest.mark.parametrize(
    ("name", "settings", "count"),
    [
        ("msg3d", {}, 4_365_307),
        ("msg3d", {"g3d_scales": 6}, 3_269_905),
        ("msg3d-small", {}, 2_462_746),
        ("edgcn-table1", {}, 1_908_559),
        ("msg3d", {"bodies": 2}, 4_365_457),
        ("edgcn-table1", {"bodies": 2}, 1_908_709),
    ],
)
def test_presets_have_the_published_sizes(name: str, settings: dict[str, int], count: int) -> None:
    encoder = ENCODERS[name](KINECT, **settings)
    assert sum(p.numel() for p in encoder.parameters()) == count


@pytest.mark.parametrize("bodies", [1, 2])
@pytest.mark.parametrize("channels", [3, 9])
def test_edgcn_stays_within_its_published_size(bodies: int, channels: int) -> None:
    sizes = {}
    for name in ("edgcn", "edgcn-s"):
        encoder = ENCODERS[name](KINECT, bodies=bodies, in_channels=channels)
        sizes[name] = sum(p.numel() for p in encoder.parameters())
    print(sizes)
    assert sizes["edgcn"] <= 1_900_000
    assert sizes["edgcn-s"] < sizes["edgcn"] / 5


def test_edgcn_has_one_window_and_one_temporal_convolution_per_aggregation() -> None:
    encoder = ENCODERS["edgcn"](KINECT)
    assert isinstance(encoder, DenseGraphEncoder)
    for block in encoder.blocks:
        assert isinstance(block, Block)
        assert [window.window for window in block.windows] == [3]
        assert len(block.frames) == 1


def test_fixed_graphs_are_not_saved_but_move_along() -> None:
    encoder = ENCODERS["edgcn-s"](KINECT)
    assert not any(name.endswith("adjacency") for name in encoder.state_dict())
    assert any(name.endswith("adjacency") for name, _ in encoder.named_buffers())
    assert {b.device.type for b in encoder.to("meta").buffers()} == {"meta"}


def test_double_precision_agrees_with_single() -> None:
    torch.manual_seed(0)
    encoder, x = ENCODERS["edgcn-s"](COCO).eval(), torch.randn(2, 3, 9, 17, 1)
    single = encoder(x)
    torch.testing.assert_close(encoder.double()(x.double()).float(), single, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"windows": (4,)}, "odd number of frames"),
        ({"widths": (6, 12)}, "as many strides as widths"),
        ({"temporal": "multiscale", "widths": (32, 64, 128)}, "divisible by 6, got 32"),
    ],
)
def test_impossible_plans_are_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(EdgcnError, match=complaint):
        ENCODERS["edgcn"](COCO, **settings)
