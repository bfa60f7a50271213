"""Which of the people in each frame is the subject: tracks of people, and the surest one of them.

people of each frame, (V, 3) each: x, y, confidence -> tracks -> (T, 1, V, 3) and what to say of it

A track takes the person that stands where its own was seen last, however long ago that is. Whoever
is further away is someone else: a subject who is hidden is missing, and nobody takes their place.
"""

import math
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


class Sight(NamedTuple):
    """One person as they were seen in one frame."""

    person: Person
    seen: Bool[np.ndarray, " v"]
    size: float


@dataclass
class Track:
    """One person through the frames: how they were seen in which, the last of them last."""

    sights: dict[int, Sight]
    size: float

    def add(self, frame: int, sight: Sight) -> None:
        """Take what is seen in a frame; the size is that of late, if now only a face is seen."""
        self.sights[frame] = sight
        lately = sorted(sight.size for sight in islice(reversed(self.sights.values()), LATELY))
        self.size = lately[len(lately) // 2]

    @property
    def confidence(self) -> float:
        """Summed over frames: with frames unseen counted as 0, this orders as the mean does."""
        return sum(float(sight.person[:, 2].mean()) for sight in self.sights.values())

    @property
    def extent(self) -> float:
        """Sizes summed over frames."""
        return sum(sight.size for sight in self.sights.values())


class Followed(NamedTuple):
    """The subject of a recording, and in words what else was seen in it."""

    frames: Frames
    note: str


def follow(people: Sequence[Sequence[Person]], joints: int, *, largest: bool = False) -> Followed:
    """The subject, who is the surest person: float32 (T, 1, V, 3), 0 where they are missing.

    Args:
        people: everybody who is seen in each frame; joints not seen are 0.
        largest: take who is largest instead, summed over frames.
    """
    tracks = _tracks(people)
    frames = np.zeros((len(people), 1, joints, 3), dtype=np.float32)
    if not tracks:
        return Followed(frames, "")
    subject = max(tracks, key=lambda track: track.extent if largest else track.confidence)
    for frame, sight in subject.sights.items():
        frames[frame, 0] = sight.person
    return Followed(frames, _note(people, tracks, subject, "smaller" if largest else "less sure"))


def follow_all(people: Sequence[Sequence[Person]], joints: int, *, most: int) -> Followed:
    """Those who are seen in most frames, in the order in which they appear: (T, most, V, 3)."""
    tracks = _tracks(people)
    kept = {id(track) for track in sorted(tracks, key=lambda t: -len(t.sights))[:most]}
    frames = np.zeros((len(people), most, joints, 3), dtype=np.float32)
    for body, track in enumerate(track for track in tracks if id(track) in kept):
        for frame, sight in track.sights.items():
            frames[frame, body] = sight.person
    left = f"{len(tracks)} people, of whom the {most} in most frames are kept"
    return Followed(frames, left if len(tracks) > most else "")


def _tracks(people: Sequence[Sequence[Person]]) -> list[Track]:
    tracks: list[Track] = []
    for frame, persons in enumerate(people):
        _extend(tracks, frame, persons)
    return tracks


def _extend(tracks: list[Track], frame: int, people: Sequence[Person]) -> None:
    """Give each person to the nearest track within reach; the rest begin new tracks."""
    sights = [_sight(person) for person in people]
    pairs = sorted(
        (distance, t, p)
        for t, track in enumerate(tracks)
        for p, sight in enumerate(sights)
        if (distance := _distance(track, sight)) <= REACH
    )
    owners: dict[int, int] = {}
    for _, t, p in pairs:
        if t not in owners.values() and p not in owners:
            owners[p] = t
    for p, sight in enumerate(sights):
        if p in owners:
            tracks[owners[p]].add(frame, sight)
        else:
            tracks.append(Track({frame: sight}, sight.size))


def _sight(person: Person) -> Sight:
    """A person with the diagonal of the box around what is seen of them, in pixels."""
    seen = np.asarray(person[:, 2] > 0)
    points = person[seen, :2]
    return Sight(person, seen, math.hypot(*(points.max(axis=0) - points.min(axis=0)).tolist()))


def _distance(track: Track, sight: Sight) -> float:
    """How far somebody is from a track, in body sizes: the mean over the joints that both show.

    One false joint counts as a whole body at most. Without a joint in common, from the middle of
    what is seen of one to that of the other.
    """
    latest = next(reversed(track.sights.values()))
    both = latest.seen & sight.seen
    if both.any():
        steps = latest.person[both, :2] - sight.person[both, :2]
    else:
        one, other = (s.person[s.seen, :2].mean(axis=0) for s in (latest, sight))
        steps = (one - other)[None]
    lengths = np.sqrt(np.square(steps).sum(axis=1))
    size = max(track.size, sight.size, 1e-9)
    return float(np.minimum(lengths / size, 1).mean())


def _note(
    people: Sequence[Sequence[Person]], tracks: list[Track], subject: Track, less: str
) -> str:
    """In how many frames the subject is missing, and whether others were to be seen; or nothing."""
    total, missing = len(people), len(people) - len(subject.sights)
    others = sum(1 for frame, seen in enumerate(people) if seen and frame not in subject.sights)
    said = []
    if missing:
        said.append(f"the subject is missing in {missing} of {total} frames")
    if others:
        said.append(f"someone else is seen in {others} of these, or the picture jumps")
    rivals = [t for t in tracks if t is not subject and 2 * len(t.sights) > len(subject.sights)]
    beside = max((len(t.sights.keys() & subject.sights.keys()) for t in rivals), default=0)
    if beside:
        said.append(f"another person is there in {beside} frames, {less} than the subject")
    return ", ".join(said)
