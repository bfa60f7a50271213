"""What a sensor sees: joints in meters from some side, jittering, hidden, smoothed, lost.

(N, T, V, 3) level frame -> (N, T, V, 3) on the axes of a camera; a lost joint is exactly 0
"""

import math
import re

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.motion.body import turned
from edgcn.motion.dice import Dice
from edgcn.motion.paths import Time, drift
from edgcn.skeleton.names import canonical
from edgcn.skeleton.topology import Topology

Joints = Float[Tensor, "n t v 3"]

# Meters at 2 m, by what a joint's name contains; small or hidden things jitter more. That depth
# noise grows with the square of the distance is from Khoshelham & Elberink (2012).
JITTER = {
    "hand_tip|thumb|index|middle|ring|little": 0.02, "hand": 0.013, "wrist": 0.010,
    "elbow": 0.009, "shoulder|clavicle|hip$": 0.006, "knee": 0.012, "ankle": 0.022,
    "foot|toe|heel": 0.026,
    "head|nose|eye|ear|mouth": 0.005, "spine|chest|neck|hips": 0.004,
}  # fmt: skip
LEG = re.compile("knee|ankle|foot|toe|heel")
HAND = re.compile("hand|thumb|index|middle|ring|little|wrist")


def _table(topology: Topology, pattern: "re.Pattern[str]") -> Tensor:
    return torch.tensor([float(bool(pattern.search(canonical(j)))) for j in topology.joints])


def jitter_of(topology: Topology) -> Float[Tensor, " v"]:
    """Meters that each joint jitters by at 2 m."""
    return torch.tensor(
        [
            next(size for names, size in JITTER.items() if re.search(names, canonical(joint)))
            for joint in topology.joints
        ]
    )


def filmed(script: Dice, manner: Dice, joints: Joints, t: Time, length: Tensor) -> Joints:
    """On the axes of a camera; the person may turn meanwhile."""
    turns = script.chance("turns", 0.10, 1)
    start = script.uniform("turn at", 1, high=0.7) * length
    u = ((t - start) / script.uniform("turn took", 1, low=0.5, high=1.5)).clamp(0, 1)
    yaw = turns * script.uniform("turn by", 1, low=-math.pi, high=math.pi) * u * u * (3 - 2 * u)
    around = manner.chance("from anywhere", 0.2, 1)
    from_where = torch.where(
        around, manner.uniform("where from", 1, low=-math.pi, high=math.pi),
        0.35 * manner.normal("yaw", 1),
    )  # fmt: skip
    body = turned(torch.zeros_like(yaw), torch.zeros_like(yaw), yaw + from_where)
    pitch = manner.uniform("pitch", 1, low=-0.1, high=0.35)
    roll = 0.03 * manner.normal("roll", 1)
    camera = turned(pitch, roll, torch.zeros_like(pitch))
    seen = joints @ (camera @ body).transpose(-1, -2)
    offset = manner.normal("offset", 3) * torch.tensor([0.2, 0.1, 0.0])
    offset[:, 2] = manner.uniform("distance", low=1.6, high=3.5)
    offset[:, 1] -= 0.9
    return seen + offset[:, None, None]


def measured(manner: Dice, seen: Joints, t: Time, *, topology: Topology) -> Joints:
    """With a depth sensor's errors: jitter, hidden hands, unreliable legs, lost joints."""
    n, frames, count, _ = seen.shape
    size = jitter_of(topology).expand(n, -1)
    quality = manner.logarithmic("quality", 1, low=0.3, high=2.0)
    bad_legs = manner.chance("bad legs", 0.25, 1) * manner.uniform("how bad", 1, low=1.0, high=6.0)
    size = size * quality * (1 + bad_legs * _table(topology, LEG))
    hands = _table(topology, HAND)
    # A hand before or behind the trunk or the head is harder to see than one beside it.
    middle = seen[:, :, [topology.index(joint) for joint in topology.shoulders]].mean(2)
    apart = (seen - middle[:, :, None])[..., :2].square().sum(-1)
    hidden = torch.exp(-apart / 0.05) * hands
    spread = (size[:, None] * (seen[..., 2] / 2.3).square() * (1 + 1.5 * hidden))[..., None]
    wander = drift(
        manner, "wander", t, count, 3, seconds=manner.logarithmic("slow", low=0.3, high=2.0)
    )
    noise = manner.normal("noise", frames, count, 3)
    depth = torch.tensor([1.0, 1.0, 1.5])
    out = seen + (0.8 * wander + 0.4 * noise) * spread * depth
    # Filters of sensors, and few frames a second, round what moves fast.
    sigma = manner.uniform("smooth", 1, 1, high=1.3) * manner.chance("smooths", 0.5, 1, 1) + 0.05
    at = torch.arange(frames, dtype=torch.float32)
    kernel = torch.exp(-0.5 * ((at[:, None] - at) / sigma).square())
    kernel = kernel / kernel.sum(-1, keepdim=True)
    out = (kernel @ out.flatten(2)).view_as(out)
    # Joints that are lost for a while.
    loses = manner.chance("loses", 0.15, 1) * manner.uniform("loses how", 1, high=0.25)
    which = manner.uniform("lost", count) < loses
    first = manner.uniform("lost from", count) * frames
    span = manner.uniform("lost for", count, low=1.0, high=0.4 * frames)
    away = (at[:, None] >= first[:, None]) & (at[:, None] < (first + span)[:, None])
    return out * ~(which[:, None] & away)[..., None]
