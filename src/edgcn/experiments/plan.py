"""What a campaign would run, what is there already, and about how long the rest takes here.

tasks -> one line for each job -> minutes, from the time of one forward pass on this machine
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from edgcn.base.progress import Say
from edgcn.commands.material import material_of
from edgcn.commands.pretrain import PretrainConfig, assemble
from edgcn.experiments.runner import Task
from edgcn.experiments.shares import Share
from edgcn.reports.tables import text_table
from edgcn.runs import Run
from edgcn.training.batches import batch_size_of
from edgcn.training.fabric import make_fabric

TRIAL_CLIPS = 8  # whose pass is timed
PASSES = 5  # a step in forward passes: the key's, the query's, and its gradient, about 3
UNKNOWN = "once prepared"


def show_plan(
    tasks: Sequence[Task],
    say: Say,
    *,
    share: Share | None = None,
    places: Mapping[Path, Path] | None = None,
) -> None:
    """Say what would be run, and about how long it takes.

    Args:
        share: only what this one of several processes begins with.
        places: where a store is now that a task would have elsewhere.
    """
    mine = tasks if share is None else tasks[share[0] :: share[1]]
    lines: list[dict[str, Any]] = []
    planned, total = set[Path](), 0.0
    for key, job in {task.job.key: task.job for task in mine}.items():
        runs = [task for task in mine if task.job.key == key]
        left = [task for task in runs if task.run not in planned and not task.trained]
        planned.update(task.run for task in left)
        minutes = minutes_of(left, places or {})
        total += minutes or 0.0
        line: dict[str, Any] = {**(job.cells or {"job": key})}
        line |= {"runs": f"{len(left)} of {len(runs)}"}
        lines.append(line | {"minutes": UNKNOWN if minutes is None else f"{minutes:.0f}"})
    if lines:
        say(text_table(lines, tuple(lines[0])))
    unknown = any(line["minutes"] == UNKNOWN for line in lines)
    say(
        f"{len(planned)} runs left, about {total:.0f} min of pre-training on this machine"
        f"{', and what is not prepared yet' if unknown else ''} (an estimate)"
    )


def minutes_of(tasks: Sequence[Task], places: Mapping[Path, Path]) -> float | None:
    """Minutes that the runs of one job still take; None where its store is not prepared yet."""
    config = tasks[0].pretrain if tasks else None
    if config is None:
        return 0.0
    config = config.model_copy(update={"store": places.get(config.store, config.store)})
    if not (config.store / "store.json").exists():
        return None
    seconds, epochs = estimate(config)
    done = sum(len(Run(task.run).metrics()) for task in tasks)
    return seconds / 60 * max(0.0, len(tasks) - done / epochs)


def estimate(config: PretrainConfig) -> tuple[float, int]:
    """Seconds of a pre-training, from the time of one forward pass here; and its epochs."""
    material = material_of(config)
    ranks = config.devices * config.nodes
    batch = batch_size_of(config.batch_size, clips=len(material.rows), ranks=ranks)
    fabric = make_fabric(
        accelerator=config.accelerator, precision=config.precision, threads=config.threads
    )
    embedder, trainer = assemble(config, material, batch, fabric)
    inputs = embedder.inputs
    shape = inputs.channels, inputs.frames, len(inputs.topology), inputs.bodies
    trial = torch.zeros(TRIAL_CLIPS, *shape, device=fabric.device)
    with torch.no_grad(), fabric.autocast():
        embedder.encoder(trial)
        started = time.monotonic()
        embedder.encoder(trial)
    per_clip = PASSES * (time.monotonic() - started) / TRIAL_CLIPS
    return per_clip * batch * trainer.batches, trainer.epochs
