"""Retrieval: each test clip is a query for the training clips of its class, nearest first.

queries (N, D), gallery (G, D), cosine -> average precision (N,) and place of the first hit (N,)
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from scipy.special import gammaln
from torch import Tensor

from edgcn.evaluation.metrics import subject_interval

BLOCK = 2**22  # similarities sorted at a time: with their order and what is made of it 250 MB
AT = (1, 5, 10)  # first clips in which recall looks for a hit

Features = Float[np.ndarray, "n d"]
Labels = Int[np.ndarray, " n"]


@dataclass(frozen=True)
class Ranking:
    """What each query found: its average precision, and at which place (from 1) its first hit."""

    precision: Float[np.ndarray, " n"]
    first: Int[np.ndarray, " n"]


@torch.no_grad()
def rank(
    queries: Float[np.ndarray, "n d"],
    gallery: Float[np.ndarray, "g d"],
    query_labels: Int[np.ndarray, " n"],
    gallery_labels: Int[np.ndarray, " g"],
) -> Ranking:
    """Rank the gallery for each query; every query's class is in the gallery.

    Equally similar clips come in a fixed random order: an encoder that maps all clips to one point
    must not profit from a gallery that is sorted by class.
    """
    shuffled = np.random.default_rng(0).permutation(len(gallery))
    # in float64: cosines of a random encoder are within 0.01 of 1, where float32 has many ties
    points = F.normalize(torch.from_numpy(gallery[shuffled]).double(), dim=1)
    labels = torch.from_numpy(gallery_labels[shuffled])
    query = F.normalize(torch.from_numpy(queries).double(), dim=1)
    wanted = torch.from_numpy(query_labels)
    size = max(1, BLOCK // len(points))
    parts = [
        _rank_block(query[at : at + size] @ points.T, wanted[at : at + size], labels)
        for at in range(0, len(query), size)
    ]
    precision, first = (torch.cat(side).numpy() for side in zip(*parts, strict=True))
    return Ranking(precision, first)


def _rank_block(
    similar: Float[Tensor, "n g"], wanted: Int[Tensor, " n"], labels: Int[Tensor, " g"]
) -> tuple[Float[Tensor, " n"], Int[Tensor, " n"]]:
    """Average precision and place of the first hit of some queries."""
    order = similar.argsort(dim=1, descending=True, stable=True)
    hit = labels[order] == wanted[:, None]
    place = torch.arange(1, hit.shape[1] + 1)
    precision = hit.cumsum(1) / place * hit
    return precision.sum(1) / hit.sum(1), hit.int().argmax(1) + 1


def retrieval_metrics(ranking: Ranking, subjects: np.ndarray, *, seed: int = 0) -> dict[str, float]:
    """mAP (mean over queries), its interval by subject, and recall@k: the share of queries with
    at least one hit among the k nearest.
    """
    low, high = subject_interval(ranking.precision, subjects, seed=seed)
    recall = {f"recall{k}": float((ranking.first <= k).mean()) for k in AT}
    return {"map": float(ranking.precision.mean()), "low": low, "high": high, **recall}


def chance_metrics(query_labels: Labels, gallery_labels: Int[np.ndarray, " g"]) -> dict[str, float]:
    """What a random order of the gallery gives on average, exactly.

    mAP: with R of G clips relevant, place i holds a hit with probability R / G, and then each of
    the i - 1 places before it with probability (R - 1) / (G - 1). recall@k: hypergeometric.
    """
    size = len(gallery_labels)
    classes = max(query_labels.max(), gallery_labels.max()) + 1
    right = np.bincount(gallery_labels, minlength=classes)[query_labels].astype(float)
    beside = (right - 1) / max(size - 1, 1)
    mean = beside + (1 - beside) * (1 / np.arange(1, size + 1)).mean()
    recall = {f"recall{k}": float((1 - _no_hit(size, right, k)).mean()) for k in AT}
    return {"map": float(mean.mean()), **recall}


def _no_hit(size: int, right: Float[np.ndarray, " n"], k: int) -> Float[np.ndarray, " n"]:
    """Probability that k clips of `size`, drawn without replacement, miss all `right` ones."""
    wrong, k = size - right, min(k, size)
    logs = gammaln(wrong + 1) - gammaln(np.maximum(wrong - k, 0) + 1)
    logs -= gammaln(size + 1) - gammaln(size - k + 1)
    return np.where(wrong >= k, np.exp(logs), 0.0)
