"""Files and folders are written whole or not at all; JSON in and out.

What is being written to NAME waits beside it as `.NAME.edgcn-part`, which the holder of the lock
`.NAME.edgcn-lock` owns. Both are gone when the writer ends; of one that was killed, the next writer
of NAME removes them.
"""

import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.locks import locked
from edgcn.base.rename import earlier_name, exchange, rename_beside, rename_new

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

PART, LOCK = ".edgcn-part", ".edgcn-lock"


def as_path(value: Any, what: str) -> Path:
    """A path from what a program gave.

    Args:
        what: it should have been, for the error: "a store or its path".

    Raises:
        EdgcnError: it is none.
    """
    try:
        return Path(value)
    except TypeError:
        raise EdgcnError(f"expected {what}, got {named_type(value)}") from None


def named_type(value: Any) -> str:
    """What a value is, in an error."""
    return "None" if value is None else f"a value of type {type(value).__name__}"


@contextmanager
def _waiting(path: Path, *, wait: bool) -> Iterator[Path]:
    """The name under which `path` is written, ours alone; nothing is left of it in the end."""
    lock, part = (path.with_name(f".{path.name}{ending}") for ending in (LOCK, PART))
    with locked(lock, wait=wait) as ours:
        if not ours:
            raise EdgcnError(
                f"another process is writing {path}; wait for it, or choose another --out"
            )
        try:
            _remove(part)  # of a process that was killed
            yield part
        finally:
            _remove(part)
            lock.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def is_unfinished(path: Path) -> bool:
    """Whether something is only being written, or was left by a process that was killed."""
    return any(part.endswith(PART) for part in path.parts)


@contextmanager
def writing(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place if all goes well, and is gone if not.

    Args:
        overwrite: an earlier file is replaced; otherwise the new one gets a free name beside it.

    Raises:
        EdgcnError: the system refuses it, or there is something that is not to be replaced.
    """
    if path.exists() and not path.is_file():
        raise EdgcnError(f"{path} is not a file and is not overwritten; choose another name")
    kept = "; the previous file is kept" if path.exists() else ""
    with _refused(path, kept), _waiting(path, wait=True) as part:
        yield part
        if overwrite:
            part.replace(path)
        elif not rename_new(part, path):
            raise _came_up(part, path, "file")


@contextmanager
def new_folder(out: Path, *, overwrite: bool, marker: str, what: str) -> Iterator[Path]:
    """A temporary folder that becomes `out` if all goes well, and is gone if anything fails.

    Args:
        overwrite: replace a folder that exists, if it holds `marker`; another is never touched.
        marker: the file by which a folder of this kind is known.
        what: how people call one ("store").

    Raises:
        EdgcnError: the folder exists, or another process is writing it. One that came up in the
            meantime is left as it is, and the new one gets a free name beside it.
    """
    place = out
    if out.is_symlink() or out.name in ("", ".."):
        place = Path(os.path.realpath(out))
    if not place.exists():
        _put_back(place, marker)
    if place.exists() and not overwrite:
        raise EdgcnError(f"{out} exists already; choose another --out, or pass --overwrite")
    if place.exists() and not (place / marker).is_file():
        raise EdgcnError(f"{out} is not a {what} and is not overwritten; choose another --out")
    kept = f"; nothing of the new {what} was kept"
    with _refused(place, kept), _waiting(place, wait=False) as part:
        part.mkdir()
        yield part
        if overwrite and (place / marker).is_file():
            exchange(part, place)
        elif not rename_new(part, place):
            raise _came_up(part, place, what)


@contextmanager
def _refused(path: Path, more: str) -> Iterator[None]:
    """What the system refuses while `path` is written, as one line; errors elsewhere stay."""
    try:
        yield
    except BrokenPipeError:  # of the terminal
        raise
    except OSError as error:
        name = os.fsdecode(error.filename) if error.filename else ""
        if name and not (PART in name or LOCK in name or path.is_relative_to(name)):
            raise
        where = "" if PART in name or LOCK in name or not name else f"{name}: "
        reason = error.strerror or error
        raise EdgcnError(f"cannot write {_final(path)}: {where}{reason}{more}") from error


def _final(path: Path) -> Path:
    """What a path inside unfinished work is going to be."""
    return Path(*(p[1:].removesuffix(PART) if p.endswith(PART) else p for p in path.parts))


def _came_up(part: Path, path: Path, what: str) -> EdgcnError:
    """What is finished is kept beside what somebody else has put in its place."""
    return EdgcnError(
        f"{path} came up while it was written, and is left as it is; the finished {what} is "
        f"{rename_beside(part, path)}"
    )


def _put_back(place: Path, marker: str) -> None:
    """Undo an exchange in steps that was cut short."""
    earlier = earlier_name(place)
    if (earlier / marker).is_file():
        earlier.rename(place)


def write_text(path: Path, text: str) -> None:
    """Write text in UTF-8, whole or not at all; halves of characters are spelled out."""
    with writing(path) as waiting:
        waiting.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, default=str) + "\n")


def check_file(path: Path) -> None:
    """Raise where this is no file: a pipe would be waited for without end.

    Where there is nothing at all, whoever opens it is told.

    Raises:
        FileError: it is something else, a link to nothing or round and round, or a folder that may
            not be looked into.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        if kind == stat.S_IFDIR:
            os.scandir(path).close()
    except FileNotFoundError:
        if not path.is_symlink():
            return
        reason = f"expected a file, got a link to {os.readlink(path)}, where there is nothing"
        raise FileError(path, reason) from None
    except OSError as error:
        raise FileError(path, error.strerror or str(error)) from None
    if kind != stat.S_IFREG:
        raise FileError(path, f"expected a file, got {_KINDS.get(kind, 'something else')}")


def read_json(path: Path, *, hint: str = "") -> Any:
    """Read JSON, or say that the file is not what was expected.

    Args:
        hint: ends the error where there is no such file.
    """
    check_file(path)
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise EdgcnError(f"{path} does not exist{hint and f'; {hint}'}") from None
    except OSError as error:
        raise EdgcnError(f"cannot read {path}: {error.strerror}") from error
    except RecursionError:
        raise EdgcnError(f"{path}: expected JSON, got brackets nested without end") from None
    except ValueError as error:  # not JSON, not text, or a number of thousands of digits
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise EdgcnError(f"{path}{line}: expected JSON, got {error}") from error
