"""The runs behind a row of the paper: settings, folder, pre-training, score; what is there is kept.

row + size of the reproduction + seed -> PretrainConfig -> run -> results
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from edgcn.commands.config import EvaluateConfig, PretrainConfig, ReproduceConfig
from edgcn.commands.config_io import make_config
from edgcn.commands.evaluate import evaluate, stored_result
from edgcn.commands.pretrain import config_of, make_inputs, pretrain
from edgcn.experiments.paper import FULL_WIDTHS, PaperRow
from edgcn.models.build import build_encoder
from edgcn.pipeline.inputs import Inputs
from edgcn.runs import read_metrics
from edgcn.skeleton.tensors import Clips
from edgcn.store import open_store
from edgcn.training.rows import counted, training_rows

Say = Callable[[str], None]

PAPER_WIDTH = 96  # of the first block; the others are 2 and 4 times as wide
TRIAL_CLIPS = 8  # whose pass is timed for an estimate
PASSES = 5  # a step in forward passes: the key's, the query's, and its gradient, about 3


def silent(_: str) -> None:
    """For what is said elsewhere, or not at all."""


def pretrain_config(
    config: ReproduceConfig, row: PaperRow, store: Path, seed: int
) -> PretrainConfig:
    """The published settings, the row's own, and the size and machine of this reproduction."""
    settings = {"epochs": config.epochs, "frames": config.frames, **row.settings}
    options = {
        **narrow(row.settings["encoder"], config.encoder_width),
        **settings.pop("encoder_options", {}),
    }
    machine = {name: getattr(config, name) for name in ("accelerator", "precision", "threads")}
    values = {
        "recipe": "paper",
        "store": store,
        "seed": seed,
        "encoder_options": options,
        **machine,
        **settings,
    }
    values |= {"knn_every": 0}
    made = make_config(PretrainConfig, values, where=f"row {row.key}")
    return made.model_copy(update={"out": config.out / "runs" / run_name(made)})


def narrow(encoder: str, width: int) -> dict[str, Any]:
    """Arguments that make an encoder as wide as `width` is to the paper's 96."""
    scale = width / PAPER_WIDTH
    return {
        name: [round(scale * value) for value in full]
        if isinstance(full, tuple)
        else max(1, round(scale * full))
        for name, full in (FULL_WIDTHS.get(encoder, {}) if width != PAPER_WIDTH else {}).items()
    }


def run_name(config: PretrainConfig) -> str:
    """A folder's name that no other settings share."""
    plain = config.model_dump(mode="json", exclude={"out", "store", "seed", "accelerator"})
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:8]
    moments = "-moments" if config.moments else ""
    return f"{config.store.name}-{config.encoder}{moments}-{digest}-seed{config.seed}"


def trained(config: PretrainConfig, say: Say) -> Path:
    """A finished run of these settings: the one that is there, continued, or new."""
    run = config.out
    assert run is not None
    if not (run / "run.json").exists():
        shutil.rmtree(run, ignore_errors=True)  # stopped before anything was in it
        return pretrain(config, say=lambda line: say(f"  {line}"))
    if not finished(config):
        return pretrain(config_of(run), resume=run, say=lambda line: say(f"  {line}"))
    say(f"  {run} is there already")
    return run


def finished(config: PretrainConfig) -> bool:
    """Whether a run of these settings has all its epochs, as many as it says itself."""
    run = config.out
    assert run is not None
    if not (run / "run.json").exists():
        return False
    return len(read_metrics(run / "metrics.jsonl")) >= config_of(run).epochs


def scored(
    config: ReproduceConfig, row: PaperRow, run: Path, store: Path, seed: int
) -> dict[str, Any]:
    """The result of a run on a store, computed unless it is there."""
    values = {"run": run, "store": store, "seed": seed, "accelerator": config.accelerator}
    values |= {"figures": False, **row.probe}
    wanted = make_config(EvaluateConfig, values, where=f"row {row.key}")
    return stored_result(wanted) or evaluate(wanted, say=silent)


def example(inputs: Inputs, clips: int) -> Clips:
    """Clips of nothing, of the shape that an encoder of these inputs reads."""
    return torch.zeros(clips, inputs.channels, inputs.frames, len(inputs.topology), inputs.bodies)


def estimate(config: PretrainConfig) -> float:
    """Seconds of a pre-training, from the time of one forward pass here."""
    store = open_store(config.store)
    rows = training_rows(store, config)
    config = counted(config, rows)
    inputs = make_inputs(store, config, rows)
    if config.threads:
        torch.set_num_threads(config.threads)
    encoder = build_encoder(config.encoder, inputs, config.encoder_options)
    clips = example(inputs, TRIAL_CLIPS)
    with torch.no_grad():
        encoder(clips)
        started = time.monotonic()
        encoder(clips)
    per_clip = PASSES * (time.monotonic() - started) / TRIAL_CLIPS
    return per_clip * len(rows) * config.epochs
