"""What is watched while an encoder learns, and what it learned from: nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edgcn.evaluation import monitor
from edgcn.evaluation.embed import embed
from edgcn.evaluation.monitor import knn_check
from edgcn.models.embedder import Embedder
from edgcn.pipeline.inputs import fit_inputs
from edgcn.store import Selection
from edgcn.store.splits import held_out
from helpers import SMALL_ENCODER, tiny_store


def embedder_of(clips: Selection) -> Embedder:
    torch.manual_seed(0)
    inputs = fit_inputs(clips, np.arange(len(clips)), frames=8, normalize="paper")
    return Embedder.new("edgcn-s", SMALL_ENCODER, inputs, "mean")


def test_knn_curve_uses_training_clips_with_labels_alone(tmp_path: Path) -> None:
    clips = tiny_store(tmp_path, clips=48).clips()
    embedder, split = embedder_of(clips), clips.split()
    value = knn_check(embedder, clips, split.train)["knn_top1"]
    assert 0 <= value <= 1
    labels = clips.labels.copy()
    labels[split.test] = (labels[split.test] + 1) % 3
    assert knn_check(embedder, replace(clips, labels=labels), split.train) == {"knn_top1": value}
    unlabelled = replace(clips, labels=np.full_like(labels, -1))
    assert knn_check(embedder, unlabelled, split.train) == {}


@pytest.mark.parametrize("most", [(1000, 1000), (12, 6)])
def test_knn_curve_costs_the_same_however_many_clips_there_are(
    most: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = tiny_store(tmp_path, clips=96).clips()
    embedded: list[np.ndarray] = []
    whole = embed

    def spy(embedder: Embedder, clips: Selection, rows: np.ndarray, **given: Any) -> np.ndarray:
        embedded.append(rows)
        return whole(embedder, clips, rows, **given)

    monkeypatch.setattr(monitor, "embed", spy)
    monkeypatch.setattr(monitor, "GALLERY", most[0])
    monkeypatch.setattr(monitor, "HELD_OUT", most[1])
    embedder, train = embedder_of(clips), clips.split().train
    values = [knn_check(embedder, clips, train) for _ in "ab"]
    assert values[0] == values[1]
    assert np.array_equal(embedded[0], embedded[1])
    fit, held = held_out(train, clips.subjects)[0]
    if most[0] > len(clips):
        assert np.array_equal(embedded[0], np.concatenate([fit, held]))
        return
    for rows, side, count in ((embedded[0][:12], fit, 12), (embedded[0][12:], held, 6)):
        assert set(rows) <= set(side)
        assert np.bincount(clips.labels[rows]).tolist() == [count // 3] * 3  # classes alternate
        assert len(set(rows)) == count
