"""An .npy file that grows, whose shape is known at the end only.

values of recordings, one after the other -> (sum of their rows, ...) on disk
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from edgcn.base.spool import parts
from edgcn.skeleton.recording import fit_bodies

HEADER = 128  # bytes kept free for the .npy header, whose shape is known only at the end


class Growing:
    """An .npy file that grows recording by recording; `finish` writes its header."""

    def __init__(self, file: BinaryIO, tail: tuple[int, ...], dtype: str) -> None:
        self.file, self.tail, self.dtype, self.rows = file, tail, np.dtype(dtype), 0
        self.waiting = list[Callable[[], np.ndarray]]()
        file.write(b"\0" * HEADER)

    def append(self, values: np.ndarray) -> None:
        for part in chain.from_iterable(map(parts, (*self._waited(), values))):
            fitting = fit_bodies(part, self.tail[0]) if self.tail else part
            self.file.write(np.ascontiguousarray(fitting, dtype=self.dtype).data)
            self.rows += len(part)

    def _waited(self) -> Iterator[np.ndarray]:
        """What stands for values of recordings before."""
        waiting, self.waiting = self.waiting, []
        return (make() for make in waiting)

    def append_any(self, values: np.ndarray | None, otherwise: Callable[[], np.ndarray]) -> None:
        """Values that only some recordings have; what stands for them waits for the first."""
        if values is not None:
            self.append(values)
        elif self.rows:
            self.append(otherwise())
        else:
            self.waiting.append(otherwise)

    def finish(self) -> None:
        description = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.rows, *self.tail),
        }
        text = str(description).encode()
        self.file.seek(0)
        self.file.write(b"\x93NUMPY\x01\x00" + (HEADER - 10).to_bytes(2, "little"))
        self.file.write(text + b" " * (HEADER - 10 - len(text) - 1) + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def growing(path: Path, tail: tuple[int, ...], dtype: str) -> Iterator[Growing]:
    """A new growing file, finished if all goes well; gone if nothing came."""
    with path.open("wb") as file:
        array = Growing(file, tail, dtype)
        yield array
        array.finish()
    if not array.rows:
        path.unlink()
