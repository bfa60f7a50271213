"""UTD-MHAD files written in the published format come back; damaged ones are named."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from edgcn.base.errors import EdgcnError
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
