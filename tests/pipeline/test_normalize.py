"""Laws of normalization: what it removes is gone, what it keeps is kept, missing stays 0."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.pipeline.normalize import NORMALIZATIONS, Normalize, mean_bone_lengths, normalize
from edgcn.skeleton.layouts import BODY_25, KINECT_V2, TOPOLOGIES
from edgcn.skeleton.tensors import bone_vectors, visible
from edgcn.skeleton.topology import Topology
from reference import normalize as slow

OFF = Normalize(fill=False, center="none", align=False, unit_bones=False)
LENGTHS = tuple(0.1 + 0.02 * i for i in range(24))
SETTINGS = {
    "paper": NORMALIZATIONS["paper"],
    "canonical": replace(NORMALIZATIONS["canonical"], bone_lengths=LENGTHS),
    "fill": replace(OFF, fill=True),
    "every": replace(OFF, center="every"),
    "align": replace(OFF, align=True),
    "unit_bones": replace(OFF, unit_bones=True, bone_lengths=LENGTHS),
    "torso": replace(OFF, scale="torso"),
}
CANONICAL = SETTINGS["canonical"]
every = pytest.mark.parametrize("name", SETTINGS)
both = pytest.mark.parametrize(("topology", "dims"), [(KINECT_V2, 3), (BODY_25, 2)])


def clips(
    n: int = 3, frames: int = 9, bodies: int = 2, dims: int = 3, gaps: float = 0.15
) -> Tensor:
    """A pose that moves a little; one joint missing throughout, the last clip with one body."""
    generator = torch.Generator().manual_seed(11)
    pose = torch.randn(n, 3, 1, 25, bodies, generator=generator)
    x = 2 + pose + 0.2 * torch.randn(n, 3, frames, 25, bodies, generator=generator)
    if dims == 2:
        x[:, 2] = torch.rand(n, frames, 25, bodies, generator=generator)
    missing = torch.rand(n, 1, frames, 25, bodies, generator=generator) < gaps
    if gaps:
        missing[0, :, :, 6] = True
    x = x * ~missing
    x[-1, ..., 1:] = 0
    return x.double()


def rotation(dims: int, n: int = 3) -> Tensor:
    q: Tensor
    q, r = torch.linalg.qr(torch.randn(n, dims, dims, dtype=torch.float64))
    q = q * r.diagonal(dim1=1, dim2=2).sign()[:, None]
    q[:, 0] *= torch.linalg.det(q)[:, None]
    return q


def moved(x: Tensor, *, dims: int, scale: float = 1.0) -> Tensor:
    """Each clip turned, shifted and scaled as one rigid scene; missing joints stay missing."""
    turned = torch.einsum("nij,njtvm->nitvm", rotation(dims, len(x)), x[:, :dims])
    turned = scale * turned + torch.randn(len(x), dims, 1, 1, 1, dtype=x.dtype)
    turned = turned * visible(x, dims=dims)
    return torch.cat((turned, x[:, dims:]), dim=1)


@every
@both
def test_is_the_slow_version(name: str, topology: Topology, dims: int) -> None:
    x = clips(dims=dims)
    y = normalize(x, SETTINGS[name], topology=topology, dims=dims)
    for i, clip in enumerate(x.numpy()):
        expected = slow.normalize(clip, SETTINGS[name], topology, dims)
        np.testing.assert_allclose(y[i].numpy(), expected, rtol=1e-6, atol=1e-6)


@every
@both
def test_what_is_missing_stays_missing(name: str, topology: Topology, dims: int) -> None:
    x = clips(dims=dims)
    before = x.clone()
    y = normalize(x, SETTINGS[name], topology=topology, dims=dims)
    assert torch.equal(x, before)
    assert (y[-1, ..., 1] == 0).all()
    assert (y[0, :dims, :, 6] == 0).all()
    seen = visible(x, dims=dims)
    if SETTINGS[name].fill:
        seen = seen.any(dim=2, keepdim=True).expand_as(seen)
    assert torch.equal(visible(y, dims=dims), seen)
    assert torch.equal(y[:, dims:], x[:, dims:])  # a confidence is not touched


@every
@both
def test_stays_on_the_clips_device(name: str, topology: Topology, dims: int) -> None:
    x = clips(dims=dims).to("meta")  # refuses to mix with tensors of another device
    y = normalize(x, SETTINGS[name], topology=topology, dims=dims)
    assert y.device == x.device


@every
@both
def test_twice_is_once(name: str, topology: Topology, dims: int) -> None:
    x = clips(dims=dims)
    once = normalize(x, SETTINGS[name], topology=topology, dims=dims)
    again = normalize(once, SETTINGS[name], topology=topology, dims=dims)
    torch.testing.assert_close(again, once, rtol=1e-6, atol=1e-6)


@both
def test_canonical_forgets_place_view_and_size(topology: Topology, dims: int) -> None:
    x = clips(dims=dims)
    one, other = (
        normalize(z, CANONICAL, topology=topology, dims=dims)
        for z in (x, moved(x, dims=dims, scale=1.7))
    )
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


@every
def test_is_each_clip_on_its_own(name: str) -> None:
    x = clips()
    whole = normalize(x, SETTINGS[name], topology=KINECT_V2, dims=3)
    alone = normalize(x[1:2], SETTINGS[name], topology=KINECT_V2, dims=3)
    torch.testing.assert_close(whole[1:2], alone)


@every
@pytest.mark.parametrize("frames", [1, 4])
def test_nothing_to_see_stays_zero(name: str, frames: int) -> None:
    nothing = torch.zeros(2, 3, frames, 25, 2)
    y = normalize(nothing, SETTINGS[name], topology=KINECT_V2, dims=3)
    assert torch.equal(y, nothing)


def test_paper_centers_the_first_frame_that_has_the_center() -> None:
    x = clips(gaps=0).float()
    center = KINECT_V2.index(KINECT_V2.center)
    x[0, :, :2, center, 0] = 0
    y = normalize(x, NORMALIZATIONS["paper"], topology=KINECT_V2, dims=3)
    assert y[0, :, 2, center, 0].abs().max() < 1e-6
    assert y[1, :, 0, center, 0].abs().max() < 1e-6
    seen = visible(y, dims=3)
    assert torch.equal(seen, visible(x, dims=3))  # the center itself is not lost at the origin
    apart = (y[:2, ..., 1] - y[:2, ..., 0]) - (x[:2, ..., 1] - x[:2, ..., 0])
    apart = apart * seen[:2, ..., 0] * seen[:2, ..., 1]
    assert apart.abs().max() < 1e-5  # both bodies moved alike


def test_every_frame_is_centered_also_where_the_center_was_not_seen() -> None:
    x = clips(gaps=0)
    center = KINECT_V2.index(KINECT_V2.center)
    x[:, :, 3, center, 0] = 0
    y = normalize(x, SETTINGS["every"], topology=KINECT_V2, dims=3)
    assert y[:, :, :, center, 0].abs().max() < 1e-6
    middle = (x[:, :, 2, center, 0] + x[:, :, 4, center, 0]) / 2
    torch.testing.assert_close(y[:, :, 3, 5, 0], x[:, :, 3, 5, 0] - middle, rtol=1e-6, atol=1e-6)


def test_without_a_center_joint_the_middle_is_the_center() -> None:
    x = clips(gaps=0, bodies=1, n=2)
    x = torch.cat((x, x))[:2]
    x[:, :, :, KINECT_V2.index(KINECT_V2.center)] = 0
    y = normalize(x, NORMALIZATIONS["paper"], topology=KINECT_V2, dims=3)
    assert y[0, :, 0].sum(dim=(1, 2)).abs().max() < 1e-5


def distances(points: torch.Tensor) -> torch.Tensor:
    return torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")


def test_align_brings_the_spine_up_and_the_shoulders_sideways() -> None:
    x = clips(gaps=0)
    y = normalize(x, SETTINGS["align"], topology=KINECT_V2, dims=3)
    spine, shoulders = (
        (y[:, :, :, KINECT_V2.index(end)] - y[:, :, :, KINECT_V2.index(start)])[..., 0].mean(dim=2)
        for start, end in (KINECT_V2.spine, KINECT_V2.shoulders)
    )
    torch.testing.assert_close(spine[:, [0, 2]], torch.zeros_like(spine[:, :2]))
    assert (spine[:, 1] > 0).all()
    assert shoulders[:, 2].abs().max() < 1e-6
    assert (shoulders[:, 0] > 0).all()
    before, after = (distances(joints.flatten(2).mT) for joints in (x, y))
    torch.testing.assert_close(before, after, rtol=1e-5, atol=1e-6)


def test_align_turns_an_image_upright() -> None:
    x = clips(gaps=0, dims=2)
    y = normalize(x, SETTINGS["align"], topology=BODY_25, dims=2)
    lower, upper = (y[:, :2, :, BODY_25.index(end), 0].mean(dim=2) for end in BODY_25.spine)
    assert (upper - lower)[:, 0].abs().max() < 1e-6
    assert ((upper - lower)[:, 1] > 0).all()


@pytest.mark.parametrize("up", [(0, 1, 0), (1, 0, 0), (-1, 0, 0), (0, 0, 1), (0, -1, 0), (0, 0, 0)])
@pytest.mark.parametrize("side", [(1, 0, 0), (0, 1, 0), (0, 0, 0), (0.3, 0.3, 0.3)])
def test_align_survives_any_axes(up: tuple[float, ...], side: tuple[float, ...]) -> None:
    x = torch.randn(1, 3, 4, 25, 1, dtype=torch.float64)
    for (start, end), vector in ((KINECT_V2.spine, up), (KINECT_V2.shoulders, side)):
        first = x[:, :, :, KINECT_V2.index(start)]
        axis = torch.tensor(vector, dtype=torch.float64).view(1, 3, 1, 1)
        x[:, :, :, KINECT_V2.index(end)] = first + axis
    y = normalize(x, SETTINGS["align"], topology=KINECT_V2, dims=3)
    torch.testing.assert_close(y.norm(dim=1), x.norm(dim=1))
    if up == (0, 1, 0) and side in ((0, 1, 0), (0, 0, 0)):  # nothing to turn: the sensor's axes
        torch.testing.assert_close(y, x)


@both
def test_unit_bones_sets_lengths_and_keeps_directions(topology: Topology, dims: int) -> None:
    x = clips(dims=dims)
    y = normalize(x, SETTINGS["unit_bones"], topology=topology, dims=dims)
    (before, whole), (after, _) = (bone_vectors(z, topology=topology, dims=dims) for z in (x, y))
    length, whole = after.norm(dim=1), whole[:, 0]
    for (child, _), wanted in zip(topology.edges, LENGTHS, strict=True):
        found = length[:, :, child][whole[:, :, child]]
        torch.testing.assert_close(found, torch.full_like(found, wanted))
    cosine = torch.nn.functional.cosine_similarity(before, after, dim=1)
    assert cosine[whole].min() > 1 - 1e-9


def test_unit_bones_of_the_mean_body_is_identity() -> None:
    x = clips(gaps=0, n=1, bodies=1)[:, :, :1]
    x = torch.where(x == 0, torch.randn_like(x), x)
    lengths = mean_bone_lengths([x], topology=KINECT_V2, dims=3)
    settings = replace(OFF, unit_bones=True, bone_lengths=lengths)
    torch.testing.assert_close(normalize(x, settings, topology=KINECT_V2, dims=3), x)


def test_unit_bones_keeps_a_bone_without_length_or_mean() -> None:
    x = clips(gaps=0, n=2, bodies=1)[:1]
    child, parent = KINECT_V2.edges[5]
    x[:, :, :, child] = x[:, :, :, parent]
    y = normalize(x, SETTINGS["unit_bones"], topology=KINECT_V2, dims=3)
    torch.testing.assert_close(y[:, :, :, child], y[:, :, :, parent])
    unseen = replace(SETTINGS["unit_bones"], bone_lengths=(0.0, *LENGTHS[1:]))
    assert normalize(x, unseen, topology=KINECT_V2, dims=3).isfinite().all()


@pytest.mark.parametrize("lengths", [None, (1.0, 2.0)])
def test_unit_bones_asks_for_lengths(lengths: tuple[float, ...] | None) -> None:
    settings = Normalize(bone_lengths=lengths)
    with pytest.raises(EdgcnError, match=r"need 24 bone lengths .* fit them with `mean_bone_leng"):
        normalize(clips(), settings, topology=KINECT_V2, dims=3)


def test_mean_bone_lengths_do_not_depend_on_the_batches() -> None:
    x = clips()
    whole = mean_bone_lengths([x], topology=KINECT_V2, dims=3)
    parts = mean_bone_lengths([x[i : i + 1] for i in range(len(x))], topology=KINECT_V2, dims=3)
    np.testing.assert_allclose(whole, parts)
    child, parent = KINECT_V2.edges[0]
    both = visible(x, dims=3)[:, 0, :, child] & visible(x, dims=3)[:, 0, :, parent]
    length = (x[:, :, :, child] - x[:, :, :, parent]).norm(dim=1)[both]
    assert whole[0] == pytest.approx(length.mean().item())
    assert mean_bone_lengths([torch.zeros_like(x)], topology=KINECT_V2, dims=3) == (0.0,) * 24


@every
def test_settings_survive_json(name: str) -> None:
    again = Normalize.from_dict(json.loads(json.dumps(SETTINGS[name].to_dict())))
    assert again == SETTINGS[name]


def test_settings_that_do_not_exist_are_refused() -> None:
    with pytest.raises(EdgcnError, match="no setting 'centre'; did you mean 'center'"):
        Normalize.from_dict({"centre": "first"})
    with pytest.raises(EdgcnError, match="center to be one of first, every, none, got 'frist'"):
        Normalize.from_dict({"center": "frist"})


def test_topology_must_fit() -> None:
    with pytest.raises(EdgcnError, match=r"\(N, C, T, 20, M\) for topology 'kinect_v1'"):
        normalize(clips(), OFF, topology=TOPOLOGIES["kinect_v1"], dims=3)


@pytest.mark.data
@pytest.mark.parametrize("file", ["wmft.npz", "isl30.npz"])
def test_real_people_become_alike(data_dir: Path, file: str) -> None:
    data = np.load(data_dir / file)
    topology = next(t for t in TOPOLOGIES.values() if t.joints == tuple(data["joints"].tolist()))
    bounds = np.concatenate(([0], data["lengths"].cumsum()))
    frames = data["frames"]
    windows = [frames[a:b][np.linspace(0, b - a - 1, 32).astype(int)] for a, b in pairwise(bounds)]
    x = torch.from_numpy(np.stack(windows[::20])).permute(0, 3, 1, 2)[..., None].contiguous()
    lengths = mean_bone_lengths([x], topology=topology, dims=3)
    settings = replace(NORMALIZATIONS["canonical"], bone_lengths=lengths)
    y = normalize(x, settings, topology=topology, dims=3)
    assert y.isfinite().all()
    again = normalize(y, settings, topology=topology, dims=3)
    torch.testing.assert_close(again, y, rtol=1e-3, atol=1e-3)
    turned = normalize(moved(x.double(), dims=3).float(), settings, topology=topology, dims=3)
    torch.testing.assert_close(turned, y, rtol=1e-3, atol=1e-3)
    only_centered = replace(NORMALIZATIONS["paper"], scale="torso")
    spread, before = (
        normalize(x, each, topology=topology, dims=3).var(dim=0).mean()
        for each in (settings, only_centered)
    )
    assert spread < before
