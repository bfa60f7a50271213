"""The synthetic data set: who performs what in which clip, split by subject.

Every clip has a random stream of its own, keyed by (seed, clip), so clip i is the same however many
are made and in whatever order. Labels are dealt from decks of 60 cards, one series of decks for the
training subjects and one for the test subjects: each class is in both as soon as each side has had
one full deck (180 clips with the default third of test subjects), and 30 % are "illustrative".
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from edgcn.readers.made import check_made
from edgcn.readers.synthetic.gestures import GESTURES
from edgcn.readers.synthetic.motion import Motion, perform
from edgcn.readers.synthetic.person import Person, draw_person
from edgcn.readers.synthetic.sensor import Camera, draw_camera, kinect, moved, openpose
from edgcn.readers.synthetic.timing import FPS
from edgcn.skeleton.layouts import BODY_25, KINECT_V2
from edgcn.skeleton.recording import Recording, Recordings, SplitRule, trimmed

NOTE = "synthetic: made by a kinematic model, not recorded from people"
OWN_CARDS = 12  # of a deck: the performing subject's own habit decides instead of the card

Sensor = Callable[[Camera, Motion, np.random.Generator], Float[np.ndarray, "t 25 3"]]

# What a random stream is for: the first number of its spawn key.
_ORDER, _DECK, _PERSON, _CAMERA, _LABEL, _MOTION, _SENSOR = range(7)


def read_synthetic(
    path: Path | None = None,
    *,
    seed: int = 0,
    subjects: int = 12,
    clips: int = 720,
    kind: Literal["3d", "2d"] = "3d",
) -> Recordings:
    """Clips of seated people making 20 kinds of micro-gestures, (T, 1, 25, 3) at 30 fps.

    The first two thirds of the subjects train, the others test. Both kinds show the same motions.

    Args:
        path: must be None; there is no file to read.
        seed: everything follows from it.
        kind: "3d" = Kinect v2 joints in meters; "2d" = BODY_25 in pixels of 1280 x 720 with
            confidence, as OpenPose gives them.

    Raises:
        EdgcnError: fewer than 2 subjects or 1 clip, a negative seed, or a path.
    """
    check_made("synthetic", path, subjects=(subjects, 2), clips=(clips, 1), seed=(seed, 0))
    cast = Cast(seed=seed, subjects=subjects)
    names = [subject_name(s) for s in range(subjects)]
    return Recordings(
        reader="synthetic",
        topology=KINECT_V2 if kind == "3d" else BODY_25,
        classes=tuple(gesture.name for gesture in GESTURES),
        recordings=(make_clip(cast, i, kind=kind) for i in range(clips)),
        fps=FPS,
        units="m" if kind == "3d" else "px",
        dims=3 if kind == "3d" else 2,
        total=clips,
        splits={
            "subject": SplitRule(
                by="subject", train=tuple(names[: cast.train]), test=tuple(names[cast.train :])
            )
        },
        note=NOTE,
    )


def subject_name(subject: int) -> str:
    """S01 for subject 0."""
    return f"S{subject + 1:02d}"


@dataclass(frozen=True)
class Cast:
    """The subjects and the order in which they perform."""

    seed: int
    subjects: int

    @property
    def train(self) -> int:
        """How many subjects train: two thirds, but never all."""
        return min(max(1, round(2 * self.subjects / 3)), self.subjects - 1)

    @cached_property
    def people(self) -> list[tuple[Person, Camera]]:
        """Each subject and where that subject was filmed from."""
        return [
            (draw_person(self.random(_PERSON, s)), draw_camera(self.random(_CAMERA, s)))
            for s in range(self.subjects)
        ]

    def random(self, *key: int) -> np.random.Generator:
        """The random stream with this key, independent of all others."""
        return np.random.Generator(
            np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=key))
        )

    def subject(self, clip: int) -> tuple[int, int]:
        """Who performs a clip, and how many clips their side of the split had before it."""
        turn, place = divmod(clip, self.subjects)
        order = self.random(_ORDER, turn).permutation(self.subjects)
        testing = order >= self.train
        side = testing == testing[place]
        return int(order[place]), turn * int(side.sum()) + int(side[:place].sum())

    def label(self, clip: int) -> int:
        """What is performed in a clip."""
        subject, before = self.subject(clip)
        number, place = divmod(before, len(_DECK_OF_CARDS))
        deck = self.random(_DECK, int(subject >= self.train), number).permutation(_DECK_OF_CARDS)
        if deck[place] >= 0:
            return int(deck[place])
        person, _ = self.people[subject]
        return int(self.random(_LABEL, clip).choice(len(GESTURES), p=person.leaning))


def make_clip(cast: Cast, index: int, *, kind: Literal["3d", "2d"]) -> Recording:
    """Clip `index` as the sensor of this kind sees it."""
    subject, _ = cast.subject(index)
    _, camera = cast.people[subject]
    label, motion = make_motion(cast, index)
    sensor: Sensor = kinect if kind == "3d" else openpose
    rng = cast.random(_SENSOR, index)
    frames = sensor(moved(camera, rng), motion, rng)
    return trimmed(
        frames[:, None].astype(np.float32),
        f"synthetic_{index + 1:04d}",
        label=label,
        subject=subject_name(subject),
    )


def make_motion(cast: Cast, index: int) -> tuple[int, Motion]:
    """Label and true motion of clip `index`, before any sensor."""
    subject, _ = cast.subject(index)
    person, _ = cast.people[subject]
    label = cast.label(index)
    return label, perform(person, label, cast.random(_MOTION, index))


def _cards() -> Int[np.ndarray, " cards"]:
    """A deck: each class as often as it has cards, and -1 for the subject's own choice."""
    counts = [gesture.cards for gesture in GESTURES]
    deck: Int[np.ndarray, " cards"] = np.r_[
        np.repeat(np.arange(len(GESTURES)), counts), np.full(OWN_CARDS, -1)
    ]
    return deck


_DECK_OF_CARDS = _cards()
