"""A body by forward kinematics, its hands and feet placed backward (two bones and a pole).

Level frame, meters: origin under the hips on the floor, x to the person's own right, y up, z to the
back. Every joint is (N, T, 3). Proportions: segment lengths of Drillis & Contini (1966) as
fractions of stature, with the shoulders and hips narrowed to where a Kinect places its centers.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.motion.dice import Dice

Point = Float[Tensor, "n t 3"]
Turn = Float[Tensor, "n t 3 3"]
Signal = Float[Tensor, "n t"]
Along = int | float | Tensor  # a coordinate: a number, or one for each clip, (N, 1)

LENGTHS = {
    "loin": 0.175, "chest": 0.130, "throat": 0.045, "head": 0.085, "shoulder": 0.104,
    "upper_arm": 0.186, "forearm": 0.146, "palm": 0.050, "fingers": 0.056, "hip": 0.047,
    "thigh": 0.245, "shin": 0.246, "ankle": 0.039, "foot": 0.075,
}  # fmt: skip
"""Fractions of stature; shoulder and hip are half widths, ankle is its height above the floor."""
SMALLER = {"head": 1.5, "throat": 0.8, "thigh": 0.88, "shin": 0.88, "shoulder": 0.95}
"""What a child of 1 m has of an adult's fraction."""
SIDES = ("left", "right")
OUTWARD = {"left": -1.0, "right": 1.0}


@dataclass(frozen=True)
class Body:
    """Bone lengths by name, (N, 1), in meters, and the stature they came from."""

    stature: Float[Tensor, "n 1"]
    lengths: dict[str, Float[Tensor, "n 1"]]

    def __getitem__(self, name: str) -> Float[Tensor, "n 1"]:
        return self.lengths[name]


def draw_body(dice: Dice) -> Body:
    """People of 1.0 to 2.0 m, three of four of them adults, whose bones each differ a little."""
    adult = 1.70 + 0.1 * dice.normal("adult", 1)
    child = dice.uniform("child", 1, low=1.0, high=1.6)
    stature = torch.where(dice.chance("is child", 0.25, 1), child, adult).clamp(1.0, 2.0)
    young = ((1.6 - stature) / 0.6).clamp(0, 1)
    differ = dice.uniform("bones", len(LENGTHS), low=0.93, high=1.07)
    lengths = {
        name: stature * share * (1 + (SMALLER.get(name, 1.0) - 1) * young) * differ[:, i : i + 1]
        for i, (name, share) in enumerate(LENGTHS.items())
    }
    return Body(stature, lengths)


def turned(nod: Signal, tilt: Signal, turn: Signal) -> Turn:
    """Rotations: `nod` forward, then `tilt` to the right, then `turn` to the left, in radians."""
    a, b, c = -nod, -tilt, turn
    sa, ca, sb, cb, sc, cc = a.sin(), a.cos(), b.sin(), b.cos(), c.sin(), c.cos()
    rows = (
        cc * cb, -cc * sb * ca + sc * sa, cc * sb * sa + sc * ca,
        sb, cb * ca, -cb * sa,
        -sc * cb, sc * sb * ca + cc * sa, -sc * sb * sa + cc * ca,
    )  # fmt: skip
    return torch.stack(rows, dim=-1).view(*nod.shape, 3, 3)


def carried(turn: Turn, x: Along, y: Along, z: Along) -> Point:
    """A point given in a turned frame, from its origin; coordinates are (N, 1) or numbers."""
    like = turn[..., 0, 0]
    columns = [torch.as_tensor(value).expand_as(like)[..., None] for value in (x, y, z)]
    return (turn * torch.cat(columns, dim=-1).unsqueeze(-2)).sum(-1)


def unit(v: Float[Tensor, "*s 3"]) -> Float[Tensor, "*s 3"]:
    """Vectors of length 1."""
    return v / (v.square().sum(-1, keepdim=True) + 1e-12).sqrt()


def two_bones(
    root: Point, goal: Point, pole: Point, upper: Float[Tensor, "n 1"], lower: Float[Tensor, "n 1"],
    *, closed: float,
) -> tuple[Point, Point]:  # fmt: skip
    """Middle and end of two bones from `root` to `goal`, bent toward `pole` (law of cosines).

    A goal out of reach is approached as far as the bones go; one too close, no nearer than
    `closed` meters more than the difference of their lengths. Both limits are rounded.
    """
    upper, lower = upper[..., None], lower[..., None]
    away = goal - root
    distance = (away.square().sum(-1, keepdim=True) + 1e-12).sqrt()
    along = away / distance
    over = distance - ((upper - lower).abs() + closed)
    distance = distance - 0.5 * (over - (over.square() + 0.04**2).sqrt())
    over = 0.99 * (upper + lower) - distance
    distance = distance + 0.5 * (over - (over.square() + 0.02**2).sqrt())
    foot = (upper.square() - lower.square() + distance.square()) / (2 * distance)
    height = (upper.square() - foot.square()).clamp(min=0).sqrt()
    bend = unit(pole - along * (pole * along).sum(-1, keepdim=True))
    return root + along * foot + bend * height, root + along * distance


@dataclass(frozen=True)
class Trunk:
    """Spine, head, shoulders and hips, and the turns of what hands can aim at."""

    joints: dict[str, Point]
    turns: dict[str, Turn]


def place_trunk(body: Body, angles: dict[str, Signal], hips: Point) -> Trunk:
    """From the hips up.

    Args:
        angles: lean and slump tip forward, bend to the right, twist and turn to the left; poke
            brings the head forward; shrugs lift a shoulder.
        hips: their middle.
    """
    p, zero = angles, torch.zeros_like(angles["lean"])
    pelvis = turned(p["lean"] - 0.5 * p["slump"], 0.5 * p["bend"], 0.3 * p["twist"])
    chest = turned(p["lean"] + 0.7 * p["slump"], p["bend"], p["twist"])
    throat = chest @ turned(0.6 * p["poke"], zero, zero)
    nape = chest @ turned(p["poke"] + 0.5 * p["nod"], 0.5 * p["tilt"], zero)
    # Eyes stay level: the head follows the trunk only in part.
    head = turned(
        p["nod"] + 0.4 * (p["lean"] + 0.7 * p["slump"]),
        p["tilt"] + 0.4 * p["bend"],
        p["turn"] + 0.6 * p["twist"],
    )
    joints = {"hips": hips, "spine": hips + carried(pelvis, 0, body["loin"], 0)}
    joints["chest"] = joints["spine"] + carried(chest, 0, body["chest"], 0)
    joints["neck"] = joints["chest"] + carried(throat, 0, body["throat"], 0)
    joints["head"] = joints["neck"] + carried(nape, 0, body["head"], 0)
    for side, sign in OUTWARD.items():
        rise = p[f"{side} shrug"] - 0.12
        out, up = sign * body["shoulder"] * rise.cos(), body["shoulder"] * rise.sin()
        joints[f"{side}_shoulder"] = joints["chest"] + carried(chest, out, up, 0)
        joints[f"{side}_hip"] = hips + carried(pelvis, sign * body["hip"], -0.012 * body.stature, 0)
    return Trunk(joints, {"chest": chest, "head": head, "pelvis": pelvis})


def place_leg(
    body: Body, side: str, hip: Point, ankle: Point, pole: Point, toes: Point
) -> dict[str, Point]:
    """Knee, ankle and foot of one leg.

    Args:
        pole: where the knee points.
        toes: where the foot points.
    """
    knee, ankle = two_bones(hip, ankle, pole, body["thigh"], body["shin"], closed=0.1)
    foot = unit(toes) * body["foot"][..., None]
    return {f"{side}_knee": knee, f"{side}_ankle": ankle, f"{side}_foot": ankle + foot}


def place_arm(
    body: Body,
    shoulder: Point,
    tip: Point,
    fingers: Point,
    pole: Point,
    outward: Float[Tensor, "n 1 3"],
) -> dict[str, Point]:
    """Elbow to fingertip of one arm.

    Args:
        tip: where the fingertips are to be.
        fingers: where they point.
        pole: where the elbow points.
        outward: (1, 1, 1) for a right arm, (-1, 1, 1) for a left one.
    """
    fingers = unit(fingers)
    palm, rest = body["palm"][..., None], body["fingers"][..., None]
    wrist_goal = tip - fingers * (palm + rest)
    elbow, wrist = two_bones(
        shoulder, wrist_goal, pole, body["upper_arm"], body["forearm"], closed=0.06
    )
    hand = wrist + fingers * palm
    palmar = torch.tensor([-0.5, -0.5, 0.7]) * outward  # no hand of ours points along it
    thumbward = -outward[..., :1] * unit(torch.linalg.cross(palmar.expand_as(fingers), fingers))
    return {
        "elbow": elbow,
        "wrist": wrist,
        "hand": hand,
        "hand_tip": hand + fingers * rest,
        "thumb": hand + (0.4 * fingers + 0.5 * thumbward) * rest,
    }
