"""What the studio promises, measured: `python -m benchmarks.studio [page|rounds|kills]`.

page: an hour of one person, 10,000 events, in Chromium (needs Playwright). rounds: a made coder who
corrects what is suggested, beside other orders. kills: the server is killed while it is written to.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.annotations.events import Event
from edgcn.annotations.journal import Journal
from edgcn.commands.convert import events_of
from edgcn.commands.studio import agreed, rates_in
from edgcn.evaluation.event_scores import event_counts, iou
from edgcn.inference.recognizer import load
from edgcn.readers.synthetic.interviews import interviews
from edgcn.store import Store, open_store, write_store
from edgcn.web.app import create_app
from edgcn.web.features import LENGTHS, STEP, Features, Windows
from edgcn.web.learn import Coded, spot
from edgcn.web.studio import Studio

TOKEN = "benchmark"
EVENTS = 10_000
KILLS = 50
FIRST, JUDGED, ROUNDS, SEEDS = 6, 20, 3, 3


def store_in(folder: Path, **settings: Any) -> Store:
    """Made interviews."""
    write_store(interviews(**settings), folder / "store")
    return open_store(folder / "store")


def page(folder: Path) -> None:
    """First paint, frames a second, learning, scrolling and memory at one hour."""
    import uvicorn
    from playwright.sync_api import sync_playwright

    store = store_in(folder, subjects=1, seconds=3600.0)
    studio = Studio(store, load("edgcn-s"), "edgcn-s", folder, "AB", rates_in(store), agreed)
    seconds = studio.coding.seconds["interview_1"]
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
    tab.evaluate(f"() => {{ location.hash = '#/code/interview_1?t=0&from=0&to={seconds}'; }}")
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
    tab.evaluate("() => { location.hash = '#/code/interview_1?t=0&from=0&to=60'; }")
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
    starts = [np.arange(0, seconds - length, STEP) for length in LENGTHS]
    kinds = np.repeat(np.arange(len(LENGTHS)), [len(s) for s in starts])
    every = np.concatenate(starts)
    vectors = np.random.default_rng(0).normal(size=(len(every), 256)).astype(np.float32)
    ends = every + np.array(LENGTHS)[kinds]
    return Windows(np.zeros(len(every), dtype=np.int64), every, ends, kinds, vectors)


def full_timeline(seconds: float) -> dict[str, Any]:
    """10,000 events, of which 200 are coded."""
    dice = np.random.default_rng(0)
    rows = {}
    for number, start in enumerate(np.sort(dice.uniform(0, seconds - 2, EVENTS)).tolist()):
        coded = number % 50 == 0
        rows[f"a{number + 1}"] = {
            "recording": "interview_1", "label": f"label {number % 8}", "start": start,
            "end": start + 1.2, "subject": "S01", "tier": "", "by": "", "use": 0.5,
            "score": None if coded else 0.7, "status": "annotated" if coded else "suggested",
        }  # fmt: skip
    return rows


def rounds(folder: Path) -> None:
    """Event F1 on what is not coded yet, after so many corrected suggestions, as a table."""
    store = store_in(folder)
    windows = Features(store, load("edgcn-s"), folder / "features", lambda: None).compute()
    assert windows is not None
    names, truth = [str(n) for n in store.recordings.names], events_of(store).rows
    print(
        "| order | before | " + " | ".join(f"{JUDGED * n} judged" for n in range(1, ROUNDS + 1)),
        "|",
    )
    print("|---" * (ROUNDS + 2) + "|")
    for order in ("most useful first", "at random", "in the order of time"):
        scores = np.array([simulate(windows, truth, names, order, s) for s in range(SEEDS)])
        cells = (f"{column.mean():.2f} ({', '.join(f'{v:.2f}' for v in column)})"
                 for column in scores.T)  # fmt: skip
        print(f"| {order} | " + " | ".join(cells) + " |")


def simulate(
    windows: Windows, truth: Sequence[Event], names: Sequence[str], order: str, seed: int
) -> list[float]:
    """A coder who knows the truth: the first events at random, then judges what is suggested.

    What a suggestion hits (IoU 0.3) is coded as it truly is, the rest is rejected. In the order of
    time, nothing is judged: the next events are coded by hand instead.
    """
    dice = np.random.default_rng(seed)
    row_of = {name: row for row, name in enumerate(names)}
    known = {truth[i] for i in dice.permutation(len(truth))[:FIRST]}
    rejected: dict[int, list[Event]] = {}
    scores = []
    for _ in range(ROUNDS + 1):
        coded: dict[int, list[Event]] = {}
        for event in truth:
            if event in known:
                coded.setdefault(row_of[event.recording], []).append(event)
        labels = tuple(dict.fromkeys(e.label for e in truth if e in known))
        found = spot(windows, Coded(coded, rejected, frozenset(), labels), names, by="")
        made = [
            (use, e) for one in found.values() for e, use in zip(one.events, one.use, strict=True)
        ]
        left = [event for event in truth if event not in known]
        scores.append(event_counts(left, [event for _, event in made], 0.3).f1)
        if order == "in the order of time":
            known |= set(left[:JUDGED])
            continue
        places = (
            np.argsort([-use for use, _ in made])
            if order.startswith("most")
            else (dice.permutation(len(made)))
        )
        for place in places[:JUDGED].tolist():
            event = made[place][1]
            there = [t for t in truth if t.recording == event.recording and t not in known]
            best = max(there, key=lambda t: iou(t, event), default=None)
            if best is not None and iou(best, event) >= 0.3:
                known.add(best)
            else:
                rejected.setdefault(row_of[event.recording], []).append(event)
    return scores


def kills(folder: Path) -> None:
    """Nothing that was answered may be lost, whenever the server is killed."""
    dice, answered, lost = random.Random(0), 0, 0
    command = [sys.executable, "-m", "edgcn", "studio", "demo", "--out", str(folder / "s"),
               "--no-open"]  # fmt: skip
    expected: dict[str, float] = {}
    for _ in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        write, first = writer(address), True
        try:
            while True:
                start = dice.uniform(0, 60)
                expected[write(start)] = start
                answered += 1
                if first:
                    wait, first = dice.uniform(0.0, 1.0), False
                    threading.Timer(wait, os.kill, (process.pid, signal.SIGKILL)).start()
        except OSError:
            process.kill()
            process.wait()
        there = Journal(folder / "s" / "journal.jsonl").document.values()
        lost += sum(there.get(key, {}).get("start") != start for key, start in expected.items())
    report(f"lost of {answered} answered events over {KILLS} kills", lost, "")


def writer(address: str) -> Callable[[float], str]:
    """A function that writes an event to a server and returns its id."""
    host, token = address.partition("/?token=")[::2]
    headers = {
        "Content-Type": "application/json",
        "Cookie": f"edgcn_{host.rpartition(':')[2]}={token}",
    }

    def write(start: float) -> str:
        row = {"recording": "interview_1", "label": "x", "start": start, "end": start + 1}
        data = json.dumps({"tab": "t", "seen": 0, "rows": {"new": row}}).encode()
        request = urllib.request.Request(f"{host}/api/change", data, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.load(answer)["ids"]["new"])

    return write


def report(what: str, value: float, unit: str) -> None:
    """A line of the result."""
    print(f"{what}: {value:.4g} {unit}".rstrip(), flush=True)


def main() -> None:
    """What is named, or all."""
    parts = {"page": page, "rounds": rounds, "kills": kills}
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory() as folder:
            parts[name](Path(folder))


if __name__ == "__main__":
    main()
