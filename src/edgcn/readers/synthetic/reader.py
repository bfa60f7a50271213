"""The synthetic data set: who performs what in which clip or interview, split by subject.

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

from edgcn.base.errors import EdgcnError
from edgcn.readers.made import check_made
from edgcn.readers.synthetic.gestures import GESTURES
from edgcn.readers.synthetic.interview import MOST, Act, draw_pace, live, schedule
from edgcn.readers.synthetic.motion import Motion, perform
from edgcn.readers.synthetic.person import Person, draw_person
from edgcn.readers.synthetic.sensor import Camera, draw_camera, kinect, moved, openpose
from edgcn.readers.synthetic.timing import FPS
from edgcn.skeleton.layouts import BODY_25, KINECT_V2
from edgcn.skeleton.recording import Recording, Recordings, Segment, SplitRule, trimmed

NOTE = "synthetic: made by a kinematic model, not recorded from people"
OWN_CARDS = 12  # of a deck: the performing subject's own habit decides instead of the card

Sensor = Callable[[Camera, Motion, np.random.Generator], Float[np.ndarray, "t 25 3"]]

# What a random stream is for: the first number of its spawn key.
_ORDER, _DECK, _PERSON, _CAMERA, _LABEL, _MOTION, _SENSOR, _PACE, _INTERVIEW = range(9)
CLIPS, LEAST_MINUTES, MOST_MINUTES = 720, 0.1, 60.0
CONDITIONS = {"calm": 1.0, "tense": 1.3}  # how much more the tense ones do
Kind = Literal["3d", "2d"]


def read_synthetic(
    path: Path | None = None,
    *,
    seed: int = 0,
    subjects: int = 12,
    clips: int = CLIPS,
    interviews: int = 0,
    minutes: float = 2.0,
    gestures: int = len(GESTURES),
    kind: Kind = "3d",
) -> Recordings:
    """Clips of seated people making 20 kinds of micro-gestures, (T, 1, 25, 3) at 30 fps.

    Or whole interviews, in which these are segments, and between them nothing has a label. The
    first two thirds of the subjects train, the others test. Both kinds show the same motions.

    Args:
        path: must be None; there is no file to read.
        seed: everything follows from it.
        subjects: at most one for each interview; they take turns, now calm and now tense.
        interviews: how many, instead of clips.
        minutes: of each interview.
        gestures: how many kinds are shown, the most frequent ones.
        kind: "3d" = Kinect v2 joints in meters; "2d" = BODY_25 in pixels of 1280 x 720 with
            confidence, as OpenPose gives them.

    Raises:
        EdgcnError: fewer than 2 subjects, gestures or interviews, or 1 clip, more gestures than
            there are, clips and interviews, a negative seed, or a path.
    """
    least = {"subjects": (subjects, 2), "clips": (clips, 1), "seed": (seed, 0)}
    check_made("synthetic", path, **least, gestures=(gestures, 2))
    if gestures > len(GESTURES):
        raise EdgcnError(f"synthetic: expected at most {len(GESTURES)} gestures, got {gestures}")
    if interviews:
        check_interviews(clips, interviews, minutes)
        subjects = min(subjects, interviews)
    cast = Cast(seed=seed, subjects=subjects, gestures=gestures)
    made = (make_interview(cast, i, minutes, kind=kind) for i in range(interviews))
    names = [subject_name(s) for s in range(subjects)]
    return Recordings(
        reader="synthetic",
        topology=KINECT_V2 if kind == "3d" else BODY_25,
        classes=tuple(gesture.name for gesture in GESTURES[:gestures]),
        recordings=made if interviews else (make_clip(cast, i, kind=kind) for i in range(clips)),
        fps=FPS,
        units="m" if kind == "3d" else "px",
        dims=3 if kind == "3d" else 2,
        total=interviews or clips,
        splits={
            "subject": SplitRule(
                by="subject", train=tuple(names[: cast.train]), test=tuple(names[cast.train :])
            )
        },
        note=NOTE,
    )


def check_interviews(clips: int, interviews: int, minutes: float) -> None:
    """Refuse clips beside interviews, and interviews that are too few or too short."""
    check_made("synthetic", None, interviews=(interviews, 2))
    if clips != CLIPS:
        raise EdgcnError(
            f"synthetic: expected clips or interviews, got {clips} clips and {interviews} "
            f"interviews; leave one of the two out"
        )
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        raise EdgcnError(
            f"synthetic: expected minutes within {LEAST_MINUTES}..{MOST_MINUTES:g}, got {minutes:g}"
        )


def subject_name(subject: int) -> str:
    """S01 for subject 0."""
    return f"S{subject + 1:02d}"


@dataclass(frozen=True)
class Cast:
    """The subjects and the order in which they perform."""

    seed: int
    subjects: int
    gestures: int = len(GESTURES)

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
        return self._dealt(subject, before, _LABEL, clip)

    def _dealt(self, subject: int, before: int, *own: int) -> int:
        """The next card of a subject's side of the split, or the subject's own choice."""
        number, place = divmod(before, len(self._cards))
        deck = self.random(_DECK, int(subject >= self.train), number).permutation(self._cards)
        if deck[place] >= 0:
            return int(deck[place])
        person, _ = self.people[subject]
        leaning = person.leaning[: self.gestures]
        return int(self.random(*own).choice(len(leaning), p=leaning / leaning.sum()))

    @cached_property
    def _cards(self) -> Int[np.ndarray, " cards"]:
        """A deck: each class as often as it has cards, and -1 for the subject's own choice."""
        counts = [gesture.cards for gesture in GESTURES[: self.gestures]]
        deck: Int[np.ndarray, " cards"] = np.r_[
            np.repeat(np.arange(len(counts)), counts), np.full(OWN_CARDS, -1)
        ]
        return deck

    def condition(self, interview: int) -> str:
        """Whether an interview is tense: everybody's interviews take turns."""
        turn, subject = divmod(interview, self.subjects)
        return list(CONDITIONS)[(turn + subject) % len(CONDITIONS)]

    def count(self, interview: int, minutes: float) -> int:
        """How many gestures an interview has."""
        pace = draw_pace(self.random(_PACE, interview % self.subjects))
        return max(1, int(minutes * min(MOST, pace * CONDITIONS[self.condition(interview)])))

    def labels(self, interview: int, minutes: float) -> list[int]:
        """What is performed in an interview, one after the other."""
        subject = interview % self.subjects
        earlier = (i for i in range(interview)
                   if (i % self.subjects >= self.train) == (subject >= self.train))  # fmt: skip
        before = sum(self.count(i, minutes) for i in earlier)
        return [
            self._dealt(subject, before + place, _LABEL, interview, place)
            for place in range(self.count(interview, minutes))
        ]


def make_clip(cast: Cast, index: int, *, kind: Kind) -> Recording:
    """Clip `index` as the sensor of this kind sees it."""
    subject, _ = cast.subject(index)
    label, motion = make_motion(cast, index)
    return trimmed(
        _sensed(cast, subject, motion, cast.random(_SENSOR, index), kind),
        f"synthetic_{index + 1:04d}",
        label=label,
        subject=subject_name(subject),
    )


def make_interview(cast: Cast, index: int, minutes: float, *, kind: Kind) -> Recording:
    """Interview `index` as the sensor of this kind sees it, with its gestures as segments."""
    subject, name = index % cast.subjects, f"interview_{index + 1:02d}"
    acts, motion = make_acts(cast, index, minutes)
    return Recording(
        _sensed(cast, subject, motion, cast.random(_SENSOR, index, _INTERVIEW), kind),
        name,
        tuple(
            Segment(act.start, act.stop, act.label, f"{name}_{number:03d}")
            for number, act in enumerate(acts, 1)
        ),
        subject=subject_name(subject),
        condition=cast.condition(index),
    )


def make_acts(cast: Cast, index: int, minutes: float) -> tuple[list[Act], Motion]:
    """Gestures and true motion of interview `index`, before any sensor."""
    person, _ = cast.people[index % cast.subjects]
    frames, rng = round(60 * FPS * minutes), cast.random(_INTERVIEW, index)
    acts = schedule(person, cast.labels(index, minutes), frames, rng)
    return acts, live(person, acts, frames, rng)


def _sensed(
    cast: Cast, subject: int, motion: Motion, rng: np.random.Generator, kind: Kind
) -> Float[np.ndarray, "t 1 25 3"]:
    """What the subject's camera sees of a motion."""
    sensor: Sensor = kinect if kind == "3d" else openpose
    _, camera = cast.people[subject]
    frames = sensor(moved(camera, rng), motion, rng)[:, None]
    return np.asarray(frames.astype(np.float32))


def make_motion(cast: Cast, index: int) -> tuple[int, Motion]:
    """Label and true motion of clip `index`, before any sensor."""
    subject, _ = cast.subject(index)
    person, _ = cast.people[subject]
    label = cast.label(index)
    return label, perform(person, label, cast.random(_MOTION, index))
