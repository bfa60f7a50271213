"""What looks wrong is named, and genuine people are not."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.layouts import BODY_25, KINECT_V2
from edgcn.skeleton.recording import Recording, Recordings, Segment, trimmed
from edgcn.skeleton.remap import plan_remap
from edgcn.store import Store, open_store, write_store
from edgcn.store.conventions import Units, Up, Y, as_declared, misread
from edgcn.store.inspect import health
from helpers import tiny_recordings
from layouts import gesture

AWAY = np.array([0, -0.9, 2.5], dtype=np.float32)  # from the sensor
Change = Callable[[np.ndarray], np.ndarray]


def people(count: int = 12, *, flat: bool = False) -> Recordings:
    """Kinect people in meters, or BODY_25 in pixels; clips as people make them."""
    rng, clips = np.random.default_rng(0), []
    for number in range(count):
        frames = gesture(rng, number % 3, 14)[:, None] * [1, 1, -1] + AWAY  # faces the sensor
        if flat:
            frames = plan_remap(KINECT_V2, BODY_25).apply(frames.astype(np.float32))
            there = (frames != 0).any(-1, keepdims=True)
            frames = (np.array([640, 500, 0]) + frames * [200, -200, 0]) * there
            frames[..., 2:] = 0.9 * there
        made = trimmed(frames.astype(np.float32), f"clip{number}", label=number % 3)
        clips.append(replace(made, subject=f"s{number % 4}"))
    kind = {"topology": BODY_25, "units": "px", "dims": 2} if flat else {"topology": KINECT_V2}
    return tiny_recordings(clips, 3, 4, splits={}, **kind)


def changed(made: Recordings, change: Change, rows: slice = slice(None)) -> Recordings:
    clips = [item for item in made.recordings if isinstance(item, Recording)]
    for clip in clips[rows]:
        clip.frames[:] = change(clip.frames)
    return replace(made, recordings=clips)


def stored(
    made: Recordings, folder: Path, *, units: Units = "auto", y: Y = "auto",
    up: Up = "y", size: tuple[int, int] | None = None,
) -> tuple[Store, str]:  # fmt: skip
    write_store(as_declared(made, units=units, y=y, up=up, size=size), folder / "s")
    store = open_store(folder / "s")
    return store, "\n".join(health(store))


@pytest.mark.parametrize("flat", [False, True])
def test_of_people_nothing_is_said(tmp_path: Path, flat: bool) -> None:
    _, text = stored(people(flat=flat), tmp_path)
    assert "check:" not in text
    unit = "px" if flat else "m"
    assert f"{unit} long; nobody in 0.00 % of the frames" in text


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1000), ("cm", 100)])
@pytest.mark.parametrize("declared", [False, True])
def test_other_units_become_meters(
    tmp_path: Path, unit: Units, factor: float, declared: bool
) -> None:
    expected, _ = stored(people(), tmp_path / "m")
    made = changed(people(), lambda frames: factor * frames)
    store, text = stored(made, tmp_path, units=unit if declared else "auto")
    np.testing.assert_allclose(store.frames, expected.frames, rtol=1e-5, atol=1e-6)
    long = {"mm": "millimeters", "cm": "centimeters"}[unit]
    assert f"check: coordinates taken for {long} and made meters, " in text
    assert ("as --units says" if declared else "since a torso is") in text


def test_meters_that_are_declared_stay_and_are_doubted(tmp_path: Path) -> None:
    made = changed(people(), lambda frames: 1000 * frames)
    store, text = stored(made, tmp_path, units="m")
    assert np.abs(store.frames).max() > 1000
    assert "m long, and a person's 0.2 to 0.8; see --units" in text


def test_who_stands_on_the_head_is_turned_and_not_mirrored(tmp_path: Path) -> None:
    expected, _ = stored(people(), tmp_path / "up")
    made = changed(people(), lambda frames: frames * np.array([-1, -1, 1], np.float32))
    store, text = stored(made, tmp_path)
    np.testing.assert_array_equal(store.frames, expected.frames)
    assert "y taken to point down and the people turned by half a circle" in text
    again = changed(people(), lambda frames: frames * np.array([-1, -1, 1], np.float32))
    store, text = stored(again, tmp_path / "kept", y="up")
    np.testing.assert_array_equal(store.frames, -expected.frames * [1, 1, -1])
    assert "everybody stands on the head" in text


def test_pictures_with_y_up_are_flipped(tmp_path: Path) -> None:
    expected, _ = stored(people(flat=True), tmp_path / "down")
    made = changed(people(flat=True), lambda frames: frames * np.array([1, -1, 1], np.float32))
    store, text = stored(made, tmp_path)
    np.testing.assert_array_equal(store.frames, expected.frames)
    assert "y taken to point up and the people flipped" in text


WAYS: dict[str, tuple[bool, Up, Callable[[np.ndarray], np.ndarray]]] = {  # x, y, z -> the file's
    "z up": (False, "z", lambda x: x[..., [0, 2, 1]] * [1, -1, 1]),
    "z down": (False, "z", lambda x: x[..., [0, 2, 1]] * [1, 1, -1]),
    "x up": (False, "x", lambda x: x[..., [1, 0, 2]] * [1, -1, 1]),
    "x down": (False, "x", lambda x: x[..., [1, 0, 2]] * [-1, 1, 1]),
    "a picture turned left": (True, "x", lambda x: x[..., [1, 0, 2]] * [1, -1, 1]),
    "a picture turned right": (True, "x", lambda x: x[..., [1, 0, 2]] * [-1, 1, 1]),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_people_are_turned_where_another_vertical_is_declared(way: str) -> None:
    flat, up, change = WAYS[way]
    expected = [item.frames for item in people(3, flat=flat).recordings]  # type: ignore[union-attr]
    declared = as_declared(changed(people(3, flat=flat), change), up=up)
    turned = [item.frames for item in declared.recordings]  # type: ignore[union-attr]
    np.testing.assert_array_equal(np.concatenate(turned), np.concatenate(expected))
    assert declared.remarks == [
        f"{up} taken for the vertical and the people turned by a quarter of a circle, head up, as "
        f"--up says"
    ]


def test_a_vertical_that_cannot_be() -> None:
    with pytest.raises(EdgcnError, match="--up z: expected x or y"):
        as_declared(people(1, flat=True), up="z")
    with pytest.raises(EdgcnError, match="--up z says what is up; leave out --y down"):
        as_declared(people(1), up="z", y="down")


@pytest.mark.parametrize("flat", [False, True])
def test_fractions_of_a_picture_are_named_and_mended_with_its_size(
    tmp_path: Path, flat: bool
) -> None:
    def fractions(frames: np.ndarray) -> np.ndarray:
        there = (frames != 0).any(-1, keepdims=True)
        x = frames / np.array([1280, 1000, 1], np.float32)
        if not flat:  # MediaPipe's x, y and z
            x = frames * np.array([0.15, -0.15, 0.15], np.float32)
            x[..., :2] += np.float32(0.5)
        return np.asarray(x * there)

    _, text = stored(changed(people(flat=flat), fractions), tmp_path)
    assert "x and y are within 0..1, as fractions of a picture are" in text
    if flat:
        expected, _ = stored(people(flat=True), tmp_path / "px")
        store, text = stored(
            changed(people(flat=True), fractions), tmp_path / "b", size=(1280, 1000)
        )
        np.testing.assert_allclose(store.frames, expected.frames, rtol=1e-5)
        assert "of a picture of 1280 x 1000, as --size says" in text


def nothing(frames: np.ndarray) -> np.ndarray:
    return 0 * frames


def mirrored_names(frames: np.ndarray) -> np.ndarray:
    return np.asarray(frames[:, :, list(KINECT_V2.mirrored)])


def swapped_hands(frames: np.ndarray) -> np.ndarray:
    left, right = (
        [KINECT_V2.index(f"{joint}{side}") for joint in ("Hand", "HandTip", "Thumb")]
        for side in ("Left", "Right")
    )
    frames = frames.copy()
    frames[:, :, [*left, *right]] = frames[:, :, [*right, *left]]
    return frames


def glitch(frames: np.ndarray) -> np.ndarray:
    frames[5, 0, 7] += 20
    return frames


def shaken(frames: np.ndarray) -> np.ndarray:
    frames[::3, 0, 3:6, 0] += 1.2
    return frames


def test_arrays_of_people_are_doubted_as_recordings_are() -> None:
    whole = gesture(np.random.default_rng(5), 1, 14)[:, None].astype(np.float32)
    of = partial(misread, topology=KINECT_V2, dims=3, units="m")
    assert of([whole]) == ""
    assert "as in millimeters: expected meters" in of([1000 * whole])
    assert "people stand on the head" in of([turned(whole)])


def lying(frames: np.ndarray) -> np.ndarray:
    return np.asarray(frames[..., [0, 2, 1]])


def turned(frames: np.ndarray) -> np.ndarray:
    return np.asarray(frames * np.array([-1, -1, 1], np.float32))


def copied(frames: np.ndarray) -> np.ndarray:
    return np.asarray(np.ones_like(frames) * KINECT_ROW)


def reordered(frames: np.ndarray) -> np.ndarray:
    return np.asarray(frames[:, :, np.random.default_rng(0).permutation(25)])


def from_the_root(frames: np.ndarray) -> np.ndarray:
    return np.asarray(frames - frames[:, :, KINECT_V2.joints.index("SpineBase"), None])


def frozen(frames: np.ndarray) -> np.ndarray:
    return np.asarray(frames[np.minimum(np.arange(len(frames)), len(frames) // 2)])


KINECT_ROW = gesture(np.random.default_rng(5), 1, 1)[0]
WRONG: dict[str, tuple[Change, slice, str]] = {
    "all sides": (mirrored_names, slice(None), "toes point backward"),
    "an axis": (lambda x: x * np.array([1, 1, -1], np.float32), slice(None), "toes point backward"),
    "hands": (swapped_hands, slice(None), "left and right look exchanged: Hand"),
    "glitch": (glitch, slice(3, 4), "further away than a person reaches, in 1 recording: clip3 "
               "frame 5 HandLeft"),
    "shaken": (shaken, slice(None), "of the points move more than two torsos"),
    "lying": (lying, slice(None), "everybody lies down"),
    "x up": (lambda x: x[..., [1, 0, 2]], slice(None), "lies on the side: the torso points"),
    "reordered": (reordered, slice(None), "the joints are others, or in another order"),
    "from the root": (from_the_root, slice(None), "SpineBase is 0 in every frame"),
    "frozen": (frozen, slice(None), "of the frames repeat the one before"),
    "one in millimeters": (lambda x: 1000 * x, slice(2, 3), "1 recording of another size than the "
                           "others"),
    "head down": (turned, slice(0, 2), "2 recordings in which "
                  "people stand on the head: clip0, clip1"),
    "copies": (copied, slice(0, 3), "2 clips with the same frames as another, 1 under several "
               "subjects and 1 under several labels: clip0 (s0) and clip1 (s1)"),
    "far": (lambda x: np.where(x == x[2, 0, 3], np.float32(1e30), x), slice(4, 5),
            "1 point with coordinates that are infinite or beyond 100,000, taken as not seen "
            "(first in clip4)"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_looks_wrong_is_named(tmp_path: Path, wrong: str) -> None:
    change, rows, said = WRONG[wrong]
    _, text = stored(changed(people(), change, rows), tmp_path)
    assert said in text


def test_pictures_of_which_some_are_upside_down_or_all_lie(tmp_path: Path) -> None:
    upside = changed(people(flat=True), lambda x: x * [1, -1, 1] + [0, 900, 0] * (x != 0), slice(5))
    assert "5 recordings in which people stand on the head: clip0" in stored(upside, tmp_path)[1]
    lying = changed(people(flat=True), lambda x: x[..., [1, 0, 2]])
    (tmp_path / "b").mkdir()
    assert "is y exchanged with x, or x the vertical?" in stored(lying, tmp_path / "b")[1]
    for up in ("x", "z"):
        way = changed(people(3), WAYS[f"{up} up"][2])
        assert f"see --up {up}" in stored(way, tmp_path / up)[1]
    some = changed(people(), lambda x: x[..., [0, 2, 1]] * [1, -1, 1], slice(2))
    assert "2 recordings in which people lie: clip0, clip1" in stored(some, tmp_path / "c")[1]


def test_names_that_are_none_and_rates_that_are_times(tmp_path: Path) -> None:
    made = replace(people(), classes=("None", "none", "rub"), fps=0.033)
    clips = [replace(c, subject="nan") for c in made.recordings if isinstance(c, Recording)]
    named = [replace(c.segments[0], name=f"own{n}") for n, c in enumerate(clips)]
    clips[:2] = [replace(clips[n], name="day", segments=(named[n],)) for n in (0, 1)]
    _, text = stored(replace(made, recordings=clips), tmp_path)
    assert "check: 2 classes whose name says that nothing happens count as any other: " in text
    assert "`--leave-out None none` takes the label off" in text
    assert "check: 1 name of several recordings: day" in text
    assert "check: 1 subject named 'nan': is that no name?" in text
    assert "check: 0.033 frames per second, in 12 recordings: people are filmed at 1 to" in text


def test_clips_with_nobody_are_left_out_by_name(tmp_path: Path) -> None:
    made = changed(people(), nothing, slice(0, 2))
    store, _ = stored(made, tmp_path)
    assert len(store.clips()) == 10
    reasons = {item["path"]: item["reason"] for item in store.metadata["skipped"]}
    assert reasons == dict.fromkeys(("clip0", "clip1"), "nobody is seen in any of its frames")


def test_a_person_whose_size_nothing_tells_is_left_out_of_pictures(tmp_path: Path) -> None:
    def one_joint(frames: np.ndarray) -> np.ndarray:
        frames[:, :, np.arange(25) != 4] = 0
        return frames

    store, _ = stored(changed(people(flat=True), one_joint, slice(0, 1)), tmp_path)
    assert [item["path"] for item in store.metadata["skipped"]] == ["clip0"]


def test_confidences_names_subjects_labels_and_classes(tmp_path: Path) -> None:
    made = changed(people(flat=True), lambda x: x * np.array([1, 1, 100], np.float32))
    clips = [item for item in made.recordings if isinstance(item, Recording)]
    clips[1] = replace(clips[1], name="clip0", subject="")
    clips = [replace(c, segments=(Segment(0, 14, -1 if c.segments[0].label == 2 else 0),))
             for c in clips]  # fmt: skip
    _, text = stored(replace(made, recordings=clips), tmp_path)
    for said in (
        "confidences from 0 to 90, expected within 0..1", "1 name of several clips: clip0",
        "1 clip of 12 without a subject", "4 clips of 12 without a label",
        "2 classes without clips: gesture 1, gesture 2",
    ):  # fmt: skip
        assert f"check: {said}" in text
