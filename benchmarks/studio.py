"""What the studio promises, measured: `python -m benchmarks.studio [page|learning]`.

page: an hour of one person, 10,000 events, in Chromium (needs Playwright). learning: the same hour
without a browser. (What killing its server loses: `make faults FAULTS='--only coding'`.)
"""

import shutil
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.commands.studio import agreed, rates_in
from edgcn.inference.basis import Basis
from edgcn.inference.dense import Footage
from edgcn.inference.recognizer import load
from edgcn.readers.synthetic import read_synthetic
from edgcn.store import Store, open_store, write_store
from edgcn.web.app import create_app
from edgcn.web.features import Windows, every_window, windows_of
from edgcn.web.studio import Studio

TOKEN = "benchmark"
EVENTS = 10_000
WIDTH = 512  # of the vectors of windows


def store_in(folder: Path, **settings: Any) -> Store:
    """Made interviews."""
    write_store(read_synthetic(**settings), folder / "store")
    return open_store(folder / "store")


def page(folder: Path) -> None:
    """First paint, frames a second, learning, scrolling and memory at one hour."""
    import uvicorn
    from playwright.sync_api import sync_playwright

    store = store_in(folder, interviews=2, minutes=60.0)
    studio = Studio(store, load("edgcn-s"), "edgcn-s", folder, "AB", rates_in(store), agreed)
    seconds = studio.coding.seconds["interview_01"]
    studio.features._windows = made_windows(seconds)  # the encoder's part is not what is measured
    rows = full_timeline(seconds)
    studio.coding.journal.change(rows, tab="")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        app = create_app(studio, token=TOKEN, port=port)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            look(browser.new_page(viewport={"width": 1280, "height": 800}), port, seconds)
            browser.close()
        server.should_exit = True
        thread.join(10)


def look(tab: Any, port: int, seconds: float) -> None:
    """Measure in the browser."""

    def until(true: str) -> float:
        begin = time.monotonic()
        asked = (
            f"() => {{ const s = window.edgcn && window.edgcn.state(); return !!(s && {true}); }}"
        )
        while not tab.evaluate(asked):
            time.sleep(0.01)
        return time.monotonic() - begin

    tab.goto(f"http://127.0.0.1:{port}/?token={TOKEN}")
    until("!s.pending && s.events")
    begin = time.monotonic()
    tab.goto(f"http://127.0.0.1:{port}/")
    until("!s.pending && s.drawnEvents")
    report("first paint of an hour with 10,000 events", time.monotonic() - begin, "s")
    tab.evaluate(f"() => {{ location.hash = '#/code/interview_01?t=0&from=0&to={seconds}'; }}")
    until("s.to > 3000")
    count = """async () => { let n = 0, worst = 0, last = performance.now();
      const end = last + 4000;
      while (last < end) { await new Promise(requestAnimationFrame); const now = performance.now();
        worst = Math.max(worst, now - last); last = now; n += 1; %s } return [n / 4, worst]; }"""
    tab.keyboard.press(" ")
    rate, worst = tab.evaluate(count % "")
    tab.keyboard.press(" ")
    report("frames a second, playing with all 10,000 events in sight", rate, "/s")
    report("the longest frame of it", worst, "ms")
    tab.evaluate("() => { location.hash = '#/code/interview_01?t=0&from=0&to=60'; }")
    until("s.to < 100")
    over = "document.getElementById('over')"
    wheel = f"{over}.dispatchEvent(new WheelEvent('wheel', {{deltaY: 60, cancelable: true}}));"
    rate, worst = tab.evaluate(count % wheel)
    report("frames a second, scrolling", rate, "/s")
    report("the longest frame of it", worst, "ms")
    metrics = tab.context.new_cdp_session(tab)
    metrics.send("Performance.enable")
    found = {m["name"]: m["value"] for m in metrics.send("Performance.getMetrics")["metrics"]}
    report("memory of the page's scripts", found["JSHeapUsedSize"] / 1e6, "MB")
    begin = time.monotonic()
    tab.keyboard.press("r")
    until("s.rounds.length === 1 && s.saving === 0")
    report("learn to new suggestions over one hour", time.monotonic() - begin, "s")


def made_windows(seconds: float) -> Windows:
    """Windows of an hour with vectors drawn at random."""

    def nothing(start: int, stop: int) -> np.ndarray:
        return np.zeros((stop - start, 1, 1, 3), dtype=np.float32)

    footage = {0: Footage("interview_01", nothing, round(seconds * 30), 30.0, 3)}
    count = sum(len(starts) for _, starts in every_window(seconds))
    vectors = np.random.default_rng(0).normal(size=(count, WIDTH)).astype(np.float16)
    whole = (0, WIDTH, np.eye(WIDTH, dtype=np.float32))
    return windows_of({0: vectors}, footage, Basis(np.zeros(WIDTH, np.float32), (whole,)))


def full_timeline(seconds: float) -> dict[str, Any]:
    """10,000 events, of which 200 are coded."""
    dice = np.random.default_rng(0)
    rows = {}
    for number, start in enumerate(np.sort(dice.uniform(0, seconds - 2, EVENTS)).tolist()):
        coded = number % 50 == 0
        rows[f"a{number + 1}"] = {
            "recording": "interview_01", "label": f"label {number % 8}", "start": start,
            "end": start + 1.2, "subject": "S01", "tier": "", "by": "", "use": 0.5,
            "score": None if coded else 0.7, "status": "annotated" if coded else "suggested",
        }  # fmt: skip
    return rows


def learning(folder: Path) -> None:
    """From the request to new suggestions over an hour, without a browser."""
    store = store_in(folder, interviews=2, minutes=60.0)
    studio = Studio(store, load("edgcn-s"), "edgcn-s", folder, "AB", rates_in(store), agreed)
    seconds = studio.coding.seconds["interview_01"]
    studio.features._windows = made_windows(seconds)
    coded = {k: v for k, v in full_timeline(seconds).items() if v["status"] == "annotated"}
    studio.coding.journal.change(coded, tab="")
    begin, used = time.monotonic(), time.process_time()
    studio.learn("t")
    report("learn to new suggestions over one hour", time.monotonic() - begin, "s")
    report("of which the processor worked", time.process_time() - used, "s")


def report(what: str, value: float, unit: str) -> None:
    """A line of the result."""
    print(f"{what}: {value:.4g} {unit}".rstrip(), flush=True)


def main() -> None:
    """What is named, or all."""
    parts = {"page": page, "learning": learning}
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory() as folder:
            parts[name](Path(folder))


if __name__ == "__main__":
    main()
