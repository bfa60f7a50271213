"""What README and docs show works: Python blocks run, commands parse, links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest

from edgcn import cli
from edgcn.base.errors import EdgcnError
from plugin_files import EXAMPLES, nothing_registered

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^(?:\$ |    )(edgcn [a-z].*)$", re.MULTILINE)
FENCED = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def blocks() -> list[tuple[str, str]]:
    return [
        (f"{page.name}-{number}", block)
        for page in PAGES
        for number, block in enumerate(PYTHON.findall(page.read_text()))
    ]


@pytest.mark.parametrize(("name", "block"), blocks(), ids=[name for name, _ in blocks()])
def test_python_blocks_run(
    name: str, block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with nothing_registered():
        exec(compile(block, name, "exec"), {"__name__": "__main__"})


def commands() -> list[str]:
    return sorted({line for page in PAGES for line in COMMAND.findall(page.read_text())})


@pytest.mark.parametrize("line", commands())
def test_commands_parse(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command shown has flags that exist; nothing is run."""
    monkeypatch.chdir(EXAMPLES)  # of the plugins that are shown
    name, *arguments = shlex.split(line.partition("#")[0])[1:]
    assert name in cli.COMMANDS
    if "--resume" in arguments or arguments == ["FILE.py"]:
        return
    try:
        with nothing_registered():
            cli.parse(name, arguments)
    except EdgcnError as error:
        pytest.fail(f"{line}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = FENCED.sub("", page.read_text())
    for target in LINK.findall(prose):
        assert (page.parent / target).exists(), target
