"""What the commands do, as plain calls: the same settings as keyword arguments.

store = edgcn.prepare("utd_mhad", "recordings/", out="stores/utd")
run = edgcn.pretrain(store)
model = edgcn.fit(run, store.clips(split="train"))
results = edgcn.evaluate(model, store)
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.files import as_path, named_type
from edgcn.commands.evaluate import EvaluateConfig
from edgcn.commands.evaluate import evaluate as evaluate_command
from edgcn.commands.export import ExportConfig
from edgcn.commands.export import export as export_command
from edgcn.commands.info import InfoConfig
from edgcn.commands.info import info as info_command
from edgcn.commands.prepare import PrepareConfig
from edgcn.commands.prepare import prepare as prepare_command
from edgcn.commands.pretrain import pretrain as pretrain_command
from edgcn.commands.pretrain import resume as resume_command
from edgcn.commands.pretrain_log import OnEpoch
from edgcn.commands.pretrain_settings import PretrainConfig
from edgcn.commands.report import ReportConfig
from edgcn.commands.report import report as report_command
from edgcn.commands.results import Results
from edgcn.commands.settings import make_config
from edgcn.experiments.demo import DemoConfig
from edgcn.experiments.demo import demo as demo_experiment
from edgcn.experiments.reproduce import ReproduceConfig
from edgcn.experiments.reproduce import reproduce as reproduce_experiment
from edgcn.experiments.sweep import SweepConfig
from edgcn.experiments.sweep import sweep as sweep_experiment
from edgcn.inference.recognizer import Recognizer
from edgcn.inference.released import copy_released
from edgcn.runs import Run
from edgcn.store import Store

STORE = "a store or its path"  # in errors
Where = str | os.PathLike[str]


def prepare(
    reader: Where = "", path: Where | None = None, *, out: Where, options: Any = None,
    **settings: Any,
) -> Store:  # fmt: skip
    """Read recordings into a new store. Settings: those of `edgcn prepare`.

    A path alone, `prepare("recordings/", out=...)`, is read by the reader whose files are there.
    """
    if not isinstance(options, Mapping | None):
        raise EdgcnError(f"options: expected values by name, got {named_type(options)}")
    given = {name: str(value) for name, value in (options or {}).items()}
    name = os.fspath(reader) if isinstance(reader, os.PathLike) else reader
    values = {"reader": name, "path": path, "out": out, "options": given, **settings}
    return prepare_command(make_config(PrepareConfig, values, where="prepare"))


def info(store: Where, *, figure: Where | None = None) -> Path | None:
    """Print what a store holds and draw its contact sheet; returns the picture's path."""
    values = {"store": as_path(store, STORE), "figure": figure}
    return info_command(make_config(InfoConfig, values, where="info"))


def pretrain(store: Where, *, on_epoch: OnEpoch | None = None, **settings: Any) -> Run:
    """Learn an encoder without labels. Settings: those of `edgcn pretrain`.

    Args:
        on_epoch: called after every epoch with its numbers, as metrics.jsonl has them.
    """
    values = {"store": as_path(store, STORE), **settings}
    config = make_config(PretrainConfig, values, where="pretrain")
    return pretrain_command(config, on_epoch=on_epoch)


def resume(run: Where, *, on_epoch: OnEpoch | None = None) -> Run:
    """Continue an unfinished run, bit for bit as if it had never stopped."""
    return resume_command(as_path(run, "a run"), on_epoch=on_epoch)


def fit(model: Any, clips: Any, labels: Any = None, **settings: Any) -> Recognizer:
    """A recognizer fitted to labelled clips of a store, or to arrays and their labels.

    Args:
        model: a run, a recognizer or its file, or the name of released weights.
        settings: of `Recognizer`, and `subjects`.
    """
    subjects, known = settings.pop("subjects", None), Recognizer().get_params()
    if unknown := [name for name in settings if name not in known]:
        raise EdgcnError(f"fit has no setting {unknown[0]!r}{did_you_mean(unknown[0], known)}")
    return Recognizer(model, **settings).fit(clips, labels, subjects=subjects)


def evaluate(model: Any, store: Where, **settings: Any) -> Results:
    """Score a model on labels beside the baselines. Settings: those of `edgcn evaluate`."""
    held = model if isinstance(model, Recognizer) else None
    name = str(held.model if held else as_path(model, "a run, a recognizer, its file or a name"))
    values = {"model": name, "store": as_path(store, STORE), **settings}
    config = make_config(EvaluateConfig, values, where="evaluate")
    return evaluate_command(config, model=held)


def export(model: Any, *, out: Where, **settings: Any) -> Path:
    """A recognizer as an ONNX file, or vectors as tables. Settings: those of `edgcn export`."""
    held = model if isinstance(model, Recognizer) else None
    name = str(held.model if held else as_path(model, "a run, a recognizer, its file or a name"))
    values = {"model": name, "out": as_path(out, "the name of a file"), **settings}
    return export_command(make_config(ExportConfig, values, where="export"), model=held)


def weights(name: str, *, out: Where) -> Path:
    """Copy released weights, "edgcn-s" (docs/weights.md), to a file; returns it."""
    return copy_released(name, as_path(out, "the name of a file"))


def report(places: Where | Sequence[Where], *, out: Where, overwrite: bool = False) -> Path:
    """One page about the evaluations of runs or folders, one or several; returns its path."""
    several = places if isinstance(places, Sequence) and not isinstance(places, str) else [places]
    runs = [as_path(place, "a run, or a folder of evaluations") for place in several]
    values = {"runs": runs, "out": out, "overwrite": overwrite}
    return report_command(make_config(ReportConfig, values, where="report"))


def sweep(file: Where, **settings: Any) -> Path | None:
    """A grid of trainings from a YAML file; returns the table's file."""
    values = {"sweep": as_path(file, "the name of a YAML file"), **settings}
    return sweep_experiment(make_config(SweepConfig, values, where="sweep"))


def reproduce(table: str, *, data: Where, **settings: Any) -> Path | None:
    """A table of the paper; returns its Markdown file. Settings: those of `edgcn reproduce`."""
    values = {"table": table, "data": data, **settings}
    return reproduce_experiment(make_config(ReproduceConfig, values, where="reproduce"))


def demo(**settings: Any) -> Path:
    """The whole tool on synthetic clips; returns the report. Settings: those of `edgcn demo`."""
    return demo_experiment(make_config(DemoConfig, settings, where="demo"))
