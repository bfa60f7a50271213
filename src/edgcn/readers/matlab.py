"""Arrays of numbers in MATLAB files of version 5 to 7.2 (MathWorks, "MAT-File Format").

header of 128 bytes, then elements (type, size, content), packed by zlib or not; a matrix is an
element of elements: flags, sizes, name, numbers. Read here and not by scipy, whose parser can end
the process on a damaged file: every size is held against the bytes that are there.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Shaped

from edgcn.base.errors import EdgcnError, FileError

HEADER = 128
MATRIX, COMPRESSED = 14, 15  # kinds of elements; those of numbers:
NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
OF_NUMBERS = range(6, 16)  # classes of matrices: double, single, int8 to uint64
COMPLEX = 0x0800
LARGEST = 2**28  # bytes of a matrix, unpacked: hours of one skeleton


class Element(NamedTuple):
    """A kind and a content."""

    kind: int
    content: memoryview


def read_matrix(path: Path, name: str) -> Shaped[np.ndarray, "..."]:
    """The matrix of real numbers of this name, with its sizes as MATLAB has them.

    Raises:
        FileError: no such file format, no matrix of that name, other content, or damage.
    """
    data = path.read_bytes()
    order = {b"IM": "<", b"MI": ">"}.get(data[HEADER - 2 : HEADER])
    if order is None or data[:19] == b"MATLAB 7.3 MAT-file":
        got = "version 7.3, save it with -v7" if data[:10] == b"MATLAB 7.3" else "another file"
        raise FileError(path, f"expected a MATLAB file (version 5 to 7.2), got {got}")
    found = []
    try:
        for kind, content in _elements(memoryview(data)[HEADER:], order):
            if kind == COMPRESSED:
                ((kind, content),) = _elements(_unpacked(content), order)
            if kind != MATRIX:
                continue
            flags, sizes, label, *rest = _elements(content, order)
            found.append(bytes(label.content).decode("ascii", "replace").rstrip("\0"))
            if found[-1] == name:
                return _matrix(name, order, flags, sizes, rest)
    except (EdgcnError, ValueError, IndexError, struct.error, zlib.error) as error:
        reason = f"expected a MATLAB file (version 5 to 7.2), got a damaged one: {error}"
        raise FileError(path, reason) from None
    among = f"found {', '.join(found)[:100]}" if found else "found no variable"
    raise FileError(path, f"expected the variable {name}, {among}")


def _elements(data: memoryview, order: str) -> Iterator[Element]:
    """The elements that follow each other; a small one has its size and content in its head."""
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        start = at + 8
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, kind >> 16, at + 4
        end = start + size
        if end > len(data) or (start == at + 4 and size > 4):
            raise EdgcnError(f"{size} bytes of an element where {len(data) - start} are left")
        yield Element(kind, data[start:end])
        at = end if kind == COMPRESSED else end + -end % 8


def _unpacked(content: memoryview) -> memoryview:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(content, LARGEST)
    if not unpacker.eof:
        raise EdgcnError(f"a variable that is cut off, or of more than {LARGEST} bytes")
    return memoryview(data)


def _matrix(
    name: str, order: str, flags: Element, sizes: Element, rest: list[Element]
) -> Shaped[np.ndarray, "..."]:
    """The numbers of a matrix, in MATLAB's order: the first index runs fastest."""
    flag = _numbers(flags, order)[0]
    if int(flag) & 0xFF not in OF_NUMBERS or int(flag) & COMPLEX or not rest:
        raise EdgcnError(f"{name} is no matrix of real numbers")
    shape = tuple(int(size) for size in _numbers(sizes, order))
    values = _numbers(rest[0], order)
    if min(shape, default=-1) < 0 or math.prod(shape) != len(values):
        raise EdgcnError(f"{len(values)} numbers in {name} of size {shape}")
    return values.reshape(shape, order="F")


def _numbers(element: Element, order: str) -> Shaped[np.ndarray, "n"]:
    if element.kind not in NUMBERS:
        raise EdgcnError(f"numbers of unknown kind {element.kind}")
    values: np.ndarray[Any, Any] = np.frombuffer(element.content, order + NUMBERS[element.kind])
    return values.astype(values.dtype.newbyteorder("="))
