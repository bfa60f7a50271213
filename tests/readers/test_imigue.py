"""iMiGUE: whole videos from both releases as they were written, hands at their own wrists."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers import imigue
from edgcn.readers.imigue import read_imigue, read_keypoints
from edgcn.readers.imigue_miga import read_light_hand
from edgcn.skeleton.layouts import BODY_25, MIGA_22
from readers.items import clips, parted, reason, segments, wholes
from readers.writers import write_imigue, write_miga

RIGHT, LEFT = slice(25, 30), slice(30, 35)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def keypoints(rng: np.random.Generator, frames: int, joints: int = 137) -> np.ndarray:
    """(T, V, 3) float32 of pixels and confidences."""
    points = rng.uniform(0.05, 1, size=(frames, joints, 3)) * (1280, 720, 1)
    return np.asarray(points, dtype=np.float32)


def light(rng: np.random.Generator, frames: int) -> np.ndarray:
    """A MiGA video (T, 35, 3) whose fingers are near the wrist of their side."""
    video = keypoints(rng, frames, 35)
    video[:, BODY_25.index("RWrist"), :2] = (300, 500)
    video[:, BODY_25.index("LWrist"), :2] = (700, 500)
    for shoulder, x in (("RShoulder", 450), ("LShoulder", 550)):
        video[:, BODY_25.index(shoulder), :2] = (x, 300)
    for hand, x in ((RIGHT, 300), (LEFT, 700)):
        video[:, hand, :2] = rng.normal((x, 530), 15, size=(frames, 5, 2))
    return video


def test_full_release_returns_what_was_written(tmp_path: Path, rng: np.random.Generator) -> None:
    videos = {1: keypoints(rng, 12), 12: keypoints(rng, 8)}
    videos[1][3:5] = 0  # the detector failed
    rows = [
        (1, 2, 31, 0, 4, "Win"),
        (12, 3, 99, 2, 7, "Lose"),
        (1, 2, 1, 5, 11, "Win"),
    ]
    write_imigue(tmp_path, videos, rows)
    recordings = read_imigue(tmp_path)
    kept = wholes(recordings)
    for whole, video in zip(kept, videos.values(), strict=True):
        np.testing.assert_array_equal(whole.frames[:, 0], video[:, :25])
        assert whole.frames.dtype == np.float32
    read = [clip for whole in kept for clip in segments(whole)]
    assert len(read) == 3
    assert recordings.note == ""
    assert (recordings.topology, recordings.units, recordings.dims) == (BODY_25, "px", 2)
    assert len(recordings.sources) == 3
    expected = {"0001_00002": (1, 0, 4), "0001_00004": (1, 5, 11), "0012_00003": (12, 2, 7)}
    for clip in read:
        number, start, end = expected[clip.name]
        np.testing.assert_array_equal(clip.frames[:, 0], videos[number][start : end + 1, :25])
    assert [(c.label, c.subject, c.condition) for c in read] == [
        (30, "2", "win"),
        (0, "2", "win"),
        (31, "3", "lose"),
    ]
    assert recordings.classes[31] == "illustrative"


def test_finger_tips_of_the_full_release(tmp_path: Path, rng: np.random.Generator) -> None:
    video = keypoints(rng, 3)
    write_imigue(tmp_path, {1: video}, [(1, 2, 1, 0, 2, "Win")])
    recordings = read_imigue(tmp_path, joints="miga_22")
    (clip,) = clips(recordings)
    assert recordings.topology is MIGA_22
    joint = {name: clip.frames[:, 0, n] for n, name in enumerate(MIGA_22.joints)}
    for name in MIGA_22.joints[:12]:
        np.testing.assert_array_equal(joint[name], video[:, BODY_25.index(name)])
    for finger, tip in zip(
        ("Thumb", "Index", "Middle", "Ring", "Little"), range(4, 21, 4), strict=True
    ):
        np.testing.assert_array_equal(joint[f"L{finger}"], video[:, 25 + tip])
        np.testing.assert_array_equal(joint[f"R{finger}"], video[:, 46 + tip])


def test_videos_the_data_set_lists(tmp_path: Path, rng: np.random.Generator) -> None:
    videos = {218: keypoints(rng, 4), 347: np.empty((0, 137, 3)), 5: keypoints(rng, 2)}
    rows = [(218, 2, 1, 0, 3, "Win"), (347, 2, 1, 0, 3, "Win"), (348, 2, 1, 0, 3, "Win")]
    write_imigue(tmp_path, videos, rows)
    recordings = read_imigue(tmp_path)
    (bare, doubtful), skipped = parted(recordings.recordings)
    assert recordings.total == 4
    assert [(clip.name, clip.condition) for clip in segments(doubtful)] == [
        ("0218_00002", "doubtful")
    ]
    assert all(item.known for item in skipped)
    assert {Path(item.path).stem for item in skipped} == {"0347_2", "0348_2"}
    assert (bare.name, bare.segments, len(bare.frames)) == ("0005", (), 2)
    assert recordings.note == "videos without a label row, kept whole and without segments: 0005"


def test_people_and_outcomes_that_differ_within_a_video(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    rows = [(1, 2, 1, 0, 1, "Win"), (1, 3, 2, 2, 3, "Lose"), (9, 4, 1, 0, 0, "Win")]
    write_imigue(tmp_path, {1: keypoints(rng, 4), 9: keypoints(rng, 1)}, rows)
    several, one = wholes(read_imigue(tmp_path))
    assert (several.subject, several.condition) == ("", "")
    assert [(clip.subject, clip.condition) for clip in segments(several)] == [
        ("2", "win"),
        ("3", "lose"),
    ]
    assert (one.subject, one.condition) == ("4", "win")


def test_a_bad_row_costs_only_itself(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = [
        (1, 2, 32, 0, 1, "Win"),
        (1, 2, 40, 0, 1, "Win"),
        (1, 2, 1, 0),
        (1, 2, 1, "x", 1, "Win"),
        (1, 2, 1, 3, 6, "Win"),
        (1, 2, 1, 3, 2, "Win"),
        (3, 2, 1, 0, 1, "Win"),
        (1, 2, 4, 5, 5, "Win"),
    ]
    write_imigue(tmp_path, {1: keypoints(rng, 6)}, rows)
    recordings = read_imigue(tmp_path)
    (whole,), skipped = parted(recordings.recordings)
    assert recordings.total == 3 + 2  # rows that say nothing, and two videos
    assert len(whole.frames) == 6
    assert len(whole.segments) + len(skipped) == len(rows)
    assert [clip.label for clip in segments(whole)] == [31, 3]
    reasons = sorted(item.reason for item in skipped)
    assert reasons[0].startswith(
        "expected the keypoints of 1 labelled segments here, found no file"
    )
    assert reasons[1] == "line 3: expected a class from 1 to 32, or 99, got 40"
    assert reasons[2] == "line 4: expected 6 columns, got 4"
    assert reasons[3] == "line 5: expected a finite number in column 4, got 'x'"
    assert reasons[4].startswith("line 6: expected frames in order within 0..5 of video 0001")
    assert reasons[5].endswith("got 3..2")


def test_a_csv_stands_in_for_a_workbook(tmp_path: Path, rng: np.random.Generator) -> None:
    video = keypoints(rng, 4)
    write_imigue(tmp_path, {1: video}, [(1, 2, 1, 0, 3, "Win")])
    workbook = tmp_path / "mg_skeleton_only" / "0001" / "0001_2.xlsx"
    np.testing.assert_array_equal(read_keypoints(workbook).astype(np.float32), video)
    workbook.unlink()
    lines = [",".join(repr(float(v)) for v in frame.ravel()) for frame in video]
    workbook.with_suffix(".csv").write_text("\n".join(lines))
    (clip,) = clips(read_imigue(tmp_path))
    np.testing.assert_array_equal(clip.frames[:, 0], video[:, :25])


def test_a_damaged_workbook_is_an_error_of_that_file(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    write_imigue(tmp_path, {1: keypoints(rng, 3)}, [(1, 2, 1, 0, 2, "Win")])
    workbook = tmp_path / "mg_skeleton_only" / "0001" / "0001_2.xlsx"
    whole = workbook.read_bytes()
    for size in [0, *rng.integers(0, len(whole), 25)]:
        workbook.write_bytes(whole[:size])
        assert "expected an Excel workbook" in reason(read_imigue(tmp_path))
    for place in rng.integers(0, len(whole), 25):
        workbook.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        recordings, skipped = parted(read_imigue(tmp_path).recordings)
        assert recordings or skipped


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_imigue(tmp_path, {1: keypoints(rng, 3)}, [(1, 2, 1, 0, 2, "Win")])
    monkeypatch.setattr(imigue, "LARGEST", 1000)
    assert "expected at most 1,000 bytes, unpacked, got" in reason(read_imigue(tmp_path))


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (None, "line 2: expected a finite number in column 3, got None"),
        ("x", "line 2: expected numbers"),
    ],
)
def test_cells_that_are_no_numbers(
    tmp_path: Path, rng: np.random.Generator, cell: str | None, problem: str
) -> None:
    write_imigue(tmp_path, {1: keypoints(rng, 3)}, [(1, 2, 1, 0, 2, "Win")])
    file = tmp_path / "mg_skeleton_only" / "0001" / "0001_2.xlsx"
    workbook = load_workbook(file)
    workbook.active.cell(2, 3).value = cell
    workbook.save(file)
    assert problem in reason(read_imigue(tmp_path))


def test_label_table_without_a_column(tmp_path: Path, rng: np.random.Generator) -> None:
    write_imigue(tmp_path, {1: keypoints(rng, 2)}, []).write_text("video_id,class\n1,2\n")
    with pytest.raises(
        FileError, match=r"20200831\.csv:1: expected columns .* missing: subject_id"
    ):
        read_imigue(tmp_path)


def test_published_split(tmp_path: Path, rng: np.random.Generator) -> None:
    write_imigue(tmp_path, {1: keypoints(rng, 2)}, [(1, 2, 1, 0, 1, "Win")])
    train = read_imigue(tmp_path).splits["subject"].train
    assert len(set(train)) == 37
    assert all(1 <= int(a) < int(b) <= 72 for a, b in pairwise(train))


def test_miga_release_returns_what_was_written(tmp_path: Path, rng: np.random.Generator) -> None:
    names = [*BODY_25.joints[:8], *BODY_25.joints[15:19]]
    order = [*(BODY_25.index(name) for name in names), *range(25, 35)]
    videos = {name: light(rng, 9) for name in ("0001", "0002", "0003")}
    labels = [(99, 0, 3), (1, 4, 8), (32, 8, 8)]
    write_miga(tmp_path / "imigue_skeleton_train", "0001", videos["0001"], labels)
    write_miga(tmp_path / "imigue_skeleton_validate", "0002", videos["0002"], labels)
    write_miga(tmp_path / "imigue_skeleton_test", "0003", videos["0003"], labels)
    recordings = read_imigue(tmp_path)
    kept = wholes(recordings)
    for whole in kept:
        np.testing.assert_array_equal(whole.frames[:, 0], videos[whole.name][:, order])
        assert whole.subject == ""
    assert "recordings have no subject" in recordings.note
    read = [clip for whole in kept for clip in segments(whole)]
    assert len(read) == 9
    assert recordings.topology is MIGA_22
    for clip in read:
        video, row = clip.name.split("_")
        label, start, end = labels[int(row) - 1]
        np.testing.assert_array_equal(clip.frames[:, 0], videos[video][start : end + 1][:, order])
        assert clip.label == {99: 31, 1: 0, 32: 31}[label]
        assert clip.split == {"0001": "train", "0002": "validate", "0003": "test"}[video]
    assert list(recordings.splits) == ["test", "validate"]


@pytest.mark.parametrize(
    "header",
    [
        None,
        ["frame", *(f"joint{n}" for n in range(105))],
        ["", *range(105)],  # as pandas counts its columns, with and without an index
        [*range(106)],
    ],
)
def test_a_header_row_is_no_frame(
    tmp_path: Path, rng: np.random.Generator, header: list[object] | None
) -> None:
    video = light(rng, 4)
    file = write_miga(tmp_path, "0001", video, [(1, 0, 3)], header=header)
    assert len(read_light_hand(file)) == 4
    (clip,) = clips(read_imigue(tmp_path))
    np.testing.assert_array_equal(clip.frames[:, 0, 12:], video[:, 25:])
    assert read_imigue(tmp_path).splits == {}


def in_order(video: np.ndarray, first: slice, second: slice) -> np.ndarray:
    return np.concatenate([video[:, :25], video[:, first], video[:, second]], axis=1)


def test_hands_are_told_by_wrists_far_apart_in_the_whole_release(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    """Where hands are folded, fingers are found anywhere: such a video tells nothing."""
    apart, folded = light(rng, 20), light(rng, 200)
    for wrist in ("RWrist", "LWrist"):
        folded[:, BODY_25.index(wrist), :2] = (500, 500)
    folded[:, RIGHT, 0], folded[:, LEFT, 0] = 530, 470
    apart[3:6, RIGHT] = 0  # fingers that were not seen tell nothing
    apart[7:9, BODY_25.index("RWrist")] = 0
    for n, (first, second) in enumerate([(LEFT, RIGHT), (RIGHT, LEFT)]):
        for name, video in (("0001", apart), ("0002", folded)):
            write_miga(tmp_path / f"{n}", name, in_order(video, first, second), None)
        recordings = read_imigue(tmp_path / f"{n}")
        side = ("left", "right")[n]
        assert f"the {side} hand comes first in the files, by 15 of 15 frames" in recordings.note
        for whole, video in zip(wholes(recordings), (apart, folded), strict=True):
            np.testing.assert_array_equal(whole.frames[:, 0, 12:17], video[:, RIGHT])
            np.testing.assert_array_equal(whole.frames[:, 0, 17:22], video[:, LEFT])


def test_the_left_hand_is_first_where_nothing_tells(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    video = light(rng, 5)
    video[:, BODY_25.index("RWrist")] = 0
    write_miga(tmp_path, "0001", video, None)
    recordings = read_imigue(tmp_path)
    (whole,) = wholes(recordings)
    assert "the left hand is taken to come first: no frame tells" in recordings.note
    np.testing.assert_array_equal(whole.frames[:, 0, 17:22], video[:, 25:30])


def test_the_table_of_the_full_release_says_who_is_in_a_video(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    for number, role in ((1, "train"), (2, "validate"), (3, "train")):
        write_miga(tmp_path / role, f"{number:04d}", light(rng, 9), [(1, 0, 3)])
    rows = [(1, 7, 1, 0, 4, "Win"), (1, 7, 2, 5, 8, "Win"), (2, 9, 1, 0, 4, "Lose")]
    write_imigue(tmp_path, {}, rows)
    recordings = read_imigue(tmp_path)
    assert [whole.subject for whole in wholes(recordings)] == ["7", "", "9"]
    assert list(recordings.splits) == ["validate", "subject"]
    assert "no subject" not in recordings.note


@pytest.mark.parametrize("released", ["full", "MiGA"])
def test_a_class_0_stops_it_all(tmp_path: Path, rng: np.random.Generator, released: str) -> None:
    if released == "full":
        write_imigue(tmp_path, {1: keypoints(rng, 9)}, [(1, 2, 0, 0, 4, "Win")])
    else:
        write_miga(tmp_path, "0001", light(rng, 9), [(0, 0, 3), (31, 4, 5)])
    with pytest.raises(
        EdgcnError, match=r"\.csv:[12]: expected labels that count from 1 to 32, got 0"
    ):
        list(read_imigue(tmp_path).recordings)


def test_miga_frames_that_are_not_in_order_are_named(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    file = write_miga(tmp_path, "0001", light(rng, 6), [(1, 0, 3)])
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:2], *lines[4:]]) + "\n")
    (whole,), (item,) = parted(read_imigue(tmp_path).recordings)
    assert (len(whole.frames), len(whole.segments)) == (4, 1)
    assert item.path == str(file)
    assert item.reason.startswith("expected frame 2 after frame 1, got 4 (1 such places)")
    file.write_text("\n".join(lines[3:]) + "\n")
    _, (item, _) = parted(read_imigue(tmp_path).recordings)  # the label row is lost as well
    assert item.reason.startswith("expected frames from 0 or 1 on, got 3 first")


def test_miga_nothing_is_lost_in_silence(tmp_path: Path, rng: np.random.Generator) -> None:
    labels: list[tuple[int, ...]] = [
        (1, 0, 3),
        (33, 0, 3),
        (-1, 0, 3),
        (2, 0),
        (2, 3, 4),
        (3, 2, 3),
    ]
    write_miga(tmp_path, "0001", light(rng, 4), labels)
    write_miga(tmp_path, "0002", light(rng, 4), None)
    write_miga(tmp_path, "0003", light(rng, 4), [])
    write_miga(tmp_path, "0347", light(rng, 4), [])
    write_miga(tmp_path, "0319", light(rng, 4), [(1, 0, 3)])
    file = write_miga(tmp_path, "0004", light(rng, 4), [(1, 0, 3)], header=["frame", *"ab"])
    file.write_text(file.read_text().rsplit(",", 1)[0])
    recordings = read_imigue(tmp_path)
    kept, skipped = parted(recordings.recordings)
    assert recordings.total == 6
    assert [whole.name for whole in kept] == ["0001", "0002", "0003", "0319"]
    assert len(skipped) == 4 + 1 + 1 + 1  # rows of 0001, labels of 0003, 0004, 0347
    good = [(clip.name, clip.label, clip.condition) for whole in kept for clip in segments(whole)]
    assert good == [("0001_00001", 0, ""), ("0001_00006", 2, ""), ("0319_00001", 0, "doubtful")]
    assert "videos without a label row, kept whole and without segments: 0002" in recordings.note
    reasons = {Path(item.path).name + item.reason[:7]: item for item in skipped}
    assert "class from 1 to 32, or 99, got 33" in reasons["0001_label.csvline 2:"].reason
    assert "got an empty file; the recording is kept whole, without segments" in (
        reasons["0003_label.csvexpecte"].reason
    )
    assert "line 5: expected 106 numbers, got 105" in reasons["0004_light_hand.csvline 5:"].reason
    assert [Path(item.path).name for item in skipped if item.known] == ["0347_light_hand.csv"]


def test_a_file_cut_anywhere_gives_a_recording_or_a_reason(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    file = write_miga(tmp_path, "0001", light(rng, 5), [(1, 0, 3), (2, 4, 4)])
    for path in (file, file.with_name("0001_label.csv")):
        whole = path.read_bytes()
        for size in rng.integers(0, len(whole), 30):
            path.write_bytes(whole[:size])
            recordings, skipped = parted(read_imigue(tmp_path).recordings)
            assert recordings or skipped
            assert all(part.stop <= len(r.frames) for r in recordings for part in r.segments)
        path.write_bytes(whole)


def test_a_folder_of_neither_release(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"either Label/labels_20200831\.csv .* or MiGA"):
        read_imigue(tmp_path)
