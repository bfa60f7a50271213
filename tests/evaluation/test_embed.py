"""Features of frozen encoders: computed once, the same in any batches, named by what made them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import nn

from edgcn.evaluation import embed as room
from edgcn.evaluation.embed import cached_embed, embed, raw_coordinates
from edgcn.models.build import build_encoder
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import NORMALIZATIONS
from edgcn.skeleton.recording import Clip
from edgcn.store import Store, open_store, write_store
from helpers import SMALL_ENCODER, make_clips, tiny_recordings, tiny_store, tiny_topology


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=30)


@pytest.fixture
def inputs(store: Store) -> Inputs:
    return Inputs(
        topology=store.topology,
        dims=store.dims,
        bodies=store.bodies,
        frames=8,
        normalize=NORMALIZATIONS["paper"],
    )


@pytest.fixture
def encoder(inputs: Inputs, store: Store) -> nn.Module:
    """A small encoder whose batch norms have seen something."""
    torch.manual_seed(0)
    made = build_encoder("edgcn-s", inputs, SMALL_ENCODER)
    made.train()(inputs.clean(store.batch(np.arange(16), 8)))
    return made.eval()


Cached = Callable[..., np.ndarray]


@pytest.fixture
def cached(tmp_path: Path, encoder: nn.Module, store: Store, inputs: Inputs) -> Cached:
    """`cached_embed` with everything given but what a test changes."""

    def call(**changes: object) -> np.ndarray:
        given = {"encoder": encoder, "store": store, "inputs": inputs, **changes}
        settings = {"readout": "mean", "device": "cpu", "label": "", **given}
        return cached_embed(tmp_path / "features", **settings)

    return call


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by the number of clips each time features are really computed."""
    counts, whole = [], room.embed

    def spy(encoder: nn.Module, store: Store, rows: np.ndarray, **settings: object) -> np.ndarray:
        counts.append(len(rows))
        return whole(encoder, store, rows, **settings)

    monkeypatch.setattr(room, "embed", spy)
    return counts


@pytest.mark.parametrize("readout", ["mean", "pyramid"])
def test_batch_size_changes_nothing(
    readout: str, encoder: nn.Module, store: Store, inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(len(store))
    whole = embed(encoder, store, rows, inputs=inputs, readout=readout)
    monkeypatch.setattr(room, "BATCH", 7)
    np.testing.assert_allclose(
        embed(encoder, store, rows, inputs=inputs, readout=readout), whole, rtol=1e-4, atol=1e-5
    )


def test_rows_come_back_in_the_order_they_were_asked_for(
    encoder: nn.Module, store: Store, inputs: Inputs
) -> None:
    rows = np.array([9, 2, 2, 17])
    whole = embed(encoder, store, np.arange(len(store)), inputs=inputs)
    np.testing.assert_allclose(
        embed(encoder, store, rows, inputs=inputs), whole[rows], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("training", [True, False])
def test_mode_and_statistics_of_the_encoder_stay(
    training: bool, encoder: nn.Module, store: Store, inputs: Inputs
) -> None:
    encoder.train(training)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    embed(encoder, store, np.arange(20), inputs=inputs)
    assert encoder.training is training
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())


def test_features_are_computed_once(cached: Cached, computed: list[int], store: Store) -> None:
    first = cached()
    assert computed == [len(store)]
    assert np.array_equal(cached(), first)
    assert computed == [len(store)]


def test_other_weights_have_other_features(
    cached: Cached, computed: list[int], encoder: nn.Module
) -> None:
    first = cached()
    with torch.no_grad():
        next(encoder.parameters()).add_(0.1)
    assert not np.array_equal(cached(), first)
    next(iter(encoder.buffers())).add_(1)  # statistics are weights here
    cached()
    assert len(computed) == 3


def test_other_settings_have_other_features(
    cached: Cached, computed: list[int], inputs: Inputs
) -> None:
    shapes = [
        cached().shape,
        cached(readout="pyramid").shape,
        cached(inputs=replace(inputs, frames=12)).shape,
        cached(inputs=replace(inputs, stream="bone")).shape,
        cached(inputs=replace(inputs, normalize=replace(inputs.normalize, fill=True))).shape,
    ]
    assert len(computed) == len(shapes)
    assert shapes[1] != shapes[0]


def test_another_store_has_other_features(
    cached: Cached, computed: list[int], tmp_path: Path
) -> None:
    cached()
    cached(store=tiny_store(tmp_path, clips=30, seed=1))
    assert len(computed) == 2


def moved_store(folder: Path, change: Callable[[np.ndarray, int], np.ndarray]) -> Store:
    """The tiny store with every clip's frames changed."""
    clips = [
        Clip(change(clip.frames, number).astype(np.float32), clip.name, clip.label, clip.subject)
        for number, clip in enumerate(make_clips(30, 3, 4, 0, tiny_topology()))
    ]
    write_store(replace(tiny_recordings(), clips=clips), folder / "moved")
    return open_store(folder / "moved")


def test_raw_coordinates_do_not_know_where_a_clip_was_filmed(store: Store, tmp_path: Path) -> None:
    rows, fit = np.arange(len(store)), np.arange(20)
    turns = Rotation.random(30, random_state=0)
    offsets = np.random.default_rng(0).normal(size=(30, 3))

    def elsewhere(frames: np.ndarray, number: int) -> np.ndarray:
        return frames @ turns[number].as_matrix().T + offsets[number]

    moved = moved_store(tmp_path, elsewhere)
    expected = raw_coordinates(store, rows, fit=fit)
    np.testing.assert_allclose(raw_coordinates(moved, rows, fit=fit), expected, atol=1e-3)
    assert expected.shape == (30, 3 * room.RAW_FRAMES * 5 * 1)
    assert np.abs(expected).max() > 0.5


def test_raw_coordinates_are_sized_by_training_clips_alone(store: Store, tmp_path: Path) -> None:
    def larger_tests(frames: np.ndarray, number: int) -> np.ndarray:
        return frames if number < 20 else 9 * frames + 1

    fit = np.arange(20)
    changed = moved_store(tmp_path, larger_tests)
    expected = raw_coordinates(store, fit, fit=fit)
    assert np.array_equal(raw_coordinates(changed, fit, fit=fit), expected)
