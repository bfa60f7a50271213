"""What the hands do: rest, fidget, touch a place, or gesticulate freely.

where they lie (seat frame) and where they go (any frame of the body) -> fingertip paths (t, 3)
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from edgcn.readers.synthetic.body import OUTWARD, Joints, Path3, Reach, Trunk
from edgcn.readers.synthetic.gestures import Touch
from edgcn.readers.synthetic.person import RESTS, Person
from edgcn.readers.synthetic.timing import Course, drift, minimum_jerk

SIDES = ("Left", "Right")
OTHER = {"Left": "Right", "Right": "Left"}
_ELBOW_AT_REST = (0.7, -1.0, 0.6)


def rest(person: Person, base: Path3, rng: np.random.Generator) -> dict[str, Reach]:
    """Where the hands lie when they do nothing: mostly the person's own way, both alike."""
    style = dict.fromkeys(SIDES, person.rest)
    if rng.random() < 0.3:
        style = dict.fromkeys(SIDES, str(rng.choice(list(RESTS))))
    if rng.random() < 0.2:
        style[str(rng.choice(SIDES))] = str(rng.choice(list(RESTS)))
    rests = {}
    for side in SIDES:
        point, fingers = (np.array(vector) for vector in RESTS[style[side]])
        point = point + person.rest_offset + rng.normal(0, 0.02, 3)
        tip = base + OUTWARD[side] * point + 0.004 * drift(rng, len(base), 20, 3)
        aim = fingers + rng.normal(0, 0.08, 3)
        rests[side] = Reach(
            tip, _still(aim, side, len(base)), _still(_ELBOW_AT_REST, side, len(base))
        )
    return rests


def _still(vector: Sequence[float] | Float[np.ndarray, " 3"], side: str, frames: int) -> Path3:
    """A vector given for the right side, on `side`, the same in all frames."""
    return np.broadcast_to(np.asarray(vector, dtype=float) * OUTWARD[side], (frames, 3))


def fidget(idle: Reach, rng: np.random.Generator) -> Reach:
    """An idle hand: usually still, sometimes wandering a little, seldom a lot."""
    size = float(rng.choice([0.0, 0.03, 0.09], p=[0.55, 0.3, 0.15]))
    wander = size * drift(rng, len(idle.tip), 18, 3) * [1, 1, 0.7] + [0, 0.5 * size, 0]
    return Reach(idle.tip + wander, idle.fingers, idle.pole)


def find_place(
    touch: Touch, trunk: Trunk, joints: Joints, side: str, slip: Float[np.ndarray, " 3"]
) -> Path3:
    """Where the touched place is in each frame; it moves with what it is fixed to.

    `slip` is not mirrored: when both hands meet, they meet elsewhere together.
    """
    point = np.array(touch.point) * OUTWARD[side] + slip
    if touch.frame in ("forearm", "cuff"):
        share = 0.5 if touch.frame == "forearm" else 0.85
        elbow, wrist = joints[f"Elbow{OTHER[side]}"], joints[f"Wrist{OTHER[side]}"]
        place: Path3 = elbow + share * (wrist - elbow) + point
    else:
        origin, turn = trunk.frames[touch.frame]
        place = origin + turn @ point
    return place


def go_touch(
    touch: Touch, place: Path3, idle: Reach, course: Course, side: str, rng: np.random.Generator
) -> Reach:
    """The way of one hand to the place and back, rubbing there."""
    frames, e = len(place), course.hold[:, None]
    phase = 0.0 if side == "Right" else np.pi  # the hands of a pair stroke against each other
    stroke = np.sin(2 * np.pi * touch.rate * course.pace * course.seconds + phase)[:, None]
    rub = _still(touch.rub, side, frames) * rng.uniform(0.6, 1.4) * stroke * e**3
    bow = np.array(touch.bow) + rng.normal(0, 0.02, 3)
    fingers = _still(np.array(touch.fingers) + rng.normal(0, 0.1, 3), side, frames)
    pole = _still(np.array(touch.pole) + rng.normal(0, 0.15, 3), side, frames)
    return Reach(
        tip=idle.tip + e * (place - idle.tip) + OUTWARD[side] * bow * 4 * e * (1 - e) + rub,
        fingers=idle.fingers * (1 - e) + fingers * e,
        pole=idle.pole * (1 - e) + pole * e,
    )


def gesticulate(
    person: Person,
    rests: dict[str, Reach],
    acting: str,
    rng: np.random.Generator,
    *,
    whole: bool = False,
) -> dict[str, Reach]:
    """Both hands accompany speech: from key to key in front of the trunk, often alike.

    Args:
        whole: they begin and end where `rests` has them.
    """
    frames = len(rests[acting].tip)
    count = max(3, round(frames * person.speed / rng.uniform(10, 22)))
    gaps = rng.uniform(0.6, 1.4, count - 1)  # no two keys so close that a hand would have to jump
    times = (frames - 1) * np.r_[0.0, np.cumsum(gaps) / gaps.sum()]
    keys = _draw_keys(person, count, rng)
    lowered = (rng.random(2) < 0.6) | whole  # begins, ends with the hands at rest
    passive = OTHER[acting]
    plan = {acting: _visit(keys, times, rests[acting], acting, lowered, rng)}
    manner = rng.random()
    if manner < 0.55:
        alike = keys + rng.normal(0, 0.03, keys.shape)
        plan[passive] = _visit(alike, times, rests[passive], passive, lowered, rng)
    elif manner < 0.75:
        own = _draw_keys(person, count, rng)
        plan[passive] = _visit(own, times, rests[passive], passive, lowered, rng)
    else:
        plan[passive] = rests[passive] if whole else fidget(rests[passive], rng)
    return plan


def _draw_keys(person: Person, count: int, rng: np.random.Generator) -> Float[np.ndarray, "k 3"]:
    """Places of a gesticulating hand in the seat frame (x outward)."""
    center = np.array([0.13, 0.28, -0.36]) + rng.normal(0, [0.06, 0.07, 0.04])
    keys = center + person.amplitude * rng.normal(0, [0.06, 0.07, 0.05], (count, 3))
    return np.clip(keys, [-0.08, 0.1, -0.6], [0.45, 0.75, -0.2])


def _visit(
    keys: Float[np.ndarray, "k 3"],
    times: Float[np.ndarray, " k"],
    idle: Reach,
    side: str,
    lowered: Bool[np.ndarray, "2"],
    rng: np.random.Generator,
) -> Reach:
    """A path through the keys at their times, with eased moves in between."""
    t = np.arange(len(idle.tip), dtype=float)
    after = np.clip(np.searchsorted(times, t, side="right"), 1, len(times) - 1)
    u = (t - times[after - 1]) / (times[after] - times[after - 1])
    ease = minimum_jerk(u)[:, None]
    weight = np.ones(len(keys))  # of the key against the place of rest
    weight[0], weight[-1] = 1.0 - lowered
    w = weight[after - 1, None] * (1 - ease) + weight[after, None] * ease
    path = (weight[:, None] * keys)[after - 1] * (1 - ease) + (weight[:, None] * keys)[after] * ease
    aims = rng.normal([-0.3, 0.35, -0.8], 0.35, (len(keys), 3))
    aim = (aims[after - 1] * (1 - ease) + aims[after] * ease) * OUTWARD[side]
    pole = _still((0.8, -1.0, 0.3), side, len(t))
    return Reach(
        tip=path * OUTWARD[side] + (1 - w) * idle.tip,
        fingers=aim * w + idle.fingers * (1 - w),
        pole=pole * w + idle.pole * (1 - w),
    )
