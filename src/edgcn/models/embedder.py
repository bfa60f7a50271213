"""Clips to vectors: an encoder, how its input is made, and how it is read.

(N, C, T, V, M) raw clips, resampled -> clean -> features -> encoder -> readout -> (N, D)
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.models.build import build_encoder
from edgcn.models.readout import READOUTS
from edgcn.models.rebuild import rebuild
from edgcn.pipeline.adapt import Adapted, Skeleton, adapt
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.source import ClipSource
from edgcn.skeleton.tensors import Clips

S = TypeVar("S", bound=ClipSource)


@dataclass(frozen=True)
class Embedder:
    """What a training makes and everything after it takes.

    Args:
        name: of the encoder in `ENCODERS`.
        settings: of its constructor, where they differ from the defaults.
        readout: a name of `READOUTS`.
    """

    name: str
    settings: Mapping[str, Any]
    encoder: nn.Module
    inputs: Inputs
    readout: str

    def __call__(self, x: Clips) -> Float[Tensor, "n d"]:
        """Vectors of clips as a store gives them, resampled to `inputs.frames`."""
        x = self.inputs.features(self.inputs.clean(x))
        return READOUTS[self.readout](self.encoder, x, self.inputs.topology)

    @classmethod
    def new(
        cls, name: str, settings: Mapping[str, Any], inputs: Inputs, readout: str
    ) -> "Embedder":
        """An encoder with initial weights from PyTorch's global randomness."""
        encoder = build_encoder(
            name,
            settings,
            topology=inputs.topology,
            in_channels=inputs.channels,
            bodies=inputs.bodies,
            input_norm=inputs.input_norm,
        )
        return cls(name, dict(settings), encoder, inputs, readout)

    def untrained(self, seed: int) -> "Embedder":
        """The same as it was before training with this seed, in evaluation mode."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            fresh = Embedder.new(self.name, self.settings, self.inputs, self.readout)
        fresh.encoder.eval()
        return fresh

    def adapted(
        self,
        clips: S,
        *,
        rows: np.ndarray,
        skeleton: Skeleton = "remap",
        depth: Literal["zero", "confidence"] = "zero",
    ) -> tuple["Embedder", Adapted[S]]:
        """This embedder and clips that fit each other; see `edgcn.pipeline.adapt`."""
        adapted = adapt(self.inputs, clips, rows=rows, skeleton=skeleton, depth=depth)
        if adapted.rebuild is None:
            return self, adapted
        fresh = replace(self, inputs=adapted.inputs).untrained(0)
        return replace(
            fresh, encoder=rebuild(self.encoder, fresh.encoder, adapted.rebuild)
        ), adapted

    def read_by(self, readout: str) -> "Embedder":
        """The same encoder with another readout."""
        return replace(self, readout=readout)

    def to(self, device: torch.device | str) -> "Embedder":
        """The same on a device."""
        return replace(self, encoder=self.encoder.to(device))

    def digest(self) -> str:
        """Short digest of weights, inputs and readout: the same vectors have the same."""
        known = f"{self.name} {self.settings} {self.inputs.to_dict()} {self.readout}"
        digest = hashlib.sha256(known.encode())
        for name, value in sorted(self.encoder.state_dict().items()):
            digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def metadata(self) -> dict[str, Any]:
        """All but the weights, in plain JSON types."""
        return {
            "encoder": self.name,
            "settings": dict(self.settings),
            "inputs": self.inputs.to_dict(),
            "readout": self.readout,
        }

    @classmethod
    def load(cls, metadata: Mapping[str, Any], weights: Mapping[str, Tensor]) -> "Embedder":
        """Inverse of `metadata` and the encoder's `state_dict`, in evaluation mode."""
        inputs = Inputs.from_dict(metadata["inputs"])
        with torch.random.fork_rng(devices=[]):
            made = cls.new(metadata["encoder"], metadata["settings"], inputs, metadata["readout"])
        made.encoder.load_state_dict(dict(weights))
        made.encoder.eval()
        return made
