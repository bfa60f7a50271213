"""Clips of a store: spans of its frames, gathered as batches at even times.

rows, frames -> (N, C, T, V, M): cut and resampled in one gather, whole batches at a time.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, SupportsIndex

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, Int64, Shaped, UInt64
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.pipeline.adapter import Adapter
from edgcn.pipeline.resample import even_positions, even_times, resample
from edgcn.skeleton.recording import SplitRule
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology
from edgcn.store.frames import FrameSource, frames_at, planes_of
from edgcn.store.splits import Rows, Split, choose_split, time_borders

if TYPE_CHECKING:
    from edgcn.store.read import Store


@dataclass(frozen=True, eq=False)
class Selection:
    """Some clips of a store, each a span of frames: segments, or windows of whole recordings.

    Args:
        store: which has the frames.
        source: its frames as these clips show them; shared by all that show them so.
        recordings: row of the recording that each clip is in.
        offsets: where it begins among all frames of the store.
        lengths: in frames.
        labels: index into the classes, -1 where unlabelled.
        sizes: factor of each clip's geometry, where an adapter has any.
    """

    store: "Store"
    source: FrameSource
    recordings: Int64[np.ndarray, " n"]
    offsets: Int64[np.ndarray, " n"]
    lengths: Int64[np.ndarray, " n"]
    labels: Int64[np.ndarray, " n"]
    names: Shaped[np.ndarray, " n"]
    subjects: Shaped[np.ndarray, " n"]
    conditions: Shaped[np.ndarray, " n"]
    sizes: Float32[np.ndarray, " n"] | None = None

    def __len__(self) -> int:
        return len(self.offsets)

    # Of the frames, as they come

    @property
    def topology(self) -> Topology:
        """Joints of the frames, as they come."""
        return (self.source.adapter or self.store).topology

    @property
    def dims(self) -> int:
        """How many channels are geometry."""
        return (self.source.adapter or self.store).dims

    @property
    def units(self) -> str:
        """Of the geometry: m or px."""
        return (self.source.adapter or self.store).units

    @property
    def bodies(self) -> int:
        """How many bodies a frame has, absent ones included."""
        return (self.source.adapter or self.store).bodies

    # Of the store

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the labels."""
        return self.store.classes

    @property
    def rules(self) -> dict[str, SplitRule]:
        """Published splits; the first is the default."""
        return self.store.rules

    @property
    def note(self) -> str:
        """A caution about every number from this data."""
        return self.store.note

    @property
    def name(self) -> str:
        """Of the store."""
        return self.store.name

    @property
    def path(self) -> Path:
        """Of the store."""
        return self.store.path

    @property
    def cameras(self) -> Shaped[np.ndarray, " n"]:
        """Of each clip's recording."""
        return np.asarray(self.store.recordings.cameras[self.recordings])

    @property
    def tags(self) -> Shaped[np.ndarray, " n"]:
        """The source's own split tags, of each clip's recording."""
        return np.asarray(self.store.recordings.tags[self.recordings])

    @property
    def titles(self) -> Shaped[np.ndarray, " n"]:
        """The name of each clip's recording."""
        return np.asarray(self.store.recordings.names[self.recordings])

    @cached_property
    def empty(self) -> Bool[np.ndarray, " n"]:
        """Which clips show nobody in any frame, as the source had them."""
        shown = np.concatenate([[0], np.cumsum(np.asarray(self.store.hashes) != 0)])
        return np.asarray(shown[self.offsets + self.lengths] == shown[self.offsets])

    @cached_property
    def fingerprint(self) -> str:
        """Short digest of what the clips are and how they come."""
        digest = hashlib.sha256(self.store.fingerprint.encode())
        for values in (self.offsets, self.lengths, self.labels):
            digest.update(values.tobytes())
        if self.source.adapter is not None:
            digest.update(repr(self.source.adapter).encode())
        if self.sizes is not None:
            digest.update(self.sizes.tobytes())
        return digest.hexdigest()[:16]

    # Others like it

    def take(self, rows: Rows | Bool[np.ndarray, " n"]) -> "Selection":
        """These of the clips, in this order."""
        rows = np.asarray(rows)
        whole = rows.dtype == bool and rows.shape == (len(self),)
        if not (whole or rows.size == 0 or np.issubdtype(rows.dtype, np.integer)):
            raise EdgcnError(f"expected rows as whole numbers, or whether to take each clip, "
                             f"got {rows.dtype} of shape {rows.shape}")  # fmt: skip
        for row in () if whole or not rows.size else (rows.min(), rows.max()):
            row_of(row, len(self), "clip")
        rows = rows if whole else rows.astype(np.int64)
        columns = ("recordings", "offsets", "lengths", "labels", "names", "subjects", "conditions")
        chosen = {name: getattr(self, name)[rows] for name in columns}
        return replace(self, **chosen, sizes=None if self.sizes is None else self.sizes[rows])

    def by_name(self, rows: Rows) -> Rows:
        """These rows in the order of their names, whatever their order in the store.

        What is drawn, split or summed in this order is the same for a store in another. (Clips of
        one name go by their frames.)
        """
        first = self.store.hashes[self.offsets[rows]]
        return np.asarray(rows[np.lexsort((self.lengths[rows], first, self.names[rows]))])

    def adapted(
        self, adapter: Adapter, sizes: Float[np.ndarray, " n"] | None = None
    ) -> "Selection":
        """The same clips, as an adapter gives the store's frames; nothing is copied.

        Args:
            sizes: factor of each clip's geometry.
        """
        factors = None if sizes is None else sizes.astype(np.float32)
        return replace(self, source=FrameSource(self.source.file, adapter), sizes=factors)

    def split(self, name: str | None = None) -> Split:
        """Rows of a named split (the store's first one by default).

        Raises:
            EdgcnError: there are no clips, there is no such split, or it leaves a side without
                clips.
        """
        if not len(self):
            raise EdgcnError(
                f"{self.path} has no clips to split: nothing in its recordings is annotated; "
                f"prepare it with its labels"
            )
        later = self._later() if name == "time" else None
        return choose_split(name, rules=self.rules, clips=self, later=later)

    def _later(self) -> Int[np.ndarray, " n"]:
        border = time_borders(self.store.recordings, self.store.segments)[self.recordings]
        early, late = self.offsets + self.lengths <= border, self.offsets >= border
        return np.where(late, 1, np.where(early, 0, -1))

    # Frames

    def clip(self, row: SupportsIndex) -> Float[np.ndarray, "t m v c"]:
        """One whole clip, not resampled."""
        frames = self._read(np.array([row_of(row, len(self), "clip")]))
        return frames.astype(np.float32, copy=False)

    def hashes_of(self, rows: Rows) -> UInt64[np.ndarray, " total"]:
        """Hashes of the frames of these clips, clip after clip."""
        lengths = self.lengths[rows]
        first = self.offsets[rows] - (lengths.cumsum() - lengths)
        index = np.repeat(first, lengths) + np.arange(lengths.sum())
        return np.asarray(self.store.hashes[index])

    def hold_if_it_fits(self, device: torch.device) -> bool:
        """Keep the store's frames on a GPU with free memory for more than three times as much.

        Never on the CPU, where the operating system keeps the file in memory anyway; nor frames
        whose size depends on the clip that they are in.
        """
        if device.type != "cuda" or self.sizes is not None:
            return False
        if self.source.held is None:
            if 3 * self.store.frames.nbytes > torch.cuda.mem_get_info(device)[0]:
                return False
            self.source.hold(device)
        return True

    def batch(self, rows: Rows, frames: int) -> Clips:
        """Clips resampled to `frames` frames that are even in time, by linear interpolation.

        A joint missing (0) in one of two neighboring frames takes the other's place; in both, it
        stays missing. A clip of one frame is repeated.
        """
        rows = np.asarray(rows)
        last = torch.from_numpy(self.lengths[rows] - 1)[:, None]
        planes, first = self._planes_of(rows)
        return resample(
            partial(frames_at, planes, first),
            self._positions(rows, last, frames),
            last,
            dims=self.dims,
        )

    def _positions(
        self, rows: Rows, last: Int[Tensor, "n 1"], frames: int
    ) -> Float[Tensor, "n frames"]:
        """Where the new frames lie among those of each clip."""
        if self.store.times is None:
            return even_positions(last, frames)
        times = np.concatenate(
            [np.empty(0), *(self.store.times[a:b] for a, b in self._spans(rows))]
        )
        return even_times(torch.from_numpy(times), last, frames)

    def _spans(self, rows: Rows) -> list[tuple[int, int]]:
        offsets = self.offsets[rows]
        ends = offsets + self.lengths[rows]
        return list(zip(offsets.tolist(), ends.tolist(), strict=True))

    def _read(self, rows: Rows) -> Shaped[np.ndarray, "total m v c"]:
        sizes = None if self.sizes is None else np.repeat(self.sizes[rows], self.lengths[rows])
        return self.source.read(self._spans(rows), sizes)

    def _planes_of(self, rows: Rows) -> tuple[Shaped[Tensor, "total c v m"], Int[Tensor, "n 1"]]:
        """Frames that hold these clips, and where in them each clip starts."""
        if self.source.held is not None and self.sizes is None:
            return self.source.held, torch.from_numpy(self.offsets[rows])[:, None]
        lengths = self.lengths[rows]
        return planes_of(self._read(rows)), torch.from_numpy(lengths.cumsum() - lengths)[:, None]


def row_of(row: SupportsIndex, count: int, what: str) -> int:
    """The row, counted from the end where it is negative.

    Raises:
        EdgcnError: there is no such row.
    """
    number = row.__index__()
    if not -count <= number < count:
        raise EdgcnError(f"there is no {what} {number}: there are {count}, counted from 0")
    return number % count


def inside(
    offsets: Int64[np.ndarray, " n"], lengths: Int64[np.ndarray, " n"], total: int
) -> Bool[np.ndarray, " total"]:
    """Which of all frames are in any of these spans."""
    begins = np.bincount(offsets, minlength=total + 1)
    ends = np.bincount(offsets + lengths, minlength=total + 1)
    return np.cumsum(begins - ends)[:total] > 0
