"""Clips to vectors: an embedder over a store's clips, and the raw coordinates as a baseline.

rows -> clips.batch -> embedder (clean, features, encoder, readout) -> (N, D)
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from edgcn.base.progress import progress
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.models.embedder import Embedder
from edgcn.pipeline.inputs import canonical
from edgcn.pipeline.normalize import normalize
from edgcn.pipeline.source import FRAMES, ClipSource, batches
from edgcn.store.views import Selection

BATCH = 16  # clips at a time through an encoder on a CPU: more fall out of its caches
GPU_BATCH = 512  # and on a GPU, which few do not fill


@torch.no_grad()  # not inference_mode: no faster, and training fails on tensors cached in it
def embed(
    embedder: Embedder,
    clips: ClipSource,
    rows: np.ndarray,
    *,
    device: torch.device | str = "cpu",
    label: str = "",
) -> Float[np.ndarray, "n d"]:
    """Vectors of some clips, with the encoder in evaluation mode; its mode is put back after.

    Args:
        label: of the progress; without one nothing is shown.
    """
    embedder = embedder.to(device)
    training = embedder.encoder.training
    embedder.encoder.eval()
    parts, size = [], BATCH if torch.device(device).type == "cpu" else GPU_BATCH
    with progress(label, total=len(rows), unit="clips") as advance:
        for first in range(0, len(rows), size):
            chosen = rows[first : first + size]
            x = clips.batch(chosen, embedder.inputs.frames).to(device)
            parts.append(embedder(x).float().cpu())
            advance(len(chosen))
    embedder.encoder.train(training)
    return torch.cat(parts).numpy()


def cached_embed(
    folder: Path,
    embedder: Embedder,
    clips: Selection,
    *,
    device: torch.device | str = "cpu",
    label: str = "",
) -> Float[np.ndarray, "n d"]:
    """`embed` of all clips, kept in `folder` under a name made of embedder and clips."""
    key = hashlib.sha256(f"{clips.fingerprint} {embedder.digest()}".encode()).hexdigest()
    path = folder / f"{key[:20]}.safetensors"
    if path.exists():
        return load_tensors(path)[0]["features"].numpy()
    features = embed(embedder, clips, np.arange(len(clips)), device=device, label=label)
    save_tensors(path, {"features": torch.from_numpy(features)}, {"store": str(clips.path)})
    return features


def raw_coordinates(
    clips: ClipSource, rows: np.ndarray, *, fit: np.ndarray
) -> Float[np.ndarray, "n d"]:
    """Canonicalized joint coordinates of 32 frames, flattened: a probe's input without an encoder.

    Args:
        fit: training rows, from which the mean bone lengths are taken.
    """
    settings = canonical(clips, fit)

    def clean(chosen: np.ndarray) -> torch.Tensor:
        x = clips.batch(chosen, FRAMES)
        return normalize(x, settings, topology=clips.topology, dims=clips.dims).flatten(1)

    return torch.cat([clean(chosen) for chosen in batches(rows)]).numpy()
