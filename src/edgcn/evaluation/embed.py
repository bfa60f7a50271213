"""Clips to vectors: the frozen encoder over a store, and the raw coordinates as a baseline.

rows -> store.batch -> normalize -> features -> encoder -> readout -> (N, D)
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from edgcn.base.progress import progress
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.models import READOUTS
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import NORMALIZATIONS, Normalize, mean_bone_lengths, normalize
from edgcn.store import Store

BATCH = 16  # clips at a time through an encoder on a CPU: more fall out of its caches
GPU_BATCH = 512  # and on a GPU, which few do not fill
RAW_BATCH = 128  # clips at a time where there is no encoder
RAW_FRAMES = 32  # frames of the raw-coordinate baseline (not tuned)


@torch.no_grad()  # not inference_mode: no faster, and training fails on tensors cached in it
def embed(
    encoder: nn.Module,
    store: Store,
    rows: np.ndarray,
    *,
    inputs: Inputs,
    readout: str = "mean",
    device: torch.device | str = "cpu",
    label: str = "",
) -> Float[np.ndarray, "n d"]:
    """Vectors of a store's clips from an encoder in evaluation mode; its mode is put back after."""
    training = encoder.training
    encoder.eval()
    parts, size = [], BATCH if torch.device(device).type == "cpu" else GPU_BATCH
    with progress(label, total=len(rows), unit="clips") as advance:
        for first in range(0, len(rows), size):
            chosen = rows[first : first + size]
            x = store.batch(chosen, inputs.frames).to(device)
            x = inputs.features(inputs.clean(x))
            parts.append(READOUTS[readout](encoder, x).float().cpu())  # type: ignore[arg-type]
            advance(len(chosen))
    encoder.train(training)
    return torch.cat(parts).numpy()


def raw_coordinates(store: Store, rows: np.ndarray, *, fit: np.ndarray) -> Float[np.ndarray, "n d"]:
    """Canonicalized joint coordinates of 32 frames, flattened: a probe's input without an encoder.

    Args:
        fit: training rows, from which the mean bone lengths are taken.
    """
    settings = canonical(store, fit)

    def clean(chosen: np.ndarray) -> torch.Tensor:
        x = store.batch(chosen, RAW_FRAMES)
        return normalize(x, settings, topology=store.topology, dims=store.dims).flatten(1)

    parts = [clean(chosen) for chosen in _batches(rows)]
    return torch.cat(parts).numpy()


def canonical(store: Store, rows: np.ndarray) -> Normalize:
    """The canonical normalization with the mean bone lengths of these clips."""
    batches = (store.batch(chosen, RAW_FRAMES) for chosen in _batches(rows))
    lengths = mean_bone_lengths(batches, topology=store.topology, dims=store.dims)
    return replace(NORMALIZATIONS["canonical"], bone_lengths=lengths)


def _batches(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[first : first + RAW_BATCH] for first in range(0, len(rows), RAW_BATCH)]


def cached_embed(
    folder: Path,
    encoder: nn.Module,
    store: Store,
    *,
    inputs: Inputs,
    readout: str,
    device: torch.device | str,
    label: str,
) -> Float[np.ndarray, "n d"]:
    """`embed` of all clips, kept in `folder` under a name made of encoder, store and settings."""
    digest = hashlib.sha256(f"{store.fingerprint} {readout} {inputs.to_dict()}".encode())
    for name, value in sorted(encoder.state_dict().items()):
        digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
    path = folder / f"{digest.hexdigest()[:20]}.safetensors"
    if path.exists():
        return load_tensors(path)[0]["features"].numpy()
    features = embed(
        encoder,
        store,
        np.arange(len(store)),
        inputs=inputs,
        readout=readout,
        device=device,
        label=label,
    )
    folder.mkdir(parents=True, exist_ok=True)
    save_tensors(path, {"features": torch.from_numpy(features)}, {"store": str(store.path)})
    return features
