"""How raw clips become an encoder's input: the same in training, evaluation and recognition.

(N, C, T, V, M) raw -> clean: normalized -> features: the channels that an encoder reads.
"""

from dataclasses import asdict, dataclass
from typing import Any

from jaxtyping import Float
from torch import Tensor

from edgcn.pipeline.adapter import Sensor
from edgcn.pipeline.features import feature_channels, prepare_features
from edgcn.pipeline.normalize import Normalize, normalize
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology


@dataclass(frozen=True)
class Inputs:
    """How raw clips become an encoder's input: the same in training, evaluation and streaming.

    Args:
        dims: how many channels are geometry.
        frames: what every clip is resampled to.
        motion_gain: what the motion stream is multiplied by.
        input_norm: whether an encoder that has a batch norm of the coordinates uses it.
        sensor: of the clips that the encoder learned from.
    """

    topology: Topology
    dims: int
    bodies: int
    frames: int
    normalize: Normalize
    stream: str = "joint"
    moments: bool = False
    motion_gain: float = 1.0
    input_norm: bool = True
    sensor: Sensor | None = None

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
        return feature_channels(self.stream, moments=self.moments)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "topology": self.topology.to_dict(),
            "dims": self.dims,
            "bodies": self.bodies,
            "frames": self.frames,
            "normalize": self.normalize.to_dict(),
            "stream": self.stream,
            "moments": self.moments,
            "motion_gain": self.motion_gain,
            "input_norm": self.input_norm,
            "sensor": None if self.sensor is None else asdict(self.sensor),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Inputs":
        """Inverse of `to_dict`."""
        sensor = data.get("sensor")
        return cls(
            **data
            | {
                "sensor": None if sensor is None else Sensor(**sensor),
                "topology": Topology.from_dict(data["topology"]),
                "normalize": Normalize.from_dict(data["normalize"]),
            }
        )
