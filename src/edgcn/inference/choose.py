"""What a spotter decides by, chosen on recordings that its layer did not learn from.

layers without some people -> events of these people -> overlap, confidence, thresholds
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from edgcn.annotations.events import Event
from edgcn.evaluation.event_scores import Counts, event_counts_by_label, matches
from edgcn.inference.examples import Example
from edgcn.inference.spot import SURE, Found, Spotter, Windows, suppressed

OVERLAPS = (0.1, 0.3, 0.5)
CONFIDENCES = np.linspace(0.05, 0.95, 19)
RIGHT = 0.5  # IoU at which an event is right, as confidence means it
SHRINK = 2.0  # how many classes' worth of events of all classes each class's threshold goes by
ENOUGH = 20  # held-out events without which nothing is chosen
FAR = 1.5  # times the distance within which nearly all held-out events lie

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


def choose(
    examples: Sequence[Example], learnt: Learnt, classes: int, enough: int = ENOUGH
) -> Learnt:
    """The spotter with what is chosen on the recordings that each layer did not learn from.

    Args:
        enough: held-out events without which nothing is chosen.
    """
    spotter, scored = learnt.spotter, list(learnt.held.items())
    truth = [
        Event(str(row), str(label), start, end)
        for row, _ in scored
        for start, end, label in examples[row].events
    ]
    if len(truth) < enough:
        note = (
            f"only {len(truth)} events of held-out people: the spotter's thresholds and "
            f"confidence are not chosen but given"
        )
        return replace(learnt, notes=(note,))
    best, chosen = -1.0, spotter
    for overlap in OVERLAPS:
        tried = replace(spotter, overlap=overlap)
        found = [(row, events_of(parts, tried)) for row, parts in scored]
        told = [event for row, each in found for event in _named(row, each, each.probabilities)]
        slope, offset = _calibrated(truth, told)
        tried = replace(tried, slope=slope, offset=offset)
        told = [replace(e, score=float(tried.confidence(np.array([e.score]))[0])) for e in told]
        told = [e for e in told if not is_hidden(e, examples[int(e.recording)])]
        thresholds, f1 = _thresholds(truth, told, classes)
        near = np.concatenate([each.distances for _, each in found])
        likely = np.concatenate([each.probabilities for _, each in found]) > 0.5
        if f1 > best:
            far = FAR * float(np.quantile(near[likely], 0.99)) if likely.any() else spotter.far
            best, chosen = f1, replace(tried, thresholds=thresholds, far=far)
    note = f"on held-out training people: event F1 {best:.2f} (mean of IoU 0.3 and 0.5)"
    return replace(learnt, spotter=chosen, notes=(note,))


def events_of(parts: Scored, spotter: Spotter) -> Found:
    """The windows that are kept."""
    limits = {"shortest": spotter.shortest, "longest": spotter.longest}
    return suppressed(*parts, overlap=spotter.overlap, **limits)


def _named(row: int, found: Found, scores: Floats) -> list[Event]:
    return [
        Event(str(row), str(label), start, end, score=score)
        for start, end, label, score in zip(
            found.starts.tolist(), found.ends.tolist(), found.labels.tolist(), scores.tolist(),
            strict=True,
        )
    ]  # fmt: skip


def is_hidden(event: Event, example: Example) -> bool:
    """Whether an event lies where nobody says what is there."""
    middle = (event.start + event.end) / 2
    known = [*(example.looked or ()), *example.rejected, *(each[:2] for each in example.events)]
    somewhere = any(begin <= middle < end for begin, end in known)
    hidden = any(begin <= middle < end for begin, end in example.hidden)
    return hidden or (example.looked is not None and not somewhere)


def _calibrated(truth: Sequence[Event], rows: Sequence[Event]) -> tuple[float, float]:
    """Slope and offset that make probabilities of events say how often they are right (Platt)."""
    from scipy.special import logit
    from sklearn.linear_model import LogisticRegression

    right = np.zeros(len(rows), dtype=np.int64)
    right[[f for _, f in matches(truth, rows, RIGHT)]] = 1
    if len(np.unique(right)) < 2:
        return 1.0, 0.0
    x = logit(np.array([row.score for row in rows], dtype=np.float64).clip(SURE, 1 - SURE))
    model = LogisticRegression(C=1.0).fit(x[:, None], right)
    return max(0.05, float(model.coef_[0, 0])), float(model.intercept_[0])


def _thresholds(
    truth: Sequence[Event], rows: Sequence[Event], classes: int
) -> tuple[Float[np.ndarray, " k"], float]:
    """The confidence of each class at which most events are right, and the F1 of all."""
    curves = np.zeros((len(CONFIDENCES), classes, 3))
    for at, least in enumerate(CONFIDENCES.tolist()):
        told = [row for row in rows if (row.score or 0) >= least]
        for overlap in (0.3, 0.5):
            for label, counts in event_counts_by_label(truth, told, overlap).items():
                curves[at, int(label)] += (counts.right, counts.false, counts.missed)
    shared = SHRINK * curves.sum(axis=1, keepdims=True) / classes
    best = _f1(curves + shared).argmax(axis=0)
    chosen = curves[best, np.arange(classes)].sum(axis=0)
    total = Counts(*(int(x) for x in chosen))
    return CONFIDENCES[best].astype(np.float32), total.f1


def _f1(counts: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n"]:
    right, false, missed = np.moveaxis(counts, -1, 0)
    return np.asarray(2 * right / np.maximum(2 * right + false + missed, 1e-9))
