"""Names for new clips: from raw frames what evaluation gives from a store, from the run alone."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.commands.config import EvaluateConfig
from edgcn.commands.evaluate import evaluate
from edgcn.inference import Recognizer, load
from edgcn.runs import read_json
from edgcn.store import open_store
from helpers import make_clips, tiny_store, tiny_topology, twenty_joints
from tiny_runs import tiny_run

PROTOCOLS = {
    "linear": {"protocol": "linear", "epochs": 20},
    "logistic": {"protocol": "logistic"},
    "nearest": {"protocol": "knn", "k": 3},
    "pyramid": {"protocol": "knn", "readout": "pyramid"},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=40).path


@pytest.fixture(scope="module")
def bare(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without a probe."""
    return tiny_run(store, tmp_path_factory.mktemp("runs") / "bare", epochs=2)


@pytest.fixture(scope="module", params=PROTOCOLS)
def run(
    request: pytest.FixtureRequest,
    bare: Path,
    store: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The run with a probe of each kind."""
    run = tmp_path_factory.mktemp("probed") / "run"
    shutil.copytree(bare, run)
    settings = PROTOCOLS[request.param]
    config = EvaluateConfig(run=run, store=store, figures=False, **settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgcn.evaluation.probes.GRID", (0.01, 0.1))  # all five take seconds
        evaluate(config, say=lambda line: None)
    return run


def raw_clips() -> list[np.ndarray]:
    """The frames that the store was made of."""
    return [clip.frames for clip in make_clips(40, 3, 4, 0, tiny_topology())]


def test_raw_frames_are_named_as_the_store_is(run: Path, store: Path) -> None:
    recognizer, clips = load(run), raw_clips()
    stored = open_store(store)
    assert np.array_equal(recognizer.embed(clips), recognizer.embed(stored))
    assert recognizer.label(clips) == recognizer.label(stored)
    flat = [frames[:, 0] for frames in clips]  # one body: its axis may be left out
    assert np.array_equal(recognizer.embed(flat), recognizer.embed(clips))


def test_probabilities_are_probabilities_and_the_label_is_the_largest(run: Path) -> None:
    recognizer = load(run)
    probabilities = recognizer.probabilities(raw_clips())
    assert probabilities.shape == (40, 3)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)
    labels = [f"gesture {best}" for best in probabilities.argmax(1)]
    assert recognizer.label(raw_clips()) == labels
    assert recognizer.classes == ("gesture 0", "gesture 1", "gesture 2")


def test_naming_takes_nothing_but_the_run(run: Path, tmp_path: Path) -> None:
    expected = load(run).label(raw_clips())
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    for name in ("encoder.safetensors", "probe.safetensors"):
        shutil.copy(run / name, alone / name)
    assert load(alone).label(raw_clips()) == expected


def test_scores_are_those_of_the_evaluation(run: Path, store: Path) -> None:
    stored = open_store(store)
    named = np.array(load(run).probabilities(stored).argmax(1))
    tests = stored.split().test
    (results,) = run.glob("*/results.json")
    top1 = read_json(results)["rows"][-1]["top1"]
    assert (named[tests] == stored.labels[tests]).mean() == pytest.approx(top1)


def test_batches_change_nothing(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer, clips = load(run), raw_clips()
    expected = recognizer.probabilities(clips)
    monkeypatch.setattr("edgcn.inference.recognizer.BATCH", 7)
    np.testing.assert_allclose(recognizer.probabilities(clips), expected, rtol=1e-4, atol=1e-5)


def test_a_deleted_store_is_not_missed(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=40).path
    run = tiny_run(store, tmp_path / "run", epochs=1)
    config = EvaluateConfig(run=run, store=store, figures=False, protocol="knn")
    evaluate(config, say=lambda line: None)
    shutil.rmtree(store)
    assert len(load(run).label(raw_clips())) == 40


def test_without_a_probe_it_embeds_and_says_how_to_get_names(bare: Path) -> None:
    recognizer = load(bare)
    assert recognizer.embed(raw_clips()).shape == (40, recognizer.encoder.embed_dim)
    with pytest.raises(EdgcnError, match="edgcn evaluate RUN STORE"):
        recognizer.label(raw_clips())


WRONG = {
    "joints": (np.zeros((6, 7, 3), np.float32), r"clip 1: expected \(T, 5, 3\).*'tiny5'.*7, 3\)"),
    "channels": (np.zeros((6, 5, 2), np.float32), r"clip 1: expected .*got \(6, 1, 5, 2\)"),
    "frames": (np.zeros((0, 5, 3), np.float32), "clip 1: expected .*T at least 1"),
    "bodies": (np.ones((6, 2, 5, 3), np.float32), "clip 1: expected at most 1 bodies, got 2"),
    "numbers": (np.full((6, 5, 3), np.nan, np.float32), "clip 1: has NaN or infinite"),
    "axes": (np.zeros((5, 3), np.float32), "clip 1: expected"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_clip_that_cannot_be_read_is_named(name: str, bare: Path) -> None:
    frames, message = WRONG[name]
    with pytest.raises(EdgcnError, match=message):
        load(bare).embed([raw_clips()[0], frames])


def test_no_clips_are_an_error(bare: Path) -> None:
    with pytest.raises(EdgcnError, match="at least one clip"):
        load(bare).embed([])


def test_a_store_of_other_joints_is_read_as_evaluation_reads_it(bare: Path, tmp_path: Path) -> None:
    other = tiny_store(tmp_path, clips=24, topology=twenty_joints())
    run = Path(shutil.copytree(bare, tmp_path / "run"))
    config = EvaluateConfig(run=run, store=other.path, figures=False, protocol="knn")
    top1 = evaluate(config, say=lambda line: None)["rows"][-1]["top1"]
    named, tests = load(run).probabilities(other).argmax(1), other.split().test
    assert (named[tests] == other.labels[tests]).mean() == pytest.approx(top1)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"encoder.safetensors does not exist; is .* a run"):
        load(tmp_path)


def test_one_frame_is_a_clip(bare: Path) -> None:
    recognizer: Recognizer = load(bare)
    one = raw_clips()[0][:1]
    repeated = np.repeat(one, 9, axis=0)
    np.testing.assert_allclose(
        recognizer.embed([one]), recognizer.embed([repeated]), rtol=1e-4, atol=1e-5
    )
