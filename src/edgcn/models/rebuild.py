"""An encoder on another skeleton: what it learned of each joint travels by the joint's name.

weights for V joints -> weights for V' joints. An encoder declares in `joint_axes` which of its
tensors are laid out by joint: name in the state -> axis -> how many numbers in a row are one
joint's (an axis is groups x joints x these numbers). Everything else is copied.
"""

from collections.abc import Mapping
from typing import Protocol, cast, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.remap import RemapPlan


@runtime_checkable
class ByJoint(Protocol):
    """An encoder that can be rebuilt."""

    def joint_axes(self) -> dict[str, dict[int, int]]: ...


def rebuild(encoder: nn.Module, fresh: nn.Module, plan: RemapPlan) -> nn.Module:
    """Fill `fresh`, the same encoder on the plan's target, with what `encoder` has learned.

    A joint that the encoder knows is copied, one that lies between others gets their mean. An
    unknown joint has no weight in sums over joints (0 in tensors that mix joints) and is normalized
    as joints are on average (the mean over all joints in a norm's tensors).

    Raises:
        EdgcnError: the encoder does not declare how its tensors are laid out.
    """
    kind = type(encoder).__name__
    if not isinstance(encoder, ByJoint):
        raise EdgcnError(
            f"{kind} does not declare which of its tensors are laid out by joint (a method "
            f"`joint_axes`), so it cannot be rebuilt on {plan.target.name!r}; use --skeleton remap"
        )
    axes, wanted = encoder.joint_axes(), fresh.state_dict()
    weights = joint_weights(plan)
    carried = {}
    for name, tensor in encoder.state_dict().items():
        for axis, per_joint in axes.get(name, {}).items():
            tensor = along(tensor, weights, axis, per_joint)
        if tensor.shape != wanted[name].shape:
            raise EdgcnError(
                f"{kind}.joint_axes does not declare all joint axes of {name!r}: carried from "
                f"{plan.source.name!r} to {plan.target.name!r} it has shape "
                f"{tuple(tensor.shape)}, expected {tuple(wanted[name].shape)}"
            )
        carried[name] = tensor
    fresh.load_state_dict(carried)
    return fresh.train(encoder.training)


def joint_weights(plan: RemapPlan) -> Float[Tensor, "new old"]:
    """Which old joints a new one is the mean of; a row of zeros for an unknown one."""
    weights = torch.zeros(len(plan.target), len(plan.source))
    parts = {joint: (old,) for joint, old in plan.exact.items()}
    parts |= {joint: rule.joints for joint, rule in plan.derived.items()}
    for joint, olds in cast(Mapping[str, tuple[str, ...]], parts).items():
        for old in olds:
            weights[plan.target.index(joint), plan.source.index(old)] = 1 / len(olds)
    return weights


def along(tensor: Tensor, weights: Float[Tensor, "new old"], axis: int, per_joint: int) -> Tensor:
    """The tensor with one axis carried from the old joints to the new ones."""
    if tensor.ndim == 1:  # a number for each joint, not one between joints
        unknown = weights.sum(dim=1, keepdim=True) == 0
        weights = torch.where(unknown, 1 / weights.shape[1], weights)
    first = tensor.movedim(axis, 0)
    parts = first.reshape(-1, weights.shape[1], per_joint, *first.shape[1:])
    carried = torch.einsum("uv,gv...->gu...", weights.to(tensor), parts)
    return carried.reshape(-1, *first.shape[1:]).movedim(0, axis)
