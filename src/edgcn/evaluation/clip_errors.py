"""What went wrong with clips: by class, subject and condition; which class was taken for which.

judged clips -> rows of tables, a confusion matrix
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int

from edgcn.evaluation.metrics import confusion, subject_interval
from edgcn.evaluation.recorded import Judged


def confusion_of(clips: Sequence[Judged], classes: Sequence[str]) -> Int[np.ndarray, "k k"]:
    """Counts; true classes down, predicted ones across."""
    at = {name: number for number, name in enumerate(classes)}
    true, predicted = (
        np.array([at[getattr(clip, side)] for clip in clips], dtype=np.int64)
        for side in ("true", "predicted")
    )
    return np.asarray(confusion(true, predicted, len(classes)))


def by_class(clips: Sequence[Judged], classes: Sequence[str]) -> list[dict[str, Any]]:
    """Precision, recall, F1 and what it was most often taken for, the worst class first.

    Classes that no clip has and none was taken for are left out.
    """
    matrix, rows = confusion_of(clips, classes), []
    for number, name in enumerate(classes):
        right, true, said = matrix[number, number], matrix[number].sum(), matrix[:, number].sum()
        if not true + said:
            continue
        others = matrix[number].copy()
        others[number] = 0
        most = int(others.argmax())
        rows.append(
            {
                "class": name,
                "clips": int(true),
                "predicted": int(said),
                "right": int(right),
                "precision": float(right / said) if said else None,
                "recall": float(right / true) if true else None,
                "f1": float(2 * right / (true + said)),
                "confused_with": f"{classes[most]} ({others[most]})" if others[most] else None,
            }
        )
    return sorted(rows, key=lambda row: row["f1"])


def by_group(
    clips: Sequence[Judged], group: Callable[[Judged], str], *, seed: int = 0
) -> list[dict[str, Any]]:
    """How many clips of each group were right, with an interval where it has several subjects."""
    rows = []
    for name in sorted({group(clip) for clip in clips}):
        own = [clip for clip in clips if group(clip) == name]
        right, people = np.array([c.right for c in own]), np.array([c.subject for c in own])
        several = len(set(people.tolist())) > 1
        low, high = subject_interval(right, people, seed=seed) if several else (None, None)
        wrong = Counter((c.true, c.predicted) for c in own if not c.right)
        most = min(wrong, key=lambda pair: (-wrong[pair], pair)) if wrong else None
        rows.append(
            {
                "of": name or "(none)",
                "subjects": len(set(people.tolist()) - {""}),
                "clips": len(own),
                "right": int(right.sum()),
                "share": float(right.mean()),
                "low": low,
                "high": high,
                "most_often": f"{most[0]} as {most[1]} ({wrong[most]})" if most else None,
            }
        )
    return sorted(rows, key=lambda row: row["share"])
