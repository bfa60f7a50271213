"""Metrics equal scikit-learn's; the interval asks how much depends on WHO was tested."""

import itertools
import warnings

import numpy as np
import pytest

from edgcn.evaluation.metrics import confusion, measure, subject_interval


def guesses(n: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores that are right more often than not, and the labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    scores = rng.normal(size=(n, classes)).astype(np.float32)
    scores[np.arange(n), labels] += 1
    return scores, labels


@pytest.mark.parametrize(("n", "classes"), [(300, 8), (40, 20), (50, 3)])
def test_scores_equal_scikit_learn(n: int, classes: int) -> None:
    from sklearn import metrics as sk

    scores, labels = guesses(n, classes)
    predicted = scores.argmax(1)
    got = measure(scores, labels, np.repeat("s", n))
    occurring = np.unique(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        balanced = sk.balanced_accuracy_score(labels, predicted)
    assert got["top1"] == pytest.approx(sk.accuracy_score(labels, predicted))
    assert got["macro_f1"] == pytest.approx(
        sk.f1_score(labels, predicted, labels=occurring, average="macro", zero_division=0)
    )
    assert got["balanced"] == pytest.approx(balanced)
    everything = {"k": min(5, classes), "labels": np.arange(classes)}
    if classes > 5:
        assert got["top5"] == pytest.approx(sk.top_k_accuracy_score(labels, scores, **everything))
    assert np.array_equal(
        confusion(labels, predicted, classes),
        sk.confusion_matrix(labels, predicted, labels=np.arange(classes)),
    )


@pytest.mark.parametrize("classes", [2, 4, 5])
def test_top5_of_up_to_five_classes_is_always_right(classes: int) -> None:
    scores, labels = guesses(30, classes)
    assert measure(scores, labels, np.repeat("s", 30))["top5"] == 1


def test_perfect_and_hopeless() -> None:
    labels = np.arange(12) % 6
    right = np.eye(6, dtype=np.float32)[labels]
    best = measure(right, labels, np.arange(12).astype(str))
    assert best == dict.fromkeys(best, 1.0)
    worst = measure(-right, labels, np.arange(12).astype(str))
    assert worst == dict.fromkeys(worst, 0.0)


def test_always_predicting_one_class_has_its_share_and_little_else() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [2])
    scores = np.tile(np.array([3, 2, 1], dtype=np.float32), (10, 1))
    got = measure(scores, labels, np.repeat("s", 10))
    assert got["top1"] == pytest.approx(0.6)
    assert got["balanced"] == pytest.approx(1 / 3)
    assert got["macro_f1"] == pytest.approx((2 * 6 / 16) / 3)


def test_classes_without_test_clips_do_not_count() -> None:
    scores, labels = guesses(60, 6)
    people = np.repeat("s", 60)
    wider = np.concatenate([scores, np.full((60, 3), -50, dtype=np.float32)], axis=1)
    assert measure(wider, labels, people) == measure(scores, labels, people)


def test_one_subject_has_no_width() -> None:
    correct = np.array([True, False, True, True])
    assert subject_interval(correct, np.repeat("s1", 4)) == (0.75, 0.75)


def test_two_subjects_are_drawn_in_four_ways() -> None:
    correct = np.array([True] * 3 + [False] + [False] * 4 + [True] * 2)
    subjects = np.array(["a"] * 4 + ["b"] * 6)
    right, total = {"a": 3, "b": 2}, {"a": 4, "b": 6}
    shares = [
        sum(right[s] for s in pair) / sum(total[s] for s in pair)
        for pair in itertools.product("ab", repeat=2)
    ]
    low, high = subject_interval(correct, subjects)
    assert low == pytest.approx(min(shares))
    assert high == pytest.approx(max(shares))


def test_three_subjects_by_enumeration() -> None:
    rng = np.random.default_rng(0)
    subjects = np.array(["a"] * 5 + ["b"] * 9 + ["c"] * 3)
    correct = rng.random(17) < 0.6
    shares = []
    for drawn in itertools.product("abc", repeat=3):
        rows = np.concatenate([np.flatnonzero(subjects == s) for s in drawn])
        shares.append(correct[rows].mean())
    expected = np.quantile(shares, [0.025, 0.975], method="inverted_cdf")
    assert subject_interval(correct, subjects) == pytest.approx(tuple(expected), abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_interval_holds_the_score_and_follows_its_seed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    subjects = np.array([f"s{i}" for i in rng.integers(8, size=120)])
    correct = rng.random(120) < 0.5
    low, high = subject_interval(correct, subjects, seed=seed)
    assert low <= correct.mean() <= high
    assert (low, high) == subject_interval(correct, subjects, seed=seed)


def test_clips_of_one_person_are_not_independent() -> None:
    subjects = np.repeat([f"s{i}" for i in range(6)], 50)
    by_person = np.repeat([True, True, True, False, False, False], 50)
    spread = np.tile([True, False], 150)
    wide, narrow = (subject_interval(each, subjects) for each in (by_person, spread))
    assert wide[1] - wide[0] > 0.5
    assert narrow[1] - narrow[0] < 0.01


def test_every_score_is_a_plain_number_for_json() -> None:
    scores, labels = guesses(20, 3)
    values = measure(scores, labels, np.repeat("s", 20))
    assert {type(value) for value in values.values()} == {float}
