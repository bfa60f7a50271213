"""Which training clips keep their labels when labels are few: by class, seeded, nested.

labels (N,) -> positions (n,) of the clips that keep them. Features are never looked at, so that one
seed gives every method the same clips; a larger share contains the smaller ones.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int

from edgcn.base.errors import EdgcnError

NAMED = 2  # classes that a label names; of more it gives the number
LISTED = 5  # that a note names

Labels = Int[np.ndarray, " n"]
Positions = Int[np.ndarray, " kept"]


def some_share(labels: Labels, fraction: float, *, seed: int, draw: int = 0) -> Positions:
    """This fraction of each class, rounded, at least one clip of it.

    Args:
        draw: one seed gives as many independent choices as there are numbers.
    """
    if not 0 < fraction <= 1:
        raise EdgcnError(f"expected a fraction of the labels above 0 and up to 1, got {fraction!r}")
    sizes = np.bincount(labels)
    return _first(labels, np.maximum(1, np.round(fraction * sizes)), seed=seed, draw=draw)


def some_shots(labels: Labels, shots: int, *, seed: int, draw: int = 0) -> Positions:
    """So many clips of each class; all of a class that has no more."""
    if shots < 1:
        raise EdgcnError(f"expected at least 1 labelled clip of each class, got {shots!r}")
    return _first(labels, np.full(labels.max() + 1, shots), seed=seed, draw=draw)


def _first(labels: Labels, counts: np.ndarray, *, seed: int, draw: int) -> Positions:
    """The first `counts[label]` clips of each class in a random order that the counts do not move.

    (That is what nests the choices.)
    """
    order = np.random.default_rng((seed, draw)).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    sizes = np.bincount(labels)
    place = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(order[place < counts[labels[order]]])


def shortages(sides: Sequence[np.ndarray], shots: int, classes: Sequence[str]) -> dict[str, int]:
    """Classes that have fewer clips than `shots`, though some, and how many they have.

    Args:
        sides: training labels of each fold; the fewest count.
    """
    counts = np.min([np.bincount(labels, minlength=len(classes)) for labels in sides], axis=0)
    return {name: int(n) for name, n in zip(classes, counts, strict=True) if 0 < n < shots}


def shots_label(shots: int, fewer: Mapping[str, int]) -> str:
    """Such as `5 per class`, or `5 per class (4 of touch neck)`."""
    if not fewer:
        return f"{shots} per class"
    named = ", ".join(f"{count} of {name}" for name, count in fewer.items())
    return f"{shots} per class ({named if len(fewer) <= NAMED else f'fewer of {len(fewer)}'})"


def few_clips(shots: int, fewer: Mapping[str, int]) -> str:
    """A note, such as `5 per class: there are only 4 training clips of touch neck`."""
    listed = [
        f"{count} training clip{'s' * (count != 1)} of {name}" for name, count in fewer.items()
    ]
    more = [f"and fewer of {len(listed) - LISTED} more"] * (len(listed) > LISTED)
    return f"{shots} per class: there are only {', '.join([*listed[:LISTED], *more])}"


def at_least_one(sides: Sequence[np.ndarray], label: str, fraction: float) -> str:
    """A note where a share of a class is less than the one clip of it that is kept.

    Args:
        sides: training labels of each fold.
    """
    sizes = [counts[counts > 0] for counts in map(np.bincount, sides)]
    short = max(int((np.round(fraction * counts) < 1).sum()) for counts in sizes)
    if not short:
        return ""
    kept = float(np.mean([np.maximum(1, np.round(fraction * n)).sum() / n.sum() for n in sizes]))
    return (
        f"{label} of {short} classes is less than a clip, and one is kept: {100 * kept:.1f} % of "
        f"all labels"
    )


def digest(names: np.ndarray) -> str:
    """Short digest of chosen clips' names: two results that used the same clips show the same."""
    return hashlib.sha256("\n".join(map(str, names)).encode(errors="surrogatepass")).hexdigest()[
        :16
    ]
