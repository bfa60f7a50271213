"""ST-GCN against its paper's formulas, joint by joint, and its published number of parameters."""

from typing import Any

import torch
from torch import Tensor, nn

from edgcn.models import ENCODERS, STGCN
from edgcn.models.stgcn import partitions
from edgcn.skeleton import TOPOLOGIES
from edgcn.skeleton.graph import adjacency
from helpers import tiny_topology

# Counted on the authors' model (CrosSCLR: 16 hidden channels, 256 at the end, 25 joints, 3
# channels), with its linear layer to 128 and without. With equal weights and graphs its outputs
# and ours agreed to 1e-6.
WITH_LINEAR, BARE = 854_276, 821_380


def test_parameters_are_as_many_as_published() -> None:
    skeleton = TOPOLOGIES["kinect_v2"]
    for embed_dim, expected in ((128, WITH_LINEAR), (None, BARE)):
        encoder = ENCODERS["stgcn-quarter"](skeleton, embed_dim=embed_dim)
        assert sum(p.numel() for p in encoder.parameters()) == expected


def test_partitions_split_the_neighbors_by_their_distance_to_the_center() -> None:
    skeleton = tiny_topology()
    away = {"hips": 0, "chest": 1, "head": 2, "hand_left": 2, "hand_right": 2}
    near = adjacency(skeleton)
    parts = partitions(skeleton)
    for source, one in enumerate(skeleton.joints):
        for target, other in enumerate(skeleton.joints):
            expected = [0.0, 0.0, 0.0]
            if source == target or near[source, target]:
                part = 0 if one == other else 1 if away[one] >= away[other] else 2
                expected[part] = 1 / (1 + near[:, target].sum())
            assert parts[:, source, target].tolist() == torch.tensor(expected).tolist()


def slow_block(block: Any, x: Tensor, graph: Tensor) -> Tensor:
    """One block in evaluation mode, by loops over partitions, joints and frames."""

    def norm(layer: nn.Module, values: Tensor) -> Tensor:
        normalized: Tensor = layer(values.reshape(-1, values.shape[-1]))
        return normalized.view(values.shape)

    b, t, v, _ = x.shape
    width = block.mix.out_features // 3
    mixed = torch.zeros(b, t, v, width)
    for part in range(3):
        rows = slice(part * width, (part + 1) * width)
        moved = x @ block.mix.weight[rows].T + block.mix.bias[rows]
        for source in range(v):
            for target in range(v):
                weight = graph[part, source, target] * block.importance[part, source, target]
                mixed[:, :, target] += weight * moved[:, :, source]
    mixed = norm(block.mix_norm, mixed).relu()
    frames: list[Tensor] = []
    for center in range(0, t, block.stride):
        total = block.over_time.bias.expand(b, v, width).clone()
        for tap, frame in enumerate(range(center - 4, center + 5)):
            if 0 <= frame < t:
                total = total + mixed[:, frame] @ block.over_time.weight[:, :, tap, 0].T
        frames.append(total)
    out = norm(block.norm, torch.stack(frames, dim=1))
    if block.beside is not None:
        out = out + norm(block.beside_norm, block.beside(x[:, :: block.stride]))
    elif block.has_residual:
        out = out + x
    return out.relu()


def test_it_equals_loops_over_joints_and_frames() -> None:
    torch.manual_seed(0)
    encoder: Any = STGCN(tiny_topology(), widths=(4, 4, 6), strides=(1, 1, 2), bodies=2)
    for block in encoder.blocks:
        nn.init.uniform_(block.importance, 0.5, 1.5)
    x = torch.randn(3, 3, 11, 5, 2)
    encoder.train()(x)  # the norms have statistics
    encoder.eval()
    rows = x.permute(0, 4, 2, 3, 1).reshape(-1, 15)
    h = encoder.input_norm(rows).view(6, 11, 5, 3)
    for block in encoder.blocks:
        h = slow_block(block, h, encoder.partitions)
    expected = h.view(3, 2, 6, 5, 6).mean(dim=1)  # bodies
    torch.testing.assert_close(encoder.features(x), expected.permute(0, 3, 1, 2))
    torch.testing.assert_close(encoder(x), expected.mean(dim=(1, 2)))


def test_dropout_is_in_training_only_and_not_in_the_first_block() -> None:
    encoder: Any = ENCODERS["stgcn-quarter"](tiny_topology())
    x = torch.randn(2, 3, 8, 5, 1)
    assert [block.dropout.p for block in encoder.blocks] == [0.0] + [0.5] * 9
    encoder.train()
    assert not torch.equal(encoder(x), encoder(x))
    encoder.eval()
    assert torch.equal(encoder(x), encoder(x))
