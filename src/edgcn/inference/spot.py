"""Events in a recording: every window scored, the best ones kept, none where nothing is sure.

recording -> windows of several lengths -> probabilities of the classes and of the background ->
    the likeliest first, what overlaps one that is kept goes -> events with calibrated confidence
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.special import expit, logit, softmax

from edgcn.inference.dense import Footage, Reading, Scale, starts_of, stretches

FLOOR = 0.02  # probability below which no window is remembered
SURE = 1e-6  # probabilities are kept this far from 0 and 1
PER_LENGTH = 8  # windows begin so often in the time that they last
UNSPOTTED = (
    "this recognizer has not learned to find events; fit it on recordings that show more than the "
    "events, with `edgcn fit MODEL STORE --out NEW.edgcn`"
)
Floats = Float[np.ndarray, " n"]


@dataclass(frozen=True)
class Grid:
    """Which windows are looked at.

    Args:
        scales: passes of the encoder, with the lengths of windows read from each.
        step: seconds; windows begin at multiples of it, longer ones more seldom.
    """

    scales: tuple[Scale, ...]
    step: float

    def every(self, length: float) -> float:
        """Seconds from one window of this length to the next."""
        return self.step * max(1, int(length / PER_LENGTH / self.step + 1e-9))


@dataclass(frozen=True)
class Spotter:
    """What finds events, learned from annotated recordings.

    Args:
        weight, bias: of a linear layer on what is read of a window: classes, then the background.
        shift: of each window's numbers, before the layer.
        thresholds: least confidence at which an event of each class is told.
        slope, offset: confidence is expit(slope * logit(probability) + offset).
        overlap: share of the shorter of two events that may lie in the other.
        shortest, longest: seconds that an event of each class lasts.
        directions: (R, D), in which windows are compared with what was seen.
        centers: (classes, R), of the windows of each class.
        far: distance from the nearest center beyond which nothing like it was seen.
    """

    grid: Grid
    weight: Float[np.ndarray, "k1 d"]
    bias: Float[np.ndarray, " k1"]
    shift: Float[np.ndarray, " d"]
    thresholds: Float[np.ndarray, " k"]
    slope: float
    offset: float
    overlap: float
    shortest: Float[np.ndarray, " k"]
    longest: Float[np.ndarray, " k"]
    directions: Float[np.ndarray, "r d"]
    centers: Float[np.ndarray, "k r"]
    far: float

    def confidence(self, probability: Floats) -> Floats:
        """How often an event of this probability is right, as held-out people showed."""
        sure = logit(probability.clip(SURE, 1 - SURE))
        return np.asarray(expit(self.slope * sure + self.offset))


class Windows(NamedTuple):
    """Windows of one recording and what a layer says of each."""

    starts: Floats
    lengths: Floats
    values: Float[np.ndarray, "n rows"]


class Found(NamedTuple):
    """Events of one recording, in the order of time."""

    starts: Floats
    ends: Floats
    labels: Int[np.ndarray, " n"]
    probabilities: Floats
    distances: Floats


def scan(
    reading: Reading,
    footage: Footage,
    grid: Grid,
    weight: Float[np.ndarray, "rows d"],
    shift: Float[np.ndarray, " d"],
) -> Iterator[Windows]:
    """All windows of a recording through a linear layer without its bias, part after part."""
    layer, zero = torch.from_numpy(weight), weight @ shift
    for scale in grid.scales:
        longest = 1.5 * max(scale.lengths)
        for stretch in stretches(reading, footage, scale.clip, longest=longest):
            scores = stretch.scorer(layer)
            for length in scale.lengths:
                begin, end = stretch.begin, stretch.end
                starts = starts_of(footage.seconds, length, grid.every(length), begin, end)
                if len(starts):
                    values = scores(starts, length).numpy() - zero
                    yield Windows(starts, np.full(len(starts), length), values)


def spot(reading: Reading, footage: Footage, spotter: Spotter) -> Found:
    """The events of a recording, whatever their confidence; `sure` takes those to be told."""
    layer = np.concatenate([spotter.weight, spotter.directions])
    windows = scan(reading, footage, spotter.grid, layer, spotter.shift)
    parts = probabilities(windows, spotter.bias, spotter.centers)
    limits = {"shortest": spotter.shortest, "longest": spotter.longest}
    return suppressed(*parts, overlap=spotter.overlap, **limits)


def probabilities(
    scanned: Iterator[Windows], bias: Float[np.ndarray, " k1"], centers: Float[np.ndarray, "k r"]
) -> tuple[Floats, Floats, Float[np.ndarray, "n k1"], Floats]:
    """Starts, lengths, probabilities and distances of windows that may be events."""
    rows, reach = len(bias), centers.shape[1]
    parts = [(np.empty(0), np.empty(0), np.empty((0, rows)), np.empty(0))]
    for windows in scanned:
        likely = softmax(windows.values[:, :rows] + bias, axis=1)
        kept = likely[:, -1] < 1 - FLOOR
        apart = windows.values[kept, None, rows : rows + reach] - centers
        near = np.sqrt((apart**2).sum(axis=2).min(axis=1))
        parts.append((windows.starts[kept], windows.lengths[kept], likely[kept], near))
    starts, lengths, likely, near = (np.concatenate(column) for column in zip(*parts, strict=True))
    return starts, lengths, likely, near


def suppressed(
    starts: Floats,
    lengths: Floats,
    likely: Float[np.ndarray, "n k1"],
    distances: Floats,
    *,
    overlap: float,
    shortest: Float[np.ndarray, " k"],
    longest: Float[np.ndarray, " k"],
) -> Found:
    """The likeliest windows; each drops those that share more than `overlap` of the shorter.

    A window's class is the likeliest among those whose events last as long.
    """
    fits = (lengths[:, None] >= shortest) & (lengths[:, None] <= longest)
    own = np.where(fits, likely[:, :-1], 0)
    labels, score = own.argmax(axis=1), own.max(axis=1)
    kept = score >= FLOOR
    starts, lengths, labels, score, distances = (
        each[kept] for each in (starts, lengths, labels, score, distances)
    )
    order = np.lexsort((lengths, starts))
    starts, lengths, labels, score, distances = (
        each[order] for each in (starts, lengths, labels, score, distances)
    )
    ends, free = starts + lengths, np.ones(len(starts), dtype=bool)
    reach, chosen = float(lengths.max(initial=0)), []
    for best in np.argsort(-score, kind="stable").tolist():
        if not free[best]:
            continue
        chosen.append(best)
        low, high = np.searchsorted(starts, [starts[best] - reach, ends[best]])
        near = slice(int(low), int(high))
        shared = np.minimum(ends[near], ends[best]) - np.maximum(starts[near], starts[best])
        free[near] &= shared <= overlap * np.minimum(lengths[near], lengths[best])
    at = np.sort(np.array(chosen, dtype=np.int64))
    return Found(starts[at], ends[at], labels[at], score[at], distances[at])


def take(found: Found, rows: np.ndarray) -> Found:
    """Some of the events."""
    return Found(*(column[rows] for column in found))


def sure(found: Found, spotter: Spotter) -> tuple[Found, Found]:
    """The events to be told, and those that are none of the classes: unsure, or like nothing seen.

    The others are as likely an event as those that are told, of whichever class.
    """
    confidence = spotter.confidence(found.probabilities)
    enough = confidence >= spotter.thresholds[found.labels]
    known = found.distances <= spotter.far
    return take(found, enough & known), take(found, enough & ~known)


def durations(lengths: Sequence[float]) -> tuple[float, ...]:
    """Lengths of windows for events that last so long: a half octave apart, nearly all covered."""
    low, high = np.percentile(lengths, [5, 95])
    steps = max(0, int(np.ceil(2 * np.log2(high / low) - 0.5)))
    return tuple(float(x) for x in low * 2 ** (np.arange(steps + 1) / 2))


def grid_for(lengths: Sequence[float]) -> Grid:
    """Windows for events that last so long, read at as few scales as tell them apart.

    The encoder's clip is 2.5 of the shortest windows long, then twice that: a shorter one would
    show no more than the recording has, and a longer one would blur them.
    """
    windows = durations(lengths)
    first = max(0.4, 2.5 * windows[0])
    clips = [first, 2 * first]
    by_clip = [[x for x in windows if x <= 1.1 * first], [x for x in windows if x > 1.1 * first]]
    scales = tuple(Scale(c, tuple(x)) for c, x in zip(clips, by_clip, strict=True) if x)
    return Grid(scales, step=float(np.clip(windows[0] / 5, 0.04, 0.2)))
