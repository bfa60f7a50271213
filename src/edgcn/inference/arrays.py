"""Clips that a program holds, as the clips of a store: frames (T, V, C) or (T, M, V, C) in a list.

arrays -> checked, bodies padded -> batch (N, C, T, V, M), resampled exactly as a store does it
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float

from edgcn.base.errors import EdgcnError
from edgcn.base.files import named_type
from edgcn.base.words import count
from edgcn.pipeline.adapter import Adapter
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.resample import even_positions, resample_time
from edgcn.skeleton.layouts import topology_named
from edgcn.skeleton.recording import fit_bodies
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology
from edgcn.skeleton.unseen import FAR, seen
from edgcn.store import Selection, Store
from edgcn.store.conventions import misread

NOBODY = "nobody"  # the name of a clip in which nobody is seen

PEOPLE = 6  # an axis that is no longer may be bodies or frames


@dataclass(frozen=True)
class ArrayClips:
    """Clips in memory, one array each; a `ClipSource` of the pipeline.

    Args:
        frames: (T, M, V, C) each, with equal M.
    """

    frames: tuple[np.ndarray, ...]
    topology: Topology
    dims: int
    units: str
    name: str = "the clips"

    @property
    def bodies(self) -> int:
        """How many bodies a clip has."""
        return int(self.frames[0].shape[1])

    @property
    def empty(self) -> Bool[np.ndarray, " n"]:
        """Which clips show nobody in any frame."""
        return np.array([not seen(clip, dims=self.dims).any() for clip in self.frames], dtype=bool)

    def __len__(self) -> int:
        return len(self.frames)

    def batch(self, rows: np.ndarray, frames: int) -> Clips:
        """Clips resampled to `frames` frames."""
        parts = []
        for row in np.asarray(rows).tolist():
            clip = self.frames[row]
            x = torch.from_numpy(clip).permute(3, 0, 2, 1)[None]
            at = even_positions(torch.tensor([[len(clip) - 1]]), frames)
            parts.append(resample_time(x, at, dims=self.dims))
        return torch.cat(parts)

    def adapted(
        self, adapter: Adapter, sizes: Float[np.ndarray, " n"] | None = None
    ) -> "ArrayClips":
        """The same clips as they come through an adapter."""
        factors = [None] * len(self) if sizes is None else sizes.tolist()
        frames = tuple(
            adapter.apply(
                clip, None if factor is None else np.full(len(clip), factor, dtype=np.float32)
            )
            for clip, factor in zip(self.frames, factors, strict=True)
        )
        return replace(
            self, frames=frames, topology=adapter.topology, dims=adapter.dims, units=adapter.units
        )


def clips_for(X: Any, topology: Any, inputs: Inputs) -> "Selection | ArrayClips":
    """What scikit-learn calls X: a store, some of its clips, or arrays.

    Args:
        topology: of arrays, or its name; the encoder's by default.
    """
    X = X.clips() if isinstance(X, Store) else X
    if isinstance(X, Selection):
        X.store.verify()
    if isinstance(X, Selection | ArrayClips):
        return X
    sensor = inputs.sensor
    known = topology_for(topology, inputs)
    return array_clips(X, topology=known, dims=sensor.dims, units=sensor.units)


def topology_for(topology: Any, inputs: Inputs) -> Topology:
    """A topology, by itself or by its name; the encoder's where there is none."""
    topology = topology or inputs.topology
    if isinstance(topology, str):
        topology = topology_named(topology)
    if not isinstance(topology, Topology):
        raise EdgcnError(f"expected a topology or its name, got {named_type(topology)}")
    return topology


def array_clips(clips: Any, *, topology: Topology, dims: int, units: str) -> ArrayClips:
    """Checked clips.

    Args:
        clips: arrays (T, V, C) or (T, M, V, C), one per clip.

    Raises:
        EdgcnError: no list of clips, a clip of another shape, or one with NaN or infinity.

    Warns where people seem to be in other units, or to stand on the head.
    """
    if isinstance(clips, str | Path):
        raise EdgcnError(
            f"expected clips as arrays or a store, got the path {str(clips)!r}; open it first with "
            f"`edgcn.open_store`"
        )
    if not hasattr(clips, "__len__") or isinstance(clips, Mapping):
        raise EdgcnError(
            f"expected a store, a selection of its clips, or a list of clips as arrays, got "
            f"{named_type(clips)}"
        )
    if (
        isinstance(clips, np.ndarray)
        and clips.ndim == 4
        and len(clips)
        and clips.shape[1] <= PEOPLE
    ):
        raise EdgcnError(
            f"an array of shape {clips.shape} may be one clip of {clips.shape[1]} bodies or "
            f"{len(clips)} clips of {clips.shape[1]} frames; give a list of clips, [clip]"
        )
    if isinstance(clips, np.ndarray) and clips.ndim in (2, 3):
        raise EdgcnError(
            f"expected a list of clips, got one array of shape {clips.shape}; put a single clip "
            f"into a list, [clip]"
        )
    if not len(clips):
        raise EdgcnError("expected at least one clip, got none")
    checked = [_checked(clip, row, topology) for row, clip in enumerate(clips)]
    if doubt := misread(checked, topology=topology, dims=dims, units=units):
        warnings.warn(f"{doubt}; the clips are taken as they are", stacklevel=2)
    bodies = max(clip.shape[1] for clip in checked)
    return ArrayClips(tuple(fit_bodies(clip, bodies) for clip in checked), topology, dims, units)


def _checked(clip: Any, row: int, topology: Topology) -> np.ndarray:
    try:
        values = np.asarray(clip)
        if values.dtype.kind not in "biuf":
            raise ValueError
        with np.errstate(over="ignore"):  # infinite then, which is refused below
            frames = values.astype(np.float32)
    except (TypeError, ValueError):
        found = named_type(clip)
        raise EdgcnError(f"clip {row}: expected an array of numbers, got {found}") from None
    frames = frames[:, None] if frames.ndim == 3 else frames
    joints = len(topology)
    if frames.ndim != 4 or frames.shape[2:] != (joints, 3) or not len(frames):
        raise EdgcnError(
            f"clip {row}: expected (T, {joints}, 3) or (T, M, {joints}, 3) with T at least 1, for "
            f"topology {topology.name!r}, got {np.shape(clip)}"
        )
    if not (np.abs(frames) < FAR).all():  # NaN is not less, either
        raise EdgcnError(
            f"clip {row}: has NaN or infinite coordinates, or some beyond {FAR:,.0f}; a joint "
            f"that was not seen is 0"
        )
    return frames


def named(classes: np.ndarray, likely: Float[np.ndarray, "n k"]) -> np.ndarray:
    """The likeliest class of each row; "nobody", or -1 where classes are numbers, where NaN."""
    empty = np.isnan(likely).any(axis=1)
    found = classes[np.where(empty, 0, np.nan_to_num(likely).argmax(axis=1))]
    if not empty.any():
        return np.asarray(found)
    return np.where(empty, -1 if classes.dtype.kind in "iu" else NOBODY, found)


def refuse_empty(clips: "ArrayClips | Selection") -> None:
    """Raise an `EdgcnError` for clips to learn from in which nobody is seen."""
    rows = np.flatnonzero(clips.empty)
    if len(rows):
        raise EdgcnError(
            f"{count(len(rows), 'clip')} to learn from in which nobody is seen, the first is clip "
            f"{rows[0]}; leave them out"
        )
