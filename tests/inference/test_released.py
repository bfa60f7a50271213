"""Released weights: whole, small, usable as any run, and better than before they were trained."""

from pathlib import Path

import numpy as np
import pytest
import torch

import edgcn
from edgcn.base.errors import EdgcnError
from edgcn.commands.pretrain import config_of
from edgcn.evaluation.baselines import random_encoder
from edgcn.evaluation.probes import NearestProbe
from edgcn.inference import Recognizer
from edgcn.models.build import load_encoder
from edgcn.released import RELEASED, released_folder
from edgcn.runs import read_json
from helpers import tiny_store, twenty_joints

LARGEST = 10e6  # bytes that one may add to the package


@pytest.mark.parametrize("name", RELEASED)
def test_it_is_a_run_of_best_that_says_how_it_was_made(name: str) -> None:
    folder = released_folder(name)
    assert folder is not None
    config = config_of(folder)
    assert (config.recipe, config.encoder, config.readout) == ("best", name, "parts")
    assert not config.store.is_absolute()
    assert not config.out.is_absolute()
    assert read_json(folder / "run.json")["versions"]["torch"]
    assert sum(path.stat().st_size for path in folder.iterdir()) < LARGEST


@pytest.mark.parametrize("name", RELEASED)
def test_it_is_loaded_by_name_and_reads_clips_as_it_was_trained(name: str) -> None:
    frames = np.random.default_rng(0).normal(size=(40, 20, 3)).astype(np.float32)
    model = edgcn.load(name)
    wide = 4 * 7 * model.encoder.feature_dim  # four parts of the body, 1 + 2 + 4 segments
    assert model.embed([frames]).shape == (1, wide)
    assert torch.isfinite(torch.from_numpy(model.embed([frames]))).all()
    with pytest.raises(EdgcnError, match="has no probe"):
        model.label([frames])


def test_a_run_of_it_is_evaluated_as_any_other(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=40, topology=twenty_joints())
    run = edgcn.weights("edgcn-s", out=tmp_path / "runs" / "mine")
    results = edgcn.evaluate(run, store.path, protocol="knn", figures=False)
    assert results["readout"] == "parts"
    assert edgcn.load(run).label(store)[0].startswith("gesture")


def test_nothing_is_written_over_and_wrong_names_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    for name, out, message in (
        ("edgcn-s", "mine", "mine exists already"),
        ("edgcn_s", "new", "did you mean 'edgcn-s'"),
    ):
        with pytest.raises(EdgcnError, match=message):
            edgcn.weights(name, out=out)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    with pytest.raises(EdgcnError, match="released weights: edgcn-s"):
        edgcn.load("edgcn-m")
    with pytest.raises(EdgcnError, match="edgcn weights edgcn-s --out"):
        edgcn.evaluate("edgcn-s", tmp_path)
    Path("edgcn-s").mkdir()  # a run of that name goes before the weights
    with pytest.raises(EdgcnError, match="safetensors does not exist"):
        edgcn.load("edgcn-s")


@pytest.mark.data
def test_people_and_gestures_never_seen_are_told_apart_better_than_before_training(
    data_dir: Path, tmp_path: Path
) -> None:
    """One nearest neighbor of each test clip of UTD-MHAD; the whole is in docs/weights.md."""
    store = edgcn.open_store(edgcn.prepare("utd_mhad", data_dir / "utd_mhad", out=tmp_path / "utd"))
    folder = released_folder("edgcn-s")
    assert folder is not None
    encoder, inputs, about = load_encoder(folder / "encoder.safetensors")
    before = random_encoder(about["encoder"], inputs, about["options"], seed=0)
    split = store.split()
    correct = []
    for model in (encoder, before):
        features = Recognizer(model, inputs, readout="parts").embed(store)
        train, test = split.train, split.test
        probe = NearestProbe(features[train], store.labels[train], len(store.classes), 1)
        correct.append((probe.scores(features[test]).argmax(1) == store.labels[test]).mean())
    assert correct[0] > correct[1] > 0.5
