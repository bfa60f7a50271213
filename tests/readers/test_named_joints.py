"""Names of joints and of columns in any style."""

from pathlib import Path

import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.axes import split_axis
from edgcn.readers.named_joints import find_joints, joint_map, joint_of
from edgcn.skeleton.layouts import BODY_25, COCO_17, H36M_17, KINECT_V2, TOPOLOGIES
from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology

SPELLED = ("left_wrist", "LEFT_WRIST", "Wrist_L", "WristLeft", "lwrist", "L Wrist", "wrist-left",
           "wrist_l", "leftWrist", "LWrist", "l.wrist", "Left Wrist")  # fmt: skip


@pytest.mark.parametrize("name", SPELLED)
def test_a_joint_is_known_in_any_spelling(name: str) -> None:
    assert joint_of(name) == "left_wrist"


@pytest.mark.parametrize("topology", TOPOLOGIES.values(), ids=TOPOLOGIES)
def test_every_topology_is_found_in_any_spelling(topology: Topology) -> None:
    for change in (
        str.upper,
        str.lower,
        lambda name: f"person1_{name}",
        lambda name: f"rig:{name}",
    ):
        found = find_joints(Path("x"), [change(joint) for joint in topology.joints])
        names = [canonical(joint) for joint in found.match.topology.joints]
        assert sorted(names) == sorted(canonical(joint) for joint in topology.joints)
        assert -1 not in found.match.places


def test_most_joints_win_then_the_smaller_skeleton() -> None:
    def found(*names: str) -> str:
        return find_joints(Path("x"), names).match.topology.name

    assert found("nose", "left_wrist", "right_wrist") == COCO_17.name
    one_side = find_joints(Path("x"), ["left_wrist", "left_elbow", "left_shoulder"])
    assert one_side.match.places[COCO_17.index("left_wrist")] == 0
    assert found("Nose", "Neck", "LWrist", "MidHip", "LHeel", "RHeel") == BODY_25.name
    assert found("pelvis", "spine", "thorax", "l_hip", "head", "nose", "neck") != COCO_17.name
    assert found(*H36M_17.joints) == H36M_17.name
    assert found(*KINECT_V2.joints, "tail") == KINECT_V2.name


def test_what_is_not_known_or_comes_twice_is_refused() -> None:
    with pytest.raises(FileError, match=r"at least 3 joints .*, got a, b; .* joints a=left_wrist"):
        find_joints(Path("x"), ["a", "b"])
    with pytest.raises(FileError, match="expected one left_wrist, got wrist_l, LWrist; rename"):
        find_joints(Path("x"), ["wrist_l", "LWrist", "nose", "REar"])
    with pytest.raises(EdgcnError, match=r"expected NAME=JOINT pairs such as .*, got 'a'"):
        joint_map("a")
    assert joint_map("paw_l = left_wrist, b=nose") == {"paw_l": "left_wrist", "b": "nose"}


@pytest.mark.parametrize(
    ("head", "joint", "axis"),
    [
        ("left_wrist_x", "left_wrist", "x"), ("LEFT_WRIST.X", "LEFT_WRIST", "x"),
        ("x_left_wrist", "left_wrist", "x"), ("Wrist_L_x", "Wrist_L", "x"),
        ("WristLeftPosY", "WristLeft", "y"), ("leftWristZ", "leftWrist", "z"),
        ("xLeftWrist", "LeftWrist", "x"), ("visibility_NOSE", "NOSE", "c"),
        ("nose_likelihood", "nose", "c"), ("WristLeft.Position.X", "WristLeft", "x"),
        ("nose_x_px", "nose", "x"), ("Left Wrist (Y)", "Left_Wrist", "y"),
        ("left_wrist:x", "left_wrist", "x"), ("mixamorig:Hips.X", "mixamorig:Hips", "x"),
        ("WristLeft.Orientation.X", "", ""), ("time", "", ""), ("x", "", ""), ("score", "", ""),
    ],
)  # fmt: skip
def test_columns_in_any_style(head: str, joint: str, axis: str) -> None:
    assert split_axis(head) == (joint, axis)
