"""Laws of the augmentations of time and precision, and of reading clips between frames."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from edgcn.augment.draws import Draws
from edgcn.augment.noise import blur, noise
from edgcn.augment.temporal import crop_resize, reverse, time_warp
from edgcn.base.errors import EdgcnError
from edgcn.pipeline.resample import resample_time
from edgcn.skeleton.layouts import KINECT_V2
from edgcn.skeleton.tensors import fill_gaps

KINECT: dict[str, Any] = {"topology": KINECT_V2, "dims": 3}


def drawn(seed: int = 0, batch: int = 8) -> Draws:
    return Draws(torch.Generator().manual_seed(seed), batch=batch)


def clips(n: int = 8, frames: int = 16) -> Tensor:
    return torch.randn(n, 3, frames, 25, 1, generator=torch.Generator().manual_seed(5))


def ramp(n: int = 32, frames: int = 40) -> Tensor:
    """Every joint walks a straight line: its coordinate, less 1, is the frame's number."""
    return (torch.arange(frames) + 1.0).view(1, 1, -1, 1, 1).expand(n, 3, -1, 25, 1)


def test_reverse_twice_is_identity() -> None:
    x = clips()
    once = reverse(x, drawn(), **KINECT, p=1.0)
    assert torch.equal(once[:, :, 0], x[:, :, -1])
    assert torch.equal(reverse(once, drawn(), **KINECT, p=1.0), x)


def test_reverse_takes_about_half() -> None:
    x = clips(n=1000, frames=2)
    changed = (reverse(x, drawn(batch=1000), **KINECT) != x).flatten(1).any(dim=1)
    assert 0.45 < changed.float().mean() < 0.55


def test_crop_is_one_window_at_even_speed() -> None:
    frames = crop_resize(ramp(), drawn(batch=32), **KINECT, cut=0.5)[:, 0, :, 0, 0] - 1
    steps = frames.diff(dim=1)
    torch.testing.assert_close(steps, steps[:, :1].expand_as(steps), rtol=1e-3, atol=1e-4)
    assert 0.499 <= steps.min() < 0.6
    assert steps.max() <= 1
    assert frames.min() >= 0
    assert frames.max() <= 39
    assert frames[:, 0].max() > 5  # windows start anywhere


def test_time_warp_never_runs_backwards_and_keeps_the_ends() -> None:
    frames = time_warp(ramp(), drawn(batch=32), **KINECT, strength=1.0)[:, 0, :, 0, 0] - 1
    assert (frames.diff(dim=1) >= -1e-4).all()
    torch.testing.assert_close(frames[:, 0], torch.zeros(32))
    torch.testing.assert_close(frames[:, -1], torch.full((32,), 39.0))
    assert frames.diff(dim=1).std() > 0.1


@pytest.mark.parametrize(
    ("augmentation", "setting"), [(crop_resize, "cut"), (time_warp, "strength")]
)
def test_time_cannot_be_asked_for_too_much(
    augmentation: Callable[..., Tensor], setting: str
) -> None:
    with pytest.raises(EdgcnError, match=f"expected {setting} within 0 <= {setting} <= 1, got 1.5"):
        augmentation(clips(), drawn(), **KINECT, **{setting: 1.5})


def test_blur_keeps_what_stands_still_and_calms_what_does_not() -> None:
    still = torch.randn(8, 3, 1, 25, 1).expand(-1, -1, 16, -1, -1)
    torch.testing.assert_close(blur(still, drawn(), **KINECT, p=1.0), still)
    x = clips()
    y = blur(x, drawn(), **KINECT, p=1.0, narrowest=1.0)
    assert (y.diff(dim=2).square().mean() / x.diff(dim=2).square().mean()) < 0.2
    assert torch.equal(blur(x, drawn(), **KINECT, p=1.0, narrowest=0.0, widest=0.0), x)


def test_blur_does_not_drag_joints_towards_missing_frames() -> None:
    x = torch.ones(4, 3, 16, 25, 1)
    x[:, :, 5:9, 4] = 0
    torch.testing.assert_close(blur(x, drawn(batch=4), **KINECT, p=1.0, narrowest=1.5), x)


def test_noise_has_its_spread_and_no_bias() -> None:
    x = clips(n=64)
    added = noise(x, drawn(batch=64), **KINECT, std=0.05) - x
    assert abs(added.mean()) < 1e-3
    assert abs(added.std() - 0.05) < 1e-3


def test_resample_at_whole_frames_is_indexing() -> None:
    x = clips(n=2)
    positions = torch.tensor([[0.0, 15.0, 3.0], [7.0, 7.0, 1.0]])
    y = resample_time(x, positions, dims=x.shape[1])
    for i in range(2):
        assert torch.equal(y[i], x[i][:, positions[i].long()])


def test_resample_takes_the_neighbor_that_has_the_joint() -> None:
    x = torch.tensor([1.0, 0.0, 0.0, 5.0]).view(1, 1, 4, 1, 1).expand(1, 3, -1, 1, 1)
    y = resample_time(x, torch.tensor([[0.5, 1.0, 1.5, 2.5, 9.0]]), dims=3)
    assert y[0, 0, :, 0, 0].tolist() == [1.0, 0.0, 0.0, 5.0, 5.0]


def test_fill_keeps_confidence_and_leaves_no_gap() -> None:
    x = clips(n=4).abs()
    x[:, :, 3:7, 2] = 0
    filled = fill_gaps(x, dims=2)
    assert torch.equal(filled[:, 2], x[:, 2])
    torch.testing.assert_close(filled[:, :2, 4, 2], (x[:, :2, 2, 2] * 3 + x[:, :2, 7, 2] * 2) / 5)
    assert torch.equal(fill_gaps(filled, dims=2), filled)
