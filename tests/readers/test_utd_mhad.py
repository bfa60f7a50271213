"""UTD-MHAD files written in the published format come back; damaged ones are named."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.matlab import read_matrix
from edgcn.readers.utd_mhad import read_utd_mhad
from edgcn.skeleton.layouts import UTD_MHAD
from readers.items import clip, parted, trimmed


def test_axes_names_and_split(tmp_path: Path) -> None:
    joints = np.random.default_rng(0).normal(size=(20, 3, 6))
    (tmp_path / "Skeleton").mkdir()
    savemat(tmp_path / "Skeleton" / "a27_s3_t2_skeleton.mat", {"d_skel": joints})
    recordings = read_utd_mhad(tmp_path)
    squat = clip(recordings)
    assert (squat.name, squat.label, squat.subject) == ("a27_s3_t2", 26, "s3")
    assert (recordings.topology, recordings.dims, recordings.units) == (UTD_MHAD, 3, "m")
    assert recordings.classes[squat.label] == "squat"
    for frame in range(6):
        np.testing.assert_array_equal(
            squat.frames[frame, 0], joints[:, :, frame].astype(np.float32)
        )
    rule = recordings.splits["subject"]
    assert (rule.by, rule.train, rule.test) == (
        "subject",
        ("s1", "s3", "s5", "s7"),
        ("s2", "s4", "s6", "s8"),
    )


def test_one_frame_loses_its_axis_in_matlab(tmp_path: Path) -> None:
    savemat(tmp_path / "a1_s1_t1_skeleton.mat", {"d_skel": np.ones((20, 3))})
    assert clip(read_utd_mhad(tmp_path)).frames.shape == (1, 1, 20, 3)


def test_damaged_files_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    savemat(tmp_path / "a1_s1_t1_skeleton.mat", {"d_skel": np.ones((20, 3, 2))})
    savemat(tmp_path / "a1_s1_t2_skeleton.mat", {"other": np.ones((20, 3, 2))})
    savemat(tmp_path / "a1_s1_t3_skeleton.mat", {"d_skel": np.ones((25, 3, 2))})
    savemat(tmp_path / "a1_s1_t4_skeleton.mat", {"d_skel": np.zeros((20, 3, 0))})
    savemat(tmp_path / "a28_s1_t1_skeleton.mat", {"d_skel": np.ones((20, 3, 2))})
    whole = (tmp_path / "a1_s1_t1_skeleton.mat").read_bytes()
    (tmp_path / "a1_s2_t1_skeleton.mat").write_bytes(whole[:150])
    (tmp_path / "a1_s2_t2_skeleton.mat").write_bytes(b"")
    recordings = read_utd_mhad(tmp_path)
    (good,), skipped = parted(recordings.recordings)
    assert trimmed(good).name == "a1_s1_t1"
    assert len(skipped) + 1 == recordings.total
    for item, (name, reason) in zip(
        skipped,
        [
            ("a1_s1_t2", "expected the variable d_skel"),
            ("a1_s1_t3", "(20, 3, T), got float64 (25, 3, 2)"),
            ("a1_s1_t4", "expected at least one frame"),
            ("a1_s2_t1", "expected a MATLAB file"),
            ("a1_s2_t2", "expected a MATLAB file"),
            ("a28_s1_t1", "expected a name a{1-27}"),
        ],
        strict=True,
    ):
        assert name in item.path
        assert reason in item.reason


def test_a_folder_without_such_files(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"\*_skeleton\.mat"):
        read_utd_mhad(tmp_path)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("kind", ["f8", "f4", "i2", "u1"])
def test_matrices_are_those_of_scipy(tmp_path: Path, packed: bool, kind: str) -> None:
    path, joints = tmp_path / "x.mat", np.arange(120).reshape(20, 3, 2).astype(kind)
    others = {"text": "abc", "whole": {"a": 1}, "d_skel": joints}
    savemat(path, others, do_compression=packed)
    read = read_matrix(path, "d_skel")
    np.testing.assert_array_equal(read, loadmat(path)["d_skel"])
    for content in ({"d_skel": "text"}, {"d_skel": joints * 1j}, {"d_skel": {"a": 1}}):
        savemat(path, content, do_compression=packed)
        with pytest.raises(FileError, match="damaged one: d_skel is no matrix of real numbers"):
            read_matrix(path, "d_skel")


def test_damage_of_any_kind_is_named(tmp_path: Path) -> None:
    """scipy's parser ends the process on some of these."""
    path, rng = tmp_path / "x.mat", np.random.default_rng(0)
    savemat(path, {"d_skel": np.arange(120.0).reshape(20, 3, 2)})
    whole = path.read_bytes()
    for place in range(124, 192):
        for value in rng.integers(256, size=2).tolist():
            path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            with suppress(FileError):
                assert read_matrix(path, "d_skel").size <= 120
    for size in range(0, len(whole), 31):
        path.write_bytes(whole[:size])
        with pytest.raises(FileError, match=r"x\.mat: expected"):
            read_matrix(path, "d_skel")
