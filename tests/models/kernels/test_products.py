"""The products of the fast layers against PyTorch's own, with their gradients."""

import pytest
import torch
from torch import nn

from edgcn.models.kernels.products import convolve_frames, mix_parts
from edgcn.models.kernels.windows import unfold_frames
from edgcn.models.layers import unfold


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


@pytest.mark.parametrize("frames", [1, 2, 7])
@pytest.mark.parametrize("dim", [0, 3])
@pytest.mark.parametrize(
    ("window", "stride", "dilation"), [(3, 1, 1), (3, 2, 1), (3, 2, 4), (3, 3, 1), (5, 2, 1)]
)
def test_unfolding_has_the_gradient_autograd_finds(
    frames: int, dim: int, window: int, stride: int, dilation: int
) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, frames, 4, dtype=torch.float64, requires_grad=True)
    plain = torch.cat(unfold(x, window, stride=stride, dilation=dilation), dim=dim)
    ours = unfold_frames(x, window=window, dim=dim, stride=stride, dilation=dilation)
    assert torch.equal(ours, plain)
    weights = torch.randn_like(plain)
    (expected,) = torch.autograd.grad((plain * weights).sum(), x)
    (got,) = torch.autograd.grad((ours * weights).sum(), x)
    torch.testing.assert_close(got, expected)
