"""BVH: forward kinematics in any order of rotations, and people by the names that tools give."""

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import FileError
from edgcn.readers.bvh import read_bvh
from edgcn.readers.bvh_tree import parse_bvh, positions
from edgcn.skeleton.layouts import KINECT_V2
from edgcn.store.conventions import as_declared
from layouts import REST
from readers.items import reason, wholes
from readers.named_writers import BVH_TREE, write_bvh
from reference.kinematics import place_of


def write_tree(
    path: Path, joints: dict[str, dict[str, Any]], motion: list[dict[str, list[float]]]
) -> Path:
    lines = ["HIERARCHY"]

    def add(name: str) -> None:
        joint = joints[name]
        lines.extend(("ROOT " + name if not joint["parent"] else "JOINT " + name, "{"))
        lines.append("OFFSET " + " ".join(map(repr, joint["offset"])))
        lines.append(f"CHANNELS {len(joint['channels'])} {' '.join(joint['channels'])}")
        for child in [other for other in joints if joints[other]["parent"] == name]:
            add(child)
        lines.append("}")

    add(next(iter(joints)))
    lines += ["MOTION", f"Frames: {len(motion)}", "Frame Time: 0.01"]
    order = [line.split()[1] for line in lines if line.startswith(("ROOT", "JOINT"))]
    lines += [" ".join(repr(v) for name in order for v in frame[name]) for frame in motion]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_forward_kinematics_is_that_of_the_definition(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    joints: dict[str, dict[str, Any]] = {}
    for number, order in enumerate(["".join(p) for p in permutations("XYZ")] * 2):
        channels = [f"{axis}rotation" for axis in order]
        parent = "" if not number else f"j{rng.integers(number)}"
        if not number:
            channels = ["Zposition", "Xposition", "Yposition", *channels]
        joints[f"j{number}"] = {
            "parent": parent, "offset": rng.normal(size=3).tolist(), "channels": channels,
        }  # fmt: skip
    motion = [
        {name: rng.uniform(-180, 180, len(joint["channels"])).tolist()
         for name, joint in joints.items()} for _ in range(3)
    ]  # fmt: skip
    parsed = parse_bvh(write_tree(tmp_path / "a.bvh", joints, motion))
    places = positions(parsed, range(len(parsed.nodes)))
    expected = [[place_of(joints, node.name, frame) for node in parsed.nodes] for frame in motion]
    np.testing.assert_allclose(places, expected, atol=2e-4)
    assert parsed.seconds == 0.01


def body(frames: int = 5) -> np.ndarray:
    return np.repeat(REST[None] + (0.1, -0.9, 2.5), frames, axis=0).astype(np.float32)


@pytest.mark.parametrize("unit", [1, 100, 1000])
def test_a_person_is_where_they_are_in_meters(tmp_path: Path, unit: float) -> None:
    """The writer gives centimeters; the torso tells any unit, and it is said."""
    write_bvh(tmp_path / "a.bvh", body() * np.float32(unit / 100), fps=60)
    recordings = as_declared(read_bvh(tmp_path))
    (recording,) = wholes(recordings)
    assert (recordings.fps, recording.fps) == (60, None)
    for _, joint, _ in BVH_TREE:
        if joint not in ("Head", "SpineMid"):
            at = KINECT_V2.index(joint)
            np.testing.assert_allclose(recording.frames[:, 0, at], body()[:, at], atol=1e-3)
    said = " ".join(recordings.remarks)
    assert ("centimeters" in said, "millimeters" in said) == (unit == 100, unit == 1000)


NAMES = {
    "LeftArm": ("LeftShoulder", "lShldr", "L_Shoulder", "upperarm_l", "Bip01 L UpperArm"),
    "LeftForeArm": ("LeftElbow", "lForeArm", "L_Elbow", "lowerarm_l", "Bip01 L Forearm"),
    "LeftHand": ("LeftWrist", "lHand", "L_Wrist", "hand_l", "Bip01 L Hand"),
    "LeftUpLeg": ("LeftHip", "lThigh", "L_Hip", "thigh_l", "Bip01 L Thigh"),
    "LeftLeg": ("LeftKnee", "lShin", "L_Knee", "calf_l", "Bip01 L Calf"),
    "LeftFoot": ("LeftAnkle", "lFoot", "L_Ankle", "foot_l", "Bip01 L Foot"),
    "LeftToeBase": ("LeftToe", "lToe", "L_Foot", "ball_l", "Bip01 L Toe0"),
}  # of Biovision, Poser, SMPL, Unreal, 3ds Max


@pytest.mark.parametrize("style", range(5))
def test_joints_are_known_by_the_names_of_many_tools(tmp_path: Path, style: int) -> None:
    path = write_bvh(tmp_path / "a.bvh", body(1), prefix="")
    (usual,) = wholes(read_bvh(path))
    text = path.read_text()
    for name, others in NAMES.items():
        for own, other in ((name, others[style]), (name.replace("Left", "Right"), others[style])):
            if own != name:
                other = other.replace("Left", "Right").replace("_l", "_r").replace(" L ", " R ")
                other = "r" + other[1:] if other.startswith("l") and style == 1 else other
                other = "R" + other[1:] if other.startswith("L_") else other
            text = text.replace(f"JOINT {own}\n", f"JOINT {other}\n")
    path.write_text(text)
    (recording,) = wholes(read_bvh(path))
    np.testing.assert_array_equal(recording.frames[:, 0, 4:20], usual.frames[:, 0, 4:20])


def test_what_has_other_names_is_given(tmp_path: Path) -> None:
    path = write_bvh(tmp_path / "a.bvh", body(1), prefix="")
    (usual,) = wholes(read_bvh(path))
    path.write_text(path.read_text().replace("LeftHand", "paw"))
    assert "found no left_wrist among Hips, Spine, Neck" in reason(read_bvh(path))
    (recording,) = wholes(read_bvh(path, joints="paw=left_wrist"))
    np.testing.assert_array_equal(recording.frames[:, 0, 4:], usual.frames[:, 0, 4:])


def test_z_up_is_turned_and_said_and_the_origin_is_a_place(tmp_path: Path) -> None:
    rest = np.repeat(REST[None] - REST[0], 2, axis=0).astype(np.float32)  # hips in the origin
    path = write_bvh(tmp_path / "a.bvh", rest)
    (upright,) = wholes(read_bvh(path))
    assert (upright.frames[:, 0, 0] != 0).any(-1).all()
    up = rest[..., [0, 2, 1]] * np.array(
        [1, 1, -1], dtype=np.float32
    )  # what the writer makes (-x, z, -y) of
    write_bvh(path, up)
    (turned,) = wholes(read_bvh(path))
    limbs = [4, 5, 6, 8, 9, 10, *range(12, 20)]  # the end sites of hands point up in both
    np.testing.assert_allclose(turned.frames[:, 0, limbs], upright.frames[:, 0, limbs], atol=0.01)
    assert "z taken to point up" in turned.note


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("HIERARCHY", "<bvh>", ":1: expected BVH, whose first line is HIERARCHY"),
        ("Frames: 5", "Frames: 6", "6 lines of motion as Frames says, got 5; is the file"),
        ("Frame Time: 0.033333", "Frame Time: 0", "expected a frame time of 0.0001 to 1 seconds"),
        ("Frame Time: 0.033333", "Frame Time: 33", "expected a frame time of 0.0001 to 1 seconds"),
        ("CHANNELS 6", "CHANNELS 5", "their number and names, got 'CHANNELS 5 Xpos"),
        ("JOINT mixamorig:Spine\n", "ROOT b\n", "ROOT stands in no place for it"),
        ("MOTION\n", "", "expected a statement of a BVH hierarchy, got 'Frames: 5'"),
    ],
)  # fmt: skip
def test_what_is_no_bvh_is_one_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = write_bvh(tmp_path / "a.bvh", body())
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(FileError) as raised:
        read_bvh(path)
    assert problem in str(raised.value)


@pytest.mark.data
def test_genuine_files(data_dir: Path) -> None:
    """Mixamo and Mocapbank: people of a person's size, upright, their right side to the right."""
    recordings = as_declared(read_bvh(data_dir / "genuine" / "bvh"))
    first, second = wholes(recordings)
    assert [len(first.frames), len(second.frames), recordings.fps] == [69, 455, 30.0]
    assert "centimeters" in " ".join(recordings.remarks)
    for recording in (first, second):
        at = {joint: recording.frames[:, 0, v] for v, joint in enumerate(KINECT_V2.joints)}
        for end, start, low, high in (
            ("ElbowLeft", "ShoulderLeft", 0.2, 0.35), ("WristRight", "ElbowRight", 0.2, 0.35),
            ("KneeLeft", "HipLeft", 0.35, 0.5), ("AnkleRight", "KneeRight", 0.35, 0.5),
        ):  # fmt: skip
            bone = np.linalg.norm(at[end] - at[start], axis=-1)
            assert np.ptp(bone) < 1e-3
            assert low < bone[0] < high
        assert (at["Head"][:, 1] > at["HipLeft"][:, 1]).all()
