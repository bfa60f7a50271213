"""The pages in a browser, where there is one: what is drawn, and what keys do."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.annotations.events import Event
from edgcn.reports.errors import Wrong, write_errors
from edgcn.reports.html import Section
from edgcn.reports.timeline import write_timeline
from reports.test_timeline import NASTY, moving

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")


@pytest.fixture(scope="module")
def tab() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        browser.close()


def opened(tab: Any, path: Path) -> list[str]:
    """Open a page; what its console says."""
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.goto(path.as_uri())
    return said


def test_a_timeline_is_drawn_and_obeys_keys(tab: Any, tmp_path: Path) -> None:
    found = [Event("P01", NASTY, 0.2, 0.5, score=0.9), Event("P01", "rub", 1.0, 1.5, score=0.1)]
    page = write_timeline(tmp_path / "t.html", [moving()], found, found[:1], title=NASTY)
    said = opened(tab, page)
    tab.keyboard.press("n")
    assert tab.evaluate("edgcn.state().time") == 0.2
    tab.keyboard.press("s")  # the least confident first
    tab.keyboard.press("n")
    assert tab.evaluate("edgcn.state().time") == 1.0
    drawn = "(id) => { const c = document.querySelector(id); return c.getContext('2d')" \
        ".getImageData(0, 0, c.width, c.height).data.some((v) => v > 0); }"  # fmt: skip
    assert tab.evaluate(drawn, "#stage")
    assert tab.evaluate(drawn, ".lanes")
    box = tab.locator(".lanes").bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    assert tab.evaluate("edgcn.state().time") == pytest.approx(1.0, abs=0.1)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 1280
    assert said == []


def test_a_cell_shows_its_clips(tab: Any, tmp_path: Path) -> None:
    wrong = [Wrong(f"c{i}", "s1", "", "a", said, 0.9, ("n", "b"), moving(), moving())
             for i, said in enumerate(["b", "c", "c"])]  # fmt: skip
    matrix = np.array([[4, 1, 2], [0, 3, 0], [0, 0, 1]])
    page = write_errors(
        tmp_path / "e.html", title=NASTY, sections=[Section(NASTY)], classes=["a", "b", "c"],
        matrix=matrix, wrong=wrong, total=3,
    )  # fmt: skip
    said = opened(tab, page)
    assert tab.evaluate("edgcn.state().shown") == 3
    tab.click("#matrix button >> text=2")
    assert tab.evaluate("edgcn.state().names") == ["c1", "c2"]
    assert said == []
