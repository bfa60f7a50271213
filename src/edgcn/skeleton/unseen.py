"""What counts as a joint that was not seen, the same for every reader: it becomes exactly 0.

Tools write it in many ways: NaN (arrays, DeepLabCut), a confidence of 0 (detectors), -1 or -999 in
every channel, 1e20. All geometry of such a point is set to 0, and the points are counted by reason.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from edgcn.base.spool import by_parts, parts
from edgcn.skeleton.recording import Frames, Recording

FAR = 1e5  # further than a person can be, whether in meters, millimeters or pixels
MARKS = (-1, -9, -99, -999, -9999, -99999)  # in every channel: written for "not seen"

NAN = "NaN"
BEYOND = f"coordinates that are infinite or beyond {FAR:,.0f}"
MARKED = "a mark for not seen (such as -1 in every channel)"
DOUBTED = "a confidence of 0"
CORNER = "a confidence above 0 at 0 0"
WRONG = (BEYOND,)  # reasons that no tool writes on purpose


def without_unseen(recording: Recording, *, dims: int, doubt: bool = True) -> Recording:
    """The recording with 0 for what was not seen; `unseen` counts the points by reason.

    Args:
        dims: how many channels are geometry; where a third one is not, it is a confidence.
        doubt: whether a confidence of 0 says that a point was not seen.
    """
    frames, found = recording.frames, dict(recording.unseen)
    if frames.ndim != 4 or frames.shape[3] < dims or not frames.size:
        return recording  # for the writer to refuse
    counts = Counter(found)
    for part in parts(frames):
        counts.update({why: int(at.sum()) for why, at in _reasons(part, dims, doubt).items()})
    if counts == Counter(found):
        return recording

    def mended(part: Frames) -> Frames:
        whole = part.copy()
        for points in _reasons(part, dims, doubt).values():
            whole[points] = 0
        return whole

    return replace(recording, frames=by_parts(frames, mended), unseen=dict(counts))


def _at_the_corner(frames: Frames, dims: int) -> dict[str, Bool[np.ndarray, "t m v"]]:
    """The points of a picture that are nowhere, and yet have a confidence."""
    if dims != 2 or frames.shape[3] == 2:
        return {}
    return {CORNER: (frames[..., 0] == 0) & (frames[..., 1] == 0) & (frames[..., 2] > 0)}


def _reasons(frames: Frames, dims: int, doubt: bool) -> dict[str, Bool[np.ndarray, "t m v"]]:
    """The points that were not seen, each under the first reason that holds."""
    geometry, found = frames[..., :dims], _at_the_corner(frames, dims)
    with np.errstate(invalid="ignore"):
        if not max(frames.max(), -frames.min()) < FAR:  # NaN is not less, either
            nan = np.isnan(frames).any(-1)
            found[NAN] = nan
            found[BEYOND] = (np.abs(frames) >= FAR).any(-1) & ~nan
        equal = geometry[..., 0] < 0
        if equal.any():
            equal &= (geometry == geometry[..., :1]).all(-1)
    if equal.any():
        found[MARKED] = equal & np.isin(geometry[..., 0], MARKS)
    if dims < frames.shape[3] and doubt and (unsure := frames[..., dims] == 0).any():
        found[DOUBTED] = unsure & seen(frames, dims=dims)
    return {reason: points for reason, points in found.items() if points.any()}


def seen(frames: Frames, *, dims: int) -> Bool[np.ndarray, "t m v"]:
    """Which points were seen: any of their geometry channels is not 0."""
    there = frames[..., 0] != 0
    for channel in range(1, dims):  # much faster than `any` over a short axis
        there |= frames[..., channel] != 0
    return np.asarray(there)
