"""What was learned from is known again: in another split, store, skeleton or union."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.skeleton.layouts import KINECT_V1, KINECT_V2
from edgcn.skeleton.recording import SplitRule
from edgcn.store import Store, learned
from edgcn.store.learned import Learned, Overlap, learned_from, merged, overlap
from helpers import long_store, make_clips, make_long, tiny_store, tiny_topology


def people_split(*tested: str) -> dict[str, SplitRule]:
    return {"people": SplitRule("subject", test=tested)}


def of_split(source: Store, by: str | None) -> Learned:
    """What is learned from its training side, or from `all` of it."""
    clips = source.clips()
    return learned_from(clips, np.arange(len(clips)) if by == "all" else clips.split(by).train)


def among_tested(known: Learned | None, store: Store, by: str | None = None) -> Overlap:
    clips = store.clips()
    return overlap(known, clips, clips.split(by).test)


@pytest.fixture
def six(tmp_path: Path) -> Store:
    """54 clips of six people, of whom one tests."""
    return tiny_store(tmp_path, name="six", clips=54, subjects=6)


# The ways in which test people were learned from, and nobody said so


def test_pretraining_on_all(six: Store) -> None:
    found = among_tested(of_split(six, "all"), six)
    assert found == Overlap(("s6",), 1, 9, 9)
    assert found.text() == "1 of 1 test people were in the pre-training (9 of 9 test clips)"
    everybody = overlap(of_split(six, "all"), six.clips(), np.arange(54)).text()
    assert everybody == "6 of 6 test people were in the pre-training (54 of 54 test clips)"


def test_another_split_of_the_same_store(six: Store) -> None:
    found = among_tested(of_split(six, "subject:s1"), six, "subject:s2")
    assert (found.people, found.clips, found.of_clips) == (("s2",), 9, 9)


def test_a_store_with_one_person_less(six: Store, tmp_path: Path) -> None:
    clips = [six.recording(row) for row in range(54) if six.clips().subjects[row] != "s1"]
    fewer = tiny_store(tmp_path, name="five", clips=clips, splits={})
    found = overlap(of_split(fewer, "all"), six.clips(), np.arange(54))
    assert found == Overlap(("s2", "s3", "s4", "s5", "s6"), 6, 45, 54)


def test_overlapping_stores_in_a_union(six: Store, tmp_path: Path) -> None:
    config = PrepareConfig(reader="stores", path=tmp_path, out=tmp_path / "u")
    both = prepare(config, say=lambda _: None)
    assert of_split(both, None).people == ("six/s1", "six/s2", "six/s3", "six/s4", "six/s5")
    found = among_tested(of_split(both, None), six, "subject:s2,s6")
    assert found == Overlap(("s2",), 2, 9, 18)


def test_nothing_overlaps_where_people_and_recordings_are_others(
    six: Store, tmp_path: Path
) -> None:
    assert among_tested(of_split(six, None), six) == Overlap((), 1, 0, 9)
    assert among_tested(of_split(six, None), six).text() == ""
    other = tiny_store(tmp_path, name="other", clips=54, subjects=6, seed=1)
    assert among_tested(of_split(six, "all"), other) == Overlap((), 1, 0, 9)  # same names only
    assert among_tested(None, six) == Overlap((), 1, 0, 9)


def test_the_same_person_on_new_clips_of_a_store_that_shares_frames(
    six: Store, tmp_path: Path
) -> None:
    old = [six.recording(row) for row in range(9)]  # of s1 to s3
    new = [c for c in make_clips(54, 3, 6, 5, tiny_topology()) if c.subject in ("s5", "s9")]
    nobody = replace(new[0], subject="")
    rules = people_split("s5", "")
    store = tiny_store(tmp_path, name="s", clips=[*old, *new, nobody], splits=rules)
    known = of_split(six, "all")
    assert among_tested(known, store) == Overlap(("s5",), 1, 0, len(new) + 1)
    assert among_tested(known, store).text().startswith("1 of 1 test people")
    assert among_tested(replace(known, people=("x/s5",)), store).people == ("s5",)
    assert among_tested(replace(known, people=("xs5",)), store).people == ()


# Frames


def test_frames_are_known_on_another_skeleton_and_after_rounding(tmp_path: Path) -> None:
    stores = []
    made = make_clips(12, 3, 4, 0, KINECT_V2, bodies=2)
    for name, rest in {"v2": {}, "v1": {"topology": "kinect_v1", "dtype": "float16"}}.items():
        tiny_store(tmp_path / "in", name="x", clips=made, topology=KINECT_V2, bodies=2)
        values: dict[str, Any] = {"reader": "stores", "path": tmp_path / "in"} | rest
        config = PrepareConfig(**values, out=tmp_path / name)
        stores.append(prepare(config, say=lambda _: None))
        (tmp_path / "in" / "x").rename(tmp_path / f"old-{name}")
    v2, v1 = stores
    assert (v2.topology, v1.topology) == (KINECT_V2, KINECT_V1)
    np.testing.assert_array_equal(v2.hashes, v1.hashes)
    assert overlap(of_split(v2, "all"), v1.clips(), np.arange(12)).clips == 12


@pytest.mark.parametrize("uneven", [False, True])
def test_windows_are_known_in_clips_and_clips_in_windows(tmp_path: Path, uneven: bool) -> None:
    store = long_store(tmp_path, uneven=uneven)
    clips, windows = store.clips(), store.windows(0.4, 0.1)
    every = learned_from(windows, np.arange(len(windows)))
    assert len(every.frames) == len(np.unique(store.hashes))
    assert overlap(every, clips, np.arange(len(clips))).clips == len(clips)
    first = learned_from(clips, np.array([0]))
    found = overlap(first, windows, np.arange(len(windows)))
    inside = np.isin(windows.recordings, [0]) & (
        windows.offsets < clips.offsets[0] + clips.lengths[0]
    )
    inside &= windows.offsets + windows.lengths > clips.offsets[0]
    assert found.clips == inside.sum()


def test_clips_of_one_recording_share_only_their_own_frames(tmp_path: Path) -> None:
    made = make_long(make_clips(12, 3, 4, 0, tiny_topology()), 3)
    clips = tiny_store(tmp_path, clips=made).clips()
    known = learned_from(clips, np.array([0]))
    assert overlap(known, clips, np.arange(12)).clips == 1
    assert overlap(known, clips, np.array([1, 2])) == Overlap(("s1",), 1, 0, 2)  # by name


def test_frames_in_which_nobody_is_seen_are_not_known_again(tmp_path: Path) -> None:
    made = make_clips(12, 3, 2, 0, tiny_topology())
    for clip in made:
        clip.frames[1:] = 0
    clips = tiny_store(tmp_path, clips=made, splits=people_split("s2")).clips()
    known = learned_from(clips, np.arange(6))
    assert len(known.frames) == 6
    assert overlap(known, clips, np.arange(6, 12)).clips == 0


# The record


def test_of_many_frames_a_part_is_kept_that_is_the_same_everywhere(
    six: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, clips = np.arange(54), six.clips()
    whole = learned_from(clips, rows)
    assert (whole.modulus, len(whole.frames)) == (1, len(six.frames))
    monkeypatch.setattr(learned, "LIMIT", len(whole.frames) - 1)
    part = learned_from(clips, rows)
    assert part.modulus == 8
    assert set(part.frames) == {h for h in whole.frames if h % 8 == 0}
    assert len(whole.frames) / 16 < len(part.frames) < len(whole.frames) / 4
    found = overlap(part, clips, rows)
    assert found.people == overlap(whole, clips, rows).people
    assert found.clips == sum(
        any(h % 8 == 0 for h in clips.hashes_of(np.array([row])).tolist()) for row in rows
    )
    one, two = (learned_from(clips, rows[::2]), learned_from(clips, rows[1::2]))
    for both in (merged(one, two), merged(part, one), merged(whole, part)):
        assert (both.modulus, both.people) == (8, part.people)
        assert set(both.frames) == set(part.frames)


def test_two_records_are_merged(six: Store, tmp_path: Path) -> None:
    other = tiny_store(tmp_path, name="other", seed=1)
    one, two = of_split(six, None), of_split(other, "all")
    both = merged(one, two)
    assert both.stores == ("other", "six")
    assert both.people == ("s1", "s2", "s3", "s4", "s5")
    assert set(both.frames) == {*one.frames, *two.frames}
    assert (np.diff(both.frames) > 0).all()


def test_a_record_survives_as_tensors(six: Store) -> None:
    known = of_split(six, None)
    frames, metadata = known.to_tensors()
    again = Learned.from_tensors(frames, metadata)
    np.testing.assert_array_equal(again.frames, known.frames)
    assert replace(again, frames=known.frames) == replace(known, frames=known.frames)
    assert among_tested(again, six, "subject:s2") == among_tested(known, six, "subject:s2")
