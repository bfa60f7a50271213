"""How many bodies a store is made for: as many as the clips have, up to a bound that is said."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Int, Shaped

from edgcn.base.errors import EdgcnError
from edgcn.readers.skeletons import seen

MOST_BODIES = 5  # kept of a clip unless more are asked for
USUAL = 0.95  # of the clips


def check_most(max_bodies: int) -> None:
    """Refuse fewer than one body."""
    if max_bodies < 1:
        raise EdgcnError(f"expected max_bodies of at least 1, got {max_bodies}")


def most_seen(points: Shaped[np.ndarray, "t m v c"], most: int) -> Int[np.ndarray, " kept"]:
    """Which bodies to keep where there are more: those with most joints seen, in their order."""
    if points.shape[1] <= most:
        return np.arange(points.shape[1])
    counts = seen(points).sum(axis=(0, 2))
    kept: Int[np.ndarray, " kept"] = np.sort(np.argsort(-counts, kind="stable")[:most])
    return kept


def bodies_seen(
    frames: Shaped[np.ndarray, "total m v c"], lengths: Int[np.ndarray, " clips"]
) -> list[int]:
    """How many bodies are seen at some time in each of the clips that lie end to end."""
    there, ends = np.asarray(frames.any(axis=(2, 3))), np.cumsum(lengths).tolist()
    return [
        int(there[start:end].any(axis=0).sum())
        for start, end in pairwise([0, *ends])
        if end > start
    ]


def crowd_note(bodies: Sequence[int], most: int) -> str:
    """Named: clips of which bodies are left out, and a few clips that pad all others."""
    counts = np.array(bodies, dtype=np.int64)
    notes = []
    if larger := int((counts > most).sum()):
        notes.append(
            f"{larger} of {len(counts)} clips have more than {most} bodies (up to "
            f"{counts.max()}): the {most} with most joints seen are kept (option max_bodies)"
        )
    kept = np.minimum(counts, most)
    usual = int(np.quantile(kept, USUAL, method="lower")) if len(kept) else 0
    if len(kept) and usual < kept.max():
        notes.append(
            f"{(kept > usual).sum()} of {len(kept)} clips have more than {max(usual, 1)} bodies, "
            f"and the store holds {kept.max()} for each clip: `--options max_bodies "
            f"{max(usual, 1)}` makes it smaller"
        )
    return "; ".join(notes)
