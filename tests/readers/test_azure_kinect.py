"""Azure Kinect: millimeters with y down, ids that change, several people."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import FileError
from edgcn.readers.azure_kinect import read_azure_kinect
from edgcn.readers.times import at_their_numbers
from edgcn.skeleton.azure_layout import AZURE_32
from edgcn.store.conventions import as_declared
from readers.items import reason, wholes
from readers.named_writers import write_azure
from readers.standing import people

BODY = people(AZURE_32)[30:31].repeat(8, axis=0)


def test_a_person_is_where_they_are_in_meters(tmp_path: Path) -> None:
    write_azure(tmp_path / "a.json", [{1: body} for body in BODY])
    recordings = as_declared(read_azure_kinect(tmp_path))
    (recording,) = wholes(recordings)
    np.testing.assert_allclose(recording.frames[:, 0], BODY, atol=1e-5)
    assert "millimeters" in " ".join(recordings.remarks)
    assert (recordings.fps, recording.times) == (30.0, None)
    assert recording.fps == pytest.approx(30, abs=1e-3)


def test_a_person_stays_the_same_under_a_new_id_and_others_are_named(tmp_path: Path) -> None:
    beside = BODY + np.array([1.5, 0, 0.5], dtype=np.float32)
    bodies = [{1 if t < 3 else 7: BODY[t], **({4: beside[t]} if t < 5 else {})} for t in range(8)]
    bodies[3] = {4: beside[3]}  # the person is lost once, and nobody takes their place
    write_azure(tmp_path / "a.json", bodies)
    (recording,) = wholes(as_declared(read_azure_kinect(tmp_path)))
    expected = BODY.copy()
    expected[3] = 0
    np.testing.assert_allclose(recording.frames[:, 0], expected, atol=1e-5)
    said = "the subject is missing in 1 of 8 frames, 1 other person left out, in up to 5 frames"
    assert recording.note == said


def test_joints_go_by_their_names_and_frames_by_their_numbers(tmp_path: Path) -> None:
    path = write_azure(tmp_path / "a.json", [{1: body} for body in BODY])
    content = json.loads(path.read_text())
    names = content["joint_names"]
    content["joint_names"] = [f"K4ABT_JOINT_{name}" for name in reversed(names)]
    for frame in content["frames"]:
        frame["bodies"][0]["joint_positions"].reverse()
    del content["frames"][4]
    path.write_text(json.dumps(content))
    (recording,) = wholes(as_declared(read_azure_kinect(path)))
    np.testing.assert_allclose(recording.frames[[0, 7], 0], BODY[[0, 7]], atol=1e-5)
    assert not recording.frames[4].any()
    assert "1 of 8 frames are left out in the file" in recording.note


def test_times_that_are_uneven_are_kept(tmp_path: Path) -> None:
    path = write_azure(tmp_path / "a.json", [{1: body} for body in BODY])
    content = json.loads(path.read_text())
    for frame in content["frames"][5:]:
        frame["timestamp_usec"] += 500_000
    path.write_text(json.dumps(content))
    (recording,) = wholes(read_azure_kinect(path))
    assert recording.times is not None
    np.testing.assert_allclose(np.diff(recording.times)[[0, 4]], [0.033333, 0.533333])


def shorter(frame: dict[str, Any]) -> None:
    frame["bodies"][0]["joint_positions"] = frame["bodies"][0]["joint_positions"][:26]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (shorter, r"joint_positions of body 0 in frame 2 \[32\]\[3\], got \[26, 3\]; older SDKs"),
        (
            lambda frame: frame.update(timestamp_usec=0),
            "expected times that increase in column 'timestamp_usec', got 0 after",
        ),
        (lambda frame: frame.update(timestamp_usec=None), "a number timestamp_usec of each frame"),
        (lambda frame: frame.update(frame_id=10**999), "a number frame_id of each frame"),
        (lambda frame: frame.update(bodies=3), "expected a list of bodies in frame 2"),
    ],
)
def test_what_is_wrong_is_one_line(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], problem: str
) -> None:
    path = write_azure(tmp_path / "a.json", [{1: body} for body in BODY])
    content = json.loads(path.read_text())
    change(content["frames"][2])
    path.write_text(json.dumps(content))
    with pytest.raises(FileError, match=problem):
        raise FileError(path, reason(read_azure_kinect(path)))


@pytest.mark.parametrize("odd", [np.inf, np.nan, 1e300, 2.0**60, 3.5])
def test_numbers_that_count_no_frames_are_refused(odd: float) -> None:
    """Before memory is taken for the frames that would be between them."""
    frames, numbers = np.ones((3, 1, 2, 3), np.float32), np.array([0, 2, odd])
    with pytest.raises(FileError, match=r"whole numbers of frames|increase"):
        at_their_numbers(Path("x.json"), frames, numbers)
