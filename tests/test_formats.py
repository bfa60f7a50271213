"""A page for every reader, and the index of them: EDGCN_WRITE_DOCS=1 writes its table anew."""

import os
from pathlib import Path

import pytest

from edgcn.readers import READERS
from edgcn.readers.looks import LOOKS

PAGES = Path(__file__).parents[1] / "docs" / "formats"
BEGIN, END = "<!-- readers: EDGCN_WRITE_DOCS=1 pytest tests/test_formats.py -->\n", "<!-- end of"
BUILT_IN = sorted(name for name, r in READERS.items() if r.__module__.startswith("edgcn."))


def table() -> str:
    """Readers with the titles of their pages and the names of their files."""
    rows = ["| reader | format | files |", "|---|---|---|"]
    for name in BUILT_IN:
        title = (PAGES / f"{name}.md").read_text().partition("\n")[0].removeprefix("# ")
        files = ", ".join(f"`{pattern}`" for pattern in LOOKS[name].names) if name in LOOKS else "-"
        rows.append(f"| `{name}` | [{title}]({name}.md) | {files} |")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_reader_has_a_page_of_one_screen(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text()
    assert text.startswith("# ")
    assert len(text.splitlines()) <= 60
    assert f"edgcn prepare {name}" in text


def test_the_index_lists_all_readers() -> None:
    index = PAGES / "README.md"
    before, _, rest = index.read_text().partition(BEGIN)
    written = before + BEGIN + table() + END + rest.partition(END)[2]
    if "EDGCN_WRITE_DOCS" in os.environ:
        index.write_text(written)
    assert index.read_text() == written, "run it with EDGCN_WRITE_DOCS=1"
