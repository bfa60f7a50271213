"""Shuffled batches: the same ones on any number of ranks, each of which holds its part.

rows -> shuffled global batches -> this rank's local batches
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from edgcn.base.errors import EdgcnError

BATCH = 128  # clips per step and rank, if the clips suffice


@dataclass(frozen=True)
class LocalBatch:
    """One rank's part of a global batch.

    Args:
        rows: Of the clips in it.
        start: Position of the first of them in the global batch.
        total: Number of clips in the global batch.
    """

    rows: np.ndarray
    start: int
    total: int


def batch_size_of(batch_size: int | Literal["auto"], *, clips: int, ranks: int = 1) -> int:
    """Clips per step and rank; "auto" is 128, or all of fewer clips.

    Raises:
        EdgcnError: There are fewer clips than one step takes.
    """
    size = max(1, min(BATCH, clips // ranks)) if batch_size == "auto" else batch_size
    if clips < ranks:
        raise EdgcnError(f"there are {clips} clips to learn from, and {ranks} ranks need one each")
    if size * ranks > clips:
        raise EdgcnError(
            f"a batch of {size * ranks} clips is larger than the {clips} clips to learn from; "
            f"use a --batch-size of at most {clips // ranks}"
        )
    return size


def local_batches(
    rows: np.ndarray, *, batch_size: int, ranks: int, rank: int, generator: torch.Generator
) -> Iterator[LocalBatch]:
    """This rank's slice of each shuffled global batch of `batch_size * ranks` rows.

    A last incomplete batch is left out: the clips in it differ from epoch to epoch.
    """
    order = rows[torch.randperm(len(rows), generator=generator).numpy()]
    total, start = batch_size * ranks, batch_size * rank
    for first in range(0, len(order) - total + 1, total):
        yield LocalBatch(order[first + start : first + start + batch_size], start, total)
