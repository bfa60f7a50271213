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
from edgcn.models.whitening import Whitening
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
        whitening: of what is read out, if any.
    """

    name: str
    settings: Mapping[str, Any]
    encoder: nn.Module
    inputs: Inputs
    readout: str
    whitening: Whitening | None = None

    def __call__(self, x: Clips) -> Float[Tensor, "n d"]:
        """Vectors of clips as a store gives them, resampled to `inputs.frames`."""
        x = self.inputs.features(self.inputs.clean(x))
        vectors = READOUTS[self.readout](self.encoder, x, self.inputs.topology)
        return vectors if self.whitening is None else self.whitening.of_tensor(vectors)

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
        """The same as it was before training with this seed, in evaluation mode; not whitened,
        which a random encoder is the worse for.
        """
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
        rebuilt = rebuild(self.encoder, fresh.encoder, adapted.rebuild)
        return replace(fresh, encoder=rebuilt, whitening=self.whitening), adapted

    def read_by(self, readout: str) -> "Embedder":
        """The same encoder with another readout, whose vectors nothing whitens."""
        return self if readout == self.readout else replace(self, readout=readout, whitening=None)

    def to(self, device: torch.device | str) -> "Embedder":
        """The same on a device."""
        return replace(self, encoder=self.encoder.to(device))

    def digest(self) -> str:
        """Short digest of weights, inputs and readout: the same vectors have the same."""
        known = f"{self.name} {self.settings} {self.inputs.to_dict()} {self.readout}"
        digest = hashlib.sha256(known.encode())
        for name, value in sorted(self.encoder.state_dict().items()):
            digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
        if self.whitening is not None:
            digest.update(self.whitening.matrix.tobytes())
        return digest.hexdigest()[:16]

    def metadata(self) -> dict[str, Any]:
        """All but the weights, in plain JSON types."""
        return {
            "encoder": self.name,
            "settings": dict(self.settings),
            "inputs": self.inputs.to_dict(),
            "readout": self.readout,
        }

    def tensors(self) -> dict[str, Tensor]:
        """The weights, as `encoder.NAME` and `whitening.NAME`."""
        tensors = {f"encoder.{k}": v for k, v in self.encoder.state_dict().items()}
        if self.whitening is not None:
            tensors |= {f"whitening.{k}": v for k, v in self.whitening.to_tensors().items()}
        return tensors

    @classmethod
    def load(
        cls, metadata: Mapping[str, Any], tensors: Mapping[str, Mapping[str, Tensor]]
    ) -> "Embedder":
        """Inverse of `metadata` and `tensors`, in evaluation mode.

        Args:
            tensors: {"encoder": {NAME: ...}, "whitening": ...}, the second one if there is any.
        """
        inputs = Inputs.from_dict(metadata["inputs"])
        with torch.random.fork_rng(devices=[]):
            made = cls.new(metadata["encoder"], metadata["settings"], inputs, metadata["readout"])
        made.encoder.load_state_dict(dict(tensors["encoder"]))
        made.encoder.eval()
        if "whitening" not in tensors:
            return made
        return replace(made, whitening=Whitening.from_tensors(tensors["whitening"]))
