"""Small commands, each with what it must leave: nothing, or all that it leaves undisturbed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faults.process import edgcn, hidden
from helpers import tiny_file

CLIPS = ("--options", "clips", 60, "subjects", 4)
TRAINING = {
    "recipe": "paper", "encoder": "edgcn-s", "frames": 8, "epochs": 4, "batch_size": 8,
    "precision": "float32", "accelerator": "cpu", "threads": 1, "knn_every": 0, "queue_size": 16,
    "encoder_settings": {"widths": [8, 8], "strides": [1, 2], "embed_dim": 16},
}  # fmt: skip
PROTOCOL = ("--protocol", "logistic", "--split", "subject")


@dataclass(frozen=True)
class Command:
    """A command in a folder of its own, which holds `store` and a trained `run`.

    Args:
        words: of a new start.
        made: what it makes, as a path.
        again: of the next start; by default the same words.
        contents: everything in a path that must be the same, bit for bit.
    """

    words: tuple[object, ...]
    made: Path
    contents: Callable[[Path], object]
    again: tuple[object, ...] = ()


def of_store(path: Path) -> object:
    """Every array of a store and its words."""
    arrays = {file.name: file.read_bytes() for file in path.glob("*.npy")}
    for file in path.glob("*.npz"):
        with np.load(file) as members:
            arrays |= {f"{file.name}/{name}": members[name].tobytes() for name in members.files}
    return arrays, json.loads((path / "store.json").read_text())


def of_run(path: Path) -> object:
    """Weights, state and losses."""
    rows = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    losses = [(row["epoch"], row["loss"]) for row in rows]
    weights = [(path / name).read_bytes() for name in ("recognizer.edgcn", "state.safetensors")]
    assert (path / "curves.png").stat().st_size
    return losses, weights, json.loads((path / "run.json").read_text())


def of_result(path: Path) -> object:
    """Numbers, predictions and which figures there are."""
    (folder,) = (part for part in path.iterdir() if part.name != "features")
    figures = sorted(file.name for file in folder.glob("*.png") if file.stat().st_size)
    data = json.loads((folder / "results.json").read_text())
    return data["rows"], data["confusion"], (folder / "predictions.csv").read_bytes(), figures


COMMANDS = {
    "prepare": Command(("prepare", "synthetic", "--out", "made", *CLIPS), Path("made"), of_store),
    "prepare --overwrite": Command(
        ("prepare", "synthetic", "--out", "old", "--overwrite", *CLIPS), Path("old"), of_store
    ),
    "pretrain": Command(
        ("pretrain", "store", "--config", "training.json", "--out", "learned"),
        Path("learned"),
        of_run,
        again=("pretrain", "--resume", "learned"),
    ),
    "fit": Command(
        ("fit", "run", "store", "--out", "fitted.edgcn", "--split", "all"),
        Path("fitted.edgcn"),
        Path.read_bytes,
    ),
    "evaluate": Command(
        ("evaluate", "run", "store", "--out", "scores", *PROTOCOL), Path("scores"), of_result
    ),
}  # fmt: skip


def furnish(folder: Path) -> None:
    """What every command starts from, in the current folder."""
    folder.mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps(TRAINING))
    tiny_file(folder / "clips.npz", clips=24)
    for words in (
        ("prepare", "clips_npz", folder / "clips.npz", "--out", folder / "store"),
        ("prepare", "synthetic", "--out", folder / "old", *CLIPS, "seed", 1),
        ("pretrain", folder / "store", "--config", folder / "training.json",
         "--out", folder / "run"),
    ):  # fmt: skip
        ended = edgcn(*words)
        assert ended.status == 0, ended.errors
    assert hidden(folder) == []


def fresh(source: Path, folder: Path) -> None:
    """The same once more, for a trial of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
