"""A store in another order: the same draws, and the same scores to the last digit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.evaluation import logistic
from edgcn.evaluation.embed import cached_embed, raw_coordinates
from edgcn.evaluation.protocols import PROTOCOLS
from edgcn.evaluation.trial import Featured, Trial, task_of
from edgcn.models.embedder import Embedder
from edgcn.pipeline.inputs import fit_inputs
from edgcn.skeleton.recording import Recording, SplitRule
from edgcn.store import Store
from helpers import make_clips, tiny_store, tiny_topology

SETTINGS: dict[str, dict[str, Any]] = {
    "linear": {"epochs": 3},
    "logistic": {},
    "knn": {"k": 3},
    "semi": {"fractions": (0.2,), "draws": 2},
    "few-shot": {"shots": (2,), "draws": 2},
    "clustering": {},
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> list[Store]:
    """The same 60 clips, as they come and shuffled."""
    clips = make_clips(60, 5, 5, 0, tiny_topology())
    folder = tmp_path_factory.mktemp("stores")
    rules = {"mine": SplitRule("subject", test=("s4", "s5"))}

    def made(name: str, chosen: Sequence[Recording]) -> Store:
        return tiny_store(folder, name=name, clips=chosen, classes=5, subjects=5, splits=rules)

    order = np.random.default_rng(1).permutation(len(clips))
    return [made("one", clips), made("other", [clips[i] for i in order])]


def trial_of(store: Store, folder: Path) -> Trial:
    """Raw coordinates, and vectors of an encoder with the same weights."""
    clips = store.clips()
    task = task_of(clips, clips.split())
    train, rows = task.folds[0].train, np.arange(len(clips))
    inputs = fit_inputs(clips, train, frames=8, normalize="canonical")
    embedder = Embedder.new("ascal-lstm", {"embed_dim": 8}, inputs, "mean").untrained(0)
    raw = raw_coordinates(clips, rows, fit=train)
    method = cached_embed(folder, embedder, clips)
    return Trial(task, [Featured("raw", "raw", raw), Featured("method", "encoder", method)])


@pytest.fixture(scope="module")
def trials(stores: list[Store], tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    return [trial_of(store, tmp_path_factory.mktemp("cache")) for store in stores]


@pytest.mark.parametrize("name", SETTINGS)
def test_scores_do_not_depend_on_the_order_of_a_store(
    name: str, trials: list[Trial], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logistic, "GRID", (0.01, 0.1))
    one, other = (PROTOCOLS[name](trial, **SETTINGS[name]) for trial in trials)
    assert [row.to_dict() for row in one.rows] == [row.to_dict() for row in other.rows]
    assert one.metadata == other.metadata  # the clips that kept their labels among it
    if one.scores is not None and other.scores is not None:
        np.testing.assert_array_equal(one.scores, other.scores)


def test_rows_by_name_are_all_of_them_and_sorted(stores: list[Store]) -> None:
    clips = stores[1].clips()
    rows = clips.by_name(np.arange(len(clips)))
    assert sorted(rows.tolist()) == list(range(len(clips)))
    assert clips.names[rows].tolist() == sorted(clips.names.tolist())
