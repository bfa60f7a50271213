"""Which of the people in each frame is the subject: tracks of people, and the surest one of them.

people of each frame, (V, 3) each: x, y, confidence -> tracks -> (T, 1, V, 3) and what to say of it

A track takes the person that stands where its own was seen last, however long ago that is. Whoever
is further away is someone else: a subject who is hidden is missing, and nobody takes their place.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from edgcn.base.errors import EdgcnError
from edgcn.base.words import count
from edgcn.readers.labelling import Take
from edgcn.skeleton.recording import Frames

LATELY = 15  # frames that tell how large somebody is
REACH = 0.3  # joints that move further between frames, in body sizes, are someone else's (ours)

OFTEN = 0.1  # of the frames of whoever is seen most; who is seen less is no subject
TRUE_TRACK = 0.9  # of the steps of an id that must be within reach

Keep = Literal["surest", "largest", "left", "right", "alone", "apart", "together"]
"""Who is kept of several people: the one with the highest confidence over all frames, the largest,
the one most to the left or right of the picture; whoever is seen, where there is only one person,
who moves while hidden; all, each a recording of their own; or the surest as several bodies of one
recording."""

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


class Followed(NamedTuple):
    """Who is kept of a recording, and in words what else was seen in it.

    Args:
        person: a name for them, where several are kept apart.
    """

    frames: Frames
    note: str
    person: str = ""

    def take(self, recording: str, *notes: str) -> Take:
        """What a reader hands over; who is kept apart is a subject of their own."""
        subject = f"{recording}/{self.person}" if self.person else ""
        note = "; ".join(filter(None, (self.note, *notes)))
        return Take(self.frames, self.person, subject, note=note)


def persons(
    people: Sequence[Sequence[Person]],
    joints: int,
    *,
    ids: Sequence[Sequence[object]] | None = None,
    keep: Keep = "surest",
    most: int = 1,
    option: bool = True,
) -> list[Followed]:
    """Who is kept of the people in each frame: one of them, all apart, or some as bodies of one.

    Args:
        people: everybody who is seen in each frame; joints not seen are 0.
        ids: what the file calls each of them; it is followed where it stays with a person.
        keep: see `Keep`.
        most: bodies that are kept together.
        option: whether the user may say who is kept.
    """
    tracks = _by_id(people, ids) if ids is not None else []
    if not tracks:
        for frame, seen in enumerate(people):
            _extend(tracks, frame, seen)
    if not tracks:
        return [Followed(_frames(len(people), [], joints), "")]
    if keep == "apart":
        long = [t for t in tracks if len(t.sights) >= OFTEN * max(len(t.sights) for t in tracks)]
        left = f", {len(tracks) - len(long)} seen only briefly left out" * (len(long) < len(tracks))
        note = f"{len(long)} people kept apart{left}" * (len(tracks) > 1)
        return [
            Followed(_frames(len(people), [track], joints), note * (n == 1), f"{n}")
            for n, track in enumerate(long, 1)
        ]
    if keep == "together":
        sure = sorted(tracks, key=lambda track: -track.confidence)
        left = (
            f"{len(sure) - most} people or parts of their way left out, kept are the {most} surest"
        )
        note = left * (len(sure) > most)
        return [Followed(_frames(len(people), sure[:most], joints, bodies=most), note)]
    if keep == "alone":
        return [_alone(people, tracks, joints)]
    subject = _chosen(tracks, keep)
    return [
        Followed(
            _frames(len(people), [subject], joints), _note(people, tracks, subject, option=option)
        )
    ]


def _frames(total: int, tracks: Sequence[Track], joints: int, *, bodies: int = 1) -> Frames:
    """Tracks as bodies, 0 where they are not seen."""
    frames = np.zeros((total, bodies, joints, 3), dtype=np.float32)
    for body, track in enumerate(tracks):
        for frame, sight in track.sights.items():
            frames[frame, body] = sight.person
    return frames


def _alone(people: Sequence[Sequence[Person]], tracks: Sequence[Track], joints: int) -> Followed:
    """Whoever is seen is the one person: in each frame the one of the surest track."""
    sights: dict[int, Sight] = {}
    for track in sorted(tracks, key=lambda track: -track.confidence):
        sights = track.sights | sights
    several = sum(len(seen) > 1 for seen in people)
    said = [f"{len(tracks)} parts of the way taken for one person's"] * (len(tracks) > 1)
    if several:
        said.append(f"several people are seen in {several} of {len(people)} frames, one is kept")
    return Followed(_frames(len(people), [Track(sights, 0.0)], joints), ", ".join(said))


def _chosen(tracks: Sequence[Track], keep: Keep) -> Track:
    """One track: the surest of all, or the outermost or largest of those that are seen often."""
    if keep == "surest":
        return max(tracks, key=lambda track: track.confidence)
    longest = max(len(track.sights) for track in tracks)
    often = [track for track in tracks if 2 * len(track.sights) > longest]
    if keep == "largest":
        return max(
            often, key=lambda track: float(np.median([s.size for s in track.sights.values()]))
        )
    where = [
        float(np.median([s.person[s.seen, 0].mean() for s in track.sights.values()]))
        for track in often
    ]
    return often[int(np.argmin(where) if keep == "left" else np.argmax(where))]


def _by_id(people: Sequence[Sequence[Person]], ids: Sequence[Sequence[object]]) -> list[Track]:
    """Tracks by what the file calls people; none where that is no track of a person.

    It is none where two in a frame have one id, where few come again, or where one mostly is
    somewhere else a frame on.
    """
    tracks: dict[object, Track] = {}
    steps = near = 0
    for frame, (seen, own) in enumerate(zip(people, ids, strict=True)):
        if len(set(own)) < len(own) or None in own:
            return []
        for person, name in zip(seen, own, strict=True):
            sight = _sight(person)
            if (track := tracks.get(name)) is None:
                tracks[name] = Track({frame: sight}, sight.size)
                continue
            steps += 1
            near += _distance(track, sight) <= REACH
            track.add(frame, sight)
    again = steps >= 0.5 * (steps + len(tracks))
    return list(tracks.values()) if again and near >= TRUE_TRACK * steps else []


def check_keep(keep: Keep, labels: Path | None) -> None:
    """Refuse a table of labels where several people of a recording are kept apart.

    Raises:
        EdgcnError: it cannot say whose gestures it names.
    """
    if keep == "apart" and labels is not None:
        raise EdgcnError(
            f"{labels} names recordings, and with people apart there are several of one: choose "
            f"one (people left, say), or give `--annotations` that name each person's recording"
        )


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
    people: Sequence[Sequence[Person]], tracks: list[Track], subject: Track, *, option: bool
) -> str:
    """In how many frames the subject is missing, and whether others were to be seen; or nothing."""
    total, missing = len(people), len(people) - len(subject.sights)
    others = sum(1 for frame, seen in enumerate(people) if seen and frame not in subject.sights)
    said = []
    if missing:
        said.append(f"the subject is missing in {missing} of {total} frames")
    if others:
        said.append(f"someone else is seen in {others} of these, or the picture jumps")
    if others and not any(len(seen) > 1 for seen in people):
        both = ", then `--options people alone` takes both" * option
        said.append(f"who may be the subject again{both}")
    rivals = [t for t in tracks if t is not subject and 2 * len(t.sights) > len(subject.sights)]
    beside = max((len(t.sights.keys() & subject.sights.keys()) for t in rivals), default=0)
    if beside:
        said.append(
            f"another person is there in {count(beside, 'frame')}, less sure than the subject"
        )
    return ", ".join(said)
