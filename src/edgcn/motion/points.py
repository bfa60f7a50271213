"""The joints of any skeleton by name, from the points of a moving body.

points by canonical name (N, T, 3) -> (N, T, V, 3) in the order of a topology
"""

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.motion.body import OUTWARD, Body, Point, carried
from edgcn.motion.lower import Lower
from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology

# Fractions of stature from the center of the head: x to the person's right, y up, z back.
FACE = {
    "nose": (0.0, -0.01, -0.062), "right_eye": (0.019, 0.012, -0.05),
    "right_eye_inner": (0.011, 0.012, -0.053), "right_eye_outer": (0.026, 0.012, -0.044),
    "right_ear": (0.044, 0.0, 0.0), "mouth_right": (0.014, -0.034, -0.054),
    "right_mouth": (0.014, -0.034, -0.054), "head_top": (0.0, 0.065, 0.0),
    "upper_neck": (0.0, -0.06, 0.0),
}  # fmt: skip
# Of the hand's length from the hand to its tip, and to the thumb's side.
FINGERS = {
    "index": (0.9, 0.25),
    "middle": (1.0, 0.05),
    "ring": (0.93, -0.15),
    "little": (0.75, -0.35),
}
PARTS = ("_cmc", "_mcp", "_ip", "_pip", "_dip", "_tip")  # of fingers, from the palm on


def all_points(body: Body, lower: Lower, arms: dict[str, Point]) -> dict[str, Point]:
    """Every point there is, by its canonical name."""
    points = lower.trunk.joints | lower.legs | arms
    head, turn = points["head"], lower.trunk.turns["head"]
    for name, at in FACE.items():
        for side, sign in OUTWARD.items():
            x, y, z = (body.stature * share for share in at)
            points[name.replace("right", side)] = head + carried(turn, sign * x, y, z)
    points["spine_chest"] = points["spine"] + 0.6 * (points["chest"] - points["spine"])
    for side, sign in OUTWARD.items():
        collar = points[f"{side}_shoulder"] - points["chest"]
        points[f"{side}_clavicle"] = points["chest"] + 0.15 * collar
        hand, tip, thumb = (points[f"{side}_{part}"] for part in ("hand", "hand_tip", "thumb"))
        ahead, across = tip - hand, thumb - hand - 0.4 * (tip - hand)
        for finger, (along, beside) in FINGERS.items():
            points[f"{side}_{finger}"] = hand + along * ahead + beside * across
        points |= _fingers(points, side)
        ankle, foot = points[f"{side}_ankle"], points[f"{side}_foot"]
        wide = torch.tensor([sign, 0.0, 0.0]) * body.stature[..., None]
        points[f"{side}_big_toe"] = points[f"{side}_foot_index"] = foot - 0.008 * wide
        points[f"{side}_small_toe"] = foot + 0.03 * wide
        down = torch.tensor([0.0, 0.03, 0.0]) * body.stature[..., None]
        points[f"{side}_heel"] = ankle - 0.4 * (foot - ankle) - down
    right = "right_"
    hand_alone = {name: point for name, point in points.items() if name.endswith(PARTS)}
    points |= {name.removeprefix(right): p for name, p in hand_alone.items() if right in name}
    return points | {"wrist": points["right_wrist"]}


def _fingers(points: dict[str, Point], side: str) -> dict[str, Point]:
    """The joints of each finger, between the wrist and its tip."""
    wrist, made = points[f"{side}_wrist"], {f"{side}_hand_wrist": points[f"{side}_wrist"]}
    for finger in ("thumb", *FINGERS):
        tip = points[f"{side}_{finger}"]
        parts = ("cmc", "mcp", "ip", "tip") if finger == "thumb" else ("mcp", "pip", "dip", "tip")
        for part, share in zip(parts, (0.5, 0.7, 0.87, 1.0), strict=True):
            made[f"{side}_{finger}_{part}"] = wrist + share * (tip - wrist)
    return made


def on_joints(points: dict[str, Point], topology: Topology) -> Float[Tensor, "n t v 3"]:
    """The points of a topology's joints; a neck is between the shoulders where no chest is.

    Raises:
        EdgcnError: there is no such point on our bodies.
    """
    names = [canonical(joint) for joint in topology.joints]
    if "chest" not in names:
        names = ["chest" if name == "neck" else name for name in names]
    for name, joint in zip(names, topology.joints, strict=True):
        if name not in points:
            raise EdgcnError(
                f"procedural people have no joint {joint!r} of topology {topology.name!r}; there "
                f"are {', '.join(sorted(points))}"
            )
    return torch.stack([points[name] for name in names], dim=2)
