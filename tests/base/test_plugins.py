"""Plugins: they add to the dicts of the rooms, are remembered by content, and leave no half."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgcn.base import plugins
from edgcn.base.errors import EdgcnError
from edgcn.base.plugins import (
    REGISTRIES,
    load_plugin,
    loaded,
    register_encoder,
    register_objective,
    register_reader,
    registry,
    require_plugins,
)
from plugin_files import nothing_registered


@pytest.fixture(autouse=True)
def _nothing_registered() -> Iterator[None]:
    with nothing_registered():
        yield


def plugin_file(folder: Path, *lines: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text("\n".join(("from edgcn.base.plugins import register_encoder", *lines)))
    return path


def test_a_plugin_adds_to_the_rooms_own_dict(tmp_path: Path) -> None:
    entries: dict[str, Any] = registry("encoder", {"built-in": str})
    path = plugin_file(tmp_path, "register_encoder('mine', dict)")
    plugin = load_plugin(path)
    assert next(iter(entries)) == "built-in"
    assert entries["mine"] is dict
    assert plugin.parts == (("encoder", "mine"),)
    assert plugin.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert plugin.record() == {"name": "mine.py", "path": str(path), "sha256": plugin.sha256}
    assert loaded()[-1] is plugin


def test_a_room_may_be_opened_after_the_plugin() -> None:
    register_reader("mine", dict)
    entries = registry("reader", {"built-in": str})
    assert "mine" in entries
    assert list(entries).index("built-in") < list(entries).index("mine")
    with pytest.raises(EdgcnError, match="edgcn has a reader named 'mine'"):
        registry("reader", {"mine": str})


def test_the_same_contents_run_once(tmp_path: Path) -> None:
    path = plugin_file(tmp_path, "register_encoder('mine', dict)")
    copy = tmp_path / "copy.py"
    copy.write_bytes(path.read_bytes())
    assert load_plugin(path) is load_plugin(str(path)) is load_plugin(copy)


@pytest.mark.parametrize("name", ["", "../up", "two words", "-x"])
def test_names_are_safe_in_paths(name: str) -> None:
    with pytest.raises(EdgcnError, match="expected a name of letters, digits"):
        register_encoder(name, dict)


def test_a_name_that_exists_is_refused() -> None:
    register_objective("mine", dict)
    with pytest.raises(EdgcnError, match="objective 'mine' exists already"):
        register_objective("mine", list)
    with pytest.raises(EdgcnError, match="expected a class or a function"):
        plugins._add("objective", "other", 3)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["", "1 / 0"], r"mine\.py:3: this plugin fails: ZeroDivisionError"),
        (["def f(:"], r"mine\.py:2: this plugin fails: SyntaxError"),
        (["import there_is_no_such_module"], r"mine\.py:2: this plugin fails: ModuleNotFound"),
        (["raise SystemExit(3)"], r"mine\.py:2: this plugin fails: SystemExit"),
        (["register_encoder('a b', dict)"], "expected a name"),
    ],
)
def test_a_plugin_that_fails_is_named_and_taken_back(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    path = plugin_file(tmp_path, *lines)
    path.write_text(path.read_text().replace("\n", "; register_encoder('first', dict)\n", 1))
    modules = set(sys.modules)
    with pytest.raises(EdgcnError, match=message):
        load_plugin(path)
    assert "first" not in REGISTRIES["encoder"]
    assert set(sys.modules) == modules
    path.write_text("from edgcn.base.plugins import *; register_encoder('first', dict)")
    assert load_plugin(path).parts == (("encoder", "first"),)


def test_what_is_no_python_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"nothing\.py: cannot read this plugin: No such file"):
        load_plugin(tmp_path / "nothing.py")
    other = tmp_path / "mine.txt"
    other.write_text("")
    with pytest.raises(EdgcnError, match="a plugin is a Python file"):
        load_plugin(other)


def test_a_run_asks_for_the_same_file_again(tmp_path: Path) -> None:
    path = plugin_file(tmp_path, "register_encoder('mine', dict)")
    record = {"name": path.name, "path": str(path), "sha256": plugins._sha256(path)}
    require_plugins([record])
    assert "mine" in REGISTRIES["encoder"]
    require_plugins([record])


def test_a_plugin_that_has_changed_or_moved_is_named(tmp_path: Path) -> None:
    path = plugin_file(tmp_path, "register_encoder('mine', dict)")
    record = {"name": path.name, "path": str(path), "sha256": plugins._sha256(path)}
    path.write_text(path.read_text() + "\n")
    with pytest.raises(
        EdgcnError, match=r"mine\.py, which has changed since; pass --plugin .*mine\.py"
    ):
        require_plugins([record])
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    path.rename(moved / "mine.py")
    with pytest.raises(
        EdgcnError, match=r"mine\.py, which is missing; pass --plugin with where mine\.py"
    ):
        require_plugins([record])
    load_plugin(moved / "mine.py")
    require_plugins([record])  # whoever passed it meant it
