"""How raw clips become an encoder's input: the same in training, evaluation and recognition.

(N, C, T, V, M) raw -> clean: normalized -> features: the channels that an encoder reads.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from edgcn.base.process import is_first_rank
from edgcn.base.progress import track
from edgcn.pipeline.features import feature_channels, prepare_features
from edgcn.pipeline.normalize import NORMALIZATIONS, Normalize, mean_bone_lengths, normalize
from edgcn.pipeline.sensor import Sensor, measure_sensor
from edgcn.pipeline.source import BATCH, FRAMES, ClipSource, batches
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology


@dataclass(frozen=True)
class Inputs:
    """Frozen settings of the pipeline, saved with the encoder.

    Args:
        dims: how many channels are geometry.
        frames: what every clip is resampled to.
        sensor: of the clips that the encoder learned from.
        motion_gain: what the motion stream is multiplied by.
        input_norm: whether an encoder that has a batch norm of the coordinates uses it.
    """

    topology: Topology
    dims: int
    bodies: int
    frames: int
    normalize: Normalize
    sensor: Sensor
    stream: str = "joint"
    moments: bool = False
    motion_gain: float = 1.0
    input_norm: bool = True

    def clean(self, x: Clips) -> Clips:
        """Normalized clips, before augmentation and features."""
        return normalize(x, self.normalize, topology=self.topology, dims=self.dims)

    def features(self, x: Clips) -> Float[Tensor, "n features t v m"]:
        """The encoder's channels of normalized clips."""
        return prepare_features(
            x,
            stream=self.stream,
            moments=self.moments,
            motion_gain=self.motion_gain,
            topology=self.topology,
            dims=self.dims,
        )

    @property
    def channels(self) -> int:
        """How many channels the encoder reads."""
        return feature_channels(self.stream, moments=self.moments)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "topology": self.topology.to_dict(),
            "normalize": self.normalize.to_dict(),
            "sensor": asdict(self.sensor),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Inputs":
        """Inverse of `to_dict`."""
        return cls(
            **data
            | {
                "topology": Topology.from_dict(data["topology"]),
                "normalize": Normalize.from_dict(data["normalize"]),
                "sensor": Sensor(**data["sensor"]),
            }
        )


def fit_inputs(
    clips: ClipSource,
    rows: np.ndarray,
    *,
    frames: int,
    normalize: str,
    stream: str = "joint",
    moments: bool = False,
    motion_gain: float = 1.0,
    input_norm: bool = True,
    confidence_as_z: bool = False,
) -> Inputs:
    """The settings for clips like these; bone lengths and sensor are measured on `rows`.

    Args:
        normalize: a name of `NORMALIZATIONS`.
        confidence_as_z: treat a detector's confidence as a third coordinate.
    """
    settings = NORMALIZATIONS[normalize]
    if settings.unit_bones:
        settings = canonical(clips, rows)
    if clips.units == "px":
        settings = replace(settings, scale="torso")  # strengths are in meters; pixels are not
    return Inputs(
        topology=clips.topology,
        dims=3 if confidence_as_z else clips.dims,
        bodies=clips.bodies,
        frames=frames,
        normalize=settings,
        sensor=measure_sensor(clips, rows),
        stream=stream,
        moments=moments,
        motion_gain=motion_gain,
        input_norm=input_norm,
    )


def canonical(clips: ClipSource, rows: np.ndarray) -> Normalize:
    """The canonical normalization with the mean bone lengths of these clips."""
    chosen, label = batches(rows), "measuring bones" if is_first_rank() else ""
    waiting = track(chosen, len(chosen), label=label, unit=f"times {BATCH} clips")
    parts = (clips.batch(part, FRAMES) for part in waiting)
    lengths = mean_bone_lengths(parts, topology=clips.topology, dims=clips.dims)
    return replace(NORMALIZATIONS["canonical"], bone_lengths=lengths)


def refit(settings: Normalize, clips: ClipSource, rows: np.ndarray) -> Normalize:
    """The same settings for other joints; bone lengths, where any are used, are those of `rows`."""
    if settings.bone_lengths is None:
        return settings
    return replace(settings, bone_lengths=canonical(clips, rows).bone_lengths)
