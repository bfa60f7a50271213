"""What confidence means: how often events like this one were right, by those of held-out people.

probabilities of found events, which of them are right -> slope and offset (Platt scaling)

Where few events say how often they are right, confidence keeps near the share of all that are.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.special import logit

from edgcn.annotations.events import Event
from edgcn.inference.examples import Example
from edgcn.inference.spot import SURE

PRIOR = 5.0  # events' worth of the share of all, spread over their probabilities
SPREAD = (0.1, 0.5, 0.9)  # quantiles that it is spread over
FLATTEST = 0.05  # slope: the likelier one is never the less sure

Floats = Float[np.ndarray, " n"]


def calibrated(
    probability: Floats, right: Int[np.ndarray, " n"], weight: Floats
) -> tuple[float, float]:
    """Slope and offset that make probabilities of events say how often they are right."""
    from sklearn.linear_model import LogisticRegression

    x = logit(probability.astype(np.float64).clip(SURE, 1 - SURE))
    share = (float(weight @ right) + 0.5) / (float(weight.sum()) + 1)
    at = np.quantile(x, SPREAD)
    prior = np.full(len(SPREAD), PRIOR / len(SPREAD))
    model = LogisticRegression(C=1.0).fit(
        np.concatenate([x, at, at])[:, None],
        np.concatenate([right, np.ones(len(at)), np.zeros(len(at))]).astype(int),
        sample_weight=np.concatenate([weight, prior * share, prior * (1 - share)]),
    )
    return max(FLATTEST, float(model.coef_[0, 0])), float(model.intercept_[0])


def weights(
    truth: Sequence[Event],
    rows: Sequence[Event],
    right: Int[np.ndarray, " n"],
    examples: Sequence[Example],
) -> Floats:
    """How much each found event counts.

    Where only some of the events are learned from, the background is all there, but its false
    events count only as much as the share of events that are.
    """
    shown = sum(len(each.events) for each in examples)
    total = shown + sum(len(each.hidden) for each in examples)
    alone = np.array([not _touches(row, truth) for row in rows], dtype=bool)
    return np.where(alone & (right == 0), shown / total, 1.0)


def is_hidden(event: Event, example: Example) -> bool:
    """Whether an event lies where nobody says what is there."""
    middle = (event.start + event.end) / 2
    return any(begin <= middle < end for begin, end in example.hidden)


def _touches(row: Event, truth: Sequence[Event]) -> bool:
    return any(
        true.recording == row.recording and true.start < row.end and row.start < true.end
        for true in truth
    )
