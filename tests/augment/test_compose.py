"""The chain of augmentations: order, slices over ranks, and what it refuses."""

import pytest
import torch

from edgcn.augment import AUGMENTATIONS
from edgcn.augment.compose import PAPER, augment
from edgcn.augment.draws import Draws
from edgcn.base.errors import EdgcnError
from edgcn.skeleton.layouts import KINECT_V2

KINECT = {"topology": KINECT_V2, "dims": 3}


def drawn(batch=6, **slice_):
    return Draws(torch.Generator().manual_seed(0), batch=batch, **slice_)


def clips(n=6):
    return torch.randn(n, 3, 20, 25, 1, generator=torch.Generator().manual_seed(5))


def test_chain_is_one_after_the_other():
    x, draws = clips(), drawn()
    expected = x
    for name in PAPER:
        expected = AUGMENTATIONS[name](expected, draws, **KINECT)
    assert torch.equal(augment(x, drawn(), names=PAPER, **KINECT), expected)


@pytest.mark.parametrize("names", [PAPER, tuple(AUGMENTATIONS)])
def test_ranks_see_what_one_rank_would(names):
    x = clips()
    whole = augment(x, drawn(), names=names, **KINECT)
    parts = [
        augment(x[start:stop], drawn(start=start, count=stop - start), names=names, **KINECT)
        for start, stop in ((0, 1), (1, 4), (4, 6))
    ]
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-5, atol=1e-5)


def test_options_reach_their_augmentation():
    options = {"joint_mask": {"fewest": 3, "most": 3}}
    y = augment(clips(), drawn(), names=("joint_mask",), **KINECT, options=options)
    assert ((y == 0).all(dim=1).any(dim=1).sum(dim=(1, 2)) == 3).all()


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (("rotat",), {}, "no augmentation 'rotat'; did you mean 'rotate'"),
        (("rotate",), {"sheer": {}}, "no augmentation 'sheer'; did you mean 'shear'"),
        (("rotate",), {"rotate": {"degree": 3}}, "no option 'degree'; did you mean 'degrees'"),
        (("rotate",), {"rotate": {"dims": 2}}, r"no option 'dims' \(there are: degrees\)"),
    ],
)
def test_misspelt_names_are_answered(names, options, message):
    with pytest.raises(EdgcnError, match=message):
        augment(clips(), drawn(), names=names, **KINECT, options=options)


def test_draws_must_be_for_these_clips():
    with pytest.raises(EdgcnError, match=r"with 5 clips .* got \(6, 3, 20, 25, 1\)"):
        augment(clips(), drawn(batch=5), names=PAPER, **KINECT)
    with pytest.raises(EdgcnError, match="a slice of a batch of 4 clips, got start 3 and count 2"):
        drawn(batch=4, start=3, count=2)


def test_draws_leave_the_generator_alike_on_every_rank():
    draws = [drawn(), drawn(start=2, count=3)]
    for each in draws:
        each.uniform(3)
        each.normal()
        each.below(5)
    assert torch.equal(draws[0].generator.get_state(), draws[1].generator.get_state())
