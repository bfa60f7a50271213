"""What every protocol keeps, present and future: one suite over `PROTOCOLS`."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.base.parts import REQUIRED, check_settings, convert, settings_of
from edgcn.evaluation import logistic
from edgcn.evaluation.protocols import PROTOCOLS
from edgcn.evaluation.rows import Row
from edgcn.evaluation.trial import Featured, Outcome, Trial, per_clip
from edgcn.reports.tables import OPTIONAL, columns_of, main_score
from problems import SMALL, problem, trainable

NAMES_CLIPS = ("linear", "logistic", "knn", "supervised", "finetune")


@pytest.fixture(autouse=True)
def _few_values_of_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "GRID", (0.01, 0.1))  # all five take seconds


def run(name: str, trial: Trial) -> Outcome:
    return PROTOCOLS[name](replace(trial, memory={}), **SMALL.get(name, {}))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_settings_are_explained_and_their_defaults_are_allowed(name: str) -> None:
    assert (PROTOCOLS[name].__doc__ or "").strip()
    for setting in settings_of(PROTOCOLS[name]).values():
        assert setting.default is not REQUIRED, setting.name
        assert convert(setting.annotation, setting.default) == setting.default
        assert setting.help[0].isupper(), setting.name
        assert setting.help.endswith("."), setting.name


def test_settings_of_one_name_are_one_flag() -> None:
    known: dict[str, tuple[Any, Any]] = {}
    for protocol in PROTOCOLS.values():
        for setting in settings_of(protocol).values():
            one = (setting.annotation, setting.default)
            assert known.setdefault(setting.name, one) == one, setting.name


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("linear", {"lr": -1.0}),
        ("linear", {"epochs": 0}),
        ("knn", {"k": 0}),
        ("knn", {"whiten": -1}),
        ("semi", {"fractions": [0.1, 1.5]}),
        ("few-shot", {"shots": [0]}),
        ("few-shot", {"draws": 0}),
        ("finetune", {"finetune_lr": 0.0}),
        ("retrieval", {"k": 3}),
    ],
)
def test_settings_out_of_their_limits_are_refused(name: str, wrong: dict[str, Any]) -> None:
    (setting,) = wrong
    with pytest.raises(EdgcnError, match=setting):
        check_settings(PROTOCOLS[name], wrong, what=name)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_rows_are_baselines_and_then_the_method_with_all_its_scores(name: str) -> None:
    trial = problem()
    outcome = run(name, trial)
    rows = outcome.rows
    assert not rows[-1].is_baseline
    assert rows[-1].name.startswith("EDGCN")
    assert [row.kind for row in rows[1:3]] == ["raw", "random"]
    assert {row.n for row in rows} == {len(trial.task.tested)}
    for row in rows:
        assert row.measure == main_score(name)
        assert 0 <= row.main <= 1
        assert Row.from_dict(json.loads(json.dumps(row.to_dict()))) == row
        assert row.learned == ("2/2 people" if row.kind in ("frozen", "method") and name !=
                               "supervised" else "")  # fmt: skip
    shown = {*columns_of(name)} - {"interval", *OPTIONAL}
    assert shown <= set(rows[-1].cells())
    json.dumps(outcome.metadata)


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if name != "clustering"])
def test_what_subjects_have_together_is_the_score(name: str) -> None:
    trial = problem()
    people, counts = np.unique(trial.task.people, return_counts=True)
    for row in run(name, trial).rows:
        if row.kind == "chance":
            continue  # of no clip
        assert {who: clips for who, (_, clips) in row.by_subject.items()} == dict(
            zip(people.tolist(), counts.tolist(), strict=True)
        )
        assert sum(total for total, _ in row.by_subject.values()) / row.n == pytest.approx(row.main)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_test_labels_choose_nothing(name: str) -> None:
    trial = problem()
    labels = trial.task.labels.copy()
    labels[trial.task.tested] = np.roll(labels[trial.task.tested], 1)
    first, second = (run(name, t) for t in
                     (trial, replace(trial, task=replace(trial.task, labels=labels))))  # fmt: skip
    assert [(row.chosen, row.held_out) for row in first.rows] == [
        (row.chosen, row.held_out) for row in second.rows
    ]
    if first.scores is not None:
        assert np.array_equal(first.scores, second.scores)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES_CLIPS)
def test_a_clip_is_scored_by_itself(name: str) -> None:
    trial = problem()
    moved = [replace(each, values=each.values.copy()) for each in trial.features]
    other = trial.task.tested[5]
    for each in moved:
        each.values[other] += 100
    changed = replace(trial, features=moved, trainable=trainable(moved[2].values))
    first, second = (run(name, t).scores for t in (trial, changed))
    assert first is not None
    assert second is not None
    rest = np.arange(len(first)) != 5
    np.testing.assert_allclose(first[rest], second[rest], atol=1e-6)
    assert not np.allclose(first[5], second[5])


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_same_again_is_the_same(name: str) -> None:
    first, second = (run(name, problem()) for _ in "ab")
    assert first.rows == second.rows


@pytest.mark.parametrize("name", PROTOCOLS)
def test_what_names_clips_has_a_line_for_each(name: str) -> None:
    trial = problem()
    outcome = run(name, trial)
    assert (outcome.scores is not None) == (name in NAMES_CLIPS)
    assert (outcome.probe is not None) == (name in NAMES_CLIPS)
    assert len(per_clip(outcome, trial.task)) == (53 if name in NAMES_CLIPS else 0)
    if outcome.scores is not None:
        np.testing.assert_allclose(outcome.scores.sum(1), 1, atol=1e-9)


@pytest.mark.parametrize("name", NAMES_CLIPS)
def test_a_collapsed_encoder_is_scored_without_complaint(name: str) -> None:
    trial = problem()
    same = np.ones((160, 12), dtype=np.float32)
    features = [*trial.features[:2], Featured("method", "EDGCN", same)]
    row = run(name, replace(trial, features=features, trainable=trainable(same))).rows[-1]
    assert 0 <= row.main <= 0.5
