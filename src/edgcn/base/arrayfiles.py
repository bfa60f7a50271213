"""Arrays out of .npz and .npy files that nobody has to trust: plain numbers and text, or one error.

numpy believes what a file says of itself. Here a claim is held against the bytes that are there
before memory is taken, nothing is unpickled, and an error names the file and the member.
"""

import math
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Shaped
from numpy.lib import format as npy

from edgcn.base.errors import EdgcnError, FileError

Array = Shaped[np.ndarray, "..."]

PLAIN = "biufSU"  # kinds of numpy types: truth, numbers and text
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what numpy writes
SHRINKS = 1100  # deflate makes nothing more than 1032 times smaller
LARGEST_CHARACTER, SURROGATES = 0x10FFFF, (0xD800, 0xDFFF)


def read_npz(path: Path, needed: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Array]:
    """The named members of an .npz file; others are not looked at.

    A member can only be read whole: it is held in memory once.

    Raises:
        EdgcnError: no such file.
        FileError: no npz, members missing, or one that is damaged, pickled or claims too much.
    """
    if not path.is_file():
        raise EdgcnError(f"expected an npz file at {path}, found no such file")
    needed, key = tuple(needed), ""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [
                name.removesuffix(".npy") for name in archive.namelist() if name[-4:] == ".npy"
            ]
            if missing := [key for key in needed if key not in names]:
                raise FileError(
                    path, f"expected the keys {', '.join(needed)}, without {', '.join(missing)}"
                )
            arrays = {}
            for key in (*needed, *optional):
                if names.count(key) > 1:
                    raise FileError(path, f"{key}: expected one such array, got {names.count(key)}")
                if key in names:
                    arrays[key] = _member(path, key, archive)
            return arrays
    except FileError:
        raise
    except MemoryError:
        raise FileError(path, f"{key}: too large for this machine's memory") from None
    except Exception as error:  # a damaged zip fails as zlib, struct, OSError, RuntimeError, ...
        if isinstance(error, OSError) and error.filename:
            raise
        where = f"{key}: expected an array that can be read" if key else "expected an npz file"
        what = _what(error) if zipfile.is_zipfile(path) else "another kind of file"
        raise FileError(path, f"{where}, got {what}") from None


def npz_names(path: Path) -> list[str]:
    """The names of an .npz file's arrays.

    Raises:
        EdgcnError: no such file.
        FileError: no npz.
    """
    if not path.is_file():
        raise EdgcnError(f"expected an npz file at {path}, found no such file")
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
            return list(dict.fromkeys(names))
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            raise
        raise FileError(path, f"expected an npz file, got {_what(error)}") from None


def npz_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of an .npz file's arrays, read off their heads alone; raises as `npz_names`."""
    shapes = {}
    for name in npz_names(path):
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            shapes[name] = _header(path, name, file)[0]
    return shapes


def map_npy(path: Path) -> Array:
    """The array of an .npy file, on disk; only what is looked at is read.

    Raises:
        FileError: no .npy file, pickled objects, or more or less claimed than there is.
    """
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            shape, fortran, dtype = _header(path, "", file)
            start = file.tell()
        _check_size(path, "", shape, dtype, size - start)
        if size - start > math.prod(shape) * dtype.itemsize:
            raise _holds_more(path, "", shape, dtype)
        if not math.prod(shape):
            return np.empty(shape, dtype)
        order: Literal["C", "F"] = "F" if fortran else "C"
        array: Array = np.memmap(path, dtype, "r", offset=start, shape=shape, order=order)
        return array
    except FileError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.filename:
            raise
        raise FileError(path, f"expected a numpy array, got {_what(error)}") from None


def _member(path: Path, key: str, archive: zipfile.ZipFile) -> Array:
    """One array of an archive, read no further than its header and the archive say."""
    entry = archive.getinfo(f"{key}.npy")
    if entry.flag_bits & 1 or entry.compress_type not in METHODS:
        how = "an encrypted one" if entry.flag_bits & 1 else f"zip method {entry.compress_type}"
        raise FileError(
            path, f"{key}: expected an array as np.savez or np.savez_compressed writes, got {how}"
        )
    stored = min(entry.compress_size, path.stat().st_size)
    most = stored if entry.compress_type == zipfile.ZIP_STORED else SHRINKS * (stored + 1)
    with archive.open(entry) as opened:
        file: Any = opened
        shape, fortran, dtype = _header(path, key, file)
        _check_size(path, key, shape, dtype, min(entry.file_size, most))
        array = np.empty(shape, dtype, order="F" if fortran else "C")
        whole = array.reshape(-1, order="A").view(np.uint8).data if array.nbytes else b""
        view = memoryview(whole)
        done = 0
        while done < len(view) and (read := file.readinto(view[done:])):
            done += read
        if done < len(view):
            raise FileError(path, f"{key}: expected {len(view)} bytes, got {done}: it is cut off")
        if file.read(1):  # at the end of a member its checksum is compared, too
            raise _holds_more(path, key, shape, dtype)
    native: Array = array.astype(array.dtype.newbyteorder("="), copy=False)
    _check_text(path, key, native)
    return native


def _header(path: Path, key: str, file: Any) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether in Fortran order, and type of an array that begins here."""
    where = key and f"{key}: "
    try:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(file)
    except (ValueError, KeyError, TypeError, SyntaxError) as error:
        raise FileError(path, f"{where}expected a numpy array, got {_what(error)}") from None
    if dtype.hasobject:
        name = key or "array"
        raise FileError(
            path,
            f"{where}expected plain numbers or text, got pickled objects; "
            f"save it with np.asarray({name}, dtype=...), str, int or float",
        )
    if dtype.kind not in PLAIN or any(length < 0 for length in shape):
        raise FileError(path, f"{where}expected plain numbers or text, got {dtype} {shape}")
    return shape, fortran, dtype


def _check_size(path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype, most: int) -> None:
    claimed = math.prod(shape) * dtype.itemsize
    if claimed > most or max(shape, default=0) >= 2**62:
        raise FileError(
            path,
            f"{key and f'{key}: '}it claims {dtype} {shape}, {claimed} bytes, which is more than "
            f"the file holds",
        )


def _holds_more(path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype) -> FileError:
    return FileError(
        path,
        f"{key and f'{key}: '}it claims {dtype} {shape}, which is less than it holds: its head is "
        f"damaged, or it is several arrays; write it anew, one array a file",
    )


def _check_text(path: Path, key: str, array: Array) -> None:
    """Text is Unicode; numpy takes any four bytes for a character."""
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        codes = np.ascontiguousarray(array).reshape(-1).view(np.uint32)
        low, high = SURROGATES
        if ((codes > LARGEST_CHARACTER) | ((codes >= low) & (codes <= high))).any():
            raise FileError(path, f"{key}: expected text, got what is no Unicode")


def _what(error: Exception) -> str:
    """An error of a library in one line."""
    if isinstance(error, OSError):
        return f"damage ({error.strerror or error})"
    text = " ".join(str(error).split())[:120]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
