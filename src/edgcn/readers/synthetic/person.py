"""Who sits there: everything that stays the same in all clips of one subject."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from edgcn.readers.synthetic.body import ANGLES, Body, draw_body
from edgcn.readers.synthetic.gestures import GESTURES

# Resting hands: fingertip in the seat frame (x outward, y up, z back) and where the fingers point.
RESTS = {
    "thigh": ((0.09, 0.09, -0.40), (-0.25, -0.2, -0.9)),
    "lap": ((-0.02, 0.10, -0.29), (-0.8, -0.1, -0.5)),
    "armrest": ((0.25, 0.21, -0.36), (-0.15, -0.15, -0.95)),
    "belly": ((-0.06, 0.20, -0.24), (-0.95, 0.05, -0.2)),
}


@dataclass(frozen=True)
class Person:
    """One subject.

    Args:
        posture: angles at rest, radians.
        rest: name in `RESTS` where the hands usually lie.
        rest_offset: own displacement of the resting hands, meters.
        speed: 1 is average; movements take 1 / speed of the time.
        amplitude: 1 is average, of free and trunk movements.
        right_handed: probability that the right hand acts.
        manner: own displacement of the touched place, one row a class, meters.
        leaning: how often this person does what, over the classes.
    """

    body: Body
    posture: dict[str, float]
    spread: float
    tuck: float
    rest: str
    rest_offset: Float[np.ndarray, " 3"]
    speed: float
    amplitude: float
    right_handed: float
    manner: Float[np.ndarray, "classes 3"]
    leaning: Float[np.ndarray, " classes"]


def draw_person(rng: np.random.Generator) -> Person:
    """A random subject."""
    posture = dict.fromkeys(ANGLES, 0.0)
    posture |= {
        "lean": rng.normal(-0.02, 0.07),
        "bend": rng.normal(0, 0.03),
        "twist": rng.normal(0, 0.06),
        "slump": np.clip(rng.normal(0.26, 0.06), 0.12, 0.4),
        "poke": np.clip(rng.normal(0.3, 0.07), 0.12, 0.45),
        "nod": rng.normal(0, 0.06),
        "tilt": rng.normal(0, 0.04),
        "turn": rng.normal(0, 0.08),
    }
    # The majority class is dealt by the deck alone, so no habit adds to it.
    others = np.array([0.0 if gesture.free else gesture.cards for gesture in GESTURES])
    habit = rng.gamma(0.6 * np.maximum(others, 1e-9))
    return Person(
        body=draw_body(rng),
        posture={name: float(angle) for name, angle in posture.items()},
        spread=float(rng.uniform(0.05, 0.45)),
        tuck=float(rng.uniform(-0.35, 0.25)),
        rest=str(rng.choice(list(RESTS), p=[0.4, 0.3, 0.2, 0.1])),
        rest_offset=rng.normal(0, 0.025, 3),
        speed=float(np.clip(rng.lognormal(0, 0.18), 0.65, 1.5)),
        amplitude=float(np.clip(rng.lognormal(0, 0.2), 0.6, 1.5)),
        right_handed=float(rng.choice([0.92, 0.1, 0.5], p=[0.65, 0.15, 0.2])),
        manner=rng.normal(0, 0.012, (len(GESTURES), 3)),
        leaning=habit / habit.sum(),
    )
