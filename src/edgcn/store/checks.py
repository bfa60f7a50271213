"""The one pass that knows what a person is: what of some recordings looks wrong, in a few lines.

recordings, one by one as they are stored -> a report of plain JSON types, kept in store.json
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from edgcn.base.spool import parts
from edgcn.base.words import count, named, percent
from edgcn.pipeline.size import tells_size
from edgcn.skeleton.recording import Frames, Recording, Recordings, Segment
from edgcn.skeleton.unseen import seen
from edgcn.store.posture import Postures

HUMAN = (0.15, 1.0)  # meters: torsos of children to those of giants
RARE = 0.01  # share of points that may jump: sensors do
OFF = 4.0  # times as large or as small as the others
UPRIGHT = 0.5  # of its length, along the axis that a torso points to


def nobody(frames: Frames, recordings: Recordings) -> str | None:
    """Why a part cannot be used in which too little of anybody is seen, or None.

    In a picture people are as large as they are near: some two joints must tell it.
    """
    anybody = False
    for part in parts(frames):
        there = seen(part, dims=recordings.dims)
        anybody |= bool(there.any())
        if anybody and (recordings.units != "px" or tells_size(there, recordings.topology)):
            return None
    if not anybody:
        return "nobody is seen in any of its frames"
    return "no two joints are seen together that tell how large the person in the picture is"


class Checks:
    """Looks at each recording once, as it is stored."""

    def __init__(self, recordings: Recordings) -> None:
        self.of, self.dims = recordings, recordings.dims
        self.frames = self.empty = self.points = self.jumps = 0
        self.missing = np.zeros(len(recordings.topology))
        self.shown = 0  # bodies in frames that joints could be seen of
        self.unseen = Counter[str]()
        self.first: dict[str, str] = {}  # clip that shows a fault first
        self.far: list[str] = []
        self.confidence = [np.inf, -np.inf]
        self.names, self.labels = Counter[str](), Counter[int]()
        self.nameless = 0
        self.contents: dict[bytes, list[tuple[str, str, int]]] = {}
        self.recorded: list[str] = []
        self.postures = Postures(recordings.topology, recordings.dims)

    def add(self, recording: Recording, segments: Sequence[Segment]) -> None:
        """One more recording, with the segments of it that are stored."""
        frames = recording.frames
        for part in parts(frames):
            self._count(part)
        self._confidences(recording)
        for reason, points in recording.unseen.items():
            self.unseen[reason] += points
            self.first.setdefault(reason, recording.name)
        self._clips(recording, segments)
        self.recorded.append(recording.name)
        found = self.postures.add(frames)
        self.points += found.points
        self.jumps += found.jumps
        if found.far is not None:
            t, v = found.far
            self.far.append(f"{recording.name} frame {t} {self.of.topology.joints[v]}")

    def _count(self, frames: Frames) -> None:
        there = seen(frames, dims=self.dims)
        bodies = np.asarray(there.any(-1))
        self.frames += len(frames)
        self.empty += int((~bodies.any(-1)).sum())
        bodies[:, 0] = True  # where nobody is, somebody is missing
        self.shown += int(bodies.sum())
        self.missing += (~there & bodies[..., None]).sum((0, 1))

    def _confidences(self, recording: Recording) -> None:
        scores = recording.frames[..., 2] if self.dims == 2 else recording.scores
        for part in parts(scores) if scores is not None and scores.size else ():
            low, high = self.confidence
            self.confidence = [min(low, float(part.min())), max(high, float(part.max()))]

    def _clips(self, recording: Recording, segments: Sequence[Segment]) -> None:
        assert recording.hashes is not None
        for part in segments:
            name, person = part.name or recording.name, part.person or recording.subject
            self.names[name] += 1
            self.labels[part.label] += 1
            self.nameless += not person
            content = blake2b(recording.hashes[part.start : part.stop].tobytes(), digest_size=8)
            twins = self.contents.setdefault(content.digest(), [])
            twins.append((name, person, part.label))

    def report(self) -> dict[str, Any]:
        """Numbers, and a line for each thing that looks wrong."""
        share = self.missing / max(self.shown, 1)
        worst = [int(v) for v in np.argsort(-share, kind="stable")[:3] if share[v] > 0]
        joints = self.of.topology.joints
        notes = [*self.of.remarks, *self._place(), *self._points(), *self._people()]
        return {
            "torso": float(f"{self.postures.torso:.3g}"),
            "missing": round(float(share.mean()), 6),
            "often": {joints[v]: round(float(share[v]), 6) for v in worst},
            "nobody": round(self.empty / max(self.frames, 1), 6),
            "notes": notes,
        }

    # Where the people are

    def _place(self) -> list[str]:
        notes, posture, units = [], self.postures, self.of.units
        torso, axis = posture.torso, posture.axis
        if units == "px" and 0 < torso < 2:
            notes.append(f"a torso is {torso:.3g} pixels long: these are no pixels")
        if units == "m" and torso and not HUMAN[0] <= torso <= HUMAN[1]:
            notes.append(f"a torso is {torso:.3g} m long, and a person's 0.2 to 0.8; see --units")
        known = np.array(posture.torsos)
        odd = (known > OFF * torso) | ((known < torso / OFF) & (known > 0))
        if odd.any():
            names = [self.recorded[row] for row in np.flatnonzero(odd)]
            notes.append(
                f"{count(len(names), 'recording')} of another size than the others (a torso of "
                f"{known[odd][0]:.3g} beside {torso:.3g} {units}): {named(names)}"
            )
        if axis and self.dims == 3 and abs(axis[2]) > 0.8:
            notes.append("everybody lies down: the torso points along z; is z the vertical axis?")
        if axis and (units == "px") == (axis[1] > UPRIGHT) and abs(axis[1]) > UPRIGHT:
            notes.append("everybody stands on the head: y points the other way; see --y")
        elif self.dims == 3 and axis:
            tall = [row for row, torso in enumerate(posture.torsos) if torso]
            names = [self.recorded[row] for row, own in zip(tall, posture.axes, strict=True)
                     if own[1] < -UPRIGHT]  # fmt: skip
            if names:
                notes.append(
                    f"{count(len(names), 'recording')} in which people stand on the head: "
                    f"{named(names)}"
                )
        if posture.exchanged:
            notes.append(
                f"left and right look exchanged: {named(posture.exchanged)} "
                f"{'is' if len(posture.exchanged) == 1 else 'are'} nearer to the other side's"
            )
        if posture.mirrored:
            notes.append(
                "toes point backward: left and right are exchanged, or one axis is mirrored"
            )
        return notes

    def _points(self) -> list[str]:
        notes = [
            f"{count(points, 'point')} with {reason}, taken as not seen (first in "
            f"{self.first[reason]})"
            for reason, points in self.unseen.items()
        ]
        low, high = self.confidence
        if low < 0 or high > 1:
            notes.append(f"confidences from {low:.3g} to {high:.3g}, expected within 0..1")
        if self.far:
            notes.append(
                f"joints further away than a person reaches, in {count(len(self.far), 'recording')}"
                f": {named(self.far)}"
            )
        if self.jumps > RARE * self.points:
            notes.append(
                f"{percent(self.jumps, self.points)} of the points move more than two torsos from "
                f"one frame to the next"
            )
        return notes

    # Who is in the clips

    def _people(self) -> list[str]:
        notes, clips = [], sum(self.names.values())
        twice = [name for name, times in self.names.items() if times > 1]
        if twice:
            notes.append(f"{count(len(twice), 'name')} of several clips: {named(twice)}")
        notes += self._twins()
        if self.nameless > 0:
            notes.append(f"{count(self.nameless, 'clip')} of {clips} without a subject")
        if unlabelled := self.labels[-1]:
            notes.append(f"{count(unlabelled, 'clip')} of {clips} without a label")
        empty = [name for row, name in enumerate(self.of.classes) if not self.labels[row]]
        if empty and clips:
            notes.append(f"{count(len(empty), 'class')} without clips: {named(empty)}")
        return notes

    def _twins(self) -> list[str]:
        groups = [group for group in self.contents.values() if len(group) > 1]
        if not groups:
            return []
        again = sum(len(group) - 1 for group in groups)
        pairs = [f"{a} ({p or 'nobody by name'}) and {b} ({q or 'nobody by name'})"
                 for (a, p, _), (b, q, *_), *_ in groups]  # fmt: skip
        people = sum(len({person for _, person, _ in group}) > 1 for group in groups)
        labels = sum(len({label for *_, label in group}) > 1 for group in groups)
        counts = ((people, "subjects"), (labels, "labels"))
        differ = [f"{number} under several {what}" for number, what in counts if number]
        return [
            f"{count(again, 'clip')} with the same frames as another{(differ and ', ') or ''}"
            f"{' and '.join(differ)}: {named(pairs)}"
        ]
