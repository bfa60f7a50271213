"""What a recognizer is fitted to: rows of clips, their labels as numbers, classes and people.

clips, y, subjects as they are given -> checked arrays, in the order of the clips' names
"""

from typing import Any, get_args

import numpy as np
import torch
from sklearn.exceptions import NotFittedError

from edgcn.base.errors import EdgcnError
from edgcn.inference.arrays import ArrayClips
from edgcn.pipeline.adapt import Skeleton
from edgcn.store import Selection


class UnfittedError(EdgcnError, NotFittedError):
    """A recognizer that has learned no classes is asked for one; scikit-learn's error, too."""


def targets(
    clips: Selection | ArrayClips, y: Any, subjects: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows that have a label, their labels as numbers, the classes, who is in each."""
    if y is None and not isinstance(clips, Selection):
        raise EdgcnError("expected the class of each clip as y, got none")
    rows = np.arange(len(clips))
    if y is None:
        assert isinstance(clips, Selection)
        rows = clips.by_name(rows[clips.labels >= 0])
        classes, labels = np.array(clips.classes), clips.labels[rows]
    else:
        y = np.asarray(y)
        if y.shape != (len(clips),):
            raise EdgcnError(f"expected one class for each of {len(clips)} clips, got {y.shape}")
        if isinstance(clips, Selection):
            rows = clips.by_name(rows)
        kinds = {str if isinstance(name, str) else type(name) for name in y.tolist()}
        if y.dtype.kind == "O" and kinds not in ({str}, {int}, {bool}, {float}):
            raise EdgcnError("expected class names or numbers as y, got others among them")
        classes, labels = np.unique(y[rows], return_inverse=True)
    if (found := len(np.unique(labels))) < 2:
        raise EdgcnError(
            f"expected labelled clips of at least 2 classes to learn from, got {len(labels)} "
            f"clips of {found} class{'' if found == 1 else 'es'}"
        )
    if subjects is None:
        subjects = clips.subjects if isinstance(clips, Selection) else [""] * len(clips)
    people = np.asarray(subjects, dtype=str)
    if people.shape != (len(clips),):
        raise EdgcnError(f"expected a subject for each of {len(clips)} clips, got {people.shape}")
    return rows, np.asarray(labels, dtype=np.int64), classes, people[rows]


def check_settings(skeleton: Any, depth: Any, device: Any) -> None:
    """Refuse settings that no clip would be read by, also where they make no difference."""
    allowed = {"skeleton": get_args(Skeleton), "depth": ("zero", "confidence")}
    for name, value in (("skeleton", skeleton), ("depth", depth)):
        if value not in allowed[name]:
            raise EdgcnError(f"{name}: expected {' or '.join(allowed[name])}, got {value!r}")
    try:
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError, TypeError):
        raise EdgcnError(f"device {device!r} is not available here; use 'cpu'") from None
