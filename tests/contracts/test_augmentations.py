"""What every augmentation promises, present and future."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from edgcn.augment import AUGMENTATIONS
from edgcn.augment.draws import Draws
from edgcn.skeleton.layouts import BODY_25, KINECT_V2
from edgcn.skeleton.topology import Topology
from reference.augment import SLOW

IDENTITY: dict[str, dict[str, Any]] = {
    "subtract": {"p": 0},
    "rotate": {"degrees": 0},
    "shear": {"strength": 0},
    "reverse": {"p": 0},
    "noise": {"std": 0},
    "blur": {"p": 0},
    "joint_mask": {"fewest": 0, "most": 0},
    "channel_mask": {"p": 0},
    "mirror": {"p": 0},
    "bone_scale": {"strength": 0},
    "posture": {"std": 0},
    "amplitude": {"strength": 0},
    "crop_resize": {"cut": 0},
    "time_warp": {"strength": 0},
}
ALWAYS: dict[str, dict[str, Any]] = {"reverse": {"p": 1}, "blur": {"p": 1}, "mirror": {"p": 1}}
MOVES_CONFIDENCE = {"reverse", "mirror", "crop_resize", "time_warp", "joint_mask"}
MASKS = {"joint_mask", "channel_mask"}
SETTINGS = [(KINECT_V2, 3), (BODY_25, 2)]

every = pytest.mark.parametrize("name", AUGMENTATIONS)
both = pytest.mark.parametrize(("topology", "dims"), SETTINGS, ids=["3d", "2d"])


class Recorded(Draws):
    """Draws that remember what they gave, for the slow version to use."""

    def __init__(self, seed: int, batch: int) -> None:
        super().__init__(torch.Generator().manual_seed(seed), batch=batch)
        self.log: list[np.ndarray] = []

    def _rows(self, draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensor:
        numbers = super()._rows(draw, shape)
        self.log.append(numbers.numpy())
        return numbers


def drawn(seed: int = 0, batch: int = 4, **slice_: int) -> Draws:
    return Draws(torch.Generator().manual_seed(seed), batch=batch, **slice_)


def clips(
    n: int = 4,
    frames: int = 12,
    bodies: int = 2,
    joints: int = 25,
    dims: int = 3,
    gaps: float = 0.15,
    seed: int = 7,
) -> Tensor:
    """Two bodies; the last clip has one; some joints missing in some frames, one throughout."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 3, frames, joints, bodies, generator=generator)
    if dims == 2:
        x[:, 2] = torch.rand(n, frames, joints, bodies, generator=generator)
    missing = torch.rand(n, 1, frames, joints, bodies, generator=generator) < gaps
    if gaps:
        missing[0, :, :, 3] = True
    x = x * ~missing
    x[-1, ..., 1:] = 0
    return x


@every
@both
def test_keeps_form_and_input(name: str, topology: Topology, dims: int) -> None:
    x = clips(dims=dims)
    before = x.clone()
    y = AUGMENTATIONS[name](x, drawn(), topology=topology, dims=dims)
    assert torch.equal(x, before)
    assert (y.shape, y.dtype, y.device) == (x.shape, x.dtype, x.device)
    assert y.isfinite().all()


@every
@both
def test_stays_on_the_clips_device(name: str, topology: Topology, dims: int) -> None:
    x = clips(dims=dims).to("meta")  # refuses to mix with tensors of the draws' device
    y = AUGMENTATIONS[name](x, drawn(), topology=topology, dims=dims)
    assert y.device == x.device


@every
@both
def test_does_something(name: str, topology: Topology, dims: int) -> None:
    x = clips(dims=dims)
    y = AUGMENTATIONS[name](x, drawn(), topology=topology, dims=dims, **ALWAYS.get(name, {}))
    assert ((y - x).abs().amax(dim=(1, 2, 3, 4)) > 1e-3).all()


@every
@both
def test_strength_zero_is_identity(name: str, topology: Topology, dims: int) -> None:
    x = clips(dims=dims)
    y = AUGMENTATIONS[name](x, drawn(), topology=topology, dims=dims, **IDENTITY[name])
    torch.testing.assert_close(y, x, rtol=1e-6, atol=1e-6)


@every
@both
def test_each_clip_its_own_draw(name: str, topology: Topology, dims: int) -> None:
    x = clips(n=1, bodies=1, dims=dims, gaps=0).expand(8, -1, -1, -1, -1)
    y = AUGMENTATIONS[name](x, drawn(batch=8), topology=topology, dims=dims)
    assert len(torch.unique(y.flatten(1), dim=0)) > 1


@every
@both
def test_halves_are_the_whole(name: str, topology: Topology, dims: int) -> None:
    x = clips(n=6, dims=dims)
    augment = AUGMENTATIONS[name]
    whole = augment(x, drawn(batch=6), topology=topology, dims=dims)
    halves = [
        augment(
            x[start : start + 3],
            drawn(batch=6, start=start, count=3),
            topology=topology,
            dims=dims,
        )
        for start in (0, 3)
    ]
    torch.testing.assert_close(torch.cat(halves), whole, rtol=1e-6, atol=1e-6)


@every
@both
def test_what_is_missing_stays_missing(name: str, topology: Topology, dims: int) -> None:
    x = clips(dims=dims)
    y = AUGMENTATIONS[name](x, drawn(), topology=topology, dims=dims, **ALWAYS.get(name, {}))
    assert (y[-1, ..., 1] == 0).all()  # the absent body
    joint = topology.mirrored[3] if name == "mirror" else 3
    assert (y[0, :dims, :, joint] == 0).all()  # the joint no frame has


@every
@both
def test_only_masks_make_joints_missing(name: str, topology: Topology, dims: int) -> None:
    x = clips(dims=dims, gaps=0, bodies=1)
    y = AUGMENTATIONS[name](x, drawn(), topology=topology, dims=dims)
    visible = (y[:-1, :dims] != 0).any(dim=1)
    assert visible.all() != (name == "joint_mask")


@every
def test_confidence_is_kept_or_moves_along(name: str) -> None:
    x = clips(dims=2)
    y = AUGMENTATIONS[name](x, drawn(), topology=BODY_25, dims=2)
    if name not in MOVES_CONFIDENCE:
        assert torch.equal(y[:, 2], x[:, 2])
    assert y[:, 2].min() >= 0
    assert y[:, 2].max() <= 1


@every
@both
def test_one_frame_is_enough(name: str, topology: Topology, dims: int) -> None:
    x = clips(frames=1, dims=dims, gaps=0)
    y = AUGMENTATIONS[name](x, drawn(), topology=topology, dims=dims)
    assert y.shape == x.shape
    assert y.isfinite().all()


@every
@both
@pytest.mark.parametrize("frames", [1, 5, 20])
def test_is_the_slow_version(name: str, topology: Topology, dims: int, frames: int) -> None:
    x = clips(frames=frames, dims=dims, gaps=0 if name == "bone_scale" else 0.15).double()
    draws = Recorded(3, batch=len(x))
    y = AUGMENTATIONS[name](x, draws, topology=topology, dims=dims)
    for i, clip in enumerate(x.numpy()):
        slow = SLOW[name](clip, [numbers[i] for numbers in draws.log], topology, dims)
        np.testing.assert_allclose(y[i].numpy(), slow, rtol=1e-4, atol=1e-5)


@every
def test_follows_the_seed(name: str) -> None:
    x = clips()
    one, same, other = (
        AUGMENTATIONS[name](x, drawn(seed), topology=KINECT_V2, dims=3) for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
