"""`edgcn pretrain`: learn an encoder from a store without labels; store in, run out.

clips or windows -> views -> objective -> recognizer.edgcn, after every epoch
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.base.files import write_json
from edgcn.base.progress import Say
from edgcn.base.seeds import stream
from edgcn.commands.pretrain_settings import PretrainConfig, config_of
from edgcn.evaluation.monitor import knn_check
from edgcn.evaluation.rows import method_title
from edgcn.inference.provenance import Provenance, plugin_records
from edgcn.inference.recognizer import unfitted
from edgcn.models.embedder import Embedder
from edgcn.models.readout import Reader, readout_for
from edgcn.objectives import OBJECTIVES
from edgcn.objectives.base import traits
from edgcn.objectives.build import build_objective, check_objective
from edgcn.pipeline.inputs import Inputs, fit_inputs
from edgcn.reports.plots import contact_sheet, training_curves
from edgcn.runs import Run, environment, new_run, next_run
from edgcn.store import Selection, Store, open_store
from edgcn.store.learned import learned_from
from edgcn.training.batches import batch_size_of
from edgcn.training.fabric import make_fabric, use_bfloat16
from edgcn.training.statistics import clip_statistics
from edgcn.training.trainer import Trainer

__all__ = ["PretrainConfig", "command", "config_of", "pretrain", "resume", "resume_command"]

STATE = "state.safetensors"
OF_INPUTS = (
    "frames", "normalize", "stream", "moments", "motion_gain", "input_norm", "confidence_as_z",
)  # fmt: skip


def command(config: PretrainConfig) -> str:
    """Learn, and say what comes next."""
    run = pretrain(config)
    return f"saved {run}   next: edgcn evaluate {run} {config.store}"


def resume_command(run: Path) -> str:
    """Continue, and say what comes next."""
    return f"saved {resume(run)}   next: edgcn evaluate {run} {config_of(Run(run)).store}"


def resume(run: Path, *, say: Say = print) -> Run:
    """Continue an unfinished run; it goes on bit for bit as if it had never stopped."""
    return pretrain(config_of(Run(run)), resumed=Run(run), say=say)


def pretrain(config: PretrainConfig, *, resumed: Run | None = None, say: Say = print) -> Run:
    """Learn an encoder from a store without labels.

    Args:
        resumed: an unfinished run of these settings, to be continued.

    Raises:
        EdgcnError: what is asked for cannot be trained; nothing is left behind.
    """
    store = open_store(config.store)
    clips, rows = learned_clips(store, config)
    ranks = config.devices * config.nodes
    batch = batch_size_of(config.batch_size, clips=len(rows), ranks=ranks)
    fabric = make_fabric(
        accelerator=config.accelerator,
        devices=config.devices,
        nodes=config.nodes,
        precision=config.precision,
        threads=config.threads,
    )
    say = say if fabric.is_global_zero else lambda _: None
    torch.manual_seed(config.seed)  # of the initial weights: `Embedder.untrained` makes the same
    embedder, trainer = assemble(config, clips, rows, batch, fabric)
    run = open_run(fabric, config, store, embedder, resumed)  # now, so that a mistake leaves none
    provenance = provenance_of(config, clips, rows, embedder)
    for line in (*opening(store, rows, config, embedder, provenance.title), f"into {run}"):
        say(line)
    state, finished = run.path / STATE, 0
    if resumed and state.exists():
        finished = trainer.load_state(state)
        done = f"nothing is left to do: all {finished} epochs are done"
        going = f"continuing after epoch {finished} of {trainer.epochs}"
        say(done if finished >= trainer.epochs else going)
    recognizer = unfitted(embedder, provenance, model=str(run))
    if fabric.is_global_zero:
        run.rewind_metrics(epoch=finished)
    for row in trainer.fit(finished):
        epoch = int(row["epoch"] or 0)
        if fabric.is_global_zero:
            if config.knn_every and (epoch % config.knn_every == 0 or epoch == trainer.epochs):
                row |= knn_check(embedder, clips, rows, device=fabric.device)
            run.add_metrics(row)
            recognizer.save(run.recognizer)
            trainer.save_state(state, epoch=epoch)
        fabric.barrier()
        say(describe(row, trainer.epochs))
    if fabric.is_global_zero:
        training_curves(run.metrics(), run.path / "curves.png")
        draw_samples(trainer, embedder.inputs, run.path / "samples.png", config.seed, store)
    return run


def learned_clips(store: Store, config: PretrainConfig) -> tuple[Selection, np.ndarray]:
    """The clips or windows of a store, and which of them to learn from.

    Without a published split and with one subject there is no test side to keep away from: all.
    """
    clips, windows = store.clips(), by_windows(store, config)
    people = clips.subjects if len(clips) else store.recordings.subjects
    alone = not store.rules and len(set(people.tolist())) == 1
    every = config.split == "all" or (config.split is None and alone)
    if windows:
        length, step = config.window_seconds, config.window_step
        clips = store.windows(length, step, split=None if every else "train", by=config.split)
    kind, hint = ("windows", "--split all") if windows else ("segments", "--learn-from windows")
    if not len(clips):
        raise EdgcnError(f"{store.path} has no {kind} to learn from; use {hint}")
    if windows or every:
        return clips, np.arange(len(clips))
    return clips, clips.split(config.split).train


def by_windows(store: Store, config: PretrainConfig) -> bool:
    """Whether windows are learned from, and not clips."""
    if config.learn_from == "auto":
        return not store.trimmed and store.covered < 0.5
    return config.learn_from == "windows"


def assemble(
    config: PretrainConfig, clips: Selection, rows: np.ndarray, batch: int, fabric: Fabric
) -> tuple[Embedder, Trainer]:
    """The encoder with its inputs, and its training; the one place that unpacks the settings."""
    inputs = fit_inputs(clips, rows, **{name: getattr(config, name) for name in OF_INPUTS})
    embedder = Embedder.new(config.encoder, config.encoder_settings, inputs, config.readout)
    asked = "readout" in config.model_fields_set
    embedder = embedder.read_by(readout_for(embedder.encoder, config.readout, explicit=asked))
    checked = check_objective(
        config.objective,
        config.objective_settings,
        batch=batch,
        ranks=fabric.world_size,
        readout=embedder.readout,
    )
    if config.recompute:
        recompute_layers(embedder.encoder, config.encoder)
    reader: nn.Module = embedder.encoder
    if embedder.readout != "mean":
        shape = {"in_channels": inputs.channels, "bodies": inputs.bodies}
        reader = Reader(reader, embedder.readout, topology=inputs.topology, **shape)
    needs = traits(OBJECTIVES[config.objective]).needs
    statistics = clip_statistics(clips, rows, inputs) if "statistics" in needs else None
    objective = build_objective(config.objective, reader, checked, statistics=statistics)
    return embedder, Trainer(
        objective,
        clips,
        rows,
        inputs=inputs,
        augmentations=config.augmentations,
        augmentation_settings=config.augmentation_settings,
        batch_size=batch,
        steps=config.steps,
        epochs=config.epochs,
        lr=config.lr,
        optimizer=config.optimizer,
        schedule=config.schedule,
        warmup_epochs=config.warmup_epochs,
        residual_lr=config.residual_lr,
        weight_decay=config.weight_decay,
        seed=config.seed,
        fabric=fabric,
    )


def opening(
    store: Store, rows: np.ndarray, config: PretrainConfig, embedder: Embedder, title: str
) -> list[str]:
    """What is learned from, and how."""
    kind = "windows" if by_windows(store, config) else "clips"
    lines = [f"{len(rows)} {kind} of {store.path}, without labels; recipe {config.recipe}: {title}"]
    if store.note:
        lines.append(f"note: {store.note}")
    if embedder.readout != config.readout:
        missing = f"encoder {config.encoder!r} has no map for {config.readout!r}"
        lines.append(f"readout {embedder.readout}: {missing}")
    return lines


def recompute_layers(encoder: nn.Module, name: str) -> None:
    """Trade time for memory, in an encoder that can."""
    recompute = getattr(encoder, "recompute", None)
    if not callable(recompute):
        raise EdgcnError(f"{name} keeps little to compute again; leave out --recompute")
    recompute()


def provenance_of(
    config: PretrainConfig, clips: Selection, rows: np.ndarray, embedder: Embedder
) -> Provenance:
    """What the run's recognizer says of itself."""
    title = method_title(
        config.encoder,
        config.objective,
        title=traits(OBJECTIVES[config.objective]).title,
        moments=config.moments,
        settings=config.objective_settings,
    )
    return Provenance(
        title=title,
        config=config.model_dump(mode="json") | {"readout": embedder.readout},
        pretrained=learned_from(clips, rows),
        notes=(clips.note,) if clips.note else (),
        versions=environment()["versions"],
        plugins=plugin_records(),
    )


def draw_samples(trainer: Trainer, inputs: Inputs, path: Path, seed: int, store: Store) -> None:
    """Stick figures of clips that the objective decodes, where the encoder reads coordinates."""
    sample = trainer.traits.sample
    if sample is None or inputs.stream != "joint":
        return
    generator = stream(seed, "samples", device=trainer.fabric.device)
    made = sample(6, frames=inputs.frames, generator=generator)[:, :3].cpu()
    numbered = enumerate(made.permute(0, 2, 4, 3, 1).numpy(), start=1)
    clips = [(f"draw {number}", clip) for number, clip in numbered]
    upside_down = store.units == "px" and not inputs.normalize.align
    contact_sheet(clips, store.topology, path, dims=inputs.dims, image_y_down=upside_down)


def open_run(
    fabric: Fabric, config: PretrainConfig, store: Store, embedder: Embedder, resumed: Run | None
) -> Run:
    """The run's folder, new or continued, the same on every rank."""
    if resumed:
        if resumed.metadata["store_fingerprint"] != store.fingerprint:
            raise EdgcnError(
                f"{store.path} is not the store that {resumed} was trained on: its contents have "
                f"changed; start a new run"
            )
        return resumed
    made, fault = "", ""
    if fabric.is_global_zero:
        try:
            made = str(make_run(fabric, config, store, embedder))
        except EdgcnError as error:
            fault = str(error)  # told to all ranks: they would wait for the first one
    made, fault = fabric.broadcast((made, fault))
    if fault:
        raise EdgcnError(fault)
    return Run(made)


def make_run(fabric: Fabric, config: PretrainConfig, store: Store, embedder: Embedder) -> Run:
    """A new run's folder, with everything its numbers depend on in run.json."""
    title = f"{config.encoder}{'-moments' if config.moments else ''}-{config.objective}"
    run = new_run(config.out or next_run(Path("runs"), title))
    bfloat16 = use_bfloat16(config.precision, config.accelerator)
    metadata = {
        "config": config.model_dump(mode="json") | {"readout": embedder.readout},
        "store_fingerprint": store.fingerprint,
        "store_note": store.note,
        "threads": torch.get_num_threads(),
        "ranks": fabric.world_size,
        "precision": "bfloat16" if bfloat16 else "float32",
        "plugins": list(plugin_records()),
        **environment(),
    }
    write_json(run.path / "run.json", metadata)
    return run


def describe(row: dict[str, Any], epochs: int) -> str:
    """One line about an epoch."""
    loss = "queue filled" if row["loss"] is None else f"loss {row['loss']:.3f}"
    knn = f"  kNN {100 * row['knn_top1']:.1f} %" if "knn_top1" in row else ""
    beside = (
        f"  error {row['reconstruction']:.4f} (mean pose {row['mean_pose']:.4f}, each clip's own "
        f"{row['clip_mean_pose']:.4f})"
        if "reconstruction" in row
        else ""
    )
    beside += f"  ELBO {row['elbo']:.3f}" if "elbo" in row else ""
    speed = f"{row['seconds']:.1f} s  {row['clips_per_second']:.0f} clips/s"
    return f"epoch {row['epoch']}/{epochs}  {loss}{beside}{knn}  {speed}"
