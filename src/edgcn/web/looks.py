"""Ways to look at windows: a map, neighbors of an event, motifs that come again and again."""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.web.features import Windows

MIDDLE = 3  # of the lengths of windows: what the map and motifs are made of
COVERED = 0.2  # IoU from which a window is of the same event
SHOWN = 1500  # points of the map
CLUSTERS = (12, 8, 5, 3)  # how many clusters are tried, the finest first
STABLE = 0.6  # share that a cluster has in common with one of another seed
SEEDS = (0, 1, 2)
PART = 20_000  # windows at a time
AGAIN = 4  # times that a motif comes, at least


def map_of(windows: Windows) -> dict[str, Any]:
    """Windows in the plane, near each other where they are alike (t-SNE, van der Maaten 2008)."""
    rows = sample(windows)
    if len(rows) < 8:
        raise EdgcnError("there are too few windows for a map")
    from sklearn.manifold import TSNE

    vectors = windows.at(rows)[:, :50]
    nearby = float(min(30, (len(rows) - 1) // 3))
    plane = TSNE(perplexity=nearby, init="pca", random_state=0, max_iter=500).fit_transform(vectors)
    plane = plane - plane.min(axis=0)
    plane = plane / np.maximum(plane.max(axis=0), 1e-9)
    return {
        "points": [
            [round(float(x), 4), round(float(y), 4), int(windows.recordings[row]),
             round(float(windows.starts[row]), 3), round(float(windows.ends[row]), 3)]
            for (x, y), row in zip(plane, rows.tolist(), strict=True)
        ],
        "of": int((windows.kinds == MIDDLE).sum()),
    }  # fmt: skip


def sample(windows: Windows, most: int = SHOWN) -> Int[np.ndarray, " k"]:
    """Windows of the middle length, evenly over all recordings."""
    rows = np.flatnonzero(windows.kinds == MIDDLE)
    if len(rows) <= most:
        return rows
    return np.asarray(rows[np.linspace(0, len(rows) - 1, most).round().astype(int)])


def neighbors(windows: Windows, row: int, event: Event, count: int = 24) -> list[list[Any]]:
    """The windows most like that of an event, best first, none over another; with the cosine."""
    query = windows.at(np.array([windows.nearest(row, event)]))[0]
    near = np.empty(len(windows))
    for first in range(0, len(windows), PART):
        vectors = windows.at(np.arange(first, min(first + PART, len(windows))))
        near[first : first + PART] = (
            vectors @ query / np.maximum(np.linalg.norm(vectors, axis=1), 1e-9)
        )
    near = near / max(float(np.linalg.norm(query)), 1e-9)
    shared = np.minimum(windows.ends, event.end) - np.maximum(windows.starts, event.start)
    union = np.maximum(windows.ends, event.end) - np.minimum(windows.starts, event.start)
    near[(windows.recordings == row) & (shared >= COVERED * union)] = -2
    return apart(windows, near, count)


def apart(windows: Windows, score: Float[np.ndarray, " n"], count: int) -> list[list[Any]]:
    """The best windows by a score, none over another: [recording, start, end, score]."""
    score = score.copy()
    found: list[list[Any]] = []
    while len(found) < count and len(score) and score.max() > -1.5:
        at = int(score.argmax())
        row, start, end = int(windows.recordings[at]), windows.starts[at], windows.ends[at]
        found.append(
            [row, round(float(start), 3), round(float(end), 3), round(float(score[at]), 4)]
        )
        over = (windows.recordings == row) & (windows.starts < end) & (windows.ends > start)
        score[over] = -2
    return found


def motifs(windows: Windows, lively: Float[np.ndarray, " n"]) -> list[dict[str, Any]]:
    """Clusters of moving windows that other seeds find as well, the most frequent first.

    Args:
        lively: how much moves in each window; the stiller half is no motif.
    """
    from sklearn.cluster import KMeans

    rows = sample(windows)
    rows = rows[lively[rows] >= np.median(lively[rows])] if len(rows) else rows
    if len(rows) < 4 * AGAIN:
        return []
    vectors = windows.at(rows)[:, :50]
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    found: list[dict[str, Any]] = []
    taken = np.zeros(len(rows), dtype=bool)
    for count in (k for k in CLUSTERS if k * AGAIN <= len(rows)):
        made = [KMeans(count, n_init=2, random_state=seed).fit(vectors) for seed in SEEDS]
        for cluster in range(count):
            members = made[0].labels_ == cluster
            stable = min(
                max(_common(members, other.labels_ == k) for k in range(count))
                for other in made[1:]
            )
            if stable < STABLE or (members & taken).mean() > 0.3 * members.mean():
                continue
            score = np.full(len(windows), -2.0)
            center = made[0].cluster_centers_[cluster]
            score[rows[members]] = -np.linalg.norm(vectors[members] - center, axis=1) / 2
            times = apart(windows, score, 1000)
            if len(times) >= AGAIN:
                taken |= members
                found.append({
                    "times": len(times), "stable": round(float(stable), 2),
                    "recordings": len({row for row, *_ in times}), "all": times,
                })  # fmt: skip
    return sorted(found, key=lambda motif: -motif["times"])


def _common(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))
