"""One performance: a person makes a gesture, in a clip of its own length, and never twice alike.

envelopes -> angles of the trunk -> frames of the body -> fingertips -> arms -> (t, 25, 3)
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from edgcn.readers.synthetic.body import (
    Joints,
    Posture,
    Reach,
    Signal,
    Trunk,
    Turns,
    assemble,
    place_arm,
    place_trunk,
)
from edgcn.readers.synthetic.gestures import GESTURES, Gesture, Sway
from edgcn.readers.synthetic.hands import (
    OTHER,
    SIDES,
    fidget,
    find_place,
    gesticulate,
    go_touch,
    rest,
)
from edgcn.readers.synthetic.person import Person
from edgcn.readers.synthetic.timing import FPS, Course, draw_course, drift

SHORTEST, LONGEST = 25, 140  # frames
_IDLE = {"nod": 0.035, "turn": 0.06, "tilt": 0.025, "lean": 0.012, "bend": 0.01, "twist": 0.012}


@dataclass(frozen=True)
class Motion:
    """A clip before any sensor: joints in the seat frame (meters) and how the head is turned."""

    joints: Float[np.ndarray, "t 25 3"]
    head: Turns


def perform(person: Person, label: int, rng: np.random.Generator) -> Motion:
    """The person makes gesture `label` once more."""
    gesture = GESTURES[label]
    seconds = gesture.seconds / person.speed * rng.lognormal(0, 0.32)
    frames = int(np.clip(round(seconds * FPS), SHORTEST, LONGEST))
    course = draw_course(frames, person.speed, rng)
    posture = _posture(person, gesture, course, rng)
    base = 0.004 * drift(rng, frames, 40, 3)
    trunk = place_trunk(person.body, posture, base, spread=person.spread, tuck=person.tuck)
    joints = trunk.joints | _arms(person, label, trunk, course, rng)
    return Motion(assemble(joints), trunk.frames["head"][1])


def _arms(
    person: Person, label: int, trunk: Trunk, course: Course, rng: np.random.Generator
) -> Joints:
    """Both arms. The passive one comes first, because the acting one may aim at it."""
    gesture = GESTURES[label]
    acting = "Right" if rng.random() < person.right_handed else "Left"
    passive = OTHER[acting]
    rests = rest(person, trunk.joints["SpineBase"], rng)
    if gesture.free:
        plan = gesticulate(person, rests, acting, rng)
        return {**_arm(person, trunk, "Left", plan), **_arm(person, trunk, "Right", plan)}
    plan = {side: fidget(rests[side], rng) for side in SIDES}
    slip = person.manner[label] + rng.normal(0, 0.008, 3)
    if gesture.passive is not None:
        place = find_place(gesture.passive, trunk, {}, passive, slip)
        plan[passive] = go_touch(gesture.passive, place, rests[passive], course, passive, rng)
    arms = _arm(person, trunk, passive, plan)
    if gesture.acting is not None:
        place = find_place(gesture.acting, trunk, arms, acting, slip)
        plan[acting] = go_touch(gesture.acting, place, rests[acting], course, acting, rng)
    return arms | _arm(person, trunk, acting, plan)


def _arm(person: Person, trunk: Trunk, side: str, plan: dict[str, Reach]) -> Joints:
    return place_arm(person.body, side, trunk.joints[f"Shoulder{side}"], plan[side])


def _posture(person: Person, gesture: Gesture, course: Course, rng: np.random.Generator) -> Posture:
    """Angles over the clip: at rest, idle sway and breath, a turn of attention, the gesture."""
    frames = len(course.seconds)
    posture = {name: np.full(frames, angle) for name, angle in person.posture.items()}
    idle = drift(rng, frames, 25, len(_IDLE)) + rng.standard_normal(len(_IDLE))
    for column, (name, size) in enumerate(_IDLE.items()):
        posture[name] += size * idle[:, column]
    posture["slump"] += rng.normal(0, 0.03)
    posture["knees"] += 0.02 * drift(rng, frames, 30, 1)[:, 0]
    breath = 0.012 * np.sin(2 * np.pi * (0.27 * course.seconds + rng.random()))
    for name in ("shrug_left", "shrug_right"):
        posture[name] += breath + rng.normal(0, 0.02)
    if rng.random() < 0.35:  # looks somewhere else meanwhile
        other = draw_course(frames, person.speed, rng)
        posture["turn"] += rng.normal(0, 0.3) * other.step
        posture["nod"] += rng.normal(0.05, 0.12) * other.hold
    if rng.random() < 0.2:  # shifts weight meanwhile
        other = draw_course(frames, person.speed, rng)
        posture["lean"] += rng.normal(0, 0.06) * other.step
        posture["bend"] += rng.normal(0, 0.06) * other.hold
    amplitude = person.amplitude * rng.lognormal(0, 0.15)
    for sway in gesture.sways:
        posture[sway.angle] += amplitude * _sway(sway, course, rng)
    return posture


def _sway(sway: Sway, course: Course, rng: np.random.Generator) -> Signal:
    """One movement of the trunk over the clip, radians."""
    shape = {"hold": course.hold, "step": course.step, "wave": course.wave}[sway.course]
    sign = rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 1.3) if sway.sided else 1.0
    return sign * sway.size * shape
