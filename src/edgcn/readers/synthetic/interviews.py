"""Interviews with synthetic people: minutes of sitting, with a gesture now and then.

seed -> a recording a person: rest, a gesture, rest, a gesture, ...; what is known of it as segments
"""

from collections.abc import Iterator

import numpy as np

from edgcn.readers.synthetic.gestures import GESTURES
from edgcn.readers.synthetic.motion import Motion, perform
from edgcn.readers.synthetic.person import Person
from edgcn.readers.synthetic.reader import NOTE, Cast, subject_name
from edgcn.readers.synthetic.sensor import kinect
from edgcn.readers.synthetic.timing import FPS, minimum_jerk
from edgcn.skeleton.layouts import KINECT_V2
from edgcn.skeleton.recording import Recording, Recordings, Segment

SHOWN = 6  # kinds of gestures that come, so that each comes again
REST = (0.8, 3.0)  # seconds between two gestures
_WHAT, _HOW, _SENSOR = 100, 101, 102  # streams of randomness


def interviews(
    *, seed: int = 0, subjects: int = 3, seconds: float = 75.0, kinds: int = SHOWN
) -> Recordings:
    """A recording of so many seconds for each person, (T, 1, 25, 3) in meters at 30 fps.

    Args:
        kinds: of gestures; the ones dealt most often, without those of talking.
    """
    cast = Cast(seed=seed, subjects=max(2, subjects))
    order = sorted((g for g in GESTURES if not g.free), key=lambda g: -g.cards)[:kinds]
    return Recordings(
        reader="interviews",
        topology=KINECT_V2,
        classes=tuple(gesture.name for gesture in order),
        recordings=_recordings(cast, subjects, seconds, [GESTURES.index(g) for g in order]),
        fps=FPS,
        total=subjects,
        note=NOTE,
    )


def _recordings(
    cast: Cast, subjects: int, seconds: float, labels: list[int]
) -> Iterator[Recording]:
    for subject in range(subjects):
        person, camera = cast.people[subject]
        what = cast.random(_WHAT, subject)
        pieces: list[Motion] = []
        segments: list[Segment] = []
        total = 0
        while total < seconds * FPS:
            kind = int(what.integers(len(labels)))
            clip = perform(person, labels[kind], cast.random(_HOW, subject, len(segments)))
            rest = _rest(pieces[-1] if pieces else clip, clip, person, what)
            start = total + len(rest.joints)
            total = start + len(clip.joints)
            pieces += [rest, clip]
            segments.append(Segment(start, total, kind))
        motion = Motion(
            *(np.concatenate([getattr(p, n) for p in pieces]) for n in ("joints", "head"))
        )
        frames = kinect(camera, motion, cast.random(_SENSOR, subject))
        name = f"interview_{subject + 1}"
        yield Recording(
            frames[:, None].astype(np.float32), name, tuple(segments), subject=subject_name(subject)
        )


def _rest(before: Motion, after: Motion, person: Person, dice: np.random.Generator) -> Motion:
    """From where one gesture ends to where the next one begins."""
    frames = round(float(dice.uniform(*REST)) / person.speed * FPS)
    share = minimum_jerk(np.linspace(0, 1, frames))[:, None, None]
    joints = before.joints[-1] * (1 - share) + after.joints[0] * share
    return Motion(joints, np.repeat(before.head[-1:], frames, axis=0))
