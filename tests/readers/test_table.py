"""Tables by the names of their columns: any style, any order; times, persons, labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers import long_table
from edgcn.readers.table import read_table_of_joints as read
from edgcn.readers.text import columns
from edgcn.readers.text.columns import Columns, Table
from edgcn.skeleton.layouts import COCO_17, KINECT_V2
from readers.items import parted, reason, wholes
from readers.named_writers import write_table

JOINTS = COCO_17.joints
STYLES = (
    "{joint}_{axis}",
    "{joint}.{axis}",
    "{axis}_{joint}",
    "{joint} {axis}",
    "p1_{joint}_{axis}_px",
)


def points(seed: int = 0, frames: int = 5) -> np.ndarray:
    given = np.random.default_rng(seed).uniform(10, 500, (frames, 17, 3)).astype(np.float32)
    given[..., 2] = np.random.default_rng(seed).uniform(0.3, 1, given.shape[:2])
    given[1, 9] = 0
    return given


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_of_any_style_and_order(tmp_path: Path, style: str, separator: str) -> None:
    order = np.random.default_rng(1).permutation(17)
    names = [JOINTS[joint].upper() for joint in order]
    given = points()[:, order]
    write_table(tmp_path / "a.csv", names, given, style=style, axes="xyc", separator=separator)
    recordings = read(tmp_path)
    (recording,) = wholes(recordings)
    assert (recordings.topology, recordings.units, recordings.dims) == (COCO_17, "px", 2)
    np.testing.assert_array_equal(recording.frames[:, 0], points())
    assert recording.unseen == {"NaN": 1}
    assert "2 coordinates and a confidence for each joint" in recordings.remarks[0]


def test_points_without_confidence_and_points_in_space(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", JOINTS, points(), axes="xy")
    (flat,) = wholes(read(tmp_path))
    np.testing.assert_array_equal(flat.frames[0, 0, :, 2], np.ones(17))
    names = [f"{joint}Pos" for joint in KINECT_V2.joints]
    body = np.random.default_rng(0).normal(size=(4, 25, 3)).astype(np.float32)
    write_table(tmp_path / "a.csv", names, body, style="{joint}{axis}", axes="XYZ")
    recordings = read(tmp_path)
    (recording,) = wholes(recordings)
    assert (recordings.topology, recordings.units) == (KINECT_V2, "m")
    np.testing.assert_array_equal(recording.frames[:, 0], body)
    assert read(tmp_path, dims=2).units == "px"


def test_points_of_little_confidence_are_not_seen(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", JOINTS, points(), axes="xyc")
    (recording,) = wholes(read(tmp_path, min_confidence=0.6))
    given = points()
    given[given[..., 2] < 0.6] = 0
    np.testing.assert_array_equal(recording.frames[:, 0], given)


def test_some_joints_under_other_names(tmp_path: Path) -> None:
    write_table(
        tmp_path / "a.csv", ["snout", "paw.l", "RWrist", "tail"], points()[:, :4], axes="xyc"
    )
    with pytest.raises(FileError, match=r"got snout, paw_l, RWrist, tail; say which is which"):
        read(tmp_path)
    recordings = read(tmp_path, joints="snout=nose,paw_l=left_wrist")
    (recording,) = wholes(recordings)
    at = [JOINTS.index(joint) for joint in ("nose", "left_wrist", "right_wrist")]
    np.testing.assert_array_equal(recording.frames[:, 0, at], points()[:, :3])
    assert "left out: tail" in recordings.remarks[0]


@pytest.mark.parametrize(
    ("name", "unit", "said"),
    [("time", 1, "seconds, since frames are 0.04 apart"),
     ("timestamp", 1000, "milliseconds, since frames are 40 apart"),
     ("time_us", 1e6, "microseconds, as its name says"),
     ("Time (s)", 1, "seconds, as its name says"), ("t", 1e9, "nanoseconds, since frames are")],
)  # fmt: skip
def test_times_are_kept(tmp_path: Path, name: str, unit: float, said: str) -> None:
    times = np.array([0, 0.04, 0.08, 0.12, 0.3]) + 1000
    columns = {name: [f"{value * unit:.3f}" for value in times]}
    write_table(tmp_path / "a.csv", JOINTS, points(), axes="xyc", columns=columns)
    recordings = read(tmp_path)
    (recording,) = wholes(recordings)
    assert recordings.fps == pytest.approx(25, abs=0.01)
    assert recording.times is not None
    np.testing.assert_allclose(recording.times, times - 1000, atol=1e-5)
    assert f"times in column {name!r} are {said}" in recordings.remarks[1]
    assert recording.start == pytest.approx(1000)
    given = read(tmp_path, fps=50)
    assert (given.fps, wholes(given)[0].times) == (50, None)
    assert "times in the file are left aside" in given.remarks[1]


def test_seconds_of_a_label_table_follow_uneven_times(tmp_path: Path) -> None:
    columns = {"time": ["0", "0.04", "0.08", "0.12", "0.3"]}
    write_table(tmp_path / "a.csv", JOINTS, points(), axes="xyc", columns=columns)
    labels = tmp_path / "labels.txt"
    labels.write_text("name,label,start_s,end_s\na,nod,0.11,0.35\n")
    (recording,) = wholes(read(tmp_path / "a.csv", labels=labels))
    assert [(one.start, one.stop) for one in recording.segments] == [(3, 5)]


def test_even_times_give_the_rate_and_frames_left_out_are_frames_of_nobody(tmp_path: Path) -> None:
    numbers = [7, 8, 10, 11, 12]
    columns: dict[str, Sequence[object]] = {
        "Frame": numbers,
        "time_ms": [f"{33.333 * n:.1f}" for n in numbers],
    }
    write_table(tmp_path / "a.csv", JOINTS, points(), axes="xyc", columns=columns)
    (recording,) = wholes(read(tmp_path))
    given = np.insert(points(), 2, 0, axis=0)
    np.testing.assert_array_equal(recording.frames[:, 0], given)
    assert recording.times is None
    assert recording.fps == pytest.approx(30, abs=0.01)
    assert "1 of 6 frames are left out in the file" in recording.note


def test_each_person_of_each_file_is_a_recording(tmp_path: Path) -> None:
    given = np.concatenate([points(0, 3), points(1, 3), points(2, 3)])
    columns: dict[str, Sequence[object]] = {
        "video": [*"aaaaaabbb"], "person_id": [0, 1, 0, 1, 0, 1, 0, 0, 0],
        "frame": [0, 0, 1, 1, 2, 2, 0, 1, 2], "subject": ["ann"] * 9,
    }  # fmt: skip
    order = [0, 3, 1, 4, 2, 5, 6, 7, 8]
    write_table(tmp_path / "all.csv", JOINTS, given[order], axes="xyc", columns=columns)
    recordings = read(tmp_path)
    found, _ = parted(recordings.recordings)
    assert [item.name for item in found] == ["all/a/0", "all/a/1", "all/b/0"]
    assert {item.subject for item in found} == {"ann"}
    for n, item in enumerate(found):
        np.testing.assert_array_equal(item.frames[:, 0], points(n, 3))
    columns.pop("person_id")
    write_table(tmp_path / "all.csv", JOINTS, given[order], axes="xyc", columns=columns)
    assert "expected frame numbers that increase, got 0 after 0" in reason(
        read(tmp_path / "all.csv")
    )


def test_labels_may_be_words_in_the_table_its_folder_or_another_table(tmp_path: Path) -> None:
    file = tmp_path / "set" / "wave" / "a.csv"
    write_table(file, JOINTS, points(), axes="xyc", columns={"label": ["", "b", "b", "ä c", "b"]})
    recordings = read(tmp_path / "set")
    (recording,) = wholes(recordings)
    assert recordings.classes == ("b", "ä c")
    spans = [(part.start, part.stop, part.label) for part in recording.segments]
    assert spans == [(1, 3, 0), (3, 4, 1), (4, 5, 0)]
    write_table(file, JOINTS, points(), axes="xyc")
    assert read(tmp_path / "set").classes == ("wave",)
    labels = tmp_path / "labels.csv"
    labels.write_text("name,label,start_s,end_s\nwave/a,nod,0,0.1\n")
    recordings = read(tmp_path / "set", labels=labels, fps=20)
    (recording,) = wholes(recordings)
    (part,) = recording.segments
    assert (recordings.classes, part.start, part.stop) == (("nod",), 0, 2)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("nose_x,nose_y", "a,b", "expected x"),
        ("nose_x", "nose_q", ""),
        ("_x", "_q", "expected columns of joints in its first line, such as left_wrist_x, got"),
    ],
)
def test_columns_that_are_no_joints(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = write_table(tmp_path / "a.csv", JOINTS, points(), axes="xyc")
    path.write_text(path.read_text().replace(old, new))
    if "columns of joints" in problem:
        with pytest.raises(FileError, match=problem):
            read(path)
    else:  # the others are enough, and this one is said
        assert "without nose, taken as not seen" in read(path).remarks[0]


def test_a_wrong_number_is_named_with_its_line(tmp_path: Path) -> None:
    write_table(tmp_path / "b.csv", JOINTS, points(), axes="xyc")
    path = write_table(tmp_path / "a.csv", JOINTS, points(), axes="xyc")
    lines = path.read_text().splitlines()
    lines[3] = "far" + lines[3][3:]
    path.write_text("\n".join(lines))
    (kept,), (skipped,) = parted(read(tmp_path).recordings)
    assert skipped.reason.startswith("line 4: expected a number in column 'nose_x', got 'far")
    assert kept.name == "b"
    (tmp_path / "empty").mkdir()
    with pytest.raises(EdgcnError, match=r"expected tables named \*\*/\*\.csv"):
        read(tmp_path / "empty")


def write_long(path: Path, given: np.ndarray, joints: Sequence[object], order: np.ndarray) -> Path:
    rows = [
        f"{t},{joint},{x!r},{y!r},{sure!r}"
        for t, frame in enumerate(given.tolist())
        for joint, (x, y, sure) in zip(joints, frame, strict=True)
        if x or y
    ]
    path.write_text("\n".join(["frame,keypoint,x,y,score", *(rows[n] for n in order)]))
    return path


@pytest.mark.parametrize("joints", [JOINTS, range(17), range(1, 18)])
def test_a_row_for_each_joint_of_each_frame(tmp_path: Path, joints: Sequence[object]) -> None:
    order = np.random.default_rng(0).permutation(5 * 17 - 1)
    recordings = read(write_long(tmp_path / "a.csv", points(), joints, order))
    (recording,) = wholes(recordings)
    assert recordings.topology is COCO_17
    np.testing.assert_array_equal(recording.frames[:, 0], points())
    assert "a row for each joint of each frame" in recordings.remarks[0]
    assert ("which are numbered as coco_17 has them" in recordings.remarks[0]) == (joints != JOINTS)


def test_rows_of_joints_are_read_some_frames_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_long(tmp_path / "a.csv", points(), JOINTS, np.arange(5 * 17 - 1))
    made, whole = list[int](), long_table._wide
    monkeypatch.setattr(columns, "PART", 700)  # a frame and a half

    def counted(text: Table, long: long_table.Long, part: Columns, line: int) -> Columns:
        made.append(len(part.exact))
        return whole(text, long, part, line)

    monkeypatch.setattr(long_table, "_wide", counted)
    (recording,) = wholes(read(path))
    np.testing.assert_array_equal(recording.frames[:, 0], points())
    assert sum(made) == 84
    assert len(made) > 1
    path.write_text(path.read_text() + "\n4,nose,1,2,0.5\n")
    assert "line 86: expected each joint once in a frame, got nose again" in reason(read(path))


def test_a_joint_that_comes_twice_in_a_frame_or_no_frames_at_all(tmp_path: Path) -> None:
    path = write_long(tmp_path / "a.csv", points(), JOINTS, np.arange(84))
    path.write_text(path.read_text() + "\n4,nose,1,2,0.5\n")
    assert "expected each joint once in a frame, got nose again" in reason(read(path))
    path.write_text(path.read_text().replace("frame,", "n,", 1))
    assert "expected a column of frame numbers or of times, got none" in reason(read(path))
    write_long(path, points()[:, :5], range(5), np.arange(24))
    with pytest.raises(FileError, match=r"expected names of joints, or numbers of 17 \(coco_17\)"):
        read(path)


def test_times_that_are_no_numbers_are_said(tmp_path: Path) -> None:
    columns = {"timestamp": [f"2024-05-01 10:00:0{n}" for n in range(5)]}
    path = write_table(tmp_path / "a.csv", JOINTS, points(), axes="xyc", columns=columns)
    assert "times in 'timestamp' are no numbers and left aside" in read(path).remarks[0]
