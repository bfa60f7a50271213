"""Whole recordings as an encoder reads them: of a store, or `Recording`s and arrays in memory.

recordings -> adapted to the encoder's joints and sensor -> `Footage`, read part by part
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Literal

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.base.files import named_type
from edgcn.inference.arrays import array_clips
from edgcn.inference.dense import Footage
from edgcn.models.embedder import Embedder
from edgcn.pipeline.adapt import Skeleton
from edgcn.skeleton.recording import Recording
from edgcn.skeleton.topology import Topology
from edgcn.store import Selection, Store

WHOLE = 1e12  # seconds: longer than any recording
Depth = Literal["zero", "confidence"]


@dataclass(frozen=True)
class Watched:
    """A recording and who is in it."""

    footage: Footage
    subject: str = ""


def of_store(
    store: Store, embedder: Embedder, *, skeleton: Skeleton = "remap", depth: Depth = "zero"
) -> tuple[Embedder, dict[int, Watched], tuple[str, ...]]:
    """The recordings of a store by their rows, but for those in which nobody is seen.

    Returns:
        The encoder that reads them, the recordings, and what was done to make them fit.
    """
    store.verify()
    whole = store.windows(WHOLE, WHOLE)
    if not len(whole):
        raise EdgcnError(f"{store.path}: nobody is seen in any of its recordings")
    rows = np.arange(len(whole))
    embedder, adapted = embedder.adapted(whole, rows=rows, skeleton=skeleton, depth=depth)
    clips, table = adapted.clips, store.recordings
    found = {}
    for at, row in enumerate(clips.recordings.tolist()):
        found[row] = Watched(
            Footage(
                str(table.names[row]),
                _reader(clips, at),
                int(clips.lengths[at]),
                float(table.fps[row]),
                clips.dims,
                None if store.times is None else store.times_of(row),
            ),
            str(table.subjects[row]),
        )
    return embedder, found, adapted.notes


def _reader(clips: Selection, at: int) -> Callable[[int, int], np.ndarray]:
    """Frames of one recording by number."""
    first = int(clips.offsets[at])
    size = None if clips.sizes is None else float(clips.sizes[at])

    def read(start: int, stop: int) -> np.ndarray:
        sizes = None if size is None else np.full(stop - start, size, dtype=np.float32)
        return clips.source.read([(first + start, first + stop)], sizes)

    return read


def of_recordings(
    recordings: Sequence[Recording],
    embedder: Embedder,
    *,
    topology: Topology,
    dims: int,
    units: str,
    fps: Any,
    skeleton: Skeleton = "remap",
    depth: Depth = "zero",
) -> tuple[Embedder, list[Watched], tuple[str, ...]]:
    """Recordings in memory.

    Args:
        fps: of those that do not say it.
    """
    clips = array_clips(
        [each.frames for each in recordings], topology=topology, dims=dims, units=units
    )
    if empty := [each.name for each, no in zip(recordings, clips.empty, strict=True) if no]:
        raise EdgcnError(f"nobody is seen in {', '.join(empty)}")
    rows = np.arange(len(clips))
    embedder, adapted = embedder.adapted(clips, rows=rows, skeleton=skeleton, depth=depth)
    found = []
    for each, frames in zip(recordings, adapted.clips.frames, strict=True):
        rate = fps if each.fps is None else each.fps
        if isinstance(rate, bool) or not isinstance(rate, Real) or not 0 < float(rate) < np.inf:
            raise EdgcnError(f"{each.name}: expected its frames per second as fps, got {rate!r}")
        read = _slices(frames)
        footage = Footage(each.name, read, len(frames), float(rate), adapted.clips.dims, each.times)
        found.append(Watched(footage, each.subject))
    return embedder, found, adapted.notes


def _slices(frames: np.ndarray) -> Callable[[int, int], np.ndarray]:
    return lambda start, stop: frames[start:stop]


def as_recordings(X: Any) -> list[Recording]:
    """What a program may give as recordings: one or several, or arrays, which get a number.

    Raises:
        EdgcnError: something else.
    """
    several = list(X) if isinstance(X, list | tuple) else [X]
    made = []
    for number, each in enumerate(several, start=1):
        if isinstance(each, np.ndarray):
            each = Recording(each, f"recording{number}" if len(several) > 1 else "recording")
        if not isinstance(each, Recording):
            raise EdgcnError(
                f"expected a store, a recording or frames (T, V, C) or (T, M, V, C), got "
                f"{named_type(each)}"
            )
        frames = np.asarray(each.frames)
        made.append(replace(each, frames=frames[:, None] if frames.ndim == 3 else frames))
    if not made:
        raise EdgcnError("expected at least one recording, got none")
    return made
