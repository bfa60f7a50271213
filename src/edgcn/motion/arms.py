"""What the arms do: rest, reach, touch, hold, rub, wave, alone, alike, alternating or together.

script, manner, trunk -> where both fingertips go -> arms. A place is fixed to a part of the body,
so that a hand on a cheek stays there when the head turns; free places are fixed to the shoulder.
"""

import math
from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from edgcn.motion.body import Body, Point, place_arm, unit
from edgcn.motion.catalog import FRAMES, PLACES, RESTS, TOGETHER, TURNING
from edgcn.motion.dice import Dice
from edgcn.motion.lower import Lower, PerClip
from edgcn.motion.paths import Time, along, drift, moves

MOVES = 4  # of a hand in a clip, at most
HAND = FRAMES.index("hand")


@dataclass(frozen=True)
class Plan:
    """Where one hand of each clip goes and when: keys, moves between them, and waves on top.

    Args:
        keys: places of the fingertips, x outward, meters from what they are fixed to.
        fixed: to which of `FRAMES`.
        starts: of the moves, seconds, and how long each takes.
        active: 1 for the moves that are made, else 0.
        waves: two ellipses, by two axes each, meters.
        rate: of the waves, per second.
        shift: of their phase, in turns.
        window: seconds between which there are waves.
        poles, bows, fingers: random directions of elbows, of the ways and of the fingers.
    """

    keys: Float[Tensor, "n keys 3"]
    fixed: Int[Tensor, "n keys"]
    starts: Float[Tensor, "n k"]
    took: Float[Tensor, "n k"]
    active: Float[Tensor, "n k"]
    waves: Float[Tensor, "n 2 2 3"]
    rate: Float[Tensor, "n 2"]
    shift: Float[Tensor, "n 2"]
    window: Float[Tensor, "n 2"]
    poles: Float[Tensor, "n keys 3"]
    bows: Float[Tensor, "n k 3"]
    fingers: Float[Tensor, "n keys 3"]


def move_arms(
    script: Dice, manner: Dice, body: Body, lower: Lower, t: Time, length: PerClip
) -> dict[str, Point]:
    """Both arms; the second one may aim at the first."""
    leads = script.chance("right leads", 0.65)
    way = script.choice("together", list(TOGETHER.values()))
    is_ = {name: way == number for number, name in enumerate(TOGETHER)}
    plan = plan_hand(script, manner, "first", lower.sits, length, body)
    first = move_arm(manner, body, lower, t, leads, plan, {})
    own = plan_hand(script, manner, "second", lower.sits, length, body)
    alike = is_["alike"] | is_["alternates"] | is_["meets"]
    plan = where(alike, plan, own)
    unlike = 0.012 * body.stature[..., None] * manner.normal("unlike", MOVES + 1, 3)
    # Two hands that meet: the second goes where the first one is.
    meets = is_["meets"][:, None] & (torch.arange(MOVES + 1) > 0)
    near = 0.012 * body.stature[..., None] * script.normal("meeting", MOVES + 1, 3)
    # One that rests may fidget.
    rests = is_["rests"].float().view(-1, 1, 1, 1)
    plan = replace(
        plan,
        keys=torch.where(meets[..., None], near, plan.keys + unlike),
        fixed=torch.where(meets, HAND, plan.fixed),
        active=plan.active * ~is_["rests"][:, None],
        waves=plan.waves * (1 - 0.9 * rests),
        shift=plan.shift + 0.5 * is_["alternates"][:, None],
    )
    second = move_arm(manner, body, lower, t, ~leads, plan, first)
    return {
        f"{side}_{part}": torch.where((leads == right).view(-1, 1, 1), first[part], second[part])
        for side, right in (("left", False), ("right", True))
        for part in first
    }


def where(chosen: Bool[Tensor, " n"], one: Plan, other: Plan) -> Plan:
    """One plan where chosen, else the other."""
    mixed = {}
    for field in fields(Plan):
        a, b = getattr(one, field.name), getattr(other, field.name)
        mixed[field.name] = torch.where(chosen.view(-1, *[1] * (a.dim() - 1)), a, b)
    return Plan(**mixed)


def plan_hand(
    script: Dice, manner: Dice, which: str, sits: Bool[Tensor, " n"], length: PerClip, body: Body
) -> Plan:
    """Where the first or the second hand of each clip goes and when."""
    number = 1 + script.choice(f"{which} number", [0.35, 0.35, 0.2, 0.1])
    keys, fixed = choose_places(script, which, sits, number)
    slot = torch.arange(MOVES) + script.uniform(f"{which} when", MOVES, low=-0.15, high=0.75)
    took = script.logarithmic(f"{which} took", MOVES, low=0.28, high=1.1)
    # Waves: rubbing at a place, waving, drawing circles; fast ones are small.
    rate = script.logarithmic(f"{which} rate", 2, low=0.5, high=4.5)
    size = script.logarithmic(f"{which} size", 2, low=0.006, high=0.16) / rate
    has = (script.chance(f"{which} waves", 0.45), script.chance(f"{which} more", 0.12))
    axes = script.normal(f"{which} axes", 2, 2, 3)
    axes[:, :, 1] *= script.choice(f"{which} round", [0.5, 0.3, 0.2], 2)[..., None] * 0.5
    return Plan(
        keys=keys * body.stature[..., None],
        fixed=fixed,
        starts=slot / number[:, None] * length,
        took=took * (1 + 0.12 * manner.normal(f"{which} tempo", MOVES)).clamp(0.6, 1.5),
        active=(torch.arange(MOVES) < number[:, None]).float(),
        waves=(torch.stack(has, dim=1) * size * body.stature)[..., None, None] * axes,
        rate=rate * (1 + 0.06 * manner.normal(f"{which} pace", 1)),
        shift=script.uniform(f"{which} phase", 2),
        window=script.uniform(f"{which} window", 2).sort(dim=1).values * length,
        poles=script.normal(f"{which} poles", MOVES + 1, 3),
        bows=script.normal(f"{which} bows", MOVES, 3),
        fingers=script.normal(f"{which} fingers", MOVES + 1, 3),
    )


def choose_places(
    script: Dice, which: str, sits: Bool[Tensor, " n"], number: Int[Tensor, " n"]
) -> tuple[Float[Tensor, "n keys 3"], Int[Tensor, "n keys"]]:
    """From where a hand rests to the places it goes to, and mostly back; fractions of stature."""
    kinds = script.choice(f"{which} places", [row[0] for row in PLACES.values()], MOVES)
    if which == "first":  # there is no other arm yet: it offers itself instead
        other = torch.tensor([row[1] in ("elbow", "hand") for row in PLACES.values()])
        kinds = torch.where(other[kinds], list(PLACES).index("before"), kinds)
    center, spread = (torch.tensor([row[i] for row in PLACES.values()])[kinds] for i in (2, 3))
    places = center + spread * script.normal(f"{which} spread", MOVES, 3)
    frames = torch.tensor([FRAMES.index(row[1]) for row in PLACES.values()])[kinds]
    # At rest: seated or standing, both hands alike.
    rest = torch.where(
        sits,
        script.choice("seated rest", [row[0] for row in RESTS.values()]),
        script.choice("standing rest", [row[1] for row in RESTS.values()]),
    )
    home = torch.tensor([row[3] for row in RESTS.values()])[rest]
    home = home + 0.018 * script.normal(f"{which} home", 3)
    at_home = torch.tensor([FRAMES.index(row[2]) for row in RESTS.values()])[rest]
    # A place is sometimes just beside the last one: small gestures.
    close = script.chance(f"{which} close", 0.35, MOVES)
    step = script.logarithmic(f"{which} step", MOVES, 1, low=0.01, high=0.12)
    beside = step * unit(script.normal(f"{which} beside", MOVES, 3))
    returns = script.chance(f"{which} returns", 0.6)
    out = script.chance(f"{which} starts out", 0.2)
    keys = [torch.where(out[:, None], places[:, -1], home)]
    fixed = [torch.where(out, frames[:, -1], at_home)]
    for i in range(MOVES):
        back = returns & (number == i + 1) & (i > 0)
        key = torch.where(close[:, i, None], keys[-1] + beside[:, i], places[:, i])
        frame = torch.where(close[:, i], fixed[-1], frames[:, i])
        keys.append(torch.where(back[:, None], home, key))
        fixed.append(torch.where(back, at_home, frame))
    return torch.stack(keys, dim=1), torch.stack(fixed, dim=1)


def move_arm(
    manner: Dice, body: Body, lower: Lower, t: Time, right: Bool[Tensor, " n"], plan: Plan,
    other: dict[str, Point],
) -> dict[str, Point]:  # fmt: skip
    """Elbow to fingertips of one arm of each clip, the right one where `right`.

    Args:
        other: the other arm, where it has moved already.
    """
    which = "second" if other else "first"
    joints, sign = lower.trunk.joints, torch.where(right, 1.0, -1.0)
    outward = torch.stack((sign, torch.ones_like(sign), torch.ones_like(sign)), dim=-1)[:, None]
    shoulder = torch.where(right.view(-1, 1, 1), joints["right_shoulder"], joints["left_shoulder"])
    aims = plan.keys * outward
    aims = aims + 0.006 * body.stature[..., None] * manner.normal(f"{which} aim", MOVES + 1, 3)
    places = in_space(aims, plan.fixed, lower, shoulder, other)
    done = moves(t, plan.starts, plan.took) * plan.active[..., None]
    tip = places[:, 0] + (done[..., None] * (places[:, 1:] - places[:, :-1])).sum(dim=1)
    bows = 0.03 * body.stature[..., None] * (plan.bows + torch.tensor([0.4, 0.0, -1.0])) * outward
    tip = tip + (4 * done * (1 - done)).transpose(1, 2) @ bows
    tip = tip + waving(plan, t) @ (plan.waves.transpose(1, 2).flatten(1, 2) * outward)
    fidgets = manner.logarithmic(f"{which} fidgets", 1, 1, low=0.3, high=6.0)
    tip = tip + 0.005 * fidgets * drift(manner, f"{which} idle", t, 3, seconds=1.2)
    swing = (lower.phase + math.pi * (1 + right.view(-1, 1))).sin()  # against the leg of its side
    gait = lower.walks * 0.09 * body.stature * swing
    tip = tip + gait[..., None] * torch.tensor([0.0, 0.3, 1.0])
    poles = 0.35 * plan.poles + torch.tensor([0.7, -1.0, 0.3])
    pole = along((poles + 0.15 * manner.normal(f"{which} pole", 1, 3)) * outward, done)
    fingers = unit(tip - shoulder) + 0.45 * along(plan.fingers * outward, done)
    return place_arm(body, shoulder, tip, fingers, pole, outward)


def waving(plan: Plan, t: Time) -> Float[Tensor, "n t 4"]:
    """How far along each axis of its waves a hand is, within their window."""
    inside = moves(t, plan.window, torch.full_like(plan.window, 0.3))
    phase = 2 * math.pi * (plan.rate[:, None] * t[..., None] + plan.shift[:, None])
    waves = torch.cat((phase.sin(), phase.cos()), dim=-1)
    return waves * (inside[:, 0] - inside[:, 1])[..., None]


def in_space(
    keys: Float[Tensor, "n keys 3"],
    fixed: Int[Tensor, "n keys"],
    lower: Lower,
    shoulder: Point,
    other: dict[str, Point],
) -> Float[Tensor, "n keys t 3"]:
    """Where places are in each frame: they move and turn with what they are fixed to."""
    joints, turns = lower.trunk.joints, lower.trunk.turns
    origins = {
        "floor": joints["hips"] * torch.tensor([1.0, 0.0, 1.0]),
        "pelvis": joints["hips"],
        "chest": joints["chest"],
        "head": joints["head"],
        "shoulder": shoulder,
        "girdle": shoulder,
        "elbow": other.get("elbow", shoulder),
        "hand": other.get("hand", shoulder),
    }
    stacked = torch.stack([origins[name] for name in FRAMES], dim=1)
    places = stacked[torch.arange(len(keys))[:, None], fixed]
    level = torch.ones_like(fixed, dtype=torch.bool)
    for part in dict.fromkeys(TURNING.values()):
        frames = [FRAMES.index(name) for name, turns_with in TURNING.items() if turns_with == part]
        turning = torch.isin(fixed, torch.tensor(frames))
        offsets = turning[..., None] * keys
        places = places + torch.einsum("ntij,nkj->nkti", turns[part], offsets)
        level = level & ~turning
    return places + (level[..., None] * keys)[:, :, None]
