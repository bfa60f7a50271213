"""Which bodies of an NTU recording are people, and which slot each gets.

tracks by id -> without ghosts (length, then spread), most motion first -> slots. The thresholds are
those of the preprocessing published with CTR-GCN (Chen et al., ICCV 2021).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

SHORTEST = 11  # a body seen in so many frames or fewer is a ghost
WIDEST = 0.8  # a frame whose x spread is over this part of its y spread is not a person
MOST_WIDE = 0.69754  # a body with at least this part of such frames is a ghost


class Track(NamedTuple):
    """One body id: the frames it is seen in, and its joints there."""

    frames: Int[np.ndarray, "seen"]
    joints: Float[np.ndarray, "seen v 3"]


def denoise(tracks: list[Track]) -> list[Track]:
    """Leave out ghosts by length and spread, the one with the most motion first; never all."""
    if len(tracks) > 1:
        tracks = [track for track in tracks if len(track.frames) > SHORTEST] or tracks
    if len(tracks) > 1:
        tracks = [track for track in tracks if not _is_wide(track)] or tracks
    return sorted(tracks, key=_motion, reverse=True)


def _is_wide(track: Track) -> bool:
    """Whether too many frames are wider than a person, who is taller than wide."""
    spread = np.ptp(track.joints, axis=1)
    return bool(np.mean(spread[:, 0] > WIDEST * spread[:, 1]) >= MOST_WIDE)


def _motion(track: Track) -> float:
    """Sum over joints and axes of the variance over the frames seen."""
    return float(track.joints.var(axis=0).sum())


def seat(tracks: list[Track], total: int, max_bodies: int) -> list[list[Track]]:
    """Put each track into the first body slot that is free in all of its frames.

    Kinect gives a person who was lost a new id, so that ids which never overlap share a slot.
    """
    taken = np.zeros((max_bodies, total), dtype=bool)
    seats: list[list[Track]] = [[] for _ in range(max_bodies)]
    for track in tracks:
        free = np.flatnonzero(~taken[:, track.frames].any(axis=1))
        if len(free):
            seats[free[0]].append(track)
            taken[free[0], track.frames] = True
    return seats
