"""Windows: they have the frames that their name says, and none is forgotten or leaks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.recording import Recording, Segment
from edgcn.store import Selection, Store, open_store, write_store
from edgcn.store.windows import EPSILON, windows_of
from helpers import long_store, make_clips, make_long, tiny_recordings, tiny_store, tiny_topology


@settings(max_examples=200, deadline=None)
@given(
    frames=st.integers(1, 80),
    fps=st.sampled_from([5.0, 24.0, 25.0, 29.97, 30.0]),
    seconds=st.sampled_from([0.05, 0.1, 0.5, 1.0, 1.3, 4.0]),
    part=st.sampled_from([0.1, 0.5, 1.0]),
    uneven=st.booleans(),
)
def test_windows_have_the_frames_that_they_say(
    frames: int, fps: float, seconds: float, part: float, uneven: bool
) -> None:
    times = np.arange(frames) / fps
    if uneven:
        times = np.cumsum(np.random.default_rng(frames).exponential(1 / fps, frames))
        times -= times[0]
    starts, begins, stops = windows_of(times, fps, seconds, part * seconds)
    covered = np.zeros(frames, dtype=bool)
    for start, begin, stop in zip(starts, begins, stops, strict=True):
        inside = (times >= start - EPSILON) & (times < start + seconds - EPSILON)
        if stop == frames:
            inside |= times >= start + seconds - EPSILON  # rounding, at most
            inside &= np.arange(frames) >= begin
        assert np.flatnonzero(inside).tolist() == list(range(begin, stop))
        covered[begin:stop] = True
    assert covered.all()
    assert (np.diff(begins) >= 0).all()
    assert len(set(zip(begins.tolist(), stops.tolist(), strict=True))) == len(begins)
    if times[-1] + 1 / fps <= seconds:
        assert (begins.tolist(), stops.tolist()) == ([0], [frames])
    if not uneven:
        assert (abs((stops - begins) - min(frames, seconds * fps)) <= 1).all()


@pytest.mark.parametrize("uneven", [False, True])
def test_windows_are_of_every_recording_and_named_by_their_start(
    tmp_path: Path, uneven: bool
) -> None:
    store = long_store(tmp_path, uneven=uneven)
    windows = store.windows(0.5, 0.25)
    assert set(windows.recordings.tolist()) == set(range(len(store.recordings)))
    assert (windows.labels == -1).all()
    assert windows.batch(np.arange(len(windows)), 4).shape[0] == len(windows)
    for row in range(len(windows)):
        name, _, start = str(windows.names[row]).rpartition("@")
        whole = store.recording(name)
        assert windows.recordings[row] == store.recordings.names.tolist().index(name)
        times = np.arange(len(whole.frames)) / 25 if whole.times is None else whole.times
        begin = int(np.flatnonzero(times >= float(start) - 1e-3)[0])
        clip = windows.clip(row)
        np.testing.assert_array_equal(clip, whole.frames[begin : begin + len(clip)])
        assert (windows.subjects[row], windows.cameras[row]) == (whole.subject, whole.camera)


def test_of_trimmed_clips_shorter_ones_are_whole(tmp_path: Path) -> None:
    store = tiny_store(tmp_path)
    windows, clips = store.windows(60.0, 30.0), store.clips()
    assert windows.names.tolist() == [f"{name}@0" for name in clips.names]
    np.testing.assert_array_equal(windows.lengths, clips.lengths)


@pytest.mark.parametrize(("seconds", "step"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (np.nan, 1.0)])
def test_windows_without_length_are_refused(tmp_path: Path, seconds: float, step: float) -> None:
    with pytest.raises(EdgcnError, match="longer than 0 seconds"):
        tiny_store(tmp_path).windows(seconds, step)


def frames_of(some: Selection) -> set[int]:
    spans = zip(some.offsets.tolist(), some.lengths.tolist(), strict=True)
    return {frame for offset, length in spans for frame in range(offset, offset + length)}


def assert_nothing_leaks(store: Store, by: str | None) -> tuple[Selection, Selection]:
    train, test = (store.windows(0.4, 0.2, split=side, by=by) for side in ("train", "test"))
    if len(store.clips()):
        assert not frames_of(train) & frames_of(store.clips("test", by=by))
    assert not frames_of(train) & frames_of(test)
    assert len(train)
    assert len(test)
    return train, test


@pytest.mark.parametrize("by", [None, "people", "subject:s2", "given", "camera:c2", "time"])
def test_training_windows_have_nothing_of_what_tests(tmp_path: Path, by: str | None) -> None:
    train, _ = assert_nothing_leaks(long_store(tmp_path, each=2), by)
    if by != "time":
        learned = set(train.subjects.tolist())
        assert learned <= set(train.store.clips("train", by=by).subjects.tolist())


def test_a_recording_of_two_people_trains_only_if_neither_tests(tmp_path: Path) -> None:
    whole = make_long(make_clips(12, 3, 4, 0, tiny_topology()), 3)
    two = replace(whole[0].segments[1], person="s4")
    whole[0] = replace(whole[0], subject="", segments=(whole[0].segments[0], two))
    whole[1] = replace(whole[1], subject="", segments=())  # nobody knows who this is
    write_store(tiny_recordings(clips=whole), tmp_path / "s")
    train, test = assert_nothing_leaks(open_store(tmp_path / "s"), "subject:s4")
    assert 0 not in train.recordings
    assert {0, 3} == set(test.recordings.tolist())


def test_windows_of_what_nobody_annotated_are_split_by_the_recordings(tmp_path: Path) -> None:
    whole = [
        replace(r, segments=()) for r in make_long(make_clips(12, 3, 4, 0, tiny_topology()), 3)
    ]
    write_store(tiny_recordings(clips=whole), tmp_path / "s")
    train, test = assert_nothing_leaks(open_store(tmp_path / "s"), None)
    assert set(train.subjects.tolist()) == {"s1", "s2", "s3"}
    assert set(test.subjects.tolist()) == {"s4"}
    assert_nothing_leaks(open_store(tmp_path / "s"), "time")


def test_windows_of_one_side_of_several_folds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match="has 4 folds"):
        long_store(tmp_path).windows(1.0, 1.0, split="train", by="loso")


def test_gaps_in_time_have_no_windows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(20, 1, 5, 3)).astype(np.float32)
    times = np.concatenate([np.arange(10) / 10, 100 + np.arange(10) / 10])
    lone = Recording(frames, "r", (Segment(0, 5),), times=times)
    write_store(tiny_recordings(clips=[lone], fps=10.0), tmp_path / "s")
    windows = open_store(tmp_path / "s").windows(0.5, 0.5)
    assert windows.names.tolist() == ["r@0", "r@0.5", "r@100", "r@100.5"]
    assert windows.lengths.tolist() == [5] * 4
