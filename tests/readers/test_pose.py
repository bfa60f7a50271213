"""pose-format's files: versions, components, people; and the genuine ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import FileError
from edgcn.readers.pose import read_pose
from edgcn.readers.pose_file import parse_pose
from edgcn.skeleton.layouts import BODY_25, COCO_17, MEDIAPIPE_33
from readers.items import parted, reason, wholes
from readers.named_writers import write_pose

HAND = tuple(f"FINGER_{n}" for n in range(5))


def points(people: int = 1, frames: int = 6, count: int = 22) -> np.ndarray:
    rng = np.random.default_rng(0)
    body = rng.uniform(100, 400, (1, people, count, 3)) + 600 * np.arange(people)[:, None, None]
    body = np.repeat(body, frames, axis=0)
    body[..., 2] = 0.8 - 0.3 * np.arange(people)[:, None]
    body[2, :, 9] = 0
    return body.astype(np.float32)


def components() -> dict[str, tuple[str, ...]]:
    return {"HAND": HAND, "BODY": tuple(joint.upper() for joint in COCO_17.joints)}


@pytest.mark.parametrize("version", [0, 0.1, 0.2])
def test_all_versions_hold_the_same(tmp_path: Path, version: float) -> None:
    given = points()
    write_pose(tmp_path / "a.pose", given, components(), version=version, fps=24)
    recordings = read_pose(tmp_path)
    (recording,) = wholes(recordings)
    assert (recordings.topology, recordings.units, recordings.fps) == (COCO_17, "px", 24)
    np.testing.assert_array_equal(recording.frames[:, 0], given[:, 0, 5:])
    assert "BODY of a picture of 1280 x 720" in recordings.remarks[0]
    assert "components left out: HAND" in recordings.remarks[0]


@pytest.mark.parametrize("version", [0, 0.1, 0.2])
def test_of_several_people_the_surest_is_followed(tmp_path: Path, version: float) -> None:
    given = points(2)
    exchanged = given.copy()
    exchanged[3:] = given[3:, ::-1]  # slots are no people
    write_pose(tmp_path / "a.pose", exchanged, components(), version=version)
    (recording,) = wholes(read_pose(tmp_path))
    np.testing.assert_array_equal(recording.frames[:, 0], given[:, 0, 5:])
    assert "another person is there in 6 frames" in recording.note


@pytest.mark.parametrize("by_pixels", [True, False])
def test_world_landmarks_are_meters_with_y_up(tmp_path: Path, by_pixels: bool) -> None:
    body = np.random.default_rng(0).uniform(-1, 1, (4, 1, 33, 4)).astype(np.float32)
    body[..., 3] = 0.5
    written = body * ((1280, 720, 1, 1) if by_pixels else 1)  # as pose-format does, or does not
    names = {"POSE_WORLD_LANDMARKS": MEDIAPIPE_33.joints}
    write_pose(tmp_path / "a.pose", written, names, axes="XYZC")
    recordings = read_pose(tmp_path)
    (recording,) = wholes(recordings)
    assert (recordings.units, recordings.dims) == ("m", 3)
    expected = body[..., :3] * (-1, -1, 1)
    np.testing.assert_allclose(recording.frames, expected, rtol=1e-6)
    assert recording.scores is not None
    assert (recording.scores == 0.5).all()


def test_points_of_little_confidence_are_not_seen(tmp_path: Path) -> None:
    given = points()
    given[1, 0, 8, 2] = 0.2
    write_pose(tmp_path / "a.pose", given, components())
    (recording,) = wholes(read_pose(tmp_path, min_confidence=0.3))
    assert not recording.frames[1, 0, 3].any()
    assert recording.frames[1, 0, 4].all()


def test_a_file_of_other_points_is_taken_by_name_and_said(tmp_path: Path) -> None:
    write_pose(tmp_path / "a.pose", points(), components())
    write_pose(tmp_path / "b.pose", points(count=25), {"body": BODY_25.joints})
    _, other = wholes(read_pose(tmp_path))
    assert other.note.startswith("body: joints matched by name with those of coco_17; left out: ")
    np.testing.assert_array_equal(other.frames[:, 0, 10], points(count=25)[:, 0, 4])  # the wrist


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda data: data[:-1], "cut off: it ends 1 bytes too early"),
        (lambda data: data + b"x", "expected the end of the file, got 1 more bytes"),
        (lambda data: b"\0\0\x80?" + data[4:], "expected a .pose file of version 0, 0.1, 0.2"),
        (lambda data: b"", "cut off: it ends 4 bytes too early"),
    ],
)
def test_what_is_no_pose_is_one_line(
    tmp_path: Path, change: Callable[[bytes], bytes], problem: str
) -> None:
    path = write_pose(tmp_path / "a.pose", points(), components())
    write_pose(tmp_path / "b.pose", points(), components())
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(FileError) as raised:
        read_pose(path)
    assert problem in str(raised.value)
    _, (skipped,) = parted(read_pose(tmp_path).recordings)
    assert problem in skipped.reason


def test_an_unknown_component_is_refused_with_the_known(tmp_path: Path) -> None:
    path = write_pose(tmp_path / "a.pose", points(), components())
    with pytest.raises(FileError, match=r"component 'BODI', got HAND, BODY; did you mean 'BODY'"):
        read_pose(path, component="BODI")


@pytest.mark.data
def test_genuine_files(data_dir: Path) -> None:
    """Of OpenPose (version 0.1) and of MediaPipe (0.2), as the package pose-format reads them."""
    folder = data_dir / "genuine" / "pose_format"
    first, second = parse_pose(folder / "example.pose"), parse_pose(folder / "example2.pose")
    assert [first.points.shape, second.points.shape] == [(66, 1, 137, 2), (97, 1, 576, 3)]
    assert [first.fps, second.fps, first.size, second.size] == [24, 25, (1000, 1000), (320, 240)]
    assert [float(own.points.sum(dtype=np.float64)) for own in (first, second)] == pytest.approx(
        SUMS, rel=1e-9
    )
    recordings = read_pose(folder / "example2.pose")
    (recording,) = wholes(recordings)
    assert recordings.topology is MEDIAPIPE_33
    left, right = (recording.frames[:, 0, MEDIAPIPE_33.index(f"{s}_shoulder"), 0] for s in SIDES)
    assert (right < left).all()
    world = read_pose(folder / "example2.pose", component="POSE_WORLD_LANDMARKS")
    (recording,) = wholes(world)
    left, right = (recording.frames[:, 0, MEDIAPIPE_33.index(f"{s}_shoulder")] for s in SIDES)
    assert (right[:, 0] > left[:, 0]).all()
    assert 0.25 < np.median(np.linalg.norm(right - left, axis=-1)) < 0.45  # meters


SIDES = ("left", "right")
SUMS = (7073493.660461426, 12102208.295890981)  # of all coordinates, by pose-format 0.15


def test_nobody_is_skipped(tmp_path: Path) -> None:
    path = write_pose(tmp_path / "a.pose", 0 * points(), components())
    assert reason(read_pose(path)) == "nobody in any of its 6 frames"
