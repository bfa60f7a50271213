"""The studio's server, killed while somebody labels, judges, drags edges, undoes and learns.

What was answered is kept beside it by the one who asked; each new start must say the same. What
was asked and not answered may be there, whole, or not.
"""

import contextlib
import http.client
import json
import os
import random
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.process import Running, start

READY = 900  # seconds in which the encoder has looked
LONGEST = 2.0  # seconds after which a server is killed, at most
LABELS = ("wave", "nod", "point")
Rows = dict[str, Any]


@dataclass
class Coder:
    """Somebody at the page of one server, who remembers what was answered.

    Args:
        rows: what is there, as far as was answered.
        maybe: what may be there instead: what was asked last, and not answered.
        before: how it was, for each change of this tab that can be undone.
        after: likewise, what can be done again.
    """

    address: str
    dice: random.Random
    rows: Rows
    maybe: Rows | None = None
    before: list[Rows] = field(default_factory=list)
    after: list[Rows] = field(default_factory=list)
    since: int = 0
    answered: int = 0

    def ask(self, path: str, sent: Any = None) -> Any:
        """What the server answers."""
        host, _, token = self.address.partition("/?token=")
        port = host.rpartition(":")[2]
        headers = {"Content-Type": "application/json", "Cookie": f"edgcn_{port}={token}"}
        data = None if sent is None else json.dumps(sent).encode()
        request = urllib.request.Request(f"{host}/api/{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()[:300]}") from error

    def change(self, rows: Rows) -> None:
        """Write; new rows have the ids that the answer gives them."""
        known = {key: value for key, value in rows.items() if not key.startswith("new")}
        if known:
            self.maybe = merged(self.rows, known)
        ids = self.ask("change", {"tab": "t", "seen": 0, "rows": rows})["ids"]
        self.before.append(self.rows)
        self.after.clear()
        self.rows = merged(self.rows, {ids.get(key, key): value for key, value in rows.items()})

    def label(self) -> None:
        """Code an event somewhere."""
        start = round(self.dice.uniform(0, 50), 3)
        self.change({"new": {
            "recording": f"interview_0{self.dice.randint(1, 3)}", "label": self.dice.choice(LABELS),
            "start": start, "end": start + 1.5, "subject": "", "tier": "", "score": None,
            "status": "annotated", "by": "", "use": 0.0, "asked": False,
        }})  # fmt: skip

    def pick(self, *statuses: str) -> tuple[str, Rows] | None:
        """An event of these statuses."""
        found = [k for k, v in self.rows.items() if k[1:].isdigit() and v["status"] in statuses]
        key = self.dice.choice(sorted(found)) if found else ""
        return (key, self.rows[key]) if key else None

    def judge(self) -> None:
        """Accept, relabel or reject a suggestion."""
        if (chosen := self.pick("suggested")) is None:
            return self.learn()
        key, row = chosen
        status = self.dice.choice(("accepted", "edited", "rejected"))
        label = row["label"] or self.dice.choice(LABELS)
        self.change({key: {**row, "label": label, "status": status, "asked": False}})

    def drag(self) -> None:
        """Move an edge."""
        if chosen := self.pick("annotated", "accepted", "edited"):
            key, row = chosen
            self.change({key: {**row, "end": round(row["end"] - self.dice.uniform(0, 0.1), 3)}})

    def remove(self) -> None:
        """Take an event away."""
        if chosen := self.pick("annotated", "rejected"):
            self.change({chosen[0]: None})

    def undo(self) -> None:
        """Take back the last change of this tab."""
        self.turn("undo", self.before, self.after)

    def redo(self) -> None:
        """Do again what was taken back."""
        self.turn("redo", self.after, self.before)

    def turn(self, way: str, there: list[Rows], back: list[Rows]) -> None:
        """Go to the last of these, if there is one; the way back is kept."""
        if there:
            self.maybe = there[-1]
            assert self.ask(way, {"tab": "t", "since": self.since})["done"]
            back.append(self.rows)
            self.rows = there.pop()

    def learn(self) -> None:
        """A round; what it suggests is what was answered."""
        answer = self.ask(f"learn?after={self.ask('events')['number']}", {"tab": "t", "since": 0})
        self.before.append(self.rows)
        self.after.clear()
        self.rows = merged(self.rows, answer["rows"])

    def go_on(self, steps: int) -> None:
        """Do this and that until the server is gone."""
        doing = {self.label: 4, self.judge: 6, self.drag: 4, self.undo: 3, self.redo: 2,
                 self.remove: 1}  # fmt: skip
        for _ in range(steps):
            self.maybe = None
            self.dice.choices(list(doing), list(doing.values()))[0]()
            self.answered += 1


def merged(rows: Rows, changes: Rows) -> Rows:
    """Rows with changes; None takes one away."""
    return {key: value for key, value in (rows | changes).items() if value is not None}


def opened(folder: Path) -> tuple[Running, str]:
    """A server of three made interviews, and its address."""
    import edgcn.commands.studio as commands

    read, write = os.pipe()

    def to_pipe() -> None:
        commands.DEMO_OF = {**commands.DEMO_OF, "minutes": 1.0}  # the encoder has looked sooner
        os.dup2(write, 1)
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    running = start("studio", "demo", "--out", folder, "--no-open", before=to_pipe)
    os.close(write)
    with os.fdopen(read) as told:
        for line in told:
            if line.startswith("open http"):
                return running, line.split()[1]
    raise AssertionError(running.wait().errors)


def coding(count: int, *, work: Path, seed: int) -> str:
    """Kill a server so often; what was tried and lost."""
    import edgcn.web.app  # noqa: F401

    dice, folder = random.Random(seed), work / "coding"
    work.mkdir(parents=True, exist_ok=True)
    rows: Rows = {}
    maybe: Rows | None = None
    answered = cut = 0
    for trial in range(count + 1):  # the last one is only looked at
        running, address = opened(folder)
        try:
            coder = Coder(address, dice, rows)
            first = coder.ask("events")
            found, coder.since = merged({}, first["rows"]), first["number"]
            wait_for(lambda coder=coder: coder.ask("events")["features"]["ready"])
            if trial == 0:
                coder.rows = found
                for _ in range(8):
                    coder.label()
                coder.learn()
                coder.before.clear()
                coder.since = coder.ask("events")["number"]
            else:
                known = found in (rows, maybe) or one_more(found, rows)
                assert known, f"kill {trial}: {different(found, rows)}"
                cut += found != rows
                coder.rows = found
            if trial < count:
                moment = dice.uniform(0, LONGEST)
                killer = threading.Timer(moment, os.kill, (running.pid, signal.SIGKILL))
                killer.start()
                with contextlib.suppress(OSError, http.client.HTTPException):
                    coder.go_on(10_000)
                killer.join()
            rows, maybe = coder.rows, coder.maybe
            answered += coder.answered
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGKILL)
            running.started = time.monotonic()  # it may have served for long
            running.wait()
    return f"{answered} changes answered, none lost; {cut} more were written and not answered"


def one_more(found: Rows, rows: Rows) -> bool:
    """Whether there is what was answered, and one new event, or the round that was asked for."""
    gone = {k: v for k, v in rows.items() if found.get(k) != v}
    new = {k for k in found if k not in rows}
    learned = any(key.startswith("round:") for key in new)
    if learned:
        gone = {k: v for k, v in gone.items() if v["status"] != "suggested"}
    return not gone and (learned or len(new) == 1)


def different(found: Rows, rows: Rows) -> dict[str, Any]:
    """What is not as it was answered."""
    keys = sorted(k for k in found.keys() | rows.keys() if found.get(k) != rows.get(k))
    return {key: str((rows.get(key), found.get(key)))[:300] for key in keys[:5]}


def wait_for(true: Callable[[], bool]) -> None:
    """Until it is so."""
    end = time.monotonic() + READY
    while not true():
        assert time.monotonic() < end, f"not so in {READY} s"
        time.sleep(0.2)
