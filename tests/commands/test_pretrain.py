"""Pre-training end to end on a tiny store: what a run holds, what it may see, what it refuses."""

import json
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
from edgcn.commands.evaluate import evaluate
from edgcn.commands.pretrain import config_of, make_inputs, pretrain
from edgcn.models.build import load_encoder
from edgcn.objectives import MomentumContrast
from edgcn.runs import read_json, read_metrics
from edgcn.store import Store, open_store, write_store
from helpers import make_clips, tiny_recordings, tiny_store, tiny_topology
from tiny_runs import losses, tiny_run, tiny_settings


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=48).path


@pytest.fixture(scope="module")
def run(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(store, tmp_path_factory.mktemp("runs") / "run", seed=3, knn_every=2)


def test_a_run_says_all_that_its_numbers_depend_on(run: Path, store: Path) -> None:
    about = read_json(run / "run.json")
    config = PretrainConfig(
        store=store, out=run, **tiny_settings(seed=3, knn_every=2)
    )  # fmt: skip
    assert config_of(run) == config
    assert set(about["config"]) == set(PretrainConfig.model_fields)  # defaults too
    assert about["config"]["seed"] == 3
    assert about["store_fingerprint"] == open_store(store).fingerprint
    assert {"python", "edgcn", "torch", "numpy"} <= set(about["versions"])
    assert about["revision"]
    assert (about["ranks"], about["threads"], about["precision"]) == (1, 1, "float32")


def test_a_run_keeps_its_curve_and_its_encoder(run: Path) -> None:
    rows = read_metrics(run / "metrics.jsonl")
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert [row["loss"] is None for row in rows] == [True, False, False]
    assert [row["lr"] for row in rows] == pytest.approx([0.01, 0.01, 0.001])
    assert ["knn_top1" in row for row in rows] == [False, True, True]
    assert (run / "curves.png").stat().st_size > 1000
    encoder, inputs, about = load_encoder(run / "encoder.safetensors")
    assert encoder.embed_dim == 16
    assert (inputs.frames, inputs.topology, about["encoder"]) == (8, tiny_topology(), "edgcn-s")
    leftovers = {path.name for path in run.iterdir()}
    assert leftovers == {
        "run.json", "metrics.jsonl", "curves.png", "encoder.safetensors", "state.safetensors",
    }  # fmt: skip


def test_training_learns(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=90, classes=3).path
    run = tiny_run(store, tmp_path / "run", epochs=8, knn_every=8, schedule="constant", lr=0.03)
    curve = [loss for loss in losses(run) if loss is not None]
    assert min(curve[-2:]) < curve[0] - 0.1
    assert read_metrics(run / "metrics.jsonl")[-1]["knn_top1"] > 0.6  # chance is 0.33


def rows_seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the rows of every batch that is read."""
    seen, whole = [], Store.batch

    def spy(self: Store, rows: np.ndarray, *rest: Any, **named: Any) -> torch.Tensor:
        seen.extend(np.asarray(rows).tolist())
        return whole(self, rows, *rest, **named)

    monkeypatch.setattr(Store, "batch", spy)
    return seen


@pytest.mark.parametrize("normalize", ["paper", "canonical"])
def test_test_clips_are_never_read(
    normalize: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = rows_seen(monkeypatch)
    tiny_run(store, tmp_path / "run", epochs=2, knn_every=1, normalize=normalize)
    train = open_store(store).split().train
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
            clips = [replace(clip, label=-1) for clip in clips]
        write_store(replace(tiny_recordings(), clips=clips), tmp_path / name / "tiny")
        run = tiny_run(tmp_path / name / "tiny", tmp_path / name / "run", knn_every=1, epochs=2)
        weights.append(load_tensors(run / "encoder.safetensors")[0])
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_runs_are_numbered(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = tiny_settings(epochs=1)
    names = [
        pretrain(PretrainConfig(store=store, moments=moments, **settings), say=lambda line: None)
        for moments in (False, True)
    ]
    assert names == [Path("runs/0001-edgcn-s-moco"), Path("runs/0002-edgcn-s-moments-moco")]


def test_what_it_says(store: Path, tmp_path: Path) -> None:
    said: list[str] = []
    config = PretrainConfig(store=store, out=tmp_path / "run", **tiny_settings(epochs=2))
    pretrain(config, say=said.append)
    text = "\n".join(said)
    assert "36 clips" in text
    assert "note: made for tests" in text
    assert "epoch 1/2  queue filled" in text
    assert "epoch 2/2  loss" in text


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "batch": ({"batch_size": 40}, "batch of 40 .* 36 clips to learn from; .* at most 36"),
    "ranks": ({"batch_size": 20, "devices": 2}, "a --batch-size of at most 18"),
    "queue": ({"queue_size": 7}, "queue of 7 .* batch of 8; .* --queue-size of at least 8"),
    "encoder": ({"encoder": "edgcn-x"}, "no encoder is named 'edgcn-x'.*did you mean"),
    "options": ({"encoder_options": {"width": 3}}, "does not take these options.*width"),
    "augmentation": ({"augmentations": ("rotat",)}, "did you mean 'rotate'"),
    "strength": ({"augmentation_options": {"noise": {"stdd": 1.0}}}, "did you mean 'std'"),
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
    tensors, about = load_tensors(tmp_path / "run" / "state.safetensors")
    assert about["epoch"] == 2
    assert all(value.isfinite().all() for value in tensors.values())


def inputs_for(folder: Path, changes: dict[str, Any], **settings: Any) -> Any:
    store = tiny_store(folder, clips=8, **changes)
    config = PretrainConfig(store=store.path, **tiny_settings(**settings))
    return make_inputs(store, config, np.arange(8))


def test_inputs_follow_the_store_and_the_config(tmp_path: Path) -> None:
    make: Callable[..., Any] = inputs_for
    plain = make(tmp_path / "a", {})
    assert (plain.dims, plain.bodies, plain.channels, plain.normalize.scale) == (3, 1, 3, "none")
    assert make(tmp_path / "b", {}, moments=True).channels == 9
    assert make(tmp_path / "c", {"bodies": 2}).bodies == 2
    image = {"dims": 2, "units": "px"}
    assert make(tmp_path / "d", image).dims == 2
    assert make(tmp_path / "e", image).normalize.scale == "torso"
    assert make(tmp_path / "f", image, confidence_as_z=True).dims == 3
    canonical = make(tmp_path / "g", {}, normalize="canonical").normalize
    assert canonical.unit_bones
    aligned = make(tmp_path / "h", {}, normalize="aligned").normalize
    assert aligned.fill
    assert aligned.align
    assert not aligned.unit_bones
    assert len(canonical.bone_lengths) == 4
    assert json.loads(json.dumps(plain.to_dict())) == plain.to_dict()


RECONSTRUCTING: dict[str, dict[str, Any]] = {
    "predict-cluster": {"encoder": "pc-gru", "encoder_options": {"hidden": 8}},
    "variational": {"encoder": "vae-lstm", "encoder_options": {"hidden": 8, "embed_dim": 4}},
}


@pytest.mark.parametrize("objective", RECONSTRUCTING)
def test_objectives_that_reconstruct_make_runs_like_others(
    objective: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They learn from the first epoch, on clips as they are, and tell errors beside yardsticks."""
    monkeypatch.chdir(tmp_path)
    seen, said = rows_seen(monkeypatch), []
    changes = {"augmentations": None, "knn_every": 1, "normalize": "aligned", "optimizer": "adamw"}
    settings = tiny_settings(objective=objective, **changes, **RECONSTRUCTING[objective])
    run = pretrain(PretrainConfig(store=store, **settings), say=said.append)
    assert run == Path(f"runs/0001-{settings['encoder']}-{objective}")
    assert set(seen) == set(open_store(store).split().train.tolist())
    rows = read_metrics(run / "metrics.jsonl")
    for row in rows:
        assert {"reconstruction", "mean_pose", "own_mean_pose", "knn_top1"} <= row.keys()
        assert ("elbo" in row) == ("kl" in row) == (objective == "variational")
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert sum("mean pose" in line for line in said) == 3
    assert (run / "samples.png").exists() == (objective == "variational")
    results = evaluate(EvaluateConfig(run=run, store=store, epochs=1), say=said.append)
    assert results["rows"][-1]["name"].startswith({"p": "P&C FW", "v": "U-S-VAE Z"}[objective[0]])


def test_the_queue_limits_the_batch_of_contrast_alone(store: Path, tmp_path: Path) -> None:
    settings = {"objective": "predict-cluster", "queue_size": 7, "epochs": 1}
    assert losses(tiny_run(store, tmp_path / "run", **settings))[0] is not None
