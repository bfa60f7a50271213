"""Clips of another skeleton, sensor or number of bodies, as an encoder reads them.

inputs of an encoder, clips -> the same clips as the encoder's own were, and what was done
"""

from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError
from edgcn.pipeline.adapter import Adapter, Depth
from edgcn.pipeline.inputs import Inputs, refit
from edgcn.pipeline.sensor import Sensor, measure_other_unit, on_joints, signs
from edgcn.pipeline.source import ClipSource
from edgcn.skeleton.remap import RemapPlan, plan_remap

S = TypeVar("S", bound=ClipSource)
Skeleton = Literal["remap", "rebuild", "position"]


@dataclass(frozen=True)
class Adapted(Generic[S]):
    """Clips that fit an encoder.

    Args:
        inputs: the encoder's, or for other joints where the encoder is to be rebuilt.
        rebuild: from the encoder's joints to those of the clips, where it is.
        notes: what was done, one line each.
        record: the same for results.json.
        adapter: what the clips went through; None where they fit as they are.
        sizes: for it, of each clip, where it takes any.
    """

    clips: S
    inputs: Inputs
    rebuild: RemapPlan | None
    notes: tuple[str, ...]
    record: dict[str, Any]
    adapter: Adapter | None
    sizes: Float[np.ndarray, " n"] | None


def adapt(
    inputs: Inputs,
    clips: S,
    *,
    rows: np.ndarray,
    skeleton: Skeleton = "remap",
    depth: Literal["zero", "confidence"] = "zero",
) -> Adapted[S]:
    """Bring clips to an encoder's inputs (or the inputs to the clips' joints, for a rebuild).

    Where they fit, nothing is changed.

    Args:
        rows: training clips, from which bone lengths are taken for other joints.

    Raises:
        EdgcnError: no joint has a name in common, or by position the numbers of joints differ.
    """
    plan = plan_joints(inputs, clips, skeleton)
    notes = [*joint_notes(inputs, clips, plan, skeleton), *body_notes(inputs, clips)]
    rebuild = plan if skeleton == "rebuild" else None
    if rebuild:
        sensor = on_joints(inputs.sensor, inputs.topology, clips)
        inputs = replace(inputs, topology=clips.topology, sensor=sensor)
    adapter, sizes = make_adapter(inputs, clips, None if rebuild else plan, depth, notes)
    same = Adapter(None, clips.topology, clips.dims, clips.dims, clips.units, clips.bodies)
    fits = adapter == same
    view = clips if fits else clips.adapted(adapter, sizes)
    if rebuild:
        inputs = replace(inputs, normalize=refit(inputs.normalize, view, rows))
    record: dict[str, Any] = {"skeleton": skeleton, "depth": adapter.depth}
    record |= {"signs": list(adapter.signs), "joints": joint_lists(plan), "notes": notes}
    used = None if fits else adapter
    return Adapted(view, inputs, rebuild, tuple(notes), record, used, sizes)


def plan_joints(inputs: Inputs, clips: ClipSource, skeleton: Skeleton) -> RemapPlan | None:
    """Where each joint comes from: the encoder's by default, the clips' for an encoder rebuilt.

    None where the joints are the same, or taken to be.
    """
    own, other = inputs.topology, clips.topology
    if own.joints == other.joints:
        return None
    if skeleton == "position":
        if len(own) == len(other):
            return None
        raise EdgcnError(
            f"by position the numbers of joints must be equal: the encoder has {len(own)} "
            f"({own.name!r}), {clips.name} has {len(other)} ({other.name!r}); fit or "
            f"evaluate by joint name, with --skeleton remap or --skeleton rebuild"
        )
    plan = plan_remap(own, other) if skeleton == "rebuild" else plan_remap(other, own)
    if not plan.exact:
        raise EdgcnError(
            f"no joint of {clips.name} ({', '.join(other.joints)}) has the name of a joint that "
            f"the encoder was trained on ({', '.join(own.joints)}); name them in the recordings, "
            f"or, if joint i is joint i, fit or evaluate with --skeleton position"
        )
    return plan


def make_adapter(
    inputs: Inputs, clips: ClipSource, plan: RemapPlan | None, depth: str, notes: list[str]
) -> tuple[Adapter, Float[np.ndarray, " n"] | None]:
    """The adapter to an encoder's inputs and each clip's factor; adds to the notes."""
    sensor = inputs.sensor
    same = inputs.topology.joints == clips.topology.joints
    adapter = Adapter(
        plan=plan,
        topology=clips.topology if same else inputs.topology,
        given=clips.dims,
        dims=sensor.dims,
        units=sensor.units,
        bodies=inputs.bodies,
        depth=depth_channel(clips.dims, sensor.dims, depth, read_as_depth=inputs.dims == 3),
    )
    sizes = None
    if sensor.units != clips.units:
        own, sizes = measure_other_unit(clips, sensor, plan)
        adapter = replace(adapter, signs=signs(own, sensor))
        notes.append(unit_note(sensor, clips, adapter, sizes))
    notes += depth_notes(adapter)
    return adapter, sizes


def depth_channel(given: int, wanted: int, depth: str, *, read_as_depth: bool) -> Depth:
    """What becomes of the third channel.

    Args:
        read_as_depth: the encoder took a confidence for a depth, as the paper does; with
            depth="confidence" it now takes the depth.
    """
    if given == wanted:
        return "keep"
    if wanted == 2:
        return "keep" if depth == "confidence" and read_as_depth else "visible"
    return "confidence" if depth == "confidence" else "zero"


# The lines that name what was done


def joint_notes(
    inputs: Inputs, clips: ClipSource, plan: RemapPlan | None, skeleton: Skeleton
) -> list[str]:
    """Which joints were invented, which are missing, which were dropped."""
    own, other = inputs.topology, clips.topology
    if plan is not None:
        what = "the encoder's joints" if skeleton == "rebuild" else "the store's joints"
        return [f"{what} by name, {plan.summary()}"]
    if own.joints == other.joints:
        return []
    return [f"joint i of {other.name} is read as joint i of {own.name}, whatever their names"]


def joint_lists(plan: RemapPlan | None) -> dict[str, Any]:
    """A plan in plain JSON types; empty lists where all joints are the same."""
    if plan is None:
        return {"taken": {}, "derived": {}, "missing": [], "dropped": []}
    derived = {joint: list(rule.joints) for joint, rule in plan.derived.items()}
    lists = {"missing": list(plan.missing), "dropped": list(plan.dropped)}
    return {"taken": dict(plan.exact), "derived": derived, **lists}


def unit_note(
    sensor: Sensor, clips: ClipSource, adapter: Adapter, sizes: Float[np.ndarray, " n"]
) -> str:
    """How lengths and directions of another unit were made the encoder's."""
    flipped = [name for name, sign in zip("xy", adapter.signs, strict=True) if sign < 0]
    return (
        f"the encoder was trained in {sensor.units}, {clips.name} is in {clips.units}: "
        f"every clip's torso made {sensor.torso:.3g} {sensor.units} long (median factor "
        f"{np.median(sizes):.3g}), {' and '.join(flipped) or 'no axis'} flipped"
    )


def depth_notes(adapter: Adapter) -> list[str]:
    """What the third channel became."""
    if adapter.depth == "keep" and adapter.given > adapter.dims:
        return ["depth stands where the encoder had the detector's confidence"]
    text: dict[Depth, str] = {
        "zero": "the encoder's depth is 0 here: these clips have none (their confidence is unused)",
        "confidence": "the detector's confidence stands where the encoder had a depth",
        "visible": "depth is dropped; the encoder's confidence is 1 where a joint was seen",
    }
    return [text[adapter.depth]] if adapter.depth in text else []


def body_notes(inputs: Inputs, clips: ClipSource) -> list[str]:
    """Which bodies were added or left out."""
    if clips.bodies < inputs.bodies:
        return [
            f"{inputs.bodies - clips.bodies} absent bodies added (the encoder reads "
            f"{inputs.bodies}, {clips.name} has {clips.bodies})"
        ]
    if clips.bodies > inputs.bodies:
        return [f"only the first {inputs.bodies} of {clips.bodies} bodies of {clips.name} are read"]
    return []
