"""A whole interview: minutes of a seated person who idles, talks with the hands and touches itself.

labels -> acts [start, stop) with pauses in between -> one motion without cuts, (t, 25, 3)

An act begins and ends exactly where the gesture does. What is no act goes on all the time: sway and
breath, looks to the side, shifts of weight, fidgeting, hands that come to lie elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgcn.readers.synthetic.body import (
    Path3,
    Posture,
    Reach,
    Trunk,
    assemble,
    place_trunk,
)
from edgcn.readers.synthetic.gestures import GESTURES
from edgcn.readers.synthetic.hands import SIDES, gesticulate, rest
from edgcn.readers.synthetic.motion import Motion, arm, draw_length, sit, swayed, touch
from edgcn.readers.synthetic.person import Person
from edgcn.readers.synthetic.timing import FPS, draw_course, drift, eased, minimum_jerk

FEWEST, MOST = 5.0, 11.0  # acts per minute: even the longest ones fit
PAUSE = 6  # frames between two acts, at least
_RETURN = 4.0  # seconds until a posture that an act has changed is forgotten
_RESTS, _FIDGETS = 20.0, 6.0  # seconds between two places of rest, two sizes of fidgeting
_LOOKS, _SHIFTS = 9.0, 14.0  # seconds between two looks to the side, two shifts of weight


@dataclass(frozen=True)
class Act:
    """A gesture and the frames that it takes, the last one left out."""

    label: int
    start: int
    stop: int


def draw_pace(rng: np.random.Generator) -> float:
    """Acts per minute of one person."""
    return float(np.clip(rng.lognormal(np.log(7.5), 0.2), FEWEST, MOST))


def schedule(
    person: Person, labels: Sequence[int], frames: int, rng: np.random.Generator
) -> list[Act]:
    """One act after the other, in so many frames; some pauses are long, some hardly there."""
    lengths = [draw_length(person, label, rng) for label in labels]
    shares = rng.gamma(1.2, size=len(labels) + 1)
    spare = frames - sum(lengths) - PAUSE * len(shares)
    pauses = PAUSE + np.floor(spare * shares / shares.sum()).astype(int)
    starts = np.cumsum(pauses)[:-1] + np.r_[0, np.cumsum(lengths)[:-1]].astype(int)
    stops = (starts + lengths).tolist()
    return [Act(*act) for act in zip(labels, starts.tolist(), stops, strict=True)]


def live(person: Person, acts: Sequence[Act], frames: int, rng: np.random.Generator) -> Motion:
    """All of the interview, before any sensor."""
    courses = [draw_course(a.stop - a.start, person.speed, rng, whole=True) for a in acts]
    posture = sit(person, frames, rng)
    _fidget_trunk(posture, person, frames, rng)
    for act, course in zip(acts, courses, strict=True):
        amplitude = person.amplitude * rng.lognormal(0, 0.15)
        for sway in GESTURES[act.label].sways:
            signal = amplitude * swayed(sway, course, rng)
            posture[sway.angle][act.start : act.stop] += signal
            after = posture[sway.angle][act.stop :]
            after += signal[-1] * (1 - minimum_jerk(np.arange(len(after)) / (_RETURN * FPS)))
    base = 0.004 * drift(rng, frames, 40, 3)
    trunk = place_trunk(person.body, posture, base, spread=person.spread, tuck=person.tuck)
    plan = _idle_hands(person, base, rng)
    for act, course in zip(acts, courses, strict=True):
        span = slice(act.start, act.stop)
        acting = "Right" if rng.random() < person.right_handed else "Left"
        near, idle = _part_of(trunk, span), {side: _cut(plan[side], span) for side in SIDES}
        if GESTURES[act.label].free:
            done = gesticulate(person, idle, acting, rng, whole=True)
        else:
            done = touch(person, act.label, near, idle, idle, course, acting, rng)
        for side in SIDES:
            for name in ("tip", "fingers", "pole"):
                getattr(plan[side], name)[span] = getattr(done[side], name)
    arms = arm(person, trunk, "Left", plan) | arm(person, trunk, "Right", plan)
    return Motion(assemble(trunk.joints | arms), trunk.frames["head"][1])


def _fidget_trunk(posture: Posture, person: Person, frames: int, rng: np.random.Generator) -> None:
    """Looks to the side, nods and shifts of weight, at any time: nothing that has a label."""
    shifts: list[tuple[float, Callable[[], dict[str, float]]]] = [
        (_LOOKS, lambda: {"turn": rng.normal(0, 0.3), "nod": rng.normal(0.05, 0.12)}),
        (_SHIFTS, lambda: {"lean": rng.normal(0, 0.05), "bend": rng.normal(0, 0.05)}),
    ]
    for seconds, drawn in shifts:
        for start in np.cumsum(_waits(seconds, frames, rng)).astype(int).tolist():
            length = min(int(rng.uniform(1.5, 6) * FPS), frames - start)
            if length < PAUSE:
                break
            hold = draw_course(length, person.speed, rng, whole=True).hold
            for angle, size in drawn().items():
                posture[angle][start : start + length] += size * hold


def _idle_hands(person: Person, base: Path3, rng: np.random.Generator) -> dict[str, Reach]:
    """Hands that lie somewhere, now and then elsewhere, and are not always still."""
    frames = len(base)
    times = np.r_[0.0, np.cumsum(_waits(_RESTS, frames, rng))]
    places = [rest(person, np.zeros((1, 3)), rng) for _ in times]
    plan = {}
    for side in SIDES:
        keys = np.stack([np.r_[p[side].tip[0], p[side].fingers[0], p[side].pole[0]]
                         for p in places])  # fmt: skip
        lies = eased(keys, times, float(rng.uniform(25, 45)), frames)
        turns = np.r_[0.0, np.cumsum(_waits(_FIDGETS, frames, rng))]
        sizes = rng.choice([0.0, 0.03, 0.09], p=[0.55, 0.3, 0.15], size=(len(turns), 1))
        size = eased(sizes, turns, 20.0, frames)
        wander = size * drift(rng, frames, 18, 3) * [1, 1, 0.7] + size * [0, 0.5, 0]
        still = 0.004 * drift(rng, frames, 20, 3)
        plan[side] = Reach(base + lies[:, :3] + still + wander, lies[:, 3:6], lies[:, 6:])
    return plan


def _waits(seconds: float, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Frames from one change to the next, a fifth of the mean at least, until the end."""
    count = int(5 * frames / (seconds * FPS)) + 1
    waits = seconds * FPS * (0.2 + 0.8 * rng.exponential(size=count))
    return np.asarray(waits[np.cumsum(waits) < frames])


def _part_of(trunk: Trunk, span: slice) -> Trunk:
    """The trunk in some of the frames."""
    joints = {name: path[span] for name, path in trunk.joints.items()}
    places = {name: (origin[span], turn[span]) for name, (origin, turn) in trunk.frames.items()}
    return Trunk(joints, places)


def _cut(reach: Reach, span: slice) -> Reach:
    return Reach(reach.tip[span].copy(), reach.fingers[span].copy(), reach.pole[span].copy())
