"""What every probe keeps, however it is fitted."""

from collections.abc import Callable

import numpy as np
import pytest

from edgcn.evaluation.logistic import fit_few, fit_logistic
from edgcn.evaluation.nearest import fit_nearest
from edgcn.evaluation.probes import (
    Probe,
    choose_lr,
    fit_linear,
    probe_from_tensors,
    probe_to_tensors,
)

Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], Probe]

K = 5  # classes, of which the last one has no training clips
FITS: dict[str, Fit] = {
    "linear": lambda x, y, who: fit_linear(x, y, classes=K, epochs=10),
    "linear auto": lambda x, y, who: fit_linear(
        x, y, classes=K, epochs=3, lr=choose_lr(x, y, who, classes=K, epochs=3)[0]
    ),
    "logistic": lambda x, y, who: fit_logistic(x, y, who, classes=K)[0],
    "logistic, whitened": lambda x, y, who: fit_logistic(x, y, who, classes=K, whiten=6)[0],
    "few": lambda x, y, who: fit_few(x[:20], y[:20], among=x, classes=K),
    "nearest": lambda x, y, who: fit_nearest(x, y, classes=K, k=3),
    "nearest, whitened": lambda x, y, who: fit_nearest(x, y, classes=K, k=3, whiten=6),
}


def made(n: int, seed: int, dims: int = 9) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features around a center for each of four classes, labels, and people."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 4
    centers = 3 * np.random.default_rng(1).normal(size=(4, dims))
    features = (centers[labels] + rng.normal(size=(n, dims))).astype(np.float32)
    return features, labels, np.array([f"s{i // 4 % 3}" for i in range(n)])


@pytest.fixture(autouse=True)
def _few_values_of_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgcn.evaluation.logistic.GRID", (0.01, 0.1))


@pytest.mark.parametrize("name", FITS)
def test_what_is_apart_is_told_apart(name: str) -> None:
    probe, (others, labels, _) = FITS[name](*made(60, 0)), made(40, 5)
    assert (probe.scores(others).argmax(1) == labels).mean() > 0.9


@pytest.mark.parametrize("name", FITS)
def test_probabilities_sum_to_one_and_agree_with_the_scores(name: str) -> None:
    probe, others = FITS[name](*made(60, 0)), made(40, 5)[0]
    scores, shares = probe.scores(others), probe.probabilities(others)
    assert scores.shape == shares.shape == (40, K)
    assert ((shares >= 0) & (shares <= 1)).all()
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-9)
    assert np.array_equal(scores.argmax(1), shares.argmax(1))
    assert np.array_equal(shares, probe.likely(scores))
    assert shares[:, 4].max() < 0.05  # the class that was never trained


@pytest.mark.parametrize("name", FITS)
def test_a_clip_is_scored_by_itself(name: str) -> None:
    probe, others = FITS[name](*made(60, 0)), made(40, 5)[0]
    whole = probe.scores(others)
    alone = np.concatenate([probe.scores(others[i : i + 1]) for i in range(40)])
    np.testing.assert_allclose(whole, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dims", [9, 90])
@pytest.mark.parametrize("name", FITS)
def test_tensors_and_back(name: str, dims: int) -> None:
    probe, others = FITS[name](*made(60, 0, dims)), made(40, 5, dims)[0]
    back = probe_from_tensors(probe_to_tensors(probe))
    assert np.array_equal(back.scores(others), probe.scores(others))


@pytest.mark.parametrize("name", [n for n in FITS if n != "nearest"])
def test_the_scale_of_features_does_not_matter(name: str) -> None:
    features, labels, who = made(60, 0)
    others = made(40, 5)[0]
    first = FITS[name](features, labels, who).probabilities(others)
    scaled = FITS[name](1000 * features + 7, labels, who).probabilities(1000 * others + 7)
    np.testing.assert_allclose(first, scaled, atol=0.02)


@pytest.mark.parametrize("name", FITS)
def test_the_same_again_is_the_same(name: str) -> None:
    others = made(40, 5)[0]
    first, second = (FITS[name](*made(60, 0)).scores(others) for _ in "ab")
    assert np.array_equal(first, second)
