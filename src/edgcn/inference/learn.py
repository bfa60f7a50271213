"""Learns a spotter from annotated recordings; what it decides by is chosen on held-out people.

recordings with events -> windows that fit an event or none -> a linear layer -> events of held-out
recordings -> thresholds, overlap and confidence

Background is what nobody annotated between the first and the last event of a recording. Windows
that fit an event only in part are neither, so that the layer learns where events begin and end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.evaluation.event_scores import Counts, event_counts_by_label, matches
from edgcn.evaluation.logistic import fit_c
from edgcn.inference.dense import Footage, Reading, starts_of, stretches
from edgcn.inference.spot import (
    SURE,
    Found,
    Grid,
    Spotter,
    grid_for,
    probabilities,
    scan,
    suppressed,
)
from edgcn.store.splits import held_out

FITS, FITS_NOT = 0.5, 0.35  # IoU from which a window is an event, below which it is background
WINDOWS = 12_000  # that are learned from, half of them background at most
DIRECTIONS = 256  # of most variance, that the layer sees of windows and of what is beside them
STRENGTH = 0.1  # C of the logistic regression; UTKinect's training subjects, docs/lab/spotting.md
SIGHT = 5.0  # seconds before the first and after the last event that a coder has looked at, too
OVERLAPS = (0.1, 0.3, 0.5)
CONFIDENCES = np.linspace(0.05, 0.95, 19)
RIGHT = 0.5  # IoU at which an event is right, as confidence means it
SHRINK = 2.0  # how many classes' worth of events of all classes each class's threshold goes by
ENOUGH = 20  # held-out events without which nothing is chosen
UNCHOSEN = 0.4  # the threshold then
NEW = 32  # directions that distances are in
FAR = 1.5  # times the distance within which nearly all held-out events lie

Floats = Float[np.ndarray, " n"]


@dataclass(frozen=True)
class Example:
    """An annotated recording.

    Args:
        events: start, end and class of each.
        hidden: spans of seconds that are neither an event nor background.
        person: who is seen; recordings of nobody by name are held out one by one.
    """

    footage: Footage
    events: tuple[tuple[float, float, int], ...]
    hidden: tuple[tuple[float, float], ...] = ()
    person: str = ""


@dataclass(frozen=True)
class Learnt:
    """A spotter, and how it did on the people that were held out."""

    spotter: Spotter
    notes: tuple[str, ...]


def learn(
    reading: Reading, examples: Sequence[Example], *, classes: int, seed: int = 0
) -> Learnt:
    """A spotter of these events.

    Raises:
        EdgcnError: nothing is annotated.
    """
    lengths = [end - start for each in examples for start, end, _ in each.events]
    if not lengths:
        raise EdgcnError("no recording has an annotated event to learn from")
    grid = grid_for(lengths)
    rng = np.random.default_rng((seed, len(examples)))
    values, labels, source = _gather(reading, examples, grid, classes, rng)
    basis = Basis.of(values, reading_width=_width(reading, examples[0].footage, grid), seed=seed)
    seen = basis.project(values)
    people = np.array([each.person for each in examples])
    folds = held_out(np.arange(len(examples)), people) if len(examples) > 1 else []
    layers, held = [_layer(seen, labels, classes)], []
    for fit, check in folds:
        rows = np.isin(source, fit)
        if len(np.unique(labels[rows])) > 1:
            layers.append(_layer(seen[rows], labels[rows], classes))
            held.append(check)
    shortest, longest = _limits(examples, classes)
    directions = basis.unfold(np.eye(seen.shape[1])[:, :NEW].T)
    centers = np.stack([_center(seen[labels == k], seen) for k in range(classes)])
    spotter = Spotter(
        grid=grid,
        weight=basis.unfold(layers[0][0]),
        bias=layers[0][1],
        shift=basis.shift,
        thresholds=np.full(classes, UNCHOSEN, dtype=np.float32),
        slope=1.0,
        offset=0.0,
        overlap=OVERLAPS[1],
        shortest=shortest,
        longest=longest,
        directions=directions,
        centers=centers,
        far=float("inf"),
    )
    return _chosen(reading, examples, spotter, basis, layers[1:], held, classes)


@dataclass(frozen=True)
class Basis:
    """What windows are projected on: directions of most variance, of the inside and the beside."""

    shift: Float[np.ndarray, " d"]
    parts: tuple[tuple[int, int, np.ndarray], ...]  # from, to, (to - from, q)

    @classmethod
    def of(cls, values: Float[np.ndarray, "n d"], reading_width: int, seed: int) -> "Basis":
        """Of some windows: the first numbers are of the inside."""
        shift, width = values.mean(axis=0), values.shape[1]
        parts = []
        for low, high in ((0, reading_width), (reading_width, width)):
            part = values[:, low:high] - shift[low:high]
            spread = part.std(axis=0)
            spread = np.where(spread > 1e-6 * max(float(spread.max()), 1e-12), spread, np.inf)
            part = torch.from_numpy((part / spread).astype(np.float32))
            wanted = min(DIRECTIONS, *part.shape)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                _, size, directions = torch.svd_lowrank(part, q=wanted, niter=2)
            scale = 3 * len(part) ** 0.5 / max(float(size[0]), 1e-12)
            parts.append((low, high, directions.numpy() * scale / spread[:, None]))
        return cls(shift, tuple(parts))

    def project(self, values: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n q"]:
        """Windows in these directions."""
        shifted = values - self.shift
        found = [shifted[:, low:high] @ matrix for low, high, matrix in self.parts]
        return np.concatenate(found, axis=1).astype(np.float32)

    def unfold(self, weight: Float[np.ndarray, "rows q"]) -> Float[np.ndarray, "rows d"]:
        """Weights of what is read, from weights of the directions."""
        found, at = [], 0
        for _, _, matrix in self.parts:
            found.append(weight[:, at : at + matrix.shape[1]] @ matrix.T)
            at += matrix.shape[1]
        return np.concatenate(found, axis=1).astype(np.float32)


@torch.no_grad()
def _width(reading: Reading, footage: Footage, grid: Grid) -> int:
    """How many numbers are read of the inside of a window."""
    scale = grid.scales[0]
    stretch = next(iter(stretches(reading, footage, scale.clip, longest=1.0, stretch=1.0)))
    return int(stretch.vectors(np.zeros(1), scale.lengths[0]).shape[1])


def _gather(
    reading: Reading, examples: Sequence[Example], grid: Grid, classes: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Windows to learn from, their classes, and which recording each is of."""
    every = [
        (row, length, starts, labels)
        for row, each in enumerate(examples)
        for scale in grid.scales
        for length in scale.lengths
        if len(starts := starts_of(each.footage.seconds, length, grid.every(length)))
        for labels in [_labels(starts, length, each, classes)]
    ]
    if not any((labels >= 0).any() for *_, labels in every):
        raise EdgcnError("no window fits an annotated event; are the recordings long enough?")
    counts = np.bincount(np.concatenate([x[3] for x in every]) + 1, minlength=classes + 2)[1:]
    share = np.ones(classes + 2)
    share[classes] = WINDOWS / 2 / max(1, counts[classes])
    share[:classes] = WINDOWS / 2 / max(1, counts[:classes].sum())
    share[-1] = 0  # of those that are neither
    wanted: dict[tuple[int, float], tuple[np.ndarray, np.ndarray]] = {}
    for row, length, starts, labels in every:
        kept = rng.random(len(starts)) < share[labels]
        wanted[row, length] = (starts[kept], labels[kept])
    values, labels, source = [], [], []
    for row, each in enumerate(examples):
        for scale in grid.scales:
            for stretch in stretches(
                reading, each.footage, scale.clip, longest=1.5 * max(scale.lengths)
            ):
                for length in scale.lengths:
                    starts, known = wanted.get((row, length), (np.empty(0), np.empty(0)))
                    here = (starts >= stretch.begin - 1e-6) & (starts < stretch.end - 1e-6)
                    if here.any():
                        values.append(stretch.in_context(starts[here], length).half().numpy())
                        labels.append(known[here])
                        source.append(np.full(int(here.sum()), row))
    return (
        np.concatenate(values).astype(np.float32), np.concatenate(labels), np.concatenate(source)
    )  # fmt: skip


def _labels(
    starts: Floats, length: float, example: Example, classes: int
) -> Int[np.ndarray, " n"]:
    """The class of each window; `classes` for background, -1 for neither."""
    ends = starts + length
    labels = np.full(len(starts), classes)
    best = np.zeros(len(starts))
    for begin, end, label in example.events:
        shared = (np.minimum(ends, end) - np.maximum(starts, begin)).clip(0)
        overlap = shared / (np.maximum(ends, end) - np.minimum(starts, begin))
        labels[(overlap > best) & (overlap >= FITS)] = label
        best = np.maximum(best, overlap)
    labels[(best >= FITS_NOT) & (best < FITS)] = -1
    first = min((begin for begin, _, _ in example.events), default=np.inf) - SIGHT
    last = max((end for _, end, _ in example.events), default=-np.inf) + SIGHT
    unseen = (starts < first) | (ends > last)
    for begin, end in example.hidden:
        unseen |= np.minimum(ends, end) - np.maximum(starts, begin) > 0.2 * min(length, end - begin)
    labels[unseen & (labels == classes)] = -1
    return labels


def _layer(
    seen: Float[np.ndarray, "n q"], labels: Int[np.ndarray, " n"], classes: int
) -> tuple[Float[np.ndarray, "k1 q"], Float[np.ndarray, " k1"]]:
    """Logistic regression on what is projected already."""
    width = seen.shape[1]
    as_it_is = (np.zeros(width, np.float32), np.ones(width, np.float32), None)
    probe = fit_c(seen, labels, c=STRENGTH, classes=classes + 1, known=as_it_is)
    return probe.weight, probe.bias


def _limits(
    examples: Sequence[Example], classes: int
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """How long events of each class last, with room for those that were not seen."""
    low, high = np.zeros(classes, np.float32), np.full(classes, np.inf, np.float32)
    for label in range(classes):
        own = [end - start for each in examples for start, end, k in each.events if k == label]
        if own:
            room = 1.5 if len(own) >= 5 else 2.5
            low[label], high[label] = min(own) / room, max(own) * room
    return low, high


def _center(own: np.ndarray, every: np.ndarray) -> Float[np.ndarray, " r"]:
    return np.asarray((own if len(own) else every)[:, :NEW].mean(axis=0))


def _chosen(
    reading: Reading,
    examples: Sequence[Example],
    spotter: Spotter,
    basis: Basis,
    layers: list[tuple[np.ndarray, np.ndarray]],
    held: list[np.ndarray],
    classes: int,
) -> Learnt:
    """The spotter with what is chosen on the recordings that each layer did not learn from."""
    scored = []
    for (weight, bias), rows in zip(layers, held, strict=True):
        layer = np.concatenate([basis.unfold(weight), spotter.directions])
        for row in rows.tolist():
            scored.append((row, _scored(reading, examples[row], spotter, layer, bias)))
    truth = [
        Event(str(row), str(label), start, end)
        for row, _ in scored
        for start, end, label in examples[row].events
    ]
    if len(truth) < ENOUGH:
        note = (
            f"only {len(truth)} events of held-out people: the spotter's thresholds and "
            f"confidence are not chosen but given"
        )
        return Learnt(spotter, (note,))
    best, chosen = -1.0, spotter
    for overlap in OVERLAPS:
        tried = replace(spotter, overlap=overlap)
        found = [(row, _events(parts, tried)) for row, parts in scored]
        rows = [event for row, each in found for event in _named(row, each, each.probabilities)]
        slope, offset = _calibrated(truth, rows)
        tried = replace(tried, slope=slope, offset=offset)
        rows = [replace(e, score=float(tried.confidence(np.array([e.score]))[0])) for e in rows]
        rows = [e for e in rows if not _is_hidden(e, examples[int(e.recording)])]
        thresholds, f1 = _thresholds(truth, rows, classes)
        near = np.concatenate([each.distances for _, each in found])
        likely = np.concatenate([each.probabilities for _, each in found]) > 0.5
        if f1 > best:
            far = FAR * float(np.quantile(near[likely], 0.99)) if likely.any() else spotter.far
            best, chosen = f1, replace(tried, thresholds=thresholds, far=far)
    note = f"on held-out training people: event F1 {best:.2f} (mean of IoU 0.3 and 0.5)"
    return Learnt(chosen, (note,))


def _scored(
    reading: Reading, example: Example, spotter: Spotter, layer: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Starts, lengths, probabilities and distances of a recording's windows."""
    return probabilities(scan(reading, example.footage, spotter.grid, layer, spotter.shift),
                         bias, spotter.centers)  # fmt: skip


def _events(parts: tuple[np.ndarray, ...], spotter: Spotter) -> Found:
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


def _is_hidden(event: Event, example: Example) -> bool:
    """Whether an event lies where nobody says what is there."""
    middle = (event.start + event.end) / 2
    return any(begin <= middle < end for begin, end in example.hidden)


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
