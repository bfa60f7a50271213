"""Learns from what was coded and suggests the rest: logistic regression with a class of its own for
what is none of the labels, on windows.

coded events, windows -> `spot` -> suggested events, least certain first

`spot` is the one function that knows how gestures are found; a better spotter takes its place here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.evaluation.logistic import fit_few
from edgcn.web.features import Windows

SAME, OTHER = 0.5, 0.2  # IoU from which a window is an event, and below which it is background
CERTAIN = 0.3  # confidence from which something is suggested
COVERED = 0.2  # IoU from which two suggestions are of the same event
BACKGROUND = 4  # windows without an event for each one with, at most
MARGIN = 2.0  # seconds around coded events that somebody has looked at


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

    def without(self, rows: frozenset[int]) -> "Coded":
        """The same without some recordings."""
        kept = ({r: e for r, e in group.items() if r not in rows}
                for group in (self.events, self.rejected))  # fmt: skip
        events, rejected = kept
        return Coded(events, rejected, self.seen - rows, self.labels)


@dataclass(frozen=True)
class Found:
    """Suggestions of one recording and how useful each is to look at."""

    events: tuple[Event, ...]
    use: tuple[float, ...]


def spot(
    windows: Windows,
    coded: Coded,
    names: Sequence[str],
    *,
    by: str,
    only: frozenset[int] | None = None,
    seed: int = 0,
) -> dict[int, Found]:
    """Suggestions by row of the recording; none where the coder has said what is there.

    Args:
        names: of the recordings.
        by: who suggests.
        only: rows of the recordings to look at; all by default.

    Raises:
        EdgcnError: nothing is coded, or no window fits what is.
    """
    labels, taught = targets(windows, coded, np.random.default_rng(seed))
    positive = labels >= 0
    if not (taught & positive).any():
        raise EdgcnError("code a few gestures first: there is nothing to learn from")
    classes = len(coded.labels)
    numbers = np.where(positive, labels, classes)[taught]
    if len(np.unique(numbers)) < 2:
        raise EdgcnError("code gestures of two labels, or look through a recording, to learn from")
    probe = fit_few(
        windows.vectors[taught], numbers, among=windows.vectors[taught], classes=classes + 1
    )
    kept: dict[int, list[tuple[int, Event]]] = {}
    for row in sorted(
        set(np.unique(windows.recordings).tolist()) & (only or set(range(len(names))))
    ):
        chosen = np.flatnonzero(windows.recordings == row)
        likely = probe.probabilities(windows.vectors[chosen])[:, :classes]
        known = [*coded.events.get(row, ()), *coded.rejected.get(row, ())]
        kept[row] = _of_recording(windows, chosen, likely, known, coded.labels, names[row], by)
    return _with_use(windows, kept, windows.vectors[taught])


def _with_use(
    windows: Windows,
    kept: Mapping[int, Sequence[tuple[int, Event]]],
    known: Float[np.ndarray, "k r"],
) -> dict[int, Found]:
    """How useful each suggestion is: the less certain, and the less like anything known."""
    every = np.array([index for pairs in kept.values() for index, _ in pairs], dtype=np.int64)
    strange = dict(zip(every.tolist(), strangeness(windows.vectors[every], known), strict=True))
    found = {}
    for row, pairs in kept.items():
        uses = (1.4 * (1 - float(e.score or 0)) + 0.3 * strange[index] for index, e in pairs)
        found[row] = Found(tuple(e for _, e in pairs), tuple(round(float(use), 4) for use in uses))
    return found


def targets(
    windows: Windows, coded: Coded, dice: np.random.Generator
) -> tuple[Int[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """The class of each window, -1 for none, and which windows are learned from."""
    labels = np.full(len(windows), -1)
    overlap, away = np.zeros(len(windows)), np.zeros(len(windows), dtype=bool)
    sure = np.zeros(len(windows), dtype=bool)
    for row in {*coded.events, *coded.rejected, *coded.seen}:
        chosen = np.flatnonzero(windows.recordings == row)
        looked = np.zeros(len(chosen), dtype=bool) | (row in coded.seen)
        for event in coded.events.get(row, ()):
            shared = shares(windows, chosen, event)
            best = shared > overlap[chosen]
            own = best & ((shared >= SAME) | (shared == shared.max(initial=1e-9)))
            labels[chosen[own]] = coded.labels.index(event.label)
            overlap[chosen[best]] = shared[best]
            looked |= (windows.ends[chosen] <= event.end + MARGIN) & (
                windows.starts[chosen] >= event.start - MARGIN
            )
        away[chosen] = looked & (overlap[chosen] < OTHER)
        for event in coded.rejected.get(row, ()):
            near = (shares(windows, chosen, event) >= SAME) & (overlap[chosen] < OTHER)
            sure[chosen[near]] = True
    positive = labels >= 0
    rest = np.flatnonzero(away & ~sure & ~positive)
    most = max(BACKGROUND * int(positive.sum()), 20)
    if len(rest) > most:
        rest = dice.choice(rest, most, replace=False)
    taught = positive | sure
    taught[rest] = True
    return labels, taught


def shares(
    windows: Windows, chosen: Int[np.ndarray, " k"], event: Event
) -> Float[np.ndarray, " k"]:
    """IoU of some windows with an event."""
    starts, ends = windows.starts[chosen], windows.ends[chosen]
    shared = np.minimum(ends, event.end) - np.maximum(starts, event.start)
    whole = np.maximum(ends, event.end) - np.minimum(starts, event.start)
    return np.asarray(np.maximum(shared, 0) / np.maximum(whole, 1e-9))


def strangeness(
    vectors: Float[np.ndarray, "n r"], known: Float[np.ndarray, "k r"]
) -> Float[np.ndarray, " n"]:
    """How unlike everything that was learned from, as a rank 0..1: one minus the highest cosine."""
    unit, others = (v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-9)
                    for v in (vectors, known))  # fmt: skip
    near = np.full(len(unit), -1.0)
    for first in range(0, len(others), 512):
        near = np.maximum(near, (unit @ others[first : first + 512].T).max(axis=1))
    return np.argsort(np.argsort(-near)) / max(1, len(near) - 1)


def _of_recording(
    windows: Windows,
    chosen: Int[np.ndarray, " k"],
    likely: Float[np.ndarray, "k classes"],
    known: Sequence[Event],
    labels: Sequence[str],
    name: str,
    by: str,
) -> list[tuple[int, Event]]:
    """Greedy suppression: the most likely windows first, and none that overlaps an earlier one.

    Returns:
        In the order of time, with the window of each.
    """
    order = np.argsort(windows.starts[chosen], kind="stable")
    chosen, likely = chosen[order], likely[order]
    starts, longest = windows.starts[chosen], float((windows.ends - windows.starts).max())
    best, which = likely.max(axis=1), likely.argmax(axis=1)
    free, kept = best >= CERTAIN, []

    def cover(event: Event) -> None:
        near = slice(*np.searchsorted(starts, [event.start - longest, event.end]).tolist())
        free[near] &= shares(windows, chosen[near], event) < COVERED

    for event in known:
        cover(event)
    for at in np.argsort(-best, kind="stable").tolist():
        if not free[at]:
            continue
        index = chosen[at]
        event = Event(
            name, labels[which[at]], round(float(windows.starts[index]), 3),
            round(float(windows.ends[index]), 3), score=round(float(best[at]), 4),
            status="suggested", by=by,
        )  # fmt: skip
        kept.append((int(index), event))
        cover(event)
    return sorted(kept, key=lambda pair: pair[1].start)


def within(rows: Sequence[Event], coded: Coded, row: int) -> list[Event]:
    """Those that lie where the coder has looked: in all of a recording, or around coded events."""
    if row in coded.seen:
        return list(rows)
    known = coded.events.get(row, ())
    return [
        replace(event) for event in rows
        if any(event.start >= k.start - MARGIN and event.end <= k.end + MARGIN for k in known)
    ]  # fmt: skip
