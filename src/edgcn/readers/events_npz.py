"""`events.npz`: long recordings end to end with annotated gestures in them, no pickles.

frames (sum T[, M], V, C) and lengths (R,) -> R whole recordings (T, M, V, 3), a segment per event.
    needed    frames, lengths, fps, joints, recordings, subjects (R,), classes, units;
              rec, label, start_frame, end_frame (E,): frames from 0, the last one included
    optional  bones (B, 2) of (child, parent) indices into joints, splits (R,),
              start, end (E,): the same in seconds, end open, which must agree with the frames
Other keys are ignored. Recordings are views of the frames.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from edgcn.base.errors import FileError
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
from edgcn.readers.skeletons import is_confidence
from edgcn.readers.tags import split_note, split_rules
from edgcn.skeleton.recording import Recording, Recordings, Segment, Skipped

_PER_RECORDING = ("recordings", "subjects", "splits")
_PER_EVENT = ("rec", "label", "start_frame", "end_frame", "start", "end")
_NEEDED = (
    "frames", "lengths", "fps", "joints", "classes", "units", *_PER_RECORDING[:2], *_PER_EVENT[:4],
)  # fmt: skip
_UNITS = {"meters": "m", "m": "m", "pixels": "px", "px": "px"}
NOBODY = "unknown"  # a subject who is not given


def read_events_npz(path: Path, *, max_bodies: int = MOST_BODIES) -> Recordings:
    """Long recordings and the events in them.

    Pixels are x, y and confidence (1 for all but (0, 0) where there are 2 channels). A subject
    "unknown" is nobody. Where `splits` has train and test, they are the rule `given`.

    Args:
        max_bodies: how many bodies of a recording are kept, those with most joints seen.

    Raises:
        EdgcnError: no such file.
        FileError: no npz, keys missing, or arrays that do not fit each other.
    """
    check_most(max_bodies)
    arrays = Arrays(path, _NEEDED, ("bones", "splits", "start", "end"))
    _check(arrays)
    units = _UNITS[str(arrays["units"])]
    topology, remarks = arrange(arrays)
    tags = arrays["splits"].tolist() if "splits" in arrays else []
    rules = split_rules(sorted(set(tags)))
    crowd = crowd_note(bodies_seen(arrays["frames"], arrays["lengths"]), max_bodies)
    note = "; ".join(filter(None, (split_note(rules, tags), crowd)))
    bodies = min(arrays["frames"].shape[1], max_bodies)
    if "split" in rules:
        rules = {"given": rules["split"]}
    return Recordings(
        reader="events_npz",
        topology=topology,
        classes=tuple(arrays["classes"].tolist()),
        recordings=_recordings(arrays, bodies),
        fps=arrays.fps,
        units="m" if units == "m" else "px",
        dims=3 if units == "m" else 2,
        bodies=bodies,
        total=len(arrays["lengths"]),
        splits=rules,
        sources=(path,),
        note=note,
        remarks=remarks,
    )


def _check(arrays: Arrays) -> None:
    """Raise a `FileError` for the first array that does not fit; not single events."""
    arrays.expect_frames()
    arrays.expect_kind("U", ("units", *_PER_RECORDING))
    arrays.expect("units", arrays["units"].ndim == 0, "one word")
    arrays.expect_kind("iu", _PER_EVENT[:4])
    arrays.expect_kind("fiu", _PER_EVENT[4:])
    arrays.expect_shape(_PER_RECORDING, arrays["lengths"].shape)
    arrays.expect("rec", arrays["rec"].ndim == 1, "(E,) numbers")
    arrays.expect_shape(_PER_EVENT, arrays["rec"].shape)
    rec, recordings, units = arrays["rec"], len(arrays["lengths"]), str(arrays["units"])
    inside = ((rec >= 0) & (rec < recordings)).all()
    arrays.expect("rec", inside, f"indices 0..{recordings - 1} of recordings")
    if units not in _UNITS:
        raise FileError(arrays.path, f"units: expected {' or '.join(_UNITS)}, got {units!r}")
    channels = arrays["frames"].shape[3]
    if _UNITS[units] == "m" and channels != 3:
        raise FileError(arrays.path, f"frames: expected 3 channels of {units}, got {channels}")
    third = arrays["frames"][..., 2:]
    if _UNITS[units] == "px" and third.size and not is_confidence(third):
        got = f"numbers within {third.min():g}..{third.max():g}"
        reason = f"frames: expected x, y and a confidence within 0..1 for {units}, got {got}"
        raise FileError(arrays.path, reason)
    if (arrays["label"] == (classes := len(arrays["classes"]))).any():
        reason = f"label: expected 0..{classes - 1}, got {classes}: labels count from 0 here"
        raise FileError(arrays.path, reason)


def _recordings(arrays: Arrays, bodies: int) -> Iterator[Recording | Skipped]:
    """One recording after the other, as views, each after its events that cannot be used."""
    frames = arrays["frames"].astype(np.float32, copy=False)
    pixels = _UNITS[str(arrays["units"])] == "px"
    ends = np.cumsum(arrays["lengths"], dtype=np.int64).tolist()
    for index, (start, end) in enumerate(pairwise([0, *ends])):
        name, subject = (str(arrays[key][index]) for key in ("recordings", "subjects"))
        where = f"{arrays.path}#{name}"
        if start == end:
            yield Skipped(where, "a recording of 0 frames")
            continue
        segments = []
        for count, event in enumerate(np.flatnonzero(arrays["rec"] == index).tolist(), 1):
            if reason := _problem(arrays, event, end - start):
                yield Skipped(f"{where} event {count}", reason)
                continue
            first, last, label = (
                int(arrays[key][event]) for key in ("start_frame", "end_frame", "label")
            )
            segments.append(Segment(first, last + 1, label, f"{name}_{count:03d}"))
        part = frames[start:end]
        if part.shape[1] > bodies:
            part = part[:, most_seen(part, bodies)]
        if pixels:
            part = with_confidence(part) if part.shape[3] == 2 else seen(part)
        yield Recording(
            part,
            name,
            tuple(segments),
            subject="" if subject == NOBODY else subject,
            split=str(arrays["splits"][index]) if "splits" in arrays else "",
        )


def _problem(arrays: Arrays, event: int, total: int) -> str:
    """Why an event of a recording of so many frames cannot be used, or nothing."""
    first, last, label = (arrays[key][event] for key in ("start_frame", "end_frame", "label"))
    if not 0 <= first <= last < total:
        return f"expected frames in order within 0..{total - 1}, got {first}..{last}"
    if not 0 <= label < len(arrays["classes"]):
        return f"expected a label 0..{len(arrays['classes']) - 1}, got {label}"
    for key, frame in (("start", first), ("end", last + 1)):
        if key in arrays and not abs(arrays[key][event] * arrays.fps - frame) <= 1:
            return f"{key} {arrays[key][event]:g} s is not frame {frame} at {arrays.fps:g} fps"
    return ""
