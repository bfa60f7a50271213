"""`clips.npz`, the interchange of this project: one file with all clips end to end, no pickles.

frames (sum T[, M], V, C) and lengths (N,) -> N clips (T, M, V, 3). Keys:
    needed    frames, lengths, labels (-1 = unlabelled), classes, subjects, names, joints, fps
    optional  scores (sum T[, M], V), bones (B, 2) of (child, parent) indices into joints,
              cameras, conditions, splits (N,)
Other keys are ignored. A compressed member of an npz can only be read whole: the frames are held in
memory once, and clips are views of them.
"""

import zipfile
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Shaped

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.flat import geometry, with_confidence
from edgcn.readers.npz_topology import find_topology
from edgcn.readers.tags import split_rules
from edgcn.skeleton.recording import Clip, Recordings, Skipped
from edgcn.skeleton.topology import Topology

_NEEDED = ("frames", "lengths", "labels", "classes", "subjects", "names", "joints", "fps")
_OPTIONAL = ("scores", "bones", "cameras", "conditions", "splits")
_TEXT = ("classes", "subjects", "names", "joints", "cameras", "conditions", "splits")
_PER_CLIP = ("labels", "subjects", "names", "cameras", "conditions", "splits")

Array = Shaped[np.ndarray, "..."]
Members = dict[str, Array]


def read_clips_npz(path: Path, *, dims: Literal[2, 3] | None = None) -> Recordings:
    """All clips of a `clips.npz`.

    The file has no field for units: 2 channels are pixels, and become x, y and a confidence (the
    scores, or 1 for all but (0, 0)). 3 channels without scores, in a layout of a 2-D detector
    (body_25, miga_22, coco_17), are x, y in pixels and confidence. All else is meters.

    Args:
        dims: how many channels are geometry, where the rule above is wrong.

    Raises:
        EdgcnError: no such file.
        FileError: no npz, keys missing, or arrays that do not fit each other.
    """
    members = _load(path)
    _check(path, members)
    topology = find_topology(path, tuple(members["joints"].tolist()), members.get("bones"))
    channels = members["frames"].shape[-1]
    if dims is None:
        dims = 3 if channels == 3 and ("scores" in members or geometry(topology, 3) == 3) else 2
    if dims > channels:
        raise FileError(path, f"expected 3 channels for dims=3, got {channels}")
    return Recordings(
        reader="clips_npz",
        topology=topology,
        classes=tuple(members["classes"].tolist()),
        clips=_clips(path, members),
        fps=float(members["fps"]),
        units="m" if dims == 3 else "px",
        dims=dims,
        bodies=members["frames"].shape[1],
        total=len(members["lengths"]),
        splits=split_rules(sorted(set(" ".join(members.get("splits", np.array([]))).split()))),
        sources=(path,),
    )


def write_clips_npz(
    path: Path,
    clips: Iterable[Clip],
    *,
    topology: Topology,
    classes: tuple[str, ...],
    fps: float,
    dims: Literal[2, 3] = 3,
) -> None:
    """Write clips so that `read_clips_npz` gives the same ones back.

    With `dims` 2 the confidence is written as scores; clips must not have others beside it. Bodies
    are padded with zeros to the most that a clip has.

    Raises:
        EdgcnError: no clips, or only some of them have scores.
    """
    kept = list(clips)
    if not kept:
        raise EdgcnError(f"expected clips to write to {path}, got none")
    scored = sum(clip.scores is not None for clip in kept)
    if scored not in ((0,) if dims == 2 else (0, len(kept))):
        raise EdgcnError(
            f"expected scores in {'none' if dims == 2 else 'all or none'} of the "
            f"{len(kept)} clips, got them in {scored}"
        )
    members: dict[str, Any] = {
        "frames": _end_to_end([clip.frames[..., :dims] for clip in kept]),
        "lengths": np.array([len(clip.frames) for clip in kept]),
        "labels": np.array([clip.label for clip in kept]),
        "classes": np.array(classes, dtype=str),
        "joints": np.array(topology.joints),
        "bones": np.array(topology.edges).reshape(-1, 2),
        "fps": np.array(fps),
    }
    for key in ("subject", "name", "camera", "condition", "split"):
        members[f"{key}s"] = np.array([getattr(clip, key) for clip in kept], dtype=str)
    if dims == 2:
        members["scores"] = _end_to_end([clip.frames[..., 2] for clip in kept])
    elif scored:
        members["scores"] = _end_to_end([clip.scores for clip in kept if clip.scores is not None])
    unfinished = path.with_name(path.name + ".part")  # a crash leaves no half file under the name
    with unfinished.open("wb") as file:
        np.savez_compressed(file, **members)
    unfinished.replace(path)


def _end_to_end(arrays: list[Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
    """(T, M, ...) of each clip -> (sum T, most M, ...); the M axis is left out where M is 1."""
    bodies = max(array.shape[1] for array in arrays)
    joined = np.zeros(
        (sum(map(len, arrays)), bodies, *arrays[0].shape[2:]), dtype=np.result_type(*arrays)
    )
    start = 0
    for array in arrays:
        joined[start : start + len(array), : array.shape[1]] = array
        start += len(array)
    return joined if bodies > 1 else joined[:, 0]


def _load(path: Path) -> Members:
    """The known members of the file; frames and scores with an M axis."""
    if not path.is_file():
        raise EdgcnError(f"expected a clips.npz file at {path}, found no such file")
    members: Members = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            keys = file.files
            missing = [key for key in _NEEDED if key not in keys]
            if missing:
                raise FileError(
                    path, f"expected the keys {', '.join(_NEEDED)}, without {', '.join(missing)}"
                )
            for key in (*_NEEDED, *_OPTIONAL):
                if key in keys:
                    members[key] = _member(path, key, file)
    except (zipfile.BadZipFile, EOFError, AttributeError, TypeError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        # numpy takes whatever it does not know for a pickle, and advises to trust it
        found = "another kind of file" if "pickle" in str(error) else str(error)
        raise FileError(path, f"expected an npz file, got {found}") from None
    if members["frames"].ndim == 3:
        members["frames"] = members["frames"][:, None]
        if "scores" in members and members["scores"].ndim == 2:
            members["scores"] = members["scores"][:, None]
    return members


def _member(path: Path, key: str, file: Any) -> Array:
    """One array of the file."""
    try:
        array: Array = file[key]
    except ValueError as error:
        if "pickle" not in str(error):
            raise
        raise FileError(
            path,
            f"{key}: expected plain numbers or text, got pickled objects; "
            f"save it with np.asarray({key}, dtype={'str' if key in _TEXT else 'float or int'})",
        ) from None
    return array


def _check(path: Path, members: Members) -> None:
    """Raise a `FileError` for the first array that does not fit."""
    lengths, frames = members["lengths"], members["frames"]
    expect = _Expect(path, members)
    expect.kind("U", *_TEXT)
    expect.kind("iu", "lengths", "labels", "bones")
    expect.kind("fiu", "frames", "scores", "fps")
    expect.that("fps", members["fps"].size == 1 and members["fps"] > 0, "one number above 0")
    expect.that("lengths", lengths.ndim == 1 and (lengths >= 0).all(), "(N,) numbers >= 0")
    expect.that("classes", members["classes"].ndim == 1, "(K,) names")
    expect.that("joints", members["joints"].ndim == 1, "(V,) names")
    for key in _PER_CLIP:
        expect.shape(key, lengths.shape)
    joints = len(members["joints"])
    expect.that(
        "frames",
        frames.ndim == 4 and frames.shape[2] == joints and frames.shape[3] in (2, 3),
        f"(sum T[, M], {joints}, 2 or 3)",
    )
    expect.that("frames", len(frames) == lengths.sum(), f"{lengths.sum()} frames, as lengths say")
    expect.shape("scores", frames.shape[:3])
    expect.that("bones", members.get("bones", np.zeros((0, 2))).shape[1:] == (2,), "(B, 2)")
    labels, classes = members["labels"], len(members["classes"])
    wrong = np.flatnonzero((labels < -1) | (labels >= classes))
    if len(wrong):
        raise FileError(
            path,
            f"expected labels -1..{classes - 1} for {classes} classes, got {labels[wrong[0]]} for "
            f"clip {members['names'][wrong[0]]} ({len(wrong)} such clips)",
        )


class _Expect:
    """Checks that name the array and what it is instead."""

    def __init__(self, path: Path, members: Members) -> None:
        self.path, self.members = path, members

    def that(self, key: str, holds: Any, expected: str) -> None:
        if not holds:
            array = self.members[key]
            raise FileError(
                self.path, f"{key}: expected {expected}, got {array.dtype} {array.shape}"
            )

    def kind(self, kinds: str, *keys: str) -> None:
        names = {"U": "text", "iu": "whole numbers", "fiu": "numbers"}
        for key in self.members.keys() & set(keys):
            self.that(key, self.members[key].dtype.kind in kinds, names[kinds])

    def shape(self, key: str, shape: tuple[int, ...]) -> None:
        if key in self.members:
            self.that(key, self.members[key].shape == shape, f"shape {shape}")


def _clips(path: Path, members: Members) -> Iterator[Clip | Skipped]:
    """One clip after the other, as views."""
    frames = members["frames"].astype(np.float32, copy=False)
    scores = members.get("scores")
    ends = np.cumsum(members["lengths"], dtype=np.int64).tolist()
    for i, (start, end) in enumerate(pairwise([0, *ends])):
        text = {key: str(members[key][i]) if key in members else "" for key in _PER_CLIP[1:]}
        if start == end:
            yield Skipped(f"{path}#{text['names']}", "a clip of 0 frames")
            continue
        part = None if scores is None else scores[start:end].astype(np.float32, copy=False)
        flat = frames.shape[3] == 2
        yield Clip(
            frames=with_confidence(frames[start:end], part) if flat else frames[start:end],
            scores=None if flat else part,
            name=text["names"],
            label=int(members["labels"][i]),
            subject=text["subjects"],
            camera=text["cameras"],
            condition=text["conditions"],
            split=text["splits"],
        )
