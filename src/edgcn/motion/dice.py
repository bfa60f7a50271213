"""Random draws that depend on a clip's number alone: the same clip in any batch, on any rank.

seed, clips (N,), name of the draw -> (N, *shape). Each number is a hash (splitmix64, Steele et al.,
OOPSLA 2014) of the seed, the clip, the name and its place in the draw; there is no state.
"""

import math
import zlib
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

_GOLDEN = -0x61C8864680B583EB  # 2^64 over the golden ratio, as a signed number


def _signed(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


_FIRST, _SECOND = _signed(0xBF58476D1CE4E5B9), _signed(0x94D049BB133111EB)


def _mixed(x: Int[Tensor, "*s"]) -> Int[Tensor, "*s"]:
    """splitmix64's finalizer; PyTorch's shifts keep the sign, which the masks take away."""
    x = (x ^ ((x >> 30) & 0x3FFFFFFFF)) * _FIRST
    x = (x ^ ((x >> 27) & 0x1FFFFFFFFF)) * _SECOND
    return x ^ ((x >> 31) & 0x1FFFFFFFF)


class Dice:
    """Draws for some clips.

    Args:
        seed: another seed, other clips.
        clips: numbers of the clips, (N,).
    """

    def __init__(self, seed: int, clips: Int[Tensor, " n"]) -> None:
        self.clips = clips
        self._base = _mixed(_mixed(clips * _GOLDEN) + _signed(seed * _SECOND))

    def __len__(self) -> int:
        return len(self.clips)

    def uniform(self, what: str, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """(N, *shape) numbers in [low, high), as float32."""
        bits = self._bits(what, math.prod(shape))
        return (low + (high - low) / 2**24 * (bits & 0xFFFFFF)).float().view(len(self), *shape)

    def normal(self, what: str, *shape: int) -> Float[Tensor, "n *shape"]:
        """(N, *shape) numbers of mean 0 and variance 1 (Box & Muller 1958)."""
        count = math.prod(shape)
        bits = self._bits(what, -(-count // 2))
        radius = (((bits & 0xFFFFFF) + 0.5) / 2**24).float().log_().mul_(-2).sqrt_()
        angle = (((bits >> 24) & 0xFFFFFF) * (2 * math.pi / 2**24)).float()
        both = torch.cat((radius * angle.cos(), radius * angle.sin()), dim=1)
        return both[:, :count].reshape(len(self), *shape)

    def logarithmic(self, what: str, *shape: int, low: float, high: float) -> Tensor:
        """(N, *shape) numbers in [low, high) whose logarithms are uniform."""
        return self.uniform(what, *shape, low=math.log(low), high=math.log(high)).exp()

    def chance(self, what: str, p: float, *shape: int) -> Bool[Tensor, "n *shape"]:
        """True with probability p."""
        return self.uniform(what, *shape) < p

    def choice(self, what: str, weights: Sequence[float], *shape: int) -> Int[Tensor, "n *shape"]:
        """Indices, as likely as their weights."""
        borders = torch.tensor(weights).cumsum(0)
        drawn = self.uniform(what, *shape) * borders[-1]
        return torch.searchsorted(borders[:-1].contiguous(), drawn, right=True)

    def _bits(self, what: str, count: int) -> Int[Tensor, "n count"]:
        place = torch.arange(1, count + 1, device=self.clips.device) * _GOLDEN
        key = _mixed(self._base + zlib.crc32(what.encode()))
        return _mixed(key[:, None] + place)
