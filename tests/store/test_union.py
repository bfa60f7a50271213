"""Stores joined into one: the same clips on one skeleton, each training only where it trained."""

import filecmp
import json
import shutil
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.commands.config import PrepareConfig
from edgcn.commands.prepare import prepare
from edgcn.pipeline.adapter import Bridge
from edgcn.skeleton.layouts import KINECT_V1, KINECT_V2
from edgcn.skeleton.recording import Clip, SplitRule
from edgcn.skeleton.remap import plan_remap
from edgcn.store import Store, open_store, write_store
from edgcn.store.union import read_stores
from helpers import make_clips, tiny_file, tiny_recordings, tiny_store, tiny_topology

FILES = ("frames.npy", "index.npz", "store.json")


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Store]:
    """Three stores that differ in all that may differ, under `stores`."""
    folder = tmp_path / "stores"
    tagged = [
        replace(clip, split=("train", "val", "test")[index % 3])
        for index, clip in enumerate(make_clips(15, 3, 5, 1, KINECT_V2))
    ]
    rules = {"given": SplitRule("split", ("train",), ("test",))}
    somebody = [
        replace(clip, label=-1, subject="" if index % 4 == 1 else clip.subject)
        for index, clip in enumerate(make_clips(12, 2, 3, 2, tiny_topology(), bodies=2))
    ]
    return {
        "a": tiny_store(folder, name="a", topology=KINECT_V1, clips=20, fps=30.0, note=""),
        "b": tiny_store(folder, name="b", topology=KINECT_V2, clips=tagged, splits=rules, fps=30.0),
        "c": tiny_store(folder, name="c", clips=somebody, bodies=2, classes=2, splits={}, fps=15.0),
    }


@pytest.fixture
def same(tmp_path: Path) -> Path:
    """A folder of two stores of one skeleton."""
    for seed, name in enumerate(("one", "two")):
        tiny_store(tmp_path / "same", name=name, seed=seed)
    return tmp_path / "same"


def union(folder: Path, out: Path, *, topology: str | None = "kinect_v1", **settings) -> Store:
    config = PrepareConfig(reader="stores", path=folder, out=out, topology=topology, **settings)
    return open_store(prepare(config, say=lambda _: None))


def refused(folder: Path, **settings) -> str:
    """What a union is refused with; nothing is written."""
    out = folder.parent / "refused"
    with pytest.raises(EdgcnError) as caught:
        union(folder, out, **settings)
    assert not out.exists()
    return str(caught.value)


def alike(one: Path, other: Path) -> bool:
    return filecmp.cmpfiles(one, other, FILES, shallow=False)[0] == list(FILES)


def test_every_clip_is_that_of_its_store_over_the_bridge(parts: dict[str, Store], tmp_path: Path):
    joined = union(tmp_path / "stores", tmp_path / "u")
    assert joined.topology == KINECT_V1
    assert joined.bodies == 2
    row = 0
    for name, store in parts.items():
        plan = plan_remap(store.topology, KINECT_V1)
        view = store.seen_as(Bridge(plan, KINECT_V1, 3, 3, "m", bodies=2))
        for own in range(len(store)):
            np.testing.assert_array_equal(joined.clip(row), view.clip(own))
            assert joined.names[row] == f"{name}/{store.names[own]}"
            person = store.subjects[own]
            assert joined.subjects[row] == (f"{name}/{person}" if person else "")
            assert joined.cameras[row] == store.cameras[own]
            assert joined.conditions[row] == store.conditions[own]
            label, own_label = joined.labels[row], store.labels[own]
            assert (label < 0) == (own_label < 0)
            if label >= 0:
                assert joined.classes[label] == f"{name}: {store.classes[own_label]}"
            row += 1
    assert row == len(joined)
    assert len(joined.classes) == sum(len(store.classes) for store in parts.values())


def test_it_learns_from_what_the_stores_learn_from_and_tests_on_what_they_test_on(
    parts: dict[str, Store], tmp_path: Path
):
    split = union(tmp_path / "stores", tmp_path / "u").split()
    begins = np.cumsum([0, *map(len, parts.values())])
    own = [(begin, store.split()) for begin, store in zip(begins, parts.values(), strict=False)]
    assert split.train.tolist() == [b + row for b, s in own for row in s.train.tolist()]
    assert split.test.tolist() == [b + row for b, s in own for row in s.test.tolist()]
    assert len(split.train) + len(split.test) < begins[-1]  # what is held back stays held back


@pytest.mark.parametrize("left_out", [("b",), ("a", "c")])
def test_what_is_left_out_might_as_well_not_be_there(
    parts: dict[str, Store], tmp_path: Path, left_out: tuple[str, ...]
):
    without = union(
        tmp_path / "stores", tmp_path / "u", options={"leave_out": " , ".join(left_out)}
    )
    for name in left_out:
        shutil.rmtree(parts[name].path)
    union(tmp_path / "stores", tmp_path / "v")
    assert alike(tmp_path / "u", tmp_path / "v")
    assert {name.partition("/")[0] for name in without.names} == parts.keys() - set(left_out)


def test_a_union_beside_its_parts_is_made_again_without_itself(
    parts: dict[str, Store], tmp_path: Path
):
    folder = tmp_path / "stores"
    union(folder, tmp_path / "first")
    (folder / ".u.unfinished").mkdir()
    shutil.copy(parts["a"].path / "store.json", folder / ".u.unfinished")
    for _ in range(2):
        union(folder, folder / "u", overwrite=True)
        assert alike(folder / "u", tmp_path / "first")
    (folder / "u" / "frames.npy").unlink()  # a damaged one can be made again, too
    union(folder, folder / "u", overwrite=True)
    assert alike(folder / "u", tmp_path / "first")


def test_what_became_of_each_store_s_joints_is_said(parts: dict[str, Store], tmp_path: Path):
    said: list[str] = []
    path, out = tmp_path / "stores", tmp_path / "u"
    prepare(
        PrepareConfig(reader="stores", path=path, out=out, topology="kinect_v1"), say=said.append
    )
    plans = {name: plan_remap(store.topology, KINECT_V1) for name, store in parts.items()}
    assert said[:3] == [f"{name}: {plan.summary()}" for name, plan in plans.items()]
    assert said[3].endswith("note: b: made for tests; c: made for tests")


def test_stores_of_one_skeleton_need_no_topology_and_keep_their_scores(tmp_path: Path):
    rng = np.random.default_rng(0)
    clips = [
        replace(clip, scores=rng.random(clip.frames.shape[:3]).astype(np.float32))
        for clip in make_clips(12, 3, 4, 5, tiny_topology())
    ]
    scored = tiny_store(tmp_path / "stores", name="scored", clips=clips)
    plain = tiny_store(tmp_path / "stores", name="plain", clips=6, subjects=2)
    joined = union(tmp_path / "stores", tmp_path / "u", topology=None)
    assert joined.topology == tiny_topology()
    before = len(plain.frames)
    assert scored.scores is not None
    assert joined.scores is not None
    np.testing.assert_array_equal(joined.scores[before:], scored.scores)
    assert (joined.scores[:before] == 1).all()
    for row in range(len(scored)):
        np.testing.assert_array_equal(joined.clip(len(plain) + row), scored.clip(row))


def test_one_store_is_a_union_of_one(tmp_path: Path):
    store = tiny_store(tmp_path / "stores", name="only")
    joined = union(tmp_path / "stores", tmp_path / "u", topology=None)
    np.testing.assert_array_equal(joined.frames, store.frames)
    assert joined.split().train.tolist() == store.split().train.tolist()


def test_the_frame_rate_is_that_of_most_clips(parts: dict[str, Store], tmp_path: Path):
    assert read_stores(tmp_path / "stores").fps == 30.0
    tiny_store(tmp_path / "stores", name="d", clips=60, fps=15.0, seed=7)
    assert read_stores(tmp_path / "stores").fps == 15.0
    assert read_stores(tmp_path / "stores", leave_out="c,d").fps == 30.0


def test_clips_are_read_one_by_one(tmp_path: Path):
    long = [replace(c, frames=np.tile(c.frames[:1], (500, 1, 1, 1)))
            for c in make_clips(60, 3, 4, 0, KINECT_V1)]  # fmt: skip
    store = tiny_store(tmp_path / "stores", name="long", clips=long, topology=KINECT_V1)
    recordings = read_stores(tmp_path / "stores")
    tracemalloc.start()
    frames = sum(len(clip.frames) for clip in recordings.clips if isinstance(clip, Clip))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert frames == len(store.frames)
    assert peak < store.frames.nbytes / 8


# What cannot be joined


def test_several_skeletons_need_one_to_be_chosen(parts: dict[str, Store], tmp_path: Path):
    said = refused(tmp_path / "stores", topology=None)
    assert "a (kinect_v1), b (kinect_v2), c (tiny5)" in said
    assert "--topology" in said


def test_a_folder_without_stores_is_no_data_set(same: Path, tmp_path: Path):
    assert "found nothing there" in refused(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    assert "found a file" in refused(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert "found none; make some with `edgcn prepare" in refused(tmp_path / "empty")
    (tmp_path / "empty" / "sub").mkdir()
    assert "found none" in refused(tmp_path / "empty")
    assert "got one store" in refused(same / "one")
    union(same, tmp_path / "unions" / "u", topology=None)
    assert "found u (a union)" in refused(tmp_path / "unions")
    said = refused(same, options={"leave_out": "two,one"})
    assert "found two (left out), one (left out)" in said


def test_a_name_that_is_not_there_cannot_be_left_out(same: Path):
    said = refused(same, options={"leave_out": "two,tow"})
    assert "no store is named 'tow'" in said
    assert "there are one, two; did you mean 'two'?" in said


def test_pixels_are_not_joined_with_meters(same: Path):
    tiny_store(same, name="screen", units="px", dims=2, seed=9)
    said = refused(same, topology=None)
    assert f"{same / 'one'} in m (3D) and {same / 'screen'} in px (2D)" in said
    joined = union(same, same.parent / "u", topology=None, options={"leave_out": "screen"})
    assert joined.units == "m"


def test_pixels_are_joined_with_pixels(tmp_path: Path):
    for seed, name in enumerate(("one", "two")):
        tiny_store(tmp_path / "px", name=name, units="px", dims=2, seed=seed)
    joined = union(tmp_path / "px", tmp_path / "u", topology=None)
    assert (joined.units, joined.dims) == ("px", 2)


def test_one_store_under_two_names_would_leak_what_is_left_out(same: Path):
    (same / "link").symlink_to(same / "one")
    assert f"{same / 'link'} and {same / 'one'} are of the same recordings" in refused(same)
    (same / "link").unlink()
    shutil.copytree(same / "one", same / "zopy")
    assert "leave_out zopy" in refused(same)


def test_recordings_prepared_twice_are_refused_too(tmp_path: Path):
    tiny_file(tmp_path / "clips.npz")
    for name, dtype in (("one", "float32"), ("two", "float16")):
        values = {"reader": "clips_npz", "path": tmp_path / "clips.npz", "dtype": dtype}
        prepare(PrepareConfig(**values, out=tmp_path / "in" / name), say=lambda _: None)
    assert "two are of the same recordings; leave one of them out" in refused(tmp_path / "in")


def test_a_union_is_never_written_over_its_parts(same: Path):
    before = {path: path.read_bytes() for path in same.rglob("*") if path.is_file()}
    for out in (same / "one", same):
        with pytest.raises(EdgcnError, match="choose another --out"):
            union(same, out, topology=None, overwrite=True)
    assert before == {path: path.read_bytes() for path in same.rglob("*") if path.is_file()}


def test_a_damaged_store_is_not_passed_over_but_can_be_left_out(same: Path):
    bad = same / "two" / "frames.npy"
    bad.write_bytes(bad.read_bytes()[:-100])
    assert f"{same / 'two'} is a damaged store" in refused(same)
    bad.unlink()
    assert f"{same / 'two'} is not a store (frames.npy is missing)" in refused(same)
    (same / "two" / "store.json").write_text("{")
    assert str(same / "two") in refused(same)
    joined = union(same, same.parent / "u", topology=None, options={"leave_out": "two"})
    assert json.loads((joined.path / "store.json").read_text())["reader"] == "stores"


def test_a_store_that_does_not_say_who_tests_is_refused(same: Path):
    clips = make_clips(6, 3, 1, 3, tiny_topology())
    write_store(tiny_recordings(clips=clips, subjects=1, splits={}), same / "lonely")
    said = refused(same)
    assert f"{same / 'lonely'}, but its split 'subject' leaves one side empty" in said
    assert "leave_out lonely" in said
