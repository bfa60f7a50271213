"""DeepLabCut and SLEAP: free names of body parts, likelihoods, individuals, HDF5."""

import sys
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.dlc import read_dlc
from edgcn.skeleton.layouts import COCO_17
from edgcn.store.conventions import as_declared
from readers.items import parted, reason, wholes
from readers.named_writers import write_dlc

PARTS = ("snout", "L_Shoulder", "rightShoulder", "paw.l", "wrist_R", "Left Hip", "hip_right")
JOINTS = ("nose", "left_shoulder", "right_shoulder", "left_wrist", "right_wrist", "left_hip",
          "right_hip")  # fmt: skip
AT = [COCO_17.index(joint) for joint in JOINTS]
MAP = "snout=nose,paw.l=left_wrist"


def points(seed: int = 0, frames: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    given = rng.uniform(50, 400, (frames, len(PARTS), 3)).astype(np.float32)
    given[..., 2] = rng.uniform(0.5, 1, given.shape[:2])
    given[2, 3] = 0  # written as empty fields, which are NaN
    return given


def test_body_parts_of_any_name_are_joints(tmp_path: Path) -> None:
    write_dlc(tmp_path / "a.csv", {"": points()}, PARTS)
    recordings = read_dlc(tmp_path, joints=MAP)
    (recording,) = wholes(recordings)
    assert (recordings.topology, recordings.units, recording.name) == (COCO_17, "px", "a")
    np.testing.assert_array_equal(recording.frames[:, 0, AT], points())
    assert not np.delete(recording.frames, AT, axis=2).any()
    assert recording.unseen == {"NaN": 1}
    assert "30 frames per second assumed" in recordings.note
    assert "without left_eye" in recordings.remarks[0]


def test_what_is_no_joint_is_left_out_and_named(tmp_path: Path) -> None:
    write_dlc(tmp_path / "a.csv", {"": points()}, PARTS)
    recordings = read_dlc(tmp_path)
    assert "left out: snout, paw.l" in recordings.remarks[0]
    (recording,) = wholes(recordings)
    np.testing.assert_array_equal(recording.frames[:, 0, AT[1:3]], points()[:, 1:3])


def test_each_individual_is_a_recording_and_who_is_not_there_is_none(tmp_path: Path) -> None:
    people = {"ann": points(0), "bob": points(1), "nobody": 0 * points()}
    write_dlc(tmp_path / "a.csv", people, PARTS)
    (ann, bob), _ = parted(read_dlc(tmp_path, joints=MAP).recordings)
    assert (ann.name, bob.name) == ("a/ann", "a/bob")
    np.testing.assert_array_equal(bob.frames[:, 0, AT], points(1))
    assert "individuals left out, of whom nothing is known: nobody" in ann.note


def test_points_of_little_likelihood_are_not_seen(tmp_path: Path) -> None:
    write_dlc(tmp_path / "a.csv", {"": points()}, PARTS)
    (recording,) = wholes(read_dlc(tmp_path, joints=MAP, min_confidence=0.7))
    given = points()
    given[given[..., 2] < 0.7] = 0
    np.testing.assert_array_equal(recording.frames[:, 0, AT], given)


def test_frames_that_are_left_out_are_frames_of_nobody(tmp_path: Path) -> None:
    path = write_dlc(tmp_path / "a.csv", {"": points()}, PARTS)
    lines = path.read_text().splitlines()
    del lines[3 + 4]
    path.write_text("\n".join(lines))
    (recording,) = wholes(read_dlc(path, joints=MAP))
    given = points()
    given[4] = 0
    np.testing.assert_array_equal(recording.frames[:, 0, AT], given)
    assert recording.note == "1 of 6 frames are left out in the file"


def test_labelled_images_have_no_numbers(tmp_path: Path) -> None:
    """`CollectedData.csv`: folder, video and image in three columns, no likelihood."""
    path = write_dlc(tmp_path / "a.csv", {"": points()}, PARTS)
    lines = []
    for n, line in enumerate(path.read_text().splitlines()):
        first, *fields = line.split(",")
        fields = [field for k, field in enumerate(fields) if k % 3 != 2]
        index = [first, "", ""] if n < 3 else ["labeled-data", "video", f"img{first}.png"]
        lines.append(",".join([*index, *fields]))
    path.write_text("\n".join(lines))
    (recording,) = wholes(read_dlc(path, joints=MAP))
    np.testing.assert_array_equal(recording.frames[:, 0, AT, :2], points()[..., :2])


def test_one_line_of_heads_is_for_another_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("track,frame_idx,nose.x,nose.y\n0,1,2,3\n")
    with pytest.raises(FileError, match=r"got track, 0; a table with one line .* reader `table`"):
        read_dlc(path)
    write_dlc(path, {"": points()}, PARTS)
    path.write_text(path.read_text().replace("likelihood", "color", 1))
    with pytest.raises(FileError, match=r"expected coords of x, y, z, likelihood.*got 'color'"):
        read_dlc(path)


def test_a_line_that_is_cut_off_is_named(tmp_path: Path) -> None:
    path = write_dlc(tmp_path / "a.csv", {"": points()}, PARTS)
    path.write_text(path.read_text()[:-30])
    assert reason(read_dlc(path, joints=MAP)).startswith("line 9: expected 22 fields")


def test_triangulated_points_are_in_space(tmp_path: Path) -> None:
    path = write_dlc(tmp_path / "a.csv", {"": points()}, PARTS)
    path.write_text(path.read_text().replace("likelihood", "z"))
    recordings = as_declared(read_dlc(path, joints=MAP), units="m", y="up")
    (recording,) = wholes(recordings)
    assert (recordings.units, recordings.dims) == ("m", 3)
    np.testing.assert_array_equal(recording.frames[:, 0, AT], points())


def test_without_h5py_one_line_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(EdgcnError, match=r"this needs h5py.*pip install 'edgcn\[h5\]'"):
        read_dlc(tmp_path)
    write_dlc(tmp_path / "a.csv", {"": points()}, PARTS)  # the same as csv: h5 is not needed
    assert [recording.name for recording in wholes(read_dlc(tmp_path))] == ["a"]


def test_hdf5_of_sleap(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    given = np.stack([points(0), points(1)])  # person, frame, node, channel
    with h5py.File(tmp_path / "a.analysis.h5", "w") as file:
        file["tracks"] = given[..., :2].transpose(0, 3, 2, 1)
        file["point_scores"] = given[..., 2].transpose(0, 2, 1)
        file["node_names"] = np.array([name.encode() for name in PARTS])
        file["track_names"] = np.array([b"one", b"two"])
    (one, two), _ = parted(read_dlc(tmp_path, joints=MAP).recordings)
    assert (one.name, two.name) == ("a.analysis/one", "a.analysis/two")
    np.testing.assert_array_equal(two.frames[:, 0, AT], points(1))
