"""Protocols: the numbers as before, folds that hold out everybody once, a line per clip."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.evaluation import finetune, folds, logistic
from edgcn.evaluation.finetune import train_on_labels
from edgcn.evaluation.fitted import fitted
from edgcn.evaluation.folds import with_share
from edgcn.evaluation.logistic import fit_few
from edgcn.evaluation.metrics import measure
from edgcn.evaluation.probes import fit_linear
from edgcn.evaluation.protocols import PROTOCOLS
from edgcn.evaluation.results import lines
from edgcn.evaluation.rows import Row
from edgcn.evaluation.subsets import some_share, some_shots
from edgcn.evaluation.trial import (
    Classifier,
    Outcome,
    Trial,
    confusion_of,
    per_clip,
    task_of,
)
from edgcn.store.splits import Fold, Split
from helpers import tiny_store
from problems import CLASSES, SMALL, one_out, problem

# Of `problem`, by the code before the rebuild: top-1, top-5, macro-F1, balanced accuracy, interval.
MAJORITY = (0.226415, 0.754717, 0.052747, 0.142857, 0.12, 0.321429)
EXPECTED: dict[str, tuple[dict[str, Any], list[tuple[float, ...]]]] = {
    "linear": ({}, [
        MAJORITY,
        (0.207547, 0.773585, 0.178936, 0.190023, 0.178571, 0.24),
        (0.245283, 0.849057, 0.261, 0.259297, 0.142857, 0.36),
        (0.415094, 0.943396, 0.377773, 0.387415, 0.357143, 0.48),
    ]),
    "linear auto": ({"lr": "auto", "epochs": 20}, [
        MAJORITY,
        (0.245283, 0.754717, 0.211968, 0.225737, 0.24, 0.25, 3.0),
        (0.226415, 0.867925, 0.171987, 0.195578, 0.178571, 0.28, 0.1),
        (0.415094, 0.981132, 0.312402, 0.361224, 0.357143, 0.48, 0.3),
    ]),
    "logistic": ({}, [
        MAJORITY,
        (0.283019, 0.773585, 0.248329, 0.261451, 0.25, 0.32, 1.0),
        (0.207547, 0.886792, 0.157854, 0.183673, 0.142857, 0.28, 0.1),
        (0.45283, 0.962264, 0.329765, 0.385034, 0.428571, 0.48, 0.1),
    ]),
    "knn": ({"k": 3}, [
        MAJORITY,
        (0.226415, 0.735849, 0.175057, 0.194444, 0.2, 0.25),
        (0.264151, 0.754717, 0.195788, 0.222789, 0.25, 0.28),
        (0.490566, 0.886792, 0.388406, 0.449887, 0.428571, 0.56),
    ]),
    "few-shot": ({"shots": (1, 5), "draws": 3}, [
        MAJORITY,
        (0.163522, 0.742138, 0.157477, 0.166893, 0.146667, 0.178571, 0.032069),
        (0.226415, 0.823899, 0.20657, 0.231104, 0.178571, 0.28, 0.053367),
        (0.314465, 0.90566, 0.262875, 0.270748, 0.306667, 0.321429, 0.049522),
        (0.157233, 0.72956, 0.146799, 0.154535, 0.093333, 0.214286, 0.032069),
        (0.194969, 0.842767, 0.17617, 0.200302, 0.166667, 0.226667, 0.023532),
        (0.389937, 0.962264, 0.330249, 0.354875, 0.309524, 0.48, 0.079055),
    ]),
    "semi": ({"fractions": (0.1, 0.4), "draws": 2}, [
        MAJORITY,
        (0.169811, 0.745283, 0.140591, 0.168707, 0.16, 0.178571, 0.018868, 10),
        (0.292453, 0.839623, 0.239353, 0.267744, 0.28, 0.303571, 0.04717, 10),
        (0.415094, 0.867925, 0.302819, 0.355839, 0.410714, 0.42, 0.037736, 10),
        (0.235849, 0.764151, 0.184201, 0.221995, 0.22, 0.25, 0.066038, 43),
        (0.245283, 0.839623, 0.233266, 0.243197, 0.24, 0.25, 0.056604, 43),
        (0.433962, 0.943396, 0.334278, 0.375907, 0.428571, 0.44, 0.018868, 43),
    ]),
    "retrieval": ({}, [  # mAP, interval, recall at 1, 5, 10
        (0.189593, 0.155704, 0.549972, 0.771987),
        (0.213627, 0.196424, 0.228986, 0.226415, 0.603774, 0.811321),
        (0.237451, 0.218508, 0.258667, 0.226415, 0.641509, 0.773585),
        (0.352486, 0.331089, 0.376452, 0.490566, 0.792453, 0.867925),
    ]),
    "clustering": ({}, [  # matched accuracy, interval, NMI, ARI
        (0.226415, 0.12, 0.321429, 0.0, 0.0),
        (0.301887, 0.285714, 0.32, 0.206947, -0.00195),
        (0.320755, 0.285714, 0.36, 0.207415, 0.015972),
        (0.490566, 0.48, 0.5, 0.466857, 0.205657),
    ]),
}  # fmt: skip
ORDER = ("map", "accuracy", "top1", "top5", "macro_f1", "balanced", "low", "high", "recall1",
         "recall5", "recall10", "nmi", "ari", "draw_spread")  # fmt: skip
DIGESTS = {
    "1 per class": ["a037285d311229d2", "8b30e80a36bca357", "228dd622eb55b47b"],
    "5 per class": ["ff52f7c3715ab383", "6571aa2b655777cd", "3a2a877998bc7112"],
}


def run(name: str, trial: Trial, **settings: Any) -> Outcome:
    return PROTOCOLS[name](trial, **settings)


def values_of(row: Row) -> tuple[float, ...]:
    """A row's numbers in the order of EXPECTED."""
    found = [row.scores[name] for name in ORDER if name in row.scores]
    found += row.chosen.values()
    return (*found, *([row.n_labels] if row.labels.endswith("%") and row.n_labels else []))


@pytest.mark.parametrize("name", EXPECTED)
def test_one_fold_has_the_numbers_of_the_code_before(name: str) -> None:
    settings, expected = EXPECTED[name]
    outcome = run(name.partition(" ")[0], problem(), **settings)
    for row, numbers in zip(outcome.rows, expected, strict=True):
        assert values_of(row) == pytest.approx(numbers, abs=2e-6), row.name
        assert row.n == 53


def test_the_same_clips_keep_their_labels_as_before() -> None:
    outcome = run("few-shot", problem(), shots=(5, 1), draws=3)
    assert outcome.metadata["subsets"] == DIGESTS
    assert [row.labels for row in outcome.rows[1:]] == [*["1 per class"] * 3, *["5 per class"] * 3]
    assert [row.amount for row in outcome.rows[1:]] == [1.0] * 3 + [5.0] * 3
    assert {row.n_labels for row in outcome.rows[1:]} == {7, 35}


def test_fusion_averages_the_probabilities_of_all_methods() -> None:
    trial = problem()
    other = replace(trial.features[1], kind="method", name="other", learned="1/2 people")
    fused = replace(trial, features=[*trial.features, other], fused="fusion of both")
    outcome = run("logistic", fused)
    last = outcome.rows[-1]
    assert (last.kind, last.name, last.learned) == (
        "fused",
        "fusion of both",
        "2/2 people, 1/2 people",
    )
    assert values_of(last) == pytest.approx(
        (0.415094, 0.90566, 0.309867, 0.365193, 0.4, 0.428571), abs=2e-6
    )
    assert outcome.probe is None
    alone = [run("logistic", replace(trial, features=[*trial.features[:2], each])).scores
             for each in (trial.features[2], other)]  # fmt: skip
    np.testing.assert_allclose(outcome.scores, np.mean(np.stack(alone), axis=0))  # type: ignore
    assert [row.kind for row in run("knn", fused).rows[-2:]] == ["method", "method"]


# Leave one subject out


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if name != "clustering"])
def test_with_folds_every_clip_is_tested_once_and_together(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logistic, "GRID", (0.01, 0.1))
    trial = one_out(problem())
    outcome = run(name, trial, **SMALL.get(name, {}))
    assert {row.n for row in outcome.rows} == {160}
    assert sorted(trial.task.tested) == list(range(160))
    assert outcome.probe is None
    if outcome.scores is not None:
        assert np.array_equal(outcome.tested, trial.task.tested)  # type: ignore[arg-type]
        assert outcome.scores.shape == (160, 7)
        right = outcome.scores.argmax(1) == trial.task.labels[trial.task.tested]
        assert outcome.rows[-1].scores["top1"] == pytest.approx(right.mean())


def test_each_clip_is_scored_by_the_fold_that_holds_it_out() -> None:
    trial = one_out(problem())
    task, values = trial.task, trial.features[2].values
    scores = np.zeros((160, 7), dtype=np.float32)
    for who in np.unique(task.subjects):
        train, test = task.subjects != who, task.subjects == who
        probe = fit_linear(values[train], task.labels[train], classes=7, seed=3, epochs=5)
        scores[test] = probe.scores(values[test])
    expected = measure(scores, task.labels, task.subjects, seed=3)
    assert run("linear", trial, epochs=5).rows[-1].scores == pytest.approx(expected)


def test_few_labels_are_drawn_among_each_folds_training_clips() -> None:
    trial = one_out(problem())
    task, values = trial.task, trial.features[2].values
    found = []
    for draw in range(2):
        right = 0
        for fold in task.folds:
            labels = task.labels[fold.train]
            kept = some_shots(labels, 2, seed=3, draw=draw)
            x = values[fold.train]
            probe = fit_few(x[kept], labels[kept], among=x, classes=7)
            predicted = probe.scores(values[fold.test]).argmax(1)
            right += int((predicted == task.labels[fold.test]).sum())
        found.append(right / 160)
    row = run("few-shot", trial, shots=(2,), draws=2).rows[-1]
    assert row.scores["top1"] == pytest.approx(np.mean(found))
    assert row.scores["draw_spread"] == pytest.approx(np.std(found))


def test_retrieval_of_folds_is_the_mean_over_all_queries() -> None:
    trial = one_out(problem())
    parts = [
        run("retrieval", replace(trial, task=replace(trial.task, folds=(fold,))))
        for fold in trial.task.folds
    ]
    sizes = [len(fold.test) for fold in trial.task.folds]
    for place, row in enumerate(run("retrieval", trial).rows):
        each = [part.rows[place].scores["map"] for part in parts]
        assert row.scores["map"] == pytest.approx(np.average(each, weights=sizes))


def test_clusters_of_several_folds_are_refused() -> None:
    with pytest.raises(EdgcnError, match=r"split 'loso' tests them in 6 folds; use another"):
        run("clustering", one_out(problem()))


# Few clips of a class


def test_a_class_with_fewer_clips_is_in_the_label_and_in_a_note() -> None:
    outcome = run("few-shot", problem(), shots=(1, 7, 10), draws=1)
    labels = list(dict.fromkeys(row.labels for row in outcome.rows))
    assert labels == [
        "",
        "1 per class",
        "7 per class (6 of fold arms)",
        "10 per class (fewer of 3)",
    ]
    assert outcome.notes == (
        "7 per class: there are only 6 training clips of fold arms",
        "10 per class: there are only 9 training clips of clap, 8 training clips of touch neck, "
        "6 training clips of fold arms",
    )


# Training on labels


def test_tuning_stands_beside_scratch_and_the_frozen_encoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained, whole = [], train_on_labels

    def spy(encoder: nn.Module, *given: Any, **settings: Any) -> Any:
        trained.append(encoder)
        return whole(encoder, *given, **settings)

    monkeypatch.setattr(folds, "train_on_labels", spy)
    trial = problem()
    assert trial.trainable is not None
    settings: dict[str, Any] = {"finetune_epochs": 3, "finetune_lr": 1e-2, "epochs": 5}
    tuned, scratch = (run(name, trial, **settings) for name in ("finetune", "supervised"))
    assert [row.kind for row in tuned.rows] == ["majority", "raw", "random", "scratch", "frozen",
                                                "method"]  # fmt: skip
    assert [row.kind for row in scratch.rows] == ["majority", "raw", "random", "method"]
    assert [row.name for row in tuned.rows[3:]] == ["EDGCN, from scratch", "EDGCN, frozen",
                                                    "EDGCN, fine-tuned"]  # fmt: skip
    assert [row.learned for row in tuned.rows[3:]] == ["", "2/2 people", "2/2 people"]
    assert scratch.rows[-1].learned == ""
    assert tuned.rows[3].scores == scratch.rows[-1].scores
    assert trained == [trial.trainable.untrained(), trial.trainable.pretrained()]  # each once
    linear = run("linear", trial, epochs=5).rows
    assert [row.scores for row in tuned.rows[:3]] == [row.scores for row in linear[:3]]
    assert tuned.rows[4].scores == linear[3].scores
    run("supervised", trial, **settings | {"finetune_augment": True})
    assert len(trained) == 3


def test_what_was_trained_gives_the_scores_of_its_row() -> None:
    trial = problem()
    outcome = run("finetune", trial, finetune_epochs=4, finetune_lr=1e-2, epochs=2)
    assert trial.trainable is not None
    assert outcome.encoder is not None
    assert outcome.probe is not None
    found = finetune.vectors(outcome.encoder, trial.trainable.view, trial.task.tested)
    predicted = outcome.probe.scores(found).argmax(1)
    right = (predicted == trial.task.labels[trial.task.tested]).mean()
    assert right == pytest.approx(outcome.rows[-1].scores["top1"])


def test_a_share_of_the_labels_is_all_that_any_row_learns_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learned, whole = [], train_on_labels

    def spy(encoder: nn.Module, view: Any, rows: np.ndarray, *given: Any, **settings: Any) -> Any:
        learned.append(rows)
        return whole(encoder, view, rows, *given, **settings)

    monkeypatch.setattr(folds, "train_on_labels", spy)
    trial = problem()
    kept = some_share(trial.task.labels[trial.task.folds[0].train], 0.25, seed=trial.task.seed)
    settings: dict[str, Any] = {"finetune_epochs": 1, "finetune_share": 0.25, "epochs": 5}
    outcome = run("finetune", trial, **settings)
    assert [rows.tolist() for rows in learned] == [trial.task.folds[0].train[kept].tolist()] * 2
    few = with_share(trial, 0.25)
    assert outcome.rows[1].scores == run("linear", few, epochs=5).rows[1].scores
    there = len(trial.task.folds[0].train)
    assert f"all rows learned from {len(kept)} of {there} labelled clips" in outcome.notes


# A recognizer's own classifier


def test_a_fitted_classifier_is_scored_as_it_is() -> None:
    trial = problem()
    task, (fold,), values = trial.task, trial.task.folds, trial.features[2].values
    probe, c = logistic.fit_logistic(
        values[fold.train], task.labels[fold.train], task.subjects[fold.train], classes=7
    )
    order = np.array([2, 0, 1, 6, 5, 4, 3])  # of the recognizer's classes
    own = replace(probe, weight=probe.weight[order], bias=probe.bias[order])
    names = tuple(CLASSES[label] for label in order)
    classifier = Classifier(names, own, c, learned="1/2 people", notes=("fitted on them",))
    outcome = fitted(replace(trial, classifier=classifier))
    expected = run("logistic", trial)
    assert [row.kind for row in outcome.rows] == ["majority", "raw", "random", "fitted"]
    assert outcome.rows[:3] == expected.rows[:3]
    assert outcome.rows[3].scores == pytest.approx(expected.rows[3].scores)
    assert outcome.rows[3].learned == "2/2 people, 1/2 people"
    assert outcome.notes == ("fitted on them",)
    np.testing.assert_allclose(outcome.scores, expected.scores)  # type: ignore[arg-type]
    fewer = replace(classifier, classes=(*names[:-1], "hop"))
    with pytest.raises(EdgcnError, match="does not know the classes nod, only"):
        fitted(replace(trial, classifier=fewer))
    with pytest.raises(EdgcnError, match="has learned no classes"):
        fitted(trial)


# Lines


def test_a_line_for_each_clip() -> None:
    trial = problem()
    outcome = run("knn", trial, k=3)
    found = per_clip(outcome, trial.task)
    assert len(found) == 53
    for line, row in zip(found, trial.task.tested, strict=True):
        assert line["name"] == f"clip{row:03d}"
        assert line["subject"] == trial.task.subjects[row]
        assert line["true"] == CLASSES[trial.task.labels[row]]
        shares = {name: line[f"p({name})"] for name in CLASSES}
        assert sum(shares.values()) == pytest.approx(1)
        assert line["predicted"] == max(shares, key=lambda name: shares[name])
    right = np.mean([line["true"] == line["predicted"] for line in found])
    assert right == pytest.approx(outcome.rows[-1].scores["top1"])
    matrix = confusion_of(outcome, trial.task)
    assert matrix is not None
    assert np.trace(matrix) / matrix.sum() == pytest.approx(right)
    none = run("retrieval", trial)
    assert per_clip(none, trial.task) == []
    assert confusion_of(none, trial.task) is None


def test_what_was_chosen_is_told_below_the_table() -> None:
    trial = problem()
    found = lines(run("logistic", trial).rows, protocol="logistic", metadata={}, seed=3)
    assert found[1:] == [
        "C chosen on held-out training subjects: 1 (raw coordinates), 0.1 (random encoder), "
        "0.1 (EDGCN)"
    ]
    assert "2/2 people" in found[0]
    few = run("few-shot", trial, shots=(1,), draws=2)
    told = lines(few.rows, protocol="few-shot", metadata=few.metadata, seed=3)
    assert "mean of 2 choices of labelled clips" in told[-1]
    assert "(seed 3)" in told[-1]


def test_with_folds_what_was_chosen_is_the_median(monkeypatch: pytest.MonkeyPatch) -> None:
    trial, values = one_out(problem()), iter([0.01, 0.1, 0.1, 1.0, 1.0, 10.0] * 3)

    def chosen(*_: Any, **__: Any) -> Any:
        return next(values), 0.5

    monkeypatch.setattr("edgcn.evaluation.protocols.choose_c", chosen)
    row = run("logistic", trial).rows[-1]
    assert row.chosen == {"C": pytest.approx(0.55)}
    assert row.held_out == 0.5


# Tasks


def test_a_task_is_the_labelled_clips_of_a_split(tmp_path: Any) -> None:
    store = tiny_store(tmp_path, clips=24)
    clips = store.clips()
    clips = replace(clips, labels=np.where(np.arange(24) % 5 == 0, -1, clips.labels))
    split = clips.split()
    task = task_of(clips, split, seed=4)
    (fold,) = task.folds
    assert np.array_equal(fold.train, split.train[clips.labels[split.train] >= 0])
    assert np.array_equal(task.tested, split.test[clips.labels[split.test] >= 0])
    assert (task.classes, task.seed, task.split) == (store.classes, 4, "people")
    people = task_of(clips, clips.split("loso"))
    assert len(people.folds) == 4
    assert sorted(people.tested) == np.flatnonzero(clips.labels >= 0).tolist()


WRONG: dict[str, tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], str]] = {
    "unlabelled": (
        lambda labels, tests: np.where(tests, -1, labels),
        "has no labelled test clips",
    ),
    "no training": (
        lambda labels, tests: np.where(tests, labels, -1),
        "has no labelled training clips",
    ),
    "untrained": (
        lambda labels, tests: np.where(~tests & (labels == 0), 1, labels),
        "leaves 1 class without training clips: gesture 0; choose another with --split",
    ),
    "one class": (lambda labels, tests: labels * 0, "training clips of one class; expected 2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_labels_that_cannot_be_scored_are_refused(name: str, tmp_path: Any) -> None:
    change, message = WRONG[name]
    clips = tiny_store(tmp_path, clips=24).clips()
    split = clips.split()
    tests = np.isin(np.arange(24), split.test)
    with pytest.raises(EdgcnError, match=message):
        task_of(replace(clips, labels=change(clips.labels, tests)), split)


def test_a_subject_without_labels_is_no_fold(tmp_path: Any) -> None:
    clips = tiny_store(tmp_path, clips=24).clips()
    labels = np.where(clips.subjects == "s2", -1, clips.labels)
    clips = replace(clips, labels=labels)
    assert len(task_of(clips, clips.split("loso")).folds) == 3
    empty = Split("none", tuple(Fold(np.arange(3), np.arange(0)) for _ in "ab"))
    with pytest.raises(EdgcnError, match="has no labelled test clips"):
        task_of(clips, empty)
