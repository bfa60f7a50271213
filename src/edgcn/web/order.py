"""What is most useful to look at next: suggestions, and questions about what has no label yet.

suggestions, windows of 2 s, what was judged -> uses (N,), questions

A suggestion can only be of a label that has examples; so windows that stand out from what is
beside them are asked about as well, whatever they are like. Each is worth as many windows as look
like it and like nothing that was judged (facility location); the best one is taken, then the best
one beside it, and so on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import softmax
from scipy.stats import rankdata

from edgcn.annotations.events import Event
from edgcn.inference.choose import Learnt
from edgcn.web.features import Windows

KIND = 4  # of LENGTHS: 2 s
PLACES = 1200  # windows that stand for all, at most
FIRST = 60  # that are put in order one after the other
LIKELIEST = 1500  # suggestions that may be among them, at most
NARROW = 4  # power of the cosine: how near windows are that look alike
OUT = 4  # power of the rank of how much a window stands out
APART = 0.3  # share of the shorter of two spans from which they are of the same event

Floats = Float[np.ndarray, " n"]
At = tuple[int, Event]  # a recording's row, and what is there


@dataclass(frozen=True)
class Places:
    """Windows that stand for all of the recordings.

    Args:
        rows: which windows.
    """

    windows: Windows
    rows: Int[np.ndarray, " n"]

    @classmethod
    def of(cls, windows: Windows) -> "Places":
        """Evenly over the recordings."""
        rows = np.flatnonzero(
            (windows.kinds == KIND) & np.isin(windows.recordings, list(windows.footage))
        )
        chosen = np.linspace(0, len(rows) - 1, min(PLACES, len(rows))).round().astype(int)
        return cls(windows, rows[chosen])

    @cached_property
    def vectors(self) -> Float[np.ndarray, "n q"]:
        """Of the windows."""
        return self.windows.at(self.rows)

    @cached_property
    def where(self) -> tuple[Int[np.ndarray, " n"], Floats, Floats]:
        """Their recordings' rows, starts and ends."""
        own = self.windows
        return own.recordings[self.rows], own.starts[self.rows], own.ends[self.rows]

    @cached_property
    def out(self) -> Floats:
        """How much each stands out: how unusual it is, beside how unusual its surroundings are."""
        inside = self.windows.basis.parts[0][2].shape[1]
        size = np.linalg.norm(self.vectors[:, :inside], axis=1)
        beside = np.linalg.norm(self.vectors[:, inside:], axis=1)
        ranks = rankdata(size / np.maximum(beside, 1e-9)) / max(1, len(size))
        return np.asarray(ranks**OUT, dtype=np.float64)

    def alike(self, vectors: Float[np.ndarray, "k q"]) -> Float[np.ndarray, "n k"]:
        """How much each place is like other windows, by what is inside of both."""
        inside = self.windows.basis.parts[0][2].shape[1]
        mine, other = (_unit(rows[:, :inside]) for rows in (self.vectors, vectors))
        return np.asarray(np.maximum(0, mine @ other.T) ** NARROW)

    def spans(self) -> list[At]:
        """The windows as events without a label."""
        of, starts, ends = (column.tolist() for column in self.where)
        return [
            (row, Event(self.windows.footage[row].name, "", start, end))
            for row, start, end in zip(of, starts, ends, strict=True)
        ]

    def free(self, taken: Sequence[At], seen: frozenset[int]) -> Bool[np.ndarray, " n"]:
        """Which are on nothing of these, and in no recording that was looked through."""
        of, starts, ends = self.where
        free = ~np.isin(of, list(seen))
        for row, event in taken:
            free &= (of != row) | ~_shares(starts, ends, event)
        return free


def in_order(
    windows: Windows, learnt: Learnt, found: Sequence[At], said: Sequence[At], seen: frozenset[int]
) -> tuple[Floats, list[tuple[int, Event, float]]]:
    """How useful it is to look at each suggestion; and at windows without a label, with their use.

    The first ones are between 1 and 2, those that follow below 1.

    Args:
        found: suggestions.
        said: what was coded or rejected.
        seen: recordings that were looked through: nothing has to be asked there.
    """
    places = Places.of(windows)
    vectors = _vectors(windows, found)
    likely = likelihood(vectors, learnt)
    uses, asked = likely / 2, list[tuple[int, Event, float]]()
    if not len(places.rows):
        return uses, asked
    chosen = np.argsort(-likely, kind="stable")[:LIKELIEST]
    own = [found[at] for at in chosen.tolist()]
    every = [*own, *places.spans()]
    of = np.array([row for row, _ in every])
    starts, ends = np.array([(event.start, event.end) for _, event in every]).T
    alike = np.concatenate([places.alike(vectors[chosen]), places.alike(places.vectors)], axis=1)
    cover = places.alike(_vectors(windows, said)).max(axis=1, initial=0.0)
    weight = np.concatenate([likely[chosen], places.out * places.free([*said, *found], seen)])
    # What is gained only ever shrinks: a gain is counted anew only where it seems the best.
    gains = weight * (places.out @ np.maximum(0, alike - cover[:, None]))
    for place in range(FIRST):
        while True:
            best = int(gains.argmax())
            was = gains[best]
            gains[best] = weight[best] * float(places.out @ np.maximum(0, alike[:, best] - cover))
            if gains[best] >= was - 1e-9:
                break
        if gains[best] <= 0:
            break
        use = 2 - place / FIRST
        if best < len(own):
            uses[chosen[best]] = use
        else:
            asked.append((*every[best], use))
        cover = np.maximum(cover, alike[:, best])
        gains[(of == of[best]) & _shares(starts, ends, every[best][1])] = 0.0
    return uses, asked


def likelihood(vectors: Float[np.ndarray, "n q"], learnt: Learnt) -> Floats:
    """How likely each window is an event, of whichever label."""
    bias = learnt.spotter.bias
    return np.asarray(1 - softmax(vectors @ learnt.layer[: len(bias)].T + bias, axis=1)[:, -1])


def _vectors(windows: Windows, rows: Sequence[At]) -> Float[np.ndarray, "n q"]:
    return windows.at(np.array([windows.nearest(*one) for one in rows], dtype=np.int64))


def _shares(starts: Floats, ends: Floats, event: Event) -> Bool[np.ndarray, " n"]:
    shared = np.minimum(ends, event.end) - np.maximum(starts, event.start)
    shorter = np.minimum(ends - starts, event.end - event.start)
    return np.asarray(shared > APART * shorter)


def _unit(vectors: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n q"]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
