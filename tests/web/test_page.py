"""The page in a real browser: real keys, a real mouse; skipped where there is no Chromium."""

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")
pytest.importorskip("playwright", reason="Playwright is not installed")

import uvicorn
from playwright.sync_api import sync_playwright

from edgcn.annotations.formats import read_events
from edgcn.store import Store
from edgcn.web.app import create_app
from edgcn.web.studio import Studio
from web.asking import TOKEN, make_page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
LEFT, RIGHT, RULER, MOTION = 150, 8, 22, 30  # as lanes.js has them


class Person:
    """Somebody at the page."""

    def __init__(self, page: Any, studio: Studio, address: str) -> None:
        self.page, self.studio, self.address = page, studio, address
        self.asked: list[str] = []
        self.wrong: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", self._heard)

    def _heard(self, line: Any) -> None:
        if line.type == "error":
            self.wrong.append(line.text)

    def open(self, rest: str = "") -> None:
        """Go to the page, and wait until it is drawn."""
        self.page.goto(f"{self.address}/?token={TOKEN}{rest}")
        self.until(lambda state: not state["pending"])

    @property
    def state(self) -> Any:
        """What is drawn."""
        return self.page.evaluate("() => window.edgcn && window.edgcn.state()")

    def until(self, true: Callable[[Any], bool], seconds: float = 20) -> Any:
        """The state, as soon as it is so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            state = self.state
            if state and state["saving"] == 0 and true(state):
                return state
            time.sleep(0.02)
        raise AssertionError(f"not so in {seconds} s: {json.dumps(self.state)[:2000]}")

    def press(self, *keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def place(self, label: str, seconds: float) -> tuple[float, float]:
        """Where on the screen a moment of a lane is."""
        box, state = self.page.locator("#over").bounding_box(), self.state
        names = [entry["name"] for entry in state["labels"]]
        tall = max(15, min(42, (box["height"] - RULER - MOTION - 6) // len(names)))
        per = (box["width"] - LEFT - RIGHT) / (state["to"] - state["from"])
        x = box["x"] + LEFT + (seconds - state["from"]) * per
        return x, box["y"] + RULER + (names.index(label) + 0.5) * tall

    def drag(self, label: str, start: float, end: float) -> None:
        """From one moment of a lane to another."""
        mouse, count = self.page.mouse, self.studio.coding.journal.document.number
        mouse.move(*self.place(label, start))
        mouse.down()
        mouse.move(*self.place(label, (start + end) / 2))
        mouse.move(*self.place(label, end))
        mouse.up()
        self.until(lambda state: state["number"] > count)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def person(browser: Any, tmp_path: Path, made: Store) -> Iterator[Person]:
    studio = make_page(tmp_path, made).studio
    labels = {f"label:{name}": {"key": ""} for name in ("wave", "nod")}
    studio.coding.journal.change(labels, tab="")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        app = create_app(studio, token=TOKEN, port=port)
        config = uvicorn.Config(app, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, reduced_motion="reduce", accept_downloads=True
        )
        yield Person(context.new_page(), studio, f"http://127.0.0.1:{port}")
        context.close()
        server.should_exit = True
        thread.join(10)


def test_a_person_codes_judges_undoes_and_exports(person: Person, tmp_path: Path) -> None:
    person.open()
    person.drag("wave", 0.5, 1.0)
    (key,) = person.studio.coding.rows()
    event = person.state["all"][key]
    assert (event["label"], event["by"]) == ("wave", "AB")
    assert abs(event["start"] - 0.5) < 0.02
    assert abs(event["end"] - 1.0) < 0.02
    person.drag("wave", 0.995, 1.3)  # by its edge
    assert abs(person.state["all"][key]["end"] - 1.3) < 0.03
    person.press("Escape", "Escape", "Home", "2", "Shift+ArrowRight", "2")  # in and out by key
    person.until(lambda state: len(state["all"]) == 2)
    person.press("u", "u")
    person.until(lambda state: len(state["all"]) == 1)
    assert abs(person.state["all"][key]["end"] - 1.0) < 0.02
    person.press("U", "U")
    state = person.until(lambda state: len(state["all"]) == 2)
    (other,) = set(state["all"]) - {key}
    assert (state["all"][other]["label"], state["all"][other]["end"]) == ("nod", 1.0)
    suggested = {f"new{n}": {**state["all"][key], "status": "suggested", "start": 2 + n / 2,
                             "end": 2.3 + n / 2, "score": 0.5, "use": 1 - n / 9}
                 for n in range(4)}  # fmt: skip
    person.studio.coding.journal.change(suggested, tab="machine")
    person.until(lambda state: state["waiting"] == 4)
    person.press("Alt+2", "n")
    for count, judgement in enumerate(("y", "x", "2", "Enter"), 1):
        person.press(judgement)
        person.until(lambda state, left=4 - count: state["waiting"] == left)
    statuses = [row["status"] for row in person.studio.coding.rows().values()]
    assert sorted(statuses[-4:]) == ["accepted", "accepted", "edited", "rejected"]
    person.press("Alt+5")
    with person.page.expect_download() as download:
        person.page.click("#export-boris")
    download.value.save_as(tmp_path / "out.boris")
    kept = person.studio.coding.table().rows
    back = read_events([tmp_path / "out.boris"]).rows
    times = [
        sorted((r.recording, r.label, round(r.start, 3)) for r in rows) for rows in (kept, back)
    ]
    assert times[0] == times[1]
    assert {url.split("/")[2] for url in person.asked if "//" in url} == {person.address[7:]}
    assert person.wrong == []


def test_every_state_has_an_address_and_comes_back(person: Person) -> None:
    person.open()
    person.drag("nod", 0.4, 0.9)
    person.press("Shift+ArrowRight", ".", "l", "=")
    person.until(lambda state: state["loop"] and state["speed"] == 2)
    time.sleep(0.3)  # the address follows
    before = person.state
    person.page.goto("about:blank")
    person.page.goto(f"{person.address}/{before['address']}")
    after = person.until(lambda state: not state["pending"])
    for name in ("view", "row", "selected", "speed", "loop"):
        assert after[name] == before[name]
    for name in ("time", "from", "to"):
        assert abs(after[name] - before[name]) < 0.011
    assert after["all"] == before["all"]


def test_two_tabs_see_each_other_and_a_label_is_only_text(person: Person) -> None:
    person.open()
    label = "<img src=x onerror=alert(1)>"
    person.studio.coding.journal.change({f"label:{label}": {"key": ""}}, tab="other")
    person.until(lambda state: label in [entry["name"] for entry in state["labels"]])
    person.drag("wave", 0.5, 1.0)
    (key,) = person.studio.coding.rows()
    row = person.studio.coding.rows()[key]
    person.studio.coding.journal.change({key: {**row, "end": 1.7}}, tab="other", seen=1)
    person.until(lambda state: state["conflicts"] == 1)
    assert "written over" in person.page.inner_text("#panel")
    person.page.click("text=take the other")
    state = person.until(lambda state: state["conflicts"] == 0)
    assert abs(state["all"][key]["end"] - 1.0) < 0.02
    assert person.page.locator("#panel img").count() == 0
    assert person.wrong == []
