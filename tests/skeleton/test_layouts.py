"""Laws that every topology keeps, present and future, and the few published facts they rest on."""

import json
from dataclasses import replace
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.layouts import (
    BODY_25,
    KINECT_V1,
    KINECT_V2,
    KINECT_V2_PYSKL,
    MIGA_22,
    MSR_ACTION3D,
    TOPOLOGIES,
    UTD_MHAD,
    topology_of,
)
from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology

every_topology = pytest.mark.parametrize("topology", TOPOLOGIES.values(), ids=TOPOLOGIES)


@every_topology
def test_bones_are_one_tree(topology: Topology) -> None:
    reached = {topology.root}
    for _ in topology.joints:  # the obvious slow flood
        reached |= {child for child, parent in topology.bones if parent in reached}
    assert reached == set(topology.joints)
    assert len(topology.bones) == len(topology) - 1


@every_topology
def test_every_parent_is_placed_before_its_children(topology: Topology) -> None:
    placed = {topology.index(topology.root)}
    for child, parent in topology.from_root:
        assert parent in placed
        placed.add(child)
    assert sorted(topology.from_root) == sorted(topology.edges)


@every_topology
def test_mirroring_twice_is_identity(topology: Topology) -> None:
    assert [topology.mirrored[i] for i in topology.mirrored] == list(range(len(topology)))


@every_topology
def test_mirroring_swaps_sides_and_leaves_the_midline(topology: Topology) -> None:
    swap = {"left": "right", "right": "left"}
    for joint, other in zip(topology.joints, topology.mirrored, strict=True):
        side, _, rest = canonical(joint).partition("_")
        expected = f"{swap[side]}_{rest}" if side in swap else canonical(joint)
        assert canonical(topology.joints[other]) == expected


@every_topology
def test_a_mirrored_skeleton_has_the_same_bones(topology: Topology) -> None:
    mirrored = {(topology.mirrored[c], topology.mirrored[p]) for c, p in topology.edges}
    assert mirrored == set(topology.edges)


@pytest.mark.parametrize("topology", [t for t in TOPOLOGIES.values() if t.mirror])
def test_shoulders_and_spine_say_where_a_body_looks(topology: Topology) -> None:
    assert [canonical(joint) for joint in topology.shoulders] == ["left_shoulder", "right_shoulder"]
    lower, upper = topology.spine
    assert lower != upper
    assert lower not in topology.shoulders


@every_topology
def test_survives_json(topology: Topology) -> None:
    assert Topology.from_dict(json.loads(json.dumps(topology.to_dict()))) == topology


@every_topology
def test_is_found_by_its_joints(topology: Topology) -> None:
    assert topology_of(topology.joints).joints == topology.joints


@every_topology
def test_cites_its_source_and_is_known_by_its_name(topology: Topology) -> None:
    assert topology.source
    assert TOPOLOGIES[topology.name] is topology


def test_the_two_kinect_v2_trees_differ_in_the_hands_only() -> None:
    def bones_from_one(topology: Topology) -> set[tuple[int, int]]:
        return {(child + 1, parent + 1) for child, parent in topology.edges}

    ours, theirs = bones_from_one(KINECT_V2), bones_from_one(KINECT_V2_PYSKL)
    assert ours - theirs == {(22, 23), (24, 25)}
    assert theirs - ours == {(22, 8), (24, 12)}
    assert topology_of(KINECT_V2.joints) is KINECT_V2


def test_kinect_v1_data_sets_differ_in_order_only() -> None:
    assert {frozenset(t.joints) for t in (KINECT_V1, UTD_MHAD, MSR_ACTION3D)} == {
        frozenset(KINECT_V1.joints)
    }
    assert {frozenset(t.bones) for t in (KINECT_V1, UTD_MHAD, MSR_ACTION3D)} == {
        frozenset(KINECT_V1.bones)
    }


def test_miga_is_the_upper_body_of_body_25_and_ten_fingers() -> None:
    assert MIGA_22.joints[:12] == BODY_25.joints[:8] + BODY_25.joints[15:19]
    assert MIGA_22.joints[12:17] == tuple("R" + joint[1:] for joint in MIGA_22.joints[17:])
    assert MIGA_22.joints[2:5] == ("RShoulder", "RElbow", "RWrist")  # not left, as the kit has it


def test_unknown_joints_are_named_together_with_what_is_known() -> None:
    with pytest.raises(EdgcnError, match=r"2 joints in this order: a, b; known: kinect_v2.*bones"):
        topology_of(("a", "b"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"center": "Navel"}, "names joints it does not have: Navel"),
        ({"bones": KINECT_V1.bones[1:]}, r"one tree of 20 joints \(19 bones.*got 18 bones"),
        ({"joints": (*KINECT_V1.joints, "Head")}, "names a joint twice"),
        (
            {"bones": (("Spine", "HipCenter"), ("HipCenter", "Spine"), *KINECT_V1.bones[2:])},
            "form a loop",
        ),
    ],
)
def test_what_is_no_tree_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(EdgcnError, match=message):
        replace(KINECT_V1, **change)
