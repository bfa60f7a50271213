"""What a store's sensor measures and how large people are in it; and how to make them of one size.

store -> torso and shoulders of each clip -> factors (N,)

An encoder of metres has seen bodies of a certain size, and pixels have none: every clip of another
unit is made as large as the encoder's own were on average, torso for torso.
"""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.embed import RAW_BATCH, RAW_FRAMES
from edgcn.pipeline.adapter import Bridge, Sensor
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import median_length, trunk
from edgcn.skeleton.remap import RemapPlan, plan_remap
from edgcn.store import Store

SAMPLE = 1000  # clips that a sensor is measured on, so that it costs the same in any store

# Of a seated adult and a Kinect; for checkpoints that do not know their sensor.
ASSUMED_TORSO, ASSUMED_SHOULDERS = 0.5, 0.35


def measure_sensor(store: Store, rows: np.ndarray) -> Sensor:
    """What the recordings measure, and how people stand in them, of at most `SAMPLE` clips."""
    step = max(1, -(-len(rows) // SAMPLE))
    lengths, axes = torso_and_shoulders(store, rows[::step])
    torso, shoulders = (float(np.nanmean(x)) if (x > 0).any() else 0.0 for x in lengths.T)
    up, right = (
        axis / length if length else 0.0
        for axis, length in zip(axes, (torso, shoulders), strict=True)
    )
    return Sensor(store.units, store.dims, torso, shoulders, up, right)


def torso_and_shoulders(
    store: Store, rows: np.ndarray
) -> tuple[Float[np.ndarray, "n 2"], tuple[float, float]]:
    """Each clip's median lengths (NaN where never seen); the mean y of the one, x of the other."""
    lengths, spines, widths = [], [], []
    for first in range(0, len(rows), RAW_BATCH):
        x = store.batch(rows[first : first + RAW_BATCH], RAW_FRAMES)
        spine, shoulders = trunk(x, topology=store.topology, dims=store.dims)
        lengths.append(torch.stack([median_length(spine), median_length(shoulders)], dim=1))
        spines.append(spine[:, 1].flatten())
        widths.append(shoulders[:, 0].flatten())
    mean_y, mean_x = (_mean_of_seen(torch.cat(parts)) for parts in (spines, widths))
    return torch.cat(lengths).numpy(), (mean_y, mean_x)


def _mean_of_seen(values: torch.Tensor) -> float:
    return float(values.sum() / (values != 0).sum().clamp(min=1))


def assumed_sensor(inputs: Inputs) -> Sensor:
    """The likeliest sensor of a checkpoint that does not say."""
    by_torso = inputs.normalize.scale == "torso" and not inputs.normalize.align
    if inputs.dims == 2 or by_torso:  # only pixels are divided by the torso and nothing else
        return Sensor("px", 2, 100 * ASSUMED_TORSO, 100 * ASSUMED_SHOULDERS, up=-1.0, right=0.0)
    return Sensor("m", 3, ASSUMED_TORSO, ASSUMED_SHOULDERS, up=1.0, right=1.0)


def on_joints(inputs: Inputs, store: Store) -> Sensor:
    """The encoder's sensor, its lengths told between the joints of a store.

    Another skeleton's spine may end elsewhere: the store, which has both by name, tells how much.
    """
    sensor, rows = inputs.sensor or assumed_sensor(inputs), np.arange(len(store))
    named = measure_sensor(on_own_joints(store, plan_remap(store.topology, inputs.topology)), rows)
    own = measure_sensor(store, rows)
    known = ((sensor.torso, named.torso), (sensor.shoulders, named.shoulders))
    factor = next((told / seen for told, seen in known if told and seen), 0.0)
    return replace(sensor, torso=factor * own.torso, shoulders=factor * own.shoulders)


def on_own_joints(store: Store, plan: RemapPlan | None) -> Store:
    """A store's first bodies on a plan's joints, and nothing else changed."""
    topology = plan.target if plan else store.topology
    return store.seen_as(Bridge(plan, topology, store.dims, store.dims, store.units, bodies=1))


def measure_other_unit(
    store: Store, sensor: Sensor, plan: RemapPlan | None
) -> tuple[Sensor, Float[np.ndarray, " n"]]:
    """A store's own sensor, and the factor that makes each of its clips as large as the encoder's.

    Torso for torso, or where a clip shows none shoulders for shoulders; else as the other clips.
    """
    view, rows = on_own_joints(store, plan), np.arange(len(store))
    lengths, _ = torso_and_shoulders(view, rows)
    wanted = np.array([sensor.torso, sensor.shoulders], dtype=np.float32)
    factors = np.where((wanted > 0) & (lengths > 0), wanted / lengths, np.nan)
    factor = np.where(np.isnan(factors[:, 0]), factors[:, 1], factors[:, 0])
    if np.isnan(factor).all():
        raise EdgcnError(
            f"{store.path} is in {store.units} and the encoder was trained in {sensor.units}, but "
            f"no clip shows a torso or shoulders to tell its size by; give the store its lengths "
            f"in {sensor.units}"
        )
    factor = np.where(np.isnan(factor), np.nanmedian(factor), factor)
    return measure_sensor(view, rows), factor.astype(np.float32)
