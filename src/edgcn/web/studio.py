"""One store that is open in the page: its coding, its features, its videos; what the page asks."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.annotations.events import Event, Events, stem
from edgcn.base.errors import EdgcnError
from edgcn.evaluation.agreement import NO_MATCH, agreement, links
from edgcn.inference.recognizer import Recognizer
from edgcn.store import Store
from edgcn.web import looks
from edgcn.web.coding import CODED, Coding, event_of, row_of
from edgcn.web.features import Features
from edgcn.web.frames import Moving, edges_of
from edgcn.web.learn import Coded, Suggestion, learn, suggest
from edgcn.web.teach import taught
from edgcn.web.worth import advice, worth

SENTENCES = (
    "Gestures are not emotions: what is counted here is what people do.",
    "This is no medical device.",
    "Nothing leaves this machine.",
)
VIDEOS = (".mp4", ".webm", ".m4v", ".ogv", ".mov")  # of which browsers play some
Tables = Callable[..., list[dict[str, Any]]]


@dataclass
class Studio:
    """What is open.

    Args:
        folder: where the journal and the features are kept.
        coder: initials of who codes.
        rates: events, by -> rows of counts, rates and shares; from the command.
        agreed: two tables of events -> rows of what they agree on; from the command.
        videos: folder with a file for each recording, by name.
    """

    store: Store
    model: Recognizer
    title: str
    folder: Path
    coder: str
    rates: Tables
    agreed: Tables
    videos: Path | None = None
    coding: Coding = field(init=False)
    features: Features = field(init=False)
    _learning: threading.Lock = field(init=False, default_factory=threading.Lock)
    _looking: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.coding = Coding(self.folder / "journal.jsonl", self.store)
        self.features = Features(self.store, self.model, self.folder / "features", self._draw)
        self.names = list(self.coding.row_of)
        subjects = self.store.recordings.subjects.tolist()
        self.people = [subject or name for subject, name in zip(subjects, self.names, strict=True)]
        self.moving = [Moving(self.store, row) for row in range(len(self.names))]

    def about(self) -> dict[str, Any]:
        """What the page has to know before it draws."""
        table, topology = self.store.recordings, self.store.topology
        return {
            "title": self.folder.name.removesuffix(".studio"), "model": self.title,
            "coder": self.coder,
            "sentences": SENTENCES, "note": self.store.note,
            "joints": topology.joints, "bones": topology.edges,
            "mirror": [[topology.index(a), topology.index(b)] for a, b in topology.mirror],
            "center": topology.index(topology.center), "dims": self.store.dims,
            "bodies": self.store.bodies, "units": self.store.units,
            "recordings": [
                {
                    "name": name, "subject": str(table.subjects[row]),
                    "condition": str(table.conditions[row]), "frames": int(table.lengths[row]),
                    "fps": float(table.fps[row]), "seconds": self.coding.seconds[name],
                    "uneven": self.store.times is not None, "video": name in self.video_files,
                }
                for row, name in enumerate(self.names)
            ],
        }  # fmt: skip

    @cached_property
    def video_files(self) -> dict[str, Path]:
        """The video of each recording that has one; links that lead out of the folder are none."""
        if self.videos is None:
            return {}
        root = self.videos.resolve()
        found: dict[str, Path] = {}
        plain = {stem(name): name for name in self.names}
        for path in sorted(self.videos.iterdir()):
            name = plain.get(stem(path.name))
            inside = path.resolve().is_relative_to(root)
            if name and path.suffix.lower() in VIDEOS and path.is_file() and inside:
                found.setdefault(name, path.resolve())
        return found

    def at(self, row: int) -> Moving:
        """A recording by its number.

        Raises:
            EdgcnError: there is none.
        """
        if not 0 <= row < len(self.moving):
            raise EdgcnError(f"there is no recording {row}: there are {len(self.moving)}")
        return self.moving[row]

    def edges(self, row: int, at: float) -> dict[str, float]:
        """Where the movement around a moment begins and ends."""
        moving = self.at(row)
        start, end = edges_of(moving.motion, np.asarray(self.store.times_of(row)), at)
        return {"start": round(start, 3), "end": round(end, 3)}

    # Learning

    def coded(self) -> Coded:
        """What was said so far, by row of the recording."""
        events: dict[int, list[Event]] = {}
        rejected: dict[int, list[Event]] = {}
        labels = dict.fromkeys(self.coding.under("label"))
        for key, value in self.coding.rows().items():
            into = events if value["status"] in CODED else rejected
            if value["status"] != "suggested":
                row = self.coding.row_of[value["recording"]]
                into.setdefault(row, []).append(event_of(value, key))
                labels |= {value["label"]: None} if into is events else {}
        seen = (name for name, done in self.coding.under("seen").items() if done)
        rows = frozenset(self.coding.row_of[n] for n in seen if n in self.coding.row_of)
        used = {event.label for rows in events.values() for event in rows}
        return Coded(events, rejected, rows, tuple(label for label in labels if label in used))

    def learn(self, tab: str) -> dict[str, Any]:
        """Learn from what is coded, replace all suggestions, and say what the round is worth."""
        with self._learning:
            windows, coded = self.features.windows(), self.coded()
            by = f"studio:{self.title}"
            if not coded.events and hasattr(self.model, "spotter_"):
                found = self._first()
                notes: tuple[str, ...] = ("suggested by what it learned elsewhere",)
                scores: dict[str, Any] = {"why": f"{self.title} learned nothing here yet"}
            else:
                learnt = learn(windows, coded, self.people)
                found = suggest(windows, coded, learnt, self.names, by=by)
                scores = worth(windows, coded, learnt, self.names, self.people)
                notes = learnt.notes
            old = self.coding.rows()
            rounds = self.coding.under("round")
            number = 1 + max((int(n) for n in rounds if n.isdigit()), default=0)
            earlier = [rounds[n] for n in sorted(rounds, key=int)]
            result = {
                **scores, "number": number, "corrected": corrected(old),
                "coded": sum(map(len, coded.events.values())),
                "suggested": sum(not each.asked for each in found), "notes": notes,
            }  # fmt: skip
            result["advice"] = advice([*earlier, result])
            rows: dict[str, Any] = {k: None for k, v in old.items() if v["status"] == "suggested"}
            for each in found:
                subject = self.store.recordings.subjects[self.coding.row_of[each.event.recording]]
                more = {"subject": str(subject), "use": each.use, "asked": each.asked}
                rows[f"new{len(rows)}"] = row_of(each.event) | more
            rows[f"round:{number}"] = result
            self.coding.journal.change(rows, tab=tab, by=by)
            return result

    def recognizer(self) -> bytes:
        """A recognizer's file of what is coded."""
        with self._learning:
            windows, coded = self.features.windows(), self.coded()
            return taught(self.model, self.store, windows, coded, self.people)

    def _first(self) -> list[Suggestion]:
        """What a recognizer that learned elsewhere suggests before anything is coded here."""
        by = f"studio:{self.title}"
        found = self.model.recognize(self.store).rows
        events = [replace(event, id="", status="suggested", by=by) for event in found]
        return [Suggestion(event, 1 - float(event.score or 0), False) for event in events]

    # Looking

    @cached_property
    def _map(self) -> dict[str, Any]:
        return looks.map_of(self.features.windows())

    def _draw(self) -> None:
        """Draw what takes seconds before anybody asks for it; who asks is told what is wrong."""
        with suppress(EdgcnError):
            self.map()
            self.motifs()

    def map(self) -> dict[str, Any]:
        """The map of all windows."""
        with self._looking:
            return self._map

    @cached_property
    def _motifs(self) -> list[dict[str, Any]]:
        windows = self.features.windows()
        lively = np.zeros(len(windows))
        for row in np.unique(windows.recordings).tolist():
            chosen = windows.recordings == row
            times = np.asarray(self.store.times_of(row))
            sums = np.concatenate([[0.0], np.cumsum(self.moving[row].motion, dtype=float)])
            first = np.searchsorted(times, windows.starts[chosen] - 1e-9)
            last = np.maximum(np.searchsorted(times, windows.ends[chosen] - 1e-9), first + 1)
            lively[chosen] = (sums[last] - sums[first]) / (last - first)
        return looks.motifs(windows, lively)

    def motifs(self) -> list[dict[str, Any]]:
        """What people do again and again, before anything has a name."""
        with self._looking:
            return self._motifs

    def neighbors(self, row: int, start: float, end: float) -> list[list[Any]]:
        """Windows like a part of a recording."""
        self.at(row)
        return looks.neighbors(self.features.windows(), row, Event("", "", start, end))

    # Counting

    def table_of(self, who: str) -> Events:
        """The events of a side of a comparison: mine, suggested, or a coder's."""
        if who == "mine":
            return self.coding.table()
        return (
            self.coding.table(("suggested",)) if who == "suggested" else self.coding.of_coder(who)
        )

    def compare(self, a: str, b: str) -> dict[str, Any]:
        """What two sides agree on, and how often which label met which."""
        one, two = self.table_of(a), self.table_of(b)
        both = agreement(one.rows, two.rows)
        return {
            "rows": self.agreed(one, two, both),
            "labels": both.labels,
            "table": both.table.tolist(),
            "cells": self._cells(one.rows, two.rows, both.labels),
        }

    def _cells(
        self, one: Sequence[Event], two: Sequence[Event], labels: Sequence[str]
    ) -> list[list[Any]]:
        """Of each event of a table of agreement: its row and column, its recording and times."""
        pairs = links(one, two)
        left = set(range(len(one))) - {i for i, _ in pairs}
        right = set(range(len(two))) - {j for _, j in pairs}
        cells = [(one[i].label, two[j].label, one[i]) for i, j in pairs]
        cells += [(one[i].label, NO_MATCH, one[i]) for i in sorted(left)]
        cells += [(NO_MATCH, two[j].label, two[j]) for j in sorted(right)]
        place, rows = {label: n for n, label in enumerate(labels)}, self.coding.row_of
        return [
            [place[a], place[b], rows[event.recording], event.start, event.end]
            for a, b, event in cells
        ]


def corrected(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """How many events there are of each status."""
    counts = dict.fromkeys((*CODED, "rejected"), 0)
    for value in rows.values():
        if value["status"] in counts:
            counts[value["status"]] += 1
    return counts


def sorted_rounds(rounds: Mapping[str, Any]) -> Sequence[Any]:
    """Rounds in the order of their numbers."""
    return [rounds[name] for name in sorted(rounds, key=int)]
