"""What it is worth to correct suggestions: `python -m benchmarks.studio_rounds [--keep DIR]`.

A made coder labels five gestures of two labels, then judges 20 suggestions, and again. Beside it,
20 labels by hand: the next gesture after moments drawn at random, and in the order of time. Event
F1 (IoU 0.3) on what is not labelled yet, and on people that nobody coded; three seeds. Made
interviews, and UTKinect where it is in EDGCN_DATA: how the page suggests was chosen with its
training subjects and on interviews of the seeds 0 to 2, and not with what is scored here besides.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from edgcn.annotations.events import Event, moved
from edgcn.base.errors import EdgcnError
from edgcn.commands.convert import events_of
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.evaluation.event_scores import event_counts, iou
from edgcn.inference.choose import Learnt
from edgcn.inference.recognizer import load
from edgcn.readers.synthetic import read_synthetic
from edgcn.store import Store, open_store, write_store
from edgcn.web.features import Features, Windows
from edgcn.web.learn import Coded, examples_of, joined, learn_from, suggest

SEEDS, JUDGED, ROUNDS = (3, 4, 5), 20, 2
AT_ONCE = 5  # judgements between two rounds of learning, as the page has it
ORDERS = ("suggestions", "at random", "in order of time")
# Whose recordings are coded; those of the others never are.
PEOPLE = {"interviews": 4, "utkinect": 3, "utkinect-test": 3}


def _key(event: Event) -> tuple[str, float]:
    return event.recording, event.start


@dataclass
class World:
    """Recordings with all that is true of them.

    Args:
        pool: rows of the recordings that are coded.
    """

    windows: Windows
    truth: Sequence[Event]
    names: list[str]
    people: list[str]
    pool: frozenset[str]

    @property
    def parts(self) -> tuple[Windows, Windows]:
        """The recordings that are coded, and those that never are."""
        mine, others = (
            {
                row: f
                for row, f in self.windows.footage.items()
                if (self.names[row] in self.pool) == own
            }
            for own in (True, False)
        )
        return replace(self.windows, footage=mine), replace(self.windows, footage=others)


@dataclass
class Person:
    """A made coder, who knows what is true, and what was said so far."""

    world: World
    dice: np.random.Generator
    known: dict[tuple[str, float], Event] = field(default_factory=dict)
    rejected: list[Event] = field(default_factory=list)
    looked: dict[int, float] = field(default_factory=dict)

    @property
    def rest(self) -> list[Event]:
        """What is not labelled yet."""
        return [e for e in self.world.truth if self.own(e) and _key(e) not in self.known]

    def own(self, event: Event) -> bool:
        """Whether it is in a recording that is coded."""
        return event.recording in self.world.pool

    def label(self, event: Event, status: str = "annotated") -> None:
        """Say what is true."""
        self.known[_key(event)] = replace(event, status=status)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Five gestures of two labels."""
        rows = self.rest
        labels = sorted({e.label for e in rows if sum(o.label == e.label for o in rows) > 2})
        for label, count in zip(self.dice.choice(labels, 2, replace=False), (3, 2), strict=True):
            of = [e for e in rows if e.label == label]
            for at in self.dice.permutation(len(of))[:count].tolist():
                self.label(of[at])

    def judge(self, event: Event) -> None:
        """Code what a suggestion meets as it truly is, or reject it."""
        near = [e for e in self.rest if e.recording == event.recording]
        best = max(near, key=lambda e: iou(e, event), default=None)
        if best is not None and iou(best, event) >= 0.3:
            self.label(best, "edited")
        else:
            self.rejected.append(event)

    def coded(self) -> Coded:
        """What was said, as the page learns from it."""
        row_of = {name: row for row, name in enumerate(self.world.names)}
        groups: tuple[dict[int, list[Event]], dict[int, list[Event]]] = ({}, {})
        for into, rows in zip(groups, (self.known.values(), self.rejected), strict=True):
            for event in rows:
                into.setdefault(row_of[event.recording], []).append(event)
        return Coded(*groups, frozenset(), tuple(sorted({e.label for e in self.known.values()})))

    def learnt(self) -> Learnt:
        """What the page learns; in the order of time, what was watched is looked through."""
        world, coded = self.world, self.coded()
        examples, rows = examples_of(world.windows, coded, world.people), coded.rows(world.windows)
        for at, row in enumerate(rows):
            if row in self.looked:
                spans = joined([*(examples[at].looked or ()), (0.0, self.looked[row])])
                examples[at] = replace(examples[at], looked=spans)
        return learn_from(world.windows, examples, rows, len(coded.labels), 0)


def rounds(world: World, order: str, seed: int) -> list[tuple[float, float]]:
    """Event F1 on the rest and on other people, at first and after each round."""
    person = Person(world, np.random.default_rng(seed))
    person.begin()
    scores = []
    for place in range(ROUNDS * JUDGED // AT_ONCE + 1):
        scored = place % (JUDGED // AT_ONCE) == 0
        if order != "suggestions" and not scored:
            by_hand(person, at_random=order == "at random")
            continue
        coded, learnt = person.coded(), person.learnt()
        mine, others = (suggest(part, coded, learnt, world.names, by="") for part in world.parts)
        if scored:
            other = [e for e in world.truth if not person.own(e)]
            rest, elsewhere = (
                event_counts(truth, [s.event for s in found if not s.asked], 0.3).f1
                for truth, found in ((person.rest, mine), (other, others))
            )
            scores.append((rest, elsewhere))
        if order == "suggestions":
            for each in sorted(mine, key=lambda s: -s.use)[:AT_ONCE]:
                person.judge(each.event)
            continue
        by_hand(person, at_random=order == "at random")
    return scores


def by_hand(person: Person, *, at_random: bool) -> None:
    """Label some gestures: after a moment drawn at random, or the next one of all."""
    for _ in range(AT_ONCE):
        label_one(person, at_random=at_random)


def label_one(person: Person, *, at_random: bool) -> None:
    """Label the next gesture after a moment drawn at random, or the next one of all."""
    rest = person.rest
    if not rest:
        return
    if at_random:
        name = sorted(person.world.pool)[int(person.dice.integers(len(person.world.pool)))]
        row = person.world.names.index(name)
        moment = person.dice.uniform(0, person.world.windows.footage[row].seconds)
        after = [e for e in rest if e.recording == name and e.start >= moment]
        person.label((after or rest)[0])
        return
    person.label(rest[0])
    person.looked[person.world.names.index(rest[0].recording)] = rest[0].end


def world_of(store: Store, folder: Path, pool: int, side: int | None = None) -> World:
    """A store with the windows of its recordings, or of its training (0) or test people (1)."""
    windows = Features(store, load("edgcn-s"), folder / "features", lambda: None).compute()
    assert windows is not None
    table = store.recordings
    names, people = table.names.tolist(), table.subjects.tolist()
    truth = moved(
        events_of(store), {n: -float(s) for n, s in zip(names, table.starts, strict=True)}
    )
    rows, here = truth.rows, list(range(len(names)))
    if side is not None:
        here = np.flatnonzero(store.sides()[side]).tolist()
        own = {names[row] for row in here}
        rows = tuple(row for row in rows if row.recording in own)
        footage = {row: windows.footage[row] for row in here if row in windows.footage}
        windows = replace(windows, footage=footage)
    coders = list(dict.fromkeys(people[row] for row in here))[:pool]
    mine = frozenset(n for n, who in zip(names, people, strict=True) if who in coders)
    return World(windows, rows, names, people, mine)


def worlds(kind: str, keep: Path) -> list[World]:
    """One for each seed; recordings of people are the same for all."""
    if kind == "interviews":
        made = []
        for seed in SEEDS:
            folder = keep / f"interviews-{seed}"
            if not (folder / "store").exists():
                folder.mkdir(parents=True, exist_ok=True)
                people = read_synthetic(
                    seed=seed, subjects=6, interviews=6, minutes=3.0, gestures=7
                )
                write_store(people, folder / "store")
            made.append(world_of(open_store(folder / "store"), folder, PEOPLE[kind]))
        return made
    data = Path(os.environ.get("EDGCN_DATA", "../shared/data")) / "spotting" / "utkinect.npz"
    if not data.is_file():
        raise EdgcnError(f"{data} is not there")
    folder = keep / "utkinect"
    if not (folder / "store").exists():
        folder.mkdir(parents=True, exist_ok=True)
        prepare(PrepareConfig(reader="events_npz", path=data, out=folder / "store"))
    store = open_store(folder / "store")
    side = int(kind == "utkinect-test")
    return [world_of(store, folder, PEOPLE[kind], side)] * len(SEEDS)


def main() -> None:
    """Print a table for each kind of recordings."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path, default=Path("bench-studio"))
    parser.add_argument("--only", choices=list(PEOPLE))
    given = parser.parse_args()
    for kind in [given.only] if given.only else PEOPLE:
        every = worlds(kind, given.keep)
        print(f"| {kind} | labels first | " + " | ".join(
            f"{JUDGED * n} more" for n in range(1, ROUNDS + 1)), "|")  # fmt: skip
        print("|---" * (ROUNDS + 2) + "|", flush=True)
        for order in ORDERS:
            scores = np.array(
                [rounds(world, order, seed) for seed, world in zip(SEEDS, every, strict=True)]
            )
            cells = [
                f"{rest.mean():.2f} ({', '.join(f'{s:.2f}' for s in rest)}); {other.mean():.2f}"
                for rest, other in scores.transpose(1, 2, 0)
            ]
            print(f"| {order} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
