"""The published results: every sentence with numbers has those of the tables below it."""

import re
import shlex
from pathlib import Path

import pytest

from edgcn.experiments.open_sets import chosen, parse
from edgcn.experiments.open_sets_findings import findings
from edgcn.experiments.open_sets_plan import METHODS, OVER_RIVAL, SETS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "results.md").read_text()
PROSE, *SECTIONS = PAGE.split("\n## ")
NUMBER = re.compile(r"\d+\.\d")
COMMAND = re.compile(r"^    python -m edgcn\.experiments\.open_sets (.*)$", re.MULTILINE)
CLAIM = re.compile(
    r"(?:Pre-trained on a set's own clips|On a set whose clips it never saw).*?\.(?= )"
)


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
    if OVER_RIVAL not in tables():
        pytest.skip("the page is of before whitened probes; its command makes it again")
    sentences = findings(tables())
    assert len(sentences) >= 3
    for sentence in sentences:
        assert sentence in one_line(PROSE)


def test_other_numbers_of_the_prose_are_numbers_of_the_tables() -> None:
    printed = set(NUMBER.findall("\n".join(SECTIONS)))
    assert set(NUMBER.findall(PROSE)) <= printed


def test_the_command_of_the_page_still_makes_one() -> None:
    (flags,) = COMMAND.findall(PROSE)
    options = parse(shlex.split(flags))
    assert chosen(options.methods, list(METHODS), flag="--methods")
    assert chosen(options.sets, SETS, flag="--sets")


def test_the_readme_claims_what_the_page_says() -> None:
    claims = CLAIM.findall(one_line((ROOT / "README.md").read_text()))
    assert len(claims) == 2
    for claim in claims:
        assert claim in one_line(PROSE)
