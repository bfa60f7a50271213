"""Pre-training without labels: store in, run out (the paper's section on training).

clips -> views -> objective: momentum contrast, whose first epoch only fills the queue, or another.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import progress
from edgcn.commands.config import PretrainConfig
from edgcn.commands.config_io import make_config
from edgcn.evaluation.embed import canonical
from edgcn.evaluation.monitor import knn_check
from edgcn.models import DenseGraphEncoder, synchronize_batch_norm
from edgcn.models.build import build_encoder, save_encoder
from edgcn.objectives import Objective, Variational
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import NORMALIZATIONS
from edgcn.pipeline.sensor import measure_sensor
from edgcn.reports.plots import contact_sheet, training_curves
from edgcn.runs import (
    append_metrics,
    environment,
    new_run,
    next_run,
    read_json,
    read_metrics,
    rewind_metrics,
    settings_of,
    write_json,
)
from edgcn.skeleton.tensors import Clips
from edgcn.store import Store, open_store
from edgcn.training.loop import Share, Views, fill_epoch, shares, train_epoch
from edgcn.training.resume import load_state, save_state
from edgcn.training.rows import check, counted, training_rows
from edgcn.training.schedule import epoch_generator
from edgcn.training.setup import (
    lr_of,
    make_fabric,
    make_objective,
    make_optimizer,
    state_of,
    use_bfloat16,
)
from edgcn.training.views import try_views, two_views, usual_clip


def pretrain(
    config: PretrainConfig, *, resume: Path | None = None, say: Callable[[str], None] = print
) -> Path:
    """Learn an encoder from a store's clips without labels; returns the run's folder.

    Args:
        resume: an unfinished run to continue; its state goes on bit for bit.
    """
    store = open_store(config.store)
    rows = training_rows(store, config)
    config = counted(config, rows)
    check(config, rows)
    fabric = make_fabric(config)
    if fabric.global_rank != 0:
        say = _silent
    say(f"{len(rows)} clips of {store.path}, without labels")
    if store.note:
        say(f"note: {store.note}")

    torch.manual_seed(config.seed)
    inputs = make_inputs(store, config, rows)
    encoder = build_encoder(config.encoder, inputs, config.encoder_options)
    if config.recompute:
        recompute_layers(encoder, config.encoder)
    reconstructs = config.objective in ("predict-cluster", "variational")
    reconstructs |= config.objective == "barlow" and config.reconstruct > 0
    usual = usual_clip(store, rows, inputs) if reconstructs else None
    objective = make_objective(config, encoder, usual=usual)
    if fabric.world_size > 1:
        synchronize_batch_norm(objective)
    objective.to(fabric.device)
    store.hold_if_it_fits(fabric.device)
    optimizer = make_optimizer(config, objective.learner)
    modules = state_of(objective)
    try_views(store, inputs, config, rows)
    run = open_run(fabric, config, store, resume)  # only now, so that a mistake leaves no folder
    say(f"into {run}")
    state, finished = run / "state.safetensors", 0
    if resume and state.exists():
        finished = load_state(state, modules=modules, optimizer=optimizer)
        ended = f"nothing is left to do: all {finished} epochs are done"
        going = f"continuing after epoch {finished} of {config.epochs}"
        say(ended if finished >= config.epochs else going)
    if fabric.global_rank == 0:
        rewind_metrics(run / "metrics.jsonl", epoch=finished)
    objective.learner, wrapped = fabric.setup(objective.learner, optimizer)

    for epoch in range(finished + 1, config.epochs + 1):
        started = time.monotonic()
        rate = lr_of(config, epoch, steps=len(rows) // (config.batch_size * fabric.world_size))
        loss = run_epoch(fabric, objective, wrapped, store, inputs, config, rows, epoch, rate)
        if loss is not None and not np.isfinite(loss):
            raise EdgcnError(
                f"the loss became {loss} in epoch {epoch}; the state after epoch {epoch - 1} is "
                f"kept in {run}; try a smaller --lr, or --precision float32"
            )
        seconds = time.monotonic() - started
        row = {"epoch": epoch, "loss": loss, "lr": rate(0), "seconds": round(seconds, 3)}
        row["clips_per_second"] = round(len(rows) / seconds, 1)
        row |= {name: mean_of_ranks(fabric, x) for name, x in objective.measures().items()}
        if fabric.global_rank == 0:
            if config.knn_every and (epoch % config.knn_every == 0 or epoch == config.epochs):
                row |= knn_check(
                    encoder, store, rows, inputs, fabric.device, readout=config.readout
                )
            append_metrics(run / "metrics.jsonl", row)
            options = config.encoder_options
            path = run / "encoder.safetensors"
            save_encoder(path, encoder, name=config.encoder, options=options, inputs=inputs)
            save_state(state, modules=modules, optimizer=optimizer, epoch=epoch)
        fabric.barrier()
        say(describe(row, config.epochs))
    if fabric.global_rank == 0:
        training_curves(read_metrics(run / "metrics.jsonl"), run / "curves.png")
        if isinstance(objective, Variational):
            draw_samples(objective, inputs, run / "samples.png", seed=config.seed, store=store)
    return run


def mean_of_ranks(fabric: Fabric, value: Tensor) -> float:
    """A number's mean over ranks."""
    mean = fabric.all_reduce(value, reduce_op="mean")
    assert isinstance(mean, Tensor)
    return float(mean)


def draw_samples(
    objective: Variational, inputs: Inputs, path: Path, *, seed: int, store: Store
) -> None:
    """Stick figures of clips decoded from the prior, where the encoder reads coordinates."""
    if inputs.stream != "joint":
        return
    generator = torch.Generator(objective.autoencoder.pose.device).manual_seed(seed)
    made = objective.sample(6, frames=inputs.frames, generator=generator)[:, :3].cpu()
    clips = [(f"draw {number}", clip) for number, clip in enumerate(to_frames_last(made), start=1)]
    upside_down = store.units == "px" and not inputs.normalize.align
    contact_sheet(clips, store.topology, path, dims=inputs.dims, image_y_down=upside_down)


def to_frames_last(clips: Clips) -> np.ndarray:
    """(N, C, T, V, M) as the (N, T, M, V, C) that recordings and figures have."""
    return clips.permute(0, 2, 4, 3, 1).numpy()


def recompute_layers(encoder: nn.Module, name: str) -> None:
    """Trade time for memory, in an encoder that can."""
    if not isinstance(encoder, DenseGraphEncoder):
        raise EdgcnError(f"{name} keeps little to compute again; leave out --recompute")
    encoder.recompute()


def _silent(_: str) -> None:
    """What ranks other than the first say."""


def open_run(fabric: Fabric, config: PretrainConfig, store: Store, resume: Path | None) -> Path:
    """The run's folder, new or continued, the same on every rank."""
    if resume:
        about = read_json(resume / "run.json")
        if about["store_fingerprint"] != store.fingerprint:
            raise EdgcnError(
                f"{store.path} is not the store that {resume} was trained on: its contents have "
                f"changed; start a new run"
            )
        return resume
    made, fault = "", ""
    if fabric.global_rank == 0:
        try:
            made = str(make_run(fabric, config, store))
        except EdgcnError as error:
            fault = str(error)  # told to all ranks: they would wait for the first one
    made, fault = fabric.broadcast((made, fault))
    if fault:
        raise EdgcnError(fault)
    return Path(made)


def make_run(fabric: Fabric, config: PretrainConfig, store: Store) -> Path:
    """A new run's folder, with everything its numbers depend on in run.json."""
    title = f"{config.encoder}{'-moments' if config.moments else ''}-{config.objective}"
    run = new_run(config.out or next_run(Path("runs"), title))
    about = {
        "config": config.model_dump(mode="json"),
        "store_fingerprint": store.fingerprint,
        "store_note": store.note,
        "threads": torch.get_num_threads(),
        "ranks": fabric.world_size,
        "precision": "bfloat16" if use_bfloat16(config) else "float32",
        **environment(),
    }
    write_json(run / "run.json", about)
    return run


def config_of(run: Path) -> PretrainConfig:
    """The config a run was made with."""
    return make_config(PretrainConfig, settings_of(run), where=str(run / "run.json"))


def make_inputs(store: Store, config: PretrainConfig, rows: np.ndarray) -> Inputs:
    """Frozen settings that turn raw clips into this encoder's input."""
    settings = NORMALIZATIONS[config.normalize]
    if settings.unit_bones:
        settings = canonical(store, rows)
    if store.units == "px":
        settings = replace(settings, scale="torso")  # strengths are in metres; pixels are not
    return Inputs(
        topology=store.topology,
        dims=3 if config.confidence_as_z else store.dims,
        bodies=store.bodies,
        frames=config.frames,
        normalize=settings,
        stream=config.stream,
        moments=config.moments,
        motion_gain=config.motion_gain,
        input_norm=config.input_norm,
        sensor=measure_sensor(store, rows),
    )


def run_epoch(
    fabric: Fabric,
    objective: Objective,
    optimizer: torch.optim.Optimizer,
    store: Store,
    inputs: Inputs,
    config: PretrainConfig,
    rows: np.ndarray,
    epoch: int,
    rate: Callable[[int], float],
) -> float | None:
    """One pass over the clips; the first one of an objective with a queue has no loss."""
    objective.train()
    # Dropout and latents take the global randomness, each rank its own.
    number = epoch * fabric.world_size + fabric.global_rank
    torch.manual_seed(epoch_generator(config.seed, -1 - number).initial_seed())
    order = epoch_generator(config.seed, 2 * epoch)
    draws = epoch_generator(config.seed, 2 * epoch + 1, device=fabric.device)
    batches = shares(
        rows,
        batch_size=config.batch_size,
        ranks=fabric.world_size,
        rank=fabric.global_rank,
        generator=order,
    )

    def views(share: Share) -> Views:
        return two_views(store, share, draws, inputs, config)

    label = f"epoch {epoch}/{config.epochs}"
    with progress(label, total=len(rows), unit="clips") as advance:
        if epoch == 1 and objective.fills:
            fill_epoch(fabric, objective, batches, views, advance)
            return None
        return train_epoch(fabric, objective, optimizer, batches, views, rate, advance)


def describe(row: dict[str, Any], epochs: int) -> str:
    """One line about an epoch."""
    loss = "queue filled" if row["loss"] is None else f"loss {row['loss']:.3f}"
    knn = f"  kNN {100 * row['knn_top1']:.1f} %" if "knn_top1" in row else ""
    rate = f"{row['clips_per_second']:.0f} clips/s"
    beside = (
        f"  error {row['reconstruction']:.4f} (mean pose {row['mean_pose']:.4f}, each clip's own "
        f"{row['own_mean_pose']:.4f})"
        if "reconstruction" in row
        else ""
    )
    beside += f"  ELBO {row['elbo']:.3f}" if "elbo" in row else ""
    return f"epoch {row['epoch']}/{epochs}  {loss}{beside}{knn}  {row['seconds']:.1f} s  {rate}"
