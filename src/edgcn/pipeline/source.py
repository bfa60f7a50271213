"""What the pipeline needs of a store's clips (`edgcn.store.views.Selection` has it)."""

from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float

from edgcn.pipeline.adapter import Adapter
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

S = TypeVar("S", bound="ClipSource")

BATCH = 128  # clips at a time where there is no encoder
FRAMES = 32  # of a clip, where sizes are measured


@runtime_checkable
class ClipSource(Protocol):
    """Clips that come as batches."""

    @property
    def topology(self) -> Topology: ...
    @property
    def dims(self) -> int: ...
    @property
    def units(self) -> str: ...
    @property
    def bodies(self) -> int: ...
    @property
    def name(self) -> str: ...
    def __len__(self) -> int: ...
    def batch(self, rows: np.ndarray, frames: int) -> Clips: ...
    def adapted(self: S, adapter: Adapter, sizes: Float[np.ndarray, " n"] | None = None) -> S: ...


def batches(rows: np.ndarray) -> list[np.ndarray]:
    """The rows in parts of at most `BATCH`."""
    return [rows[first : first + BATCH] for first in range(0, len(rows), BATCH)]
