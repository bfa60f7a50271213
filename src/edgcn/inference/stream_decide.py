"""Which windows are events, decided as soon as it is certain: `suppressed`, window after window.

A window is an event if no likelier event shares too much of the time with it. That is certain when
all windows that could are known; or, after a given wait, it is taken to be so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from edgcn.inference.spot import FLOOR, Found, Spotter


@dataclass(frozen=True)
class Candidate:
    """A window that may be an event."""

    start: float
    end: float
    label: int
    score: float
    distance: float

    @property
    def length(self) -> float:
        """Seconds."""
        return self.end - self.start

    @property
    def rank(self) -> tuple[float, float, float]:
        """Less for what is likelier, then earlier, then shorter."""
        return (-self.score, self.start, self.length)


class Decider:
    """The windows of one person that are not decided yet, and the events they must not overlap.

    Args:
        wait: seconds after the end of a window at which it is decided, whatever may still come.
    """

    def __init__(self, spotter: Spotter, wait: float) -> None:
        self.spotter, self.wait = spotter, wait
        self.open: list[Candidate] = []
        self.chosen: list[Candidate] = []

    def add(
        self,
        starts: Float[np.ndarray, " n"],
        lengths: Float[np.ndarray, " n"],
        likely: Float[np.ndarray, "n k1"],
        distances: Float[np.ndarray, " n"],
    ) -> None:
        """Windows that are known now."""
        spotter = self.spotter
        fits = (lengths[:, None] >= spotter.shortest) & (lengths[:, None] <= spotter.longest)
        own = np.where(fits, likely[:, :-1], 0)
        labels, scores = own.argmax(axis=1), own.max(axis=1)
        for row in np.flatnonzero(scores >= FLOOR).tolist():
            start, end = float(starts[row]), float(starts[row] + lengths[row])
            made = Candidate(
                start, end, int(labels[row]), float(scores[row]), float(distances[row])
            )
            if not any(self._clash(made, other) for other in self.chosen):
                self.open.append(made)

    def decide(self, unknown: Sequence[tuple[float, float]], now: float) -> Found:
        """The events that are certain now, in the order of time.

        Args:
            unknown: where the next window of each length begins, and its length; none at the end.
            now: seconds of the newest frame.
        """
        if not self.open:
            return self._found([])
        certain = self._certain(unknown, now)
        told, again = list[Candidate](), list[Candidate]()
        if certain.any():
            rows = zip(self.open, certain.tolist(), strict=True)
            for one, sure in sorted(rows, key=lambda row: row[0].rank):
                if any(self._clash(one, other) for other in told):
                    continue
                free = sure and not any(self._clash(one, other) for other in again)
                (told if free else again).append(one)
        else:
            again = self.open
        self.open = [one for one in again if not any(self._clash(one, each) for each in told)]
        self.chosen += told
        least = min([start for start, _ in unknown] + [one.start for one in self.open], default=now)
        self.chosen = [one for one in self.chosen if one.end > least]
        return self._found(sorted(told, key=lambda each: (each.start, each.length)))

    def _found(self, told: Sequence[Candidate]) -> Found:
        columns = [
            np.array([getattr(one, name) for one in told], dtype=kind)
            for name, kind in (
                ("start", float), ("end", float), ("label", np.int64),
                ("score", float), ("distance", float),
            )
        ]  # fmt: skip
        return Found(*columns)

    def _certain(self, unknown: Sequence[tuple[float, float]], now: float) -> np.ndarray:
        """Which candidates no window can share too much with that is not known yet."""
        starts, ends = (np.array([getattr(c, k) for c in self.open]) for k in ("start", "end"))
        if not unknown:
            return np.ones(len(starts), dtype=bool)
        following, lengths = np.array(unknown).T
        begin = np.maximum(following, starts[:, None])
        shared = np.minimum(begin + lengths, ends[:, None]) - begin
        least = np.minimum(lengths, (ends - starts)[:, None])
        certain = (shared <= self.spotter.overlap * least - 1e-9).all(axis=1)
        return np.asarray(certain | (now >= ends + self.wait))

    def _clash(self, one: Candidate, other: Candidate) -> bool:
        shared = min(one.end, other.end) - max(one.start, other.start)
        return shared > self.spotter.overlap * min(one.length, other.length)
