"""Imports go down only, never to a sibling room; files stay short (the source, read with ast)."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "edgcn"

# Rooms from the ground up. Those of one level do not know each other.
LEVELS = (
    ("atomic", "defaults", "errors", "memory"),
    ("released", "skeleton"),
    (
        "augment",
        "config",
        "config_io",
        "encoders",
        "features",
        "normalize",
        "objectives",
        "splits",
    ),
    ("checkpoint", "progress", "runs", "store"),
    ("evaluation", "readers", "reports", "training"),  # one reader reads stores
    ("inference",),
    ("recipes",),
    ("api", "cli", "__init__", "__main__"),
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imported(tree: ast.AST) -> list[str]:
    """Full names of everything a file imports."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.append(node.module or "")
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down(path):
    room = room_of(path)
    for name in imported(ast.parse(path.read_text())):
        if not name.startswith("edgcn."):
            continue
        other = name.split(".")[1]
        door = LEVEL[room] == len(LEVELS) - 1
        assert other == room or LEVEL[other] < LEVEL[room] or door, f"{room} imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_are_short(path):
    assert len(path.read_text().splitlines()) <= 300
