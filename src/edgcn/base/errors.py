"""Errors a user can act on: what was expected, what came, where, and what to do.

Everything else that is raised is a bug. The command line prints an `EdgcnError` as one line and
exits 2.
"""

import difflib
import importlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from edgcn.base.screen import readable, shortened


class EdgcnError(ValueError):
    """Something the user gave cannot be used as it is."""

    def __init__(self, message: str = "") -> None:
        super().__init__(readable(message))


REASON = 600  # characters; a library's own text may quote half a file


class FileError(EdgcnError):
    """A file cannot be read; the message starts `path:line:`."""

    def __init__(self, path: str | Path, reason: str, *, line: int | None = None) -> None:
        where = f"{path}:{line}" if line is not None else f"{path}"
        reason = shortened(reason, REASON)
        super().__init__(f"{where}: {reason}")
        self.path, self.reason, self.line = Path(path), reason, line


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """`; did you mean 'the nearest known word'?`, or nothing where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional module, or say which extra installs it, or why it does not load."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError):  # such as a library of the system it lacks
            raise EdgcnError(
                f"this needs {module}, which is installed and does not load: {error}"
            ) from error
        raise EdgcnError(
            f"this needs {error.name or module}, which is not installed: "
            f"pip install 'edgcn[{extra}]'"
        ) from error
