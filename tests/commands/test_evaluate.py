"""Evaluation end to end: four rows and no more is seen of the test clips than their score."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors
from edgcn.commands.config import EvaluateConfig, PretrainConfig
from edgcn.commands.config_io import make_config
from edgcn.commands.evaluate import evaluate, folder_name
from edgcn.commands.names import method_name
from edgcn.evaluation.baselines import random_encoder
from edgcn.evaluation.embed import embed, raw_coordinates
from edgcn.evaluation.probes import fit_linear
from edgcn.inference import load
from edgcn.models import READOUTS
from edgcn.models.build import load_encoder
from edgcn.models.readout import Encoder
from edgcn.runs import read_json
from edgcn.skeleton.recording import Clip
from edgcn.skeleton.remap import plan_remap
from edgcn.store import Store, open_store, write_store
from edgcn.store.splits import Split
from helpers import make_clips, tiny_recordings, tiny_store, tiny_topology, twenty_joints
from tiny_runs import tiny_run

ROWS = ["majority class", "raw coordinates", "random encoder", "EDGCN (edgcn-s)"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=40)


@pytest.fixture(scope="module")
def trained(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(store.path, tmp_path_factory.mktemp("runs") / "run", epochs=2)


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained run that a test may write into."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def score(run: Path, store: Path, **settings: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"figures": False, "epochs": 10, **settings}
    return evaluate(EvaluateConfig(run=run, store=store, **values), say=lambda line: None)


def changed_store(folder: Path, change: Callable[[int, Clip], Clip]) -> Path:
    """The tiny store, at `folder/tiny`, with its clips changed."""
    clips = [change(i, clip) for i, clip in enumerate(make_clips(40, 3, 4, 0, tiny_topology()))]
    write_store(replace(tiny_recordings(), clips=clips), folder / "tiny", overwrite=True)
    return folder / "tiny"


def test_a_result_is_complete(run: Path, store: Store) -> None:
    results = score(run, store.path, figures=True, seed=4)
    folder = Path(results.pop("folder"))
    assert folder == run / "tiny-people-linear"
    assert read_json(folder / "results.json") == results
    assert [row["name"] for row in results["rows"]] == ROWS
    assert [row["baseline"] for row in results["rows"]] == [True, True, True, False]
    scores = {"top1", "top5", "macro_f1", "mean_class", "low", "high", "n"}
    assert all(scores <= set(row) for row in results["rows"])
    split = store.split()
    assert (results["n_train"], results["n_test"]) == (len(split.train), len(split.test))
    assert (results["split"], results["protocol"], results["readout"]) == (
        "people", "linear", "mean",
    )  # fmt: skip
    assert (results["seed"], results["run_seed"]) == (4, 0)
    assert results["note"] == "made for tests"
    assert results["store_fingerprint"] == store.fingerprint
    assert results["classes"] == list(store.classes)
    assert np.sum(results["confusion"]) == len(split.test)
    assert {"versions", "revision", "config"} <= set(results)
    for name in ("confusion.png", "embedding.png", "results.png"):
        assert (folder / name).stat().st_size > 1000
    for path in (folder, run):
        assert (path / "probe.safetensors").exists()
    assert load_tensors(run / "probe.safetensors")[1]["classes"] == list(store.classes)


def test_rows_are_what_their_names_say(run: Path, store: Store) -> None:
    got = {row["name"]: row["top1"] for row in score(run, store.path)["rows"]}
    split, labels = store.split(), store.labels
    encoder, inputs, about = load_encoder(run / "encoder.safetensors")
    untrained = random_encoder(about["encoder"], inputs, about["options"], seed=0)
    rows = np.arange(len(store))
    features = {
        ROWS[1]: raw_coordinates(store, rows, fit=split.train),
        ROWS[2]: embed(untrained, store, rows, inputs=inputs),
        ROWS[3]: embed(encoder, store, rows, inputs=inputs),
    }
    for name, values in features.items():
        probe = fit_linear(values[split.train], labels[split.train], classes=3, epochs=10)
        said = probe.scores(values[split.test]).argmax(1)
        assert got[name] == pytest.approx((said == labels[split.test]).mean()), name
    common = np.bincount(labels[split.train]).argmax()
    assert got[ROWS[0]] == pytest.approx((labels[split.test] == common).mean())


def test_the_majority_is_the_share_of_its_class(run: Path, tmp_path: Path) -> None:
    def mostly_one(number: int, clip: Clip) -> Clip:
        return replace(clip, label=1 if number % 5 else clip.label)

    store = changed_store(tmp_path, mostly_one)
    tests = open_store(store).split().test
    share = (open_store(store).labels[tests] == 1).mean()
    assert share > 0.6
    assert score(run, store)["rows"][0]["top1"] == pytest.approx(share)


@pytest.mark.parametrize(
    ("protocol", "lr"), [("linear", 1.0), ("linear", "auto"), ("logistic", 1.0), ("knn", 1.0)]
)
def test_test_labels_never_reach_the_probe(
    protocol: str, lr: float | str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgcn.evaluation.probes.GRID", (0.01, 0.1))  # all five take seconds
    rng = np.random.default_rng(0)
    people = tiny_recordings().splits["people"].test

    def shuffled(_: int, clip: Clip) -> Clip:
        return replace(clip, label=int(rng.integers(3))) if clip.subject in people else clip

    probes, confusions = [], []
    for change in (lambda _, clip: clip, shuffled):
        store = changed_store(tmp_path, change)
        results = score(run, store, protocol=protocol, lr=lr, overwrite=True)
        probes.append(load_tensors(run / "probe.safetensors"))
        confusions.append(results["confusion"])
    (tensors, about), (expected, expected_about) = probes
    assert about == expected_about
    assert list(tensors) == list(expected)
    assert all(torch.equal(value, expected[name]) for name, value in tensors.items())
    assert confusions[0] != confusions[1]


def test_a_chosen_learning_rate_is_told(run: Path, store: Store) -> None:
    said: list[str] = []
    config = EvaluateConfig(run=run, store=store.path, figures=False, epochs=9, lr="auto")
    results = evaluate(config, say=said.append)
    assert "lr" not in results["rows"][0]
    lines = [f"{row['lr']:g} ({row['name']})" for row in results["rows"][1:]]
    assert f"lr chosen on held-out training subjects: {', '.join(lines)}" in said
    assert results["config"]["lr"] == "auto"
    fixed = score(run, store.path, lr=results["rows"][-1]["lr"], epochs=9, overwrite=True)
    assert fixed["rows"][-1] == {k: v for k, v in results["rows"][-1].items() if k != "lr"}
    assert all("lr" not in row for row in fixed["rows"])


@pytest.mark.parametrize("lr", ["fast", 0, -1])
def test_learning_rates_that_are_none_are_refused(lr: float | str) -> None:
    with pytest.raises(EdgcnError, match=f"lr.*, got {lr!r}"):
        make_config(EvaluateConfig, {"run": "r", "store": "s", "lr": lr}, where="test")


def test_a_second_evaluation_extracts_nothing(
    run: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    extracted, mean = [], READOUTS["mean"]

    def counted(encoder: Encoder, clips: torch.Tensor) -> torch.Tensor:
        extracted.append(len(clips))
        return mean(encoder, clips)

    monkeypatch.setitem(READOUTS, "mean", counted)
    monkeypatch.setattr("edgcn.evaluation.probes.GRID", (0.01, 0.1))  # all five take seconds
    score(run, store.path)
    assert sum(extracted) == 2 * len(store)  # the random encoder's and the trained one's
    extracted.clear()
    changes: list[dict[str, Any]] = [
        {"protocol": "knn", "k": 3}, {"protocol": "logistic"}, {"split": "subject:s1"},
        {"lr": 0.3}, {"lr": "auto"}, {"epochs": 3}, {"seed": 5},
    ]  # fmt: skip
    for change in changes:
        score(run, store.path, overwrite=True, **change)
        assert not extracted, change


def test_clips_without_a_label_are_left_out(run: Path, tmp_path: Path) -> None:
    def some_unlabelled(number: int, clip: Clip) -> Clip:
        return replace(clip, label=-1) if number % 4 == 0 else clip

    store = changed_store(tmp_path, some_unlabelled)
    opened = open_store(store)
    labelled = [int((opened.labels[rows] >= 0).sum()) for rows in
                (opened.split().train, opened.split().test)]  # fmt: skip
    results = score(run, store)
    assert [results["n_train"], results["n_test"]] == labelled
    assert {row["n"] for row in results["rows"]} == {labelled[1]}
    assert np.sum(results["confusion"]) == labelled[1]


def test_protocols_stand_side_by_side_and_the_last_names_clips(run: Path, store: Store) -> None:
    linear = score(run, store.path)
    logistic = score(run, store.path, protocol="logistic")
    nearest = score(run, store.path, protocol="knn", k=3)
    assert logistic["rows"][-1]["C"] in (0.001, 0.01, 0.1, 1.0, 10.0)
    assert nearest["rows"][-1]["k"] == 3
    folders = [Path(results["folder"]).name for results in (linear, logistic, nearest)]
    assert folders == ["tiny-people-linear", "tiny-people-logistic", "tiny-people-knn"]
    assert load_tensors(run / "probe.safetensors")[1]["protocol"] == "knn"
    kept = load_tensors(run / folders[0] / "probe.safetensors")[1]
    assert kept["protocol"] == "linear"


def test_pyramid_reads_seven_parts_of_the_map(run: Path, store: Store) -> None:
    results = score(run, store.path, readout="pyramid")
    encoder, _, _ = load_encoder(run / "encoder.safetensors")
    tensors, about = load_tensors(run / "probe.safetensors")
    assert tensors["weight"].shape == (3, 7 * encoder.feature_dim)
    assert about["readout"] == results["readout"] == "pyramid"
    assert Path(results["folder"]).name == "tiny-people-linear-pyramid"


def test_runs_are_read_as_they_were_trained_alone_and_fused(store: Store, tmp_path: Path) -> None:
    runs = {
        name: tiny_run(store.path, tmp_path / name, epochs=1, readout=name)
        for name in ("mean", "parts")
    }
    alone = {}
    for name, run in runs.items():
        model = load(run)
        assert model.readout == name
        alone[name] = model.embed(store)
    for first, second in (("mean", "parts"), ("parts", "mean")):
        fused = score(runs[first], store.path, fuse=(runs[second],), epochs=1)
        assert fused["readout"] == first
        kept = [load_tensors(path)[0] for path in (runs[first] / "features").iterdir()]
        found = [tensors["features"].numpy() for tensors in kept]
        for features in alone.values():
            assert any(np.array_equal(features, other) for other in found)


def test_an_embedding_that_was_never_trained_is_refused(store: Store, tmp_path: Path) -> None:
    run = tiny_run(store.path, tmp_path / "run", epochs=1, readout="parts")
    with pytest.raises(EdgcnError, match="through readout 'parts', and the embedding"):
        score(run, store.path, readout="mean")
    assert score(run, store.path, readout="pyramid")["readout"] == "pyramid"


def test_a_result_is_not_replaced_unless_asked(run: Path, store: Store) -> None:
    first = score(run, store.path, epochs=1)
    path = Path(first["folder"]) / "results.json"
    before = path.read_bytes()
    with pytest.raises(EdgcnError, match="holds a result already; pass --overwrite"):
        score(run, store.path, epochs=2)
    assert path.read_bytes() == before
    assert score(run, store.path, epochs=2, overwrite=True)["config"]["epochs"] == 2


def test_same_seed_same_result(run: Path, store: Store) -> None:
    first, second = (score(run, store.path, overwrite=True, seed=2) for _ in range(2))
    assert first["rows"] == second["rows"]


@pytest.mark.parametrize(
    ("split", "subjects"), [("subject", 1), ("subject:s1,s2", 2), ("camera:c1", 4)]
)
def test_splits_by_name(split: str, subjects: int, run: Path, store: Store) -> None:
    results = score(run, store.path, split=split, protocol="knn")
    tests = store.split(split).test
    assert results["n_test"] == len(tests)
    assert len(set(store.subjects[tests].tolist())) == subjects
    assert ":" not in Path(results["folder"]).name


def unlabelled_tests(_: int, clip: Clip) -> Clip:
    return replace(clip, label=-1) if clip.subject == "s4" else clip


def untaught(_: int, clip: Clip) -> Clip:
    return clip if clip.subject == "s4" or clip.label else replace(clip, label=1)


def one_class(_: int, clip: Clip) -> Clip:
    return replace(clip, label=0)


WRONG: dict[str, tuple[Callable[[int, Clip], Clip], str]] = {
    "unlabelled": (unlabelled_tests, "has no labelled test clips"),
    "untaught": (untaught, "1 classes without training clips: gesture 0; choose another"),
    "one class": (one_class, "training clips of one class; expected 2 or more"),
}


@pytest.mark.parametrize("name", WRONG)
def test_labels_that_cannot_be_scored_are_refused(name: str, run: Path, tmp_path: Path) -> None:
    change, message = WRONG[name]
    with pytest.raises(EdgcnError, match=message):
        score(run, changed_store(tmp_path, change))
    assert not list(run.glob("tiny-*"))


def test_other_skeletons_are_scored_and_the_joints_are_listed(run: Path, tmp_path: Path) -> None:
    other = tiny_store(tmp_path, name="twenty", clips=24, topology=twenty_joints())
    results = score(run, other.path)
    plan = plan_remap(twenty_joints(), tiny_topology())
    joints = results["transfer"]["joints"]
    assert (results["transfer"]["skeleton"], results["transfer"]["third"]) == ("remap", "keep")
    assert joints["taken"] == plan.exact
    assert joints["dropped"] == list(plan.dropped)
    raw = raw_coordinates(other, np.arange(len(other)), fit=other.split().train)
    probe = fit_linear(
        raw[other.split().train], other.labels[other.split().train], classes=3, epochs=10
    )
    said = probe.scores(raw[other.split().test]).argmax(1)  # of all twenty joints, as they were
    top1 = (said == other.labels[other.split().test]).mean()
    assert results["rows"][1]["top1"] == pytest.approx(top1)
    with pytest.raises(EdgcnError, match=r"5 \('tiny5'\), .* 20 \('kinect_v1'\)"):
        score(run, other.path, skeleton="position")


def test_a_rebuilt_encoder_is_kept_with_its_probe_and_the_run_keeps_its_own(
    run: Path, store: Store, tmp_path: Path
) -> None:
    score(run, store.path)
    before = (run / "probe.safetensors").read_bytes()
    other = tiny_store(tmp_path, name="twenty", clips=24, topology=twenty_joints())
    results = score(run, other.path, skeleton="rebuild", protocol="knn")
    folder = Path(results["folder"])
    assert folder.name == "twenty-people-knn-rebuild"
    assert (run / "probe.safetensors").read_bytes() == before
    recognizer = load(folder)
    assert recognizer.inputs.topology == twenty_joints()
    named = recognizer.probabilities(other).argmax(1)
    tests = other.split().test
    top1 = (named[tests] == other.labels[tests]).mean()
    assert top1 == pytest.approx(results["rows"][-1]["top1"])
    assert len(recognizer.label(store)) == len(store)  # a third store is remapped


def test_other_numbers_of_bodies_are_scored_and_said(run: Path, tmp_path: Path) -> None:
    pairs = tiny_store(tmp_path, name="pairs", clips=24, bodies=2)
    (note,) = score(run, pairs.path)["transfer"]["notes"]
    assert "only the first 1 of 2 bodies" in note


def test_what_it_says(run: Path, store: Store) -> None:
    said: list[str] = []
    config = EvaluateConfig(run=run, store=store.path, figures=False, epochs=1)
    evaluate(config, say=said.append)
    text = "\n".join(said)
    assert all(name in text for name in ROWS)
    assert "note: made for tests" in text


@pytest.mark.parametrize(
    ("encoder", "moments", "expected"),
    [
        ("edgcn", False, "EDGCN (edgcn)"),
        ("edgcn-s", True, "A-EDGCN (edgcn-s)"),
        ("ascal-lstm", False, "AS-CAL (ascal-lstm)"),
        ("msg3d", True, "msg3d + moments"),
    ],
)
def test_names_of_the_field(encoder: str, moments: bool, expected: str) -> None:
    config = PretrainConfig(recipe="paper", store="s", encoder=encoder, moments=moments)
    assert method_name(config) == expected


@pytest.mark.parametrize(
    ("encoder", "settings", "expected"),
    [
        ("pc-gru", {"objective": "predict-cluster"}, "P&C FW (pc-gru)"),
        ("pc-gru", {"objective": "predict-cluster", "projector": True}, "P&C FW (pc-gru)"),
        ("pc-gru", {"objective": "predict-cluster", "decoder": "fixed-state"}, "P&C FS (pc-gru)"),
        ("vae-lstm", {"objective": "variational"}, "U-S-VAE Z (vae-lstm)"),
        ("stgcn-quarter", {"projector": True}, "SkeletonCLR (stgcn-quarter)"),
        ("stgcn-quarter", {}, "stgcn-quarter"),
        ("edgcn-s", {"objective": "predict-cluster"}, "EDGCN (edgcn-s), P&C FW"),
        ("pc-gru", {"objective": "variational"}, "pc-gru, VAE"),
    ],
)
def test_names_of_the_baselines(encoder: str, settings: dict[str, Any], expected: str) -> None:
    config = PretrainConfig(recipe="paper", store="s", encoder=encoder, **settings)
    assert method_name(config) == expected


def test_folder_names_hold_nothing_odd(store: Store) -> None:
    config = EvaluateConfig(run="r", store="s", split="subject:a b,c/d")
    split = Split("subject:a b,c/d", np.arange(1), np.arange(1))
    assert folder_name(config, store, split) == "tiny-subject_a_b_c_d-linear"
