"""Parts by name, built in or from a file of the user's: `--plugin FILE.py`.

A room makes its dict with `registry`; a plugin adds to the same dict with `register_encoder`,
`register_objective` and `register_reader`. What was loaded is remembered with its SHA-256, so that
a run or a recognizer can ask for the same file again.
"""

import hashlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.files import as_path

REGISTRIES: dict[str, dict[str, Any]] = {"encoder": {}, "objective": {}, "reader": {}}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # names become parts of folder names

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Plugin:
    """A loaded file: `parts` are the (kind, name) pairs that it registered."""

    name: str
    path: str
    sha256: str
    parts: tuple[tuple[str, str], ...] = ()

    def record(self) -> dict[str, str]:
        """What a run or a recognizer remembers; `require_plugins` reads it."""
        return {"name": self.name, "path": self.path, "sha256": self.sha256}


_LOADED: list[Plugin] = []
_REGISTERED: list[tuple[str, str]] = []  # by plugins and by users, in order


def registry(kind: str, built_in: Mapping[str, Entry]) -> dict[str, Entry]:
    """The one dict of a kind of part, which plugins add to: built-in parts first.

    Raises:
        EdgcnError: a plugin that was loaded before has taken the name of a built-in part.
    """
    entries = REGISTRIES[kind]
    taken = [name for name in entries if name in built_in]
    if taken:
        raise EdgcnError(f"edgcn has a {kind} named {taken[0]!r}; choose another name")
    added = dict(entries)
    entries.clear()
    entries.update({**built_in, **added})
    return entries


def register_encoder(name: str, factory: Callable[..., Any]) -> None:
    """Add an encoder: `factory(topology, *, in_channels, bodies, **settings)` makes a module.

    The module takes clips (N, C, T, V, M) to (N, embed_dim) and has `embed_dim`.

    Raises:
        EdgcnError: the name is taken, or is not made of letters, digits, `-`, `_` and `.`.
    """
    _add("encoder", name, factory)


def register_objective(name: str, cls: Callable[..., Any]) -> None:
    """Add an objective: `cls(encoder, **settings)` has `loss(views)`.

    Raises:
        EdgcnError: as for `register_encoder`.
    """
    _add("objective", name, cls)


def register_reader(name: str, read: Callable[..., Any]) -> None:
    """Add a reader: `read(path, **options)` gives `Recordings`.

    Raises:
        EdgcnError: as for `register_encoder`.
    """
    _add("reader", name, read)


def _add(kind: str, name: str, entry: Any) -> None:
    if not NAME.fullmatch(name):
        raise EdgcnError(
            f"expected a name of letters, digits, '-', '_' and '.' for the {kind}, got {name!r}"
        )
    if not callable(entry):
        raise EdgcnError(f"{kind} {name!r}: expected a class or a function, got {entry!r}")
    if name in REGISTRIES[kind]:
        raise EdgcnError(f"{kind} {name!r} exists already; choose another name")
    REGISTRIES[kind][name] = entry
    _REGISTERED.append((kind, name))


def loaded() -> tuple[Plugin, ...]:
    """The plugins that this process has loaded, in order."""
    return tuple(_LOADED)


def load_plugin(path: str | Path) -> Plugin:
    """Run a plugin's file and remember it; the same contents are run once.

    Raises:
        EdgcnError: there is no such file, it fails (the message has the line), or a name that it
            registers is taken. What it had registered until then is taken back.
    """
    given = as_path(path, "the name of a Python file")
    path = given.absolute()
    sha256 = _sha256(given)
    for plugin in _LOADED:
        if plugin.sha256 == sha256:
            return plugin
    first = len(_REGISTERED)
    try:
        _run(f"edgcn_plugin_{path.stem}_{sha256[:8]}", path, given)
    except BaseException:
        for kind, name in _REGISTERED[first:]:
            del REGISTRIES[kind][name]
        del _REGISTERED[first:]
        raise
    _LOADED.append(Plugin(path.name, str(path), sha256, tuple(_REGISTERED[first:])))
    return _LOADED[-1]


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise FileError(path, f"cannot read this plugin: {error.strerror}") from error


def _run(name: str, path: Path, given: Path) -> None:
    """Import a file as a module of this name; what goes wrong in it is named with its line.

    Args:
        given: the path as the user wrote it.
    """
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileError(given, "a plugin is a Python file, FILE.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    keeps, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # nothing beside the user's file
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        sys.modules.pop(name)
        if isinstance(error, KeyboardInterrupt):
            raise
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__)
                 if f.filename == str(path)]  # fmt: skip
        line, text = (lines or [None])[-1], str(error)
        if isinstance(error, SyntaxError):
            line, text = error.lineno, error.msg
        if not isinstance(error, EdgcnError):
            text = f"this plugin fails: {type(error).__name__}: {text}"
        raise FileError(given, text, line=line) from error
    finally:
        sys.dont_write_bytecode = keeps


def require_plugins(records: Iterable[Mapping[str, str]]) -> None:
    """Load the plugins that a run or a recognizer was made with, unless they are loaded.

    A plugin that was loaded before and has the same file name stands for the recorded one, even
    where it has changed: whoever passed it meant it.

    Raises:
        EdgcnError: a file is missing or has changed; says which.
    """
    for record in records:
        name, path, sha256 = record["name"], Path(record["path"]), record["sha256"]
        if any(plugin.sha256 == sha256 or plugin.name == name for plugin in _LOADED):
            continue
        if not path.is_file():
            raise EdgcnError(
                f"this was made with the plugin {path}, which is missing; pass --plugin with where "
                f"{name} is now"
            )
        if _sha256(path) != sha256:
            raise EdgcnError(
                f"this was made with the plugin {path}, which has changed since; pass --plugin "
                f"{path} to use it as it is now"
            )
        load_plugin(path)
