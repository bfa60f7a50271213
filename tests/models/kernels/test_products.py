"""The fast inner loops against the plain encoder: the same numbers, the same gradients."""

import copy

import pytest
import torch
from torch import Tensor, nn

from edgcn.models import ENCODERS, DenseGraphEncoder
from edgcn.models.kernels.products import convolve_frames, mix_parts
from edgcn.skeleton import TOPOLOGIES
from reference import plain_encoder

ARMS = TOPOLOGIES["coco_17"]
DENSE = ["msg3d", "msg3d-small", "edgcn-table1", "edgcn", "edgcn-s"]
SMALL = {
    "msg3d": {"gcn_scales": 4, "g3d_scales": 3},
    "msg3d-small": {"gcn_scales": 3, "g3d_scales": 2},
    "edgcn-s": {"widths": (8, 16, 32)},
}


def small(name: str, **settings: object) -> DenseGraphEncoder:
    """A preset in float64, narrow, its residuals and batch norms far from where they start."""
    torch.manual_seed(0)
    options = {"widths": (12, 24, 24), "embed_dim": 6} | SMALL.get(name, {}) | settings
    encoder = ENCODERS[name](ARMS, bodies=2, **options)
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


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("frames", [1, 2, 5, 8, 11])
@pytest.mark.parametrize("name", DENSE)
def test_fast_paths_equal_the_plain_encoder(name: str, frames: int, training: bool) -> None:
    encoder = small(name).train(training)
    clips = torch.randn(3, 3, frames, 17, 2, dtype=torch.float64)
    expected = plain_encoder.embed(copy.deepcopy(encoder), clips)
    got = encoder(clips)
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)
    want = gradients(plain_encoder.embed(encoder, clips), encoder)
    for key, grad in gradients(got, encoder).items():
        torch.testing.assert_close(grad, want[key], rtol=1e-6, atol=1e-7, msg=key)


@pytest.mark.parametrize("settings", [{"strides": (1, 3, 1)}, {"strides": (2, 4, 1)}])
@pytest.mark.parametrize("name", ["edgcn-s", "edgcn-table1"])
def test_any_stride_works(name: str, settings: dict[str, object]) -> None:
    encoder = small(name, **settings)
    clips = torch.randn(2, 3, 13, 17, 2, dtype=torch.float64)
    got, expected = encoder(clips), plain_encoder.embed(encoder, clips)
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)
    want = gradients(expected, encoder)
    for key, grad in gradients(got, encoder).items():
        torch.testing.assert_close(grad, want[key], rtol=1e-6, atol=1e-7, msg=key)


@pytest.mark.parametrize("name", ["edgcn", "edgcn-table1"])
def test_float32_stays_within_a_hundred_thousandth(name: str) -> None:
    torch.manual_seed(0)
    encoder = ENCODERS[name](TOPOLOGIES["kinect_v2"])
    assert isinstance(encoder, DenseGraphEncoder)
    clips = torch.randn(2, 3, 64, 25, 1)
    for _ in range(2):  # training, then evaluation
        with torch.no_grad():
            expected, got = plain_encoder.embed(encoder, clips), encoder(clips)
        assert float((got - expected).abs().max() / expected.abs().max()) < 1e-5
        encoder.eval()


def test_training_moves_the_running_statistics_as_a_bias_and_a_batch_norm_would() -> None:
    encoder = small("edgcn-s").train()
    conv = encoder.blocks[0].temporal.conv  # type: ignore[union-attr]
    assert isinstance(conv.mix, nn.Linear)
    assert isinstance(conv.norm, nn.BatchNorm1d)
    nn.init.uniform_(conv.mix.bias, 1.0, 2.0)
    expected = copy.deepcopy(conv.norm)
    x = torch.randn(17, 2, 6, 8, dtype=torch.float64)
    frames = torch.cat(plain_encoder.unfold(x, window=3, stride=1), dim=-1)
    expected(conv.mix(frames).flatten(0, 2))
    conv(x)
    for name, value in expected.named_buffers():
        torch.testing.assert_close(conv.norm.get_buffer(name), value)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("frames", [1, 2, 3, 4, 7, 12])
def test_frames_are_convolved_as_torch_does(frames: int, stride: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, frames, 4, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(5, 12, dtype=torch.float64, requires_grad=True)
    kernel = weight.view(5, 3, 4).transpose(1, 2)
    series = x.flatten(0, 1).transpose(1, 2)
    expected = nn.functional.conv1d(series, kernel, stride=stride, padding=1).transpose(1, 2)
    got = convolve_frames(x, weight, stride=stride).flatten(0, 1)
    torch.testing.assert_close(got, expected)
    factor = torch.randn_like(expected)
    for ours, theirs in zip(
        torch.autograd.grad((got * factor).sum(), (x, weight)),
        torch.autograd.grad((expected * factor).sum(), (x, weight)),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("parts", [1, 2, 5])
@pytest.mark.parametrize("channels", [1, 6])
def test_mixed_parts_are_one_product_of_joined_channels(parts: int, channels: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(parts, 7, channels, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(4, parts * channels, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(mix_parts, (x, weight))
    torch.testing.assert_close(mix_parts(x, weight), torch.cat(tuple(x), dim=1) @ weight.T)


@pytest.mark.parametrize("name", ["edgcn-s", "edgcn-table1"])
def test_recomputing_blocks_changes_memory_and_nothing_else(name: str) -> None:
    encoder = small(name).train()
    other = copy.deepcopy(encoder)
    other.recompute()
    clips = torch.randn(2, 3, 9, 17, 2, dtype=torch.float64)
    got, want = gradients(other(clips), other), gradients(encoder(clips), encoder)
    for key, grad in got.items():
        assert torch.equal(grad, want[key]), key
    for key, value in encoder.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key
