"""Keraal: one movement through five formats agrees within what the sensors differ.

The genuine files lie in the data folder. EDGCN_WRITE_DOCS=1 draws docs/images/keraal.png anew.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.readers.keraal import SENSORS, TARGETS, read_keraal
from edgcn.skeleton.layouts import COCO_18, KINECT_V1, KINECT_V2
from edgcn.skeleton.remap import plan_remap
from layouts import REST
from readers.items import reason, wholes
from readers.named_writers import write_keraal, write_vicon

IMAGE = Path(__file__).parents[2] / "docs" / "images" / "keraal.png"
PAGE = Path(__file__).parents[2] / "docs" / "formats" / "keraal.md"
LIMBS = [f"{part}{side}" for part in ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle")
         for side in ("Left", "Right")]  # fmt: skip
IN_SPACE = ["Head", *(f"{part}{side}" for part in ("Shoulder", "Elbow", "Hand", "Knee", "Ankle")
                      for side in ("Left", "Right"))]  # fmt: skip
PICTURES = ("openpose", "blazepose", "alphapose")
Movement = dict[str, tuple[np.ndarray, float]]
NAME = "G3-{}-CTK-P1T1-Unknown-C-0"


def test_targets_of_vicon_become_joints(tmp_path: Path) -> None:
    """Millimeters, z up, somebody who faces x: as a Kinect in front sees them."""
    body = np.repeat(REST[None] + (0, 0, 3.0), 3, axis=0)
    at = {joint: body[:, v] for v, joint in enumerate(KINECT_V2.joints)}
    targets = {"hips": at["SpineBase"], "chest": at["SpineMid"], "head": at["Head"]}
    up = np.array([0, 0.1, 0])
    for side, name in (("l", "Left"), ("r", "Right")):
        elbow, knee = at[f"Elbow{name}"], at[f"Knee{name}"]
        targets |= {
            f"shoulder_{side}": at[f"Shoulder{name}"], f"hand_{side}": at[f"Hand{name}"],
            f"arm_{side}": elbow + up, f"forearm_{side}": elbow - up,
            f"thigh_{side}": knee + up, f"tibia_{side}": knee - up,
            f"foot_{side}": at[f"Ankle{name}"],
        }  # fmt: skip
    assert targets.keys() == set(TARGETS)
    write_vicon(tmp_path / f"{NAME.format('Vicon')}.txt", targets)
    recordings = read_keraal(tmp_path)
    (recording,) = wholes(recordings)
    assert (recordings.fps, recordings.units, recording.subject) == (60.0, "m", "G3 P1")
    for joint in ("HipCenter", "Head", "ElbowLeft", "HandRight", "KneeRight", "AnkleLeft"):
        there = at[joint.replace("HipCenter", "SpineBase")]
        np.testing.assert_allclose(recording.frames[:, 0, KINECT_V1.index(joint)], there, atol=1e-6)


def test_pictures_are_as_wide_as_their_group_says(tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(0.2, 0.8, (4, 18, 2)).astype(np.float32)
    points = np.repeat(points[:1], 4, axis=0)
    points[2, 3] = 0
    write_keraal(tmp_path / "a" / f"{NAME.format('OP')}.json", points, COCO_18)
    write_keraal(tmp_path / "b" / "G1A-OP-ELK-P7-12.json", points, COCO_18)
    first, second = wholes(read_keraal(tmp_path))
    np.testing.assert_allclose(first.frames[:, 0, :, :2], points * (960, 544), rtol=1e-6)
    np.testing.assert_allclose(second.frames[:, 0, :, :2], points * (480, 360), rtol=1e-6)
    assert not first.frames[2, 0, 3].any()
    assert [(one.subject, one.condition) for one in (first, second)] == [
        ("G3 P1", "C"), ("G1A P7", ""),
    ]  # fmt: skip


def test_a_recording_ends_with_its_last_frame_though_nobody_is_seen_there(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME.format('OP')}.json"
    points = np.random.default_rng(0).uniform(0.2, 0.8, (4, 18, 2)).astype(np.float32)
    write_keraal(path, points[:1].repeat(4, axis=0), COCO_18)
    content = json.loads(path.read_text())
    last = max(content["positions"], key=float)
    content["positions"][last] = {}
    path.write_text(json.dumps(content))
    (recording,) = wholes(read_keraal(tmp_path))
    assert recording.frames.any(axis=(1, 2, 3)).tolist() == [True, True, True, False]
    assert "missing in 1 of 4 frames" in recording.note
    content["positions"][max(content["positions"], key=float)] = {
        joint: [x + 0.7, y]
        for joint, (x, y, *_) in next(iter(content["positions"].values())).items()
    }
    path.write_text(json.dumps(content))
    (recording,) = wholes(read_keraal(tmp_path))
    assert "who may be the subject again" in recording.note
    assert "--options" not in recording.note  # there is none here


def test_one_sensor_at_a_time_and_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    write_keraal(tmp_path / f"{NAME.format('Kinect')}.txt", REST[None], KINECT_V2)
    write_keraal(tmp_path / f"{NAME.format('OP')}.json", np.ones((2, 18, 2)), COCO_18)
    with pytest.raises(EdgcnError, match=r"one sensor, got kinect \(1\), openpose \(1\); choose"):
        read_keraal(tmp_path)
    (file,) = (tmp_path / f"{NAME.format('Kinect')}.txt",)
    file.write_text(file.read_text() + "1 2 3\n")
    problem = reason(read_keraal(tmp_path, sensor="kinect"))
    assert problem == "line 2: expected 175 numbers, got 3: '1 2 3'"
    with pytest.raises(EdgcnError, match=r"expected files of vicon, got kinect, openpose"):
        read_keraal(tmp_path, sensor="vicon")
    (tmp_path / "a").mkdir()
    file.rename(tmp_path / "a" / "other.txt")
    with pytest.raises(EdgcnError, match=r"expected Keraal files in .*, found none; their names"):
        read_keraal(tmp_path / "a")


@pytest.fixture(scope="module")
def movement(data_dir: Path) -> Movement:
    """The joints of a Kinect v1 (T, 20, 3) and the rate, by sensor."""
    found = {}
    for sensor in SENSORS:
        folder = data_dir / "genuine" / "keraal"
        recordings = read_keraal(folder, sensor=sensor)  # type: ignore[arg-type]
        (recording,) = wholes(recordings)
        plan = plan_remap(recordings.topology, KINECT_V1)
        found[sensor] = plan.apply(recording.frames, dims=recordings.dims)[:, 0], recordings.fps
    return found


def at(names: list[str]) -> list[int]:
    return [KINECT_V1.index(name) for name in names]


def seconds_late(one: np.ndarray, other: np.ndarray, rate: float) -> float:
    """By how much the other's right hand is late, by its height."""
    best = []
    for late in range(-15, 16):
        here = np.arange(len(one))
        there = here + late
        inside = (there >= 0) & (there < len(other))
        x, y = one[here[inside]], other[there[inside]]
        seen = (x != 0) & (y != 0)
        best.append((float(np.corrcoef(x[seen], y[seen])[0, 1]), late / rate))
    return max(best)[1]


@pytest.mark.data
def test_times_are_equal_up_is_up_and_right_is_right(movement: Movement) -> None:
    wrist, head, foot = at(["WristRight", "Head", "AnkleRight"])
    height = movement["kinect"][0][:, wrist, 1]
    for sensor, (frames, fps) in movement.items():
        assert len(frames) / fps == pytest.approx(6.5, abs=0.1), sensor
        up, right = (1, 1) if SENSORS[sensor].dims == 3 else (-1, -1)
        left, other = frames[:, at(["ShoulderLeft"])[0]], frames[:, at(["ShoulderRight"])[0]]
        seen = left.any(-1) & other.any(-1)
        # AlphaPose takes another person's shoulder in a few frames.
        assert (right * (other - left)[seen, 0] > 0).mean() > 0.95, sensor
        both = frames[:, head].any(-1) & frames[:, foot].any(-1)
        assert (up * (frames[:, head] - frames[:, foot])[both, 1] > 0).mean() > 0.95, sensor
        own = up * (frames[:, wrist, 1] if sensor != "vicon" else
                    frames[::2, at(["HandRight"])[0], 1])  # fmt: skip
        assert abs(seconds_late(height, own, 30)) <= 1 / 30, sensor


@pytest.mark.data
def test_joints_agree_within_what_sensors_differ(movement: Movement) -> None:
    """And the page says these numbers."""
    page = PAGE.read_text()
    vicon = np.median(in_space(movement))
    assert f"{100 * vicon:.0f} cm" in page
    assert vicon < 0.1  # meters; targets lie on the skin, a Kinect's joints inside
    for sensor in PICTURES:
        distance, across, down = seen_in_picture(movement, sensor)
        assert f"{distance:.2f} of a torso" in page, (sensor, distance)
        assert distance < 0.1
        assert across / down == pytest.approx(1, abs=0.04)  # else people would be distorted


def in_space(movement: Movement) -> np.ndarray:
    """Distances of Vicon's joints from the Kinect's, its room laid over the other."""
    kinect, vicon = movement["kinect"][0][:195], movement["vicon"][0][::2][:195]
    here, there = kinect[:, at(IN_SPACE)].reshape(-1, 3), vicon[:, at(IN_SPACE)].reshape(-1, 3)
    one, other = here - here.mean(0), there - there.mean(0)
    u, _, v = np.linalg.svd(other.T @ one)
    turned = other @ (u @ np.diag([1, 1, np.sign(np.linalg.det(u @ v))]) @ v)
    return np.asarray(np.linalg.norm(turned - one, axis=-1))


def seen_in_picture(movement: Movement, sensor: str) -> tuple[float, float, float]:
    """How far a detector's joints are from where the Kinect's lie in its picture, in torsos.

    The picture is x / z and y / z times a focal length, which is fitted across and down.
    """
    frames = movement[sensor][0][:, :, :2]
    kinect = movement["kinect"][0][: len(frames)]
    frames = frames[: len(kinect)]
    seen = frames[:, at(LIMBS)].any(-1)
    errors, lengths = [], []
    for axis in (0, 1):
        place = -kinect[:, at(LIMBS), axis] / kinect[:, at(LIMBS), 2]
        focal, middle = np.polyfit(place[seen], frames[:, at(LIMBS), axis][seen], 1)
        errors.append((focal * place + middle - frames[:, at(LIMBS), axis])[seen])
        lengths.append(focal)
    upper, lower = (frames[:, at([joint])[0]] for joint in ("ShoulderCenter", "HipCenter"))
    both = upper.any(-1) & lower.any(-1)
    torso = np.median(np.linalg.norm((upper - lower)[both], axis=-1))
    return float(np.median(np.hypot(*errors)) / torso), float(lengths[0]), float(lengths[1])


@pytest.mark.data
def test_the_picture_is_drawn(movement: Movement) -> None:
    """The same moments through five formats, each in torsos around its hips."""
    if "EDGCN_WRITE_DOCS" in os.environ:
        draw(movement)
    assert IMAGE.is_file()


def draw(movement: Movement) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(3, 5, figsize=(9, 6.2), layout="constrained")
    for column, (sensor, (frames, fps)) in enumerate(movement.items()):
        flat = SENSORS[sensor].dims == 2
        for row, second in enumerate((0.3, 1.2, 3.0)):
            body, axis = frames[round(second * fps)], axes[row, column]
            points = body[:, :2] * (1, -1) if flat else body[:, :2] * (-1, 1)
            upper, lower = points[at(["ShoulderCenter"])[0]], points[at(["HipCenter"])[0]]
            points = (points - lower) / np.linalg.norm(upper - lower)
            for child, parent in KINECT_V1.edges:
                if body[child].any() and body[parent].any():
                    side = KINECT_V1.joints[child]
                    color = "C3" if "Right" in side else "C0" if "Left" in side else "0.3"
                    axis.plot(*points[[child, parent]].T, color=color, linewidth=2)
            there = body.any(-1)
            axis.scatter(*points[there].T, s=8, color="0.2", zorder=3)
            axis.set(xlim=(-1.5, 1.5), ylim=(-2.2, 2.2), aspect="equal", xticks=[], yticks=[])
            if not row:
                axis.set_title(sensor)
            if not column:
                axis.set_ylabel(f"{second:g} s")
    figure.savefig(IMAGE, dpi=90)
    plt.close(figure)
