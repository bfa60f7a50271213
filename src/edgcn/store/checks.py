"""The one pass that knows what a person is: what of some recordings looks wrong, in a few lines.

recordings, one by one as they are stored -> a report of plain JSON types, kept in store.json
"""

import shlex
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from edgcn.base.spelling import says_nothing
from edgcn.base.spool import parts
from edgcn.base.words import count, named, percent
from edgcn.pipeline.size import tells_size
from edgcn.skeleton.recording import Frames, Recording, Recordings, Segment
from edgcn.skeleton.unseen import seen
from edgcn.store.bones import LONG_BONES, Bones
from edgcn.store.posture import Postures
from edgcn.store.upright import not_upright

HUMAN = (0.15, 1.0)  # meters: torsos of children to those of giants
RARE = 0.01  # share of points that may jump: sensors do
OFF = 4.0  # times as large or as small as the others
STILL = 0.3  # share of frames that may repeat the one before
RATES = (1, 1000)  # frames a second that people are filmed at
UNNAMED = ("", "None", "nan", "NaN", "null", "NULL", "N/A")  # what programs write for no name


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
        self.frames = self.empty = self.points = self.jumps = self.still = 0
        self.rates = Counter[float]()
        self.people = Counter[str]()
        self.missing = np.zeros(len(recordings.topology))
        self.shown = 0  # bodies in frames that joints could be seen of
        self.unseen = Counter[str]()
        self.first: dict[str, str] = {}  # clip that shows a fault first
        self.far: list[str] = []
        self.confidence = [np.inf, -np.inf]
        self.names, self.labels = Counter[str](), Counter[int]()
        self.nameless = self.single = 0
        self.contents: dict[bytes, list[tuple[str, str, int]]] = {}
        self.recorded: list[str] = []
        self.bones = Bones(recordings.topology, recordings.dims)
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
            self.people[person] += 1
            self.single += part.stop - part.start == 1
            content = blake2b(recording.hashes[part.start : part.stop].tobytes(), digest_size=8)
            twins = self.contents.setdefault(content.digest(), [])
            twins.append((name, person, part.label))
        self.rates[recording.fps or self.of.fps] += 1
        again = recording.hashes[1:] == recording.hashes[:-1]
        self.still += int((again & (recording.hashes[1:] != 0)).sum())
        self.bones.add(recording.frames)

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
        torso = posture.torso
        if units == "px" and 0 < torso < 2:
            notes.append(f"a torso is {torso:.3g} pixels long: these are no pixels")
        if not torso:
            assumed = "y points down" if units == "px" else "lengths are meters and y points up"
            options = "--y" if units == "px" else "--units and --y"
            notes.append(
                f"nobody's torso is seen: nothing tells whether {assumed}, as is assumed; see "
                f"{options}"
            )
        if units == "m" and torso and not HUMAN[0] <= torso <= HUMAN[1]:
            notes.append(f"a torso is {torso:.3g} m long, and a person's 0.2 to 0.8; see --units")
        if self.bones.length > LONG_BONES:
            notes.append(
                f"bones are {self.bones.length:.2g} times as long as a person's of that size: the "
                f"joints are others, or in another order"
            )
        for root in self.bones.roots:
            if self.shown and self.missing[root] == self.shown and self.dims == 3:
                notes.append(
                    f"{self.of.topology.joints[root]} is 0 in every frame and counts as not seen; "
                    f"where others are measured from it, give places as they were recorded"
                )
        known = np.array(posture.torsos)
        odd = (known > OFF * torso) | ((known < torso / OFF) & (known > 0))
        if odd.any():
            names = [self.recorded[row] for row in np.flatnonzero(odd)]
            notes.append(
                f"{count(len(names), 'recording')} of another size than the others (a torso of "
                f"{known[odd][0]:.3g} beside {torso:.3g} {units}): {named(names)}"
            )
        notes += not_upright(self.recorded, posture, flat=units == "px")
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
        odd = [rate for rate in self.rates if not RATES[0] <= rate <= RATES[1]]
        if odd:
            notes.append(
                f"{odd[0]:g} frames per second, in {count(self.rates[odd[0]], 'recording')}: "
                f"people are filmed at {RATES[0]} to {RATES[1]}; is it the time of a frame?"
            )
        if self.still > STILL * self.frames:
            notes.append(
                f"{percent(self.still, self.frames)} of the frames repeat the one before: a "
                f"recording that stood still, or of fewer frames per second than it says"
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
        again = [name for name, times in Counter(self.recorded).items() if times > 1]
        if again := [name for name in again if name not in twice]:
            notes.append(f"{count(len(again), 'name')} of several recordings: {named(again)}")
        notes += self._twins()
        if self.nameless > 0:
            notes.append(f"{count(self.nameless, 'clip')} of {clips} without a subject")
        if unlabelled := self.labels[-1]:
            notes.append(f"{count(unlabelled, 'clip')} of {clips} without a label")
        if 2 * self.single > clips:
            notes.append(
                f"{count(self.single, 'clip')} of {clips} of one frame only: no gesture is so "
                f"short; is another axis the time?"
            )
        notes += self._of_nothing()
        if odd := [repr(name) for name in self.people if name and name.strip() in UNNAMED]:
            notes.append(f"{count(len(odd), 'subject')} named {named(odd)}: is that no name?")
        empty = [name for row, name in enumerate(self.of.classes) if not self.labels[row]]
        if empty and clips:
            notes.append(f"{count(len(empty), 'class')} without clips: {named(empty)}")
        return notes

    def _of_nothing(self) -> list[str]:
        """Classes whose names say that there is no gesture."""
        found = [
            (name, self.labels[row])
            for row, name in enumerate(self.of.classes)
            if says_nothing(name) and self.labels[row]
        ]
        if not found:
            return []
        names = named([f"{name!r} ({count(clips, 'clip')})" for name, clips in found])
        words = " ".join(shlex.quote(name) for name, _ in found)
        return [
            f"{count(len(found), 'class')} whose name says that nothing happens count as any "
            f"other: {names}; `--leave-out {words}` takes the label off"
        ]

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
