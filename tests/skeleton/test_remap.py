"""Remapping takes what is the same, says what it made up, and never turns unseen into seen."""

from collections.abc import Callable

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.layouts import (
    BODY_25,
    COCO_17,
    ISL,
    KINECT_V1,
    KINECT_V2,
    MEDIAPIPE_33,
    MIGA_22,
    MSR_ACTION3D,
    TOPOLOGIES,
)
from edgcn.skeleton.names import canonical
from edgcn.skeleton.remap import plan_remap, remap
from edgcn.skeleton.topology import Topology

FINGERED = ("hand_21", "body_135", "coco_wholebody", "halpe_136", "body_25_hands")  # much alike


def each_pair(law: Callable[[Topology, Topology], None]) -> Callable[[Topology], None]:
    """A law of two skeletons as a test for each source, over all targets."""

    @pytest.mark.parametrize("source", TOPOLOGIES.values(), ids=TOPOLOGIES)
    def each(source: Topology) -> None:
        for target in TOPOLOGIES.values():
            names = {source.name, target.name}
            if not names & {*FINGERED} or "mediapipe_75" in names:
                law(source, target)

    each.__doc__ = law.__doc__
    return each


def random_frames(topology: Topology, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(0.5, 2, (4, 2, len(topology), 3)).astype(np.float32)


def joint(frames: np.ndarray, topology: Topology, name: str) -> np.ndarray:
    return frames[:, :, topology.index(name)]


@each_pair
def test_every_target_joint_is_taken_derived_or_missing(source: Topology, target: Topology) -> None:
    plan = plan_remap(source, target)
    print(f"{len(plan.exact)} + {len(plan.derived)} + {len(plan.missing)}  {plan.summary()}")
    assert sorted([*plan.exact, *plan.derived, *plan.missing]) == sorted(target.joints)
    frames = plan.apply(random_frames(source))
    unseen = {j for j in target.joints if not joint(frames, target, j).any()}
    assert unseen == set(plan.missing)


@each_pair
def test_there_and_back_keeps_the_shared_joints(source: Topology, target: Topology) -> None:
    frames = random_frames(source)
    back = remap(remap(frames, source, target), target, source)
    for name in plan_remap(source, target).exact.values():
        np.testing.assert_array_equal(joint(back, source, name), joint(frames, source, name))


@each_pair
def test_mirroring_before_or_after_is_the_same(source: Topology, target: Topology) -> None:
    frames = random_frames(source)
    before = remap(frames[:, :, source.mirrored], source, target)
    after = remap(frames, source, target)[:, :, target.mirrored]
    np.testing.assert_allclose(before, after, rtol=1e-6)


@each_pair
def test_moving_a_body_moves_what_is_derived_from_it(source: Topology, target: Topology) -> None:
    frames, shift = random_frames(source), np.array([1, 2, 3], dtype=np.float32)
    seen = [target.index(j) for j in target.joints if j not in plan_remap(source, target).missing]
    moved, still = remap(frames + shift, source, target), remap(frames, source, target)
    np.testing.assert_allclose(moved[:, :, seen], (still + shift)[:, :, seen], rtol=1e-5)


@pytest.mark.parametrize("topology", TOPOLOGIES.values(), ids=TOPOLOGIES)
def test_to_itself_is_bit_exact(topology: Topology) -> None:
    frames = random_frames(topology)
    frames[0, 0, 0] = np.nan
    np.testing.assert_array_equal(remap(frames, topology, topology), frames)


@each_pair
def test_nothing_seen_gives_nothing_seen(source: Topology, target: Topology) -> None:
    frames = np.zeros((2, 1, len(source), 3), np.float32)
    frames[..., 2] = 0.4  # a detector's confidence is no geometry
    remapped = remap(frames, source, target, dims=2)
    assert not remapped[..., :2].any()


@pytest.mark.parametrize("topology", TOPOLOGIES.values(), ids=TOPOLOGIES)
def test_no_two_joints_of_a_skeleton_are_one(topology: Topology) -> None:
    assert len({canonical(name) for name in topology.joints}) == len(topology)


@pytest.mark.parametrize(
    ("names", "one"),
    [
        (("ShoulderLeft", "LShoulder", "left_shoulder", "l_shoulder"), "left_shoulder"),
        (("HandTipRight", "RHandTip", "right_hand_tip"), "right_hand_tip"),
        (("SpineShoulder", "ShoulderCenter"), "chest"),
        (("SpineBase", "HipCenter", "MidHip", "pelvis"), "hips"),
        (("SpineMid", "Spine"), "spine"),
        (("mouth_left",), "left_mouth"),
        (("left_pinky", "LLittle"), "left_little"),
        (("Nose", "nose"), "nose"),
    ],
)
def test_naming_schemes_meet(names: tuple[str, ...], one: str) -> None:
    assert {canonical(name) for name in names} == {one}


def test_kinect_v2_has_all_of_kinect_v1() -> None:
    plan = plan_remap(KINECT_V2, KINECT_V1)
    assert (len(plan.exact), plan.derived, plan.missing) == (20, {}, ())
    assert plan.exact["ShoulderCenter"] == "SpineShoulder"


def test_other_orders_of_one_sensor_are_a_permutation() -> None:
    frames = random_frames(MSR_ACTION3D)
    there = remap(frames, MSR_ACTION3D, KINECT_V1)
    np.testing.assert_array_equal(remap(there, KINECT_V1, MSR_ACTION3D), frames)


def test_the_means_of_the_table_by_hand() -> None:
    frames = random_frames(COCO_17)
    body, kinect = remap(frames, COCO_17, BODY_25), remap(frames, COCO_17, KINECT_V1)

    def mean(*names: str) -> np.ndarray:
        return np.asarray(np.mean([joint(frames, COCO_17, name) for name in names], axis=0))

    for got, expected in [
        (joint(body, BODY_25, "Neck"), mean("left_shoulder", "right_shoulder")),
        (joint(body, BODY_25, "MidHip"), mean("left_hip", "right_hip")),
        (joint(kinect, KINECT_V1, "Head"), mean("nose", "left_ear", "right_ear")),
        (joint(kinect, KINECT_V1, "HandLeft"), mean("left_wrist")),
        (
            joint(kinect, KINECT_V1, "Spine"),
            mean("left_hip", "right_hip", "left_shoulder", "right_shoulder"),
        ),
    ]:
        np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_a_mean_leaves_out_what_is_not_seen() -> None:
    frames = random_frames(BODY_25)
    frames[0, :, BODY_25.index("LEar")] = 0
    head = joint(remap(frames, BODY_25, KINECT_V1), KINECT_V1, "Head")
    nose, right, left = (joint(frames, BODY_25, name) for name in ("Nose", "REar", "LEar"))
    np.testing.assert_allclose(head[0], (nose[0] + right[0]) / 2, rtol=1e-6)
    np.testing.assert_allclose(head[1], (nose[1] + right[1] + left[1]) / 3, rtol=1e-6)


def test_a_midpoint_needs_both_ends() -> None:
    frames = random_frames(COCO_17)
    frames[0, 1, COCO_17.index("left_shoulder")] = 0  # one shoulder is no neck
    neck = joint(remap(frames, COCO_17, BODY_25), BODY_25, "Neck")
    assert not neck[0, 1].any()
    assert neck[0, 0].all()
    assert neck[1:].all()


def test_says_what_it_made_up() -> None:
    plan = plan_remap(ISL, KINECT_V2)
    assert plan.missing == ("ThumbLeft", "ThumbRight")
    assert set(plan.derived) == {"SpineShoulder", "HandTipLeft", "HandTipRight"}
    assert "SpineShoulder from Neck" in plan.summary()
    assert "2 missing (ThumbLeft, ThumbRight)" in plan.summary()
    assert plan_remap(MIGA_22, MEDIAPIPE_33).derived.keys() <= set(MEDIAPIPE_33.joints)


def test_frames_of_another_skeleton_are_refused() -> None:
    with pytest.raises(EdgcnError, match=r"expected frames \(T, M, 20, C\) for .*'isl', got"):
        remap(random_frames(BODY_25), ISL, KINECT_V2)
