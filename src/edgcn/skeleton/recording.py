"""What a reader hands over: one `Clip` per recorded gesture, and the `Recordings` around them.

Coordinates are raw and metric (or pixels), (T, M, V, C): frames, bodies, joints, channels.
A joint that the sensor did not see is exactly 0 in all its geometry channels.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from edgcn.skeleton.topology import Topology

Frames = Float[np.ndarray, "t m v c"]


@dataclass(frozen=True)
class Clip:
    """One recording of one gesture.

    Args:
        frames: float32; C is x, y, z, or x, y and the detector's confidence.
        label: index into the classes, -1 where unlabelled.
        split: the source's own split tags, separated by spaces ("xsub_train xview_val").
        scores: detector confidence per joint, where it does not already travel as channel 3.
        skeleton: which of the recordings' `skeletons` it has, where they have several.
    """

    frames: Frames
    name: str
    label: int = -1
    subject: str = ""
    camera: str = ""
    condition: str = ""
    split: str = ""
    scores: Float[np.ndarray, "t m v"] | None = None
    skeleton: str = ""


@dataclass(frozen=True)
class Skipped:
    """A file or clip that could not be used; `known` where the data set itself lists it as bad."""

    path: str
    reason: str
    known: bool = False


@dataclass(frozen=True)
class SplitRule:
    """Which clips train and which test, by one column. An empty side means: all the others."""

    by: Literal["subject", "camera", "split"]
    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recordings:
    """A data set as its reader sees it: what is known beforehand, and a stream of clips.

    Args:
        clips: read lazily; every file gives clips or a `Skipped`, none is lost.
        total: how many items `clips` will give, where that is known (for the progress bar).
        bodies: the most bodies a clip can have; fewer are padded with zeros in the store.
        dims: how many channels are geometry (3, or 2 when channel 3 is a confidence).
        splits: published splits by name; the first one is the default.
        sources: the files behind the clips, for checksums.
        note: a caution printed wherever a number from this data is printed.
        skeletons: by the names that clips know them by, where not all clips have `topology`; such
            recordings are converted to one skeleton before they are stored.
    """

    reader: str
    topology: Topology
    classes: tuple[str, ...]
    clips: Iterable[Clip | Skipped]
    fps: float
    units: Literal["m", "px"] = "m"
    dims: int = 3
    bodies: int = 1
    total: int | None = None
    splits: dict[str, SplitRule] = field(default_factory=dict)
    sources: tuple[Path, ...] = ()
    note: str = ""
    skeletons: dict[str, Topology] = field(default_factory=dict)
