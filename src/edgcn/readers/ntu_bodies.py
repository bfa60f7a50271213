"""Which bodies of an NTU recording are people, and which slot each gets.

tracks by id -> without ghosts (length, then spread), most motion first -> slots. The thresholds are
those of the preprocessing published with CTR-GCN (Chen et al., ICCV 2021).
"""

from itertools import combinations
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


def follow(seats: list[list[Track]]) -> list[list[Track]]:
    """Let each slot go on with who was near: two people may both be lost and get new ids.

    From where two slots both have a new id, they change places if that is nearer. The slot of the
    main actor's track, the first one, stays the first.
    """
    seats = [sorted(tracks, key=_start) for tracks in seats]
    main = max(seats[0], key=_motion, default=None)
    for one, other in combinations(range(len(seats)), 2):
        for start in sorted(map(_start, seats[one] + seats[other])):
            parts, others = _parted(seats[one], start), _parted(seats[other], start)
            if parts and others:
                (a, b), (c, d) = parts, others
                if _step(a, d) + _step(c, b) < _step(a, b) + _step(c, d):
                    seats[one], seats[other] = a + d, c + b
    return sorted(seats, key=lambda tracks: all(track is not main for track in tracks))


def _start(track: Track) -> int:
    return int(track.frames[0])


def _parted(tracks: list[Track], start: int) -> tuple[list[Track], list[Track]] | None:
    """Tracks that end before a frame, and the others, if both are and no track is in both."""
    before = [track for track in tracks if track.frames[-1] < start]
    after = [track for track in tracks if track.frames[0] >= start]
    whole = before and after and len(before) + len(after) == len(tracks)
    return (before, after) if whole else None


def _step(before: list[Track], after: list[Track]) -> float:
    """Mean distance of the joints from where some tracks end to where others begin."""
    return float(np.linalg.norm(after[0].joints[0] - before[-1].joints[-1], axis=-1).mean())
