"""What README and docs show works: Python blocks run, commands parse, links lead somewhere.

Also where the site's generator would be silent: every page is in its table, every public name and
command in the reference, and what is named there exists.
"""

import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import edgcn
from edgcn import cli
from edgcn.base.errors import EdgcnError
from edgcn.commands.evaluate import PART
from edgcn.models import READOUTS
from plugin_files import EXAMPLES, nothing_registered

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BESIDE = ("README", "CONTRIBUTING", "SUPPORT", "CODE_OF_CONDUCT")
PAGES = [*(ROOT / f"{name}.md" for name in BESIDE), *sorted(DOCS.rglob("*.md"))]
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^(?:\$ |    )(edgcn [a-z].*)$", re.MULTILINE)
FENCED = re.compile(r"```.*?```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NAMED = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)


def blocks() -> list[tuple[str, str]]:
    return [
        (f"{page.name}-{number}", block)
        for page in PAGES
        for number, block in enumerate(PYTHON.findall(page.read_text()))
        if page.parent.name != "examples"  # tests/test_examples.py runs those
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
    if {"--resume", "--help"} & set(arguments) or arguments == ["FILE.py"]:
        return
    try:
        with nothing_registered():
            cli.parse(name, arguments)
    except EdgcnError as error:
        pytest.fail(f"{line}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = FENCED.sub("", page.read_text())
    for target, anchor in LINK.findall(prose):
        place = page.parent / target if target else page
        assert place.exists(), target
        if anchor:
            assert anchor in anchors(place), f"{target}#{anchor}"
        if DOCS in page.parents:
            assert DOCS in place.resolve().parents, f"{target} is not on the site"


def anchors(page: Path) -> set[str]:
    """What GitHub and the site's generator call the headings of a page."""
    headings = HEADING.findall(FENCED.sub("", page.read_text()))
    plain = [re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings]
    return {re.sub(r"[-\s]+", "-", heading) for heading in plain}


def listed(nav: list[Any]) -> Iterator[str]:
    """The pages of a table of the site."""
    for entry in nav:
        if isinstance(entry, str):
            yield entry
        else:
            for below in entry.values():
                yield from listed(below if isinstance(below, list) else [below])


def test_every_page_is_once_in_the_table_of_the_site() -> None:
    project = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert sorted(listed(project["nav"])) == sorted(pages)
    known = {"search", "mkdocstrings"}  # others it would ignore in silence
    assert project["plugins"].keys() == known


@pytest.mark.parametrize("page", ["reference", "commands"])
def test_what_the_reference_names_exists(page: str) -> None:
    names = NAMED.findall((DOCS / f"{page}.md").read_text())
    assert len(names) > 15
    for name in names:
        home, _, thing = name.rpartition(".")
        assert getattr(import_module(home), thing).__module__ == home, name


def test_the_reference_has_every_public_name() -> None:
    text = (DOCS / "reference.md").read_text()
    own = {name.rpartition(".")[2] for name in NAMED.findall(text)} | set(
        re.findall(r"`(\w+)`", text)
    )
    assert set(edgcn.__all__) <= own


def test_the_command_line_has_every_command() -> None:
    """EDGCN_WRITE_DOCS=1 writes the page's list anew."""
    configs = [getattr(import_module(home), name) for home, name in cli.COMMANDS.values()]
    parts = [
        f"## edgcn {name}\n\n::: {config.__module__}.{config.__name__}\n"
        "    options: {show_root_heading: false, show_root_toc_entry: false}\n"
        for name, config in zip(cli.COMMANDS, configs, strict=True)
    ]
    page = DOCS / "commands.md"
    intro = page.read_text().partition("## ")[0]
    written = intro + "\n".join(parts)
    if "EDGCN_WRITE_DOCS" in os.environ:
        page.write_text(written)
    assert page.read_text() == written, "run it with EDGCN_WRITE_DOCS=1"


def test_the_concepts_name_every_protocol_and_readout() -> None:
    named = set(re.findall(r"`([\w-]+)`", (DOCS / "concepts.md").read_text()))
    assert {*PART.registry, *READOUTS} <= named
