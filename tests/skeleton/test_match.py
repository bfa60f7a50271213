"""Joints that are named need no order."""

import numpy as np
import pytest

from edgcn.skeleton.layouts import COCO_17, KINECT_V2, TOPOLOGIES
from edgcn.skeleton.match import match_joints


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_any_order_and_case_is_the_same_skeleton(name: str) -> None:
    topology = TOPOLOGIES[name]
    order = np.random.default_rng(0).permutation(len(topology))
    found = match_joints(tuple(topology.joints[i].upper() for i in order))
    assert found is not None
    assert len(found.topology) == len(topology)
    frames = np.random.default_rng(1).normal(size=(4, 2, len(topology), 3))
    places = [topology.index(joint) for joint in found.topology.joints]
    arranged = found.apply(frames[:, :, order])
    np.testing.assert_array_equal(arranged, frames[:, :, places])


def test_some_joints_are_a_skeleton_with_others_not_seen() -> None:
    names = ("WristRight", "elbowright", "SHOULDERRIGHT", "HandTipRight")
    found = match_joints(names)
    assert found is not None
    assert found.topology is KINECT_V2
    frames = np.ones((3, 1, 4, 3)) * np.arange(1, 5)[:, None]
    arranged = found.apply(frames)
    for value, joint in enumerate(("WristRight", "ElbowRight", "ShoulderRight", "HandTipRight"), 1):
        assert (arranged[:, :, KINECT_V2.index(joint)] == value).all()
    assert arranged.any((0, 1, 3)).sum() == 4
    assert "without SpineBase, SpineMid, Neck and 18 more, taken as not seen" in found.remark


def test_scores_are_brought_along() -> None:
    found = match_joints(COCO_17.joints[::-1])
    assert found is not None
    scores = np.arange(17.0)[None, None]
    np.testing.assert_array_equal(found.apply(scores)[0, 0], np.arange(17.0)[::-1])


def test_other_names_of_a_point_are_known() -> None:
    found = match_joints(("left_shoulder", "left_elbow", "left_wrist", "mid_hip", "neck"))
    assert found is not None
    assert found.places[found.topology.index(found.topology.spine[0])] == 3


@pytest.mark.parametrize(
    "names", [("a", "b", "c"), ("Head", "Neck", "Tail"), ("Head", "head", "Neck")]
)
def test_what_is_not_known_is_not_guessed(names: tuple[str, ...]) -> None:
    assert match_joints(names) is None
