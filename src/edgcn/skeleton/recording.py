"""What a reader hands over: `Recording`s, the `Segment`s in them, and what is known of all.

Coordinates are raw and metric (or pixels), (T, M, V, C): frames, bodies, joints, channels.
A joint that the sensor did not see is exactly 0 in all its geometry channels.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Shaped, UInt64

from edgcn.base.errors import EdgcnError
from edgcn.base.spool import parts
from edgcn.skeleton.topology import Topology

Frames = Float[np.ndarray, "t m v c"]

PART = 256  # frames hashed at a time: what fits in a processor's cache is 10 times as fast


@dataclass(frozen=True)
class Segment:
    """A part of a recording that has a name or a label.

    Args:
        start: its first frame.
        stop: the frame after its last one.
        label: index into the classes, -1 where unlabelled.
        name: of the clip; the recording's where empty.
        person: who is seen in it, where that is not the recording's subject.
        condition: likewise.
    """

    start: int
    stop: int
    label: int = -1
    name: str = ""
    person: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Recording:
    """One recording, from its first frame to its last.

    Args:
        frames: float32; C is x, y, z, or x, y and the detector's confidence.
        segments: none where nothing is annotated.
        split: the source's own split tags, separated by spaces ("xsub_train xview_val").
        scores: detector confidence per joint, where it does not already travel as channel 3.
        fps: frames per second, where they are not those of the whole set.
        start: of the first frame on the source's clock, in seconds.
        times: of each frame, in seconds from the first; only where they are not evenly spaced.
        skeleton: which of the recordings' `skeletons` it has, where they have several.
        hashes: of each frame as its source had it, where that is known; see `frame_hashes`.
        note: what the user should know of it, in words; it becomes part of the store's note.
        unseen: points that were written in some other way than 0, by reason; see
            `edgcn.skeleton.unseen`.
    """

    frames: Frames
    name: str
    segments: tuple[Segment, ...] = ()
    subject: str = ""
    camera: str = ""
    condition: str = ""
    split: str = ""
    scores: Float[np.ndarray, "t m v"] | None = None
    fps: float | None = None
    start: float = 0.0
    times: Float[np.ndarray, " t"] | None = None
    skeleton: str = ""
    hashes: UInt64[np.ndarray, " t"] | None = None
    note: str = ""
    unseen: dict[str, int] = field(default_factory=dict)


def trimmed(
    frames: Frames,
    name: str,
    *,
    label: int = -1,
    subject: str = "",
    camera: str = "",
    condition: str = "",
    split: str = "",
    scores: Float[np.ndarray, "t m v"] | None = None,
    skeleton: str = "",
) -> Recording:
    """A recording that is one clip: one segment from the first frame to the last.

    Args:
        label: index into the classes, -1 where unlabelled; the rest as in `Recording`.
    """
    return Recording(
        frames,
        name,
        (Segment(0, len(frames), label),),
        subject=subject,
        camera=camera,
        condition=condition,
        split=split,
        scores=scores,
        skeleton=skeleton,
    )


@dataclass(frozen=True)
class Skipped:
    """A file, recording or segment that could not be used; `known` where the data set lists it."""

    path: str
    reason: str
    known: bool = False


@dataclass(frozen=True)
class SplitRule:
    """Which clips train and which test, by one column. An empty side means: all the others."""

    by: Literal["subject", "camera", "split", "recording"]
    train: tuple[str, ...] = ()
    test: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recordings:
    """A data set as its reader sees it: what is known beforehand, and a stream of recordings.

    Args:
        recordings: read lazily; every file gives recordings or a `Skipped`, none is lost.
        total: how many items `recordings` will give, where that is known (for the progress bar).
        bodies: the most bodies a frame can have; fewer are padded with zeros in the store.
        dims: how many channels are geometry (3, or 2 when channel 3 is a confidence).
        splits: published splits by name; the first one is the default.
        sources: the files behind the recordings, for checksums.
        note: a caution printed wherever a number from this data is printed.
        skeletons: by the names that recordings know them by, where not all have `topology`; such
            recordings are converted to one skeleton before they are stored.
        doubt: whether a confidence of 0 says that a point was not seen, as a detector's does.
        remarks: what had to be assumed about the recordings; grows while they are read.
    """

    reader: str
    topology: Topology
    classes: tuple[str, ...]
    recordings: Iterable[Recording | Skipped]
    fps: float
    units: Literal["m", "px"] = "m"
    dims: int = 3
    bodies: int = 1
    total: int | None = None
    splits: dict[str, SplitRule] = field(default_factory=dict)
    sources: tuple[Path, ...] = ()
    note: str = ""
    skeletons: dict[str, Topology] = field(default_factory=dict)
    doubt: bool = True
    remarks: list[str] = field(default_factory=list)


def check_one_skeleton(recordings: Recordings) -> None:
    """Raise an `EdgcnError` where the recordings have several."""
    if any(own != recordings.topology for own in recordings.skeletons.values()):
        named = (f"{part} ({own.name})" for part, own in recordings.skeletons.items())
        raise EdgcnError(
            f"expected recordings of one skeleton, got {', '.join(named)}; convert them by joint "
            f"name to one that you choose, as in `--topology kinect_v1`"
        )


def fit_bodies(
    values: Shaped[np.ndarray, "t m *rest"], bodies: int
) -> Shaped[np.ndarray, "t bodies *rest"]:
    """The first bodies, and zeros for those that are absent; the same array where it fits."""
    length, given, *rest = values.shape
    if given >= bodies:
        return values[:, :bodies]
    padded = np.zeros((length, bodies, *rest), dtype=values.dtype)
    padded[:, :given] = values
    return padded


def with_hashes(recording: Recording, *, dims: int) -> Recording:
    """The recording with hashes of its frames as they are now, unless it has some already.

    Before its frames change (another topology), so that they are known wherever they turn up.

    Args:
        dims: how many channels are geometry.
    """
    if recording.hashes is not None:
        return recording
    return replace(recording, hashes=frame_hashes(recording.frames, dims=dims))


def frame_hashes(frames: Frames, *, dims: int) -> UInt64[np.ndarray, " t"]:
    """One number per frame that tells it from others: of all geometry; 0 where nothing is seen.

    A sum of mixed float32 words, each times a constant of its place (Carter & Wegman 1979, doi:
    10.1016/0022-0000(79)90044-8), so that bodies that are absent or padded change nothing.

    Args:
        dims: how many channels are geometry.
    """
    hashes, at = np.zeros(len(frames), dtype=np.uint64), 0
    constants = _constants(frames.shape[1], frames.shape[2], dims)
    for own in parts(frames, rows=PART):
        with np.errstate(invalid="ignore"):  # NaN is for others to refuse
            geometry = np.add(own[..., :dims], 0, dtype=np.float32)  # -0 is 0
        words = geometry.reshape(len(geometry), len(constants)).view(np.uint32).astype(np.uint64)
        part = hashes[at : at + len(own)]
        part[:] = _mix(np.einsum("tw,w->t", _mix(words), constants))
        zero = part == 0
        part[zero] = words[zero].any(axis=1)
        at += len(own)
    return hashes


def _mix(values: UInt64[np.ndarray, "*n"]) -> UInt64[np.ndarray, "*n"]:
    """Spread every bit over the word; one to one, and 0 to 0."""
    mixed = values * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    return mixed


@lru_cache(maxsize=64)
def _constants(bodies: int, joints: int, channels: int) -> UInt64[np.ndarray, " words"]:
    """An odd constant for each place; the same for a body however many there are."""
    m, v, c = np.indices((bodies, joints, channels), dtype=np.uint64)
    place = (m << np.uint64(32)) + (v << np.uint64(8)) + c + np.uint64(1)
    return (_mix(_mix(_mix(place))) | np.uint64(1)).ravel()
