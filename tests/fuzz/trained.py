"""Samples that training makes: a recognizer's file, a run, its state, its scores; and settings.

Made once from a tiny store; what reads them does what the commands do, short of training on.
"""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from fuzz.kind import Kept, Kind, Reading, without_numbers

MATERIAL = tempfile.TemporaryDirectory(prefix="fuzz")


@cache
def trained() -> tuple[Path, Path]:
    """A tiny store and a run of one epoch on it, there until this process ends."""
    from helpers import tiny_store
    from tiny_runs import tiny_run

    folder = Path(MATERIAL.name)
    store = tiny_store(folder, clips=12)
    return store.path, tiny_run(store.path, folder / "run", epochs=1)


def make_recognizer(folder: Path) -> Callable[[Path], Reading]:
    """One that was fitted; read by naming four clips."""
    from edgcn.inference.recognizer import Recognizer, load
    from edgcn.store import open_store

    store, run = trained()
    clips = open_store(store).clips()
    Recognizer(run).fit(clips).save(folder / "touch.edgcn")
    given = [clips.clip(row) for row in range(4)]

    def read(copy: Path) -> Reading:
        made = load(copy / "touch.edgcn")
        likely = made.predict_proba(given)
        named = made.predict(given)
        right = np.isfinite(likely).all() and np.allclose(likely.sum(axis=1), 1, atol=1e-3)
        nonsense = "" if right else "probabilities that are none"
        if not set(named.tolist()) <= set(made.classes_.tolist()):
            nonsense = "a class that is not among its classes"
        return Reading({"classes": len(made.classes_), "shape": likely.shape}, nonsense=nonsense)

    return read


def make_run(folder: Path) -> Callable[[Path], Reading]:
    """Settings, losses and the encoder, as `--resume`, `report` and `evaluate` read them."""
    import shutil

    from edgcn.commands.pretrain_settings import config_of
    from edgcn.commands.report import curves_in
    from edgcn.inference.recognizer import load
    from edgcn.runs import Run

    _, run = trained()
    shutil.copytree(run, folder / "run", ignore=shutil.ignore_patterns("state.*", "*.png"))

    def read(copy: Path) -> Reading:
        found = Run(copy / "run")
        config = config_of(found)
        found.rewind_metrics(epoch=1)
        curves = curves_in([copy])
        source = load(found)
        facts = {"epochs": config.epochs, "rows": [len(rows) for rows in curves.values()]}
        weights = source.embedder().tensors().values()
        finite = all(value.isfinite().all() for value in weights if value.is_floating_point())
        return Reading(facts, nonsense="" if finite else "weights that are not finite")

    return read


def make_state(folder: Path) -> Callable[[Path], Reading]:
    """What a training goes on from."""
    from tiny_training import tiny_trainer

    trainer = tiny_trainer()
    trainer.save_state(folder / "state.safetensors", epoch=2)

    def read(copy: Path) -> Reading:
        epoch = trainer.load_state(copy / "state.safetensors")
        values = trainer.module.state_dict().values()
        finite = all(value.isfinite().all() for value in values if value.is_floating_point())
        nonsense = "" if finite else "weights that are not finite"
        return Reading({"epoch": epoch}, nonsense=nonsense if epoch >= 0 else "an epoch below 0")

    return read


def make_scores(folder: Path) -> Callable[[Path], Reading]:
    """Results of an evaluation, as `report` puts them into tables."""
    import shutil

    from edgcn.commands.evaluate import EvaluateConfig, evaluate
    from edgcn.commands.report import collect, results_in
    from edgcn.commands.settings import make_config
    from edgcn.reports.tables import columns_of, markdown_table

    store, run = trained()
    values = {"model": str(run), "store": store, "protocol": "knn", "figures": False}
    done = evaluate(make_config(EvaluateConfig, values, where="fuzz"), say=lambda _: None)
    assert done.folder is not None
    found = next(done.folder.rglob("results.json"))
    (folder / "knn").mkdir()
    shutil.copy(found, folder / "knn" / "results.json")

    def read(copy: Path) -> Reading:
        text = [
            markdown_table(table.rows, columns_of(table.protocol, table.rows)) + table.heading
            for table in collect(list(results_in([copy])))
        ]
        return Reading({"tables": len(text)}, without_numbers(text))

    return read


def make_settings(folder: Path) -> Callable[[Path], Reading]:
    """A file for `--config`."""
    from edgcn.commands.pretrain_settings import PretrainConfig
    from edgcn.commands.settings import make_config
    from edgcn.commands.yaml_files import read_yaml
    from tiny_runs import write_config

    write_config(folder)

    def read(copy: Path) -> Reading:
        path = copy / "config.yaml"
        values = {"store": "store"} | read_yaml(path)
        config = make_config(PretrainConfig, values, where=str(path))
        return Reading({"recipe": config.recipe})

    return read


TRAINED: dict[str, Kind] = {
    "recognizer": Kind(make_recognizer, {"*": Kept.of("classes shape", "shape")}),
    "run": Kind(make_run),
    "state": Kind(make_state),
    "scores": Kind(make_scores),
    "settings": Kind(make_settings),
}
