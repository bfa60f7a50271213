"""The page's own files, as text: short, from nowhere else, and every key on the page about it."""

import re
from pathlib import Path

import pytest

import edgcn

PAGE = Path(edgcn.__file__).parent / "web" / "page"
DOCS = Path(__file__).parents[2] / "docs" / "studio.md"
WORDS = {" ": "space", "ArrowLeft": "←", "ArrowRight": "→", "shift+ArrowLeft": "Shift ←",
         "shift+ArrowRight": "→", "ctrl+z": "Ctrl Z", "ctrl+Z": "Ctrl Shift Z"}  # fmt: skip


@pytest.mark.parametrize("path", sorted(PAGE.iterdir()), ids=lambda path: path.name)
def test_files_are_short_and_ask_nobody(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)\S+", text) == []
    for imported in re.findall(r'from "([^"]+)"', text):
        assert (PAGE / imported).is_file()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(|style=\"", text)


def test_the_docs_name_every_key() -> None:
    keys = re.findall(r'^  \["(.+?)", "', (PAGE / "keys.js").read_text(), re.MULTILINE)
    assert len(keys) > 30
    table = DOCS.read_text().partition("## Keys")[2].partition("## What is kept")[0]
    for key in keys:
        assert WORDS.get(key, key) in table, key
