"""An encoder meets a store of another skeleton, sensor or number of bodies.

encoder + inputs, store -> the same clips as the encoder's own were, or the encoder on their joints
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.baselines import random_encoder
from edgcn.evaluation.embed import canonical
from edgcn.models import rebuild
from edgcn.pipeline.adapter import Bridge, Sensor, Third, signs
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import Normalize
from edgcn.pipeline.sensor import assumed_sensor, measure_other_unit, on_joints
from edgcn.skeleton.remap import RemapPlan, plan_remap
from edgcn.store import Store


@dataclass(frozen=True)
class Match:
    """An encoder and clips that fit it.

    Args:
        rebuilt: whether the encoder is another than the run's.
        notes: what was done, one line each.
        record: the same for results.json.
    """

    encoder: nn.Module
    inputs: Inputs
    store: Store
    rebuilt: bool
    notes: tuple[str, ...]
    record: dict[str, Any]


def match(
    encoder: nn.Module,
    inputs: Inputs,
    about: Mapping[str, Any],
    store: Store,
    *,
    rows: np.ndarray,
    skeleton: str = "remap",
    third: str = "zero",
) -> Match:
    """Bring a store to an encoder (or the encoder to the store's joints); nothing where they fit.

    Args:
        about: what the encoder's checkpoint says of it.
        rows: training clips, from which bone lengths are taken for other joints.
        skeleton: "remap", "rebuild" or "position".
        third: "zero" or "confidence".

    Raises:
        EdgcnError: no joint has a name in common, or by position the numbers of joints differ.
    """
    plan = plan_joints(inputs, store, skeleton)
    notes = joint_notes(inputs, store, plan, skeleton)
    notes += [*sensor_notes(inputs, store), *body_notes(inputs, store)]
    rebuilt = plan is not None and skeleton == "rebuild"
    if plan is not None and rebuilt:
        inputs = replace(inputs, topology=store.topology, sensor=on_joints(inputs, store))
        view, bridge = cross(inputs, store, None, third, notes)
        inputs = replace(inputs, normalize=refit(inputs.normalize, view, rows))
        fresh = random_encoder(about["encoder"], inputs, dict(about["options"]), seed=0)
        encoder = rebuild(encoder, fresh, plan)
    else:
        view, bridge = cross(inputs, store, plan, third, notes)
    record: dict[str, Any] = {
        "skeleton": skeleton,
        "third": bridge.third,
        "signs": list(bridge.signs),
    }
    record |= {"joints": joint_lists(plan), "notes": notes}
    return Match(encoder, inputs, view, rebuilt, tuple(notes), record)


def plan_joints(inputs: Inputs, store: Store, skeleton: str) -> RemapPlan | None:
    """Where each joint comes from: the encoder's by default, the store's for an encoder rebuilt.

    None where the joints are the same, or taken to be.
    """
    own, other = inputs.topology, store.topology
    if own.joints == other.joints:
        return None
    if skeleton == "position":
        if len(own) == len(other):
            return None
        raise EdgcnError(
            f"by position the numbers of joints must be equal: the encoder has {len(own)} "
            f"({own.name!r}), {store.path} has {len(other)} ({other.name!r}); go by joint name "
            f"with --skeleton remap or --skeleton rebuild"
        )
    plan = plan_remap(own, other) if skeleton == "rebuild" else plan_remap(other, own)
    if not plan.exact:
        raise EdgcnError(
            f"no joint of {store.path} ({', '.join(other.joints)}) has the name of a joint that "
            f"the encoder was trained on ({', '.join(own.joints)}); name them in the recordings, "
            f"or, if joint i is joint i, pass --skeleton position"
        )
    return plan


def third_channel(given: int, wanted: int, third: str, *, read_as_depth: bool) -> Third:
    """What becomes of the third channel.

    Args:
        read_as_depth: the encoder took a confidence for a depth, as the paper does; with
            third="confidence" it now takes the depth.
    """
    if given == wanted:
        return "keep"
    if wanted == 2:
        return "keep" if third == "confidence" and read_as_depth else "seen"
    return "confidence" if third == "confidence" else "zero"


def cross(
    inputs: Inputs, store: Store, plan: RemapPlan | None, third: str, notes: list[str]
) -> tuple[Store, Bridge]:
    """The store over the bridge to an encoder's inputs, or itself where there is none to cross."""
    sensor = inputs.sensor or assumed_sensor(inputs)
    same = inputs.topology.joints == store.topology.joints
    bridge = Bridge(
        plan=plan,
        topology=store.topology if same else inputs.topology,
        given=store.dims,
        dims=sensor.dims,
        units=sensor.units,
        bodies=inputs.bodies,
        third=third_channel(store.dims, sensor.dims, third, read_as_depth=inputs.dims == 3),
    )
    sizes = None
    if sensor.units != store.units:
        own, sizes = measure_other_unit(store, sensor, plan)
        bridge = replace(bridge, signs=signs(own, sensor))
        notes.append(unit_note(sensor, store, bridge, sizes))
    notes += channel_notes(bridge)
    still = Bridge(None, store.topology, store.dims, store.dims, store.units, store.bodies)
    return (store if bridge == still else store.seen_as(bridge, sizes)), bridge


def refit(settings: Normalize, store: Store, rows: np.ndarray) -> Normalize:
    """The same settings for other joints; bone lengths, where any are used, are those of `rows`."""
    if settings.bone_lengths is None:
        return settings
    return replace(settings, bone_lengths=canonical(store, rows).bone_lengths)


# What is said


def joint_notes(inputs: Inputs, store: Store, plan: RemapPlan | None, skeleton: str) -> list[str]:
    """Which joints were invented, which are missing, which were dropped."""
    own, other = inputs.topology, store.topology
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


def sensor_notes(inputs: Inputs, store: Store) -> list[str]:
    """What had to be assumed, where it matters."""
    sensor = assumed_sensor(inputs)
    if inputs.sensor or (sensor.units, sensor.dims) == (store.units, store.dims):
        return []
    return [
        f"this older run does not say what its clips were like: assumed {sensor.units}, "
        f"{sensor.dims} dimensions and a torso of {sensor.torso:g} {sensor.units}"
    ]


def unit_note(sensor: Sensor, store: Store, bridge: Bridge, sizes: Float[np.ndarray, " n"]) -> str:
    """How lengths and directions of another unit were made the encoder's."""
    turned = [name for name, sign in zip("xy", bridge.signs, strict=True) if sign < 0]
    return (
        f"the encoder was trained in {sensor.units}, {store.path} is in {store.units}: "
        f"every clip's torso made {sensor.torso:.3g} {sensor.units} long (median factor "
        f"{np.median(sizes):.3g}), {' and '.join(turned) or 'no axis'} turned round"
    )


def channel_notes(bridge: Bridge) -> list[str]:
    """What the third channel became."""
    if bridge.third == "keep" and bridge.given > bridge.dims:
        return ["depth stands where the encoder had the detector's confidence"]
    text: dict[Third, str] = {
        "zero": "the encoder's depth is 0 here: these clips have none (their confidence is unused)",
        "confidence": "the detector's confidence stands where the encoder had a depth",
        "seen": "depth is dropped; the encoder's confidence is 1 where a joint was seen",
    }
    return [text[bridge.third]] if bridge.third in text else []


def body_notes(inputs: Inputs, store: Store) -> list[str]:
    """Which bodies were added or left out."""
    if store.bodies < inputs.bodies:
        return [f"{inputs.bodies - store.bodies} absent bodies added (the encoder reads "
                f"{inputs.bodies}, {store.path} has {store.bodies})"]  # fmt: skip
    if store.bodies > inputs.bodies:
        return [f"only the first {inputs.bodies} of {store.bodies} bodies of {store.path} are read"]
    return []
