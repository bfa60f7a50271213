"""`edgcn pretrain`: learn an encoder from a store without labels; store in, run out.

clips or windows -> views -> objective -> recognizer.edgcn, after every epoch
"""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.material import OF_INPUTS, Material, begun, material_of
from edgcn.commands.pretrain_log import OnEpoch, check_log, recording
from edgcn.commands.pretrain_report import (
    describe,
    draw_samples,
    opening,
    provenance_of,
    unfinished,
)
from edgcn.commands.pretrain_settings import PretrainConfig, config_of, found_again
from edgcn.evaluation.embed import embed
from edgcn.evaluation.monitor import knn_check
from edgcn.inference.provenance import plugin_records
from edgcn.inference.recognizer import Recognizer, unfitted
from edgcn.models.embedder import Embedder
from edgcn.models.readout import Reader, readout_for
from edgcn.models.whitening import fit_whitening
from edgcn.motion.people import People
from edgcn.objectives import OBJECTIVES
from edgcn.objectives.base import traits
from edgcn.objectives.build import build_objective, check_objective
from edgcn.pipeline.inputs import fit_inputs
from edgcn.presets.recipes import PROCEDURAL
from edgcn.reports.plots import training_curves
from edgcn.runs import Run, environment, new_run, next_run
from edgcn.store import Selection
from edgcn.training.batches import batch_size_of
from edgcn.training.fabric import make_fabric, use_bfloat16
from edgcn.training.ranks import ending_together
from edgcn.training.statistics import clip_statistics
from edgcn.training.trainer import Trainer

__all__ = ["PretrainConfig", "command", "config_of", "pretrain", "resume", "resume_command"]

STATE = "state.safetensors"
WHITENED = 4000  # clips that a whitening is fitted to, at most
FLOOR = 1e-4  # see `fit_whitening`; 1e-5 was no better on training subjects


def command(config: PretrainConfig) -> str:
    """Learn, and say what comes next."""
    return _saved(pretrain(config), config)


def resume_command(run: Path, store: Path | None = None) -> str:
    """Continue, and say what comes next."""
    config = found_again(config_of(Run(run)), Run(run), store)
    return _saved(pretrain(config, resumed=Run(run)), config)


def _saved(run: Run, config: PretrainConfig) -> str:
    store = "STORE" if str(config.store) == PROCEDURAL else config.store
    return f"saved {run}   next: edgcn evaluate {run} {store}"


def resume(
    run: Path, *, store: Path | None = None, say: Say = tell, on_epoch: OnEpoch | None = None
) -> Run:
    """Continue an unfinished run; it goes on bit for bit as if it had never stopped.

    Args:
        store: where its store is now, if it is not where it was.
    """
    config = found_again(config_of(Run(run)), Run(run), store)
    return pretrain(config, resumed=Run(run), say=say, on_epoch=on_epoch)


def pretrain(
    config: PretrainConfig,
    *,
    resumed: Run | None = None,
    say: Say = tell,
    on_epoch: OnEpoch | None = None,
) -> Run:
    """Learn an encoder from a store without labels.

    Args:
        resumed: an unfinished run of these settings, to be continued.
        on_epoch: called after every epoch with its row of metrics.jsonl.

    Raises:
        EdgcnError: what is asked for cannot be trained; nothing is left behind.
    """
    check_log(config)
    material = material_of(config)
    ranks = config.devices * config.nodes
    batch = batch_size_of(config.batch_size, clips=len(material.rows), ranks=ranks)
    fabric = make_fabric(
        accelerator=config.accelerator,
        devices=config.devices,
        nodes=config.nodes,
        precision=config.precision,
        threads=config.threads,
    )
    say = say if fabric.is_global_zero else lambda _: None
    with ending_together(fabric, then="go on with --resume"), ExitStack() as held:
        torch.manual_seed(config.seed)  # of the first weights: `Embedder.untrained` makes the same
        embedder, trainer = assemble(config, material, batch, fabric)
        run = open_run(fabric, config, material, embedder, resumed, held)  # a mistake leaves none
        train(fabric, config, material, embedder, trainer, run, say, on_epoch)
    return run


def train(
    fabric: Fabric,
    config: PretrainConfig,
    material: Material,
    embedder: Embedder,
    trainer: Trainer,
    run: Run,
    say: Say,
    on_epoch: OnEpoch | None,
) -> None:
    """All epochs that are not done; the run holds what each has learned."""
    provenance = provenance_of(config_of(run), material, embedder)  # its store may lie elsewhere
    for line in (*opening(material, config, embedder, provenance.title), f"into {run}"):
        say(line)
    state, finished = run.path / STATE, 0
    if state.exists():
        finished = trainer.load_state(state)
        done = f"nothing is left to do: all {finished} epochs are done"
        going = f"continuing after epoch {finished} of {trainer.epochs}"
        say(done if finished >= trainer.epochs else going)
    clips = trainer.clips
    with ExitStack() as held:
        if fabric.is_global_zero:
            to = recording(config, run, finished=finished, on_epoch=on_epoch)
            record = held.enter_context(to)
        for row in trainer.fit(finished):
            epoch = int(row["epoch"] or 0)
            if fabric.is_global_zero:
                every, last = config.knn_every, epoch == trainer.epochs
                if isinstance(clips, Selection) and every and (epoch % every == 0 or last):
                    row |= knn_check(embedder, clips, trainer.rows, device=fabric.device)
                record(row)
                so_far = unfinished(provenance, epoch, trainer.epochs)
                unfitted(embedder, so_far, model=str(run)).save(run.recognizer)
                trainer.save_state(state, epoch=epoch)
            fabric.barrier()
            say(describe(row, trainer.epochs))
    if fabric.is_global_zero:
        made = finish(embedder, trainer, config, material.before)
        unfitted(made, provenance, model=str(run)).save(run.recognizer)
        training_curves(run.metrics(), run.path / "curves.png")
        draw_samples(trainer, embedder.inputs, run.path / "samples.png", config.seed)


def assemble(
    config: PretrainConfig, material: Material, batch: int, fabric: Fabric
) -> tuple[Embedder, Trainer]:
    """The encoder with its inputs, and its training; the one place that unpacks the settings."""
    clips, rows = material.clips, material.rows
    if material.before is None:
        inputs = fit_inputs(clips, rows, **{name: getattr(config, name) for name in OF_INPUTS})
        embedder = Embedder.new(config.encoder, config.encoder_settings, inputs, config.readout)
        asked = "readout" in config.model_fields_set
        embedder = embedder.read_by(readout_for(embedder.encoder, config.readout, explicit=asked))
    else:
        embedder, adapted = begun(material.before, config).adapted(clips, rows=rows)
        clips, inputs = adapted.clips, embedder.inputs
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


def finish(
    embedder: Embedder, trainer: Trainer, config: PretrainConfig, origin: Recognizer | None
) -> Embedder:
    """The trained embedder as it is to be read, its vectors whitened over what it learned from.

    One that went on from whitened weights is read and whitened as they are: over procedural people,
    of whom there are enough.
    """
    before = embedder if origin is None else origin.embedder()
    embedder = embedder.read_by(config.read_by or before.readout)
    dims = config.whiten or (0 if before.whitening is None else len(before.whitening.matrix))
    if not dims:
        return embedder
    clips, rows = trainer.clips, np.arange(WHITENED)
    if before.whitening is not None:
        clips = People(topology=embedder.inputs.topology)
    elif not trainer.endless:
        rows = trainer.rows[:: -(-len(trainer.rows) // WHITENED)]
    embedder.encoder.eval()
    vectors = embed(embedder, clips, rows, device=trainer.fabric.device, label="whitening")
    return replace(embedder, whitening=fit_whitening(vectors, dims, floor=FLOOR))


def recompute_layers(encoder: nn.Module, name: str) -> None:
    """Trade time for memory, in an encoder that can."""
    if not callable(recompute := getattr(encoder, "recompute", None)):
        raise EdgcnError(f"{name} keeps little to compute again; leave out --recompute")
    recompute()


def open_run(
    fabric: Fabric,
    config: PretrainConfig,
    material: Material,
    embedder: Embedder,
    resumed: Run | None,
    held: ExitStack,
) -> Run:
    """The run's folder, new or continued, the same on every rank; ours alone while it is held."""
    if resumed and resumed.metadata["store_fingerprint"] != material.fingerprint:
        raise EdgcnError(
            f"{config.store} is not the store that {resumed} was trained on: its contents have "
            f"changed; start a new run"
        )
    made, fault = "", ""
    if fabric.is_global_zero:
        try:
            run = resumed or make_run(fabric, config, material, embedder)
            held.enter_context(run.alone())
            made = str(run)
        except EdgcnError as error:
            fault = str(error)  # told to all ranks: they would wait for the first one
    made, fault = fabric.broadcast((made, fault))
    if fault:
        raise EdgcnError(fault)
    return Run(made)


def make_run(fabric: Fabric, config: PretrainConfig, material: Material, embedder: Embedder) -> Run:
    """A new run's folder, with everything its numbers depend on in run.json."""
    title = f"{config.encoder}{'-moments' if config.moments else ''}-{config.objective}"
    bfloat16 = use_bfloat16(config.precision, config.accelerator)
    metadata = {
        "config": config.model_dump(mode="json") | {"readout": embedder.readout},
        "store_fingerprint": material.fingerprint,
        "store_note": material.note,
        "threads": torch.get_num_threads(),
        "ranks": fabric.world_size,
        "precision": "bfloat16" if bfloat16 else "float32",
        "plugins": list(plugin_records()),
        **environment(),
    }
    return new_run(config.out or next_run(Path("runs"), title), metadata)
