"""What recordings measure and how large people are in them; and how to make them of one size.

clips -> torso and shoulders of each -> Sensor, factors (N,)

An encoder of meters has seen bodies of a certain size, and pixels have none: every clip of another
unit is made as large as the encoder's own were on average, torso for torso.
"""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float

from edgcn.base.errors import EdgcnError
from edgcn.pipeline.adapter import Adapter
from edgcn.pipeline.normalize import trunk
from edgcn.pipeline.size import OFTEN, ends, median_lengths
from edgcn.pipeline.source import FRAMES, ClipSource, batches
from edgcn.skeleton.remap import RemapPlan, plan_remap
from edgcn.skeleton.tensors import visibility
from edgcn.skeleton.topology import Topology

S = TypeVar("S", bound=ClipSource)

SAMPLE = 1000  # clips that a sensor is measured on, so that it costs the same in any store
SIDEWAYS = 0.2  # part of its length below which an axis does not tell which way it points


@dataclass(frozen=True)
class Sensor:
    """What recordings measure, and how the people in them stand.

    Args:
        dims: how many channels are geometry; a third one that is not is a confidence.
        torso: mean length of the spine, in `units`; 0 where it is never seen.
        shoulders: mean distance of the shoulders; 0 likewise.
        up: how far the spine points along +y, from -1 (pixels: y points down) to 1.
        right: how far the shoulders, left to right, point along +x. Negative in pictures of people
            who face the camera; the pictures of a Kinect are mirrored.
    """

    units: str
    dims: int
    torso: float
    shoulders: float
    up: float
    right: float


def signs(source: Sensor, target: Sensor) -> tuple[int, int]:
    """Of x and y of the source, so that up is up and right is right in the target.

    A picture that is not mirrored is so turned by half a circle, a mirrored one flipped.
    """
    return _sign(source.right, target.right), _sign(source.up, target.up)


def _sign(source: float, target: float) -> int:
    clear = min(abs(source), abs(target)) > SIDEWAYS
    return -1 if clear and source * target < 0 else 1


def measure_sensor(clips: ClipSource, rows: np.ndarray) -> Sensor:
    """What the recordings measure, and how people stand in them, of at most `SAMPLE` clips."""
    step = max(1, -(-len(rows) // SAMPLE))
    lengths, axes = torso_and_shoulders(clips, rows[::step])
    torso, shoulders = (float(np.nanmean(x)) if (x > 0).any() else 0.0 for x in lengths.T)
    up, right = (
        min(1.0, max(-1.0, axis / length)) if length else 0.0  # a false hip is beyond
        for axis, length in zip(axes, (torso, shoulders), strict=True)
    )
    return Sensor(clips.units, clips.dims, torso, shoulders, up, right)


def torso_and_shoulders(
    clips: ClipSource, rows: np.ndarray
) -> tuple[Float[np.ndarray, "n 2"], tuple[float, float]]:
    """Each clip's median lengths (NaN where never seen); the mean y of the one, x of the other."""
    lengths, spines, widths = [], [], []
    for part in batches(rows):
        x = clips.batch(part, FRAMES)
        spine, shoulders = trunk(x, topology=clips.topology, dims=clips.dims)
        seen, pairs = visibility(x[..., :1], dims=clips.dims), list(ends(clips.topology))
        lengths.append(median_lengths(x, seen, pairs, OFTEN, dims=clips.dims))
        spines.append(spine[:, 1].flatten())
        widths.append(shoulders[:, 0].flatten())
    mean_y, mean_x = (_mean_of_visible(torch.cat(parts)) for parts in (spines, widths))
    return torch.cat(lengths).numpy(), (mean_y, mean_x)


def _mean_of_visible(values: torch.Tensor) -> float:
    return float(values.sum() / (values != 0).sum().clamp(min=1))


def on_joints(sensor: Sensor, topology: Topology, clips: ClipSource) -> Sensor:
    """An encoder's sensor with its lengths between the joints of other clips.

    Another skeleton's spine may end elsewhere: the clips, which have both by name, say how much.

    Args:
        topology: of the encoder.
    """
    rows, plan = np.arange(len(clips)), plan_remap(clips.topology, topology)
    named, own = measure_sensor(on_plan(clips, plan), rows), measure_sensor(clips, rows)
    known = ((sensor.torso, named.torso), (sensor.shoulders, named.shoulders))
    factor = next((wanted / found for wanted, found in known if wanted and found), 0.0)
    return replace(sensor, torso=factor * own.torso, shoulders=factor * own.shoulders)


def on_plan(clips: S, plan: RemapPlan | None) -> S:
    """First bodies on a plan's joints, and nothing else changed."""
    topology = plan.target if plan else clips.topology
    return clips.adapted(Adapter(plan, topology, clips.dims, clips.dims, clips.units, bodies=1))


def measure_other_unit(
    clips: ClipSource, sensor: Sensor, plan: RemapPlan | None
) -> tuple[Sensor, Float[np.ndarray, " n"]]:
    """The clips' own sensor, and the factor that makes each as large as the encoder's.

    Torso for torso, or where a clip shows none shoulders for shoulders; else as the other clips.
    """
    view, rows = on_plan(clips, plan), np.arange(len(clips))
    lengths, _ = torso_and_shoulders(view, rows)
    wanted = np.array([sensor.torso, sensor.shoulders], dtype=np.float32)
    factors = np.where((wanted > 0) & (lengths > 0), wanted / lengths, np.nan)
    factor = np.where(np.isnan(factors[:, 0]), factors[:, 1], factors[:, 0])
    if np.isnan(factor).all():
        raise EdgcnError(
            f"{clips.name} is in {clips.units} and the encoder was trained in {sensor.units}, but "
            f"no clip shows a torso or shoulders to tell its size by; give the store its lengths "
            f"in {sensor.units}"
        )
    factor = np.where(np.isnan(factor), np.nanmedian(factor), factor)
    return measure_sensor(view, rows), factor.astype(np.float32)
