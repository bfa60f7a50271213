"""Stores joined into one: the same recordings on one skeleton, each training only where it did."""

import filecmp
import json
import shutil
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.pipeline.adapter import Adapter
from edgcn.skeleton.layouts import KINECT_V1, KINECT_V2
from edgcn.skeleton.recording import Recording, Skipped, SplitRule
from edgcn.skeleton.remap import plan_remap
from edgcn.store import Store, write_store
from edgcn.store.union import read_stores
from helpers import (
    long_store,
    make_clips,
    make_long,
    tiny_file,
    tiny_recordings,
    tiny_store,
    tiny_topology,
)

FILES = ("frames.npy", "hashes.npy", "recordings.npz", "segments.npz", "store.json")


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
        replace(
            clip,
            segments=(replace(clip.segments[0], label=-1),),
            subject="" if index % 4 == 1 else clip.subject,
        )
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


def union(folder: Path, out: Path, *, topology: str | None = "kinect_v1", **settings: Any) -> Store:
    config = PrepareConfig(reader="stores", path=folder, out=out, topology=topology, **settings)
    return prepare(config, say=lambda _: None)


def refused(folder: Path, **settings: Any) -> str:
    """What a union is refused with; nothing is written."""
    out = folder.parent / "refused"
    with pytest.raises(EdgcnError) as caught:
        union(folder, out, **settings)
    assert not out.exists()
    return str(caught.value)


def alike(one: Path, other: Path) -> bool:
    return filecmp.cmpfiles(one, other, FILES, shallow=False)[0] == list(FILES)


def test_every_clip_is_that_of_its_store_adapted(parts: dict[str, Store], tmp_path: Path) -> None:
    joined = union(tmp_path / "stores", tmp_path / "u")
    assert joined.topology == KINECT_V1
    assert joined.bodies == 2
    clips, row = joined.clips(), 0
    for name, store in parts.items():
        plan = plan_remap(store.topology, KINECT_V1)
        own = store.clips()
        view = own.adapted(Adapter(plan, KINECT_V1, 3, 3, "m", bodies=2))
        for number in range(len(own)):
            np.testing.assert_array_equal(clips.clip(row), view.clip(number))
            rows = (np.array([row]), np.array([number]))
            np.testing.assert_array_equal(clips.hashes_of(rows[0]), own.hashes_of(rows[1]))
            assert clips.names[row] == f"{name}/{own.names[number]}"
            person = own.subjects[number]
            assert clips.subjects[row] == (f"{name}/{person}" if person else "")
            assert clips.cameras[row] == own.cameras[number]
            assert clips.conditions[row] == own.conditions[number]
            label, own_label = clips.labels[row], own.labels[number]
            assert (label < 0) == (own_label < 0)
            if label >= 0:
                assert joined.classes[label] == f"{name}: {store.classes[own_label]}"
            row += 1
    assert row == len(clips)
    assert len(joined.classes) == sum(len(store.classes) for store in parts.values())


def test_it_learns_from_what_the_stores_learn_from_and_tests_on_what_they_test_on(
    parts: dict[str, Store], tmp_path: Path
) -> None:
    split = union(tmp_path / "stores", tmp_path / "u").clips().split()
    begins = np.cumsum([0, *(len(store.clips()) for store in parts.values())])
    own = [(b, store.clips().split()) for b, store in zip(begins, parts.values(), strict=False)]
    assert split.train.tolist() == [b + row for b, s in own for row in s.train.tolist()]
    assert split.test.tolist() == [b + row for b, s in own for row in s.test.tolist()]
    assert len(split.train) + len(split.test) < begins[-1]  # what is held back stays held back


@pytest.mark.parametrize("uneven", [False, True])
def test_long_recordings_stay_whole(tmp_path: Path, uneven: bool) -> None:
    store = long_store(tmp_path / "stores", name="long", uneven=uneven, fps=50.0)
    tiny_store(tmp_path / "stores", name="short", clips=20, seed=5)
    joined = union(tmp_path / "stores", tmp_path / "u", topology=None)
    assert joined.fps == 25.0
    for row in range(len(store.recordings)):
        own, other = store.recording(row), joined.recording(row)
        np.testing.assert_array_equal(own.frames, other.frames)
        assert (other.name, other.subject) == (f"long/{own.name}", f"long/{own.subject}")
        assert (other.fps, other.start) == (50.0, own.start)
        assert [(s.start, s.stop, s.label) for s in other.segments] == [
            (s.start, s.stop, s.label) for s in own.segments
        ]
        assert [s.name for s in other.segments] == [f"long/{s.name}" for s in own.segments]
        times = np.arange(len(own.frames)) / 50 if own.times is None else own.times
        if uneven:
            np.testing.assert_array_equal(other.times, times)
        else:
            assert other.times is None


@pytest.mark.parametrize("left_out", [("b",), ("a", "c")])
def test_what_is_left_out_might_as_well_not_be_there(
    parts: dict[str, Store], tmp_path: Path, left_out: tuple[str, ...]
) -> None:
    without = union(
        tmp_path / "stores", tmp_path / "u", options={"leave_out": " , ".join(left_out)}
    )
    for name in left_out:
        shutil.rmtree(parts[name].path)
    union(tmp_path / "stores", tmp_path / "v")
    assert alike(tmp_path / "u", tmp_path / "v")
    names = without.recordings.names.tolist()
    assert {name.partition("/")[0] for name in names} == parts.keys() - set(left_out)


def test_a_union_beside_its_parts_is_made_again_without_itself(
    parts: dict[str, Store], tmp_path: Path
) -> None:
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


def test_what_became_of_each_store_s_joints_is_said(
    parts: dict[str, Store], tmp_path: Path
) -> None:
    said: list[str] = []
    path, out = tmp_path / "stores", tmp_path / "u"
    prepare(
        PrepareConfig(reader="stores", path=path, out=out, topology="kinect_v1"), say=said.append
    )
    plans = {name: plan_remap(store.topology, KINECT_V1) for name, store in parts.items()}
    assert said[:3] == [f"{name}: {plan.summary()}" for name, plan in plans.items()]
    assert said[3].endswith("note: b: made for tests; c: made for tests")


def test_stores_of_one_skeleton_need_no_topology_and_keep_their_scores(tmp_path: Path) -> None:
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
    some = joined.clips()
    for row in range(len(scored.clips())):
        got = some.clip(len(plain.clips()) + row)
        np.testing.assert_array_equal(got, scored.clips().clip(row))


def test_one_store_is_a_union_of_one(tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "stores", name="only")
    joined = union(tmp_path / "stores", tmp_path / "u", topology=None)
    np.testing.assert_array_equal(joined.frames, store.frames)
    assert joined.clips().split().train.tolist() == store.clips().split().train.tolist()


def test_the_frame_rate_is_that_of_most_recordings(parts: dict[str, Store], tmp_path: Path) -> None:
    assert read_stores(tmp_path / "stores").fps == 30.0
    tiny_store(tmp_path / "stores", name="d", clips=60, fps=15.0, seed=7)
    assert read_stores(tmp_path / "stores").fps == 15.0
    assert read_stores(tmp_path / "stores", leave_out="c,d").fps == 30.0


def test_recordings_are_read_one_by_one(tmp_path: Path) -> None:
    long = [
        replace(c, frames=np.tile(c.frames[:1], (500, 1, 1, 1)))
        for c in make_clips(60, 3, 4, 0, KINECT_V1)
    ]
    store = tiny_store(tmp_path / "stores", name="long", clips=long, topology=KINECT_V1)
    recordings = read_stores(tmp_path / "stores")
    tracemalloc.start()
    frames = sum(len(item.frames) for item in recordings.recordings if isinstance(item, Recording))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert frames == len(store.frames)
    assert peak < store.frames.nbytes / 8


# What cannot be joined


def test_several_skeletons_need_one_to_be_chosen(parts: dict[str, Store], tmp_path: Path) -> None:
    said = refused(tmp_path / "stores", topology=None)
    assert "a (kinect_v1), b (kinect_v2), c (tiny5)" in said
    assert "--topology" in said


def test_a_folder_without_stores_is_no_data_set(same: Path, tmp_path: Path) -> None:
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


def test_a_name_that_is_not_there_cannot_be_left_out(same: Path) -> None:
    said = refused(same, options={"leave_out": "two,tow"})
    assert "no store is named 'tow'" in said
    assert "there are one, two; did you mean 'two'?" in said


def test_pixels_are_not_joined_with_meters(same: Path) -> None:
    tiny_store(same, name="screen", units="px", dims=2, seed=9)
    said = refused(same, topology=None)
    assert f"{same / 'one'} in m (3D) and {same / 'screen'} in px (2D)" in said
    joined = union(same, same.parent / "u", topology=None, options={"leave_out": "screen"})
    assert joined.units == "m"


def test_pixels_are_joined_with_pixels(tmp_path: Path) -> None:
    for seed, name in enumerate(("one", "two")):
        tiny_store(tmp_path / "px", name=name, units="px", dims=2, seed=seed)
    joined = union(tmp_path / "px", tmp_path / "u", topology=None)
    assert (joined.units, joined.dims) == ("px", 2)


def test_one_store_under_two_names_would_leak_what_is_left_out(same: Path) -> None:
    (same / "link").symlink_to(same / "one")
    assert f"{same / 'link'} and {same / 'one'} are of the same recordings" in refused(same)
    (same / "link").unlink()
    shutil.copytree(same / "one", same / "zopy")
    assert "leave_out zopy" in refused(same)


def test_recordings_prepared_twice_are_refused_too(tmp_path: Path) -> None:
    tiny_file(tmp_path / "clips.npz")
    for name, dtype in (("one", "float32"), ("two", "float16")):
        values: dict[str, Any] = {"path": tmp_path / "clips.npz", "dtype": dtype}
        prepare(
            PrepareConfig(reader="clips_npz", **values, out=tmp_path / "in" / name),
            say=lambda _: None,
        )
    assert "two are of the same recordings; leave one of them out" in refused(tmp_path / "in")


def test_a_union_is_never_written_over_its_parts(same: Path) -> None:
    before = {path: path.read_bytes() for path in same.rglob("*") if path.is_file()}
    for out in (same / "one", same):
        with pytest.raises(EdgcnError, match="choose another --out"):
            union(same, out, topology=None, overwrite=True)
    assert before == {path: path.read_bytes() for path in same.rglob("*") if path.is_file()}


def test_a_damaged_store_is_not_passed_over_but_can_be_left_out(same: Path) -> None:
    bad = same / "two" / "frames.npy"
    bad.write_bytes(bad.read_bytes()[:-100])
    assert f"{same / 'two'} is a damaged store" in refused(same)
    bad.unlink()
    assert f"{same / 'two'} is not a store (frames.npy is missing)" in refused(same)
    (same / "two" / "store.json").write_text("{")
    assert str(same / "two") in refused(same)
    joined = union(same, same.parent / "u", topology=None, options={"leave_out": "two"})
    assert json.loads((joined.path / "store.json").read_text())["reader"] == "stores"


def test_a_store_that_does_not_say_who_tests_is_refused(same: Path) -> None:
    clips = make_clips(6, 3, 1, 3, tiny_topology())
    write_store(tiny_recordings(clips=clips, subjects=1, splits={}), same / "lonely")
    said = refused(same)
    assert f"{same / 'lonely'}, but its split 'subject' leaves one side empty" in said
    assert "leave_out lonely" in said


# Who tests in one store does not train in another


def people_split(*tested: str) -> dict[str, SplitRule]:
    return {"people": SplitRule("subject", test=tested)}


def frames_in_both(store: Store) -> set[int]:
    """Frames, by hash, of recordings that train and of recordings that test."""
    table = store.recordings
    train, test = (
        set(store.hashes[np.repeat(table.tags == side, table.lengths)].tolist())
        for side in ("train", "test")
    )
    assert train
    assert test
    return train & test


def overlapping(folder: Path, **of_b: Any) -> None:
    """Store A of six people, and B of five of them, each of whom may test elsewhere."""
    clips = make_clips(36, 3, 6, 0, tiny_topology())
    fewer = [clip for clip in clips if clip.subject != "s1"]
    tiny_store(folder, name="A", clips=clips, splits=of_b.pop("rules_of_a", {}))
    tiny_store(folder, name="B", **{"clips": fewer, "splits": {}} | of_b)


def test_a_store_with_one_person_less_has_the_same_people_on_each_side(tmp_path: Path) -> None:
    overlapping(tmp_path / "in")
    joined = union(tmp_path / "in", tmp_path / "u", topology=None)
    assert not frames_in_both(joined)
    assert not joined.metadata["skipped"]


def test_clips_that_another_store_tests_on_are_refused_or_left_out(tmp_path: Path) -> None:
    overlapping(tmp_path / "in", rules_of_a=people_split("s2"), splits=people_split("s3", "s4"))
    said = refused(tmp_path / "in", topology=None)
    assert "18 recordings train in one store, and another tests on them: B/clip0" in said
    assert "and 13 more; leave them out" in said
    assert "--options overlap leave_out" in said
    joined = union(tmp_path / "in", tmp_path / "u", topology=None, options={"overlap": "leave_out"})
    assert not frames_in_both(joined)
    clips = joined.clips()
    assert set(clips.subjects[clips.tags == "test"]) == {"A/s2", "B/s3", "B/s4"}
    assert set(clips.subjects[clips.tags == "train"]) == {"A/s1", "A/s5", "A/s6", "B/s5", "B/s6"}
    skipped = [Skipped(**item) for item in joined.metadata["skipped"]]
    assert len(skipped) == 18
    assert all(item.known for item in skipped)
    assert {item.path[:2] for item in skipped} == {"A/", "B/"}
    assert "B tests on its frames" in skipped[0].reason


def test_frames_are_known_again_on_another_skeleton(tmp_path: Path) -> None:
    for name, rules in (("A", people_split("s2")), ("B", people_split("s3"))):
        clips = make_clips(12, 3, 4, 0, KINECT_V2)
        some = clips if name == "A" else clips[:-1]  # the very same would be refused before
        tiny_store(tmp_path / "in", name=name, clips=some, topology=KINECT_V2, splits=rules)
    (tmp_path / "only").mkdir()
    shutil.move(tmp_path / "in" / "B", tmp_path / "only" / "B")
    converted = union(tmp_path / "only", tmp_path / "c")
    rules = {"sides": SplitRule("split", test=("test",))}
    again = [converted.recording(row) for row in range(len(converted.recordings))]
    tiny_store(tmp_path / "in", name="B", clips=again, topology=KINECT_V1, splits=rules)
    assert "and another tests on them" in refused(tmp_path / "in")
    joined = union(tmp_path / "in", tmp_path / "u", options={"overlap": "leave_out"})
    assert not frames_in_both(joined)


def test_in_stores_that_share_frames_people_are_known_by_name(tmp_path: Path) -> None:
    clips = make_clips(36, 3, 6, 0, tiny_topology())
    others = make_clips(36, 3, 6, 1, tiny_topology())
    of_s2 = [clip for clip in others if clip.subject == "s2"]  # of the same person, and new
    overlapping(
        tmp_path / "in",
        rules_of_a=people_split("s2"),
        clips=[*(c for c in clips if c.subject in ("s5", "s6")), *of_s2],
        splits=people_split("s6"),
    )
    skipped = union(
        tmp_path / "in", tmp_path / "u", topology=None, options={"overlap": "leave_out"}
    ).metadata["skipped"]
    left_out = {item["path"] for item in skipped}
    assert {f"B/{clip.name}" for clip in of_s2} <= left_out
    shutil.rmtree(tmp_path / "in" / "B")
    tiny_store(tmp_path / "in", name="B", clips=others, splits=people_split("s3"))
    union(tmp_path / "in", tmp_path / "v", topology=None)  # other people with the same names


def test_a_recording_is_left_out_whole(tmp_path: Path) -> None:
    """Windows of it would have the frames between its clips."""
    clips = make_clips(12, 3, 4, 0, tiny_topology())
    whole = make_long(clips, 3)
    tiny_store(tmp_path / "in", name="long", clips=whole, splits=people_split("s4"))
    lone = replace(clips[0], subject="x")  # once cut out, under another name
    rest = make_clips(4, 2, 2, 7, tiny_topology())
    tiny_store(tmp_path / "in", name="cut", clips=[lone, *rest], splits=people_split("x"))
    joined = union(tmp_path / "in", tmp_path / "u", topology=None, options={"overlap": "leave_out"})
    assert [item["path"] for item in joined.metadata["skipped"]] == [f"long/{whole[0].name}"]
    assert f"long/{whole[0].name}" not in joined.recordings.names
    assert len(joined.recordings) == len(whole) - 1 + len(rest) + 1


def test_of_a_recording_with_people_on_both_sides_only_those_who_test_stay(tmp_path: Path) -> None:
    whole = make_long(make_clips(12, 3, 4, 0, tiny_topology()), 3)
    guest = replace(whole[0].segments[1], person="s4")
    whole[0] = replace(whole[0], segments=(whole[0].segments[0], guest, whole[0].segments[2]))
    tiny_store(tmp_path / "in", name="long", clips=whole, splits=people_split("s4"))
    joined = union(tmp_path / "in", tmp_path / "u", topology=None)
    assert [item["path"] for item in joined.metadata["skipped"]] == ["long/clip000", "long/clip002"]
    mixed = joined.recording(f"long/{whole[0].name}")
    assert (mixed.split, [part.person for part in mixed.segments]) == ("test", ["long/s4"])
    assert not frames_in_both(joined)
