"""A curve to watch while an encoder learns: kNN on training subjects held out from the gallery."""

import numpy as np
import torch
from torch import nn

from edgcn.checkpoint import Inputs
from edgcn.evaluation.embed import embed
from edgcn.evaluation.probes import NearestProbe
from edgcn.splits import held_out
from edgcn.store import Store


def knn_check(
    encoder: nn.Module, store: Store, rows: np.ndarray, inputs: Inputs, device: torch.device
) -> dict[str, float]:
    """kNN accuracy on held-out TRAINING subjects, where there are labels; a curve, not a score."""
    rows = rows[store.labels[rows] >= 0]
    if len(rows) < 2:
        return {}
    fit, held = held_out(rows, store.subjects)[0]
    if not len(fit) or not len(held):
        return {}
    features = embed(encoder, store, np.concatenate([fit, held]), inputs=inputs, device=device)
    probe = NearestProbe(features[: len(fit)], store.labels[fit], len(store.classes), 1)
    found = probe.scores(features[len(fit) :]).argmax(1)
    return {"knn_top1": float((found == store.labels[held]).mean())}
