"""Frames of a stream as an encoder's own were: what `recognize` measures on a whole recording is
measured on the first frames that show somebody.

first frames (M, V, 3) -> `edgcn.pipeline.adapt` -> how every later frame becomes (M', V', 3)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from edgcn.inference.arrays import ArrayClips, array_clips
from edgcn.inference.footage import Depth
from edgcn.models.embedder import Embedder
from edgcn.pipeline.adapt import Skeleton
from edgcn.pipeline.adapter import Adapter
from edgcn.skeleton.recording import fit_bodies
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

Points = Float[np.ndarray, "m v 3"]
Apply = Callable[[np.ndarray], np.ndarray]


@dataclass
class Adapters:
    """What was found to make clips fit."""

    adapter: Adapter | None = None
    size: float | None = None


@dataclass(frozen=True)
class FirstFrames:
    """One clip; a `ClipSource` that remembers how it was adapted."""

    clips: ArrayClips
    found: Adapters = field(default_factory=Adapters)

    @property
    def topology(self) -> Topology:
        """Of the frames."""
        return self.clips.topology

    @property
    def dims(self) -> int:
        """Channels of geometry."""
        return self.clips.dims

    @property
    def units(self) -> str:
        """Of the geometry."""
        return self.clips.units

    @property
    def bodies(self) -> int:
        """How many are in a frame."""
        return self.clips.bodies

    @property
    def name(self) -> str:
        """In messages."""
        return "the stream"

    def __len__(self) -> int:
        return len(self.clips)

    def batch(self, rows: np.ndarray, frames: int) -> Clips:
        """Resampled."""
        return self.clips.batch(rows, frames)

    def adapted(
        self, adapter: Adapter, sizes: Float[np.ndarray, " n"] | None = None
    ) -> "FirstFrames":
        """The same frames as they come through an adapter, which is remembered."""
        size = None if sizes is None else float(sizes[0])
        view = replace(self.clips.adapted(adapter, sizes), name=self.name)
        return FirstFrames(view, Adapters(adapter, size))


@dataclass(frozen=True)
class Source:
    """What the frames of a stream are."""

    embedder: Embedder
    topology: Topology
    dims: int
    units: str
    skeleton: Skeleton
    depth: Depth

    @property
    def fits(self) -> bool:
        """Whether frames are the encoder's as they are."""
        inputs = self.embedder.inputs
        same = self.topology.joints == inputs.topology.joints
        return same and (self.units, self.dims) == (inputs.sensor.units, inputs.sensor.dims)

    def as_they_are(self) -> Apply:
        """For frames that fit, but for the number of bodies."""
        bodies = self.embedder.inputs.bodies
        return lambda points: (
            points if len(points) == bodies else fit_bodies(points[None], bodies)[0]
        )

    def measured(self, frames: Sequence[Points]) -> tuple[Embedder, Apply, tuple[str, ...]]:
        """The encoder that reads frames like these, how they become its own, and what was done.

        Raises:
            EdgcnError: the joints have no name in common, or nothing tells how large the body is.
        """
        clips = array_clips(
            [np.stack(frames)], topology=self.topology, dims=self.dims, units=self.units
        )
        embedder, adapted = self.embedder.adapted(
            FirstFrames(clips), rows=np.arange(1), skeleton=self.skeleton, depth=self.depth
        )
        found = adapted.clips.found
        if (adapter := found.adapter) is None:
            return embedder, self.as_they_are(), adapted.notes
        sizes = None if found.size is None else np.array([found.size], dtype=np.float32)
        return embedder, lambda points: adapter.apply(points[None], sizes)[0], adapted.notes
