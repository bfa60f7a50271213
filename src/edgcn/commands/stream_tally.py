"""What a stream took: frames, events, and how long each was worked on, in a memory that stays."""

import resource
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgcn.base.words import count

BINS = 1200  # of a spread, from a microsecond to a million seconds, 2.3 % wide each


class Spread:
    """Numbers in logarithmic bins: their quantiles in a memory that stays as large as it is."""

    def __init__(self) -> None:
        self.bins, self.most, self.total = np.zeros(BINS, dtype=np.int64), 0.0, 0

    def add(self, value: float) -> None:
        """One number, 0 or more."""
        place = int((np.log10(max(value, 1e-6)) + 6) * BINS / 12)
        self.bins[min(place, BINS - 1)] += 1
        self.most, self.total = max(self.most, value), self.total + 1

    def summary(self, factor: float) -> dict[str, float]:
        """Median, 95th percentile and maximum in another unit."""
        if not self.total:
            return {}
        sums = self.bins.cumsum()
        at = [int(np.searchsorted(sums, share * self.total)) for share in (0.5, 0.95)]
        p50, p95 = (min(10 ** ((place + 0.5) * 12 / BINS - 6), self.most) for place in at)
        return {
            k: round(v * factor, 3) for k, v in (("p50", p50), ("p95", p95), ("max", self.most))
        }


@dataclass
class Tally:
    """What happened so far."""

    frames: int = 0
    events: int = 0
    seconds: float = 0.0
    behind: float = 0.0
    bad: Counter[str] = field(default_factory=Counter)
    wall: Spread = field(default_factory=Spread)
    cpu: Spread = field(default_factory=Spread)
    known: Spread = field(default_factory=Spread)

    def record(self) -> dict[str, Any]:
        """As a line."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {
            "type": "end",
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "events": self.events,
            "bad": dict(self.bad.most_common(20)),
            "behind_s": round(self.behind, 3),
            "compute_ms": self.wall.summary(1e3),
            "cpu_ms": self.cpu.summary(1e3),
            "known_after_s": self.known.summary(1.0),
            "peak_memory_mb": round(peak / (1024 if sys.platform == "darwin" else 1)),
        }


def sentence(done: dict[str, Any]) -> str:
    """The summary for people."""
    cpu, known = done["cpu_ms"], done["known_after_s"]
    parts = [
        f"{count(done['frames'], 'frame')}, {done['seconds']:g} s",
        count(done["events"], "event"),
    ]
    if cpu:
        parts.append(
            f"{cpu['p50']:.2f} ms of a core a frame (p95 {cpu['p95']:.2f}, max {cpu['max']:.1f})"
        )
    if known:
        parts.append(f"known {known['p50']:.1f} s after their end (p95 {known['p95']:.1f})")
    if done["bad"]:
        parts.append(f"{sum(done['bad'].values())} left out as bad")
    if done["behind_s"] > 1:
        parts.append(f"{done['behind_s']:.1f} s behind at the worst")
    return "; ".join(parts)
