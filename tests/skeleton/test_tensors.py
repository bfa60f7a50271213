"""Laws of the moves that respect what is missing, and that the short cuts change nothing."""

import pytest
import torch

from edgcn.skeleton import tensors
from edgcn.skeleton.layouts import BODY_25, KINECT_V2
from edgcn.skeleton.tensors import (
    Clips,
    bone_vectors,
    fill_gaps,
    over_joints,
    take_frames,
    translate,
    visibility,
    visible,
)
from edgcn.skeleton.topology import Topology

both = pytest.mark.parametrize(("topology", "dims"), [(KINECT_V2, 3), (BODY_25, 2)])


def clips(n: int = 3, frames: int = 9, bodies: int = 2, gaps: float = 0.2) -> Clips:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, 3, frames, 25, bodies, generator=generator)
    x = x * ~(torch.rand(n, 1, frames, 25, bodies, generator=generator) < gaps)
    x[-1, ..., 1:] = 0
    return x


@pytest.mark.parametrize("dims", [2, 3])
def test_visibility_is_visible_as_a_number(dims: int) -> None:
    x = clips()
    x[0, :2, 0, 0] = 0  # of two channels of geometry nothing is left
    assert torch.equal(visibility(x, dims=dims), visible(x, dims=dims).float())
    assert torch.equal(visible(x, dims=dims)[:, 0], (x[:, :dims] != 0).any(dim=1))


def test_an_offset_of_zero_gives_back_every_bit() -> None:
    x = clips()
    assert torch.equal(translate(x, torch.zeros(3, 3, 1, 1, 1)), x)


def test_a_joint_moved_onto_the_origin_is_not_lost() -> None:
    x = clips(gaps=0)[:2]
    y = translate(x, -x[:, :, :, 4:5, :1])
    assert torch.equal(visible(y, dims=3), visible(x, dims=3))
    assert y[:, :, :, 4, 0].abs().max() <= tensors.BESIDE_ZERO


@both
@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_to_look_first_whether_anything_is_missing_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, topology: Topology, dims: int, gaps: float
) -> None:
    x = clips(gaps=gaps)
    looked = (fill_gaps(x, dims=dims), *bone_vectors(x, topology=topology, dims=dims))
    monkeypatch.setattr(tensors, "nothing_to_mend", lambda seen, *, dim: False)
    unseen = (fill_gaps(x, dims=dims), *bone_vectors(x, topology=topology, dims=dims))
    for one, other in zip(looked, unseen, strict=True):
        assert torch.equal(one, other)


@both
def test_bones_are_seen_from_the_nearest_visible_ancestor(topology: Topology, dims: int) -> None:
    x = clips()
    vectors, whole = bone_vectors(x, topology=topology, dims=dims)
    seen, above = visible(x, dims=dims)[:, 0], dict(topology.from_root)
    for n, t, m in ((0, 0, 0), (1, 4, 1), (2, 8, 0), (2, 0, 1)):
        for joint in range(len(topology)):
            ancestor = above.get(joint)
            assert whole[n, 0, t, joint, m] == bool(
                ancestor is not None and seen[n, t, joint, m] and seen[n, t, ancestor, m]
            )
            while ancestor is not None and not seen[n, t, ancestor, m]:
                ancestor = above.get(ancestor)
            start = 0 if ancestor is None else x[n, :dims, t, ancestor, m]
            expected = (x[n, :dims, t, joint, m] - start) * seen[n, t, joint, m]
            assert torch.equal(vectors[n, :, t, joint, m], expected)


@pytest.mark.parametrize("bodies", [1, 2])
def test_over_joints_is_a_product_along_them(bodies: int) -> None:
    x, matrix = clips(bodies=bodies), torch.randn(25, 25)
    expected = torch.einsum("vw,nctwm->nctvm", matrix, x)
    torch.testing.assert_close(over_joints(x, matrix), expected, rtol=1e-5, atol=1e-5)


def test_take_frames_is_indexing() -> None:
    x = clips().transpose(3, 4).contiguous().transpose(3, 4)  # rows need not lie together
    index = torch.randint(9, (3, 5))
    for clip, chosen, taken in zip(x, index, take_frames(x, index), strict=True):
        assert torch.equal(taken, clip[:, chosen])
