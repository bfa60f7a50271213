"""Arrays longer than memory should hold: grown on disk, gone over part by part.

rows, some at a time -> `Spool` -> one array, mapped from a file without a name where it is large;
array -> `parts`, `by_parts` -> the same in pieces, of which one at a time counts as memory
"""

import mmap
import os
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from typing import IO

import numpy as np
from jaxtyping import Shaped

from edgcn.base.errors import EdgcnError

SMALL = 2**26  # bytes of an array that is kept in memory
PART = 2**20  # bytes that are gone over at a time: what a processor's cache holds
SAMPLED = 2**8  # rows of a sample that are taken at a time: around each the system reads more

Array = Shaped[np.ndarray, "..."]  # rows first


class Spool:
    """An array that grows by rows: in memory while it is small, in a file beyond that.

    The file is in `TMPDIR`, or in /var/tmp: /tmp is memory on many a system. It has no name, and
    goes with the last array that is mapped from it.

    Args:
        tail: the shape of a row.
    """

    def __init__(self, tail: tuple[int, ...], dtype: np.dtype | type = np.float32) -> None:
        self._tail, self._dtype = tail, np.dtype(dtype)
        self._blocks: list[np.ndarray] = []
        self._file: IO[bytes] | None = None
        self._rows = self._size = 0

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: Array) -> None:
        """More rows.

        Raises:
            EdgcnError: the disk is full.
        """
        self._rows += len(rows)
        self._size += len(rows) * int(np.prod(self._tail)) * self._dtype.itemsize
        self._blocks.append(np.ascontiguousarray(rows, dtype=self._dtype))
        if self._file is None and self._size <= SMALL:
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=_folder())  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            for block in self._blocks:
                self._file.write(block.data)
            self._file.flush()
        except OSError as error:
            raise EdgcnError(
                f"a recording of {self._size >> 20} MB and more needs that much room for a while "
                f"in {_folder() or tempfile.gettempdir()}: {error.strerror or error}; say another "
                f"folder, as in TMPDIR=DIR edgcn ..."
            ) from None
        self._blocks = []

    def array(self) -> Array:
        """All rows; not to be changed in place."""
        shape = (self._rows, *self._tail)
        if self._file is None:
            whole = self._blocks[0] if len(self._blocks) == 1 else None
            empty = np.empty((0, *self._tail), dtype=self._dtype)
            return np.concatenate([empty, *self._blocks]) if whole is None else whole
        mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(mapped, dtype=self._dtype).reshape(shape)


def _folder() -> str | None:
    """Where large temporary files go; None is Python's own choice."""
    asked = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return "/var/tmp" if not asked and os.access("/var/tmp", os.W_OK) else None


def parts(array: Array, *, rows: int | None = None) -> Iterator[Array]:
    """The array in pieces that follow each other; one that is empty is one piece.

    What was read of an array that is mapped from a file is memory no more after each of them.

    Args:
        rows: of each; by default as many as are `PART` bytes.
    """
    size = array.nbytes // max(1, len(array))
    step = rows or max(1, PART // max(1, size))
    if len(array) <= step:
        yield array
        return
    for at in range(0, len(array), step):
        yield array[at : at + step]
        _forget(array)


def sampled(array: Array, most: int) -> Array:
    """Rows evenly spaced, at least so many where there are as many, less than twice; copied."""
    rows = np.arange(0, len(array), max(1, len(array) // most))
    chosen = Spool(array.shape[1:], array.dtype)
    for part in parts(rows, rows=SAMPLED):
        chosen.append(array[part])
        _forget(array)
    return chosen.array()


def _forget(array: Array) -> None:
    """Give back the memory of what was read of an array that is mapped from a file."""
    if sys.platform != "linux" or array.flags.writeable:  # what was changed would be lost
        return
    if (mapped := _mapped(array)) is not None:
        mapped.madvise(mmap.MADV_DONTNEED)


def memory_of(array: Array) -> int:
    """The bytes of memory that an array holds for as long as it lives."""
    return 0 if _mapped(array) is not None else array.nbytes


def _mapped(array: Array) -> mmap.mmap | None:
    """The file's map that an array lies in, if it does."""
    own: object = array
    while isinstance(own, np.ndarray | memoryview):
        own = own.base if isinstance(own, np.ndarray) else own.obj
    return own if isinstance(own, mmap.mmap) else None


def by_parts(array: Array, change: Callable[[Array], Array]) -> Array:
    """What a function makes of the rows, when it may look at each piece alone."""
    spool: Spool | None = None
    for part in parts(array):
        made = change(part)
        if len(part) == len(array):
            return made
        spool = spool or Spool(made.shape[1:], made.dtype)
        spool.append(made)
    assert spool is not None
    return spool.array()
