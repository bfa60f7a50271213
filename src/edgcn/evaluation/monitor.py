"""A curve to watch while an encoder learns: kNN on training subjects held out from the gallery."""

from typing import Any

import numpy as np
import torch
from torch import nn

from edgcn.evaluation.embed import embed
from edgcn.evaluation.probes import NearestProbe
from edgcn.pipeline.inputs import Inputs
from edgcn.store import Store
from edgcn.store.splits import held_out

GALLERY = 2000  # clips at most, so that a check costs the same in a store of any size
HELD_OUT = 1000  # likewise


def knn_check(
    encoder: nn.Module,
    store: Store,
    rows: np.ndarray,
    inputs: Inputs,
    device: torch.device,
    *,
    readout: str = "mean",
) -> dict[str, float]:
    """kNN accuracy on held-out TRAINING subjects, where there are labels; a curve, not a score.

    At most `GALLERY` clips are searched and `HELD_OUT` clips looked up, always the same ones.
    """
    rows = rows[store.labels[rows] >= 0]
    if len(rows) < 2:
        return {}
    fit, held = held_out(rows, store.subjects)[0]
    if not len(fit) or not len(held):
        return {}
    fit, held = _some(fit, store.labels, GALLERY), _some(held, store.labels, HELD_OUT)
    about: dict[str, Any] = {"inputs": inputs, "readout": readout, "device": device}
    features = embed(encoder, store, np.concatenate([fit, held]), **about)
    probe = NearestProbe(features[: len(fit)], store.labels[fit], len(store.classes), 1)
    found = probe.scores(features[len(fit) :]).argmax(1)
    return {"knn_top1": float((found == store.labels[held]).mean())}


def _some(rows: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """All rows, or `most` of them at even steps through the classes.

    (Even steps through the store could meet the same few classes again and again.)
    """
    if len(rows) <= most:
        return rows
    by_class = rows[np.argsort(labels[rows], kind="stable")]
    return by_class[np.arange(most) * len(rows) // most]
