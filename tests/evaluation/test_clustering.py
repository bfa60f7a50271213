"""Clusters are scored by what they group, not by what they are called."""

import itertools

import numpy as np
import pytest

from edgcn.evaluation.clustering import clustering_metrics, k_means, match


def groups(n: int = 60, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.arange(n) % classes
    centers = 5 * np.eye(classes, 8, dtype=np.float32)
    return (centers[labels] + 0.2 * rng.normal(size=(n, 8))).astype(np.float32), labels


def test_apart_is_found_whatever_the_scale_of_each_clip() -> None:
    features, labels = groups()
    scale = np.random.default_rng(1).uniform(0.1, 10, size=(len(labels), 1)).astype(np.float32)
    found = k_means(features * scale, 4)
    got = clustering_metrics(labels, found, np.repeat("s", len(labels)))
    assert (got["accuracy"], got["nmi"], got["ari"]) == pytest.approx((1, 1, 1))
    assert np.array_equal(found, k_means(features * scale, 4))


def test_names_of_clusters_do_not_matter() -> None:
    labels = np.random.default_rng(2).integers(4, size=50)
    clusters = np.where(np.arange(50) % 3 == 0, 0, labels)
    first = clustering_metrics(labels, clusters, np.repeat("s", 50))
    for names in itertools.permutations(range(4)):
        assert clustering_metrics(labels, np.array(names)[clusters], np.repeat("s", 50)) == (
            pytest.approx(first)
        )


@pytest.mark.parametrize(("classes", "clusters"), [(3, 3), (3, 4), (4, 2)])
def test_the_matching_is_the_best_of_all(classes: int, clusters: int) -> None:
    rng = np.random.default_rng(classes * clusters)
    labels, found = rng.integers(classes, size=40), rng.integers(clusters, size=40)
    names = [*range(classes), *[-1] * clusters]
    every = (np.array(p[:clusters]) for p in set(itertools.permutations(names, clusters)))
    best = max((name[found] == labels).sum() for name in every)
    matched = match(labels, found)
    assert (matched == labels).sum() == best
    pairs = {(c, m) for c, m in zip(found.tolist(), matched.tolist(), strict=True) if m >= 0}
    assert len({c for c, _ in pairs}) == len({m for _, m in pairs}) == len(pairs)


def test_one_cluster_tells_nothing_apart() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    got = clustering_metrics(labels, np.zeros(6, dtype=np.int64), np.repeat("s", 6))
    assert got["accuracy"] == pytest.approx(0.5)
    assert (got["nmi"], got["ari"]) == pytest.approx((0, 0))


def test_a_collapsed_encoder_is_one_cluster_without_complaint(
    recwarn: pytest.WarningsRecorder,
) -> None:
    assert len(set(k_means(np.zeros((9, 2), dtype=np.float32), 3).tolist())) == 1
    assert not recwarn
