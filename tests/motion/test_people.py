"""Laws of procedural people: bodies are rigid and symmetric, right is right, clips are the same."""

import numpy as np
import pytest
import torch
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.motion.arms import choose_places
from edgcn.motion.body import LENGTHS, draw_body, turned, two_bones
from edgcn.motion.catalog import FRAMES
from edgcn.motion.dice import Dice
from edgcn.motion.people import People
from edgcn.motion.points import on_joints
from edgcn.motion.sensors import measured
from edgcn.pipeline.source import ClipSource
from edgcn.skeleton.layouts import KINECT_V1, KINECT_V2, TOPOLOGIES
from edgcn.skeleton.topology import Topology

CLIPS = np.arange(300)
FRAME_COUNT = 32


def cast(seed: int = 0) -> tuple[Dice, Dice]:
    numbers = torch.from_numpy(CLIPS)
    return Dice(seed, numbers), Dice(seed + 1, numbers * 1024)


@pytest.fixture(scope="module")
def moved() -> Tensor:
    """What a perfect sensor sees, (N, T, 25, 3)."""
    return People(topology=KINECT_V2).motion(*cast(), FRAME_COUNT)[0]


def at(joints: Tensor, name: str) -> Tensor:
    path: Tensor = joints[:, :, KINECT_V2.index(name)]
    return path


def distance(joints: Tensor, one: str, other: str) -> Tensor:
    length: Tensor = (at(joints, one) - at(joints, other)).norm(dim=-1)
    return length


def test_clips_are_a_source_to_train_from() -> None:
    people = People(seed=2)
    assert isinstance(people, ClipSource)
    clips = people.batch(CLIPS[:5], FRAME_COUNT)
    assert clips.shape == (5, 3, FRAME_COUNT, len(KINECT_V1), 1)
    assert clips.isfinite().all()


def test_a_clip_is_the_same_in_any_batch_and_another_with_another_seed() -> None:
    people = People(seed=2)
    among, alone = people.batch(np.array([7, 3, 40]), 16), people.batch(np.array([3]), 16)
    torch.testing.assert_close(among[1:2], alone, rtol=0, atol=1e-6)
    assert (People(seed=3).batch(np.array([3]), 16) - alone).abs().max() > 0.1


def test_bones_keep_their_lengths(moved: Tensor) -> None:
    for child, parent in KINECT_V2.bones:
        if "Thumb" in child or "HandTip" in child:
            continue  # these hang on the hand, not on each other
        lengths = distance(moved, child, parent)
        spread = lengths.amax(1) - lengths.amin(1)
        assert spread.max() < 2e-3, (child, parent)


def test_left_and_right_bones_are_alike(moved: Tensor) -> None:
    for part, other in (
        ("Elbow", "Shoulder"),
        ("Wrist", "Elbow"),
        ("Knee", "Hip"),
        ("Foot", "Ankle"),
    ):
        left, right = (distance(moved, f"{part}{s}", f"{other}{s}") for s in ("Left", "Right"))
        torch.testing.assert_close(left, right, atol=2e-3, rtol=0)


def test_right_is_right_and_up_is_up() -> None:
    script, manner = cast()
    body = draw_body(manner)
    people = People(topology=KINECT_V2)
    joints = people.motion(script, manner, FRAME_COUNT)[0]
    seated_or_upright = at(joints, "Head")[..., 1] - at(joints, "SpineBase")[..., 1]
    assert (seated_or_upright > 0).float().mean() > 0.97  # the rest bow deeply
    facing = (at(joints, "ShoulderRight") - at(joints, "ShoulderLeft"))[..., 0] > 0
    assert facing.float().mean() > 0.75  # one in five is filmed from anywhere
    assert 1.0 <= float(body.stature.min()) < float(body.stature.max()) <= 2.0


def test_knees_bend_forward_and_elbows_not_through(moved: Tensor) -> None:
    for side in ("Left", "Right"):
        hip, knee, ankle = (at(moved, f"{part}{side}") for part in ("Hip", "Knee", "Ankle"))
        upper, lower = knee - hip, ankle - knee
        cosine = (upper * lower).sum(-1) / (upper.norm(dim=-1) * lower.norm(dim=-1))
        assert cosine.min() > -0.95  # a shin does not lie in its thigh
        shoulder, elbow, wrist = (
            at(moved, f"{part}{side}") for part in ("Shoulder", "Elbow", "Wrist")
        )
        upper, lower = elbow - shoulder, wrist - elbow
        cosine = (upper * lower).sum(-1) / (upper.norm(dim=-1) * lower.norm(dim=-1))
        assert cosine.min() > -0.97


def test_hands_move_as_fast_as_hands_do() -> None:
    people = People(topology=KINECT_V2)
    joints, t = people.motion(*cast(), 128)
    for hand in ("HandLeft", "HandRight"):
        step = (at(joints, hand)[:, 1:] - at(joints, hand)[:, :-1]).norm(dim=-1)
        speed = step / (t[:, 1:] - t[:, :-1])
        assert speed.max() < 20  # m/s: a throw
        assert speed.mean() > 0.1


def test_hands_touch_the_face_and_each_other(moved: Tensor) -> None:
    """Purposeful: some clips bring a hand to the head, some bring the hands together."""
    to_head = torch.minimum(
        distance(moved, "HandTipLeft", "Head"), distance(moved, "HandTipRight", "Head")
    ).amin(1)
    together = distance(moved, "HandTipLeft", "HandTipRight").amin(1)
    assert 0.1 < float((to_head < 0.15).float().mean()) < 0.6
    assert 0.05 < float((together < 0.1).float().mean()) < 0.6


def test_places_on_the_other_arm_are_for_the_second_hand_only() -> None:
    script, _ = cast()
    sits, number = torch.zeros(len(CLIPS), dtype=torch.bool), torch.full((len(CLIPS),), 4)
    _, first = choose_places(script, "first", sits, number)
    _, second = choose_places(script, "second", sits, number)
    on_the_other = torch.tensor([FRAMES.index("elbow"), FRAMES.index("hand")])
    assert not torch.isin(first, on_the_other).any()
    assert torch.isin(second, on_the_other).any()


def test_two_takes_of_a_clip_are_one_motion() -> None:
    """Two people make it, so nothing is equal; but they are nearer than two clips are."""
    people = People(topology=KINECT_V2)
    takes = [people.take(CLIPS, FRAME_COUNT, number) for number in (0, 1)]
    hands = [take[:, :, :, KINECT_V2.index("HandRight"), 0] for take in takes]
    paths = [(hand - hand.mean(2, keepdim=True)).flatten(1) for hand in hands]
    same = (paths[0] - paths[1]).norm(dim=1)
    other = (paths[0] - paths[1].roll(1, 0)).norm(dim=1)
    assert (same > 1e-3).all()
    assert same.median() < 0.7 * other.median()


def test_a_sensor_moves_no_joint_far_and_loses_some_entirely() -> None:
    script, manner = cast()
    seen, t = People(topology=KINECT_V2).motion(script, manner, FRAME_COUNT)
    out = measured(manner, seen, t, topology=KINECT_V2)
    lost = (out == 0).all(-1)
    assert 0.001 < float(lost.float().mean()) < 0.05
    error = (out - seen).norm(dim=-1)[~lost]
    assert 0.002 < float(error.median()) < 0.02
    assert float(error.quantile(0.99)) < 0.3  # feet behind a table


@pytest.mark.parametrize("topology", TOPOLOGIES.values(), ids=lambda topology: topology.name)
def test_every_skeleton_by_joint_name(topology: Topology) -> None:
    clips = People(topology=topology).batch(CLIPS[:4], 8)
    assert clips.shape == (4, 3, 8, len(topology), 1)
    seen = People(topology=topology).motion(*cast(), 8)[0]
    left, right = (seen[:, :, topology.index(joint)] for joint in topology.shoulders)
    least = 0.1 if topology.mirror else 0.01  # a hand alone
    assert least < float((left - right).norm(dim=-1).median()) < 0.6  # meters


def test_a_joint_that_no_body_has_is_refused() -> None:
    topology = Topology(
        name="tailed", joints=("Hips", "Tail"), bones=(("Tail", "Hips"),), center="Hips",
        mirror=(), shoulders=("Hips", "Tail"), spine=("Hips", "Tail"), source="none",
    )  # fmt: skip
    with pytest.raises(EdgcnError, match="no joint 'Tail' of topology 'tailed'"):
        on_joints({"hips": torch.zeros(1, 1, 3)}, topology)


def test_rotations_turn_as_they_say() -> None:
    quarter, zero = torch.full((1, 1), torch.pi / 2), torch.zeros(1, 1)
    up, right, back = torch.eye(3)[1], torch.eye(3)[0], torch.eye(3)[2]
    # forward is -z, the person's right +x, and a turn to the left brings the front to -x
    torch.testing.assert_close(turned(quarter, zero, zero)[0, 0] @ up, -back, atol=1e-6, rtol=0)
    torch.testing.assert_close(turned(zero, quarter, zero)[0, 0] @ up, right, atol=1e-6, rtol=0)
    torch.testing.assert_close(turned(zero, zero, quarter)[0, 0] @ -back, -right, atol=1e-6, rtol=0)


def test_two_bones_reach_their_goal() -> None:
    root, pole = torch.zeros(1, 1, 3), torch.tensor([[[0.0, -1.0, 0.0]]])
    goal = torch.tensor([[[0.3, 0.1, -0.2]]])
    lengths = torch.tensor([[0.3]]), torch.tensor([[0.25]])
    middle, end = two_bones(root, goal, pole, *lengths, closed=0.05)
    torch.testing.assert_close(end, goal, atol=0.01, rtol=0)
    assert abs(float(middle.norm()) - 0.3) < 1e-3
    assert abs(float((end - middle).norm()) - 0.25) < 1e-3
    assert set(LENGTHS) >= {"upper_arm", "forearm", "thigh", "shin"}
