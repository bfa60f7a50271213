"""Vectors of frozen encoders: computed once, the same in any batches, named by what made them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from edgcn.evaluation import embed as room
from edgcn.evaluation.embed import cached_embed, embed, raw_coordinates
from edgcn.models.embedder import Embedder
from edgcn.pipeline.inputs import fit_inputs
from edgcn.pipeline.source import FRAMES
from edgcn.store import Selection, open_store, write_store
from helpers import SMALL_ENCODER, make_clips, tiny_recordings, tiny_store, tiny_topology


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Selection:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=30).clips()


@pytest.fixture
def embedder(clips: Selection) -> Embedder:
    """A small encoder whose batch norms have seen something."""
    torch.manual_seed(0)
    inputs = fit_inputs(clips, np.arange(len(clips)), frames=8, normalize="paper")
    made = Embedder.new("edgcn-s", SMALL_ENCODER, inputs, "mean")
    made.encoder.train()
    made(clips.batch(np.arange(16), 8))
    made.encoder.eval()
    return made


Cached = Callable[..., np.ndarray]


@pytest.fixture
def cached(tmp_path: Path, embedder: Embedder, clips: Selection) -> Cached:
    """`cached_embed` with everything given but what a test changes."""

    def call(**changes: Any) -> np.ndarray:
        of = {"embedder": embedder, "clips": clips, **changes}
        return cached_embed(tmp_path / "features", of["embedder"], of["clips"])

    return call


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of clips each time vectors are really computed."""
    counts: list[int] = []
    whole = room.embed

    def spy(embedder: Embedder, clips: Selection, rows: np.ndarray, **given: Any) -> np.ndarray:
        counts.append(len(rows))
        return whole(embedder, clips, rows, **given)

    monkeypatch.setattr(room, "embed", spy)
    return counts


@pytest.mark.parametrize("readout", ["mean", "pyramid"])
def test_batch_size_changes_nothing(
    readout: str, embedder: Embedder, clips: Selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, embedder = np.arange(len(clips)), replace(embedder, readout=readout)
    whole = embed(embedder, clips, rows)
    monkeypatch.setattr(room, "BATCH", 7)
    np.testing.assert_allclose(embed(embedder, clips, rows), whole, rtol=1e-4, atol=1e-5)


def test_rows_come_back_in_the_order_they_were_given(embedder: Embedder, clips: Selection) -> None:
    rows = np.array([9, 2, 2, 17])
    whole = embed(embedder, clips, np.arange(len(clips)))
    np.testing.assert_allclose(embed(embedder, clips, rows), whole[rows], rtol=1e-4, atol=1e-5)


def test_vectors_are_the_embedders_own(embedder: Embedder, clips: Selection) -> None:
    with torch.no_grad():
        expected = embedder(clips.batch(np.arange(10), 8)).numpy()
    np.testing.assert_allclose(embed(embedder, clips, np.arange(10)), expected, atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_mode_and_statistics_of_the_encoder_stay(
    training: bool, embedder: Embedder, clips: Selection
) -> None:
    encoder = embedder.encoder
    encoder.train(training)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    embed(embedder, clips, np.arange(20))
    assert encoder.training is training
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


def test_features_are_computed_once(cached: Cached, computed: list[int], clips: Selection) -> None:
    first = cached()
    assert computed == [len(clips)]
    assert np.array_equal(cached(), first)
    assert computed == [len(clips)]


def test_other_weights_have_other_features(
    cached: Cached, computed: list[int], embedder: Embedder
) -> None:
    first = cached()
    with torch.no_grad():
        next(embedder.encoder.parameters()).add_(0.1)
    assert not np.array_equal(cached(), first)
    next(iter(embedder.encoder.buffers())).add_(1)  # statistics are weights here
    cached()
    assert len(computed) == 3


def test_other_settings_have_other_features(
    cached: Cached, computed: list[int], embedder: Embedder
) -> None:
    inputs = embedder.inputs
    changed: list[dict[str, Any]] = [
        {},
        {"readout": "pyramid"},
        {"inputs": replace(inputs, frames=12)},
        {"inputs": replace(inputs, stream="bone")},
        {"inputs": replace(inputs, normalize=replace(inputs.normalize, fill=True))},
    ]
    shapes = [cached(embedder=replace(embedder, **change)).shape for change in changed]
    assert len(computed) == len(shapes)
    assert shapes[1] != shapes[0]


def test_other_clips_have_other_features(
    cached: Cached, computed: list[int], clips: Selection, tmp_path: Path
) -> None:
    cached()
    cached(clips=tiny_store(tmp_path, clips=30, seed=1).clips())
    cached(clips=clips.take(np.arange(20)))
    assert computed == [30, 30, 20]


def moved(folder: Path, change: Callable[[np.ndarray, int], np.ndarray]) -> Selection:
    """The tiny store with every clip's frames changed."""
    recordings = [
        replace(clip, frames=change(clip.frames, number).astype(np.float32))
        for number, clip in enumerate(make_clips(30, 3, 4, 0, tiny_topology()))
    ]
    write_store(tiny_recordings(recordings), folder / "moved")
    return open_store(folder / "moved").clips()


def test_raw_coordinates_do_not_know_where_a_clip_was_filmed(
    clips: Selection, tmp_path: Path
) -> None:
    rows, fit = np.arange(len(clips)), np.arange(20)
    turns = Rotation.random(30, random_state=0)
    offsets = np.random.default_rng(0).normal(size=(30, 3))

    def elsewhere(frames: np.ndarray, number: int) -> np.ndarray:
        return np.asarray(frames @ turns[number].as_matrix().T + offsets[number])

    expected = raw_coordinates(clips, rows, fit=fit)
    found = raw_coordinates(moved(tmp_path, elsewhere), rows, fit=fit)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert expected.shape == (30, 3 * FRAMES * 5 * 1)
    assert np.abs(expected).max() > 0.5


def test_raw_coordinates_are_sized_by_training_clips_alone(
    clips: Selection, tmp_path: Path
) -> None:
    def larger_tests(frames: np.ndarray, number: int) -> np.ndarray:
        return frames if number < 20 else 9 * frames + 1

    fit = np.arange(20)
    changed = moved(tmp_path, larger_tests)
    expected = raw_coordinates(clips, fit, fit=fit)
    assert np.array_equal(raw_coordinates(changed, fit, fit=fit), expected)
