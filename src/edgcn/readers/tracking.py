"""Which of the people in each frame is the subject: tracks of people, and the surest one of them.

people of each frame, (V, 3) each: x, y, confidence -> tracks -> (T, 1, V, 3) and what to say of it

A track takes the person that stands where its own was seen last, however long ago that is. Whoever
is further away is someone else: a subject who is hidden is missing, and nobody takes their place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from edgcn.skeleton.recording import Frames

LATELY = 15  # frames that tell how large somebody is
REACH = 0.3  # joints that move further between frames, in body sizes, are someone else's (ours)

Person = Float[np.ndarray, "v 3"]


@dataclass
class Track:
    """One person through the frames: what was seen in which, the last of them last."""

    people: dict[int, Person]

    @property
    def latest(self) -> Person:
        """As they were last seen."""
        return next(reversed(self.people.values()))

    @property
    def size(self) -> float:
        """As they were lately, also where now only their face is seen."""
        lately = islice(reversed(self.people.values()), LATELY)
        return float(np.median([_size(person[_seen(person)]) for person in lately]))

    @property
    def confidence(self) -> float:
        """Summed over frames: with frames unseen counted as 0, this orders as the mean does."""
        return sum(float(person[:, 2].mean()) for person in self.people.values())


class Followed(NamedTuple):
    """The subject of a recording, and in words what else was seen in it."""

    frames: Frames
    note: str


def follow(people: Sequence[Sequence[Person]], joints: int) -> Followed:
    """The subject, who is the surest person: float32 (T, 1, V, 3), 0 where they are missing.

    Args:
        people: everybody who is seen in each frame; joints not seen are 0.
    """
    tracks: list[Track] = []
    for frame, persons in enumerate(people):
        _extend(tracks, frame, persons)
    frames = np.zeros((len(people), 1, joints, 3), dtype=np.float32)
    if not tracks:
        return Followed(frames, "")
    subject = max(tracks, key=lambda track: track.confidence)
    for frame, person in subject.people.items():
        frames[frame, 0] = person
    return Followed(frames, _note(people, tracks, subject))


def _extend(tracks: list[Track], frame: int, people: Sequence[Person]) -> None:
    """Give each person to the nearest track within reach; the rest begin new tracks."""
    pairs = sorted(
        (distance, t, p)
        for t, track in enumerate(tracks)
        for p, person in enumerate(people)
        if (distance := _distance(track, person)) <= REACH
    )
    owners: dict[int, int] = {}
    for _, t, p in pairs:
        if t not in owners.values() and p not in owners:
            owners[p] = t
    for p, person in enumerate(people):
        if p in owners:
            tracks[owners[p]].people[frame] = person
        else:
            tracks.append(Track({frame: person}))


def _distance(track: Track, other: Person) -> float:
    """How far somebody is from a track, in body sizes: the mean over the joints that both show.

    One false joint counts as a whole body at most. Without a joint in common, from the middle of
    what is seen of one to that of the other.
    """
    one = track.latest
    seen, seen_too = _seen(one), _seen(other)
    size = max(track.size, _size(other[seen_too]))
    both = seen & seen_too
    if both.any():
        steps = np.linalg.norm(one[both, :2] - other[both, :2], axis=1)
    else:
        middle, middle_too = one[seen, :2].mean(axis=0), other[seen_too, :2].mean(axis=0)
        steps = np.linalg.norm(middle - middle_too, keepdims=True)
    return float(np.minimum(steps / max(size, 1e-9), 1).mean())


def _seen(person: Person) -> Bool[np.ndarray, " v"]:
    return np.asarray(person[:, 2] > 0)


def _size(points: Float[np.ndarray, "seen 3"]) -> float:
    """Diagonal of the box around what is seen, in pixels."""
    return float(np.linalg.norm(np.ptp(points[:, :2], axis=0)))


def _note(people: Sequence[Sequence[Person]], tracks: list[Track], subject: Track) -> str:
    """In how many frames the subject is missing, and whether others were to be seen; or nothing."""
    total, missing = len(people), len(people) - len(subject.people)
    others = sum(1 for frame, seen in enumerate(people) if seen and frame not in subject.people)
    said = []
    if missing:
        said.append(f"the subject is missing in {missing} of {total} frames")
    if others:
        said.append(f"in {others} of these is someone else, or the picture jumps")
    rivals = [t for t in tracks if t is not subject and 2 * len(t.people) > len(subject.people)]
    beside = max((len(t.people.keys() & subject.people.keys()) for t in rivals), default=0)
    if beside:
        said.append(f"another person is there in {beside} frames, less sure than the subject")
    return ", ".join(said)
