"""Pre-training end to end on a tiny store: what a run holds, what it may see, what it refuses."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edgcn.base.errors import EdgcnError
from edgcn.base.files import read_json
from edgcn.base.tensorfile import load_tensors
from edgcn.commands.material import learned_clips
from edgcn.commands.pretrain import pretrain
from edgcn.commands.pretrain_settings import PretrainConfig, config_of
from edgcn.inference import load
from edgcn.objectives import MomentumContrast
from edgcn.runs import Run
from edgcn.store import Selection, open_store, write_store
from helpers import make_clips, make_long, tiny_recordings, tiny_store, tiny_topology
from tiny_runs import losses, tiny_config, tiny_run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=48).path


@pytest.fixture(scope="module")
def run(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(store, tmp_path_factory.mktemp("runs") / "run", seed=3, knn_every=2)


def test_a_run_says_all_that_its_numbers_depend_on(run: Path, store: Path) -> None:
    known = read_json(run / "run.json")
    assert config_of(Run(run)) == tiny_config(store, run, seed=3, knn_every=2)
    assert set(known["config"]) == set(PretrainConfig.model_fields)  # defaults too
    assert known["config"]["seed"] == 3
    assert known["store_fingerprint"] == open_store(store).fingerprint
    assert {"python", "edgcn", "torch", "numpy"} <= set(known["versions"])
    assert known["revision"]
    assert (known["ranks"], known["threads"], known["precision"]) == (1, 1, "float32")
    assert known["plugins"] == []


def test_a_run_keeps_its_curve_and_its_encoder(run: Path) -> None:
    rows = Run(run).metrics()
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert [row["loss"] is None for row in rows] == [True, False, False]
    assert [row["lr"] for row in rows] == pytest.approx([0.01, 0.01, 0.001])
    assert ["knn_top1" in row for row in rows] == [False, True, True]
    assert (run / "curves.png").stat().st_size > 1000
    model = load(run)
    embedder = model.embedder()
    assert embedder.encoder.embed_dim == 16
    assert (embedder.inputs.frames, embedder.inputs.topology) == (8, tiny_topology())
    assert (embedder.name, embedder.readout) == ("edgcn-s", "mean")
    assert model.provenance_.title == "EDGCN (edgcn-s)"
    assert model.provenance_.pretrained.people == ("s1", "s2", "s3")
    leftovers = {path.name for path in run.iterdir()}
    assert leftovers == {
        "run.json", "metrics.jsonl", "curves.png", "recognizer.edgcn", "state.safetensors",
    }  # fmt: skip


def test_training_learns(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=90, classes=3).path
    run = tiny_run(store, tmp_path / "run", epochs=8, knn_every=8, schedule="constant", lr=0.03)
    curve = [loss for loss in losses(run) if loss is not None]
    assert min(curve[-2:]) < curve[0] - 0.1
    assert Run(run).metrics()[-1]["knn_top1"] > 0.6  # chance is 0.33


def rows_seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the rows of every batch that is read."""
    seen: list[int] = []
    whole = Selection.batch

    def spy(self: Selection, rows: np.ndarray, frames: int) -> torch.Tensor:
        seen.extend(np.asarray(rows).tolist())
        return whole(self, rows, frames)

    monkeypatch.setattr(Selection, "batch", spy)
    return seen


@pytest.mark.parametrize("normalize", ["paper", "canonical"])
def test_test_clips_are_never_read(
    normalize: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = rows_seen(monkeypatch)
    tiny_run(store, tmp_path / "run", epochs=2, knn_every=1, normalize=normalize)
    train = open_store(store).clips().split().train
    assert set(seen) == set(train.tolist())


def test_all_clips_are_read_where_that_is_asked_for(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = rows_seen(monkeypatch)
    tiny_run(store, tmp_path / "run", epochs=2, split="all")
    assert set(seen) == set(range(48))


def test_labels_are_not_used(tmp_path: Path) -> None:
    weights = []
    for name in ("labelled", "unlabelled"):
        clips = make_clips(32, 3, 4, 0, tiny_topology())
        if name == "unlabelled":
            clips = [
                replace(clip, segments=(replace(clip.segments[0], label=-1),)) for clip in clips
            ]
        write_store(replace(tiny_recordings(), recordings=clips), tmp_path / name / "tiny")
        run = tiny_run(tmp_path / name / "tiny", tmp_path / name / "run", knn_every=1, epochs=2)
        weights.append(load_tensors(run / "recognizer.edgcn")[0])
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_runs_are_numbered(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = [
        pretrain(tiny_config(store, epochs=1, moments=moments), say=lambda line: None).path
        for moments in (False, True)
    ]
    assert names == [Path("runs/0001-edgcn-s-moco"), Path("runs/0002-edgcn-s-moments-moco")]


def test_what_it_says(store: Path, tmp_path: Path) -> None:
    said: list[str] = []
    pretrain(tiny_config(store, tmp_path / "run", epochs=2), say=said.append)
    text = "\n".join(said)
    assert "36 clips" in text
    assert "recipe paper: EDGCN (edgcn-s)" in text
    assert "note: made for tests" in text
    assert "epoch 1/2  queue filled" in text
    assert "epoch 2/2  loss" in text


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "batch": ({"batch_size": 40}, "batch of 40 .* 36 clips to learn from; .* at most 36"),
    "ranks": ({"batch_size": 20, "devices": 2}, "a --batch-size of at most 18"),
    "queue": ({"queue_size": 7}, "queue of 7 .* batch of 8; .* --queue-size of at least 8"),
    "encoder": ({"encoder": "edgcn-x"}, "no encoder is named 'edgcn-x'.*did you mean"),
    "options": ({"encoder_settings": {"width": 3}}, "has no setting 'width'.*did you mean"),
    "augmentation": ({"augmentations": ("rotat",)}, "did you mean 'rotate'"),
    "strength": ({"augmentation_settings": {"noise": {"stdd": 1.0}}}, "did you mean 'std'"),
    "split": ({"split": "peopel"}, "did you mean 'people'"),
    "joints": ({"augmentations": ("joint_mask",)}, "joint_mask: expected .* most <= 5"),
    "accelerator": ({"accelerator": "abacus"}, "cannot use accelerator 'abacus'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_explained_and_leaves_nothing_behind(
    name: str, store: Path, tmp_path: Path
) -> None:
    changes, message = WRONG[name]
    with pytest.raises(EdgcnError, match=message):
        tiny_run(store, tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


def test_an_existing_folder_is_never_written_into(store: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(EdgcnError, match=r"exists already; .* --resume"):
        tiny_run(store, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_state(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, steps = MomentumContrast.loss, []

    def explode(self: MomentumContrast, views: Any) -> torch.Tensor:
        steps.append(1)
        loss: torch.Tensor = whole(self, views)
        return loss * float("nan") if len(steps) > 5 else loss

    monkeypatch.setattr(MomentumContrast, "loss", explode)
    with pytest.raises(EdgcnError, match=r"loss became nan in epoch 3; the state after epoch 2"):
        tiny_run(store, tmp_path / "run")
    tensors, metadata = load_tensors(tmp_path / "run" / "state.safetensors")
    assert metadata["epoch"] == 2
    assert all(value.isfinite().all() for value in tensors.values())


RECONSTRUCTING: dict[str, dict[str, Any]] = {
    "predict-cluster": {"encoder": "pc-gru", "encoder_settings": {"hidden": 8}},
    "variational": {"encoder": "vae-lstm", "encoder_settings": {"hidden": 8, "embed_dim": 4}},
}


@pytest.mark.parametrize("objective", RECONSTRUCTING)
def test_objectives_that_reconstruct_make_runs_like_others(
    objective: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They learn from the first epoch, on clips as they are, and show baselines of their error."""
    monkeypatch.chdir(tmp_path)
    seen = rows_seen(monkeypatch)
    said: list[str] = []
    changes: dict[str, Any] = {
        "augmentations": None,
        "knn_every": 1,
        "normalize": "aligned",
        "optimizer": "adamw",
    }
    changes |= {"objective": objective, **RECONSTRUCTING[objective]}
    run = pretrain(tiny_config(store, **changes), say=said.append)
    assert run.path == Path(f"runs/0001-{changes['encoder']}-{objective}")
    assert set(seen) == set(open_store(store).clips().split().train.tolist())
    rows = run.metrics()
    for row in rows:
        assert {"reconstruction", "mean_pose", "clip_mean_pose", "knn_top1"} <= row.keys()
        assert ("elbo" in row) == ("kl" in row) == (objective == "variational")
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert sum("mean pose" in line for line in said) == 3
    assert (run.path / "samples.png").exists() == (objective == "variational")
    title = load(run).provenance_.title
    assert title.startswith({"p": "P&C FW", "v": "U-S-VAE Z"}[objective[0]])


def test_settings_of_another_objective_are_refused(store: Path, tmp_path: Path) -> None:
    message = "--queue-size belongs to moco; this run trains predict-cluster"
    with pytest.raises(EdgcnError, match=message):
        tiny_run(store, tmp_path / "run", objective="predict-cluster", queue_size=7)


@pytest.mark.parametrize("learn_from", ["auto", "clips", "windows"])
def test_windows_learn_from_frames_that_nobody_annotated(
    learn_from: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = make_clips(32, 2, 4, 0, tiny_topology())
    long = make_long(clips, each=4, gap=40)  # most frames are outside segments
    write_store(replace(tiny_recordings(classes=2), recordings=long), tmp_path / "store")
    said: list[str] = []
    settings = {"learn_from": learn_from, "window_seconds": 0.5, "window_step": 0.25, "epochs": 2}
    run = pretrain(tiny_config(tmp_path / "store", tmp_path / "run", **settings), say=said.append)
    assert ("windows of" in said[0]) == (learn_from != "clips")
    learned = load(run).provenance_.pretrained
    store = open_store(tmp_path / "store")
    trains = store.clips("train")
    assert learned.people == ("s1", "s2", "s3")
    assert learned.has(trains.hashes_of(np.arange(len(trains)))).all()
    assert not learned.has(store.clips("test").hashes_of(np.arange(8))).any()
    share = len(learned.frames) / sum(trains.lengths)
    assert share > 2 if learn_from != "clips" else share == 1


def test_windows_of_a_recording_with_somebody_who_tests_are_not_learned_from(
    tmp_path: Path,
) -> None:
    whole = make_long(make_clips(12, 3, 4, 0, tiny_topology()), 3)
    both = (whole[0].segments[0], replace(whole[0].segments[1], person="s4"))
    whole[0] = replace(whole[0], subject="", segments=both)
    write_store(tiny_recordings(clips=whole), tmp_path / "store")
    store = open_store(tmp_path / "store")
    settings: dict[str, Any] = {"window_seconds": 0.4, "window_step": 0.2}
    settings |= {"learn_from": "windows"}
    config = tiny_config(store.path, split="subject:s4", **settings)
    clips, rows = learned_clips(store, config)
    assert set(clips.recordings[rows].tolist()) == {1, 2}
    every, _ = learned_clips(store, config.model_copy(update={"split": "all"}))
    assert set(every.recordings.tolist()) == {0, 1, 2, 3}
