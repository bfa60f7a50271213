"""The baseline of every spotter: bursts of motion, cut by a threshold, named by the same layer.

recording -> speed of the joints -> spans above a threshold -> the spotter's class of each
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from scipy.ndimage import uniform_filter1d
from scipy.special import softmax

from edgcn.annotations.events import Event
from edgcn.evaluation.event_scores import event_counts
from edgcn.inference.dense import Coordinates, Footage, Reading, stretches
from edgcn.inference.examples import Example
from edgcn.inference.spot import Found, Spotter

RATE = 10.0  # speeds a second
SMOOTH = 5  # of them in a mean
SHORTEST = 0.3  # seconds of a burst
QUANTILES = np.linspace(0.3, 0.95, 14)


def speeds(reading: Reading, footage: Footage) -> Float[np.ndarray, " t"]:
    """How fast the joints of a recording move on average, turned to the front and centered."""
    clip, parts = reading.inputs.frames / RATE, []
    for stretch in stretches(Coordinates(reading.inputs), footage, clip, longest=1.0):
        first = round((stretch.begin - stretch.first) * RATE)
        last = round((stretch.end - stretch.first) * RATE)
        poses = stretch.maps[0].mean
        steps = (poses[1:] - poses[:-1]).abs().mean(dim=1)
        parts.append(torch.cat((steps, steps[-1:]))[first:last].numpy())
    return np.asarray(uniform_filter1d(np.concatenate(parts).astype(np.float64), SMOOTH))


def spans(speed: Float[np.ndarray, " t"], least: float) -> list[tuple[float, float]]:
    """Where the speed is above a threshold for long enough."""
    above = np.diff(np.concatenate([[0], speed > least, [0]]).astype(int))
    begins, ends = np.flatnonzero(above > 0) / RATE, np.flatnonzero(above < 0) / RATE
    pairs = zip(begins.tolist(), ends.tolist(), strict=True)
    return [(begin, end) for begin, end in pairs if end - begin >= SHORTEST]


def threshold(reading: Reading, examples: Sequence[Example]) -> float:
    """The speed that cuts the training recordings best, whatever the classes (F1 at IoU 0.3)."""
    every = [speeds(reading, each.footage) for each in examples]
    truth = [
        Event(str(row), "", start, end)
        for row, each in enumerate(examples)
        for start, end, _ in each.events
    ]
    best = (-1.0, 0.0)
    for least in np.quantile(np.concatenate(every), QUANTILES).tolist():
        found = [
            Event(str(row), "", a, b) for row, one in enumerate(every) for a, b in spans(one, least)
        ]
        best = max(best, (event_counts(truth, found, 0.3).f1, least))
    return best[1]


def bursts(reading: Reading, footage: Footage, spotter: Spotter, least: float) -> Found:
    """The bursts of a recording, each named by the layer of a spotter."""
    found, scale = [], spotter.grid.scales[-1]
    moving = spans(speeds(reading, footage), least)
    for stretch in stretches(reading, footage, scale.clip, longest=10.0):
        for start, end in moving:
            if stretch.begin <= start < stretch.end:
                read = stretch.in_context(np.array([start]), end - start).numpy()
                values = (read - spotter.shift) @ spotter.weight.T + spotter.bias
                likely = softmax(values[0, :-1])
                found.append((start, end, int(likely.argmax()), float(likely.max()), 0.0))
    columns = np.array(found, dtype=np.float64).reshape(-1, 5).T
    return Found(columns[0], columns[1], columns[2].astype(np.int64), columns[3], columns[4])
