"""What a spotter decides by, chosen on recordings that its layer did not learn from.

layers without some people -> events of these people -> overlap, confidence, thresholds
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from edgcn.annotations.events import Event
from edgcn.evaluation.event_scores import matches
from edgcn.inference.calibrate import calibrated, is_hidden, weights
from edgcn.inference.examples import Example
from edgcn.inference.spot import Found, Spotter, Windows, suppressed

OVERLAPS = (0.1, 0.3, 0.5)
TRIED = expit(np.linspace(-3, 5, 25))  # probabilities, from 0.05 to 0.99
RIGHT = 0.5  # IoU at which an event is right, as confidence means it
SHRINK = 20.0  # how many classes' worth of events of all classes each class's threshold goes by
ENOUGH = 20  # held-out events without which thresholds are not chosen
UNCHOSEN = 0.4  # the least probability then
KNOWN = 0.98  # of the held-out events that are right are near enough to their class
FAR = 1.1  # times that distance: the centers are of all people, those that are held out as well

Floats = Float[np.ndarray, " n"]


Scored = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # of `spot.probabilities`
Scanned = Callable[[int, Float[np.ndarray, "rows q"]], Iterator[Windows]]


@dataclass(frozen=True)
class Learnt:
    """A spotter, and how it did on the people that were held out.

    Args:
        layer: of the spotter on what is projected: classes, background, directions of distances.
        held: by row, the windows of recordings scored by a layer that did not learn from them.
        unchosen: the spotter as it was before anything was chosen.
    """

    spotter: Spotter
    layer: Float[np.ndarray, "rows q"]
    held: Mapping[int, Scored]
    unchosen: Spotter
    notes: tuple[str, ...] = ()


def choose(examples: Sequence[Example], learnt: Learnt, enough: int = ENOUGH) -> Learnt:
    """The spotter with what is chosen on the recordings that each layer did not learn from.

    Args:
        enough: held-out events without which thresholds are given.
    """
    spotter = learnt.spotter
    truth = [
        Event(str(row), str(label), start, end)
        for row in learnt.held
        for start, end, label in examples[row].events
    ]
    if not truth:
        note = "no events of held-out people: the spotter's thresholds and confidence are given"
        return replace(learnt, notes=(note,))
    best, chosen = -1.0, spotter
    for overlap in OVERLAPS:
        given = replace(spotter, overlap=overlap)
        tried, f1 = _chosen(truth, learnt.held, examples, given, enough)
        if f1 > best:
            best, chosen = f1, tried
    note = f"on held-out training people: event F1 {best:.2f} (mean of IoU 0.3 and 0.5)"
    if len(truth) < enough:
        note = (
            f"only {len(truth)} events of held-out people: the spotter's thresholds are not chosen "
            f"but given, and its confidence is a guess; {note}"
        )
    return replace(learnt, spotter=chosen, notes=(note,))


def _chosen(
    truth: list[Event],
    held: Mapping[int, Scored],
    examples: Sequence[Example],
    spotter: Spotter,
    enough: int,
) -> tuple[Spotter, float]:
    """The spotter with thresholds and confidence for its overlap; the F1 of held-out events.

    Confidence is what the events above the thresholds say: no others are told.
    """
    rows, near = list[Event](), list[float]()
    for row, parts in held.items():
        found = events_of(parts, spotter)
        for event, distance in zip(_named(row, found), found.distances.tolist(), strict=True):
            if not is_hidden(event, examples[row]):
                rows.append(event)
                near.append(distance)
    if not rows:
        return spotter, 0.0
    right = np.zeros(len(rows), dtype=np.int64)
    right[[f for _, f in matches(truth, rows, RIGHT)]] = 1
    likely = np.array([row.score for row in rows], dtype=np.float64)
    weight, classes = weights(truth, rows, right, examples), len(spotter.thresholds)
    least, f1 = _thresholds(truth, rows, likely, weight, classes)
    if len(truth) < enough:
        least = np.full(classes, UNCHOSEN)
    told = likely >= least[[int(row.label) for row in rows]]
    told = told if told.any() else np.ones(len(rows), dtype=bool)
    slope, offset = calibrated(likely[told], right[told], weight[told])
    made = replace(spotter, slope=slope, offset=offset)
    least = made.confidence(least).astype(np.float32)
    known = np.array(near)[right == 1]
    far = FAR * float(np.quantile(known, KNOWN)) if len(known) else spotter.far
    return replace(made, thresholds=least, far=far), f1


def events_of(parts: Scored, spotter: Spotter) -> Found:
    """The windows that are kept."""
    limits = {"shortest": spotter.shortest, "longest": spotter.longest}
    return suppressed(*parts, overlap=spotter.overlap, **limits)


def _named(row: int, found: Found) -> list[Event]:
    columns = (found.starts, found.ends, found.labels, found.probabilities)
    return [
        Event(str(row), str(label), start, end, score=score)
        for start, end, label, score in zip(*(x.tolist() for x in columns), strict=True)
    ]


def _thresholds(
    truth: Sequence[Event], rows: Sequence[Event], likely: Floats, weight: Floats, classes: int
) -> tuple[Float[np.ndarray, " k"], float]:
    """The probability of each class at which most events are right, and the F1 of all."""
    curves = np.zeros((len(TRIED), classes, 3))
    labels = np.array([int(row.label) for row in rows])
    true = np.bincount([int(row.label) for row in truth], minlength=classes)
    for at, least in enumerate(TRIED.tolist()):
        kept = np.flatnonzero(likely >= least)
        told = [rows[k] for k in kept.tolist()]
        for overlap in (0.3, 0.5):
            hit = np.zeros(len(kept), dtype=bool)
            hit[[f for _, f in matches(truth, told, overlap)]] = True
            right = np.bincount(labels[kept[hit]], minlength=classes)
            false = np.bincount(labels[kept[~hit]], weight[kept[~hit]], minlength=classes)
            curves[at] += np.stack([right, false, true - right], axis=1)
    shared = SHRINK * curves.sum(axis=1, keepdims=True) / classes
    best = _f1(curves + shared).argmax(axis=0)
    total = curves[best, np.arange(classes)].sum(axis=0)
    return TRIED[best], float(_f1(total))


def _f1(counts: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n"]:
    right, false, missed = np.moveaxis(counts, -1, 0)
    return np.asarray(2 * right / np.maximum(2 * right + false + missed, 1e-9))
