"""What the commands do, as plain calls: the same settings as keyword arguments.

store = edgcn.prepare("utd_mhad", "recordings/", out="stores/utd")
run = edgcn.pretrain(store, encoder="edgcn-s")
results = edgcn.evaluate(run, store, protocol="logistic")
edgcn.load(run).label(clips)
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgcn.commands.config import (
    DemoConfig,
    EvaluateConfig,
    PrepareConfig,
    PretrainConfig,
    ReproduceConfig,
)
from edgcn.commands.config_io import make_config
from edgcn.commands.evaluate import evaluate as evaluate_recipe
from edgcn.commands.prepare import info as info_recipe
from edgcn.commands.prepare import prepare as prepare_recipe
from edgcn.commands.pretrain import config_of
from edgcn.commands.pretrain import pretrain as pretrain_recipe
from edgcn.commands.report import report as report_recipe
from edgcn.experiments.demo import demo as demo_recipe
from edgcn.experiments.reproduce import reproduce as reproduce_recipe
from edgcn.released import copy_released

Where = str | Path


def prepare(
    reader: str, path: Where | None = None, *, out: Where, options: Any = None, **settings: Any
) -> Path:
    """Read recordings into a new store; returns its folder. Settings: `PrepareConfig`."""
    given = {name: str(value) for name, value in (options or {}).items()}
    values = {"reader": reader, "path": path, "out": out, "options": given, **settings}
    return prepare_recipe(make_config(PrepareConfig, values, where="prepare"))


def info(store: Where, *, figure: Where | None = None) -> Path:
    """Print what a store holds and draw its contact sheet; returns the picture's path."""
    return info_recipe(Path(store), figure=Path(figure) if figure else None)


def pretrain(store: Where, **settings: Any) -> Path:
    """Learn an encoder without labels; returns the run's folder. Settings: `PretrainConfig`."""
    values = {"store": store, **settings}
    return pretrain_recipe(make_config(PretrainConfig, values, where="pretrain"))


def resume(run: Where) -> Path:
    """Continue an unfinished run, bit for bit as if it had never stopped."""
    return pretrain_recipe(config_of(Path(run)), resume=Path(run))


def weights(name: str, *, out: Where) -> Path:
    """Make a run of released weights, "edgcn-s" (docs/weights.md); returns it."""
    return copy_released(name, Path(out))


def evaluate(run: Where, store: Where, **settings: Any) -> dict[str, Any]:
    """Score a run on labels beside the baselines; returns results. Settings: `EvaluateConfig`."""
    values = {"run": run, "store": store, **settings}
    return evaluate_recipe(make_config(EvaluateConfig, values, where="evaluate"))


def reproduce(table: str, *, data: Where, **settings: Any) -> Path | None:
    """A table of the paper; returns its Markdown file. Settings: `ReproduceConfig`."""
    values = {"table": table, "data": data, **settings}
    return reproduce_recipe(make_config(ReproduceConfig, values, where="reproduce"))


def report(runs: Sequence[Where], *, out: Where, overwrite: bool = False) -> Path:
    """One page about the evaluations of several runs; returns its path."""
    return report_recipe([Path(run) for run in runs], Path(out), overwrite=overwrite)


def demo(**settings: Any) -> Path:
    """The whole tool on synthetic clips; returns the report. Settings: `DemoConfig`."""
    return demo_recipe(make_config(DemoConfig, settings, where="demo"))
