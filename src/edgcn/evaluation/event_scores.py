"""Scores of found events against true ones; every definition with its source.

two lists of events -> matches, counts and scores. All are of the same class or none; times are in
seconds; recordings never mix.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from edgcn.annotations.events import Event

Rows = Sequence[Event]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Counts:
    """Right, false and missed events."""

    right: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of the found events that are right; 0 where none was found."""
        return self.right / max(1, self.right + self.false)

    @property
    def recall(self) -> float:
        """Share of the true events that were found; 0 where there is none."""
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        """Their harmonic mean; 1 where nothing was to be found and nothing was."""
        total = 2 * self.right + self.false + self.missed
        return 2 * self.right / total if total else 1.0


def iou(a: Event, b: Event) -> float:
    """Intersection over union of two events in time, whatever their labels; 0 of two points."""
    union = max(a.end, b.end) - min(a.start, b.start)
    return max(0.0, min(a.end, b.end) - max(a.start, b.start)) / union if union > 0 else 0.0


def grouped(rows: Rows, key: Callable[[Event], Key]) -> dict[Key, list[int]]:
    """Rows by a key, as indices."""
    places: dict[Key, list[int]] = {}
    for index, row in enumerate(rows):
        places.setdefault(key(row), []).append(index)
    return places


def matches(truth: Rows, found: Rows, least: float) -> list[tuple[int, int]]:
    """Pairs of a true and a found event of one label, one to one.

    The pair with the highest IoU comes first, then the highest among those that are left (ties: in
    the order of the rows), as long as it is at least `least` and above 0.
    """
    by_place = grouped(found, lambda row: (row.recording, row.label))
    pairs = [
        (overlap, t, f)
        for t, row in enumerate(truth)
        for f in by_place.get((row.recording, row.label), ())
        if (overlap := iou(row, found[f])) >= least and overlap > 0
    ]
    taken: tuple[set[int], set[int]] = (set(), set())
    chosen = []
    for _, t, f in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if t not in taken[0] and f not in taken[1]:
            taken[0].add(t)
            taken[1].add(f)
            chosen.append((t, f))
    return chosen


def event_counts(truth: Rows, found: Rows, least: float) -> Counts:
    """Event F1, micro over recordings: pairs one to one (`matches`)."""
    right = len(matches(truth, found, least))
    return Counts(right, len(found) - right, len(truth) - right)


def event_counts_by_label(truth: Rows, found: Rows, least: float) -> dict[str, Counts]:
    """Event F1 of each label that either side has."""
    labels = sorted({row.label for row in (*truth, *found)})
    of = {label: _with(truth, label) for label in labels}
    return {label: event_counts(of[label], _with(found, label), least) for label in labels}


def macro_f1(counts: Mapping[str, Counts], truth: Rows) -> float:
    """Mean F1 of the labels that truth has."""
    labels = sorted({row.label for row in truth})
    return float(np.mean([counts[label].f1 for label in labels])) if labels else 1.0


def kit_counts(truth: Rows, found: Rows, least: float = 0.3) -> Counts:
    """Event F1 as MiGA's kit counts: IoU above `least`, and a found event may count again.

    For comparison with what was published only: it flatters. Where found events count more often
    than there are, `false` is below 0 and precision above 1. The kit itself counts in frames
    (`online.kit_scores`).
    """
    by_place = grouped(found, lambda row: (row.recording, row.label))
    right = sum(
        any(iou(row, found[f]) > least for f in by_place.get((row.recording, row.label), ()))
        for row in truth
    )
    return Counts(right, len(found) - right, len(truth) - right)


def segmental_counts(truth: Rows, found: Rows, least: float) -> Counts:
    """F1@k of action segmentation (Lea et al., CVPR 2017; MS-TCN, Farha & Gall, CVPR 2019).

    Found events in the order of time each take the true event of their label with the highest IoU;
    it counts if that is at least `least` and the true one is still free. Background is no event.
    """
    by_place = grouped(truth, lambda row: (row.recording, row.label))
    used: set[int] = set()
    right = 0
    for row in sorted(found, key=lambda row: (row.recording, row.start, row.end)):
        places = by_place.get((row.recording, row.label), ())
        best = max(places, key=lambda t: iou(truth[t], row), default=None)
        if best is not None and iou(truth[best], row) >= max(least, 1e-12) and best not in used:
            used.add(best)
            right += 1
    return Counts(right, len(found) - right, len(truth) - right)


def edit_score(truth: Rows, found: Rows, recordings: Iterable[str]) -> float:
    """Edit score of action segmentation, 0..1: mean over recordings (Lea et al., CVPR 2017).

    One minus the Levenshtein distance of the labels in the order of time, over the longer of the
    two; 1 where both have none.
    """
    scores = []
    for name in recordings:
        orders = [
            [r.label for r in sorted(_in(rows, name), key=lambda r: (r.start, r.end))]
            for rows in (truth, found)
        ]
        longer = max(map(len, orders))
        scores.append(1 - levenshtein(*orders) / longer if longer else 1.0)
    return float(np.mean(scores)) if scores else 1.0


def levenshtein(a: Sequence[str], b: Sequence[str]) -> int:
    """How many insertions, deletions and replacements make one sequence the other."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
    return row[-1]


@dataclass(frozen=True)
class Detection:
    """Scores of SHREC'21 (Caputo et al., Computers & Graphics 2021).

    Args:
        rate: share of the true events that were hit: more than half of it is covered by a found
            event of its label.
        false_rate: found events that hit none, over the number of true events.
        jaccard: of the time of each label, mean over the labels that truth has.
    """

    rate: float
    false_rate: float
    jaccard: float


def detection(truth: Rows, found: Rows) -> Detection:
    """The scores of SHREC'21."""
    by_place = grouped(found, lambda row: (row.recording, row.label))
    hit, hitting = 0, set[int]()
    for row in truth:
        over = [
            f
            for f in by_place.get((row.recording, row.label), ())
            if _overlap(row, found[f]) > 0.5 * (row.end - row.start)
        ]
        hit += bool(over)
        hitting |= set(over)
    times = time_by_label(truth, found)
    labels = sorted({row.label for row in truth})
    shares = [times[label][0] / max(1e-12, sum(times[label])) for label in labels]
    count = max(1, len(truth))
    return Detection(
        hit / count, (len(found) - len(hitting)) / count, float(np.mean(shares)) if shares else 1.0
    )


def time_by_label(truth: Rows, found: Rows) -> dict[str, tuple[float, float, float]]:
    """Seconds of each label that are in both, in the found events only, in the true ones only."""
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    sides = [grouped(rows, lambda row: (row.label, row.recording)) for rows in (truth, found)]
    for label, name in sides[0].keys() | sides[1].keys():
        true, false = (
            _merged([rows[i] for i in places.get((label, name), ())])
            for rows, places in zip((truth, found), sides, strict=True)
        )
        both = sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in true for b in false)
        lengths = [sum(end - start for start, end in spans) for spans in (true, false)]
        totals[label][0] += both
        totals[label][1] += lengths[1] - both
        totals[label][2] += lengths[0] - both
    return {label: (a, b, c) for label, (a, b, c) in totals.items()}


def time_f1(truth: Rows, found: Rows) -> float:
    """F1 of time, 0..1, mean over the labels that truth has: frame F1 with frames of no length.

    Background is a class that is left out of the mean.
    """
    times = time_by_label(truth, found)
    scores = [
        2 * times[label][0] / max(1e-12, 2 * times[label][0] + times[label][1] + times[label][2])
        for label in sorted({row.label for row in truth})
    ]
    return float(np.mean(scores)) if scores else 1.0


def onset_errors(truth: Rows, found: Rows, least: float = 0.3) -> np.ndarray:
    """Start of the found event minus that of the true one, in seconds, for each match."""
    return np.array([found[f].start - truth[t].start for t, f in matches(truth, found, least)])


def confusion(truth: Rows, found: Rows, least: float) -> Counter[tuple[str, str]]:
    """How often which true label (or "", nothing) was found as which: pairs of any labels."""
    blind = [[_unlabelled(row) for row in rows] for rows in (truth, found)]
    pairs = matches(blind[0], blind[1], least)
    counts = Counter((truth[t].label, found[f].label) for t, f in pairs)
    counts.update((truth[t].label, "") for t in set(range(len(truth))) - {t for t, _ in pairs})
    counts.update(("", found[f].label) for f in set(range(len(found))) - {f for _, f in pairs})
    return counts


def _unlabelled(row: Event) -> Event:
    return Event(row.recording, "", row.start, row.end)


def _overlap(a: Event, b: Event) -> float:
    return max(0.0, min(a.end, b.end) - max(a.start, b.start))


def _merged(rows: Iterable[Event]) -> list[tuple[float, float]]:
    """The time that events cover, as spans that do not overlap."""
    spans: list[tuple[float, float]] = []
    for row in sorted(rows, key=lambda row: row.start):
        if spans and row.start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], row.end))
        else:
            spans.append((row.start, row.end))
    return spans


def _with(rows: Rows, label: str) -> list[Event]:
    return [row for row in rows if row.label == label]


def _in(rows: Rows, recording: str) -> list[Event]:
    return [row for row in rows if row.recording == recording]
