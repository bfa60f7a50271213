"""Where the numbers of a training go: a callback, TensorBoard, and metrics.jsonl as ever."""

import sys
from pathlib import Path
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.commands.pretrain import pretrain
from edgcn.runs import Run
from helpers import tiny_store
from tiny_runs import tiny_config

LSTM: dict[str, Any] = {"encoder": "ascal-lstm", "encoder_settings": {"hidden": 8}}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_store(tmp_path_factory.mktemp("data")).path


class StoppedError(Exception):
    """The program that follows a training ends it."""


def test_every_tracker_has_what_metrics_has(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a training that was ended by its callback and resumed."""
    pytest.importorskip("tensorboard", reason="needs the extra tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    monkeypatch.setattr("edgcn.commands.pretrain.training_curves", lambda *_: None)  # slow
    told: list[dict[str, Any]] = []

    def follow(row: dict[str, Any]) -> None:
        told.append(row)
        if len(told) == 2:
            raise StoppedError

    config = tiny_config(store, tmp_path / "run", log="tensorboard", **LSTM)
    with pytest.raises(StoppedError):
        pretrain(config, say=lambda line: None, on_epoch=follow)
    run = Run(tmp_path / "run")
    pretrain(config, resumed=run, say=lambda line: None, on_epoch=told.append)
    assert [row["epoch"] for row in told] == [1, 2, 2, 3]  # the second one was not saved
    assert run.metrics() == [told[0], *told[2:]]
    events = EventAccumulator(str(run)).Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "lr", "seconds", "clips_per_second"}
    seen = {event.step: event.value for event in events.Scalars("loss")}
    assert seen == pytest.approx({row["epoch"]: row["loss"] for row in told[2:]}, rel=1e-5)


def test_a_missing_tracker_leaves_no_run(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    config = tiny_config(store, tmp_path / "run", log="tensorboard", **LSTM)
    with pytest.raises(EdgcnError, match=r"pip install 'edgcn\[tensorboard\]'"):
        pretrain(config, say=lambda line: None)
    assert not (tmp_path / "run").exists()
