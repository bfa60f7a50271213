"""What a pre-training says and draws: how it begins, a line for each epoch, what the recognizer
says of itself, samples.

settings, rows of the trainer -> lines, pictures
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from edgcn.base.seeds import stream
from edgcn.commands.material import Material
from edgcn.commands.pretrain_settings import PretrainConfig
from edgcn.evaluation.rows import method_title
from edgcn.inference.provenance import Provenance, plugin_records
from edgcn.models.embedder import Embedder
from edgcn.motion.people import People
from edgcn.objectives import OBJECTIVES
from edgcn.objectives.base import traits
from edgcn.pipeline.inputs import Inputs
from edgcn.reports.plots import contact_sheet
from edgcn.runs import environment
from edgcn.store.learned import merged
from edgcn.training.trainer import Trainer


def opening(
    material: Material, config: PretrainConfig, embedder: Embedder, title: str
) -> list[str]:
    """What is learned from, and how."""
    lines = [f"{material.title}, without labels; recipe {config.recipe}: {title}"]
    if material.note:
        lines.append(f"note: {material.note}")
    if config.from_ is None and embedder.readout != config.readout:
        missing = f"encoder {config.encoder!r} has no map for {config.readout!r}"
        lines.append(f"readout {embedder.readout}: {missing}")
    return lines


def provenance_of(config: PretrainConfig, material: Material, embedder: Embedder) -> Provenance:
    """What the run's recognizer says of itself."""
    title = method_title(
        config.encoder,
        config.objective,
        title=traits(OBJECTIVES[config.objective]).title,
        moments=config.moments,
        settings=config.objective_settings,
    )
    learned, notes = material.learned, [material.note] if material.note else []
    if isinstance(material.clips, People):
        title = f"{title}, {material.clips.name}"
    if material.before is not None:
        before = material.before.provenance_
        title, learned = f"{title}, from {config.from_}", merged(before.pretrained, learned)
        notes = list(dict.fromkeys([*before.notes, *notes]))
    return Provenance(
        title=title,
        config=config.model_dump(mode="json") | {"readout": embedder.readout},
        pretrained=learned,
        notes=tuple(notes),
        versions=environment()["versions"],
        plugins=plugin_records(),
    )


def unfinished(provenance: Provenance, epoch: int, epochs: int) -> Provenance:
    """The same, with a note that stands beside every number until the training is done."""
    note = f"the pre-training is not finished: {epoch} of {epochs} epochs are done"
    return replace(provenance, notes=(*provenance.notes, note))


def draw_samples(trainer: Trainer, inputs: Inputs, path: Path, seed: int) -> None:
    """Stick figures of clips that the objective decodes, where the encoder reads coordinates."""
    sample = trainer.traits.sample
    if sample is None or inputs.stream != "joint":
        return
    generator = stream(seed, "samples", device=trainer.fabric.device)
    made = sample(6, frames=inputs.frames, generator=generator)[:, :3].cpu()
    numbered = enumerate(made.permute(0, 2, 4, 3, 1).numpy(), start=1)
    clips = [(f"draw {number}", clip) for number, clip in numbered]
    upside_down = inputs.sensor.units == "px" and not inputs.normalize.align
    contact_sheet(clips, inputs.topology, path, dims=inputs.dims, image_y_down=upside_down)


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
