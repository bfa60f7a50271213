"""What an encoder learned of each joint travels by name: laws over all encoders."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.models import ENCODERS, rebuild
from edgcn.models.build import build_encoder
from edgcn.models.rebuild import ByJoint, joint_weights
from edgcn.skeleton.layouts import ISL, KINECT_V2
from edgcn.skeleton.remap import plan_remap
from edgcn.skeleton.topology import Topology
from helpers import tiny_topology

NAMES = list(ENCODERS)
BODIES = 2


def shuffled(topology: Topology, seed: int = 3) -> tuple[Topology, np.ndarray]:
    """The same skeleton with its joints in another order, and that order."""
    order = np.random.default_rng(seed).permutation(len(topology))
    return replace(topology, joints=tuple(topology.joints[v] for v in order)), order


def taught(name: str, topology: Topology) -> nn.Module:
    """An encoder none of whose tensors is as it was made."""
    torch.manual_seed(0)
    encoder = ENCODERS[name](topology, bodies=BODIES)
    with torch.no_grad():
        for tensor in encoder.state_dict().values():
            if tensor.dtype.is_floating_point:
                tensor.copy_(tensor + 0.05 * torch.rand(tensor.shape))
    return encoder.eval()


def onto(name: str, encoder: nn.Module, source: Topology, target: Topology) -> nn.Module:
    fresh = ENCODERS[name](target, bodies=BODIES)
    return rebuild(encoder, fresh, plan_remap(source, target))


def clips(topology: Topology) -> torch.Tensor:
    return torch.randn(3, 3, 9, len(topology), BODIES, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", NAMES)
def test_onto_the_same_joints_is_the_identity(name: str) -> None:
    encoder = taught(name, tiny_topology())
    again = onto(name, encoder, tiny_topology(), tiny_topology()).state_dict()
    assert all(torch.equal(again[key], value) for key, value in encoder.state_dict().items())


@pytest.mark.parametrize("name", NAMES)
def test_joints_in_another_order_embed_alike_and_there_and_back_is_the_identity(name: str) -> None:
    source = tiny_topology()
    target, order = shuffled(source)
    encoder, x = taught(name, source), clips(source)
    there = onto(name, encoder, source, target)
    torch.testing.assert_close(there(x[:, :, :, order]), encoder(x), rtol=1e-4, atol=1e-5)
    back = onto(name, there, target, source).state_dict()
    assert all(torch.equal(back[key], value) for key, value in encoder.state_dict().items())


@pytest.mark.parametrize("input_norm", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_that_depends_on_the_joints_is_declared(name: str, input_norm: bool) -> None:
    small, large = (
        build_encoder(name, {}, topology=topology, in_channels=3, bodies=1, input_norm=input_norm)
        for topology in (tiny_topology(), ISL)
    )
    assert isinstance(small, ByJoint)
    shapes = {key: value.shape for key, value in large.state_dict().items()}
    differ = {key for key, value in small.state_dict().items() if value.shape != shapes[key]}
    assert differ == set(small.joint_axes())


def test_a_joint_gets_its_own_numbers_a_mean_or_the_mean_of_all() -> None:
    encoder = taught("edgcn-s", ISL)
    rebuilt = onto("edgcn-s", encoder, ISL, KINECT_V2)
    plan = plan_remap(ISL, KINECT_V2)
    assert plan.missing
    assert plan.derived
    old = encoder.state_dict()["input_norm.running_mean"].view(BODIES, len(ISL), 3)
    new = rebuilt.state_dict()["input_norm.running_mean"].view(BODIES, len(KINECT_V2), 3)
    for joint, source in plan.exact.items():
        assert torch.equal(new[:, KINECT_V2.index(joint)], old[:, ISL.index(source)])
    for joint, rule in plan.derived.items():
        mean = old[:, [ISL.index(part) for part in rule.joints]].mean(1)
        torch.testing.assert_close(new[:, KINECT_V2.index(joint)], mean)
    for joint in plan.missing:
        torch.testing.assert_close(new[:, KINECT_V2.index(joint)], old.mean(1))


@pytest.mark.parametrize("name", ["edgcn-s", "ascal-lstm"])
def test_a_joint_it_knows_nothing_of_is_in_no_learned_sum(name: str) -> None:
    encoder = taught(name, ISL)
    assert isinstance(encoder, ByJoint)
    rebuilt, plan = onto(name, encoder, ISL, KINECT_V2).state_dict(), plan_remap(ISL, KINECT_V2)
    unknown = [KINECT_V2.index(joint) for joint in plan.missing]
    for key, axes in encoder.joint_axes().items():
        for axis, per_joint in axes.items():
            parts = rebuilt[key].movedim(axis, 0)
            parts = parts.reshape(-1, len(KINECT_V2), per_joint, *parts.shape[1:])
            assert key.startswith("input_norm") or not parts[:, unknown].any()


def test_a_window_graph_keeps_what_joins_two_frames() -> None:
    source = tiny_topology()
    target, order = shuffled(source)
    encoder = taught("edgcn-s", source)
    key = next(key for key in encoder.state_dict() if "windows.0.graph.residual" in key)
    v, window, scales = len(source), 3, 2
    old = encoder.state_dict()[key].view(scales, window, v, window, v)
    new = onto("edgcn-s", encoder, source, target).state_dict()[key]
    expected = old[:, :, order][..., order]
    assert torch.equal(new.view(scales, window, v, window, v), expected)


def test_weights_of_a_joint_sum_to_one_or_nothing() -> None:
    plan = plan_remap(ISL, KINECT_V2)
    sums = joint_weights(plan).sum(1)
    known = torch.tensor([joint not in plan.missing for joint in KINECT_V2.joints])
    torch.testing.assert_close(sums, known.float())


def test_an_encoder_that_does_not_declare_its_layout_is_refused() -> None:
    plan = plan_remap(tiny_topology(), tiny_topology())
    with pytest.raises(EdgcnError, match=r"Linear does not declare .* by joint .*--skeleton remap"):
        rebuild(nn.Linear(2, 2), nn.Linear(2, 2), plan)


def test_an_encoder_that_declares_too_little_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = taught("ascal-lstm", ISL)
    monkeypatch.setattr(type(encoder), "joint_axes", lambda self: {})
    with pytest.raises(
        EdgcnError, match=r"joint_axes does not declare all joint axes of 'lstm.weight_ih_l0'"
    ):
        onto("ascal-lstm", encoder, ISL, KINECT_V2)
