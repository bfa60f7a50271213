"""Evaluation end to end: rows are what their kinds say, test labels unseen, models unchanged."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edgcn.base.errors import EdgcnError
from edgcn.base.files import read_json
from edgcn.commands.evaluate import EvaluateConfig, evaluate
from edgcn.commands.fit import FitConfig, fit
from edgcn.commands.results import Results
from edgcn.commands.settings import make_config
from edgcn.evaluation.embed import embed, raw_coordinates
from edgcn.evaluation.logistic import fit_logistic
from edgcn.evaluation.probes import fit_linear
from edgcn.evaluation.recorded import read_predictions
from edgcn.inference import load
from edgcn.models import READOUTS
from edgcn.skeleton.recording import Recording
from edgcn.skeleton.remap import plan_remap
from edgcn.skeleton.topology import Topology
from edgcn.store import Selection, open_store, write_store
from helpers import make_clips, tiny_recordings, tiny_store, tiny_topology, twenty_joints
from tiny_runs import tiny_run

KINDS = ["majority", "raw", "random", "method"]
Change = Callable[[int, Recording], Recording]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Selection:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=40).clips()


@pytest.fixture(scope="module")
def trained(clips: Selection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(clips.path, tmp_path_factory.mktemp("runs") / "run", epochs=2)


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained run that a test may write into."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def score(model: Path | str, store: Path, **settings: Any) -> Results:
    epochs = {"epochs": 10} if settings.get("protocol", "linear") == "linear" else {}
    values = {"model": str(model), "store": store, "figures": False, **epochs, **settings}
    config = make_config(EvaluateConfig, values, where="test")
    return evaluate(config, say=lambda line: None)


def labelled(clip: Recording, label: int) -> Recording:
    return replace(clip, segments=(replace(clip.segments[0], label=label),))


def changed_store(folder: Path, change: Change) -> Selection:
    """The tiny store, at `folder/tiny`, with its clips changed."""
    made = [change(i, clip) for i, clip in enumerate(make_clips(40, 3, 4, 0, tiny_topology()))]
    write_store(tiny_recordings(made), folder / "tiny", overwrite=True)
    return open_store(folder / "tiny").clips()


def contents(folder: Path) -> dict[str, bytes]:
    """Files of a run itself, without what lies in its evaluations."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_result_is_complete_and_the_run_unchanged(run: Path, clips: Selection) -> None:
    before = contents(run)
    results = score(run, clips.path, figures=True, seed=4)
    assert contents(run) == before
    folder = run / "evaluations" / "tiny-people-linear"
    assert results.folder == folder
    data = read_json(folder / "results.json")
    assert [row["kind"] for row in data["rows"]] == KINDS == [row.kind for row in results.rows]
    scores = {"top1", "top5", "macro_f1", "balanced", "low", "high"}
    assert all(scores <= set(row["scores"]) for row in data["rows"])
    split = clips.split()
    assert (data["n_train"], data["n_test"]) == (len(split.train), len(split.test))
    assert (data["split"], data["protocol"], data["readout"]) == ("people", "linear", "mean")
    assert (data["seed"], data["model"]["seed"]) == (4, 0)
    assert "made for tests" in data["notes"]
    assert data["store_fingerprint"] == clips.fingerprint
    assert data["classes"] == list(clips.classes)
    assert np.sum(data["confusion"]) == len(split.test)
    assert {"versions", "revision", "config"} <= set(data)
    for name in ("confusion.png", "embedding.png", "results.png", "predictions.csv"):
        assert (folder / name).stat().st_size > 500
    for title in ("majority class", "raw coordinates", "random encoder", "EDGCN (edgcn-s)"):
        assert title in results.table()


def test_the_nearest_training_clip_stands_beside_each(run: Path, clips: Selection) -> None:
    folder = score(run, clips.path).folder
    judged, split = read_predictions(folder / "predictions.csv", clips.classes), clips.split()
    features = embed(load(run).embedder(), clips, np.arange(len(clips)))
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    assert [clip.clip for clip in judged] == split.test.tolist()
    for clip in judged:
        likeness = unit[split.train] @ unit[clip.clip]
        place = split.train.tolist().index(clip.nearest_clip)
        assert likeness[place] == pytest.approx(likeness.max(), abs=1e-5)
        assert clip.nearest == clips.names[clip.nearest_clip]
        assert clip.condition == clips.conditions[clip.clip]


def test_rows_are_what_their_kinds_say(run: Path, clips: Selection) -> None:
    found = {row.kind: row.main for row in score(run, clips.path).rows}
    split, labels, rows = clips.split(), clips.labels, np.arange(len(clips))
    embedder = load(run).embedder()
    features = {
        "raw": raw_coordinates(clips, rows, fit=split.train),
        "random": embed(embedder.untrained(0), clips, rows),
        "method": embed(embedder, clips, rows),
    }
    for kind, values in features.items():
        probe = fit_linear(values[split.train], labels[split.train], classes=3, epochs=10)
        predicted = probe.scores(values[split.test]).argmax(1)
        assert found[kind] == pytest.approx((predicted == labels[split.test]).mean()), kind  # type: ignore[index]
    common = np.bincount(labels[split.train]).argmax()
    assert found["majority"] == pytest.approx((labels[split.test] == common).mean())


def test_the_random_encoder_is_the_runs_own_before_training(
    clips: Selection, tmp_path: Path
) -> None:
    still = tiny_run(clips.path, tmp_path / "run", epochs=2, lr=1e-30, seed=5)
    embedder, rows = load(still).embedder(), np.arange(4)
    embedder.encoder.load_state_dict(
        embedder.encoder.state_dict()
        | {k: v for k, v in embedder.untrained(5).encoder.state_dict().items() if "running" in k}
    )  # batch norm has learned what the clips are like
    random = embed(embedder.untrained(5), clips, rows)
    np.testing.assert_allclose(embed(embedder, clips, rows), random, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [{}, {"lr": "auto"}, {"protocol": "logistic"}, {"protocol": "knn"}, {"protocol": "few-shot"}],
    ids=str,
)
def test_test_labels_never_reach_the_probe(
    settings: dict[str, Any], run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgcn.evaluation.logistic.GRID", (0.01, 0.1))  # all five take seconds
    rng = np.random.default_rng(0)
    people = tiny_recordings().splits["people"].test

    def shuffled(_: int, clip: Recording) -> Recording:
        return labelled(clip, int(rng.integers(3))) if clip.subject in people else clip

    predictions = []
    for change in (lambda _, clip: clip, shuffled):
        clips = changed_store(tmp_path, change)
        results = score(run, clips.path, overwrite=True, **settings)
        predictions.append(results.data.get("subsets") or (results.folder / "predictions.csv"))
        if isinstance(predictions[-1], Path):
            lines = predictions[-1].read_text().splitlines()
            predictions[-1] = [line.split(",")[5:] for line in lines]
    assert predictions[0] == predictions[1]


def test_a_chosen_learning_rate_is_shown(run: Path, clips: Selection) -> None:
    said: list[str] = []
    values = {"model": str(run), "store": clips.path, "figures": False, "epochs": 9, "lr": "auto"}
    results = evaluate(make_config(EvaluateConfig, values, where="test"), say=said.append)
    chosen = [f"{row.chosen['lr']:g} ({row.name})" for row in results.rows[1:]]
    assert f"lr chosen on held-out training subjects: {', '.join(chosen)}" in said
    assert results.data["protocol_settings"]["lr"] == "auto"
    lr = results.rows[-1].chosen["lr"]
    fixed = score(run, clips.path, lr=lr, epochs=9, overwrite=True).rows[-1]
    assert replace(results.rows[-1], chosen={}, held_out=None) == fixed


def test_a_second_evaluation_extracts_nothing(
    run: Path, clips: Selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    extracted, mean = [], READOUTS["mean"]

    def counted(encoder: torch.nn.Module, x: torch.Tensor, topology: Topology) -> torch.Tensor:
        extracted.append(len(x))
        return mean(encoder, x, topology)

    monkeypatch.setitem(READOUTS, "mean", counted)
    monkeypatch.setattr("edgcn.evaluation.logistic.GRID", (0.01, 0.1))  # all five take seconds
    score(run, clips.path)
    assert sum(extracted) == 2 * len(clips)  # the random encoder's and the trained one's
    extracted.clear()
    changes: list[dict[str, Any]] = [
        {"protocol": "knn", "k": 3}, {"protocol": "logistic"}, {"split": "subject:s1"},
        {"lr": 0.3}, {"lr": "auto"}, {"epochs": 3}, {"seed": 5},
    ]  # fmt: skip
    for change in changes:
        score(run, clips.path, overwrite=True, **change)
        assert not extracted, change


def test_clips_without_a_label_are_left_out(run: Path, tmp_path: Path) -> None:
    clips = changed_store(tmp_path, lambda i, clip: labelled(clip, -1) if i % 4 == 0 else clip)
    split = clips.split()
    counts = [int((clips.labels[rows] >= 0).sum()) for rows in (split.train, split.test)]
    results = score(run, clips.path)
    assert [results.data["n_train"], results.data["n_test"]] == counts
    assert {row.n for row in results.rows} == {counts[1]}
    assert np.sum(results.data["confusion"]) == counts[1]


def test_readouts(run: Path, clips: Selection, tmp_path: Path) -> None:
    results = score(run, clips.path, readout="pyramid")
    assert results.data["readout"] == "pyramid"
    assert results.folder.name == "tiny-people-linear-pyramid"
    parts = tiny_run(clips.path, tmp_path / "parts", epochs=1, readout="parts")
    assert score(parts, clips.path).data["readout"] == "parts"
    with pytest.raises(EdgcnError, match="through readout 'parts', and the embedding"):
        score(parts, clips.path, readout="mean")


def test_whitened_results_lie_beside_the_others(run: Path, clips: Selection) -> None:
    plain, whitened = (score(run, clips.path, protocol="knn", whiten=dims) for dims in (0, 4))
    assert plain.folder.name == "tiny-people-knn"
    assert whitened.folder.name == "tiny-people-knn-whitened4"
    assert whitened.data["protocol_settings"] == {"k": 1, "whiten": 4}
    assert plain.rows == score(run, clips.path, protocol="knn", overwrite=True).rows
    assert plain.rows[1].by_subject.keys() == whitened.rows[1].by_subject.keys()


def test_a_result_is_not_replaced_unless_asked(run: Path, clips: Selection) -> None:
    path = score(run, clips.path, epochs=1).folder / "results.json"
    before = path.read_bytes()
    with pytest.raises(EdgcnError, match="holds a result already; pass --overwrite"):
        score(run, clips.path, epochs=1)
    with pytest.raises(EdgcnError, match=r"holds a result of epochs 1 \(now 2\); pass --overwrite"):
        score(run, clips.path, epochs=2)
    assert path.read_bytes() == before
    again = score(run, clips.path, epochs=2, overwrite=True)
    assert again.data["protocol_settings"]["epochs"] == 2


def test_same_seed_same_result(run: Path, clips: Selection) -> None:
    first, second = (score(run, clips.path, overwrite=True, seed=2) for _ in range(2))
    assert first.rows == second.rows


@pytest.mark.parametrize(
    ("split", "subjects"), [("subject", None), ("subject:s1,s2", 2), ("camera:c1", 4)]
)
def test_splits_by_name(split: str, subjects: int | None, run: Path, clips: Selection) -> None:
    results = score(run, clips.path, split=split, protocol="knn")
    tests = clips.split(split).test
    assert results.data["n_test"] == len(tests)
    assert subjects in (None, len(set(clips.subjects[tests].tolist())))
    assert ":" not in results.folder.name


def test_of_one_person_early_trains_and_late_tests_with_a_warning(
    run: Path, tmp_path: Path
) -> None:
    lonely = tiny_store(tmp_path, name="lonely", clips=30, subjects=1, splits={})
    with pytest.raises(EdgcnError, match="--split time"):
        score(run, lonely.path)
    results = score(run, lonely.path, split="time", protocol="knn")
    assert 0 < results.data["n_test"] < 30
    assert any("same people" in note for note in results.data["notes"])


WRONG: dict[str, tuple[Change, str]] = {
    "unlabelled": (
        lambda _, clip: labelled(clip, -1) if clip.subject == "s4" else clip,
        "has no labelled test clips",
    ),
    "untaught": (
        lambda _, clip: (
            clip if clip.subject == "s4" or clip.segments[0].label else labelled(clip, 1)
        ),
        "1 class without training clips: gesture 0; choose another",
    ),
    "one class": (
        lambda _, clip: labelled(clip, 0),
        "training clips of one class; expected 2 or more",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_labels_that_cannot_be_scored_are_refused(name: str, run: Path, tmp_path: Path) -> None:
    change, message = WRONG[name]
    with pytest.raises(EdgcnError, match=message):
        score(run, changed_store(tmp_path, change).path)
    assert not (run / "evaluations").exists()


def test_other_skeletons_are_scored_and_the_joints_are_listed(run: Path, tmp_path: Path) -> None:
    other = tiny_store(tmp_path, name="twenty", clips=24, topology=twenty_joints()).clips()
    results = score(run, other.path)
    plan = plan_remap(twenty_joints(), tiny_topology())
    transfer = results.data["transfer"]
    assert (transfer["skeleton"], transfer["depth"]) == ("remap", "keep")
    assert transfer["joints"]["taken"] == plan.exact
    assert transfer["joints"]["dropped"] == list(plan.dropped)
    split = other.split()
    raw = raw_coordinates(other, np.arange(len(other)), fit=split.train)
    probe = fit_linear(raw[split.train], other.labels[split.train], classes=3, epochs=10)
    predicted = probe.scores(raw[split.test]).argmax(1)  # of all twenty joints, as they were
    expected = (predicted == other.labels[split.test]).mean()
    assert results.rows[1].main == pytest.approx(expected)
    with pytest.raises(EdgcnError, match=r"5 \('tiny5'\), .* 20 \('kinect_v1'\)"):
        score(run, other.path, skeleton="position")


def test_a_rebuilt_encoder_is_scored_and_kept_by_fit(run: Path, tmp_path: Path) -> None:
    before = contents(run)
    other = tiny_store(tmp_path, name="twenty", clips=24, topology=twenty_joints())
    results = score(run, other.path, skeleton="rebuild", protocol="logistic")
    assert results.folder.name == "twenty-people-logistic-rebuild"
    values = {"model": str(run), "store": other.path, "out": tmp_path / "m.edgcn"}
    config = make_config(FitConfig, values | {"skeleton": "rebuild"}, where="test")
    model = fit(config, say=lambda line: None)
    assert contents(run) == before
    assert model.embedder().inputs.topology == twenty_joints()
    top1 = model.score(other.clips("test"))
    assert top1 == pytest.approx(results.rows[-1].main)
    again = load(tmp_path / "m.edgcn")
    assert again.score(other.clips("test")) == top1
    third = tiny_store(tmp_path, name="five", clips=6)
    assert len(again.predict(third)) == 6  # a third store is remapped


def test_other_numbers_of_bodies_are_scored_and_noted(run: Path, tmp_path: Path) -> None:
    pairs = tiny_store(tmp_path, name="pairs", clips=24, bodies=2)
    (note,) = score(run, pairs.path).data["transfer"]["notes"]
    assert "only the first 1 of 2 bodies" in note


def test_a_recognizer_is_judged_as_it_was_fitted(
    run: Path, clips: Selection, tmp_path: Path
) -> None:
    values = {"model": str(run), "store": clips.path, "out": tmp_path / "m.edgcn"}
    said: list[str] = []
    model = fit(make_config(FitConfig, values, where="test"), say=said.append)
    assert "learned 3 classes from" in said[0]
    before = (tmp_path / "m.edgcn").read_bytes()
    results = score(tmp_path / "m.edgcn", clips.path, protocol="fitted", out=tmp_path / "e")
    assert (tmp_path / "m.edgcn").read_bytes() == before
    assert [row.kind for row in results.rows] == ["majority", "raw", "random", "fitted"]
    tests = clips.take(clips.split().test)
    assert results.rows[-1].main == pytest.approx(model.score(tests))
    assert results.rows[-1].learned == ""
    everyone = score(
        tmp_path / "m.edgcn",
        clips.path,
        protocol="fitted",
        split="subject:s1,s2",
        out=tmp_path / "f",
    )
    assert everyone.rows[-1].learned == "2/2 people"
    assert any("the clips that it was fitted on" in note for note in everyone.data["notes"])
    with pytest.raises(EdgcnError, match="has learned no classes to be judged by"):
        score(run, clips.path, protocol="fitted")
    others = tiny_store(tmp_path, name="others", clips=40, classes=5)
    with pytest.raises(EdgcnError, match="does not know the classes gesture 3, gesture 4"):
        score(tmp_path / "m.edgcn", others.path, protocol="fitted", out=tmp_path / "g")


def test_the_strength_of_fit_is_chosen_on_held_out_training_people(
    run: Path, clips: Selection, tmp_path: Path
) -> None:
    values = {"model": str(run), "store": clips.path, "out": tmp_path / "new" / "m.edgcn"}
    model = fit(make_config(FitConfig, values, where="test"), say=lambda line: None)
    train = clips.take(clips.split().train)
    features = embed(load(run).embedder(), train, np.arange(len(train)))
    probe, strength = fit_logistic(features, train.labels, train.subjects, classes=3)
    assert model.strength_ == strength
    np.testing.assert_array_equal(model.classifier_.weight, probe.weight)


def test_released_weights_are_evaluated_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = tiny_store(tmp_path, clips=40, topology=twenty_joints())
    results = score("edgcn-s", store.path, protocol="few-shot", shots=(1,), draws=1)
    assert results.folder == Path("evaluations/edgcn-s/tiny-people-few-shot")
    assert results.data["readout"] == "peaks"
    assert results.data["overlap_text"] == ""


# Who was learned from


def test_people_who_were_learned_from_are_named_wherever_they_are_tested(
    clips: Selection, tmp_path: Path
) -> None:
    whole = tiny_run(clips.path, tmp_path / "whole", epochs=1, split="all")
    data = score(whole, clips.path, protocol="knn").data
    assert data["overlap_text"] == (
        f"1 of 1 test people were in the pre-training ({data['n_test']} of {data['n_test']} test "
        f"clips)"
    )
    other = tiny_run(clips.path, tmp_path / "other", epochs=1, split="subject:s1")
    results = score(other, clips.path, split="subject:s2", protocol="knn")
    assert results.rows[-1].learned == "1/1 people"
    honest = score(other, clips.path, split="subject:s1", protocol="knn")
    assert honest.rows[-1].learned == ""
    assert honest.data["overlap"]["clips"] == 0
    fewer = [clip for clip in make_clips(40, 3, 4, 0, tiny_topology()) if clip.subject != "s1"]
    write_store(tiny_recordings(fewer, splits={}), tmp_path / "fewer")
    less = score(whole, tmp_path / "fewer", protocol="knn", split="subject:s3")
    assert less.rows[-1].learned == "1/1 people"
