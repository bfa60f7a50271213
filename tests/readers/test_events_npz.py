"""Long recordings with events: whole, with a segment per event; a bad event costs only itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.events_npz import read_events_npz
from edgcn.skeleton.layouts import COCO_17, KINECT_V1
from edgcn.skeleton.recording import Segment, Skipped, SplitRule
from edgcn.skeleton.topology import Topology
from readers.items import parted, wholes

RNG = np.random.default_rng(0)


def members(topology: Topology = KINECT_V1, **changed: Any) -> dict[str, Any]:
    """Recordings of 4 and 6 frames at 10 fps with 3 events; None leaves a member out."""
    valid = {
        "frames": RNG.normal(size=(10, len(topology), 3)).astype(np.float32),
        "lengths": [4, 6],
        "fps": 10.0,
        "joints": topology.joints,
        "bones": topology.edges,
        "recordings": ["day/1", "day/2"],
        "subjects": ["s1", "unknown"],
        "splits": ["train", "test"],
        "classes": ["a", "b"],
        "units": "meters",
        "rec": [1, 0, 1],
        "label": [0, 1, 1],
        "start_frame": [0, 1, 5],
        "end_frame": [2, 3, 5],
        "start": [0.0, 0.1, 0.5],
        "end": [0.3, 0.4, 0.6],
    }
    return {key: value for key, value in (valid | changed).items() if value is not None}


def write(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "events.npz", **arrays)
    return folder / "events.npz"


def test_recordings_are_whole_and_events_are_their_segments(tmp_path: Path) -> None:
    given = members(tick=np.arange(10))  # other members are ignored
    path = write(tmp_path, **given)
    recordings = read_events_npz(path)
    one, two = wholes(recordings)
    np.testing.assert_array_equal(one.frames[:, 0], given["frames"][:4])
    np.testing.assert_array_equal(two.frames[:, 0], given["frames"][4:])
    assert one.segments == (Segment(1, 4, 1, "day/1_001"),)
    assert two.segments == (Segment(0, 3, 0, "day/2_001"), Segment(5, 6, 1, "day/2_002"))
    assert [(part.name, part.subject, part.split) for part in (one, two)] == [
        ("day/1", "s1", "train"),
        ("day/2", "", "test"),  # a subject who is not given is nobody
    ]
    assert recordings.topology is KINECT_V1
    assert (recordings.classes, recordings.fps, recordings.total) == (("a", "b"), 10.0, 2)
    assert (recordings.units, recordings.dims, recordings.bodies) == ("m", 3, 1)
    assert recordings.splits == {"given": SplitRule("split", train=("train",), test=("test",))}
    assert recordings.sources == (path,)


def test_a_recording_without_events_has_no_segments(tmp_path: Path) -> None:
    given: dict[str, Any] = dict.fromkeys(("start", "end", "splits"))
    for key in ("rec", "label", "start_frame", "end_frame"):
        given[key] = np.array([], dtype=int)
    path = write(tmp_path, **members(KINECT_V1, **given))
    recordings = read_events_npz(path)
    assert [whole.segments for whole in wholes(recordings)] == [(), ()]
    assert recordings.splits == {}


def test_two_bodies_in_pixels(tmp_path: Path) -> None:
    frames = RNG.uniform(1, 9, size=(10, 2, 17, 2))
    frames[3, 1, 5] = 0
    path = write(tmp_path, **members(COCO_17, frames=frames, units="pixels"))
    recordings = read_events_npz(path)
    one, _ = wholes(recordings)
    assert (recordings.units, recordings.dims, recordings.bodies) == ("px", 2, 2)
    assert one.frames.dtype == np.float32
    np.testing.assert_array_equal(one.frames[..., :2], frames[:4].astype(np.float32))
    np.testing.assert_array_equal(one.frames[..., 2], (frames[:4] != 0).any(axis=-1))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"end_frame": [2, 4, 5]}, "expected frames in order within 0..3, got 1..4"),
        ({"start_frame": [0, -1, 5]}, "expected frames in order within 0..3, got -1..3"),
        ({"end_frame": [2, 0, 5]}, "expected frames in order within 0..3, got 1..0"),
        ({"label": [0, 3, 1]}, "expected a label 0..1, got 3"),
        ({"label": [0, -1, 1]}, "expected a label 0..1, got -1"),
        ({"start": [0, 0.25, 0.5]}, "start 0.25 s is not frame 1 at 10 fps"),
        ({"end": [0.3, 0.6, 0.6]}, "end 0.6 s is not frame 4 at 10 fps"),
        ({"end": [0.3, np.nan, 0.6]}, "end nan s is not frame 4 at 10 fps"),
    ],
)
def test_a_bad_event_costs_only_itself(
    tmp_path: Path, changed: dict[str, Any], reason: str
) -> None:
    path = write(tmp_path, **members(**changed))
    (one, two), skipped = parted(read_events_npz(path).recordings)
    assert skipped == [Skipped(f"{path}#day/1 event 1", reason)]
    assert one.segments == ()
    assert len(two.segments) == 2


def test_a_recording_without_frames_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, **members(lengths=[0, 10], rec=[1, 1, 1]))
    (whole,), skipped = parted(read_events_npz(path).recordings)
    assert skipped == [Skipped(f"{path}#day/1", "a recording of 0 frames")]
    assert len(whole.frames) == 10


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"units": None, "rec": None}, "expected the keys frames.*, without units, rec"),
        ({"units": "inches"}, "units: expected meters or m or pixels or px, got 'inches'"),
        ({"units": ["m", "m"]}, "units: expected one word"),
        ({"frames": np.zeros((10, 20, 2))}, "frames: expected 3 channels of meters, got 2"),
        ({"frames": np.zeros((9, 20, 3))}, "frames: expected 10 frames, as lengths say"),
        ({"rec": [0, 1, 2]}, r"rec: expected indices 0\.\.1 of recordings, got int64 \(3,\)"),
        ({"rec": [0.0, 1.0, 1.0]}, "rec: expected whole numbers, got float64"),
        ({"label": [0, 1]}, r"label: expected shape \(3,\), got int64 \(2,\)"),
        ({"start": ["a", "b", "c"]}, "start: expected numbers, got <U1"),
        ({"splits": ["train"]}, r"splits: expected shape \(2,\)"),
        ({"recordings": np.array(["a", "b"], dtype=object)}, "recordings: .*pickled objects"),
        ({"bones": [[0, 1]]}, "bones to form one tree of 20 joints"),
        ({"label": [1, 2, 1]}, r"label: expected 0\.\.1, got 2: labels count from 0 here"),
        (
            {"units": "px", "frames": np.full((10, 20, 3), 2)},
            r"expected x, y and a confidence within 0\.\.1 for px, got numbers within 2\.\.2",
        ),
    ],
)
def test_what_does_not_fit_is_one_clear_error(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(FileError, match=rf"events\.npz: .*{message}") as raised:
        read_events_npz(write(tmp_path, **members(**changed)))
    assert "\n" not in str(raised.value)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"expected an npz file at .*none\.npz"):
        read_events_npz(tmp_path / "none.npz")


def test_a_crowd_is_kept_to_a_bound(tmp_path: Path) -> None:
    frames = RNG.normal(size=(10, 7, 20, 3)).astype(np.float32)
    frames[:4, 1:] = 0
    frames[5:, ::2] = 0  # every second body is seen in one frame only
    recordings = read_events_npz(write(tmp_path, **members(frames=frames)), max_bodies=3)
    one, two = wholes(recordings)
    assert recordings.bodies == 3
    assert "1 of 2 clips have more than 3 bodies (up to 7)" in recordings.note
    np.testing.assert_array_equal(two.frames, frames[4:, 1::2])
    np.testing.assert_array_equal(one.frames[:, 0], frames[:4, 0])
