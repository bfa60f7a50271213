"""Fast layers against their definitions: the same numbers, gradients and running statistics."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edgcn.models import ENCODERS, DenseGraphEncoder, kernels
from edgcn.models.layers import SimpleTemporal
from edgcn.skeleton import TOPOLOGIES

COCO = TOPOLOGIES["coco_17"]
DENSE = ["msg3d", "msg3d-small", "edgcn-table1", "edgcn", "edgcn-s"]
SMALL: dict[str, dict[str, Any]] = {
    "msg3d": {"gcn_scales": 4, "g3d_scales": 3},
    "msg3d-small": {"gcn_scales": 3, "g3d_scales": 2},
    "edgcn-s": {"widths": (8, 16, 32)},
}


def small(name: str, **settings: Any) -> DenseGraphEncoder:
    """A preset in float64, narrow, its residuals and batch norms far from where they start."""
    torch.manual_seed(0)
    options = {"widths": (12, 24, 24), "embed_dim": 6} | SMALL.get(name, {}) | settings
    encoder = ENCODERS[name](COCO, bodies=2, **options)
    assert isinstance(encoder, DenseGraphEncoder)
    for norm in encoder.modules():
        if isinstance(norm, nn.BatchNorm1d):
            for value in (norm.weight, norm.bias, norm.running_mean):
                assert value is not None
                nn.init.uniform_(value, 0.2, 0.8)
    for key, value in encoder.named_parameters():
        if key.endswith("residual"):
            nn.init.uniform_(value, -0.2, 0.2)
    return encoder.double()


def gradients(out: Tensor, encoder: nn.Module) -> dict[str, Tensor]:
    torch.manual_seed(1)
    names, values = zip(*encoder.named_parameters(), strict=True)
    found = torch.autograd.grad((out * torch.randn_like(out)).sum(), values, allow_unused=True)
    return {
        name: torch.zeros_like(value) if grad is None else grad
        for name, value, grad in zip(names, values, found, strict=True)
    }


def assert_equal(encoder: DenseGraphEncoder, clips: Tensor) -> None:
    """Outputs, gradients and what the pass leaves in the buffers."""
    defined = copy.deepcopy(encoder)
    with kernels.plain():
        expected = defined(clips)
    got = encoder(clips)
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)
    want = gradients(expected, defined)
    for key, grad in gradients(got, encoder).items():
        torch.testing.assert_close(grad, want[key], rtol=1e-6, atol=1e-7, msg=key)
    for key, value in defined.named_buffers():
        torch.testing.assert_close(encoder.get_buffer(key), value, rtol=1e-9, atol=1e-9, msg=key)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("frames", [1, 2, 5, 8, 11])
@pytest.mark.parametrize("name", DENSE)
def test_fast_layers_equal_the_plain_ones(name: str, frames: int, training: bool) -> None:
    clips = torch.randn(3, 3, frames, 17, 2, dtype=torch.float64)
    assert_equal(small(name).train(training), clips)


@pytest.mark.parametrize("settings", [{"strides": (1, 3, 1)}, {"strides": (2, 4, 1)}])
@pytest.mark.parametrize("name", ["edgcn-s", "edgcn-table1"])
def test_any_stride_works(name: str, settings: dict[str, Any]) -> None:
    assert_equal(small(name, **settings), torch.randn(2, 3, 13, 17, 2, dtype=torch.float64))


@pytest.mark.parametrize("windows", [(), (1,), (5,)])
def test_any_windows_work(windows: tuple[int, ...]) -> None:
    clips = torch.randn(2, 3, 7, 17, 2, dtype=torch.float64)
    assert_equal(small("edgcn-s", windows=windows).train(), clips)


@pytest.mark.parametrize("name", ["edgcn", "edgcn-table1"])
def test_float32_stays_within_a_hundred_thousandth(name: str) -> None:
    torch.manual_seed(0)
    encoder, clips = ENCODERS[name](TOPOLOGIES["kinect_v2"]), torch.randn(2, 3, 64, 25, 1)
    for training in (True, False):
        encoder.train(training)
        with torch.no_grad():
            got = encoder(clips)
            with kernels.plain():
                expected = encoder(clips)
        assert float((got - expected).abs().max() / expected.abs().max()) < 1e-5


def test_a_bias_before_a_batch_norm_moves_the_running_mean() -> None:
    """No bias is added in training, where it would change nothing else."""
    layer = SimpleTemporal(8, 8).double()
    nn.init.uniform_(layer.conv.mix.bias, 1.0, 2.0)
    x = torch.randn(17, 2, 6, 8, dtype=torch.float64)
    mean = layer.conv.norm.running_mean
    assert mean is not None
    for _ in range(2):
        layer(x)
    with kernels.plain():
        other = copy.deepcopy(layer)
        other.conv.norm.reset_running_stats()
        for _ in range(2):
            other(x)
    expected = other.conv.norm.running_mean
    assert expected is not None
    torch.testing.assert_close(mean, expected)
    assert float(mean.min()) > 0.1


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", ["edgcn-s", "edgcn-table1"])
def test_recomputing_blocks_changes_memory_and_nothing_else(name: str, fast: bool) -> None:
    """The backward pass runs after the block that chose the kernels."""
    encoder = small(name).train()
    other = copy.deepcopy(encoder)
    other.recompute()
    clips = torch.randn(2, 3, 9, 17, 2, dtype=torch.float64)
    with kernels.chosen(fast):
        out, expected = other(clips), encoder(clips)
    got, want = gradients(out, other), gradients(expected, encoder)
    for key, grad in got.items():
        assert torch.equal(grad, want[key]), key
    for key, value in encoder.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key
