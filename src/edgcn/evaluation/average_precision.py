"""Average precision of found events: how well their confidence sorts them (ActivityNet's).

true and found events -> the area under precision over recall, as the surest are told first
"""

import numpy as np

from edgcn.evaluation.event_scores import Rows, grouped, iou


def mean_average_precision(truth: Rows, found: Rows, least: float) -> float:
    """mAP at a temporal IoU (ActivityNet, Caba Heilbron et al., CVPR 2015), 0..1.

    Found events by score; each takes the free true event of its label and recording with the
    highest IoU that is at least `least`. Precision is made to fall and integrated over recall.
    Labels without a true event are left out of the mean.
    """
    sides = [grouped(rows, lambda row: row.label) for rows in (truth, found)]
    scores = [
        average_precision(
            [truth[t] for t in sides[0][label]], [found[f] for f in sides[1].get(label, ())], least
        )
        for label in sorted(sides[0])
    ]
    return float(np.mean(scores)) if scores else 0.0


def average_precision(truth: Rows, found: Rows, least: float) -> float:
    """That of one label."""
    by_recording = grouped(truth, lambda row: row.recording)
    used: set[int] = set()
    right = []
    for row in sorted(found, key=lambda row: -(row.score or 0.0)):
        places = by_recording.get(row.recording, ())
        for t in sorted(places, key=lambda t: -iou(truth[t], row)):
            if iou(truth[t], row) >= max(least, 1e-12) and t not in used:
                used.add(t)
                right.append(1)
                break
        else:
            right.append(0)
    hits = np.cumsum(right)
    recall = np.concatenate([[0.0], hits / max(1, len(truth)), [1.0]])
    precision = np.concatenate([[0.0], hits / np.arange(1, len(right) + 1), [0.0]])
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall) * precision[1:]).sum())
