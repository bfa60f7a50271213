"""The page in a real browser: real keys, a real mouse; skipped where there is no Chromium."""

import json
import shutil
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")
pytest.importorskip("playwright", reason="Playwright is not installed")

import uvicorn
from playwright.sync_api import sync_playwright

from edgcn.annotations.events import Event, moved
from edgcn.annotations.formats import read_events
from edgcn.commands.convert import events_of
from edgcn.evaluation.event_scores import iou
from edgcn.store import Store
from edgcn.web.app import create_app
from edgcn.web.features import Features
from edgcn.web.studio import Studio
from web.asking import TOKEN, make_page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
JUDGED = 15  # suggestions; so small a store has hardly more
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

    def until(self, true: Callable[[Any], Any], seconds: float = 20) -> Any:
        """The state, as soon as it is so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            state = self.state
            if state and state["saving"] == 0 and true(state):
                return state
            time.sleep(0.02)
        large = ("all", "labels", "rounds")
        state = {k: v for k, v in (self.state or {}).items() if k not in large}
        raise AssertionError(f"not so in {seconds} s: {json.dumps(state)[:2000]}")

    def press(self, *keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def place(self, label: str, seconds: float) -> tuple[float, float]:
        """Where on the screen a moment of a lane is."""
        box, state = self.page.locator("#over").bounding_box(), self.state
        names = [entry["name"] for entry in state["labels"]]
        here = self.studio.names[state["row"]]
        asked = any(not e["label"] and e["recording"] == here for e in state["all"].values())
        tall = max(15, min(42, (box["height"] - RULER - MOTION - 6) // (len(names) + asked)))
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


@contextmanager
def served(browser: Any, studio: Studio, **settings: Any) -> Iterator[Person]:
    """Somebody at the page of a studio."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        app = create_app(studio, token=TOKEN, port=port)
        config = uvicorn.Config(app, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        look = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
        context = browser.new_context(**look | settings, accept_downloads=True)
        yield Person(context.new_page(), studio, f"http://127.0.0.1:{port}")
        context.close()
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def person(browser: Any, tmp_path: Path, made: Store) -> Iterator[Person]:
    studio = make_page(tmp_path, made).studio
    labels = {f"label:{name}": {"key": ""} for name in ("wave", "nod")}
    studio.coding.journal.change(labels, tab="")
    with served(browser, studio) as somebody:
        yield somebody


def right_key(person: Person, truth: Sequence[Event], state: Any) -> str:
    """What somebody who knows the truth presses for the selected suggestion."""
    row = state["all"][state["selected"]]
    event = Event(row["recording"], row["label"], float(row["start"]), float(row["end"]))
    best = max((t for t in truth if t.recording == event.recording), key=lambda t: iou(t, event))
    if iou(best, event) < 0.3:
        return "x"
    if best.label == event.label:
        return "y"
    return next(str(e["key"]) for e in state["labels"] if e["name"] == best.label)


def waits(state: Any) -> bool:
    """Whether a suggestion is selected."""
    return bool(state["all"].get(state["selected"], {}).get("status") == "suggested")


def code(person: Person, event: Event) -> None:
    """Drag an event on the timeline of its recording."""
    row = person.studio.coding.row_of[event.recording]
    from_, to = max(0.0, event.start - 4), event.start + 8
    name = event.recording
    person.page.evaluate(f"() => {{ location.hash = '#/code/{name}?t=0&from={from_}&to={to}'; }}")
    person.until(lambda state: state["row"] == row and abs(state["from"] - from_) < 0.02)
    person.press("Escape")
    person.drag(event.label, event.start, event.end)


def times_in(rows: Iterable[Event]) -> list[tuple[str, str, Any, Any]]:
    """What two files should agree on, to the millisecond."""
    every = sorted((row.recording, row.label, row.start, row.end) for row in rows)
    return [
        (*names, pytest.approx(a, abs=0.002), pytest.approx(b, abs=0.002)) for *names, a, b in every
    ]


def test_a_person_codes_learns_judges_exports_and_finds_it_again(
    browser: Any, tmp_path: Path, made: Store, seen: Features
) -> None:
    """Five gestures of two labels, 15 judged by keys, two edges, undo, files; then all again."""
    studio = make_page(tmp_path, made).studio
    studio.features = seen
    clocks = {name: -clock for name, clock in studio.coding.clocks.items()}
    truth = moved(events_of(made), clocks).rows
    labels = sorted({event.label for event in truth})
    studio.coding.journal.change({f"label:{name}": {"key": ""} for name in labels}, tab="")
    five = [[t for t in truth if t.label == label][:count]
            for label, count in zip(labels, (3, 2), strict=True)]  # fmt: skip
    with served(browser, studio) as person:
        person.open()
        for event in five[0] + five[1]:
            code(person, event)
        person.press("Escape", "r")
        person.until(lambda state: len(state["rounds"]) == 1 and state["waiting"] >= 20)
        person.press("Alt+2", "n")
        for count in range(JUDGED):
            state = person.until(lambda s, n=count: waits(s) and len(s["rounds"]) == 1 + n // 5)
            person.press(right_key(person, truth, state))
            person.until(lambda s, before=state["number"]: s["number"] > before)
        state = person.until(lambda s: len(s["rounds"]) == 4)  # again after every five
        counts = state["rounds"][-1]["corrected"]
        assert counts["accepted"] + counts["edited"] + counts["rejected"] == JUDGED
        kept = [e for e in studio.coding.table().rows if e.status in ("accepted", "edited")][:2]
        for event in kept:
            row = studio.coding.row_of[event.recording]
            hash_ = f"#/code/{event.recording}?t=0&e={event.id}&from=0&to={event.end + 3}"
            person.page.evaluate(f"() => {{ location.hash = '{hash_}'; }}")
            person.until(lambda s, row=row, key=event.id: (s["row"], s["selected"]) == (row, key))
            person.drag(event.label, event.end - 0.005, event.end + 0.2)
            changed = person.state["all"][event.id]
            assert changed["status"] == "edited"
            assert abs(changed["end"] - event.end - 0.2) < 0.05
        after = person.state["all"]
        person.press("u", "u")
        person.until(lambda s: all(s["all"][e.id]["end"] == e.end for e in kept))
        person.press("U", "U")
        person.until(lambda s: s["all"] == after)
        person.press("Alt+5")
        files = {"boris": "out.boris", "eaf": "out.zip"}
        for format, name in files.items():
            with person.page.expect_download() as download:
                person.page.click(f"#export-{format}")
            download.value.save_as(tmp_path / name)
        assert {url.split("/")[2] for url in person.asked if "//" in url} == {person.address[7:]}
        assert person.wrong == []
    with zipfile.ZipFile(tmp_path / "out.zip") as packed:
        packed.extractall(tmp_path / "eaf")
    own = times_in(moved(studio.coding.table(), studio.coding.clocks).rows)
    for path in (tmp_path / "out.boris", tmp_path / "eaf"):
        read = sorted((r.recording, r.label, r.start, r.end) for r in read_events([path]).rows)
        assert read == own
    again = make_page(tmp_path, made).studio  # all of it from the disk
    with served(browser, again) as person:
        person.open()
        assert person.state["all"] == after


def test_a_person_codes_by_mouse_and_keys(person: Person) -> None:
    person.open()
    person.drag("wave", 0.5, 1.0)
    (key,) = person.studio.coding.rows()
    event = person.state["all"][key]
    assert (event["label"], event["by"]) == ("wave", "AB")
    assert abs(event["start"] - 0.5) < 0.02
    assert abs(event["end"] - 1.0) < 0.02
    person.press("Escape", "Escape", "Home", "2", "Shift+ArrowRight", "2")  # in and out by key
    person.until(lambda state: len(state["all"]) == 2)
    person.press("u")
    person.until(lambda state: len(state["all"]) == 1)
    person.press("U")
    state = person.until(lambda state: len(state["all"]) == 2)
    (other,) = set(state["all"]) - {key}
    assert (state["all"][other]["label"], state["all"][other]["end"]) == ("nod", 1.0)


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
