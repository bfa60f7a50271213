"""A spotter in a recognizer's file: tensors and a record, read with distrust.

Spotter -> {name: tensor}, plain JSON -> checked against the encoder and the classes -> Spotter
"""

from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field, PositiveFloat
from torch import Tensor

from edgcn.base.records import Record
from edgcn.base.tensorfile import check_shapes
from edgcn.inference.dense import Scale, reading_of, reading_width
from edgcn.inference.spot import Grid, Spotter
from edgcn.models.embedder import Embedder

UNLIMITED = 1e9  # seconds or distances: a file has no infinity
TENSORS = ("weight", "bias", "shift", "thresholds", "shortest", "longest", "directions", "centers")
Seconds = Annotated[float, Field(gt=0, le=3600)]


class ScaleRecord(Record, extra="forbid"):
    """Of one pass."""

    clip: Seconds
    lengths: Annotated[tuple[Seconds, ...], Field(min_length=1)]


class SpotterRecord(Record):
    """All but the tensors."""

    scales: Annotated[tuple[ScaleRecord, ...], Field(min_length=1)]
    step: Annotated[float, Field(ge=0.01, le=3600)]
    slope: PositiveFloat
    offset: float
    overlap: Annotated[float, Field(ge=0, le=1)]
    far: PositiveFloat


def spotter_tensors(spotter: Spotter) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """For a file."""
    tensors = {
        name: torch.from_numpy(getattr(spotter, name)).float().clamp(-UNLIMITED, UNLIMITED)
        for name in TENSORS
    }
    scales = [{"clip": s.clip, "lengths": list(s.lengths)} for s in spotter.grid.scales]
    record = {name: float(getattr(spotter, name)) for name in ("slope", "offset", "overlap")}
    far = min(spotter.far, UNLIMITED)
    return tensors, {"scales": scales, "step": spotter.grid.step, "far": far, **record}


def read_spotter(
    path: Path, record: SpotterRecord, tensors: dict[str, Tensor], embedder: Embedder, classes: int
) -> Spotter:
    """What a file holds.

    Raises:
        FileError: its tensors do not fit the encoder or the classes.
    """
    width = reading_width(reading_of(embedder))
    rows = len(tensors["directions"]) if "directions" in tensors else 0
    wanted = {
        "weight": (classes + 1, width),
        "bias": (classes + 1,),
        "shift": (width,),
        **{name: (classes,) for name in ("thresholds", "shortest", "longest")},
        "directions": (rows, width),
        "centers": (classes, rows),
    }
    meaning = f"{classes} classes and windows of {width} numbers"
    check_shapes(path, "spotter", tensors, wanted, meaning=meaning)
    values: dict[str, Any] = {name: value.numpy() for name, value in tensors.items()}
    scales = tuple(Scale(each.clip, each.lengths) for each in record.scales)
    for name in ("slope", "offset", "overlap", "far"):
        values[name] = getattr(record, name)
    return Spotter(grid=Grid(scales, record.step), **values)
