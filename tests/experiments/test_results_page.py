"""The published results: every sentence with numbers has those of the tables below it."""

import re
from pathlib import Path

from edgcn.experiments.open_sets_findings import findings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "results.md").read_text()
PROSE, *SECTIONS = PAGE.split("\n## ")
NUMBER = re.compile(r"\d+\.\d")


def tables() -> dict[str, list[dict[str, str]]]:
    """The lines of the page's tables, by heading; the column of sets is called so everywhere."""
    found = {}
    for section in SECTIONS:
        heading, *lines = section.splitlines()
        cells = [[c.strip() for c in x.strip("|").split("|")] for x in lines if x.startswith("|")]
        columns, _, *rows = cells
        found[heading] = [dict(zip(columns, row, strict=True)) for row in rows]
    return found


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_the_page_says_what_its_tables_say() -> None:
    sentences = findings(tables())
    assert len(sentences) == 7
    for sentence in sentences:
        assert sentence in one_line(PROSE)


def test_other_numbers_of_the_prose_are_numbers_of_the_tables() -> None:
    printed = set(NUMBER.findall("\n".join(SECTIONS)))
    assert set(NUMBER.findall(PROSE)) <= printed


def test_the_readme_claims_what_the_tables_say() -> None:
    readme = one_line((ROOT / "README.md").read_text())
    pays, _, transfers, *_ = findings(tables())
    assert pays in readme
    assert transfers in readme
