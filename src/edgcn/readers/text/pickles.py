"""Foreign pickles, read without trusting them: plain containers, paths and numpy arrays of numbers.

A pickle is a program that may call anything. This one may call a few harmless stand-ins and nothing
else. Even numpy's own rebuilding is replaced, because a forged dtype state can make numpy take
plain bytes for pointers. Protocols 0 to 5, Python 2 and 3, numpy 1 and 2.
"""

import io
import mmap
import pickle
import pickletools
import re
import reprlib
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
from jaxtyping import Shaped

from edgcn.base.errors import EdgcnError, FileError

_PLAIN_DTYPE = re.compile(r"[fiu][1248]|b1|\?|[SU]\d+")
_LENGTHS = {ord(op.code): op.arg.n if op.arg else 0 for op in pickletools.opcodes}
_PUT, _LONG_BINPUT = ord("p"), ord("r")  # these keep an object under a number
_STOP = ord(".")
MOST_NUMBERS = 50_000_000  # of one list: small pickles can repeat a list without end


def load_pickle(path: Path) -> Any:
    """What a pickle file holds; its arrays come as `StoredArray`, see `as_array`.

    Raises:
        EdgcnError: there is no such file.
        FileError: the file is no pickle, is cut off, or asks for more than data.
    """
    if not path.is_file():
        raise EdgcnError(f"expected a pickle file at {path}, found no such file")
    with path.open("rb") as file:
        return parse_pickle(path, file.fileno())


def parse_pickle(path: Path, source: int | bytes) -> Any:
    """The same of an open file, or of a pickle that stands in another file."""
    try:
        if isinstance(source, bytes):
            _check_numbers(source)
            return _DataUnpickler(io.BytesIO(source), encoding="latin1").load()
        with mmap.mmap(source, 0, access=mmap.ACCESS_READ) as content:  # reads no further
            _check_numbers(content)
            content.seek(0)
            # latin1 is how numpy arrays pickled by Python 2 are read
            return _DataUnpickler(content, encoding="latin1").load()
    except Exception as error:  # a broken pickle can raise nearly anything
        text = " ".join(str(error).split())[:300]
        raise FileError(
            path,
            "expected a pickle of numpy arrays and plain containers, got "
            f"{text or 'a file that ends too early'}",
        ) from None


def _check_numbers(content: mmap.mmap | bytes) -> None:
    """Refuse a pickle that keeps something under a number larger than its own size, or is cut off.

    The unpickler takes memory for all numbers below, and for what is said to follow: ten bytes may
    ask for gigabytes. What is wrong otherwise is the unpickler's to say.
    """
    at, size = 0, len(content)
    while at < size:
        opcode = content[at]
        if opcode == _STOP or opcode not in _LENGTHS:
            return
        length = _LENGTHS[opcode]
        at += 1
        if opcode == _LONG_BINPUT:
            _check_number(int.from_bytes(content[at : at + 4], "little"), size)
        if length >= 0:
            at += length
        elif length == pickletools.UP_TO_NEWLINE:
            for _ in range(2 if opcode in b"ci" else 1):  # GLOBAL and INST take two lines
                start, at = at, content.find(b"\n", at) + 1 or size
            if opcode == _PUT and (digits := content[start : at - 1].strip()).isdigit():
                _check_number(int(digits[:20]), size)
        else:
            width = {pickletools.TAKEN_FROM_ARGUMENT1: 1, pickletools.TAKEN_FROM_ARGUMENT8U: 8}
            start, at = at, at + width.get(length, 4)
            at += int.from_bytes(content[start:at], "little")
        if at > size:
            raise pickle.UnpicklingError("a file that ends too early")


def _check_number(number: int, size: int) -> None:
    if number > size:
        raise pickle.UnpicklingError(f"object number {number} in a file of {size} bytes")


class StoredArray:
    """An array out of a pickle, made from checked dtype, shape and bytes; see `as_array`."""

    value: Shaped[np.ndarray, "..."] | None = None

    def __setstate__(self, state: tuple[int, tuple[int, ...], "_StoredDtype", bool, Any]) -> None:
        """Take numpy's pickled state: version, shape, dtype, whether Fortran order, bytes."""
        _, shape, dtype, fortran, raw = state
        self.value = _array(raw, dtype, shape, "F" if fortran else "C")


def as_array(value: Any) -> Shaped[np.ndarray, "..."] | None:
    """The numpy array in a value of `load_pickle`, or None where it is none."""
    if isinstance(value, StoredArray):
        return value.value
    return value if isinstance(value, np.ndarray) else None


def as_numbers(value: Any) -> Shaped[np.ndarray, "..."] | None:
    """An array, or nested lists of numbers as one; None where they are no such thing."""
    if not isinstance(value, list | tuple):
        return as_array(value)
    level: Any = value
    size = 1
    while isinstance(level, list | tuple) and level:
        size, level = size * len(level), level[0]
    arrays = [as_array(part) for part in value] if as_array(level) is not None else value
    if size > MOST_NUMBERS:
        return None
    try:
        array = np.asarray(arrays)
    except (ValueError, TypeError, OverflowError):  # ragged
        return None
    return array if array.dtype.kind in "fiu" else None


def described(value: Any) -> str:
    """What a value of `load_pickle` is, short enough for one line."""
    array = as_array(value)
    return reprlib.repr(value)[:80] if array is None else f"an array of {array.dtype} {array.shape}"


class _StoredDtype:
    """The kind of an array's numbers; only the byte order of its pickled state is believed."""

    def __init__(self, code: str, *_: object) -> None:
        if not isinstance(code, str) or not _PLAIN_DTYPE.fullmatch(code):
            raise pickle.UnpicklingError(f"an array of {code!r}, expected numbers or text")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take numpy's pickled state: version, byte order, and what is ignored here."""
        if state[1] in (">", "<"):
            self.dtype = self.dtype.newbyteorder(state[1])


def _array(
    raw: Any, dtype: _StoredDtype, shape: tuple[int, ...], order: Any = "C"
) -> Shaped[np.ndarray, "..."]:
    """Bytes as an array; numpy checks that they are as many as the shape says."""
    if isinstance(raw, str):  # Python 2
        raw = raw.encode("latin1")
    return np.frombuffer(raw, dtype=dtype.dtype).reshape(shape, order=order)


def _scalar(dtype: _StoredDtype, raw: Any) -> Any:
    return _array(raw, dtype, ()).item()


def _encode(text: str, encoding: str = "latin1") -> bytes:
    """How protocols 0 to 2 spell bytes."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"bytes written as {encoding!r}, expected latin1")
    return text.encode("latin1")


def _bytes(*content: Any) -> bytes:
    """How protocols 0 to 2 spell empty bytes; never `bytes(n)`, which would fill the memory."""
    if content:
        raise pickle.UnpicklingError("bytes made from arguments")
    return b""


def _new_array(*_: object) -> StoredArray:
    return StoredArray()


def _no_factory(*_: object) -> dict[Any, Any]:
    """A `defaultdict` is a dict: what it would make for keys it has not is of no use here."""
    return {}


def _deque(items: Any = (), _: Any = None) -> list[Any]:
    return list(items)


def _never(*_: object) -> Any:
    """What a `defaultdict` names as its factory; it is never called."""
    raise pickle.UnpicklingError("a call of a type")


def _path(kind: Callable[..., Any], *parts: Any) -> str:
    if not all(isinstance(part, str) for part in parts):
        raise pickle.UnpicklingError("a path that is not made of text")
    return str(kind(*parts).as_posix())


_ALLOWED: dict[str, Callable[..., Any]] = {
    "numpy.ndarray": _new_array,
    "numpy.dtype": _StoredDtype,
    "numpy.core.multiarray._reconstruct": _new_array,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _array,
    "_codecs.encode": _encode,
    "builtins.bytes": _bytes,
    "builtins.set": set,
    "builtins.frozenset": frozenset,
    **{f"builtins.{kind}": _never for kind in ("list", "dict", "tuple", "int", "float", "str")},
    "collections.OrderedDict": dict,
    "collections.Counter": dict,
    "collections.defaultdict": _no_factory,
    "collections.deque": _deque,
    **{
        f"{module}.{pure}{kind.__name__.removeprefix('Pure')}": partial(_path, kind)
        for module in ("pathlib", "pathlib._local")  # Python 3.13
        for pure in ("", "Pure")
        for kind in (PurePosixPath, PureWindowsPath)
    },
}


class _DataUnpickler(pickle.Unpickler):  # overriding `find_class` is the way pickle provides
    def find_class(self, module: str, name: str) -> Any:
        """A fresh stand-in, so that a pickle can change nothing that outlives its reading."""
        full = f"{module.replace('numpy._core', 'numpy.core')}.{name}"
        if full not in _ALLOWED and module == "__builtin__":
            full = f"builtins.{name}"
        if full not in _ALLOWED:
            raise pickle.UnpicklingError(
                f"{module}.{name}: an object that only running the file's code could make, which "
                f"is refused; save it anew with np.asarray(...), dict(...), list(...) or str(...) "
                f"in its place"
            )
        return partial(_ALLOWED[full])
