"""A seated body by forward kinematics: rigid bones turned by a few angles, arms placed backward.

    angles (t,) of trunk, neck, head and shoulders -> frames (origin, turn) -> joints (t, 25, 3)
    fingertip goals (t, 3) -> wrist -> elbow (two bones, a pole says where the elbow points)

Seat frame, meters: origin at SpineBase, x to the person's own right, y up, z to the back, so that
a person who faces a Kinect has the Kinect's own axes (its x grows to the person's right).
Proportions: segment lengths of Drillis & Contini (1966) as fractions of stature, with the
shoulders and hips narrowed to where a Kinect places its joint centers.
"""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float

from edgcn.skeleton.layouts import KINECT_V2

Signal = Float[np.ndarray, " t"]
Path3 = Float[np.ndarray, "t 3"]
Turns = Float[np.ndarray, "t 3 3"]
Posture = dict[str, Signal]
Joints = dict[str, Path3]

# Radians. lean and slump tip forward, bend to the right, twist and turn to the left.
ANGLES = (
    "lean", "bend", "twist", "slump", "poke", "nod", "tilt", "turn",
    "shrug_left", "shrug_right", "knees",
)  # fmt: skip

OUTWARD = {"Left": np.array([-1.0, 1.0, 1.0]), "Right": np.ones(3)}  # own side is +x for both
_UP = np.array([0.0, 1.0, 0.0])
# Axis that no hand of ours points along, so that the thumb is always to one side of the fingers.
_PALM = np.array([-0.5, -0.5, 0.7])


@dataclass(frozen=True)
class Body:
    """Bone lengths in meters; shoulder and hip are half widths."""

    loin: float = 0.175
    chest: float = 0.130
    throat: float = 0.045
    head: float = 0.085
    shoulder: float = 0.104
    upper_arm: float = 0.186
    forearm: float = 0.146
    palm: float = 0.050
    fingers: float = 0.056
    hip: float = 0.047
    thigh: float = 0.245
    shin: float = 0.246
    foot: float = 0.075

    @property
    def hand(self) -> float:
        """From the wrist to the fingertips."""
        return self.palm + self.fingers


def draw_body(rng: np.random.Generator) -> Body:
    """An adult of 1.52 to 1.95 m, whose bones each differ a little from the average."""
    stature = np.clip(rng.normal(1.71, 0.09), 1.52, 1.95)
    share = {field.name: float(getattr(Body(), field.name)) for field in fields(Body)}
    return Body(**{name: v * stature * rng.uniform(0.95, 1.05) for name, v in share.items()})


def turned(*, nod: Signal, tilt: Signal, turn: Signal) -> Turns:
    """Rotations: `nod` forward, then `tilt` to the right, then `turn` to the left."""
    (a, b, c), zero, one = (-nod, -tilt, turn), np.zeros_like(nod), np.ones_like(nod)
    x = [[one, zero, zero], [zero, np.cos(a), -np.sin(a)], [zero, np.sin(a), np.cos(a)]]
    z = [[np.cos(b), -np.sin(b), zero], [np.sin(b), np.cos(b), zero], [zero, zero, one]]
    y = [[np.cos(c), zero, np.sin(c)], [zero, one, zero], [-np.sin(c), zero, np.cos(c)]]
    rx, rz, ry = (np.moveaxis(np.array(matrix), -1, 0) for matrix in (x, z, y))
    return ry @ rz @ rx


@dataclass(frozen=True)
class Trunk:
    """Everything but the arms, and the frames that hands can aim at: name -> (origin, turn)."""

    joints: Joints
    frames: dict[str, tuple[Path3, Turns]]


def place_trunk(body: Body, posture: Posture, base: Path3, *, spread: float, tuck: float) -> Trunk:
    """Spine, head, shoulders and legs of a person who sits at `base`.

    Args:
        spread: how far the knees point outward, radians.
        tuck: how far the shins slant back under the seat, radians.
    """
    p = posture
    lower = turned(nod=p["lean"] - 0.5 * p["slump"], tilt=0.5 * p["bend"], turn=0.3 * p["twist"])
    chest = turned(nod=p["lean"] + 0.7 * p["slump"], tilt=p["bend"], turn=p["twist"])
    throat = chest @ turned(nod=0.6 * p["poke"], tilt=0 * p["tilt"], turn=0 * p["turn"])
    nape = chest @ turned(nod=p["poke"] + 0.5 * p["nod"], tilt=0.5 * p["tilt"], turn=0 * p["turn"])
    # Eyes stay level: the head follows the trunk only in part.
    head = turned(
        nod=p["nod"] + 0.3 * (p["lean"] + 0.7 * p["slump"]),
        tilt=p["tilt"] + 0.4 * p["bend"],
        turn=p["turn"] + 0.6 * p["twist"],
    )
    joints = {"SpineBase": base, "SpineMid": base + lower @ (_UP * body.loin)}
    joints["SpineShoulder"] = joints["SpineMid"] + chest @ (_UP * body.chest)
    joints["Neck"] = joints["SpineShoulder"] + throat @ (_UP * body.throat)
    joints["Head"] = joints["Neck"] + nape @ (_UP * body.head)
    for side, sign in (("Left", -1.0), ("Right", 1.0)):
        rise = p[f"shrug_{side.lower()}"] - 0.12
        along = np.stack([sign * np.cos(rise), np.sin(rise), np.zeros_like(rise)], axis=-1)
        shoulder = np.einsum("tij,tj->ti", chest, along * body.shoulder)
        joints[f"Shoulder{side}"] = joints["SpineShoulder"] + shoulder
        joints |= _leg(body, side, base, lower, spread=spread + p["knees"], tuck=tuck)
    level = np.broadcast_to(np.eye(3), lower.shape)
    frames = {
        "seat": (base, level),
        "chest": (joints["SpineShoulder"], chest),
        "neck": (joints["Neck"], chest),
        "head": (joints["Head"], head),
    }
    return Trunk(joints, frames)


def _leg(
    body: Body, side: str, base: Path3, lower: Turns, *, spread: Signal, tuck: float
) -> Joints:
    """Hip to foot of a seated leg: thigh forward, shin down, foot on the floor."""
    out, level = OUTWARD[side], np.ones_like(spread)
    hip = base + lower @ (out * [body.hip, -0.02, 0.0])
    thigh = np.stack([np.sin(spread), 0.04 * level, -np.cos(spread)], axis=-1)
    shin = np.stack([0.05 * level, -np.cos(tuck) * level, np.sin(tuck) * level], axis=-1)
    foot = np.stack([np.sin(spread), -0.35 * level, -np.cos(spread)], axis=-1)
    knee = hip + _unit(thigh * out) * body.thigh
    ankle = knee + _unit(shin * out) * body.shin
    toes = ankle + _unit(foot * out) * body.foot
    return {f"Hip{side}": hip, f"Knee{side}": knee, f"Ankle{side}": ankle, f"Foot{side}": toes}


@dataclass(frozen=True)
class Reach:
    """Where a hand is to be: its fingertip, where the fingers and where the elbow point."""

    tip: Path3
    fingers: Path3
    pole: Path3


def place_arm(body: Body, side: str, shoulder: Path3, reach: Reach) -> Joints:
    """Elbow to fingertip of one arm; a goal out of reach is approached as far as the arm goes."""
    fingers = _unit(reach.fingers)
    elbow, wrist = _two_bones(
        shoulder, reach.tip - fingers * body.hand, reach.pole, body.upper_arm, body.forearm
    )
    hand = wrist + fingers * body.palm
    thumbward = _unit(np.cross(_PALM * OUTWARD[side], fingers)) * -OUTWARD[side][0]
    return {
        f"Elbow{side}": elbow,
        f"Wrist{side}": wrist,
        f"Hand{side}": hand,
        f"HandTip{side}": hand + fingers * body.fingers,
        f"Thumb{side}": hand + (0.4 * fingers + 0.5 * thumbward) * body.fingers,
    }


def _two_bones(
    root: Path3, goal: Path3, pole: Path3, upper: float, lower: float
) -> tuple[Path3, Path3]:
    """Middle and end of two bones from `root` to `goal`, bent toward `pole` (law of cosines)."""
    along = _unit(goal - root)
    distance = np.linalg.norm(goal - root, axis=-1, keepdims=True)
    # A rounded floor, for no elbow closes fully and a hard one would jerk a hand that passes by.
    over = distance - (abs(upper - lower) + 0.06)
    distance = distance - 0.5 * (over - np.sqrt(over**2 + 0.04**2))
    distance = np.minimum(distance, 0.995 * (upper + lower))
    foot = (upper**2 - lower**2 + distance**2) / (2 * distance)
    height = np.sqrt(upper**2 - foot**2)
    bend = _unit(pole - along * np.sum(pole * along, axis=-1, keepdims=True))
    return root + along * foot + bend * height, root + along * distance


def _unit(v: Path3) -> Path3:
    """Vectors of length 1."""
    length: Path3 = np.linalg.norm(v, axis=-1, keepdims=True)
    unit: Path3 = v / length
    return unit


def assemble(joints: Joints) -> Float[np.ndarray, "t 25 3"]:
    """All joints in the order of a Kinect v2."""
    return np.stack([joints[name] for name in KINECT_V2.joints], axis=1)
