"""What is published: versions agree, dependencies are those the code uses, the wheel is whole."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "edgcn"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMPORTED_AS = {
    "scikit-learn": "sklearn", "pyyaml": "yaml", "lightning-fabric": "lightning_fabric",
    "docstring-parser": "docstring_parser",
}  # fmt: skip
BIBLIOGRAPHY = ROOT / "paper" / "paper.bib"
IMPORTED = re.compile(r"^ *(?:from (\w+)[\w.]* import |import (\w+))", re.MULTILINE)
REQUIRED = re.compile(r'require\("(\w+)[\w.]*", extra="(\w+)"\)')
USERS: dict[str, list[str]] = {
    extra: lines
    for extra, lines in PROJECT["optional-dependencies"].items()
    if extra not in ("test", "dev", "docs")
}
USERS_CHOICE = {"onnxruntime"}  # beside mediapipe, whose protobuf is older; docs/formats/video.md
USED_BY_OTHERS = {"websockets", "onnxscript"}  # uvicorn, PyTorch's exporter


def names(requirements: list[str]) -> list[str]:
    """The modules that requirements bring."""
    found = [re.match(r"[\w.-]+", line) for line in requirements]
    return [IMPORTED_AS.get(m[0].lower(), m[0].lower()) for m in found if m]


@pytest.fixture(scope="module")
def used() -> tuple[set[str], dict[str, set[str]]]:
    """Modules that are imported, and by extra those that are required where they are used."""
    text = "\n".join(path.read_text() for path in sorted(SOURCE.rglob("*.py")))
    required = dict[str, set[str]]()
    for module, extra in REQUIRED.findall(text):
        required.setdefault(extra, set()).add(module)
    return {a or b for a, b in IMPORTED.findall(text)}, required


def test_dependencies_are_those_that_are_imported(
    used: tuple[set[str], dict[str, set[str]]],
) -> None:
    optional = set().union(*map(names, USERS.values()))
    foreign = used[0] - set(sys.stdlib_module_names) - {"edgcn"}
    assert foreign - optional == set(names(PROJECT["dependencies"]))


def test_extras_hold_what_the_code_uses_and_asks_for(
    used: tuple[set[str], dict[str, set[str]]],
) -> None:
    text = "\n".join(path.read_text() for path in SOURCE.rglob("*.py"))
    for extra, requirements in USERS.items():
        asked = used[1].get(extra, set()) - USERS_CHOICE
        assert asked <= set(names(requirements)), extra
        for module in set(names(requirements)) - USED_BY_OTHERS:
            assert module in used[0] or re.search(rf'"{module}[".]', text), f"{extra}: {module}"
    assert used[1].keys() <= USERS.keys()


def test_every_dependency_of_users_has_a_floor() -> None:
    users = [line for lines in USERS.values() for line in lines]
    assert [line for line in PROJECT["dependencies"] + users if not re.search("[>=]=", line)] == []


def test_the_tested_set_has_every_dependency() -> None:
    text = (ROOT / "constraints.txt").read_text().lower().replace("_", "-")
    tested = {line.partition("==")[0] for line in text.splitlines()}
    extras = PROJECT["optional-dependencies"].values()
    every = [line for lines in (PROJECT["dependencies"], *extras) for line in lines]
    asked = {re.split(r"[\[<>=!;, ]", line)[0].lower() for line in every} - {"edgcn"}
    assert asked - tested <= {"h5py"}  # read by one reader, which tests without it, too


@pytest.fixture(scope="module")
def wheel() -> list[str]:
    """The files that the wheel would hold."""
    builder = WheelBuilder(str(ROOT))
    return sorted(file.distribution_path for file in builder.recurse_included_files())


def test_the_wheel_holds_the_package_and_nothing_else(wheel: list[str]) -> None:
    made = {path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in str(path)}
    assert wheel == sorted(path.relative_to(SOURCE.parent).as_posix() for path in made)
    endings = {Path(name).suffix for name in wheel}
    assert endings == {".py", ".typed", ".edgcn", ".md", ".json", ".css", ".js", ".svg", ".html"}
    assert "edgcn/py.typed" in wheel


def test_the_citation_is_that_of_the_package() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["title"] == f"{PROJECT['name']}: {lower_first(PROJECT['description'])}"
    assert [who["name"] for who in citation["authors"]] == [
        who["name"] for who in PROJECT["authors"]
    ]
    assert citation["keywords"] == PROJECT["keywords"]
    paper = citation["preferred-citation"]
    families = [who["family-names"] for who in paper["authors"]]
    readme = (ROOT / "README.md").read_text()
    (entry,) = re.findall(r"@inproceedings\{.*?\n\}", readme, re.DOTALL)
    assert f"author    = {{{' and '.join(families)}}}" in entry
    assert paper["title"] in " ".join(entry.split())
    assert f"{paper['year']}" in entry
    (entry,) = re.findall(r"@software\{.*?\n\}", readme, re.DOTALL)
    assert f"version = {{{PROJECT['version']}}}" in entry
    assert citation["title"].partition(":")[0] in entry


def lower_first(text: str) -> str:
    return text[0].lower() + text[1:]


def test_the_workflow_names_what_is_there() -> None:
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert USERS.keys() <= set(flow["jobs"]["extras"]["strategy"]["matrix"]["extra"])
    pythons = [
        line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+", line)
    ]
    assert flow["jobs"]["systems"]["strategy"]["matrix"]["python"] == pythons
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for goal in re.findall(r"make ([\w-]+)", text):
        assert f"\n{goal}:" in makefile


def test_the_paper_cites_what_is_in_its_list() -> None:
    cited = set(re.findall(r"@(\w+)", (ROOT / "paper" / "paper.md").read_text()))
    assert cited == set(re.findall(r"^@\w+\{(\w+),", BIBLIOGRAPHY.read_text(), re.MULTILINE))
