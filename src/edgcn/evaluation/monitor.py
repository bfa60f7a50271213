"""A curve to watch while an encoder learns: kNN on training subjects held out from the gallery."""

import numpy as np
import torch

from edgcn.evaluation.embed import embed
from edgcn.evaluation.nearest import NearestProbe
from edgcn.models.embedder import Embedder
from edgcn.store.splits import held_out
from edgcn.store.views import Selection

GALLERY = 2000  # clips at most, so that a check costs the same in a store of any size
HELD_OUT = 1000  # likewise


def knn_check(
    embedder: Embedder,
    clips: Selection,
    rows: np.ndarray,
    *,
    device: torch.device | str = "cpu",
) -> dict[str, float]:
    """kNN accuracy on held-out TRAINING subjects, where labels exist; a curve, not a score.

    At most `GALLERY` clips are searched and `HELD_OUT` clips looked up, always the same ones.

    Args:
        rows: the training clips.
    """
    rows = clips.by_name(rows[clips.labels[rows] >= 0])
    if len(rows) < 2:
        return {}
    fit, held = held_out(rows, clips.subjects)[0]
    if not len(fit) or not len(held):
        return {}
    fit, held = _some(fit, clips.labels, GALLERY), _some(held, clips.labels, HELD_OUT)
    features = embed(embedder, clips, np.concatenate([fit, held]), device=device)
    probe = NearestProbe(features[: len(fit)], clips.labels[fit], len(clips.classes), 1)
    found = probe.scores(features[len(fit) :]).argmax(1)
    return {"knn_top1": float((found == clips.labels[held]).mean())}


def _some(rows: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """All rows, or `most` of them at even steps through the classes.

    (Even steps through the store could meet the same few classes again and again.)
    """
    if len(rows) <= most:
        return rows
    by_class = rows[np.argsort(labels[rows], kind="stable")]
    return by_class[np.arange(most) * len(rows) // most]
