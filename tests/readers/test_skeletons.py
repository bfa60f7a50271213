"""What joints are is told by their places: on people whose skeleton is known."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import FileError
from edgcn.readers.skeletons import KNOWN, guess
from edgcn.skeleton.layouts import (
    BODY_25,
    BODY_25B,
    COCO_17,
    COCO_18,
    H36M_17,
    ISL,
    KINECT_V1,
    KINECT_V2_PYSKL,
    MSR_ACTION3D,
    TOPOLOGIES,
    UTD_MHAD,
)
from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology
from readers.standing import in_pixels, people

FILE = Path("x.pkl")


POSES: list[dict[str, Any]] = [{}, {"seated": True}, {"arms": 1.9}]
IN_SPACE = (KINECT_V2_PYSKL, KINECT_V1, UTD_MHAD, MSR_ACTION3D, ISL, H36M_17, COCO_17, BODY_25B)
FLAT = (BODY_25, BODY_25B, COCO_17, COCO_18, H36M_17, KINECT_V1, UTD_MHAD)


@pytest.mark.parametrize("pose", POSES, ids=str)
@pytest.mark.parametrize("topology", IN_SPACE, ids=lambda known: known.name)
@pytest.mark.parametrize("scale", [1, 1000])
def test_points_in_space(topology: Topology, pose: dict[str, Any], scale: int) -> None:
    found = guess(FILE, people(topology, **pose) * scale)
    assert (found.topology.name, found.dims, found.units) == (topology.name, 3, "m")
    assert f"taken for {topology.name}" in found.note
    assert "channel 3 for the depth" in found.note


@pytest.mark.parametrize("pose", POSES, ids=str)
@pytest.mark.parametrize(("topology", "channels"), list(product(FLAT, (2, 3))))
def test_points_in_pictures(topology: Topology, channels: int, pose: dict[str, Any]) -> None:
    found = guess(FILE, in_pixels(people(topology, **pose), channels=channels))
    assert (found.topology.name, found.dims, found.units) == (topology.name, 2, "px")
    assert ("channel 3 for a confidence" in found.note) == (channels == 3)


def test_upper_bodies_are_enough() -> None:
    for topology in (BODY_25, BODY_25B, COCO_17):
        bodies = in_pixels(people(topology))
        names = [canonical(joint).rpartition("_")[2] for joint in topology.joints]
        bodies[:, np.isin(names, ["hip", "hips", "knee", "ankle", "toe", "heel"])] = 0
        assert guess(FILE, bodies).topology is topology


def test_what_bones_do_not_tell_is_said() -> None:
    noise = np.random.default_rng(0).normal(size=(60, 17, 3)) * 0.3 + (0, 1, 3)
    found = guess(FILE, noise)
    assert (found.topology, found.dims) == (H36M_17, 3)
    assert "17 joints are taken for h36m_17; or is it coco_17?" in found.note
    assert guess(FILE, np.abs(noise[..., :2])).topology is COCO_17


def test_a_given_topology_is_taken_and_the_channels_are_told() -> None:
    flat = in_pixels(people(COCO_18))
    assert guess(FILE, flat, COCO_18) == (COCO_18, 2, "")
    assert guess(FILE, people(COCO_17), COCO_17) == (COCO_17, 3, "")
    with pytest.raises(FileError, match="expected 17 joints for topology 'coco_17', got 18"):
        guess(FILE, flat, COCO_17)


@pytest.mark.parametrize("third", [5.0, -1.0, 0.0, 100.0])
def test_neither_confidence_nor_depth_is_refused(third: float) -> None:
    flat = in_pixels(people(COCO_17))
    flat[..., 2] = third
    with pytest.raises(FileError, match=r"to be a depth, or a confidence within 0\.\.1; got "):
        guess(FILE, flat)


def test_every_topology_can_be_meant() -> None:
    assert {*KNOWN} == {known for name, known in TOPOLOGIES.items() if name != "kinect_v2"}
