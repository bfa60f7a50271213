"""The dense-graph encoder against published MS-G3D: same weights in, same numbers out.

The reference values were computed once with the public implementation; its parameter names are
translated here and nowhere else.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from edgcn.models import ENCODERS, DenseGraphEncoder, kernels
from edgcn.skeleton import TOPOLOGIES
from edgcn.skeleton.graph import (
    adjacency,
    k_adjacency,
    normalize_adjacency,
    window_adjacency,
)

pytestmark = pytest.mark.golden
KINECT = TOPOLOGIES["kinect_v2"]

CASES = {
    "msg3d_1_1_m1": {"gcn_scales": 1, "g3d_scales": 1, "bodies": 1},
    "msg3d_6_3_m2": {"gcn_scales": 6, "g3d_scales": 3, "bodies": 2},
}

# Ours -> theirs. Where one of our tensors stacks several of theirs, {} counts through `STACKED`.
NAMES = (
    (r"input_norm\.", "data_bn."),
    (r"head\.", "fc."),
    (r"blocks\.(\d)\.graph\.", r"sgcn<\1>.0."),
    (r"blocks\.(\d)\.frames\.(\d)\.", r"sgcn<\1>.<\2>."),
    (r"blocks\.(\d)\.temporal\.", r"tcn<\1>."),
    (r"blocks\.(\d)\.windows\.(\d)\.graph\.", r"gcn3d<\1>.gcn3d.\2.gcn3d.1."),
    (r"blocks\.(\d)\.windows\.(\d)\.collapse\.", r"gcn3d<\1>.gcn3d.\2.out_conv."),
    (r"blocks\.(\d)\.windows\.(\d)\.norm\.", r"gcn3d<\1>.gcn3d.\2.out_bn."),
    (r"\.0\.mix\.|\.1\.mix\.", lambda m: m[0].replace("mix", "mlp.layers.0")),
    (r"(sgcn<\d>\.0|gcn3d\.\d\.gcn3d\.1)\.norm\.", r"\1.mlp.layers.1."),
    (r"(sgcn<\d>\.0|gcn3d\.\d\.gcn3d\.1)\.residual$", r"\1.A_res"),
    (r"\.residual\.mix\.", ".residual.conv."),
    (r"\.residual\.norm\.", ".residual.bn."),
    (r"\.dilated\.(\d)\.", r".branches.\1.3.conv."),
    (r"\.plain\.", ".branches.5.0."),
)
STACKED = (
    (r"\.reduce\.", [f".branches.{i}.0." for i in range(5)]),
    (r"\.reduce_norm\.", [f".branches.{i}.1." for i in range(5)]),
    (
        r"(?<=\.<\d>)\.norm\.|(?<=tcn<\d>)\.norm\.",
        [*(f".branches.{i}.3.bn." for i in range(4)), ".branches.4.4.", ".branches.5.1."],
    ),
)


def reference_names(ours: str) -> list[str]:
    """The reference's tensors that ours is made of, in order."""
    name = ours
    for pattern, replacement in NAMES:
        name = re.sub(pattern, replacement, name)
    for pattern, parts in STACKED:
        if re.search(pattern, name):
            return [count_from_one(re.sub(pattern, part, name)) for part in parts]
    return [count_from_one(name)]


def count_from_one(name: str) -> str:
    """Blocks and the layers after a graph convolution count from 0 here, from 1 there."""
    return re.sub(r"<(\d)>", lambda m: str(int(m[1]) + 1), name)


def as_matrix(weight: Tensor) -> Tensor:
    """A convolution's (out, in, window) as the matrix (out, window x in) that we keep."""
    if weight.ndim <= 2:
        return weight
    return weight.flatten(2).transpose(1, 2).flatten(1)


def translate(state: dict[str, Tensor], ours: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict, filled from the reference's, every tensor of which must be used."""
    used, filled = set(), {}
    for name in ours:
        if name.endswith("num_batches_tracked"):
            continue
        theirs = reference_names(name)
        used.update(theirs)
        filled[name] = torch.cat([as_matrix(state[part]) for part in theirs])
    assert used == set(state)
    return filled


@pytest.fixture(params=["fast", "plain"])
def _both(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fast layers and their definitions."""
    with kernels.chosen(request.param == "fast"):
        yield


def build(case: str, golden_dir: Path) -> tuple[DenseGraphEncoder, dict[str, Tensor]]:
    """The encoder with the reference's weights, and the reference's values."""
    values = load_file(golden_dir / f"{case}.safetensors")
    encoder = ENCODERS["msg3d"](KINECT, **CASES[case])
    assert isinstance(encoder, DenseGraphEncoder)
    state = {k.removeprefix("state."): v for k, v in values.items() if k.startswith("state.")}
    result = encoder.load_state_dict(translate(state, encoder.state_dict()), strict=False)
    assert all(name.endswith("num_batches_tracked") for name in result.missing_keys)
    return encoder, values


def relative_error(got: Tensor, expected: Tensor) -> float:
    """Largest difference as a part of the largest value."""
    assert got.shape == expected.shape
    return ((got - expected).abs().max() / expected.abs().max()).item()


@pytest.mark.usefixtures("_both")
@pytest.mark.parametrize("case", CASES)
def test_outputs_and_activations_equal_the_reference(case: str, golden_dir: Path) -> None:
    encoder, values = build(case, golden_dir)
    found: dict[str, Tensor] = {}
    blocks: Any = encoder.eval().blocks
    blocks[0].frames.register_forward_hook(lambda _m, _i, out: found.update(sgcn1=out))
    for i, block in enumerate(blocks, start=1):
        block.register_forward_hook(lambda _m, _i, out, i=i: found.update({f"tcn{i}": out}))
    output = encoder(values["input"])
    joints = encoder.fold(values["input"])
    found["gcn3d1"] = torch.stack([window(joints) for window in blocks[0].windows]).sum(dim=0)
    for name, activation in found.items():
        ours = activation.permute(1, 3, 2, 0)
        assert relative_error(ours, values[f"act.{name}"]) < 1e-5, name
    assert len(found) == sum(name.startswith("act.") for name in values)
    assert relative_error(output, values["output"]) < 1e-5


@pytest.mark.usefixtures("_both")
@pytest.mark.parametrize("case", CASES)
def test_training_mode_equals_the_reference(case: str, golden_dir: Path) -> None:
    encoder, values = build(case, golden_dir)
    assert relative_error(encoder.train()(values["input"]), values["output.train"]) < 1e-5


@pytest.mark.usefixtures("_both")
@pytest.mark.parametrize("case", CASES)
def test_gradients_equal_the_reference(case: str, golden_dir: Path) -> None:
    encoder, values = build(case, golden_dir)
    clips = values["input"].clone().requires_grad_()
    encoder.eval()(clips).square().sum().backward()
    first: Any = encoder.blocks[0]
    grads = {
        "input": clips.grad,
        "fc.weight": encoder.head.weight.grad,
        "gcn3d1.gcn3d.0.gcn3d.1.A_res": first.windows[0].graph.residual.grad,
    }
    for name, grad in grads.items():
        assert grad is not None
        assert relative_error(grad, values[f"grad.{name}"]) < 1e-4, name


def test_parameter_counts_equal_the_reference(golden_dir: Path) -> None:
    counts = json.loads((golden_dir / "golden.json").read_text())["parameter_counts"]
    for settings, count in counts.items():
        arguments = {k: int(v) for k, v in (pair.split("=") for pair in settings.split(","))}
        encoder = ENCODERS["msg3d"](KINECT, **arguments)
        assert sum(p.numel() for p in encoder.parameters()) == count, settings


def test_graphs_equal_the_reference(golden_dir: Path) -> None:
    values = load_file(golden_dir / "graph_ntu25.safetensors")
    graph = adjacency(KINECT)
    assert torch.equal(torch.from_numpy(graph), values["A_binary"])
    for name, expected in values.items():
        if match := re.fullmatch(r"(?:window(\d)\.)?k_adjacency\.(\d+)", name):
            window, k = match.groups()
            whole = window_adjacency(graph, int(window)) if window else graph
            got = normalize_adjacency(k_adjacency(whole, int(k)))
            torch.testing.assert_close(torch.from_numpy(got), expected, rtol=1e-6, atol=1e-7)
