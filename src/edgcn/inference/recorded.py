"""A recognizer's file, read with distrust: every part is checked against the others.

file -> header and tensors -> embedder, provenance, classifier; or one line naming file and field
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.plugins import require_plugins
from edgcn.base.records import Record, checked, within
from edgcn.base.tensorfile import check_finite, check_shapes, load_tensors
from edgcn.evaluation.probes import LinearProbe
from edgcn.inference.provenance import Provenance
from edgcn.inference.spot import Spotter
from edgcn.inference.spotter_file import SpotterRecord, read_spotter
from edgcn.models.embedder import Embedder
from edgcn.models.readout import READOUTS
from edgcn.pipeline.adapt import Skeleton
from edgcn.pipeline.features import CHANNELS, STREAMS
from edgcn.pipeline.inputs import Inputs
from edgcn.runs import PluginRecord
from edgcn.skeleton.unseen import FAR
from edgcn.store.learned import Learned

MOST_BODIES, MOST_FRAMES = 100, 10_000  # of an input: more are a damaged file
Parts = dict[str, dict[str, Tensor]]  # tensors by part, then by name


class EmbedderRecord(Record):
    """Of the encoder."""

    encoder: str
    settings: dict[str, Any]
    inputs: dict[str, Any]
    readout: str


class LearnedRecord(Record):
    """Of what was learned from."""

    modulus: PositiveInt
    people: tuple[str, ...]
    stores: tuple[str, ...]


class OriginRecord(Record):
    """Of where it comes from."""

    title: str
    config: dict[str, Any]
    notes: tuple[str, ...]
    versions: dict[str, str]
    plugins: tuple[PluginRecord, ...]


class AdaptRecord(Record, extra="forbid"):
    """How it takes clips of other joints."""

    skeleton: Skeleton
    depth: Literal["zero", "confidence"]


class Header(Record):
    """All but the tensors."""

    embedder: EmbedderRecord
    adapt: AdaptRecord
    provenance: OriginRecord
    pretrained: LearnedRecord
    fitted: LearnedRecord | None = None
    classes: tuple[str | int | float, ...] | None = None
    strength: PositiveFloat | None = None
    spotter: SpotterRecord | None = None


@dataclass(frozen=True)
class Recorded:
    """What a file holds.

    Args:
        adapt: arguments of the recognizer.
    """

    embedder: Embedder
    provenance: Provenance
    adapt: dict[str, Any]
    classifier: LinearProbe | None = None
    classes: np.ndarray = field(default_factory=lambda: np.empty(0))
    strength: float = 0.0
    spotter: Spotter | None = None


def read_recorded(path: Path) -> Recorded:
    """What the file of a recognizer holds.

    Raises:
        EdgcnError: it is none, it is damaged, or it needs a plugin that is missing.
    """
    tensors, metadata = load_tensors(path)
    if "embedder" not in metadata:
        raise EdgcnError(f"{path}: expected a recognizer, got another file of edgcn")
    header = checked(path, Header, metadata)
    check_finite(path, tensors)
    parts: Parts = {}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = value
    origin = header.provenance
    require_plugins([record.model_dump() for record in origin.plugins])
    embedder = _embedder(path, header.embedder, parts)
    records = {"pretrained": header.pretrained, "fitted": header.fitted}
    learned = {
        name: _learned(path, name, record, parts)
        for name, record in records.items()
        if record is not None
    }
    with within(path, "provenance.config.seed"):
        int(origin.config.get("seed", 0))
    provenance = Provenance(
        title=origin.title,
        config=origin.config,
        notes=origin.notes,
        versions=origin.versions,
        plugins=tuple(record.model_dump() for record in origin.plugins),
        **learned,
    )
    adapt = header.adapt.model_dump()
    if "classifier" not in parts:
        return Recorded(embedder, provenance, adapt)
    of_classes = _classifier(path, header, parts["classifier"], _width(path, embedder))
    spotter = None
    if header.spotter is not None:
        found, count = parts.get("spotter", {}), len(of_classes[1])
        with within(path, "spotter"):
            spotter = read_spotter(path, header.spotter, found, embedder, count)
    return Recorded(embedder, provenance, adapt, *of_classes, spotter)


def _embedder(path: Path, record: EmbedderRecord, parts: Parts) -> Embedder:
    if record.readout not in READOUTS:
        known = ", ".join(READOUTS)
        raise FileError(path, f"embedder.readout: expected one of {known}, got {record.readout!r}")
    if "encoder" not in parts:
        raise FileError(path, "the weights of its encoder are missing")
    with within(path, "embedder.inputs"):
        check_inputs(Inputs.from_dict(record.inputs))
    try:
        return Embedder.load(record.model_dump(), parts)
    except (KeyError, RuntimeError, TypeError, ValueError, IndexError, MemoryError) as error:
        reason = str(error).splitlines()[0].rstrip(":")  # RuntimeError: shapes that do not fit
        raise EdgcnError(
            f"{path}: its encoder {record.encoder!r} is not the one that this edgcn makes: "
            f"{reason}; use the version or the plugin that wrote it"
        ) from error


def check_inputs(inputs: Inputs) -> None:
    """Refuse what no pipeline is like; a file can say anything.

    Raises:
        EdgcnError: names the setting.
    """
    limits = {"dims": (2, 3), "bodies": (1, MOST_BODIES), "frames": (1, MOST_FRAMES)}
    for name, (low, high) in limits.items():
        value = getattr(inputs, name)
        if type(value) is not int or not low <= value <= high:
            raise EdgcnError(f"{name}: expected {low} to {high}, got {value!r}")
    for name in ("moments", "input_norm"):
        if type(getattr(inputs, name)) is not bool:
            raise EdgcnError(f"{name}: expected true or false, got {getattr(inputs, name)!r}")
    if not set(inputs.stream.split("+")) <= STREAMS.keys():
        raise EdgcnError(f"stream: expected one of {', '.join(STREAMS)}, got {inputs.stream!r}")
    sensor, normalize = inputs.sensor, inputs.normalize
    if sensor.units not in ("m", "px") or sensor.dims not in (2, 3):
        raise EdgcnError("sensor: expected m or px, in 2 or 3 dimensions")
    if not (0 <= sensor.torso < FAR and 0 <= sensor.shoulders < FAR):
        raise EdgcnError("sensor: expected the size of a person")
    if not (abs(sensor.up) <= 1.001 and abs(sensor.right) <= 1.001):
        raise EdgcnError("sensor: expected `up` and `right` from -1 to 1")
    for name in ("fill", "align", "unit_bones"):
        if type(getattr(normalize, name)) is not bool:
            raise EdgcnError(f"normalize.{name}: expected true or false")
    lengths = normalize.bone_lengths
    if not np.isfinite([inputs.motion_gain, *(lengths or ())]).all():
        raise EdgcnError("expected finite numbers, found others")
    if lengths is not None and len(lengths) != len(inputs.topology.edges):
        raise EdgcnError(
            f"normalize.bone_lengths: expected {len(inputs.topology.edges)}, got {len(lengths)}"
        )


def _learned(path: Path, name: str, record: LearnedRecord, parts: Parts) -> Learned:
    with within(path, f"{name}.frames"):
        frames = parts[name]["frames"]
        if frames.dtype != torch.int64 or frames.dim() != 1:
            raise EdgcnError("expected one whole number for each frame")
        return Learned.from_tensors(frames, record.model_dump())


@torch.no_grad()
def _width(path: Path, embedder: Embedder) -> int:
    """Of the vectors that it makes."""
    inputs = embedder.inputs
    with within(path, "embedder"):
        clip = torch.zeros(1, CHANNELS, inputs.frames, len(inputs.topology), inputs.bodies)
        return int(embedder(clip).shape[1])


def _classifier(
    path: Path, header: Header, tensors: dict[str, Tensor], width: int
) -> tuple[LinearProbe, np.ndarray, float]:
    if header.classes is None or header.strength is None:
        raise FileError(path, "it has a classifier, but `classes` or `strength` is missing")
    classes = np.array(header.classes)
    if len(set(header.classes)) < len(classes):
        raise FileError(path, "classes: expected each name once")
    count = len(classes)
    wanted = {"mean": (width,), "scale": (width,), "weight": (count, width), "bias": (count,)}
    meaning = f"{count} classes and vectors of {width} numbers"
    check_shapes(path, "classifier", tensors, wanted, meaning=meaning)
    if not (tensors["scale"] > 0).all():
        raise FileError(path, "classifier.scale: expected numbers above 0")
    return (
        LinearProbe(**{name: value.numpy() for name, value in tensors.items()}),
        classes,
        header.strength,
    )
