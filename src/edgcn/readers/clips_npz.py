"""`clips.npz`, the interchange of this project: one file with all clips end to end, no pickles.

frames (sum T[, M], V, C) and lengths (N,) -> N trimmed recordings (T, M, V, 3). Keys:
    needed    frames, lengths, labels (-1 = unlabelled), classes, subjects, names, joints, fps
    optional  scores (sum T[, M], V), bones (B, 2) of (child, parent) indices into joints,
              cameras, conditions, splits (N,)
Other keys are ignored. Recordings are views of the frames.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Shaped

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.files import writing
from edgcn.base.words import count
from edgcn.readers.crowds import (
    MOST_BODIES,
    bodies_seen,
    check_most,
    crowd_note,
    most_seen,
)
from edgcn.readers.flat import seen, with_confidence
from edgcn.readers.npz_arrays import Arrays
from edgcn.readers.npz_topology import arrange
from edgcn.readers.skeletons import DETECTORS, LOOKED_AT, Bodies, check_joints, guess
from edgcn.readers.tags import split_note, split_rules
from edgcn.skeleton.recording import Recording, Recordings, Skipped, fit_bodies, trimmed
from edgcn.skeleton.topology import Topology

_NEEDED = ("frames", "lengths", "labels", "classes", "subjects", "names", "joints", "fps")
_OPTIONAL = ("scores", "bones", "cameras", "conditions", "splits")
_TEXT = ("subjects", "names", "cameras", "conditions", "splits")


def read_clips_npz(
    path: Path,
    *,
    dims: Literal[2, 3] | None = None,
    topology: Topology | None = None,
    max_bodies: int = MOST_BODIES,
) -> Recordings:
    """All clips of a `clips.npz`.

    The file has no field for units: 2 channels are pixels, and become x, y and a confidence (the
    scores, or 1 for all but (0, 0)). 3 channels without scores are x, y in pixels and confidence
    where the third is within 0..1, and either the layout is that of a 2-D detector (body_25,
    coco_17, ...) or x and y exceed 10. All else is meters.

    Args:
        dims: how many channels are geometry, where the rule above is wrong.
        topology: what the joints are, whatever `joints` and `bones` say.
        max_bodies: how many bodies of a clip are kept, those with most joints seen.

    Raises:
        EdgcnError: no such file.
        FileError: no npz, keys missing, or arrays that do not fit each other.
    """
    check_most(max_bodies)
    arrays = Arrays(path, _NEEDED, _OPTIONAL)
    _check(arrays)
    check_joints(path, len(arrays["joints"]), topology)
    remarks: list[str] = []
    if topology is None:
        topology, remarks = arrange(arrays)
    channels, note = arrays["frames"].shape[-1], ""
    if dims is None and "scores" in arrays:
        dims = 3 if channels == 3 else 2
    elif dims is None:
        taken = guess(path, _sample(arrays["frames"]), topology)
        dims = taken.dims
        if channels == 3 and (dims == 2 or topology in DETECTORS):
            third = "a confidence" if dims == 2 else "the depth"
            note = f"channel 3 is taken for {third} (--options dims {5 - dims} where it is not)"
    if dims > channels:
        raise FileError(path, f"expected 3 channels for dims=3, got {channels}")
    tags = arrays["splits"].tolist() if "splits" in arrays else []
    rules = split_rules(sorted(set(" ".join(tags).split())))
    crowd = crowd_note(bodies_seen(arrays["frames"], arrays["lengths"]), max_bodies)
    bodies = min(arrays["frames"].shape[1], max_bodies)
    return Recordings(
        reader="clips_npz",
        topology=topology,
        classes=tuple(arrays["classes"].tolist()),
        recordings=_recordings(arrays, dims, bodies),
        fps=arrays.fps,
        units="m" if dims == 3 else "px",
        dims=dims,
        bodies=bodies,
        total=len(arrays["lengths"]),
        splits=rules,
        sources=(path,),
        note="; ".join(filter(None, (note, split_note(rules, tags), crowd))),
        remarks=remarks,
    )


def _sample(frames: Shaped[np.ndarray, "total m v c"]) -> Bodies:
    """Some bodies from all over the file."""
    some = frames[:: max(1, len(frames) // LOOKED_AT)].astype(np.float32)
    return some.reshape(-1, *some.shape[2:])


def _check(arrays: Arrays) -> None:
    """Raise a `FileError` for the first array that does not fit."""
    arrays.expect_frames()
    arrays.expect_kind("U", _TEXT)
    arrays.expect_kind("iu", ("labels",))
    arrays.expect_kind("fiu", ("scores",))
    arrays.expect_shape(("labels", *_TEXT), arrays["lengths"].shape)
    arrays.expect_shape(("scores",), arrays["frames"].shape[:3])
    labels, classes = arrays["labels"], len(arrays["classes"])
    wrong = np.flatnonzero((labels < -1) | (labels >= classes))
    if len(wrong):
        raise FileError(
            arrays.path,
            f"expected labels -1..{classes - 1} for {count(classes, 'class')}, got "
            f"{labels[wrong[0]]} for clip {arrays['names'][wrong[0]]} ({len(wrong)} such clips)",
        )


def _recordings(arrays: Arrays, dims: int, bodies: int) -> Iterator[Recording | Skipped]:
    """One clip after the other, as views where every point and body is kept."""
    frames = arrays["frames"].astype(np.float32, copy=False)
    scores = arrays.get("scores")
    ends = np.cumsum(arrays["lengths"], dtype=np.int64).tolist()
    for i, (start, end) in enumerate(pairwise([0, *ends])):
        text = {key[:-1]: str(arrays[key][i]) for key in _TEXT if key in arrays}
        if start == end:
            yield Skipped(f"{arrays.path}#{text['name']}", "a clip of 0 frames")
            continue
        part = None if scores is None else scores[start:end].astype(np.float32, copy=False)
        flat, own = frames.shape[3] == 2, frames[start:end]
        if own.shape[1] > bodies:
            chosen = most_seen(own, bodies)
            own, part = own[:, chosen], None if part is None else part[:, chosen]
        if flat:
            own = with_confidence(own, part)
        elif part is not None or dims == 2:
            own = seen(own, part)
        yield trimmed(
            own,
            scores=None if flat else part,
            label=int(arrays["labels"][i]),
            **text,
        )


def write_clips_npz(
    path: Path,
    recordings: Iterable[Recording],
    *,
    topology: Topology,
    classes: tuple[str, ...],
    fps: float,
    dims: Literal[2, 3] = 3,
) -> None:
    """Write each segment as a clip; `read_clips_npz` gives trimmed recordings back as they were.

    With `dims` 2 the confidence is written as scores; recordings must not have others beside it.
    Bodies are padded with zeros to the most that a clip has.

    Args:
        fps: frames per second of all clips: the file has one rate.

    Raises:
        EdgcnError: no segments, only some with scores, or recordings of other frame rates.
    """
    cut = [(part, segment) for part in recordings for segment in part.segments]
    if not cut:
        raise EdgcnError(f"expected segments to write to {path}, got none")
    odd = {part.name for part, _ in cut if part.times is not None or part.fps not in (None, fps)}
    if odd:
        raise EdgcnError(
            f"expected recordings of {fps:g} frames per second, evenly spaced: {path.name} has one "
            f"rate for all; {sorted(odd)[0]!r} is not ({len(odd)} such recordings)"
        )
    scored = sum(part.scores is not None for part, _ in cut)
    if scored not in ((0,) if dims == 2 else (0, len(cut))):
        raise EdgcnError(
            f"expected scores in {'none' if dims == 2 else 'all or none'} of the "
            f"{len(cut)} clips, got them in {scored}"
        )
    for part, _ in cut:
        confidence = part.frames[..., 2] if dims == 2 else part.scores
        visible = part.frames[..., :dims].any(axis=-1)
        if confidence is not None and (visible & (confidence <= 0)).any():
            raise EdgcnError(
                f"{part.name!r} has points with a confidence of 0, which {path.name} takes for "
                f"not seen; leave the scores out, or give such points as 0 0 0"
            )
    spans = [(part, slice(segment.start, segment.stop)) for part, segment in cut]
    members: dict[str, Any] = {
        "frames": _end_to_end([part.frames[span, ..., :dims] for part, span in spans]),
        "lengths": np.array([segment.stop - segment.start for _, segment in cut]),
        "labels": np.array([segment.label for _, segment in cut]),
        "classes": np.array(classes, dtype=str),
        "joints": np.array(topology.joints),
        "bones": np.array(topology.edges).reshape(-1, 2),
        "fps": np.array(fps),
        "names": _text(segment.name or part.name for part, segment in cut),
        "subjects": _text(segment.person or part.subject for part, segment in cut),
        "cameras": _text(part.camera for part, _ in cut),
        "conditions": _text(segment.condition or part.condition for part, segment in cut),
        "splits": _text(part.split for part, _ in cut),
    }
    if dims == 2:
        members["scores"] = _end_to_end([part.frames[span, ..., 2] for part, span in spans])
    elif scored:
        members["scores"] = _end_to_end(
            [part.scores[span] for part, span in spans if part.scores is not None]
        )
    with writing(path) as unfinished, unfinished.open("wb") as file:
        np.savez_compressed(file, **members)


def _text(values: Iterable[str]) -> np.ndarray:
    return np.array(list(values), dtype=str)


def _end_to_end(arrays: list[Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
    """(T, M, ...) of each clip -> (sum T, most M, ...); the M axis is left out where M is 1."""
    bodies = max(array.shape[1] for array in arrays)
    joined = np.concatenate([fit_bodies(array, bodies) for array in arrays])
    return joined if bodies > 1 else joined[:, 0]
