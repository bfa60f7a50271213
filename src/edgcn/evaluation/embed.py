"""Clips to vectors: an embedder over a store's clips, and the raw coordinates as a baseline.

rows -> clips.batch -> embedder (clean, features, encoder, readout) -> (N, D)
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import progress
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.models.embedder import Embedder
from edgcn.pipeline.astray import named_astray
from edgcn.pipeline.inputs import canonical
from edgcn.pipeline.normalize import normalize
from edgcn.pipeline.source import BATCH as PART
from edgcn.pipeline.source import FRAMES, ClipSource
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
    vectors = torch.cat(parts).numpy()
    check_features(vectors, clips, rows, what="features")
    return vectors


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
    rows = clips.by_name(np.arange(len(clips)))  # the same batches whatever the store's order
    found = embed(embedder, clips, rows, device=device, label=label)
    features = np.empty_like(found)
    features[rows] = found
    save_tensors(path, {"features": torch.from_numpy(features)}, {"store": str(clips.path)})
    return features


def raw_coordinates(
    clips: ClipSource, rows: np.ndarray, *, fit: np.ndarray, label: str = ""
) -> Float[np.ndarray, "n d"]:
    """Canonicalized joint coordinates of 32 frames, flattened: a probe's input without an encoder.

    Args:
        fit: training rows, from which the mean bone lengths are taken.
        label: of the progress; without one nothing is shown.

    Raises:
        EdgcnError: a clip's coordinates cannot be compared with the others'.
    """
    settings, whole = canonical(clips, fit), np.empty((0, 0), dtype=np.float32)
    with progress(label, total=len(rows), unit="clips") as advance:
        for first in range(0, len(rows), PART):
            x = clips.batch(rows[first : first + PART], FRAMES)
            x = normalize(x, settings, topology=clips.topology, dims=clips.dims).flatten(1)
            if not first:  # one array, filled part by part: the parts and their whole are twice it
                whole = np.empty((len(rows), x.shape[1]), dtype=np.float32)
            whole[first : first + len(x)] = x.numpy()
            advance(len(x))
    check_features(whole, clips, rows, what="raw coordinates")
    return whole


def check_features(
    features: Float[np.ndarray, "n d"], clips: ClipSource, rows: np.ndarray, *, what: str
) -> None:
    """Refuse features that cannot be compared: no score of them would mean anything.

    Raises:
        EdgcnError: NaN or infinity, or a clip `FAR` times as far from zero as most.
    """
    sizes = np.abs(features).max(axis=1, initial=0)
    if not (text := named_astray(what, sizes, clips, rows)):
        return
    if what == "features" and np.isfinite(sizes).sum() == 0:
        text += ": the encoder's training diverged, or its file is damaged"
    raise EdgcnError(f"no score would mean anything: {text}")
