"""Clips of a store: batches interpolate, in time; what is selected is what comes."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgcn.pipeline.adapter import Adapter
from edgcn.skeleton.layouts import KINECT_V1, KINECT_V2
from edgcn.skeleton.recording import Recording, Segment, trimmed
from edgcn.skeleton.remap import plan_remap
from edgcn.store import Selection, open_store, write_store
from helpers import long_store, make_clips, tiny_recordings, tiny_store, tiny_topology
from reference.resample import positions, resample_clip

JOINTS = len(tiny_topology())


def with_gaps(clips: list[Recording], rng: np.random.Generator) -> list[Recording]:
    """The same clips with joints missing here and there, and one never seen."""
    holed = []
    for clip in clips:
        frames = clip.frames * (rng.random(clip.frames.shape[:3]) > 0.3)[..., None]
        frames[:, :, 2] = 0
        holed.append(replace(clip, frames=frames.astype(np.float32)))
    return holed


Ragged = tuple[Selection, list[Recording]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Ragged:
    """Two bodies, missing joints, lengths from 1 up."""
    rng = np.random.default_rng(3)
    clips = with_gaps(make_clips(14, 3, 2, 5, tiny_topology(), bodies=2), rng)
    clips[0] = trimmed(clips[0].frames[:1], clips[0].name)
    clips[1] = trimmed(clips[1].frames[:2], clips[1].name)
    folder = tmp_path_factory.mktemp("ragged") / "store"
    write_store(tiny_recordings(bodies=2, clips=clips), folder)
    return open_store(folder).clips(), clips


@pytest.fixture
def ragged(whole: Ragged) -> Iterator[Ragged]:
    yield whole
    whole[0].source.held = None


def as_clips(frames: np.ndarray) -> np.ndarray:
    return frames.transpose(3, 0, 2, 1)


def one_clip(folder: Path, frames: np.ndarray, **changes: Any) -> Selection:
    write_store(tiny_recordings(clips=[trimmed(frames, "one")], **changes), folder)
    return open_store(folder).clips()


# Batches


@pytest.mark.parametrize("length", range(1, 80))
def test_as_many_frames_as_there_are_gives_the_clip_itself(tmp_path: Path, length: int) -> None:
    rng = np.random.default_rng(length)
    frames = rng.normal(size=(length, 1, JOINTS, 3)).astype(np.float32)
    frames[rng.random(frames.shape[:3]) < 0.5] = 0  # exactly on a missing frame it stays missing
    frames[0, 0, 0] = 1  # somebody is seen
    clips = one_clip(tmp_path / "s", frames)
    np.testing.assert_array_equal(clips.batch(np.array([0]), length)[0], as_clips(frames))
    np.testing.assert_array_equal(clips.clip(0), frames)


@settings(max_examples=40, deadline=None)
@given(frames=st.integers(1, 30), held=st.booleans())
def test_a_batch_is_the_obvious_interpolation(whole: Ragged, frames: int, held: bool) -> None:
    selection, clips = whole
    selection.source.held = None
    if held:
        selection.source.hold("cpu")
    rows = np.arange(len(clips))[::-1].copy()
    batch = selection.batch(rows, frames).numpy()
    for number, row in enumerate(rows):
        at = positions(len(clips[row].frames) - 1, frames, Fraction(0), Fraction(1))
        slow = resample_clip(clips[row].frames, at, dims=3)
        np.testing.assert_allclose(batch[number], slow, atol=2e-5)
        assert ((batch[number] != 0) == (slow != 0)).all()


def test_a_clip_of_one_frame_is_repeated(ragged: Ragged) -> None:
    selection, clips = ragged
    batch = selection.batch(np.array([0]), 6)
    np.testing.assert_array_equal(batch[0], as_clips(clips[0].frames).repeat(6, axis=1))


def test_held_frames_and_the_memory_map_give_the_same(ragged: Ragged) -> None:
    selection, clips = ragged
    rows = np.arange(len(clips))
    mapped = selection.batch(rows, 13)
    selection.source.hold(torch.device("cpu"))
    assert torch.equal(selection.batch(rows, 13), mapped)
    some = selection.take(rows[::2])
    assert some.source.held is selection.store.clips().source.held  # the store has them once
    assert torch.equal(some.batch(np.arange(len(some)), 13), mapped[::2])


def test_frames_travel_to_a_device_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = tiny_store(tmp_path, bodies=2).clips()
    rows = np.arange(len(clips))
    mapped = clips.batch(rows, 13)
    monkeypatch.setattr("edgcn.store.frames.PART", 7)
    clips.source.hold("cpu")
    assert torch.equal(clips.batch(rows, 13), mapped)


@pytest.mark.parametrize(("free", "fits"), [(4, True), (2, False)])
def test_a_gpu_holds_what_fits_three_times_and_a_cpu_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, fits: bool
) -> None:
    clips = tiny_store(tmp_path).clips()
    size = clips.store.frames.nbytes
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free * size, 100 * size))
    held: list[torch.device] = []
    monkeypatch.setattr(clips.source, "hold", held.append)
    gpu = torch.device("cuda", 0)
    assert clips.hold_if_it_fits(gpu) is fits
    assert not clips.hold_if_it_fits(torch.device("cpu"))
    assert held == [gpu] * fits


def test_reading_the_whole_store_does_not_keep_it_in_memory(tmp_path: Path) -> None:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("this system does not say what is in memory: there is no /proc")

    def mapped_kilobytes() -> int:
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("RssFile"))
        return int(line.split()[1])

    frames = np.ones((20_000, 1, JOINTS, 3), dtype=np.float32)
    many = [trimmed(frames, str(i)) for i in range(20)]
    write_store(tiny_recordings(clips=many), tmp_path / "s")
    clips = open_store(tmp_path / "s").clips()
    clips.batch(np.array([0]), 16)
    before = mapped_kilobytes()
    for row in range(20):
        clips.batch(np.array([row]), 16)
    assert mapped_kilobytes() - before < clips.store.frames.nbytes / 1024 / 20


def test_an_open_store_keeps_its_clips_when_it_is_made_again(tmp_path: Path) -> None:
    clips = long_store(tmp_path, uneven=True).clips()
    rows = np.arange(len(clips))
    before, hashes = clips.batch(rows, 5), clips.hashes_of(rows)
    write_store(tiny_recordings(seed=1, clips=3), clips.path, overwrite=True)
    assert torch.equal(clips.batch(rows, 5), before)
    np.testing.assert_array_equal(clips.hashes_of(rows), hashes)


@pytest.mark.parametrize("uneven", [False, True])
def test_no_rows_are_an_empty_batch(tmp_path: Path, uneven: bool) -> None:
    clips = long_store(tmp_path, uneven=uneven).clips()
    none = np.array([], dtype=int)
    assert clips.batch(none, 7).shape == (0, 3, 7, JOINTS, 1)
    assert len(clips.hashes_of(none)) == len(clips.take(none)) == 0


def test_clips_do_not_mix(ragged: Ragged) -> None:
    selection, clips = ragged
    together = selection.batch(np.arange(len(clips)), 7)
    for row in range(len(clips)):
        assert torch.equal(selection.batch(np.array([row]), 7)[0], together[row])


def test_a_confidence_is_no_geometry(tmp_path: Path) -> None:
    """With dims 2, a joint at 0 0 is missing whatever its third channel says."""
    frames = np.ones((2, 1, JOINTS, 3), dtype=np.float32)
    frames[1, 0, 0] = (0, 0, 0.3)
    middle = one_clip(tmp_path / "s", frames, dims=2).batch(np.array([0]), 3)[0, :, 1, 0, 0]
    np.testing.assert_array_equal(middle, 1)


# Segments and times


@pytest.mark.parametrize("uneven", [False, True])
def test_clips_of_long_recordings_are_their_slices(tmp_path: Path, uneven: bool) -> None:
    store = long_store(tmp_path, uneven=uneven)
    clips, row = store.clips(), 0
    assert not store.trimmed
    for number in range(len(store.recordings)):
        whole = store.recording(number)
        for part in whole.segments:
            frames = whole.frames[part.start : part.stop]
            np.testing.assert_array_equal(clips.clip(row), frames)
            assert (clips.names[row], clips.labels[row]) == (part.name, part.label)
            assert clips.recordings[row] == number
            row += 1
    assert row == len(clips)
    trim = make_clips(24, 3, 4, 0, tiny_topology())  # what they were made of
    by_name = {clip.name: clip.frames for clip in trim}
    for name, at in zip(clips.names, range(len(clips)), strict=True):
        np.testing.assert_array_equal(clips.clip(at), by_name[str(name)])


@pytest.mark.parametrize("frames", [1, 2, 9, 40])
def test_uneven_frames_are_resampled_in_time(tmp_path: Path, frames: int) -> None:
    rng = np.random.default_rng(0)
    made = []
    for number, length in enumerate((1, 2, 7, 30)):
        body = rng.normal(size=(length, 1, JOINTS, 3)).astype(np.float32)
        times = np.cumsum(rng.uniform(0.001, 2, length))
        segment = Segment(length // 3, length)
        made.append(Recording(body, str(number), (segment,), times=times))
    write_store(tiny_recordings(clips=made), tmp_path / "s")
    clips = open_store(tmp_path / "s").clips()
    batch = clips.batch(np.array([3, 1, 0, 2, 3]), frames).numpy()
    for got, row in zip(batch, (3, 1, 0, 2, 3), strict=True):
        part = made[row].segments[0]
        own = made[row].times
        assert own is not None
        times, body = (x[part.start : part.stop] for x in (own, made[row].frames))
        at = np.linspace(times[0], times[-1], frames) if frames > 1 else times[:1]
        for joint, channel in np.ndindex(JOINTS, 3):
            slow = np.interp(at, times, body[:, 0, joint, channel])
            np.testing.assert_allclose(got[channel, :, joint, 0], slow, atol=1e-4)


def test_even_times_give_what_no_times_give(tmp_path: Path) -> None:
    """To a rounding error; exactly where a joint is missing in a frame that is hit."""
    rng = np.random.default_rng(1)
    clips = with_gaps(make_clips(20, 3, 2, 5, tiny_topology()), rng)
    even = [replace(clip, times=0.04 * np.arange(len(clip.frames))) for clip in clips]
    for name, some in (("plain", clips), ("even", even)):
        write_store(tiny_recordings(clips=some), tmp_path / name)
    plain, timed = (open_store(tmp_path / name).clips() for name in ("plain", "even"))
    for frames in (1, 5, 16, 17):
        rows = np.arange(len(plain))
        one, other = plain.batch(rows, frames), timed.batch(rows, frames)
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
        assert torch.equal(one != 0, other != 0)


# Selections


def test_what_is_taken_is_what_comes(ragged: Ragged) -> None:
    selection, _ = ragged
    rows = np.array([5, 0, 9, 5])
    some = selection.take(rows)
    assert torch.equal(some.batch(np.arange(4), 8), selection.batch(rows, 8))
    for name in ("names", "labels", "subjects", "cameras", "conditions", "tags", "lengths"):
        np.testing.assert_array_equal(getattr(some, name), getattr(selection, name)[rows])
    np.testing.assert_array_equal(some.clip(2), selection.clip(9))
    mask = selection.lengths > 3
    assert len(selection.take(mask)) == mask.sum()
    np.testing.assert_array_equal(some.hashes_of(np.array([2])), selection.hashes_of(rows[2:3]))


def test_adapted_clips_are_adapted_frames(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, topology=KINECT_V2, bodies=2)
    clips = store.clips()
    adapter = Adapter(plan_remap(KINECT_V2, KINECT_V1), KINECT_V1, 3, 3, "m", bodies=1)
    sizes = np.random.default_rng(0).uniform(0.5, 2, len(clips)).astype(np.float32)
    rows = np.arange(len(clips))
    for factors in (None, sizes):
        view = clips.adapted(adapter, factors)
        assert (view.topology, view.bodies, view.classes) == (KINECT_V1, 1, clips.classes)
        for row in rows.tolist():
            own = clips.clip(row)
            factor = None if factors is None else np.full(len(own), factors[row])
            np.testing.assert_array_equal(view.clip(row), adapter.apply(own, factor))
        some = view.take(rows[::-2])
        assert torch.equal(some.batch(np.arange(len(some)), 9), view.batch(rows[::-2], 9))
        mapped = view.batch(rows, 9)
        view.source.hold("cpu")
        assert torch.equal(view.batch(rows, 9), mapped)
    assert clips.source.held is None  # of the store's own frames


def test_the_fingerprint_tells_contents_apart(tmp_path: Path) -> None:
    one, same = (tiny_store(tmp_path, name=name) for name in ("a", "b"))
    other = tiny_store(tmp_path, name="c", seed=1)
    assert one.fingerprint == same.fingerprint != other.fingerprint
    clips, adapter = one.clips(), Adapter(None, one.topology, 3, 3, "m", bodies=2)
    sizes = np.ones(len(clips), dtype=np.float32)
    several = [
        clips,
        other.clips(),
        clips.take(np.arange(3)),
        clips.take(np.arange(3)[::-1]),
        one.windows(0.2, 0.2),
        replace(clips, labels=1 - clips.labels),
        clips.adapted(adapter),
        clips.adapted(replace(adapter, bodies=3)),
        clips.adapted(adapter, sizes),
        clips.adapted(adapter, 2 * sizes),
    ]
    assert same.clips().fingerprint == clips.fingerprint
    assert len({some.fingerprint for some in several}) == len(several)


def test_duration_and_what_is_covered(tmp_path: Path) -> None:
    trim = tiny_store(tmp_path)
    assert trim.covered == 1
    assert trim.duration == pytest.approx(len(trim.frames) / 25)
    store = long_store(tmp_path, gap=7)
    inside = np.zeros(len(store.frames), dtype=bool)
    for offset, length in zip(store.clips().offsets, store.clips().lengths, strict=True):
        inside[offset : offset + length] = True
    assert store.covered == pytest.approx(inside.mean())
    timed = long_store(tmp_path, name="timed", uneven=True)
    spans = [timed.recording(row).times for row in range(len(timed.recordings))]
    assert timed.duration == pytest.approx(sum(t[-1] + 1 / 25 for t in spans if t is not None))
