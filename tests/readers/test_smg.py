"""SMG: each label row is one clip with both its ends, and a bad one costs only itself."""

from pathlib import Path

import numpy as np
import pytest
from writers import person, write_smg

from edgcn.base.errors import EdgcnError
from edgcn.readers.smg import read_smg
from edgcn.skeleton.recording import Clip, Skipped

LABELS = [(17, 1, 20), (3, 21, 21), (1, 30, 60)]


@pytest.fixture
def xyz() -> np.ndarray:
    return person(np.random.default_rng(0), 60)


def test_returns_what_was_written(tmp_path, xyz):
    write_smg(tmp_path / "smg_skeleton_train", 7, xyz, LABELS)
    recordings = read_smg(tmp_path)
    clips = list(recordings.clips)
    assert recordings.total == len(clips) == 3
    for clip, (label, start, end) in zip(clips, LABELS, strict=True):
        np.testing.assert_array_equal(clip.frames[:, 0], xyz[start - 1 : end])
        assert clip.frames.dtype == np.float32
        assert clip.frames.shape == (end - start + 1, 1, 25, 3)
        assert (clip.label, clip.subject, clip.condition) == (label - 1, "7", "")
    assert [clip.name for clip in clips] == [f"Sample0007_00{n}" for n in (1, 2, 3)]
    assert (len(recordings.classes), recordings.classes[16]) == (17, "illustrative")
    assert len(recordings.sources) == 3


def test_frames_counted_from_zero(tmp_path, xyz):
    write_smg(tmp_path, 1, xyz, [(2, 0, 59)])
    (clip,) = read_smg(tmp_path, first_frame=0).clips
    np.testing.assert_array_equal(clip.frames[:, 0], xyz)
    (item,) = read_smg(tmp_path).clips
    assert "within 1..60, got 0..59" in item.reason
    assert "first_frame" in item.reason


def test_a_bad_label_row_costs_only_its_own_clip(tmp_path, xyz):
    rows = [(1, 1, 9), (18, 1, 9), (0, 1, 9), (2, 5, 61), (2, 9, 5), (2, 5), ("x", 1, 2), (3, 2, 4)]
    write_smg(tmp_path, 1, xyz, rows)
    recordings = read_smg(tmp_path)
    items = list(recordings.clips)
    assert len(items) == recordings.total == len(rows)
    good = [item for item in items if isinstance(item, Clip)]
    assert [(clip.label, clip.name) for clip in good] == [
        (0, "Sample0001_001"),
        (2, "Sample0001_008"),
    ]
    reasons = [item.reason for item in items if isinstance(item, Skipped)]
    assert [reason.split(":")[0] for reason in reasons] == [f"line {n}" for n in range(2, 8)]
    assert "label from 1 to 17, got 18" in reasons[0]
    assert "within 1..60, got 5..61" in reasons[2]
    paths = {item.path for item in items if isinstance(item, Skipped)}
    assert paths == {str(tmp_path / "Sample0001" / "Sample0001_finelabels.csv")}


def test_a_bad_recording_does_not_stop_the_others(tmp_path, xyz):
    for number in (1, 2, 3, 4, 5, 6):
        write_smg(tmp_path, number, xyz, LABELS)
    skeleton = tmp_path / "Sample0001" / "Sample0001_skeleton.csv"
    lines = skeleton.read_text().split("\n")
    lines[4] = lines[4].rsplit(",", 1)[0]
    skeleton.write_text("\r\n".join(lines))
    (tmp_path / "Sample0002" / "Sample0002_skeleton.csv").write_text("")
    (tmp_path / "Sample0003" / "Sample0003_finelabels.csv").unlink()
    (tmp_path / "Sample0004" / "Sample0004_finelabels.csv").write_text("\n")
    nan = tmp_path / "Sample0005" / "Sample0005_skeleton.csv"
    nan.write_text("nan" + nan.read_text()[nan.read_text().index(",") :])
    items = list(read_smg(tmp_path).clips)
    assert {item.subject for item in items if isinstance(item, Clip)} == {"6"}
    skipped = {Path(item.path).name: item.reason for item in items if isinstance(item, Skipped)}
    assert skipped["Sample0001_skeleton.csv"].startswith("line 5: expected 275 numbers, got 274")
    assert "empty file" in skipped["Sample0002_skeleton.csv"]
    assert "Sample0003_finelabels.csv, found none" in skipped["Sample0003_skeleton.csv"]
    assert "empty file" in skipped["Sample0004_finelabels.csv"]
    assert skipped["Sample0005_skeleton.csv"] == (
        "line 1: expected a finite number in column 1, got 'nan'"
    )


def test_emotion_segments_name_the_condition(tmp_path, xyz):
    write_smg(tmp_path, 1, xyz, LABELS, emotions=[(1, 1, 20, 11), (2, 22, 60, 2)])
    assert [clip.condition for clip in read_smg(tmp_path).clips] == ["emotion 11", "", "emotion 2"]
    (tmp_path / "Sample0001" / "Sample0001_tflabels_new.csv").write_text("1,2\n")
    first, *clips = read_smg(tmp_path).clips
    assert "emotion segments not used: line 1: expected 4 numbers" in first.reason
    assert [clip.condition for clip in clips] == ["", "", ""]


def test_frame_rate_is_that_of_the_recordings(tmp_path, xyz):
    write_smg(tmp_path, 1, xyz, LABELS, fps=None)
    assert read_smg(tmp_path).fps == 28
    write_smg(tmp_path, 2, xyz, LABELS, fps=30)
    assert read_smg(tmp_path).fps == 30
    write_smg(tmp_path, 3, xyz, LABELS, fps=30)
    write_smg(tmp_path, 4, xyz, LABELS, fps=25)
    recordings = read_smg(tmp_path)
    assert recordings.fps == 30
    assert "differ" in recordings.note


def test_published_splits(tmp_path, xyz):
    write_smg(tmp_path, 1, xyz, LABELS)
    splits = read_smg(tmp_path).splits
    assert splits["subject"].train == tuple(str(n) for n in range(1, 36))
    assert splits["subject"].test == ("36", "37", "38", "39", "40")
    assert splits["miga"].test == ("31", "32", "33", "34", "35")
    assert not set(splits["miga"].train) & {*splits["miga"].test, *splits["subject"].test}


def test_a_file_cut_anywhere_gives_clips_or_skipped(tmp_path, xyz):
    rng = np.random.default_rng(0)
    folder = write_smg(tmp_path, 1, xyz[:12], [(17, 1, 10), (3, 11, 12)])
    for file in sorted(folder.iterdir()):
        whole = file.read_bytes()
        for size in rng.integers(0, len(whole), 20):
            file.write_bytes(whole[:size])
            items = list(read_smg(tmp_path).clips)
            assert items
            assert all(isinstance(item, Clip | Skipped) for item in items)
        file.write_bytes(whole)


def test_a_folder_without_recordings(tmp_path):
    with pytest.raises(EdgcnError, match=r"SMG recordings named .*Sample0001"):
        read_smg(tmp_path)
