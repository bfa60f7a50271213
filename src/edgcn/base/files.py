"""Files and folders are written whole or not at all; JSON in and out."""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError


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
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place if all goes well, and is gone if not."""
    waiting = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield waiting
        os.replace(waiting, path)
    finally:
        waiting.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """`replacing`, with what the system refuses as one line for the user."""
    try:
        with replacing(path) as waiting:
            yield waiting
    except OSError as error:
        raise EdgcnError(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def new_folder(out: Path, *, overwrite: bool, marker: str, what: str) -> Iterator[Path]:
    """A temporary folder that becomes `out` if all goes well, and is gone if anything fails.

    Args:
        overwrite: replace a folder that exists, if it holds `marker`; another is never touched.
        marker: the file by which a folder of this kind is known.
        what: how people call one ("store").
    """
    if out.exists() and not overwrite:
        raise EdgcnError(f"{out} exists already; choose another --out, or pass --overwrite")
    if out.exists() and not (out / marker).is_file():
        raise EdgcnError(f"{out} is not a {what} and is not overwritten; choose another --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise EdgcnError(f"cannot write to {out.parent}: {error.strerror}") from error
    try:
        folder.chmod(0o755)
        yield folder
        _put_in_place(folder, out)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise EdgcnError(
                f"cannot write {out}: {error.strerror}; nothing of the new {what} was kept"
            ) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(folder: Path, out: Path) -> None:
    """Rename a finished folder; an earlier one goes only when the new one is in its place."""
    earlier = folder.with_name(f"{folder.name}.earlier")
    if not out.exists():
        folder.rename(out)
        return
    out.rename(earlier)
    try:
        folder.rename(out)
    except OSError:
        earlier.rename(out)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write text in UTF-8, whole or not at all; halves of characters are spelled out."""
    with writing(path) as waiting:
        waiting.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, default=str) + "\n")


def read_json(path: Path, *, hint: str = "") -> Any:
    """Read JSON, or say that the file is not what was expected.

    Args:
        hint: ends the error where there is no such file.
    """
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise EdgcnError(f"{path} does not exist{hint and f'; {hint}'}") from None
    except RecursionError:
        raise EdgcnError(f"{path}: expected JSON, got brackets nested without end") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise EdgcnError(f"{path}{line}: expected JSON, got {error}") from error
