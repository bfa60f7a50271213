"""All scores of found events, from one list of them; and what is compared beside them by chance.

true and found events -> {score: value}; definitions in `event_scores` and `agreement`
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from edgcn.annotations.events import Event
from edgcn.evaluation.agreement import agreement
from edgcn.evaluation.average_precision import mean_average_precision
from edgcn.evaluation.event_scores import (
    detection,
    edit_score,
    event_counts,
    event_counts_by_label,
    kit_counts,
    macro_f1,
    matches,
    onset_errors,
    segmental_counts,
    time_f1,
)

BINS = 10  # of confidence, in the calibration error
RIGHT = 0.5  # IoU at which an event is right, as confidence means it

Rows = Sequence[Event]


def event_table(truth: Rows, found: Rows, recordings: Sequence[str]) -> dict[str, float]:
    """Scores by name; fractions, but for `onset_error` (seconds) and `false_rate`.

    Onset error is the median distance of the starts of matched events (IoU 0.3), NaN without any.
    """
    half, counts = event_counts_by_label(truth, found, 0.5), event_counts(truth, found, 0.5)
    scores = {f"f1_{round(100 * x)}": event_counts(truth, found, x).f1 for x in (0.1, 0.3, 0.5)}
    scores |= {
        "precision": counts.precision,
        "recall": counts.recall,
        "macro_f1_50": macro_f1(half, truth),
        "kit_f1": min(1.0, kit_counts(truth, found).f1),
    }
    for least in (0.1, 0.25, 0.5):
        scores[f"segmental_{round(100 * least)}"] = segmental_counts(truth, found, least).f1
    scores["edit"] = edit_score(truth, found, recordings)
    for least in (0.2, 0.5, 0.7):
        scores[f"map_{round(100 * least)}"] = mean_average_precision(truth, found, least)
    shrec = detection(truth, found)
    scores |= {"detected": shrec.rate, "false_rate": shrec.false_rate, "jaccard": shrec.jaccard}
    scores["frame_f1"] = time_f1(truth, found)
    scores["kappa"] = agreement(truth, found).kappa
    errors = np.abs(onset_errors(truth, found))
    scores["onset_error"] = float(np.median(errors)) if len(errors) else float("nan")
    scores["calibration_error"] = calibration_error(truth, found)
    return {name: float(value) for name, value in scores.items()}


def calibration_error(truth: Rows, found: Rows) -> float:
    """Expected calibration error of events' confidence (Naeini et al., AAAI 2015), 0..1.

    In ten bins of equal width, how far the mean confidence is from the share that is right at IoU
    0.5, weighted by the number of events. NaN where nothing was found or has no confidence.
    """
    scores = np.array([-1.0 if row.score is None else row.score for row in found])
    if not len(scores) or (scores < 0).any():
        return float("nan")
    right = np.zeros(len(found))
    right[[f for _, f in matches(truth, found, RIGHT)]] = 1
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    gaps = [abs(float((scores - right)[bins == b].sum())) for b in np.unique(bins)]
    return sum(gaps) / len(found)


def precision_recall(truth: Rows, found: Rows, least: float) -> Float[np.ndarray, "n 2"]:
    """Recall and precision when the surest 1, 2, 3 ... events are told."""
    order = sorted(range(len(found)), key=lambda f: -(found[f].score or 0.0))
    right = {f for _, f in matches(truth, found, least)}
    hits = np.cumsum([f in right for f in order])
    told = np.arange(1, len(order) + 1)
    return np.stack([hits / max(1, len(truth)), hits / told], axis=1).astype(np.float64)


def by_chance(
    training: Rows, minutes: float, seconds: dict[str, float], *, seed: int
) -> list[Event]:
    """Events of random classes at random times, as many a minute as the training recordings have.

    Args:
        training: true events; classes and durations are drawn from them.
        minutes: of the training recordings.
        seconds: of each recording that tests.
    """
    rng, rows = np.random.default_rng((seed, len(training))), []
    for name, length in seconds.items():
        count = rng.poisson(len(training) / max(minutes, 1e-9) * length / 60)
        for index in rng.integers(0, len(training), count).tolist():
            like = training[index]
            lasts = min(like.end - like.start, length)
            start = float(rng.uniform(0, length - lasts))
            rows.append(Event(name, like.label, start, start + lasts, score=float(rng.random())))
    return rows
