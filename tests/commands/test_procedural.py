"""Pre-training from procedural people and going on from other weights, in small."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edgcn.base.errors import EdgcnError
from edgcn.commands import material, pretrain
from edgcn.commands.pretrain import resume
from edgcn.commands.pretrain_settings import PretrainConfig
from edgcn.commands.settings import make_config
from edgcn.inference import load
from edgcn.motion.people import NAME, People
from edgcn.presets.recipes import PROCEDURAL
from edgcn.runs import Run
from edgcn.skeleton.tensors import Clips
from helpers import SMALL_ENCODER, tiny_store, twenty_joints

FEW: dict[str, Any] = {
    "store": PROCEDURAL, "encoder_settings": SMALL_ENCODER, "frames": 8, "steps": 4,
    "batch_size": 8, "threads": 1, "accelerator": "cpu", "precision": "float32", "whiten": 40,
}  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(material, "EPOCH", 2)
    monkeypatch.setattr(pretrain, "WHITENED", 120)


def config(**changes: Any) -> PretrainConfig:
    return make_config(PretrainConfig, FEW | changes, where="test")


def made(out: Path, **changes: Any) -> Path:
    return pretrain.pretrain(config(out=out, **changes), say=lambda line: None).path


def test_its_recipe_is_that_of_the_weights(tmp_path: Path) -> None:
    assert config().recipe == "weights"
    assert config().read_by == "peaks"
    assert config(recipe="best").read_by is None
    model = load(made(tmp_path / "run"))
    origin = model.provenance_
    assert origin.title.endswith(NAME)
    assert (origin.pretrained.people, origin.pretrained.stores) == ((), (NAME,))
    assert not len(origin.pretrained.frames)
    embedder = model.embedder()
    assert embedder.readout == "peaks"
    with torch.no_grad():
        vectors = embedder(People().batch(np.arange(120), 8)).numpy()
    assert vectors.shape[1] == 40
    variances = vectors.var(axis=0)
    assert np.allclose(vectors.mean(0), 0, atol=1e-2)
    assert (variances[:10] > 0.9).all()  # later ones hardly vary, and are not blown up
    assert (variances < 1.1).all()


def test_every_clip_is_learned_from_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    whole = People.batch

    def spy(self: People, rows: np.ndarray, frames: int) -> Clips:
        seen.extend(rows.tolist())
        return whole(self, rows, frames)

    run = made(tmp_path / "measured", steps=1, whiten=0)
    assert len(Run(run).metrics()) == 1
    monkeypatch.setattr(People, "batch", spy)
    made(tmp_path / "run", whiten=0)
    learned = seen[-4 * 8 :]  # before them, sizes and statistics are measured
    assert sorted(learned) == list(range(4 * 8))
    assert len(Run(tmp_path / "run").metrics()) == 2


def test_a_stopped_run_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    whole = made(tmp_path / "whole")
    stopped = tmp_path / "stopped"

    def stop(line: str) -> None:
        if line.startswith("epoch 1"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrain.pretrain(config(out=stopped), say=stop)
    assert load(stopped).embedder().whitening is None  # it was not finished
    resume(stopped, say=lambda line: None)
    ours, theirs = (load(run).embedder() for run in (whole, stopped))
    assert ours.digest() == theirs.digest()


def test_going_on_begins_with_the_weights_and_keeps_what_they_know(tmp_path: Path) -> None:
    first = made(tmp_path / "first")
    store = tiny_store(tmp_path, clips=40, topology=twenty_joints()).path
    flags = {"store": store, "from_": str(first), "lr": 1e-12, "epochs": 1, "whiten": 0}
    given = {k: v for k, v in FEW.items() if k not in ("steps", "encoder_settings", "frames")}
    settings = make_config(PretrainConfig, given | flags | {"out": tmp_path / "on"}, where="test")
    run = pretrain.pretrain(settings, say=lambda line: None)
    before, after = load(first), load(run.path)
    for name, value in before.embedder().encoder.named_parameters():
        other = after.embedder().encoder.get_parameter(name)
        torch.testing.assert_close(other, value, atol=1e-6, rtol=0)
    assert after.provenance_.pretrained.stores == (NAME, store.name)
    assert after.provenance_.title.endswith(f"from {first}")
    assert after.embedder().inputs == before.embedder().inputs
    clips = People(topology=before.embedder().inputs.topology).batch(np.arange(120), 8)
    with torch.no_grad():  # batch norm has learned what other clips are like
        vectors = after.embedder()(clips).numpy()
    assert vectors.shape[1] == 40
    assert np.allclose(vectors.mean(0), 0, atol=1e-2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"topology": "kinect"}, "no topology is named 'kinect': there are kinect_v2"),
        ({"store": "mine", "topology": "coco_17"}, "procedural people have; mine has its own"),
        ({"from_": "edgcn-s", "encoder": "edgcn"}, "leave out --encoder edgcn, or --from"),
        ({"from_": "nobody"}, "nobody does not exist"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(EdgcnError, match=message):
        made(tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()
