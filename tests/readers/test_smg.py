"""SMG: whole recordings; a label row is a segment with both its ends, a bad one costs itself."""

from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.readers.smg import read_smg
from readers.items import clips, parted, segments, wholes
from readers.writers import person, write_smg

LABELS = [(17, 1, 20), (3, 21, 21), (1, 30, 60)]


@pytest.fixture
def xyz() -> np.ndarray:
    return person(np.random.default_rng(0), 60)


def test_returns_what_was_written(tmp_path: Path, xyz: np.ndarray) -> None:
    write_smg(tmp_path / "smg_skeleton_train", 7, xyz, LABELS)
    recordings = read_smg(tmp_path)
    (whole,) = wholes(recordings)
    np.testing.assert_array_equal(whole.frames[:, 0], xyz)
    assert (whole.name, whole.subject, whole.fps) == ("Sample0007", "7", 28)
    spans = [(part.start, part.stop) for part in whole.segments]
    assert spans == [(start - 1, end) for _, start, end in LABELS]
    read = segments(whole)
    for clip, (label, start, end) in zip(read, LABELS, strict=True):
        np.testing.assert_array_equal(clip.frames[:, 0], xyz[start - 1 : end])
        assert clip.frames.dtype == np.float32
        assert clip.frames.shape == (end - start + 1, 1, 25, 3)
        assert (clip.label, clip.subject, clip.condition) == (label - 1, "7", "")
    assert [clip.name for clip in read] == [f"Sample0007_00{n}" for n in (1, 2, 3)]
    assert (len(recordings.classes), recordings.classes[16]) == (17, "illustrative hand gestures")
    assert len(recordings.sources) == 3


def test_frames_counted_from_zero(tmp_path: Path, xyz: np.ndarray) -> None:
    write_smg(tmp_path, 1, xyz, [(2, 0, 59)])
    (clip,) = clips(read_smg(tmp_path, first_frame=0))
    np.testing.assert_array_equal(clip.frames[:, 0], xyz)
    (whole,), (item,) = parted(read_smg(tmp_path).recordings)
    assert (len(whole.frames), whole.segments) == (60, ())
    assert "within 1..60, got 0..59" in item.reason
    assert "first_frame" in item.reason


def test_a_bad_label_row_costs_only_itself(tmp_path: Path, xyz: np.ndarray) -> None:
    rows = [
        (1, 1, 9),
        (18, 1, 9),
        (-1, 1, 9),
        (2, 5, 61),
        (2, 9, 5),
        (2, 5),
        ("x", 1, 2),
        (3, 2, 4),
    ]
    write_smg(tmp_path, 1, xyz, rows)
    recordings = read_smg(tmp_path)
    (whole,), skipped = parted(recordings.recordings)
    assert recordings.total == 1
    assert len(whole.segments) + len(skipped) == len(rows)
    np.testing.assert_array_equal(whole.frames[:, 0], xyz)
    assert [(clip.label, clip.name) for clip in segments(whole)] == [
        (0, "Sample0001_001"),
        (2, "Sample0001_008"),
    ]
    reasons = [item.reason for item in skipped]
    assert [reason.split(":")[0] for reason in reasons] == [f"line {n}" for n in range(2, 8)]
    assert "label from 1 to 17, got 18" in reasons[0]
    assert "within 1..60, got 5..61" in reasons[2]
    labels = tmp_path / "Sample0001" / "Sample0001_finelabels.csv"
    assert {item.path for item in skipped} == {str(labels)}


def test_a_bad_recording_does_not_stop_the_others(tmp_path: Path, xyz: np.ndarray) -> None:
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
    recordings, bad = parted(read_smg(tmp_path).recordings)
    segments_of = {whole.subject: len(whole.segments) for whole in recordings}
    assert segments_of == {"3": 0, "4": 0, "6": 3}  # kept whole, if without labels
    skipped = {Path(item.path).name: item.reason for item in bad}
    assert skipped["Sample0001_skeleton.csv"].startswith("line 5: expected 275 numbers, got 274")
    assert "empty file" in skipped["Sample0002_skeleton.csv"]
    assert skipped["Sample0003_finelabels.csv"] == (
        "No such file or directory; the recording is kept whole, without segments"
    )
    assert "empty file; the recording is kept whole" in skipped["Sample0004_finelabels.csv"]
    assert skipped["Sample0005_skeleton.csv"] == (
        "line 1: expected a finite number in column 1, got 'nan'"
    )
    assert len(skipped) == len(bad) == 5


def test_emotion_segments_name_the_condition(tmp_path: Path, xyz: np.ndarray) -> None:
    write_smg(tmp_path, 1, xyz, LABELS, emotions=[(1, 1, 20, 11), (2, 22, 60, 2)])
    conditions = [clip.condition for clip in clips(read_smg(tmp_path))]
    assert conditions == ["emotion 11", "", "emotion 2"]  # and are no segments
    (tmp_path / "Sample0001" / "Sample0001_tflabels_new.csv").write_text("1,2\n")
    (whole,), (item,) = parted(read_smg(tmp_path).recordings)
    assert item.reason.startswith("line 1: expected 4 numbers")
    assert item.reason.endswith("; the emotions of this recording are not used")
    assert [clip.condition for clip in segments(whole)] == ["", "", ""]


def test_frame_rate_is_that_of_the_recordings(tmp_path: Path, xyz: np.ndarray) -> None:
    write_smg(tmp_path, 1, xyz, LABELS, fps=None)
    assert read_smg(tmp_path).fps == 28
    write_smg(tmp_path, 2, xyz, LABELS, fps=30)
    assert read_smg(tmp_path).fps == 30
    write_smg(tmp_path, 3, xyz, LABELS, fps=30)
    write_smg(tmp_path, 4, xyz, LABELS, fps=25)
    recordings = read_smg(tmp_path)
    assert recordings.fps == 30
    assert "differ" in recordings.note
    assert [whole.fps for whole in wholes(recordings)] == [None, 30, 30, 25]


def test_published_splits(tmp_path: Path, xyz: np.ndarray) -> None:
    write_smg(tmp_path, 1, xyz, LABELS)
    splits = read_smg(tmp_path).splits
    assert splits["subject"].train == tuple(str(n) for n in range(1, 36))
    assert splits["subject"].test == ("36", "37", "38", "39", "40")
    assert splits["miga"].test == ("31", "32", "33", "34", "35")
    assert not set(splits["miga"].train) & {*splits["miga"].test, *splits["subject"].test}


def test_a_file_cut_anywhere_gives_a_recording_or_a_reason(tmp_path: Path, xyz: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    folder = write_smg(tmp_path, 1, xyz[:12], [(17, 1, 10), (3, 11, 12)])
    for file in sorted(folder.iterdir()):
        whole = file.read_bytes()
        for size in rng.integers(0, len(whole), 20):
            file.write_bytes(whole[:size])
            recordings, skipped = parted(read_smg(tmp_path).recordings)
            assert recordings or skipped
            assert all(part.stop <= len(r.frames) for r in recordings for part in r.segments)
        file.write_bytes(whole)


def test_a_folder_without_recordings(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"SMG recordings named .*Sample0001"):
        read_smg(tmp_path)


def test_a_label_0_stops_it_all(tmp_path: Path) -> None:
    """The others may well be one class off."""
    xyz = np.zeros((60, 25, 3), dtype=np.float32)
    write_smg(tmp_path, 1, xyz, [(3, 1, 9), (0, 10, 20)])
    match = r"Sample0001_finelabels\.csv:2: expected labels that count from 1 to 17, got 0; either"
    with pytest.raises(EdgcnError, match=match):
        list(read_smg(tmp_path).recordings)


def test_another_number_of_frames_than_stated_is_named(tmp_path: Path, xyz: np.ndarray) -> None:
    folder = write_smg(tmp_path, 1, xyz, LABELS)
    (folder / "Sample0001_data.csv").write_text("61,28,8000\n")
    (whole,), (item,) = parted(read_smg(tmp_path).recordings)
    assert (len(whole.frames), len(whole.segments)) == (60, 3)
    assert item.path.endswith("Sample0001_data.csv")
    assert item.reason == "states 61 frames, and the recording has 60; it is kept as it is"
    for text, problem in (("60,0,1\n", "a frame rate above 0, got 0"), ("x\n", "3 numbers, got 1")):
        (folder / "Sample0001_data.csv").write_text(text)
        (whole,), (item,) = parted(read_smg(tmp_path).recordings)
        assert (len(whole.frames), whole.fps) == (60, None)
        assert problem in item.reason
        assert item.reason.endswith("; the frame rate of the others is taken")
