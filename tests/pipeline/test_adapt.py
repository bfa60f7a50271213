"""An encoder meets another skeleton, sensor or number of bodies, and says what was done."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.embed import embed
from edgcn.models.embedder import Embedder
from edgcn.pipeline.adapt import Adapted
from edgcn.pipeline.inputs import fit_inputs
from edgcn.pipeline.sensor import measure_sensor, torso_and_shoulders
from edgcn.skeleton.layouts import BODY_25, ISL, KINECT_V1, KINECT_V2
from edgcn.skeleton.recording import Recording
from edgcn.skeleton.remap import plan_remap
from edgcn.skeleton.topology import Topology
from edgcn.store import Selection, open_store, write_store
from helpers import SMALL_ENCODER, make_clips, tiny_recordings, tiny_store, twenty_joints

FRAMES = 8
ABOUT = {"encoder": "edgcn-s", "options": SMALL_ENCODER}


def people(
    topology: Topology, *, clips: int = 8, bodies: int = 1, pixels: float = 0.0
) -> list[Recording]:
    """Upright people with joints missing here and there; as a camera's picture, in pixels."""
    rng = np.random.default_rng(1)
    upright = np.zeros((len(topology), 3), dtype=np.float32)
    for joint in {topology.spine[1], "Neck"} & set(topology.joints):
        upright[topology.index(joint), 1] = 4
    upright[topology.index(topology.shoulders[1]), 0] = 4
    made = []
    for clip in make_clips(clips, 2, 2, 0, topology, bodies=bodies):
        frames = clip.frames + upright
        if pixels:  # each filmed from another distance, right on the left, y down
            factor = pixels * rng.uniform(0.5, 2)
            frames = np.stack([9 - frames[..., 0], 9 - frames[..., 1], 0 * frames[..., 2]], -1)
            frames = frames * factor
            frames[..., 2] = rng.uniform(0.1, 1, frames.shape[:3])
        frames[rng.random(frames.shape[:3]) < 0.1] = 0
        made.append(replace(clip, frames=frames.astype(np.float32)))
    return made


def store_of(folder: Path, topology: Topology, clips: list[Recording], **changes: Any) -> Selection:
    values = {"topology": topology, "classes": 2, "subjects": 2, "clips": clips, **changes}
    write_store(tiny_recordings(**values), folder)
    return open_store(folder).clips()


def meters(folder: Path, topology: Topology, **settings: Any) -> Selection:
    bodies = settings.get("bodies", 1)
    return store_of(folder, topology, people(topology, **settings), bodies=bodies)


def pixels(folder: Path, topology: Topology, **settings: Any) -> Selection:
    clips = people(topology, pixels=100, **settings)
    return store_of(folder, topology, clips, units="px", dims=2)


def trained_on(clips: Selection, *, normalize: str = "paper") -> Embedder:
    """An encoder whose tensors are not as they were made, for these clips."""
    inputs = fit_inputs(clips, np.arange(len(clips)), frames=FRAMES, normalize=normalize)
    torch.manual_seed(0)
    made = Embedder.new("edgcn-s", SMALL_ENCODER, inputs, "mean")
    with torch.no_grad():
        for tensor in made.encoder.state_dict().values():
            if tensor.dtype.is_floating_point:
                tensor.copy_(tensor + 0.05 * torch.rand(tensor.shape))
    made.encoder.eval()
    return made


Met = tuple[Embedder, Adapted[Selection]]


def meet(trained: Embedder, clips: Selection, **settings: Any) -> Met:
    return trained.adapted(clips, rows=np.arange(len(clips)), **settings)


def vectors(met: Met) -> np.ndarray:
    embedder, adapted = met
    return embed(embedder, adapted.clips, np.arange(len(adapted.clips)))


@pytest.mark.parametrize("skeleton", ["remap", "rebuild", "position"])
def test_where_all_fits_nothing_happens(tmp_path: Path, skeleton: str) -> None:
    clips = meters(tmp_path / "a", ISL)
    trained = trained_on(clips)
    embedder, adapted = meet(trained, clips, skeleton=skeleton)
    assert adapted.clips is clips
    assert embedder is trained
    assert adapted.inputs == trained.inputs
    assert not adapted.notes
    assert adapted.rebuild is None


@pytest.mark.parametrize("target", [ISL, KINECT_V1, BODY_25])
def test_remap_on_the_fly_is_what_prepare_would_have_done(tmp_path: Path, target: Topology) -> None:
    trained = trained_on(meters(tmp_path / "a", target))
    clips, plan = people(KINECT_V2), plan_remap(KINECT_V2, target)
    store = store_of(tmp_path / "b", KINECT_V2, clips)
    prepared = [replace(clip, frames=plan.apply(clip.frames, dims=3)) for clip in clips]
    expected = meet(trained, store_of(tmp_path / "c", target, prepared))
    met = meet(trained, store)
    adapted = met[1]
    assert adapted.clips.topology.joints == target.joints
    np.testing.assert_array_equal(adapted.clips.clip(3), expected[1].clips.clip(3))
    np.testing.assert_array_equal(vectors(met), vectors(expected))
    assert adapted.record["joints"]["dropped"] == list(plan.dropped)
    assert any(plan.summary() in note for note in adapted.notes)


def test_adapted_clips_leave_their_store_alone_and_have_another_fingerprint(tmp_path: Path) -> None:
    store = meters(tmp_path / "b", KINECT_V2)
    rows, before = np.arange(len(store)), store.batch(np.arange(len(store)), FRAMES)
    view = meet(trained_on(meters(tmp_path / "a", ISL)), store)[1].clips
    assert view.fingerprint != store.fingerprint
    assert view.batch(rows, FRAMES).shape[3] == len(ISL)
    assert torch.equal(store.batch(rows, FRAMES), before)
    assert (store.topology, view.topology) == (KINECT_V2, ISL)


@pytest.mark.parametrize("normalize", ["paper", "canonical"])
def test_rebuilt_on_another_order_embeds_as_before(tmp_path: Path, normalize: str) -> None:
    order = np.random.default_rng(0).permutation(len(ISL))
    other = replace(ISL, name="other", joints=tuple(ISL.joints[v] for v in order))
    clips = people(ISL)
    store = store_of(tmp_path / "a", ISL, clips)
    moved = [replace(clip, frames=clip.frames[:, :, order]) for clip in clips]
    trained = trained_on(store, normalize=normalize)
    matched = meet(trained, store_of(tmp_path / "b", other, moved), skeleton="rebuild")
    assert matched[1].rebuild is not None
    expected = vectors(meet(trained, store))
    np.testing.assert_allclose(vectors(matched), expected, rtol=1e-3, atol=1e-4)
    remapped = meet(trained, open_store(tmp_path / "b").clips())
    np.testing.assert_array_equal(vectors(remapped), expected)


@pytest.mark.parametrize("normalize", ["paper", "canonical"])
def test_rebuilt_on_more_joints_reads_the_stores_own(tmp_path: Path, normalize: str) -> None:
    trained = trained_on(meters(tmp_path / "a", ISL), normalize=normalize)
    matched = meet(trained, meters(tmp_path / "b", KINECT_V2), skeleton="rebuild")
    assert matched[0].inputs.topology == KINECT_V2
    assert np.isfinite(vectors(matched)).all()
    plan = plan_remap(ISL, KINECT_V2)
    assert matched[1].record["joints"]["missing"] == list(plan.missing)


def test_by_position_names_are_not_looked_at(tmp_path: Path) -> None:
    clips = people(ISL)
    trained = trained_on(store_of(tmp_path / "a", ISL, clips))
    store = store_of(tmp_path / "b", KINECT_V1, clips)
    expected = vectors(meet(trained, open_store(tmp_path / "a").clips()))
    np.testing.assert_array_equal(vectors(meet(trained, store, skeleton="position")), expected)
    with pytest.raises(EdgcnError, match=r"20 \('isl'\).* 25 \('kinect_v2'\).*remap.*rebuild"):
        meet(trained, meters(tmp_path / "c", KINECT_V2), skeleton="position")


def test_no_name_in_common_is_refused(tmp_path: Path) -> None:
    names = {joint: f"p{number}" for number, joint in enumerate(ISL.joints)}
    points = Topology(
        "points", tuple(names.values()), tuple((names[a], names[b]) for a, b in ISL.bones),
        names[ISL.center], (), (names["ShoulderLeft"], names["ShoulderRight"]),
        (names["SpineBase"], names["Neck"]), "made for tests",
    )  # fmt: skip
    trained = trained_on(meters(tmp_path / "a", ISL))
    with pytest.raises(EdgcnError, match=r"p0, p1.*--skeleton position"):
        meet(trained, meters(tmp_path / "b", points))
    assert meet(trained, open_store(tmp_path / "b").clips(), skeleton="position")[1].notes


@pytest.mark.parametrize("skeleton", ["remap", "rebuild"])
@pytest.mark.parametrize("topology", [ISL, KINECT_V2])
def test_pixels_become_upright_people_of_the_encoders_size(
    tmp_path: Path, topology: Topology, skeleton: str
) -> None:
    trained = trained_on(meters(tmp_path / "a", ISL))
    embedder, adapted = meet(trained, pixels(tmp_path / "b", topology), skeleton=skeleton)
    view = adapted.clips
    assert (view.units, view.dims) == ("m", 3)
    rows = np.arange(len(view))
    own = embedder.inputs.sensor
    np.testing.assert_allclose(torso_and_shoulders(view, rows)[0][:, 0], own.torso, rtol=0.05)
    seen = measure_sensor(view, rows)
    assert seen.up > 0.5
    assert seen.right > 0.5
    assert not view.batch(rows, FRAMES)[:, 2].any()
    assert adapted.record["signs"] == [-1, -1]
    assert any("torso made" in note for note in adapted.notes)


@pytest.mark.parametrize("zoom", [0.25, 8.0])
def test_how_far_the_camera_was_does_not_matter(tmp_path: Path, zoom: float) -> None:
    trained, clips = trained_on(meters(tmp_path / "a", ISL)), people(ISL, pixels=100)
    nearer = [
        replace(c, frames=c.frames * np.array([zoom, zoom, 1], dtype=np.float32)) for c in clips
    ]
    change = partial(store_of, topology=ISL, units="px", dims=2)
    first, second = (
        vectors(meet(trained, change(tmp_path / name, clips=some)))
        for name, some in (("b", clips), ("c", nearer))
    )
    np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-4)


def test_confidence_in_place_of_a_depth(tmp_path: Path) -> None:
    trained, store = trained_on(meters(tmp_path / "a", ISL)), pixels(tmp_path / "b", ISL)
    flat, sure = (meet(trained, store, depth=depth) for depth in ("zero", "confidence"))
    for row in range(len(store)):
        x = sure[1].clips.clip(row)
        np.testing.assert_array_equal(x[..., 2], store.clip(row)[..., 2])
        np.testing.assert_array_equal(x[..., :2], flat[1].clips.clip(row)[..., :2])
    assert not np.allclose(vectors(flat), vectors(sure))
    assert (flat[1].record["depth"], sure[1].record["depth"]) == ("zero", "confidence")


def test_an_encoder_of_pixels_reads_meters(tmp_path: Path) -> None:
    trained = trained_on(pixels(tmp_path / "a", ISL))
    store = meters(tmp_path / "b", ISL)
    view = meet(trained, store)[1].clips
    assert (view.units, view.dims) == ("px", 2)
    rows = np.arange(len(view))
    seen = measure_sensor(view, rows)
    assert seen.up < -0.5
    assert seen.right < -0.5
    original = store.clip(0)
    np.testing.assert_array_equal(view.clip(0)[..., 2], (original != 0).any(-1))


def test_confidence_as_z_keeps_reading_its_own_kind_of_store(tmp_path: Path) -> None:
    store = pixels(tmp_path / "a", ISL)
    trained = trained_on(store)
    as_depth = replace(trained, inputs=replace(trained.inputs, dims=3))
    adapted = meet(as_depth, store)[1]
    assert adapted.clips is store
    assert not adapted.notes


@pytest.mark.parametrize(("had", "has"), [(2, 1), (1, 2)])
def test_bodies_are_added_or_left_out_and_said(tmp_path: Path, had: int, has: int) -> None:
    trained = trained_on(meters(tmp_path / "a", ISL, bodies=had))
    store = meters(tmp_path / "b", ISL, bodies=has)
    matched = meet(trained, store)
    view = matched[1].clips
    clip = view.clip(0)
    assert clip.shape[1] == had == view.bodies
    np.testing.assert_array_equal(clip[:, :1], store.clip(0)[:, :1])
    assert not clip[:, 1:].any()
    assert any("absent bodies" in note or "only the first" in note for note in matched[1].notes)
    assert vectors(matched).shape == (len(store), 16)


def test_people_whose_size_cannot_be_told_are_refused(tmp_path: Path) -> None:
    trained = trained_on(meters(tmp_path / "a", ISL))
    hidden = [ISL.index(joint) for joint in ("Neck", "ShoulderLeft")]
    clips = people(ISL, pixels=100)
    for clip in clips:
        clip.frames[:, :, hidden] = 0
    with pytest.raises(EdgcnError, match=r"in px .* no clip shows a torso or shoulders"):
        meet(trained, store_of(tmp_path / "b", ISL, clips, units="px", dims=2))


def test_one_false_hip_makes_nobody_point_further_than_up(tmp_path: Path) -> None:
    """Of all frames the mean, of lengths the median: the one may be beyond the other."""
    clips = make_clips(6, 3, 8, 0, twenty_joints())
    lower = twenty_joints().index(twenty_joints().spine[0])
    clips[0].frames[0, 0, lower, 1] -= 500
    store = tiny_store(tmp_path, clips=clips, topology=twenty_joints())
    sensor = measure_sensor(store.clips(), np.arange(6))
    assert abs(sensor.up) <= 1
    assert abs(sensor.right) <= 1
