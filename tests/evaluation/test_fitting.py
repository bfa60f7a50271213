"""Probes equal their references, and never see what they must not."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch

from edgcn.evaluation import logistic, nearest, probes
from edgcn.evaluation.logistic import choose_c, fit_logistic
from edgcn.evaluation.nearest import NearestProbe
from edgcn.evaluation.probes import (
    LinearProbe,
    choose_lr,
    fit_linear,
    fit_lrs,
    probe_from_tensors,
    probe_to_tensors,
    standardize,
)
from reference.linear_probe import train_linear


def blobs(
    n: int, d: int, classes: int, *, spread: float = 1.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Features around one center per class; the centers are the same for every seed."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % classes)
    centers = np.random.default_rng(classes).normal(size=(classes, d))
    features = centers[labels] + spread * rng.normal(size=(n, d))
    return features.astype(np.float32), labels


def people(n: int, count: int = 4) -> np.ndarray:
    return np.array([f"s{index % count}" for index in range(n)])


@pytest.mark.parametrize("dims", [12, 39, 40, 200])  # fewer than the clips, as many, and more
@pytest.mark.parametrize(("epochs", "lr"), [(90, 1.0), (20, 0.3), (1, 1.0)])
def test_linear_equals_pytorchs_own_sgd(epochs: int, lr: float, dims: int) -> None:
    features, labels = blobs(40, dims, 4)
    mean, scale = standardize(features)
    x = torch.from_numpy((features - mean) / scale)
    torch.manual_seed(0)
    layer = train_linear(x, torch.from_numpy(labels), classes=4, epochs=epochs, lr=lr, seed=5)
    probe = fit_linear(features, labels, classes=4, epochs=epochs, lr=lr, seed=5)
    torch.testing.assert_close(torch.from_numpy(probe.weight), layer.weight, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(torch.from_numpy(probe.bias), layer.bias, rtol=1e-4, atol=1e-4)
    expected = layer(x).detach().numpy()
    np.testing.assert_allclose(probe.scores(features), expected, rtol=1e-3, atol=1e-3)


def test_lrs_together_are_the_lrs_apart() -> None:
    features, labels = blobs(45, 12, 4, spread=3)  # a last minibatch of 13
    lrs = (10.0, 0.03, 1.0)
    together = fit_lrs(features, labels, classes=4, lrs=lrs, seed=3)
    for probe, lr in zip(together, lrs, strict=True):
        alone = fit_linear(features, labels, classes=4, lr=lr, seed=3)
        np.testing.assert_allclose(probe.weight, alone.weight, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(probe.bias, alone.bias, rtol=1e-4, atol=1e-5)


def test_errors_of_what_is_certain_are_not_too_small_to_compute_with() -> None:
    """Numbers below 1e-38 make a step many times slower; an exact 0 or more than that does not."""
    x, target = torch.eye(4), torch.eye(4).unsqueeze(1) - probes.NOT_ZERO
    weight, slow = 91 * torch.eye(4), torch.zeros(4, 4)  # errors of exp(-91), which is 3e-40
    probes._sgd_step(x, target, weight=weight, slow=slow, lr=torch.ones(1, 1))
    size = slow.abs()
    assert ((size == 0) | (size > 100 * torch.finfo(torch.float32).tiny)).all()
    torch.testing.assert_close(weight, 91 * torch.eye(4))


def test_the_lr_is_chosen_on_whole_training_subjects(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(48, 5, 3, spread=2)
    features[:, 0] = np.arange(48)  # so that rows can be told from features
    subjects, right = people(48), dict.fromkeys(probes.LRS, 0)
    for person in np.unique(subjects):
        fit, check = subjects != person, subjects == person
        for lr in probes.LRS:
            probe = fit_linear(features[fit], labels[fit], classes=3, epochs=9, lr=lr)
            right[lr] += int((probe.scores(features[check]).argmax(1) == labels[check]).sum())
    fitted, whole = [], probes.fit_lrs

    def spy(x: np.ndarray, y: np.ndarray, **settings: Any) -> list[LinearProbe]:
        fitted.append(x[:, 0].astype(int))
        return whole(x, y, **settings)

    monkeypatch.setattr(probes, "fit_lrs", spy)
    lr, share = choose_lr(features, labels, subjects, classes=3, epochs=9)
    assert share == max(right.values()) / 48
    assert lr == max(right, key=lambda lr: right[lr])  # of equal ones the first, the smallest
    assert len(set(right.values())) > 1
    held = [set(subjects) - set(subjects[rows]) for rows in fitted]
    assert sorted(map(sorted, held)) == [["s0"], ["s1"], ["s2"], ["s3"]]


def test_the_smaller_lr_wins_a_tie() -> None:
    features, labels = blobs(60, 10, 3, spread=0.01)
    assert choose_lr(features, labels, people(60), classes=3)[0] == min(probes.LRS)


def test_no_more_subjects_are_held_out_than_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(48, 5, 3)
    sizes, whole = [], probes.fit_lrs

    def spy(x: np.ndarray, y: np.ndarray, **settings: Any) -> list[LinearProbe]:
        sizes.append(len(x))
        return whole(x, y, **settings)

    monkeypatch.setattr(probes, "fit_lrs", spy)
    monkeypatch.setattr(probes, "ENOUGH", 20)
    choose_lr(features, labels, people(48), classes=3, epochs=2)
    assert sizes == [36, 36]  # 24 clips judged


def test_linear_solves_what_is_separable() -> None:
    features, labels = blobs(120, 10, 5, spread=0.05)
    others, expected = blobs(60, 10, 5, spread=0.05, seed=1)
    probe = fit_linear(features, labels, classes=5)
    assert (probe.scores(others).argmax(1) == expected).all()


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_linear_does_not_depend_on_the_scale_of_features(factor: float) -> None:
    features, labels = blobs(80, 10, 3, spread=2)
    scores = fit_linear(features, labels, classes=3).scores(features)
    scaled = (features * factor + 5 * factor).astype(np.float32)
    got = fit_linear(scaled, labels, classes=3).scores(scaled)
    np.testing.assert_allclose(got, scores, rtol=1e-2, atol=1e-2)


def test_linear_ignores_dimensions_that_do_not_vary() -> None:
    features, labels = blobs(60, 6, 3)
    constant = np.full((60, 2), 0.1, dtype=np.float32)
    probe = fit_linear(np.concatenate([features, constant], axis=1), labels, classes=3)
    assert np.abs(probe.weight[:, 6:]).max() < 1e-3
    assert np.isfinite(probe.weight).all()


def test_standardized_rows_have_length_about_one() -> None:
    features, _ = blobs(500, 40, 3)
    mean, scale = standardize(features * 30 - 7)
    rows = (features * 30 - 7 - mean) / scale
    np.testing.assert_allclose(rows.mean(0), 0, atol=1e-5)
    assert np.square(rows).sum(1).mean() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e4])
def test_standardizing_what_never_varies_stays_finite(value: float) -> None:
    same = np.full((50, 4), value, dtype=np.float32)
    mean, scale = standardize(same)
    assert np.isfinite((same - mean) / scale).all()
    assert (np.abs((same - mean) / scale) < 2).all()


@pytest.mark.parametrize(("n", "d", "classes"), [(60, 8, 3), (40, 90, 4), (40, 90, 2), (50, 6, 2)])
@pytest.mark.parametrize("c", [0.01, 1.0])
def test_logistic_in_the_span_of_the_clips_is_the_logistic_of_all_dimensions(
    n: int, d: int, classes: int, c: float
) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    features, labels = blobs(n, d, classes, spread=3)
    others, _ = blobs(30, d, classes, spread=3, seed=1)
    probe = logistic.fit_c(features, labels, c=c, classes=classes)
    scaler = StandardScaler().fit(features.astype(np.float64))
    model = LogisticRegression(C=c, max_iter=5000, tol=1e-8)
    model.fit(scaler.transform(features), labels)
    expected = model.predict_proba(scaler.transform(others))
    got = torch.softmax(torch.from_numpy(probe.scores(others)).double(), dim=1).numpy()
    np.testing.assert_allclose(got, expected, atol=5e-3)


def test_logistic_chooses_c_on_whole_training_subjects(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(48, 5, 3, spread=2)
    features[:, 0] = np.arange(48)  # so that rows can be told from features
    subjects = people(48)
    fitted, whole = [], logistic.fit_cs

    def spy(x: np.ndarray, y: np.ndarray, **settings: Any) -> list[LinearProbe]:
        fitted.append(x[:, 0].astype(int))
        return whole(x, y, **settings)

    monkeypatch.setattr(logistic, "fit_cs", spy)
    _, c = fit_logistic(features, labels, subjects, classes=3)
    assert c in logistic.GRID
    *choosing, last = fitted
    assert sorted(last) == list(range(48))
    assert len(choosing) == 4
    for rows in choosing:
        left = set(subjects) - set(subjects[rows])
        assert len(left) == 1
        assert len(rows) == 36


def test_logistic_prefers_the_stronger_regularization_in_a_tie(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features, labels = blobs(40, 6, 3)
    same = fit_linear(features, labels, classes=3, epochs=2)
    monkeypatch.setattr(logistic, "fit_cs", lambda *_, cs, **__: [same] * len(cs))
    assert fit_logistic(features, labels, people(40), classes=3)[1] == min(logistic.GRID)


def test_what_c_is_chosen_by_is_the_share_of_held_out_clips_that_is_right() -> None:
    features, labels = blobs(48, 5, 3, spread=2)
    subjects, right = people(48), dict.fromkeys(logistic.GRID, 0)
    for person in np.unique(subjects):
        fit, check = subjects != person, subjects == person
        for c in logistic.GRID:
            probe = logistic.fit_c(features[fit], labels[fit], c=c, classes=3)
            right[c] += int((probe.scores(features[check]).argmax(1) == labels[check]).sum())
    c, share = choose_c(features, labels, subjects, classes=3)
    assert (c, share) == (max(right, key=lambda c: (right[c], -c)), max(right.values()) / 48)


def test_c_is_chosen_on_no_more_subjects_than_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(48, 5, 3, spread=2)
    fitted, whole = [], logistic.fit_cs

    def spy(x: np.ndarray, y: np.ndarray, **settings: Any) -> list[LinearProbe]:
        fitted.append(len(x))
        return whole(x, y, **settings)

    monkeypatch.setattr(logistic, "fit_cs", spy)
    monkeypatch.setattr(logistic, "ENOUGH", 20)
    choose_c(features, labels, people(48), classes=3)
    assert fitted == [36, 36]  # 12 clips of the first, 12 of the second person


@pytest.mark.parametrize("dims", [6, 90])
def test_values_of_c_one_after_the_other_are_each_alone(dims: int) -> None:
    features, labels = blobs(60, dims, 3, spread=3)
    chain = logistic.fit_cs(features, labels, cs=logistic.GRID, classes=3)
    for c, probe in zip(logistic.GRID, chain, strict=True):
        alone = logistic.fit_c(features, labels, c=c, classes=3)
        one, other = (each.probabilities(features) for each in (probe, alone))
        np.testing.assert_allclose(one, other, atol=0.01)


def test_neighbors_of_held_out_people_are_other_people() -> None:
    features, labels = blobs(48, 5, 3, spread=2)
    subjects, right = people(48), 0
    for person in np.unique(subjects):
        fit, check = subjects != person, subjects == person
        probe = NearestProbe(features[fit], labels[fit], 3, 1)
        right += int((probe.scores(features[check]).argmax(1) == labels[check]).sum())
    found = nearest.held_out_share(features, labels, subjects, classes=3)
    assert found == right / 48


def test_logistic_survives_subjects_with_one_class_each() -> None:
    features, labels = blobs(40, 6, 2)
    subjects = np.array([f"s{label}" for label in labels])
    probe, _ = fit_logistic(features, labels, subjects, classes=2)
    assert (probe.scores(features).argmax(1) == labels).mean() > 0.8


@pytest.mark.parametrize("protocol", ["linear", "logistic", "knn"])
def test_a_class_without_training_clips_is_never_predicted(protocol: str) -> None:
    features, labels = blobs(60, 8, 3, spread=2)
    taught = np.array([0, 2, 5])[labels]
    if protocol == "linear":
        probe: probes.Probe = fit_linear(features, taught, classes=7)
    elif protocol == "logistic":
        probe, _ = fit_logistic(features, taught, people(60), classes=7)
    else:
        probe = NearestProbe(features, taught, 7, 3)
    others, _ = blobs(200, 8, 3, spread=9, seed=3)
    scores = probe.scores(others)
    assert scores.shape == (200, 7)
    assert np.isfinite(scores).all()
    assert set(scores.argmax(1)) <= {0, 2, 5}


def test_nearest_equals_scikit_learn() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    features, labels = blobs(150, 9, 5, spread=2)
    others, _ = blobs(90, 9, 5, spread=2, seed=1)
    model = KNeighborsClassifier(n_neighbors=1, metric="cosine").fit(features, labels)
    got = NearestProbe(features, labels, 5, 1).scores(others).argmax(1)
    assert got.tolist() == model.predict(others).tolist()


def test_nearest_votes_are_counted_clip_by_clip() -> None:
    features, labels = blobs(40, 5, 3, spread=2)
    others, _ = blobs(7, 5, 3, spread=2, seed=1)
    scores = NearestProbe(features, labels, 3, 4).scores(others)
    for query, row in zip(others, scores, strict=True):
        near = features @ query / np.linalg.norm(features, axis=1) / np.linalg.norm(query)
        votes = np.zeros(3)
        for index in np.argsort(-near)[:4]:
            votes[labels[index]] += near[index] + 1
        np.testing.assert_allclose(row, votes, rtol=1e-4, atol=1e-5)


def test_nearest_finds_itself_and_takes_all_when_there_are_few() -> None:
    features, labels = blobs(30, 6, 4)
    assert (NearestProbe(features, labels, 4, 1).scores(features).argmax(1) == labels).all()
    few = NearestProbe(features[:3], labels[:3], 4, 10)
    assert few.scores(features).shape == (30, 4)


def test_nearest_in_blocks_is_nearest_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(30, 6, 4)
    probe = NearestProbe(features, labels, 4, 3)
    expected = probe.scores(features)
    monkeypatch.setattr(nearest, "BLOCK", 7)
    np.testing.assert_allclose(probe.scores(features), expected, rtol=1e-6)


def test_probabilities_of_a_linear_probe_are_the_softmax_and_of_neighbors_their_votes() -> None:
    features, labels = blobs(40, 5, 3, spread=2)
    others, _ = blobs(25, 5, 3, spread=2, seed=1)
    linear = fit_linear(features, labels, classes=3, epochs=4)
    expected = torch.softmax(torch.from_numpy(linear.scores(others)).double(), dim=1)
    np.testing.assert_allclose(linear.probabilities(others), expected.numpy(), rtol=1e-12)
    nearest = NearestProbe(features, labels, 3, 4)
    votes = nearest.scores(others).astype(np.float64)
    np.testing.assert_allclose(
        nearest.probabilities(others), votes / votes.sum(1, keepdims=True), atol=1e-9
    )
    opposite = NearestProbe(np.eye(2, dtype=np.float32)[:1], np.array([1]), 2, 1)
    away = -np.eye(2, dtype=np.float32)[:1]
    np.testing.assert_allclose(opposite.probabilities(away).sum(1), 1)


@pytest.mark.parametrize("kind", ["linear", "nearest"])
def test_probes_survive_their_tensors(kind: str) -> None:
    features, labels = blobs(40, 6, 3)
    made: probes.Probe
    if kind == "linear":
        made = fit_linear(features, labels, classes=4, epochs=2)
    else:
        made = NearestProbe(features, labels, 4, 3)
    back = probe_from_tensors(probe_to_tensors(made))
    assert type(back) is type(made)
    assert np.array_equal(back.scores(features), made.scores(features))


def test_fitting_is_repeatable_and_quiet() -> None:
    features, labels = blobs(60, 30, 3, spread=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = fit_logistic(features, labels, people(60), classes=3)[0]
    second = fit_logistic(features, labels, people(60), classes=3)[0]
    assert np.array_equal(first.weight, second.weight)
    one, other = (fit_linear(features, labels, classes=3, epochs=3, seed=4) for _ in range(2))
    assert np.array_equal(one.weight, other.weight)
