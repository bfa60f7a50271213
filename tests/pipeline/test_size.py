"""A person is as large as their torso, whatever of them is seen."""

import numpy as np
import pytest
import torch
from torch import Tensor

from edgcn.pipeline.normalize import NORMALIZATIONS, Normalize, mean_bone_lengths, normalize
from edgcn.pipeline.size import nan_median, tells_size, torso_size
from edgcn.skeleton.layouts import BODY_25, KINECT_V2
from edgcn.skeleton.remap import plan_remap
from edgcn.skeleton.tensors import visibility, visible
from edgcn.skeleton.topology import Topology
from helpers import tiny_topology
from layouts import REST

ARM = ("RShoulder", "RElbow", "RWrist")
LOW = ("MidHip", "RHip", "LHip", "RKnee", "LKnee", "RAnkle", "LAnkle")
HIDDEN = {
    "whole": (),
    "no legs, no hips": LOW,
    "one arm": tuple(joint for joint in BODY_25.joints if joint not in ARM),
    "no shoulders": ("Neck", "LShoulder", "RShoulder"),
}


def person(hidden: tuple[str, ...] = ()) -> Tensor:
    """(1, 3, 20, 25, 1) in pixels, 200 to a meter, some joints never seen."""
    frames = plan_remap(KINECT_V2, BODY_25).apply(REST[None, None].astype(np.float32))
    body = np.repeat(frames, 20, axis=0)
    body[..., :2] = 700 - 200 * body[..., :2] * (body[..., :2] != 0)
    body[..., 2] = 1
    there = (frames != 0).any(-1)
    body *= there[..., None]
    body[:, :, [BODY_25.index(joint) for joint in hidden]] = 0
    return torch.from_numpy(body).permute(3, 0, 2, 1)[None].contiguous()


def size(x: Tensor, topology: Topology = BODY_25, dims: int = 2) -> float:
    seen = visibility(x[..., :1], dims=dims)
    return torso_size(x, seen, topology=topology, dims=dims).item()


@pytest.mark.parametrize("hidden", HIDDEN)
def test_whatever_is_seen_tells_the_torso(hidden: str) -> None:
    whole = person()
    hip, neck = (whole[0, :2, 0, BODY_25.index(joint), 0] for joint in BODY_25.spine)
    torso = (hip - neck).norm().item()
    assert size(person(HIDDEN[hidden])) == pytest.approx(torso, rel=0.25)


def test_a_joint_seen_once_does_not_tell_the_size() -> None:
    x = person(LOW)
    before = size(x)
    x[0, :, 5, BODY_25.index("MidHip"), 0] = torch.tensor([710, 1500, 0.06])
    assert size(x) == before


@pytest.mark.parametrize("name", ["paper", "canonical"])
def test_all_are_normalized_to_one_size(name: str) -> None:
    """The arm that all of them show, 40 times as large once where it was all there was."""
    lengths = mean_bone_lengths([person()], topology=BODY_25, dims=2)
    settings = {
        "paper": Normalize(fill=False, align=False, unit_bones=False, scale="torso"),
        "canonical": Normalize(**vars(NORMALIZATIONS["canonical"]) | {"bone_lengths": lengths}),
    }[name]
    false_hip = person(LOW)
    false_hip[0, :, 5, BODY_25.index("MidHip"), 0] = torch.tensor([710, 1500, 0.06])
    reach = []
    for x in (person(), false_hip, person(LOW), person(HIDDEN["one arm"])):
        y = normalize(x, settings, topology=BODY_25, dims=2)
        shoulder, wrist = (y[0, :2, 0, BODY_25.index(j), 0] for j in ("RShoulder", "RWrist"))
        reach.append((wrist - shoulder).norm().item())
    assert reach == pytest.approx([reach[0]] * 4, rel=0.3 if name == "paper" else 0.05)


def test_an_unknown_skeleton_goes_by_its_shoulders_and_then_by_nothing() -> None:
    topology = tiny_topology()
    x = torch.ones(2, 3, 4, 5, 1)
    x[0, :, :, topology.index("hand_right")] = 3
    x[0, :, :, topology.index("chest")] = 0
    x[1, :, :, 1:] = 0
    seen = visibility(x, dims=3)
    found = torso_size(x, seen, topology=topology, dims=3)
    assert found.tolist() == pytest.approx([12**0.5, 1])


def test_two_joints_of_a_person_tell_a_size_and_one_does_not() -> None:
    def there(hidden: tuple[str, ...]) -> np.ndarray:
        x = person(hidden)
        return visible(x, dims=2)[0, 0].permute(0, 2, 1).numpy()

    assert tells_size(there(HIDDEN["one arm"]), BODY_25)
    alone = tuple(joint for joint in BODY_25.joints if joint != "RWrist")
    assert not tells_size(there(alone), BODY_25)


def test_the_median_of_what_is_known_is_torchs() -> None:
    values = torch.randn(9, 8, 5, generator=torch.Generator().manual_seed(0))
    values[values > 0.5] = torch.nan
    values[:, :, 2] = torch.nan
    expected = values.nanmedian(dim=1).values
    torch.testing.assert_close(nan_median(values), expected, rtol=0, atol=0, equal_nan=True)
