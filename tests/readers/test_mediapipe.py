"""MediaPipe's landmarks, in the shapes in which scripts write them, are one person."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.readers.mediapipe import read_mediapipe
from edgcn.skeleton.layouts import HAND_21, MEDIAPIPE_33, MEDIAPIPE_75
from edgcn.store.inspect import health
from readers.items import clip, parted, reason, wholes
from readers.standing import people

FRAMES = 12
NAMES = [name.upper() for name in MEDIAPIPE_33.joints]
SIZE = "1280x720"


def body(frames: int = FRAMES) -> np.ndarray:
    """Somebody (T, 33, 3) in meters, y up, the right hand raised, the hips at the origin."""
    standing = np.repeat(people(MEDIAPIPE_33)[30][None], frames, axis=0)
    for joint in ("right_wrist", "right_index", "right_thumb", "right_pinky"):
        standing[:, MEDIAPIPE_33.index(joint), 1] += 0.9
    standing += np.random.default_rng(0).normal(scale=0.005, size=standing.shape)
    hips = standing[:, [MEDIAPIPE_33.index(f"{side}_hip") for side in ("left", "right")]]
    return np.asarray(standing - hips.mean(axis=1, keepdims=True), dtype=np.float32)


def image() -> np.ndarray:
    """The same (T, 33, 4) as MediaPipe writes it: fractions of the picture, z, visibility."""
    x, y, z = np.moveaxis(body(), -1, 0)
    points = np.stack([0.5 - 0.3 * x * 9 / 16, 0.5 - 0.3 * y, 0.2 * z, np.full_like(x, 0.9)], -1)
    points[4, 15, 3] = 0.1  # the left wrist is not believed
    return points.astype(np.float32)


def hands() -> np.ndarray:
    """Left and right (T, 42, 3); the right one is not found in one frame."""
    made = np.random.default_rng(1).uniform(0.4, 0.6, (FRAMES, 42, 3)).astype(np.float32)
    made[2, 21:] = 0
    return made


def pixels() -> np.ndarray:
    expected = image()[..., [0, 1, 3]] * (1280, 720, 1)
    expected[4, 15] = 0
    return expected


def csv(path: Path, columns: list[str], values: np.ndarray, *more: list[str]) -> Path:
    """A table of (T, columns), and perhaps of columns of words behind it."""
    rows = [list(map(repr, row)) for row in values.reshape(len(values), -1).tolist()]
    lines = [columns, *(row + list(words) for row, *words in zip(rows, *more, strict=True))]
    path.write_text("\n".join(map(",".join, lines)) + "\n")
    return path


def masked_piper(path: Path) -> Path:
    """Milliseconds, and one name twice."""
    names = [*NAMES[:4], "RIGHT_EYE_OUTER", *NAMES[5:]]
    columns = ["time", *(f"{a}_{n}" for n in names for a in ("X", "Y", "Z", "visibility"))]
    times = 1000 / 25 * np.arange(FRAMES)[:, None]
    return csv(path, columns, np.concatenate([times, image().reshape(FRAMES, -1)], axis=1))


def by_number(path: Path, first: int = 1) -> Path:
    columns = [f"{a}{n + first}" for n in range(33) for a in "xyzv"]
    return csv(path, columns, image())


def by_name(path: Path) -> Path:
    """In any order and case."""
    order = np.random.default_rng(2).permutation(33)
    columns = [f"{MEDIAPIPE_33.joints[n].title()}_{a}" for n in order for a in ("x", "y", "vis")]
    return csv(path, columns, image()[:, order][..., [0, 1, 3]])


def array(path: Path) -> Path:
    np.save(path.with_suffix(".npy"), image())
    return path.with_suffix(".npy")


def rows(path: Path) -> Path:
    np.save(path.with_suffix(".npy"), image().reshape(FRAMES, -1))
    return path.with_suffix(".npy")


def members(path: Path) -> Path:
    np.savez(path.with_suffix(".npz"), pose=image(), timestamps_ms=40 * np.arange(FRAMES))
    return path.with_suffix(".npz")


def single_frames(path: Path) -> Path:
    """A file for each frame, all its numbers in a row."""
    folder = path.with_suffix("")
    folder.mkdir()
    for number, frame in enumerate(image()):
        np.save(folder / f"{number}.npy", frame.ravel())
    return folder


SHAPES: list[Callable[[Path], Path]] = [
    masked_piper, by_number, lambda path: by_number(path, 0), by_name, array, rows, members,
    single_frames,
]  # fmt: skip


@pytest.mark.parametrize("write", SHAPES)
def test_every_shape_is_the_same_person(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    recordings = read_mediapipe(write(tmp_path / "a.csv"), size=SIZE)
    whole = clip(recordings)
    np.testing.assert_allclose(whole.frames[:, 0], pixels(), rtol=1e-6)
    assert (recordings.topology, recordings.dims, recordings.units) == (MEDIAPIPE_33, 2, "px")
    assert "taken for fractions of a picture" in recordings.note
    assert whole.name == "a"


def test_fractions_of_a_picture_need_its_size(tmp_path: Path) -> None:
    path = by_number(tmp_path / "a.csv")
    with pytest.raises(EdgcnError, match=r"fractions of .* give its size, as in `--size 1280x720`"):
        read_mediapipe(path)
    config = PrepareConfig(reader="mediapipe", path=path, out=tmp_path / "store", size=SIZE)
    store = prepare(config, say=lambda _: None)
    np.testing.assert_allclose(store.frames[:, 0], pixels(), rtol=1e-6)
    assert not [note for note in health(store) if "fractions" in note or "--size" in note]


def test_world_landmarks_are_upright_and_not_mirrored(tmp_path: Path) -> None:
    world = body() * (-1, -1, 1)  # x to the right of the picture, y down, z away
    path = csv(tmp_path / "a.csv", [f"{a}{n}" for n in range(33) for a in "xyz"], world)
    recordings = read_mediapipe(path)
    frames = clip(recordings).frames[:, 0]
    np.testing.assert_allclose(frames, body(), atol=1e-6)
    assert (recordings.dims, recordings.units) == (3, "m")
    assert "world landmarks in meters" in recordings.note
    at = MEDIAPIPE_33.index
    assert (frames[:, at("right_wrist"), 1] > frames[:, at("nose"), 1]).all()
    assert (frames[:, at("right_shoulder"), 0] > frames[:, at("left_shoulder"), 0]).all()


@pytest.mark.parametrize("face", [0, 468, 478])
@pytest.mark.parametrize("flat", [False, True])
def test_holistic_keeps_the_hands_and_says_that_the_face_is_left_out(
    tmp_path: Path, face: int, flat: bool
) -> None:
    faces = np.random.default_rng(3).uniform(0.49, 0.51, (FRAMES, face, 3))
    if flat:  # the body with visibility, the rest without
        parts = [part.reshape(FRAMES, -1) for part in (image(), faces, hands())]
        np.save(tmp_path / "a.npy", np.concatenate(parts, axis=1))
    else:
        np.save(tmp_path / "a.npy", np.concatenate([image()[..., :3], faces, hands()], axis=1))
    recordings = read_mediapipe(tmp_path, size=SIZE, min_confidence=0.2)
    frames = clip(recordings).frames[:, 0]
    assert recordings.topology is MEDIAPIPE_75
    assert ("the face is left out" in recordings.note) == (face > 0)
    np.testing.assert_allclose(frames[:, 33:, :2], hands()[..., :2] * (1280, 720), rtol=1e-6)
    assert not frames[2, 54:].any()
    body_alone = clip(read_mediapipe(tmp_path, size=SIZE, hands=False, min_confidence=0.2)).frames
    np.testing.assert_array_equal(body_alone[:, 0], frames[:, :33])


def test_holistic_with_the_face_first(tmp_path: Path) -> None:
    faces = np.random.default_rng(3).uniform(0.49, 0.51, (FRAMES, 468, 3))
    left, right = hands()[:, :21], hands()[:, 21:]
    np.save(tmp_path / "a.npy", np.concatenate([faces, left, image()[..., :3], right], axis=1))
    frames = clip(read_mediapipe(tmp_path, size=SIZE)).frames[:, 0]
    np.testing.assert_allclose(frames[:, :33, :2], image()[..., :2] * (1280, 720), rtol=1e-6)
    np.testing.assert_allclose(frames[:, 33:, :2], hands()[..., :2] * (1280, 720), rtol=1e-6)


def test_hands_in_a_file_of_their_own(tmp_path: Path) -> None:
    masked_piper(tmp_path / "a_body.csv")
    joints = [joint.upper() for joint in HAND_21.joints]
    columns = [f"{a}_{s}_{joint}" for s in ("LEFT", "RIGHT") for joint in joints for a in "XYZ"]
    csv(tmp_path / "a_hands.csv", columns, hands())
    recordings = read_mediapipe(tmp_path, size=SIZE)
    assert clip(recordings).name == "a"
    frames = clip(read_mediapipe(tmp_path, size=SIZE)).frames[:, 0]
    np.testing.assert_allclose(frames[:, 33:, :2], hands()[..., :2] * (1280, 720), rtol=1e-6)
    alone = read_mediapipe(tmp_path / "a_hands.csv", size=SIZE)
    assert (alone.topology, alone.bodies) == (HAND_21, 2)
    np.testing.assert_array_equal(clip(alone).frames.reshape(FRAMES, 42, 3), frames[:, 33:])


def with_times(path: Path, times: np.ndarray, name: str = "time") -> Path:
    columns = [name, *(f"{a}{n}" for n in range(33) for a in "xyzv")]
    return csv(path, columns, np.concatenate([times[:, None], image().reshape(12, -1)], axis=1))


@pytest.mark.parametrize(
    ("factor", "name", "said"),
    [
        (1, "time", "'time' are seconds, since frames are 0.04 apart"),
        (1000, "time", "'time' are milliseconds, since frames are 40 apart"),
        (1e6, "timestamp", "'timestamp' are microseconds, since frames are 4e+04 apart"),
        (1000, "time_ms", "'time_ms' are milliseconds, as its name says"),
        (1, "Timestamp (s)", "'Timestamp (s)' are seconds, as its name says"),
    ],
)
def test_times_are_told_and_said(tmp_path: Path, factor: float, name: str, said: str) -> None:
    even = (3 + np.arange(12) / 25) * factor
    recordings = read_mediapipe(with_times(tmp_path / "a.csv", even, name), size=SIZE)
    (whole,) = wholes(recordings)
    assert recordings.fps == 25
    assert (whole.fps or 25) == pytest.approx(25)
    assert whole.times is None
    assert whole.start == pytest.approx(3)
    assert said in recordings.note


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    times = np.cumsum(np.random.default_rng(0).uniform(20, 60, 12))
    path = with_times(tmp_path / "a.csv", times)
    (whole,) = wholes(read_mediapipe(path, size=SIZE))
    assert whole.times is not None
    np.testing.assert_allclose(whole.times, (times - times[0]) / 1000)
    assert "frames are not evenly spaced: their times are kept" in whole.note
    (given,) = wholes(read_mediapipe(path, size=SIZE, fps=20))
    assert (given.times, given.fps) == (None, None)
    times[5] = times[4]
    with_times(path, times)
    assert "expected times that increase in column 'time', got" in reason(
        read_mediapipe(path, size=SIZE)
    )
    assert read_mediapipe(path, size=SIZE, fps=20).fps == 20
    assert wholes(read_mediapipe(path, size=SIZE, fps=20))


def test_frame_numbers_that_are_left_out_are_frames_of_nobody(tmp_path: Path) -> None:
    numbers = np.array([3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16.0])
    path = with_times(tmp_path / "a.csv", numbers, "frame")
    frames = clip(read_mediapipe(path, size=SIZE)).frames[:, 0]
    assert np.flatnonzero(~frames.any((1, 2))).tolist() == [3, 4]
    np.testing.assert_allclose(frames[[0, 1, 2, *range(5, 14)]], pixels(), rtol=1e-6)


@pytest.mark.parametrize("first", [False, True])
def test_a_column_of_labels_gives_segments(tmp_path: Path, first: bool) -> None:
    words = ["nod"] * 3 + [""] * 2 + ["wave"] * 4 + ["nod"] * 3
    columns = [f"{a}{n}" for n in range(33) for a in "xyzv"]
    values = image().reshape(12, -1).tolist()
    rows = [["class", *columns] if first else [*columns, "class"]]
    rows += [[w, *map(repr, v)] if first else [*map(repr, v), w]
             for w, v in zip(words, values, strict=True)]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join(map(",".join, rows)))
    recordings = read_mediapipe(tmp_path, size=SIZE)
    (whole,) = wholes(recordings)
    assert recordings.classes == ("nod", "wave")
    spans = [(part.start, part.stop, part.label) for part in whole.segments]
    assert spans == [(0, 3, 0), (5, 9, 1), (9, 12, 0)]


def test_classes_of_folders_and_a_table(tmp_path: Path) -> None:
    for name in ("nod/one", "wave/two"):
        (tmp_path / name).parent.mkdir()
        array(tmp_path / name)
    recordings = read_mediapipe(tmp_path, size=SIZE)
    assert recordings.classes == ("nod", "wave")
    labels = tmp_path / "labels.csv"
    labels.write_text("name,label,start,end\none,a,0,4\none,b,5,11\n")
    recordings = read_mediapipe(tmp_path, size=SIZE, labels=labels)
    assert recordings.classes == ("a", "b")
    one, two = wholes(recordings)
    assert [(part.start, part.stop) for part in one.segments] == [(0, 5), (5, 12)]
    assert two.segments == ()


def test_some_landmarks_in_pixels_are_taken(tmp_path: Path) -> None:
    joints = ["left_shoulder", "right_shoulder", "left_wrist"]
    at = [MEDIAPIPE_33.index(joint) for joint in joints]
    columns = [f"{joint}.{axis}" for joint in joints for axis in "xy"]
    values = pixels()[:, at, :2]
    values[4] = values[3]
    recordings = read_mediapipe(csv(tmp_path / "a.csv", columns, values))
    frames = clip(recordings).frames[:, 0]
    assert "taken for pixels" in recordings.note
    np.testing.assert_allclose(frames[:, at, :2], values, rtol=1e-6)
    assert frames.any((0, 2)).sum() == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,2\n", "a.csv:1: expected columns of landmarks (x1,y1,z1,v1,... or X_NOSE"),
        (
            "x1,y1,x2,y2\n1,2,3,4\n",
            "a.csv:1: expected 33 landmarks or more (or 21 of a hand), got 2",
        ),
        ("x3,y3,x4,y4\n1,2,3,4\n", "expected landmarks numbered one after the other from 0 or 1"),
        (
            "nose_x,nose_y,nose_x\n1,2,3\n",
            "a.csv:1: expected each landmark once, got 'nose_x' again",
        ),
        ("nose_x,left_ear_x\n1,2\n", "a.csv:1: expected columns x and y for each landmark"),
        ("nose_x,nose_y\n", "line 1: expected a line for each frame, got a header alone"),
        ("1,2,3\n1,2,3\n", "a.csv:1: expected a first line that names the columns, got 3 numbers"),
    ],
)
def test_what_is_no_such_table_is_one_line(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    try:
        said = reason(read_mediapipe(tmp_path / "a.csv", landmarks="world"))
    except FileError as error:
        said = str(error)
    assert problem in said


def test_what_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    by_number(tmp_path / "a.csv")
    (tmp_path / "other.csv").write_text("name,score\nanna,3\n")
    np.save(tmp_path / "y.npy", np.zeros(7, dtype=int))
    np.savez(tmp_path / "z.npz", labels=np.zeros(7, dtype=int))
    kept, lost = parted(read_mediapipe(tmp_path, size=SIZE).recordings)
    assert [whole.name for whole in kept] == ["a"]
    assert sorted(Path(item.path).name for item in lost) == ["other.csv", "y.npy", "z.npz"]
