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
    gesture, frames = GESTURES[label], draw_length(person, label, rng)
    course = draw_course(frames, person.speed, rng)
    posture = _posture(person, gesture, course, rng)
    base = 0.004 * drift(rng, frames, 40, 3)
    trunk = place_trunk(person.body, posture, base, spread=person.spread, tuck=person.tuck)
    joints = trunk.joints | _arms(person, label, trunk, course, rng)
    return Motion(assemble(joints), trunk.frames["head"][1])


def draw_length(person: Person, label: int, rng: np.random.Generator) -> int:
    """How many frames the gesture takes this time."""
    seconds = GESTURES[label].seconds / person.speed * rng.lognormal(0, 0.32)
    return int(np.clip(round(seconds * FPS), SHORTEST, LONGEST))


def _arms(
    person: Person, label: int, trunk: Trunk, course: Course, rng: np.random.Generator
) -> Joints:
    """Both arms."""
    gesture = GESTURES[label]
    acting = "Right" if rng.random() < person.right_handed else "Left"
    passive = OTHER[acting]
    rests = rest(person, trunk.joints["SpineBase"], rng)
    if gesture.free:
        plan = gesticulate(person, rests, acting, rng)
        return arm(person, trunk, "Left", plan) | arm(person, trunk, "Right", plan)
    plan = {side: fidget(rests[side], rng) for side in SIDES}
    plan = touch(person, label, trunk, rests, plan, course, acting, rng)
    return arm(person, trunk, passive, plan) | arm(person, trunk, acting, plan)


def touch(
    person: Person,
    label: int,
    trunk: Trunk,
    rests: dict[str, Reach],
    idle: dict[str, Reach],
    course: Course,
    acting: str,
    rng: np.random.Generator,
) -> dict[str, Reach]:
    """What the hands do in gesture `label`: from where they rest to the place, or idly nothing."""
    gesture, passive, plan = GESTURES[label], OTHER[acting], dict(idle)
    slip = person.manner[label] + rng.normal(0, 0.008, 3)
    if gesture.passive is not None:
        place = find_place(gesture.passive, trunk, {}, passive, slip)
        plan[passive] = go_touch(gesture.passive, place, rests[passive], course, passive, rng)
    if gesture.acting is not None:
        other = arm(person, trunk, passive, plan)
        place = find_place(gesture.acting, trunk, other, acting, slip)
        plan[acting] = go_touch(gesture.acting, place, rests[acting], course, acting, rng)
    return plan


def arm(person: Person, trunk: Trunk, side: str, plan: dict[str, Reach]) -> Joints:
    """One arm, reaching where the plan has its hand."""
    return place_arm(person.body, side, trunk.joints[f"Shoulder{side}"], plan[side])


def _posture(person: Person, gesture: Gesture, course: Course, rng: np.random.Generator) -> Posture:
    """Angles over the clip: at rest, idle sway and breath, a turn of attention, the gesture."""
    frames = len(course.seconds)
    posture = sit(person, frames, rng)
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
        posture[sway.angle] += amplitude * swayed(sway, course, rng)
    return posture


def sit(person: Person, frames: int, rng: np.random.Generator) -> Posture:
    """Angles of somebody who does nothing: at rest, with idle sway and breath."""
    posture = {name: np.full(frames, angle) for name, angle in person.posture.items()}
    idle = drift(rng, frames, 25, len(_IDLE)) + rng.standard_normal(len(_IDLE))
    for column, (name, size) in enumerate(_IDLE.items()):
        posture[name] += size * idle[:, column]
    posture["slump"] += rng.normal(0, 0.03)
    posture["knees"] += 0.02 * drift(rng, frames, 30, 1)[:, 0]
    seconds = np.arange(frames) / FPS
    breath = 0.012 * np.sin(2 * np.pi * (0.27 * seconds + rng.random()))
    for name in ("shrug_left", "shrug_right"):
        posture[name] += breath + rng.normal(0, 0.02)
    return posture


def swayed(sway: Sway, course: Course, rng: np.random.Generator) -> Signal:
    """One movement of the trunk over the clip, radians."""
    shape = {"hold": course.hold, "step": course.step, "wave": course.wave}[sway.course]
    sign = rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 1.3) if sway.sided else 1.0
    return sign * sway.size * shape
