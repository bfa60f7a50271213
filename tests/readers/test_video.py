"""Videos: when pictures are shown, how they are turned, who is taken, and what is looked at once.

A stand-in for the pose model finds a bright spot; what MediaPipe itself finds is asked at the end,
where it is installed.
"""

import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("av", reason="PyAV is not installed: pip install 'edgcn[video]'")

from edgcn.base.errors import EdgcnError
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.readers import video
from edgcn.readers.video import mediapipe_pose, onnx_pose
from edgcn.readers.video.mediapipe_pose import mediapipe_finder
from edgcn.readers.video.times import clock
from edgcn.skeleton.layouts import COCO_17, MEDIAPIPE_33
from edgcn.skeleton.recording import Recording, Recordings
from edgcn.store import open_store
from readers.filmed import (
    HALF,
    HEIGHT,
    MIRRORED,
    QUARTER,
    WIDTH,
    Spot,
    everybody,
    film,
    picture,
    sound,
    spot,
)
from readers.items import parted, reason, wholes

PLACES = [(20, 12), (24, 16), (28, 20), (36, 26)]


@pytest.fixture(autouse=True)
def backends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "BACKENDS", {"mediapipe": spot, "everybody": everybody})
    monkeypatch.setattr(Spot, "looked", 0)
    monkeypatch.setattr(Spot, "stop_at", None)


def spots(places: list[tuple[int, int]] = PLACES) -> list[np.ndarray]:
    return [picture(x, y) for x, y in places]


def read(path: Path, **options: Any) -> Recordings:
    return video.read_video(path, **options)


def one(path: Path, **options: Any) -> Recording:
    (recording,) = wholes(read(path, **options))
    return recording


def nose(recording: Recording, body: int = 0) -> list[tuple[int, int]]:
    return [(round(float(x)), round(float(y))) for x, y, _ in recording.frames[:, body, 0]]


def test_what_is_seen_is_in_pixels_of_the_picture(tmp_path: Path) -> None:
    recordings = read(film(tmp_path / "a.mp4", spots()))
    (recording,) = wholes(recordings)
    assert nose(recording) == PLACES
    assert (recordings.topology, recordings.units, recordings.dims) == (MEDIAPIPE_33, "px", 2)
    assert (recording.name, recording.segments, recording.start) == ("a", (), 0)
    assert recording.frames.shape == (4, 1, 33, 3)


def test_a_title_in_no_encoding_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", spots(), title="THE TITLE")
    path.write_bytes(path.read_bytes().replace(b"THE TITLE", b"\xe9\xffT\xfcrkei"))
    assert nose(one(path)) == PLACES


@pytest.mark.parametrize(("matrix", "turned"), [
    (QUARTER, [(HEIGHT - y, x) for x, y in PLACES]),
    (HALF, [(WIDTH - x, HEIGHT - y) for x, y in PLACES]),
    (MIRRORED, [(WIDTH - x, y) for x, y in PLACES]),
])  # fmt: skip
def test_pictures_are_turned_as_a_player_turns_them(
    matrix: tuple[int, ...], turned: list[tuple[int, int]], tmp_path: Path
) -> None:
    assert nose(one(film(tmp_path / "a.mp4", spots(), matrix=matrix))) == turned


@pytest.mark.parametrize(("shape", "x", "y"), [(2, 2, 1), (Fraction(1, 2), 1, 2)])
def test_pixels_that_are_not_square_are_made_so(
    shape: Fraction, x: int, y: int, tmp_path: Path
) -> None:
    found = nose(one(film(tmp_path / "a.mkv", spots(), pixels=Fraction(shape))))
    wanted = [(x * at, y * down) for at, down in PLACES]
    assert np.abs(np.array(found) - wanted).max() <= 1


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(25), Fraction(240)])
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_an_even_rate_is_that_of_the_file(rate: Fraction, ending: str, tmp_path: Path) -> None:
    """Matroska counts milliseconds, and rounds those of 29.97."""
    recording = one(film(tmp_path / f"a.{ending}", spots() * 5, rate=rate))
    assert recording.times is None
    assert recording.fps == pytest.approx(float(rate))


def test_pictures_keep_the_times_at_which_they_are_shown(tmp_path: Path) -> None:
    shown = [500, 533, 700, 1200]
    recording = one(film(tmp_path / "a.mkv", spots(), milliseconds=shown))
    assert recording.times is not None
    np.testing.assert_allclose(recording.times, [0, 0.033, 0.2, 0.7])
    assert recording.fps == pytest.approx(3 / 0.7)
    assert recording.start == 0  # the file begins with its first picture


STAMPS = np.arange(10) / 25


@pytest.mark.parametrize(("stamps", "rate", "fps", "times", "said"), [
    (STAMPS + 3, 25.0, 25.0, None, ""),
    (STAMPS, 50.0, 25.0, None, ""),  # a header that is wrong
    (STAMPS, None, 25.0, None, ""),
    (STAMPS[:1], None, 25.0, None, ""),
    (np.r_[STAMPS, np.nan], 30.0, 30.0, None, "1 of 11 pictures have no time: taken as 30 fps"),
    (np.r_[STAMPS, STAMPS[-1]], 25.0, 25.0, None, "1 of 11 pictures are not later than the one"),
    (np.r_[STAMPS + 9, STAMPS], 25.0, 25.0, None, "set back 1 time, first at picture 10"),
    (np.delete(STAMPS, 5), 25.0, 8 / 0.36, np.delete(STAMPS, 5), ""),
])  # fmt: skip
def test_times(
    stamps: np.ndarray, rate: float | None, fps: float, times: np.ndarray | None, said: str
) -> None:
    found = clock(stamps, rate)
    assert found.fps == pytest.approx(fps)
    assert found.note.count(said)
    assert bool(found.note) == bool(said)
    assert (found.times is None) == (times is None)
    if found.times is not None:
        assert found.times.tolist() == pytest.approx(times)


def test_everybody_has_a_box_or_is_followed(tmp_path: Path) -> None:
    """The person of the brightest spot is sure, the other one larger."""
    left, right = (20, 12), (70, 40)
    path = film(tmp_path / "a.mp4", [picture(*left, others=[right])] * 3)
    assert nose(one(path)) == [left] * 3
    boxes = one(path, box="0,0,48,64:48,0,48,64", backend="everybody")
    assert (nose(boxes, 0), nose(boxes, 1)) == ([left] * 3, [right] * 3)
    assert nose(one(path, backend="everybody")) == [right] * 3
    both = one(path, backend="everybody", people="together")
    assert {nose(both, 0)[0], nose(both, 1)[0]} == {left, right}
    assert both.frames.shape[1] == 2
    apart, _ = parted(read(path, backend="everybody", people="apart").recordings)
    assert {(own.name, own.subject, nose(own)[0]) for own in apart} == {
        (f"a/{n}", f"a/{n}", place) for n, place in ((1, left), (2, right))
    }


@pytest.mark.parametrize(("options", "said"), [
    ({"box": "1,2,3"}, "box: expected x,y,width,height in pixels"),
    ({"box": "90,0,48,64"}, "expected a box inside the picture of 96 x 64, got 90,0,48,64"),
    ({"people": "together"}, "spot finds one person in a picture; give each person a box"),
    ({"backend": "mediapip"}, "no backend is named 'mediapip'.*did you mean 'mediapipe'"),
    ({"model": Path("no.onnx")}, "expected an ONNX model at no.onnx, found no such file"),
    ({"model": Path("no.onnx"), "hands": True}, "option hands does not go with model"),
])  # fmt: skip
def test_options_that_do_not_fit_are_said(
    options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", spots())
    with pytest.raises(EdgcnError, match=said):
        raise EdgcnError(reason(read(path, **options)))


def test_a_video_is_looked_at_once(tmp_path: Path) -> None:
    """Whatever is done with it later; but anew where it is another one, or seen in another way."""
    path = film(tmp_path / "a.mp4", spots())
    first = one(path)
    assert Spot.looked == 4
    np.testing.assert_array_equal(one(path).frames, first.frames)
    np.testing.assert_array_equal(one(tmp_path, people="surest").frames, first.frames)
    assert Spot.looked == 4
    assert nose(one(path, box="0,0,96,32")) == PLACES
    assert Spot.looked == 8
    film(path, spots(PLACES[::-1]))
    assert nose(one(path)) == PLACES[::-1]
    (tmp_path / "edgcn-poses" / "a.mp4.npz").write_bytes(b"damaged")
    assert nose(one(path)) == PLACES[::-1]
    assert Spot.looked == 16


def test_a_reading_that_was_stopped_goes_on(tmp_path: Path) -> None:
    for name in ("a.mp4", "b/c.mp4", "d.mp4"):
        film(tmp_path / "videos" / name, spots())
    Spot.stop_at = 6
    settings = {"reader": "video", "path": tmp_path / "videos", "out": tmp_path / "store"}
    with pytest.raises(KeyboardInterrupt):
        prepare(PrepareConfig.model_validate(settings))
    kept = tmp_path / "videos" / "edgcn-poses"
    assert [path.name for path in kept.rglob("*") if path.is_file()] == ["a.mp4.npz"]
    assert not (tmp_path / "store").exists()
    Spot.stop_at = None
    store = prepare(PrepareConfig.model_validate(settings))
    assert Spot.looked == 6 + 8
    assert store.recordings.names.tolist() == ["a", "b/c", "d"]


def test_poses_can_be_kept_elsewhere(tmp_path: Path) -> None:
    path = film(tmp_path / "videos" / "a.mp4", spots())
    one(path, poses=tmp_path / "kept")
    assert [file.name for file in path.parent.iterdir()] == ["a.mp4"]
    assert (tmp_path / "kept" / "a.mp4.npz").is_file()
    (tmp_path / "file").touch()
    with pytest.raises(EdgcnError, match=r"cannot keep the poses of .*choose another folder"):
        one(path, poses=tmp_path / "file")


def test_videos_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.MKV", "b/a.mp4"):
        film(tmp_path / name, spots())
    assert [whole.name for whole in wholes(read(tmp_path))] == ["a.MKV", "a.mp4", "b/a"]


def cut(path: Path) -> None:
    """Half of an mp4, whose index is at its end."""
    film(path, spots() * 10)
    path.write_bytes(path.read_bytes()[:-1500])


@pytest.mark.parametrize(("make", "said"), [
    (Path.touch, "expected a video, got an empty file"),
    (lambda path: path.write_text("hello\n" * 99), "expected a video, got what no decoder knows"),
    (lambda path: path.write_text("ffconcat version 1.0\nfile b.mp4\n"), "no decoder knows"),
    (lambda path: path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://there/b.ts\n"), "no decoder knows"),
    (cut, "damaged or cut off"),
    (Path.mkdir, "expected a file, got a folder"),
    (lambda path: sound(path.with_suffix(".wav")).rename(path), "expected a video"),
    (lambda path: sound(path.with_suffix(".mov")).rename(path), "found sound only"),
    (lambda path: film(path, []), "expected a video with pictures, found none"),
])  # fmt: skip
def test_what_is_no_video_is_named_and_the_others_are_read(
    make: Any, said: str, tmp_path: Path
) -> None:
    film(tmp_path / "b.mp4", spots())
    make(tmp_path / "a.mp4")
    kept, skipped = parted(read(tmp_path).recordings)
    assert [recording.name for recording in kept] == ["b"]
    assert [item.path for item in skipped] == [str(tmp_path / "a.mp4")]
    assert said in skipped[0].reason


def test_damage_inside_is_left_out_and_said(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", spots() * 30)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    recording = one(path)
    assert 30 < len(recording.frames) < 80
    assert "it says that it is 5 s long, and its pictures end at 2 s" in recording.note


def test_a_folder_without_videos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(EdgcnError, match=r"expected videos \(.mp4, .* found none among 1 files"):
        read(tmp_path)


def test_times_are_in_the_store(tmp_path: Path) -> None:
    film(tmp_path / "a.mkv", spots(), milliseconds=[0, 33, 200, 700])
    film(tmp_path / "b.mkv", spots())
    out = tmp_path / "store"
    prepare(PrepareConfig(reader="video", path=tmp_path, out=out), say=lambda _: None)
    store = open_store(out)
    np.testing.assert_allclose(store.times_of(0), [0, 0.033, 0.2, 0.7])
    np.testing.assert_allclose(store.times_of(1), [0, 0.04, 0.08, 0.12])
    assert store.fps == 25


def rows(people: list[tuple[float, float, float, float]]) -> np.ndarray:
    """YOLO-pose output (1, 56, N) of people at x, y of a size and a score."""
    found = np.zeros((len(people), 56), dtype=np.float32)
    for row, (x, y, size, score) in zip(found, people, strict=True):
        row[:5] = (x, y, size, size, score)
        row[5:] = np.tile((x, y, 0.8), 17)
    return found.T[None]


def test_a_yolo_model_gives_everybody_once() -> None:
    people = [(100.0, 50.0, 40.0, 0.7), (102.0, 51.0, 40.0, 0.9), (200.0, 50.0, 40.0, 0.5)]
    people.append((20.0, 20.0, 40.0, 0.1))
    raw = rows(people)
    found = onnx_pose.from_yolo(raw)
    assert found.shape == (2, 17, 3)
    assert found[:, 0, 0].tolist() == [102, 200]
    boxes = raw[0].T
    corners = np.c_[boxes[:, :2] - 20, boxes[:, :2] + 20, boxes[:, 4:5], np.zeros(4), boxes[:, 5:]]
    np.testing.assert_array_equal(onnx_pose.from_yolo(corners[None]), found)


def test_a_simcc_model_gives_the_highest_place_and_the_lower_score() -> None:
    x, y = np.zeros((1, 17, 384), np.float32), np.zeros((1, 17, 512), np.float32)
    x[0, :, 100], y[0, :, 300] = 0.9, 0.6
    found = onnx_pose.from_simcc(x, y, (192, 256))
    assert found.shape == (1, 17, 3)
    assert found[0, 5].tolist() == [50, 150, pytest.approx(0.6)]


class Session:
    """An ONNX model of SimCC kind that finds the brightest pixel."""

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="input", shape=["n", 3, 256, 192], type="tensor(float)")]

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(shape=["n", 17, 384]), SimpleNamespace(shape=["n", 17, 512])]

    def run(self, _: None, given: dict[str, np.ndarray]) -> list[np.ndarray]:
        (picture,) = given["input"].mean(axis=1)
        bright = (picture > picture.max() - 0.5).astype(np.float32)
        x, y = bright.mean(axis=0), bright.mean(axis=1)
        x, y = (np.convolve(one, np.ones(9), "same").repeat(2) for one in (x, y))
        return [np.tile(one / one.max(), (1, 17, 1)) for one in (x, y)]


def test_a_model_of_ones_own_finds_people_in_pixels_of_the_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = ModuleType("onnxruntime")
    runtime.__dict__.update(
        SessionOptions=SimpleNamespace, InferenceSession=lambda *_, **__: Session()
    )
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    (tmp_path / "rtmpose.onnx").write_bytes(b"model")
    path = film(tmp_path / "a.mp4", spots())
    recordings = read(path, model=tmp_path / "rtmpose.onnx", box="8,8,80,52")
    assert recordings.topology is COCO_17
    (recording,) = wholes(recordings)
    assert np.abs(np.array(nose(recording)) - PLACES).max() <= 2


def test_without_what_finds_people_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "BACKENDS", {"mediapipe": mediapipe_finder})
    for module in ("mediapipe", "onnxruntime"):
        monkeypatch.setitem(sys.modules, module, None)
    path = film(tmp_path / "a.mp4", spots())
    with pytest.raises(EdgcnError, match=r"needs mediapipe.*pip install 'edgcn\[video\]'"):
        read(path)
    monkeypatch.setattr(mediapipe_pose, "LAST", (3, 10))
    monkeypatch.delitem(sys.modules, "mediapipe")
    monkeypatch.setattr(mediapipe_pose, "find_spec", lambda _: None)
    with pytest.raises(EdgcnError, match=r"made for Python up to 3.10.*a model of your own"):
        read(path)
    (tmp_path / "mine.onnx").touch()
    with pytest.raises(EdgcnError, match=r"mine.onnx needs onnxruntime: pip install onnxruntime"):
        read(path, model=tmp_path / "mine.onnx")


@pytest.mark.parametrize("hands", [False, True])
def test_mediapipe_sees_the_astronaut(
    hands: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upright, in the picture, the left shoulder at larger x: she faces the camera."""
    pytest.importorskip("mediapipe.python.solutions", reason="needs pip install 'edgcn[video]'")
    data = pytest.importorskip("skimage.data", reason="needs a picture of scikit-image")
    monkeypatch.setattr(video, "BACKENDS", {"mediapipe": mediapipe_finder})
    whole = np.pad(data.astronaut(), ((0, 32), (64, 64), (0, 0)), mode="edge")
    pictures = [np.ascontiguousarray(whole[t : t + 480, 8 * t : 8 * t + 512]) for t in range(6)]
    recordings = read(film(tmp_path / "a.mp4", pictures), hands=hands)
    (recording,) = wholes(recordings)
    at = {joint: recording.frames[:, 0, v] for v, joint in enumerate(recordings.topology.joints)}
    assert len(at) == (75 if hands else 33)
    assert (at["nose"][:, 2] > 0.9).all()
    assert np.abs(at["nose"][0, :2] - (64 + 222, 130)).max() < 30
    assert -60 < at["nose"][-1, 0] - at["nose"][0, 0] < -20  # 40, smoothed
    assert (at["left_shoulder"][:, 0] > at["right_shoulder"][:, 0] + 100).all()
    assert (at["left_shoulder"][:, 1] > at["nose"][:, 1] + 50).all()
