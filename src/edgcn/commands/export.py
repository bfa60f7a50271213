"""`edgcn export`: a recognizer for programs without PyTorch, or its vectors to look at."""

import copy
from pathlib import Path
from typing import Annotated, Any, Literal

from edgcn.base.errors import EdgcnError
from edgcn.base.files import new_folder, write_text
from edgcn.base.progress import Say
from edgcn.base.screen import printable, tell
from edgcn.base.words import count
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.inference.arrays import topology_for
from edgcn.inference.export import export_onnx
from edgcn.inference.recognizer import Recognizer, load
from edgcn.skeleton.layouts import topology_named
from edgcn.store import open_store

PROJECTOR = """embeddings {
  tensor_name: "clips"
  tensor_path: "vectors.tsv"
  metadata_path: "metadata.tsv"
}
"""


class ExportConfig(Config):
    """Write a recognizer as an ONNX file, or the vectors of a store's clips as tables."""

    model: Annotated[str, POSITIONAL]
    """A recognizer's file, a run, or the name of released weights (edgcn-s)."""
    store: Annotated[Path | None, POSITIONAL] = None
    """Store whose clips become vectors (projector)."""
    format: Literal["onnx", "projector"] = "onnx"
    """`onnx` is one file: frames in, probabilities and embedding out. `projector` is a folder with
    vectors.tsv and metadata.tsv, as TensorBoard's projector reads them."""
    out: Path
    """File of the graph, such as touch.onnx; folder of the vectors."""
    topology: str | None = None
    """Joints of the frames, by name, where they are not the encoder's (onnx)."""
    overwrite: bool = False
    """Replace what exists."""


def command(config: ExportConfig) -> str:
    """Export, and say what comes next."""
    path = export(config)
    if config.format == "onnx":
        return f"wrote {path}   next: run it with onnxruntime, as docs/export.md shows"
    return f"wrote {path}   next: tensorboard --logdir {path}, tab Projector"


def export(config: ExportConfig, *, model: Recognizer | None = None, say: Say = tell) -> Path:
    """Write what is asked for; the file, or the folder.

    Args:
        model: in place of `config.model`.
    """
    known = model or load(config.model)
    if config.format == "onnx":
        return to_onnx(config, known, say)
    if config.topology is not None:
        raise EdgcnError("--topology belongs to --format onnx; a store says which joints it has")
    return to_projector(config, known, say)


def to_onnx(config: ExportConfig, model: Recognizer, say: Say) -> Path:
    """The graph, tried beside PyTorch."""
    out = config.out
    if config.store is not None:
        raise EdgcnError(
            f"--format onnx needs no store, got {config.store}; the vectors of its clips are "
            f"written by --format projector"
        )
    if out.suffix != ".onnx":
        raise EdgcnError(f"expected a file that ends in .onnx as --out, got {out}")
    if out.exists() and not config.overwrite:
        raise EdgcnError(f"{out} exists already; choose another --out, or pass --overwrite")
    if config.topology is not None:
        model = copy.copy(model)
        model.topology = topology_named(config.topology)
    difference = export_onnx(model, out, overwrite=config.overwrite)
    inputs = model.embedder().inputs
    joints = topology_for(model.topology, inputs)
    say(
        f"frames (clips, frames, bodies, {len(joints)} joints of {joints.name}, 3 channels) in "
        f"{inputs.sensor.units} -> "
        + (
            f"probabilities of {count(len(model.classes_), 'class')}, embedding"
            if hasattr(model, "classifier_")
            else "embedding; this model has learned no classes, `edgcn fit` teaches it some"
        )
    )
    say(f"onnxruntime and PyTorch differ by {difference:.1g} of the largest number")
    if hasattr(model, "spotter_"):
        say("note: the graph names clips; to find gestures in recordings takes `edgcn recognize`")
    say(f"{out.stat().st_size / 1e6:.1f} MB")
    return out


def to_projector(config: ExportConfig, model: Recognizer, say: Say) -> Path:
    """A table of vectors, and one of what is known of each clip, in the same order."""
    if config.store is None:
        raise EdgcnError("--format projector needs a store: `edgcn export MODEL STORE ...`")
    clips = open_store(config.store).clips()
    vectors = model.transform(clips)
    labels = [clips.classes[label] if label >= 0 else "(unlabelled)" for label in clips.labels]
    rows = zip(clips.names.tolist(), labels, clips.subjects.tolist(), strict=True)
    values = "".join("\t".join(f"{x:.6g}" for x in row) + "\n" for row in vectors.tolist())
    with new_folder(
        config.out, overwrite=config.overwrite, marker="vectors.tsv", what="folder of vectors"
    ) as folder:
        write_text(folder / "vectors.tsv", values)
        write_text(folder / "metadata.tsv", "clip\tclass\tperson\n" + "".join(map(line, rows)))
        write_text(folder / "projector_config.pbtxt", PROJECTOR)
    say(f"{count(len(vectors), 'clip')}, vectors of {vectors.shape[1]} numbers")
    return config.out


def line(cells: tuple[Any, ...]) -> str:
    """A row of a table, whatever is in the names."""
    return "\t".join(" ".join(printable(str(cell)).split()) for cell in cells) + "\n"
