"""Whitening: covariance I where it was fitted, and probes that have it folded in read as before."""

import numpy as np
import pytest

from edgcn.evaluation.logistic import choose_c, fit_c, fit_logistic, span
from edgcn.evaluation.nearest import NearestProbe, fit_nearest
from edgcn.evaluation.probes import probe_from_tensors, probe_to_tensors
from edgcn.evaluation.protocols import PROTOCOLS
from edgcn.models.whitening import fit_whitening
from problems import problem


def made(n: int, dims: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features that vary a hundred times more in some directions than in others; labels; people."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    mix = np.random.default_rng(1).normal(size=(dims, dims)) * np.logspace(0, -2, dims)[:, None]
    centers = np.random.default_rng(2).normal(size=(3, dims))
    features = (centers[labels] + rng.normal(size=(n, dims))) @ mix + 5
    return features.astype(np.float32), labels, np.array([f"s{i // 3 % 4}" for i in range(n)])


def covariance(features: np.ndarray) -> np.ndarray:
    return np.asarray(np.cov(features.T.astype(np.float64), bias=True))


@pytest.mark.parametrize(("n", "dims", "kept"), [(90, 12, 12), (90, 12, 5), (40, 60, 256)])
def test_whitened_training_features_have_covariance_one(n: int, dims: int, kept: int) -> None:
    features, _, _ = made(n, dims)
    whitened = fit_whitening(features, kept)(features)
    rank = min(kept, dims, n - 1)
    assert whitened.shape == (n, rank)
    np.testing.assert_allclose(whitened.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(covariance(whitened), np.eye(rank), atol=1e-3)


def test_what_is_kept_are_the_directions_of_most_variance() -> None:
    features, _, _ = made(90, 12)
    values, directions = np.linalg.eigh(covariance(features))
    expected = (features - features.mean(0)) @ directions[:, ::-1][:, :5] / values[::-1][:5] ** 0.5
    found = fit_whitening(features, 5)(features)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-3)


def test_whitening_goes_by_nothing_but_directions() -> None:
    """Any rotation, scale and shift of the features gives the same clips the same distances."""
    features, _, _ = made(60, 8)
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(8, 8)))
    other = (40 * features @ rotation - 3).astype(np.float32)
    first, second = (fit_whitening(x, 8)(x) for x in (features, other))
    np.testing.assert_allclose(first @ first.T, second @ second.T, atol=2e-2)


def test_directions_in_which_nothing_varies_are_dropped() -> None:
    features, _, _ = made(60, 6)
    twice = np.concatenate([features, features, np.full((60, 2), 0.1, dtype=np.float32)], axis=1)
    whitened = fit_whitening(twice, 14)(twice)
    assert whitened.shape == (60, 6)
    np.testing.assert_allclose(covariance(whitened), np.eye(6), atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e4])
@pytest.mark.parametrize("n", [1, 30])
def test_clips_that_do_not_differ_are_whitened_to_nothing(value: float, n: int) -> None:
    same = np.full((n, 4), value, dtype=np.float32)
    assert np.array_equal(fit_whitening(same, 3)(same), np.zeros((n, 1)))


@pytest.mark.parametrize("dims", [9, 90])
def test_folded_in_it_gives_the_scores_of_whitening_first(dims: int) -> None:
    (features, labels, who), (others, _, _) = made(60, dims), made(20, dims, 7)
    whitening = fit_whitening(features, 6)
    first = whitening(features)
    apart = fit_c(first, labels, c=0.1, classes=3)
    folded = fit_c(features, labels, c=0.1, classes=3, known=span(features, 6))
    np.testing.assert_allclose(folded.scores(others), apart.scores(whitening(others)), atol=5e-3)
    near = fit_nearest(features, labels, classes=3, k=3, whiten=6)
    expected = NearestProbe(first, labels, 3, 3).scores(whitening(others))
    assert np.array_equal(near.scores(others), expected)
    c, share = choose_c(features, labels, who, classes=3, whiten=6)
    assert fit_logistic(features, labels, who, classes=3, whiten=6)[1] == c
    assert 0 < share <= 1


@pytest.mark.parametrize("whiten", [0, 5])
def test_neighbors_survive_their_tensors(whiten: int) -> None:
    (features, labels, _), (others, _, _) = made(60, 9), made(20, 9, 7)
    probe = fit_nearest(features, labels, classes=3, k=2, whiten=whiten)
    back = probe_from_tensors(probe_to_tensors(probe))
    assert isinstance(back, NearestProbe)
    assert (back.whitening is None) == (not whiten)
    assert np.array_equal(back.scores(others), probe.scores(others))


@pytest.mark.parametrize("name", ["logistic", "knn"])
def test_without_whitening_nothing_changes_and_with_it_something_does(name: str) -> None:
    trial = problem()
    plain, zero, whitened = (
        PROTOCOLS[name](trial, **settings) for settings in ({}, {"whiten": 0}, {"whiten": 8})
    )
    assert plain.rows == zero.rows
    assert plain.scores is not None
    assert whitened.scores is not None
    assert np.array_equal(plain.scores, zero.scores)  # type: ignore[arg-type]
    assert not np.allclose(plain.scores, whitened.scores)
    assert all(row.held_out is not None for row in whitened.rows[1:])
    assert whitened.probe is not None
    values = trial.features[-1].values[trial.task.tested]
    assert np.array_equal(whitened.probe.probabilities(values), whitened.scores)
