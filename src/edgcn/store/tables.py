"""What is known of each recording and each segment of a store: columns, kept in .npz files."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from edgcn.base.errors import EdgcnError

FORMAT = 3  # of store.json

Words = Shaped[np.ndarray, " n"]  # of type str
Counts = Int64[np.ndarray, " n"]
Seconds = Float64[np.ndarray, " n"]


@dataclass(frozen=True)
class RecordingTable:
    """All recordings, end to end in the order of the store.

    Args:
        tags: the source's own split tags, separated by spaces.
        offsets: where each begins among all frames.
        lengths: in frames.
        fps: frames per second.
        starts: seconds on the source's clock.
    """

    names: Words
    subjects: Words
    cameras: Words
    conditions: Words
    tags: Words
    offsets: Counts
    lengths: Counts
    fps: Seconds
    starts: Seconds

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class SegmentTable:
    """All segments, recording by recording.

    Args:
        recordings: which recording each is in.
        starts: first frame, counted in its recording.
        stops: frame after the last one.
        labels: index into the classes, -1 where unlabelled.
    """

    recordings: Counts
    starts: Counts
    stops: Counts
    labels: Counts
    names: Words
    persons: Words
    conditions: Words

    def __len__(self) -> int:
        return len(self.labels)


Table = TypeVar("Table", RecordingTable, SegmentTable)

_DTYPES: dict[Any, type] = {Words: np.str_, Counts: np.int64, Seconds: np.float64}
_ON_DISK = {"tags": "splits"}


def save_table(kind: type[Table], rows: Sequence[tuple[Any, ...]], path: Path) -> None:
    """Write rows, whose values come in the order of the table's columns."""
    columns = list(zip(*rows, strict=True)) or [()] * len(fields(kind))
    arrays: dict[str, Any] = {
        _ON_DISK.get(field.name, field.name): np.array(values, dtype=_DTYPES[field.type])
        for field, values in zip(fields(kind), columns, strict=True)
    }
    np.savez(path, **arrays)


def load_table(kind: type[Table], path: Path) -> Table:
    """Read a table that `save_table` wrote.

    Raises:
        EdgcnError: a column is missing, of another type, or of another length than the first.
    """
    columns: list[np.ndarray] = []
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        for field in fields(kind):
            name, dtype = _ON_DISK.get(field.name, field.name), np.dtype(_DTYPES[field.type])
            if name not in file.files:
                raise EdgcnError(f"{field.name}: expected a column of this name, got none")
            values = file[name]
            rows = columns[0].shape if columns else values.shape
            plain = values.dtype.kind == dtype.kind and dtype.itemsize in (0, values.itemsize)
            if not plain or values.ndim != 1 or values.shape != rows:
                many = f"{rows[0]} values" if len(rows) == 1 else "a row of values"
                raise EdgcnError(
                    f"{field.name}: expected {many} of type {dtype.name}, got "
                    f"{values.dtype.name} of shape {values.shape}"
                )
            columns.append(values)
    return kind(*columns)


def filled(words: Words, others: Words) -> Words:
    """The words, and where there are none the others."""
    return np.where(words != "", words, others)
