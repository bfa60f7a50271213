"""Names for new clips: a run's encoder and the probe that `evaluate` saved, nothing else needed.

frames (T, V, C) or (T, M, V, C), or a store -> embeddings (N, D), probabilities (N, K), names
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors
from edgcn.evaluation.embed import BATCH, embed
from edgcn.evaluation.probes import LinearProbe, Probe, probe_from_tensors
from edgcn.models import READOUTS
from edgcn.models.build import load_encoder
from edgcn.pipeline.adapt import match
from edgcn.pipeline.inputs import Inputs
from edgcn.released import RELEASED, released_folder
from edgcn.runs import settings_of
from edgcn.skeleton.tensors import Clips, even_positions, resample_time
from edgcn.store import Store


class Recognizer:
    """A trained encoder that embeds clips and, once a probe is there, names them.

    Args:
        probe: what `edgcn evaluate` saved; without it only `embed` works.
        transfer: `skeleton` and `third` for stores of another skeleton or sensor, as `evaluate`
            takes them ("remap" and "zero" by default).
    """

    def __init__(
        self,
        encoder: nn.Module,
        inputs: Inputs,
        *,
        probe: Probe | None = None,
        classes: Sequence[str] = (),
        readout: str = "mean",
        transfer: Mapping[str, str] | None = None,
    ) -> None:
        self.encoder, self.inputs = encoder.eval(), inputs
        self.probe, self.classes, self.readout = probe, tuple(classes), readout
        self.transfer = dict(transfer or {})

    @torch.no_grad()
    def embed(self, clips: Store | Sequence[np.ndarray]) -> Float[np.ndarray, "n d"]:
        """Embeddings of all clips of a store, or of raw clips (T, V, C) or (T, M, V, C)."""
        if not len(clips):
            raise EdgcnError("expected at least one clip, got none")
        if isinstance(clips, Store):
            rows = np.arange(len(clips))
            matched = match(self.encoder, self.inputs, {}, clips, rows=rows, **self.transfer)
            return embed(
                self.encoder, matched.store, rows, inputs=self.inputs, readout=self.readout
            )
        parts = []
        for first in range(0, len(clips), BATCH):
            some = range(first, min(first + BATCH, len(clips)))
            x = torch.cat([self._one(clips[row], row) for row in some])
            x = self.inputs.features(self.inputs.clean(x))
            parts.append(READOUTS[self.readout](self.encoder, x))  # type: ignore[arg-type]
        return torch.cat(parts).numpy()

    def probabilities(self, clips: Store | Sequence[np.ndarray]) -> Float[np.ndarray, "n k"]:
        """How likely each class is, for each clip; rows sum to 1."""
        if self.probe is None:
            raise EdgcnError(
                "this run has no probe to name clips with; make one with "
                "`edgcn evaluate RUN STORE` on labelled clips"
            )
        scores = torch.from_numpy(self.probe.scores(self.embed(clips)).astype(np.float64))
        if isinstance(self.probe, LinearProbe):
            return torch.softmax(scores, dim=1).numpy()
        return (scores / scores.sum(1, keepdim=True)).numpy()

    def label(self, clips: Store | Sequence[np.ndarray]) -> list[str]:
        """The likeliest class name of each clip."""
        return [self.classes[best] for best in self.probabilities(clips).argmax(1)]

    def _one(self, frames: np.ndarray, row: int) -> Clips:
        """One raw clip, resampled exactly as a store does it."""
        joints, bodies = len(self.inputs.topology), self.inputs.bodies
        frames = np.asarray(frames, dtype=np.float32)
        frames = frames[:, None] if frames.ndim == 3 else frames
        if frames.ndim != 4 or frames.shape[2:] != (joints, 3) or not len(frames):
            raise EdgcnError(
                f"clip {row}: expected (T, {joints}, 3) or (T, M, {joints}, 3) with T at least 1, "
                f"for topology {self.inputs.topology.name!r}, got {frames.shape}"
            )
        if frames.shape[1] > bodies:
            raise EdgcnError(f"clip {row}: expected at most {bodies} bodies, got {frames.shape[1]}")
        if not np.isfinite(frames).all():
            raise EdgcnError(f"clip {row}: has NaN or infinite coordinates; a joint not seen is 0")
        frames = np.pad(frames, [(0, 0), (0, bodies - frames.shape[1]), (0, 0), (0, 0)])
        x = torch.from_numpy(frames).permute(3, 0, 2, 1)[None]
        at = even_positions(torch.tensor([[len(frames) - 1]]), self.inputs.frames)
        return resample_time(x, at, dims=self.inputs.dims)


def load(run: str | Path) -> Recognizer:
    """The encoder of a run, with the probe of its last evaluation where there is one.

    Args:
        run: a run's folder, or the name of released weights (docs/weights.md) where there is no
            such folder. Without a probe, clips are embedded by the readout of the training.
    """
    found = released_folder(run) or Path(run)
    if not found.exists():
        raise EdgcnError(
            f"{run} does not exist; expected the folder of a run, or the name of released weights: "
            f"{', '.join(RELEASED)}"
        )
    run = found
    encoder, inputs, _ = load_encoder(run / "encoder.safetensors")
    if not (run / "probe.safetensors").exists():
        trained = settings_of(run) if (run / "run.json").exists() else {"readout": "mean"}
        return Recognizer(encoder, inputs, readout=trained["readout"])
    tensors, about = load_tensors(run / "probe.safetensors")
    probe = probe_from_tensors(tensors)
    return Recognizer(
        encoder,
        inputs,
        probe=probe,
        classes=about["classes"],
        readout=about["readout"],
        transfer={key: about[key] for key in ("skeleton", "third") if key in about},
    )
