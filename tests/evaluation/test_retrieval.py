"""Retrieval equals scikit-learn's average precision; chance equals the mean over random orders."""

import itertools

import numpy as np
import pytest

from edgcn.evaluation import retrieval
from edgcn.evaluation.retrieval import chance_metrics, rank, retrieval_metrics


def clips(n: int, seed: int, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centers = np.random.default_rng(9).normal(size=(classes, 6))
    return (centers[labels] + rng.normal(size=(n, 6))).astype(np.float32), labels


@pytest.mark.parametrize("block", [1, 100, 2**22])
def test_precision_equals_scikit_learn(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.metrics import average_precision_score
    from sklearn.metrics.pairwise import cosine_similarity

    monkeypatch.setattr(retrieval, "BLOCK", block)
    (queries, wanted), (gallery, known) = clips(21, 0), clips(50, 1)
    ranking = rank(queries, gallery, wanted, known)
    similar = cosine_similarity(queries, gallery)
    for row, label in enumerate(wanted):
        expected = average_precision_score(known == label, similar[row])
        assert ranking.precision[row] == pytest.approx(expected, rel=1e-5)
        nearest = known[np.argsort(-similar[row])]
        assert ranking.first[row] == 1 + np.flatnonzero(nearest == label)[0]


def test_recall_is_one_hit_among_the_nearest() -> None:
    ranking = retrieval.Ranking(np.array([1.0, 0.5, 0.1, 0.0]), np.array([1, 2, 6, 11]))
    got = retrieval_metrics(ranking, np.repeat("s", 4))
    assert [got[f"recall{k}"] for k in (1, 5, 10)] == [0.25, 0.5, 0.75]
    assert got["map"] == got["low"] == got["high"] == pytest.approx(0.4)


def test_perfect_features_have_everything() -> None:
    labels = np.arange(12) % 3
    points = np.eye(3, dtype=np.float32)[labels]
    got = retrieval_metrics(rank(points, points, labels, labels), labels.astype(str))
    assert got == dict.fromkeys(got, 1.0)


def test_a_collapsed_encoder_is_at_chance_whatever_the_order_of_the_gallery() -> None:
    known, wanted = np.repeat(np.arange(4), 100), np.repeat(np.arange(4), 2)
    points = np.ones((400, 3), dtype=np.float32)
    got = retrieval_metrics(rank(points[:8], points, wanted, known), np.repeat("s", 8))
    assert got["map"] == pytest.approx(chance_metrics(wanted, known)["map"], abs=0.05)


def test_chance_is_the_mean_over_all_orders() -> None:
    known, label = np.array([0, 0, 1, 1, 1, 2]), 1
    precisions, hits = [], []
    for order in itertools.permutations(range(6)):
        right = known[list(order)] == label
        places = np.flatnonzero(right) + 1
        precisions.append((np.arange(1, len(places) + 1) / places).mean())
        hits.append([right[:k].any() for k in (1, 5, 10)])
    got = chance_metrics(np.array([label]), known)
    assert got["map"] == pytest.approx(np.mean(precisions))
    found = [got[f"recall{k}"] for k in (1, 5, 10)]
    np.testing.assert_allclose(found, np.mean(hits, axis=0), atol=1e-9)


def test_chance_with_one_clip_is_certain() -> None:
    got = chance_metrics(np.array([0]), np.array([0]))
    assert got == pytest.approx(dict.fromkeys(got, 1.0))
