"""Tensors and JSON in one safetensors file, written all or nothing; never a pickle.

An encoder's checkpoint holds what labelling a new clip needs: weights, preset and arguments,
topology, normalization, features and frames.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from edgcn.atomic import replacing
from edgcn.encoders import ENCODERS, WITH_INPUT_NORM
from edgcn.errors import EdgcnError, did_you_mean
from edgcn.features import feature_channels, prepare_features
from edgcn.normalize import Normalize, normalize
from edgcn.skeleton.bridge import Sensor
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

FORMAT = "edgcn-1"  # the one key of the header: with several, their order would vary


def save_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors with a JSON description; a crash leaves the old file or the new one, whole."""
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    try:
        with replacing(path) as waiting:
            save_file(plain, waiting, metadata={FORMAT: json.dumps(about, sort_keys=True)})
    except (OSError, SafetensorError) as error:
        raise EdgcnError(f"cannot write {path}: {error}; the previous file is kept") from error


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and description of a file written by `save_tensors`."""
    if not path.is_file():
        raise EdgcnError(f"{path} does not exist; is {path.parent} a run of `edgcn pretrain`?")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise EdgcnError(f"{path} is not a readable checkpoint: {error}") from error
    if FORMAT not in metadata:
        found = ", ".join(metadata) or "nothing"
        raise EdgcnError(
            f"{path}: expected a checkpoint of format {FORMAT!r}, its header names {found}"
        )
    return tensors, json.loads(metadata[FORMAT])


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


def build_encoder(name: str, inputs: Inputs, options: Mapping[str, Any]) -> nn.Module:
    """A new encoder of a preset, for these inputs."""
    if name not in ENCODERS:
        hint = did_you_mean(name, ENCODERS)
        raise EdgcnError(f"no encoder is named {name!r}; there are {', '.join(ENCODERS)}{hint}")
    if not inputs.input_norm and name in WITH_INPUT_NORM:
        options = {"input_norm": False, **options}
    try:
        return ENCODERS[name](
            inputs.topology, in_channels=inputs.channels, bodies=inputs.bodies, **options
        )
    except TypeError as error:
        raise EdgcnError(f"encoder {name!r} does not take these options: {error}") from error


def save_encoder(
    path: Path, encoder: nn.Module, *, name: str, options: Mapping[str, Any], inputs: Inputs
) -> None:
    """Everything that is needed to encode new clips."""
    about = {"encoder": name, "options": dict(options), "inputs": inputs.to_dict()}
    save_tensors(path, encoder.state_dict(), about)


def load_encoder(path: Path) -> tuple[nn.Module, Inputs, dict[str, Any]]:
    """An encoder in evaluation mode, its inputs, and the description it was saved with."""
    tensors, about = load_tensors(path)
    inputs = Inputs.from_dict(about["inputs"])
    encoder = build_encoder(about["encoder"], inputs, about["options"])
    encoder.load_state_dict(tensors)
    return encoder.eval(), inputs, about
