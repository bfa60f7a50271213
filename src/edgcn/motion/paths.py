"""How things move in time: from key to key (minimum jerk), back and forth, and by drifting.

t (N, T) seconds -> weights and signals over the same frames
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.motion.dice import Dice

Time = Float[Tensor, "n t"]


def minimum_jerk(u: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """From 0 at u <= 0 to 1 at u >= 1 (Flash & Hogan, J. Neuroscience 1985)."""
    u = u.clamp(0, 1)
    return u**3 * (10 - 15 * u + 6 * u**2)


def moves(
    t: Time, starts: Float[Tensor, "n k"], lengths: Float[Tensor, "n k"]
) -> Float[Tensor, "n k t"]:
    """How far each of K moves has come in each frame, 0..1."""
    return minimum_jerk((t[:, None] - starts[..., None]) / lengths[..., None])


def along(keys: Float[Tensor, "n keys d"], done: Float[Tensor, "n k t"]) -> Float[Tensor, "n t d"]:
    """A path from the first of K + 1 keys to the last; moves that overlap are blended."""
    steps = keys[:, 1:] - keys[:, :-1]
    return keys[:, :1] + done.transpose(1, 2) @ steps


def drift(
    dice: Dice, what: str, t: Time, *shape: int, seconds: float | Float[Tensor, " n"]
) -> Float[Tensor, "n t *shape"]:
    """Slow random signals of variance 1: four sines each, of frequencies about 1/seconds."""
    waves, size = 4, math.prod(shape)
    pace = torch.as_tensor(seconds).expand(len(t))
    rate = dice.uniform(f"{what} rate", waves, low=0.3, high=1.7) / pace[:, None]
    phase = 2 * math.pi * (rate[..., None] * t[:, None] + dice.uniform(f"{what} phase", waves, 1))
    amplitude = dice.normal(f"{what} size", 2 * waves, size) / math.sqrt(waves)
    basis = torch.cat((phase.cos(), phase.sin()), dim=1).transpose(1, 2)
    return (basis @ amplitude).view(*t.shape, *shape)
