"""Learns from what was coded so far and suggests the rest, most useful to look at first.

coded events, windows -> a spotter (`inference/learn.py`) -> suggested events

What lies between coded events is nothing unless somebody looked there: in a recording that was
looked through, and a little around what was coded or judged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.inference.choose import Learnt, Scored, events_of
from edgcn.inference.examples import Example, Span
from edgcn.inference.learn import learn_layers, to_learn_from
from edgcn.inference.spot import Found, Spotter, probabilities
from edgcn.inference.spot import Windows as Scanned
from edgcn.web.features import GRID, Windows
from edgcn.web.order import in_order

TAUGHT = 3000  # windows that are learned from: more take longer than a person waits
BESIDE = {"annotated": 2.0}  # seconds around an event that its coder has looked at
LOOPED = 1.0  # seconds around a suggestion that the page plays with it
ENOUGH = 60  # held-out events without which thresholds are not chosen: few choose badly
ASKED = 60  # suggestions below the threshold that are asked about, at most
AGAIN = 0.3  # IoU with a rejected event from which something is not suggested again


@dataclass(frozen=True)
class Coded:
    """What a person has said so far.

    Args:
        events: by recording's row, what is there.
        rejected: likewise, what is not.
        seen: rows of recordings that were looked through: what has no event there is background.
        labels: the classes.
    """

    events: Mapping[int, Sequence[Event]]
    rejected: Mapping[int, Sequence[Event]]
    seen: frozenset[int]
    labels: tuple[str, ...]

    def rows(self, windows: Windows) -> list[int]:
        """Recordings that say something."""
        said = {
            row for group in (self.events, self.rejected) for row, each in group.items() if each
        }
        return sorted((said | self.seen) & windows.footage.keys())


def examples_of(windows: Windows, coded: Coded, people: Sequence[str]) -> list[Example]:
    """What was said of the recordings of `coded.rows`, as a spotter learns from it."""
    number = {label: at for at, label in enumerate(coded.labels)}
    made = []
    for row in coded.rows(windows):
        events, rejected = coded.events.get(row, ()), coded.rejected.get(row, ())
        looked = [(e.start - b, e.end + b) for e in events for b in [BESIDE.get(e.status, LOOPED)]]
        looked += [(e.start - LOOPED, e.end + LOOPED) for e in rejected]
        whole = (0.0, windows.footage[row].seconds)
        made.append(Example(
            windows.footage[row],
            tuple((e.start, e.end, number[e.label]) for e in events),
            looked=(whole,) if row in coded.seen else joined(looked),
            rejected=tuple((e.start, e.end) for e in rejected),
            person=people[row],
        ))  # fmt: skip
    return made


def joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The same spans, those that touch as one."""
    made: list[Span] = []
    for begin, end in sorted(spans):
        if made and begin <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((begin, end))
    return tuple(made)


def learn(windows: Windows, coded: Coded, people: Sequence[str], *, seed: int = 0) -> Learnt:
    """A spotter of what was coded.

    Raises:
        EdgcnError: nothing is coded, or no window fits what is.
    """
    if not any(coded.events.get(row) for row in coded.rows(windows)):
        raise EdgcnError("code a few gestures first: there is nothing to learn from")
    examples, rows = examples_of(windows, coded, people), coded.rows(windows)
    return learn_from(windows, examples, rows, len(coded.labels), seed)


def learn_from(
    windows: Windows, examples: Sequence[Example], rows: list[int], classes: int, seed: int
) -> Learnt:
    """A spotter of what is known of the recordings of these rows."""
    rng = np.random.default_rng((seed, len(examples)))
    wanted = to_learn_from(examples, GRID, classes, rng, TAUGHT)
    taught = windows.taught(wanted, rows)
    if len(np.unique(taught.labels)) < 2:
        raise EdgcnError("code gestures of two labels, or look through a recording, to learn from")

    def scanned(row: int, layer: Float[np.ndarray, "r q"]) -> Iterator[Scanned]:
        return windows.scan(rows[row], layer)

    return learn_layers(taught, examples, scanned, GRID, windows.basis, classes, ENOUGH)


@dataclass(frozen=True)
class Suggestion:
    """What may be an event; without a label where it is like nothing that was coded.

    Args:
        use: how useful it is to look at; the greatest first.
        asked: whether it is too unsure to be told, and only asked about.
    """

    event: Event
    use: float
    asked: bool


def suggest(
    windows: Windows, coded: Coded, learnt: Learnt, names: Sequence[str], *, by: str
) -> list[Suggestion]:
    """What may be events in all recordings, none where the coder has said what is there.

    Parts that nobody has a label for are among them, and asked about.
    """
    spotter, found = learnt.spotter, []
    for row in windows.footage:
        scored = probabilities(windows.scan(row, learnt.layer), spotter.bias, spotter.centers)
        free = unsaid(scored, coded.events.get(row, ()), coded.rejected.get(row, ()), spotter)
        kept = events_of(free, spotter)
        told = spotter.confidence(kept.probabilities) >= spotter.thresholds[kept.labels]
        events = named(kept, spotter, coded.labels, names[row], by)
        found += [(row, event, sure) for event, sure in zip(events, told.tolist(), strict=True)]
    said = [
        (row, event)
        for group in (coded.events, coded.rejected)
        for row, rows in group.items()
        if row in windows.footage
        for event in rows
    ]
    uses, strange = in_order(windows, learnt, [one[:2] for one in found], said, coded.seen)
    sure = np.array([told for *_, told in found], dtype=bool)
    asked = np.isin(np.arange(len(found)), np.flatnonzero(~sure)[np.argsort(-uses[~sure])[:ASKED]])
    return [
        Suggestion(event, round(float(use), 4), not told)
        for (_, event, told), use, ask in zip(found, uses, asked, strict=True)
        if told or ask
    ] + [
        Suggestion(replace(event, recording=names[row], status="suggested", by=by), use, True)
        for row, event, use in strange
    ]


def unsaid(
    scored: Scored, events: Sequence[Event], rejected: Sequence[Event], spotter: Spotter
) -> Scored:
    """Windows that are not on a coded event, and are none that was rejected."""
    starts, lengths, *_ = scored
    free, ends = np.ones(len(starts), dtype=bool), starts + lengths
    for event in events:
        shared = np.minimum(ends, event.end) - np.maximum(starts, event.start)
        free &= shared <= spotter.overlap * np.minimum(lengths, event.end - event.start)
    for event in rejected:
        shared = np.minimum(ends, event.end) - np.maximum(starts, event.start)
        free &= shared < AGAIN * (np.maximum(ends, event.end) - np.minimum(starts, event.start))
    starts, lengths, likely, distances = (column[free] for column in scored)
    return starts, lengths, likely, distances


def named(found: Found, spotter: Spotter, labels: Sequence[str], name: str, by: str) -> list[Event]:
    """Suggested events of a recording."""
    scores = spotter.confidence(found.probabilities)
    return [
        Event(name, labels[label], round(start, 3), round(end, 3), score=round(score, 4),
              status="suggested", by=by)
        for start, end, label, score in zip(
            found.starts.tolist(), found.ends.tolist(), found.labels.tolist(), scores.tolist(),
            strict=True,
        )
    ]  # fmt: skip
