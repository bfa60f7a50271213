"""The chain of augmentations: order, slices over ranks, and what it refuses."""

from typing import Any

import pytest
import torch
from torch import Tensor

from edgcn.augment import AUGMENTATIONS
from edgcn.augment.compose import PAPER, augment, check_augmentations
from edgcn.augment.draws import Draws
from edgcn.base.errors import EdgcnError
from edgcn.skeleton.layouts import KINECT_V2

KINECT: dict[str, Any] = {"topology": KINECT_V2, "dims": 3}


def drawn(batch: int = 6, **slice_: int) -> Draws:
    return Draws(torch.Generator().manual_seed(0), batch=batch, **slice_)


def clips(n: int = 6) -> Tensor:
    return torch.randn(n, 3, 20, 25, 1, generator=torch.Generator().manual_seed(5))


def test_chain_is_one_after_the_other() -> None:
    x, draws = clips(), drawn()
    expected = x
    for name in PAPER:
        expected = AUGMENTATIONS[name](expected, draws, **KINECT)
    assert torch.equal(augment(x, drawn(), names=PAPER, **KINECT), expected)


@pytest.mark.parametrize("names", [PAPER, tuple(AUGMENTATIONS)])
def test_ranks_see_what_one_rank_would(names: tuple[str, ...]) -> None:
    x = clips()
    whole = augment(x, drawn(), names=names, **KINECT)
    parts = [
        augment(x[start:stop], drawn(start=start, count=stop - start), names=names, **KINECT)
        for start, stop in ((0, 1), (1, 4), (4, 6))
    ]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-5, atol=1e-5)


def test_settings_reach_their_augmentation() -> None:
    settings = {"joint_mask": {"fewest": 3, "most": 3}}
    y = augment(clips(), drawn(), names=("joint_mask",), **KINECT, settings=settings)
    assert ((y == 0).all(dim=1).any(dim=1).sum(dim=(1, 2)) == 3).all()


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        (("rotat",), {}, "no augmentation 'rotat'; did you mean 'rotate'"),
        (("rotate",), {"sheer": {}}, "no augmentation 'sheer'; did you mean 'shear'"),
        (
            ("rotate",),
            {"rotate": {"degree": 3}},
            r"unknown setting 'degree' \(did you mean 'degrees'",
        ),
        (("rotate",), {"rotate": {"dims": 2}}, "unknown setting 'dims'; it has degrees"),
        (
            ("rotate",),
            {"rotate": {"degrees": "far"}},
            "'rotate': degrees.* valid number.*, got 'far'",
        ),
    ],
)
def test_mistakes_are_answered(
    names: tuple[str, ...], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(EdgcnError, match=message):
        check_augmentations(names, settings)


def test_unknown_names_are_answered_while_augmenting_too() -> None:
    with pytest.raises(EdgcnError, match="no augmentation 'rotat'; did you mean 'rotate'"):
        augment(clips(), drawn(), names=("rotat",), **KINECT)


def test_draws_must_be_for_these_clips() -> None:
    with pytest.raises(EdgcnError, match=r"with 5 clips .* got \(6, 3, 20, 25, 1\)"):
        augment(clips(), drawn(batch=5), names=PAPER, **KINECT)
    with pytest.raises(EdgcnError, match="a slice of a batch of 4 clips, got start 3 and count 2"):
        drawn(batch=4, start=3, count=2)


def test_draws_leave_the_generator_alike_on_every_rank() -> None:
    draws = [drawn(), drawn(start=2, count=3)]
    for each in draws:
        each.uniform(3)
        each.normal()
        each.below(5)
    assert torch.equal(draws[0].generator.get_state(), draws[1].generator.get_state())
