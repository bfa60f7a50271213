"""What a pre-training says and draws: how it begins, a line for each epoch, samples.

settings, rows of the trainer -> lines, pictures
"""

from pathlib import Path
from typing import Any

from edgcn.base.seeds import stream
from edgcn.commands.material import Material
from edgcn.commands.pretrain_settings import PretrainConfig
from edgcn.models.embedder import Embedder
from edgcn.pipeline.inputs import Inputs
from edgcn.reports.plots import contact_sheet
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
