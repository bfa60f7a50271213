"""Frames of a stream as an encoder's own were: what `recognize` measures on a whole recording is
measured on the first frames that show somebody.

first frames (M, V, 3) -> `edgcn.pipeline.adapt` -> how every later frame becomes (M', V', 3)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from edgcn.inference.arrays import array_clips
from edgcn.inference.footage import Depth
from edgcn.models.embedder import Embedder
from edgcn.pipeline.adapt import Skeleton
from edgcn.skeleton.recording import fit_bodies
from edgcn.skeleton.topology import Topology

Points = Float[np.ndarray, "m v 3"]
Apply = Callable[[np.ndarray], np.ndarray]


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
        first = array_clips(
            [np.stack(frames)], topology=self.topology, dims=self.dims, units=self.units
        )
        clips = replace(first, name="the stream")
        embedder, adapted = self.embedder.adapted(
            clips, rows=np.arange(1), skeleton=self.skeleton, depth=self.depth
        )
        if (adapter := adapted.adapter) is None:
            return embedder, self.as_they_are(), adapted.notes
        sizes = None if adapted.sizes is None else adapted.sizes.astype(np.float32)
        return embedder, lambda points: adapter.apply(points[None], sizes)[0], adapted.notes
