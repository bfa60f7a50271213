"""Imports go down only, never to a room of the same floor; files stay short (read with ast).

`python tests/test_layers.py` writes the floors into CONTRIBUTING.md.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "edgcn"

# Rooms from the ground up, with what each floor is for. Rooms of one floor do not know each other.
FLOORS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("base",), "errors, files, progress, random streams; settings of parts; plugins"),
    (("skeleton",), "topologies, joint names, remapping; recordings and segments"),
    (("pipeline",), "clip to input: normalize, resample, features, adapt to a sensor or skeleton"),
    (("motion",), "procedural people: unlimited clips of human motion, made and not recorded"),
    (
        ("augment", "models", "objectives", "presets", "readers"),
        "parts by name: what changes, encodes, trains and reads clips; recipes and data sets",
    ),
    (
        ("annotations", "runs", "store"),
        "what is on disk: recordings with their segments, trainings; coders' files of events",
    ),
    (("reports", "training"), "the training loop; tables, plots and pages of plain data"),
    (("evaluation",), "embeddings, probes, protocols, metrics; typed rows"),
    (("inference",), "the recognizer: one file that names gestures"),
    (("web",), "the local page: its server, its journal of coding, what it learns"),
    (("commands",), "one file per verb: its config, its function, its last line"),
    (("experiments",), "many trainings: sweeps, the tables of the paper, the demo"),
    (("__init__", "__main__", "api", "cli"), "doors: Python and the command line"),
)
FLOOR = {room: floor for floor, (rooms, _) in enumerate(FLOORS) for room in rooms}
DOORS = FLOORS[-1][0]
KNOW_CONFIGS = ("commands", "experiments", "api")  # everything else takes plain arguments

FILES = sorted(SOURCE.rglob("*.py"))
BESIDE = sorted(path for name in ("benchmarks", "examples") for path in (ROOT / name).rglob("*.py"))
OF_TESTS = {path.stem for path in (ROOT / "tests").iterdir()} | {"tests"}
START, END = "<!-- floors: python tests/test_layers.py -->\n", "<!-- end of floors -->"


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


def imported(path: Path) -> list[str]:
    """Full names of everything a file imports, wherever in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def table() -> str:
    """The floors as CONTRIBUTING shows them, from the ground up."""
    lines = ["| floor | rooms | what for |", "|---|---|---|"]
    for number, (rooms, purpose) in enumerate(FLOORS):
        named = [f"`{room}/`" if (SOURCE / room).is_dir() else f"`{room}`" for room in rooms]
        lines.append(f"| {number} | {', '.join(named)} | {purpose} |")
    return "\n".join(lines) + "\n"


def test_every_room_has_a_floor() -> None:
    there = {room_of(path) for path in FILES}
    assert there == set(FLOOR)


def test_imports_go_down() -> None:
    for path in FILES:
        room = room_of(path)
        for name in imported(path):
            if not name.startswith("edgcn."):
                continue
            other = name.split(".")[1]
            other = other if other in FLOOR else "__init__"  # a name of `edgcn` itself
            down = other == room or FLOOR[other] < FLOOR[room]
            assert down or (room in DOORS and other in DOORS), f"{name_of(path)} imports {name}"


def test_only_commands_know_configs() -> None:
    for path in FILES:
        known = [name for name in imported(path) if name.endswith("Config")]
        foreign = [name for name in known if name.startswith("edgcn.")]
        assert room_of(path) in KNOW_CONFIGS or not foreign, f"{name_of(path)} imports {foreign}"


def test_benchmarks_and_examples_import_no_tests() -> None:
    for path in BESIDE:
        assert OF_TESTS.isdisjoint(name.partition(".")[0] for name in imported(path)), path


def test_files_are_short() -> None:
    lines = {name_of(path): len(path.read_text().splitlines()) for path in (*FILES, *BESIDE)}
    assert {name: number for name, number in lines.items() if number > 300} == {}


def test_contributing_shows_the_floors() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    shown = text.partition(START)[2].partition(END)[0]
    assert shown == table(), "run `python tests/test_layers.py`"


if __name__ == "__main__":
    page = ROOT / "CONTRIBUTING.md"
    before, _, rest = page.read_text().partition(START)
    page.write_text(f"{before}{START}{table()}{END}{rest.partition(END)[2]}")
    sys.stdout.write(f"wrote {page}\n")
