"""Foreign pickles, read without trusting them: plain containers and numpy arrays of numbers.

A pickle is a program that may call anything. This one may call six harmless stand-ins and nothing
else. Even numpy's own rebuilding is replaced, because a forged dtype state can make numpy take
plain bytes for pointers. Protocols 0 to 5, Python 2 and 3, numpy 1 and 2.
"""

import pickle
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from edgcn.base.errors import EdgcnError, FileError

_PLAIN_DTYPE = re.compile(r"[fiu][1248]|b1|\?|[SU]\d+")


def load_pickle(path: Path) -> Any:
    """What a pickle file holds; its arrays come as `StoredArray`, see `as_array`.

    Raises:
        EdgcnError: there is no such file.
        FileError: the file is no pickle, is cut off, or asks for more than data.
    """
    if not path.is_file():
        raise EdgcnError(f"expected a pickle file at {path}, found no such file")
    try:
        with path.open("rb") as file:
            # latin1 is how numpy arrays pickled by Python 2 are read
            return _DataUnpickler(file, encoding="latin1").load()
    except Exception as error:  # a broken pickle can raise nearly anything
        raise FileError(
            path,
            "expected a pickle of numpy arrays and plain containers, got "
            f"{type(error).__name__}: {error or 'a file that ends too early'}",
        ) from None


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


_ALLOWED: dict[str, Callable[..., Any]] = {
    "numpy.ndarray": _new_array,
    "numpy.dtype": _StoredDtype,
    "numpy.core.multiarray._reconstruct": _new_array,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _array,
    "_codecs.encode": _encode,
    "builtins.bytes": _bytes,
    "builtins.set": set,
}


class _DataUnpickler(pickle.Unpickler):  # overriding `find_class` is the way pickle provides
    def find_class(self, module: str, name: str) -> Any:
        """A fresh stand-in, so that a pickle can change nothing that outlives its reading."""
        full = f"{module.replace('numpy._core', 'numpy.core')}.{name}"
        if full not in _ALLOWED and module == "__builtin__":
            full = f"builtins.{name}"
        if full not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks to run {module}.{name}, which is refused")
        return partial(_ALLOWED[full])
