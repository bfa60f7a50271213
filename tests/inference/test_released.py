"""Released weights: whole, small, usable by name, and better than before they were trained."""

from pathlib import Path

import numpy as np
import pytest

import edgcn
from edgcn.base.errors import EdgcnError
from edgcn.commands.pretrain_settings import PretrainConfig
from edgcn.commands.settings import make_config
from edgcn.evaluation.embed import embed
from edgcn.evaluation.nearest import NearestProbe
from edgcn.inference.released import RELEASED, released
from edgcn.motion.people import NAME
from edgcn.presets.recipes import PROCEDURAL
from edgcn.store.learned import overlap
from helpers import tiny_store, twenty_joints

LARGEST = 32e6  # bytes that one may add to the package


@pytest.mark.parametrize("name", RELEASED)
def test_it_is_of_its_recipe_and_says_how_it_was_made(name: str) -> None:
    origin = edgcn.load(name).provenance_
    config = make_config(PretrainConfig, origin.config, where=name)
    assert (config.recipe, config.encoder, str(config.store)) == ("weights", name, PROCEDURAL)
    assert config.out is not None
    assert not config.out.is_absolute()
    assert origin.versions["torch"]
    assert (origin.pretrained.stores, origin.pretrained.people) == ((NAME,), ())
    assert not len(origin.pretrained.frames)
    assert origin.fitted is None
    assert released(name).stat().st_size < LARGEST


@pytest.mark.parametrize("name", RELEASED)
def test_it_is_loaded_by_name_and_reads_clips_as_it_was_trained(name: str) -> None:
    frames = np.random.default_rng(0).normal(size=(40, 20, 3)).astype(np.float32)
    model = edgcn.load(name)
    whitening = model.embedder().whitening
    assert whitening is not None
    assert model.transform([frames]).shape == (1, len(whitening.matrix)) == (1, 1024)
    assert np.isfinite(model.transform([frames])).all()
    with pytest.raises(ValueError, match="has learned no classes yet"):
        model.predict([frames])


def test_it_is_fitted_as_any_other(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=40, topology=twenty_joints())
    model = edgcn.fit("edgcn-s", store.clips("train"))
    assert model.predict(store.clips("test"))[0].startswith("gesture")
    copy = edgcn.weights("edgcn-s", out=tmp_path / "deep" / "mine.edgcn")
    again = edgcn.load(copy)
    assert np.array_equal(again.transform(store), model.transform(store))


def test_nothing_is_written_over_and_wrong_names_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").write_text("x")
    for name, out, message in (
        ("edgcn-s", "mine", "mine exists already"),
        ("edgcn-s", "mine/below", "cannot write mine/below"),
        ("edgcn-l", "new", r"no weights are named 'edgcn-l'; there are edgcn-s, edgcn; did you"),
    ):
        with pytest.raises(EdgcnError, match=message):
            edgcn.weights(name, out=out)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.data
def test_on_people_it_never_saw_it_beats_the_encoder_before_training(
    data_dir: Path, tmp_path: Path
) -> None:
    store = edgcn.prepare("utd_mhad", data_dir / "utd_mhad", out=tmp_path / "utd")
    clips, model = store.clips(), edgcn.load("edgcn-s")
    split = clips.split()
    halves = split.train[::2], split.test[::2]  # to save time
    assert not overlap(model.provenance_.pretrained, clips, np.arange(len(clips))).clips
    scores = []
    trained = model.embedder()
    for embedder in (trained, trained.untrained(0)):
        fitting, adapted = embedder.adapted(clips, rows=halves[0])
        train, test = (embed(fitting, adapted.clips, rows) for rows in halves)
        probe = NearestProbe(train, clips.labels[halves[0]], len(clips.classes), 1)
        scores.append((probe.scores(test).argmax(1) == clips.labels[halves[1]]).mean())
    assert scores[0] > scores[1] + 0.1
