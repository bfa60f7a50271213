"""What legs, trunk and head do: sit, stand, walk, squat, kick, bend, turn, nod, shrug.

script (what is done), manner (how it is done this time), t (N, T) -> joints of trunk and legs
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from edgcn.motion.body import (
    OUTWARD,
    SIDES,
    Body,
    Point,
    Signal,
    Trunk,
    place_leg,
    place_trunk,
)
from edgcn.motion.catalog import ANGLES, IDLE, LEGS, LIMITS
from edgcn.motion.dice import Dice
from edgcn.motion.paths import Time, along, drift, moves

PerClip = Float[Tensor, "n 1"]
NAMES = tuple(ANGLES)


@dataclass(frozen=True)
class Lower:
    """Trunk and legs, and what the arms have to know of them.

    Args:
        sits: whether the person of a clip sits.
        walks: 1 where the person walks, else 0.
        phase: of the gait, radians.
    """

    trunk: Trunk
    legs: dict[str, Point]
    sits: Bool[Tensor, " n"]
    walks: PerClip
    phase: Signal


@dataclass(frozen=True)
class Stance:
    """What the legs are about, the same for both.

    Args:
        hips: their path.
        seated: from 0, standing, to 1, on a seat.
        jumps: 1 where the person jumps.
        lifts: where a leg is what the clip is about.
    """

    hips: Point
    seated: Signal
    walks: PerClip
    phase: Signal
    jumps: PerClip
    lifts: Bool[Tensor, "n 1"]


def move_lower(script: Dice, manner: Dice, body: Body, t: Time, length: PerClip) -> Lower:
    """Trunk, head and legs over the clip.

    Args:
        length: of the clip in seconds.
    """
    kind = script.choice("legs", [chance for chance, *_ in LEGS.values()])
    angles = move_angles(script, manner, t, length)
    stance, bow = stand(script, manner, body, t, length, kind)
    angles["lean"] = angles["lean"] + bow
    # Standing people who bend at the hips bring them back over the feet.
    back = (1 - stance.seated) * 0.12 * angles["lean"].clamp(min=0)
    hips = stance.hips + back[..., None] * torch.tensor([0.0, 0.0, 1.0])
    trunk = place_trunk(body, angles, hips)
    legs: dict[str, Point] = {}
    for side in SIDES:
        hip = trunk.joints[f"{side}_hip"]
        legs |= move_leg(script, manner, body, side, hip, hips, stance, t, length)
    return Lower(trunk, legs, kind == _number("sit"), stance.walks, stance.phase)


def _number(name: str) -> int:
    return list(LEGS).index(name)


def stand(
    script: Dice, manner: Dice, body: Body, t: Time, length: PerClip, kind: Tensor
) -> tuple[Stance, Signal]:
    """How the hips go, and by how much the trunk bows on the way up or down."""
    far = body["thigh"] + body["shin"]
    levels = {
        "up": far * 0.985,
        "seat": far * manner.uniform("seat", 1, low=0.5, high=0.62),
        "low": far * script.uniform("low", 1, low=0.45, high=0.8),
    }
    rows = torch.arange(len(t))
    before, after = (
        torch.stack([levels[ends[i]] for _, *ends in LEGS.values()], dim=1)[rows, kind]
        for i in (0, 1)
    )
    start = script.uniform("legs start", 2, low=0.0, high=0.5) * length
    start[:, 1] += 0.35 * length[:, 0]
    done = moves(t, start, script.uniform("legs took", 2, low=0.5, high=1.2))
    back = script.chance("legs back", 0.5, 1)
    height = before + (after - before) * (done[:, 0] - done[:, 1] * back) + body["ankle"]
    on_the_way = 4 * (done[:, 0] * (1 - done[:, 0]) + back * done[:, 1] * (1 - done[:, 1]))
    rises = [_number(name) for name in ("squat", "rise", "sit down")]
    bow = (
        torch.isin(kind, torch.tensor(rises))[:, None]
        * on_the_way
        * script.uniform("bow", 1, low=0.1, high=0.7)
    )
    seated = (levels["up"] + body["ankle"] - height) / (levels["up"] - levels["seat"])
    # Walking on the spot or across the room, and jumping.
    walks = (kind == _number("walk"))[:, None].float()
    rate = script.logarithmic("gait", 1, low=0.7, high=1.6)
    phase = 2 * math.pi * (rate * t + script.uniform("gait phase", 1))
    jumps = script.chance("jumps", 0.04, 1) * (kind == _number("stand"))[:, None].float()
    bounce = walks * 0.02 * body.stature * (2 * phase).cos()
    bounce = bounce + jumps * 0.12 * body.stature * (0.7 * phase).sin().clamp(min=0)
    heading = script.uniform("heading", 1, low=-math.pi, high=math.pi)
    stride = body.stature * script.uniform("stride", 1, low=0.0, high=0.5)
    where = walks * rate * stride * (t - 0.5 * length)
    path = (0.2 * where * heading.sin(), height + bounce, -where * heading.cos().abs())
    hips = 0.012 * drift(manner, "sway", t, 3, seconds=3.0) + torch.stack(path, dim=-1)
    lifts = (kind == _number("leg"))[:, None]
    return Stance(hips, seated.clamp(0, 1), walks, phase, jumps, lifts), bow


def move_angles(script: Dice, manner: Dice, t: Time, length: PerClip) -> dict[str, Signal]:
    """Of trunk, head and shoulders: posture, moves, oscillation, idle sway."""
    count = len(NAMES)
    chance, size, tends = (torch.tensor([row[i] for row in ANGLES.values()]) for i in range(3))
    posture = manner.normal("posture", count) * 0.06
    posture[:, NAMES.index("slump")] += 0.15
    posture[:, NAMES.index("poke")] += 0.25
    # Up to three moves of those that move; big ones are rare (a bow, a look over the shoulder).
    active = (script.uniform("moves", count) < chance).float()
    large = script.logarithmic("large", 1, low=0.35, high=2.6)
    keys = script.normal("keys", 4, count) * size + tends
    keys[:, 0] *= 0.4
    keys[:, 3] *= (script.uniform("comes back", count) < 0.5).float()
    keys = keys * large[..., None] * active[:, None]
    keys = keys * (1 + 0.15 * manner.normal("amplitude", 1, count))
    start = script.uniform("when", 3).sort(dim=1).values * 0.9 * length
    took = script.logarithmic("took", 3, low=0.25, high=1.4)
    path = along(keys, moves(t, start, took))
    # Nodding, shaking the head, swaying, breathing.
    waves = script.chance("waves", 0.1, count).float()
    rate = script.logarithmic("wave rate", 1, low=0.4, high=2.5)
    phase = 2 * math.pi * (rate * t + script.uniform("wave phase", 1))
    swing = waves * size * script.uniform("wave size", count, low=0.15, high=0.8) / (0.6 + rate)
    path = path + phase.sin()[..., None] * swing[:, None]
    path = path + posture[:, None] + IDLE * drift(manner, "idle", t, count, seconds=2.0)
    low, high = (torch.tensor([LIMITS[name][i] for name in NAMES]) for i in range(2))
    path = torch.minimum(torch.maximum(path, low), high)
    angles = dict(zip(NAMES, path.unbind(-1), strict=True))
    breath = 0.012 * (2 * math.pi * (0.27 * t + manner.uniform("breath", 1))).sin()
    for side in SIDES:
        angles[f"{side} shrug"] = angles[f"{side} shrug"] + breath
    return angles


def move_leg(
    script: Dice, manner: Dice, body: Body, side: str, hip: Point, hips: Point, stance: Stance,
    t: Time, length: PerClip,
) -> dict[str, Point]:  # fmt: skip
    """One leg: on the floor, stepping, or lifted somewhere."""
    sign, still = OUTWARD[side], torch.zeros_like(t)
    floor = stance_foot(script, manner, body, side, hips, stance)
    # A kick, a lifted knee, a step, a crossed leg: the foot goes somewhere and mostly comes back.
    acts = script.chance(f"{side} acts", 0.55, 1)
    acts = acts & (stance.lifts | script.chance("fidget", 0.08, 1))
    goal = script.normal(f"{side} kick", 3) * torch.tensor([0.25, 0.2, 0.3])
    goal = (goal + torch.tensor([0.15, -0.35, -0.35])) * torch.tensor([sign, 1.0, 1.0])
    goal = goal * (body["thigh"] + body["shin"])
    start = script.uniform(f"{side} kick at", 2).sort(dim=1).values * 0.9 * length
    done = moves(t, start, script.uniform("kick took", 2, low=0.25, high=0.8))
    again = (2 * math.pi * script.uniform("kick rate", 1, low=0.5, high=2.0) * t).sin().square()
    up = done[:, 0] - done[:, 1] * script.chance("kick back", 0.8, 1)
    up = acts * torch.where(script.chance("kick repeats", 0.3, 1), up * again, up)
    ankle = floor + up[..., None] * (hip + goal[:, None] - floor)
    ankle[..., 1] = torch.maximum(ankle[..., 1], body["ankle"])
    opened = sign * manner.uniform(f"{side} open", 1, low=-0.05, high=0.5)
    pole = torch.stack((opened + still, 0.3 + 0.5 * stance.seated, -1 + still), dim=-1)
    toes = torch.stack((sign * 0.25 + still, -0.35 + still, -1 + still), dim=-1)
    return place_leg(body, side, hip, ankle, pole, toes)


def stance_foot(
    script: Dice, manner: Dice, body: Body, side: str, hips: Point, stance: Stance
) -> Point:
    """The ankle of a foot that stands, walks or jumps."""
    sign, walks = OUTWARD[side], stance.walks
    out = sign * (body["hip"] + body.stature * manner.uniform(f"{side} wide", 1, high=0.09))
    ahead = -0.06 * body.stature * manner.uniform("ahead", 1, low=-0.3, high=1.0)
    tuck = body["thigh"] * manner.uniform(f"{side} tuck", 1, low=0.65, high=1.15)
    swing = stance.phase + (0.0 if side == "left" else math.pi)
    stride = 0.17 * body.stature * script.uniform("step", 1, low=0.5, high=1.3)
    lift = 0.09 * body.stature * script.uniform("lift", 1, low=0.3, high=2.0)
    over = (hips[..., 1] - body["thigh"] - body["shin"] - body["ankle"]).clamp(min=0)
    x = out + hips[..., 0] * walks
    y = body["ankle"] + walks * lift * swing.cos().clamp(min=0) + stance.jumps * over
    z = ahead - stance.seated * tuck - walks * stride * swing.sin() + hips[..., 2] * walks
    return torch.stack((x, y, z), dim=-1)
