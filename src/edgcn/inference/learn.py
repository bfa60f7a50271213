"""Learns a spotter from annotated recordings; what it decides by is chosen on held-out people.

recordings with events -> windows that fit an event or none -> a linear layer -> events of held-out
recordings -> thresholds, overlap and confidence

Background is what nobody annotated between the first and the last event of a recording. Windows
that fit an event only in part are neither, so that the layer learns where events begin and end.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.logistic import fit_c
from edgcn.inference.basis import Basis
from edgcn.inference.choose import OVERLAPS, UNCHOSEN, Learnt, choose
from edgcn.inference.dense import Footage, Reading, starts_of, stretches
from edgcn.inference.examples import Example
from edgcn.inference.spot import Grid, Spotter, grid_for
from edgcn.store.splits import held_out

FITS, FITS_NOT = 0.5, 0.35  # IoU from which a window is an event, below which it is background
WINDOWS = 12_000  # that are learned from, half of them background at most
STRENGTH = 0.1  # C of the logistic regression; UTKinect's training subjects, docs/lab/spotting.md
SIGHT = 5.0  # seconds before the first and after the last event that a coder has looked at, too
NEW = 32  # directions that distances are in

Floats = Float[np.ndarray, " n"]


def learn(reading: Reading, examples: Sequence[Example], *, classes: int, seed: int = 0) -> Learnt:
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
    directions, centers = _places(basis, seen, labels, classes)
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
    return choose(reading, examples, spotter, basis, layers[1:], held, classes)


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
    values, found, source = [], [], []
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
                        found.append(known[here])
                        source.append(np.full(int(here.sum()), row))
    return (
        np.concatenate(values).astype(np.float32), np.concatenate(found), np.concatenate(source)
    )  # fmt: skip


def _labels(starts: Floats, length: float, example: Example, classes: int) -> Int[np.ndarray, " n"]:
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


def _places(
    basis: Basis, seen: Float[np.ndarray, "n q"], labels: Int[np.ndarray, " n"], classes: int
) -> tuple[Float[np.ndarray, "r d"], Float[np.ndarray, "k r"]]:
    """Directions that distances are in, each by its spread within a class; and the classes' means.

    A class without windows is where the mean of all events is.
    """
    near = seen[:, :NEW]
    of = [near[labels == k] for k in range(classes)]
    events = near[(labels >= 0) & (labels < classes)]
    spread = np.sqrt(np.mean([own.var(axis=0) for own in of if len(own)], axis=0))
    scale = 1 / np.maximum(spread, 1e-3 * max(float(spread.max()), 1e-9))
    centers = np.stack([(own if len(own) else events).mean(axis=0) * scale for own in of])
    directions = basis.unfold(np.eye(near.shape[1], seen.shape[1]) * scale[:, None])
    return directions, centers.astype(np.float32)
