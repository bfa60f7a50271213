"""How an encoder's feature map becomes one vector per clip.

(N, C, T, V, M) clips -> encoder.features (N, D', T', V') -> (N, D)
`mean` is the paper's: one mean over the clip, then the head. `pyramid` keeps some order in time, as
temporal pyramids do (after Lazebnik et al., CVPR 2006), and skips the head.
"""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.skeleton.tensors import Clips

SEGMENTS = (1, 2, 4)


@runtime_checkable
class Encoder(Protocol):
    """What every encoder offers."""

    embed_dim: int
    feature_dim: int

    def __call__(self, clips: Clips) -> Tensor: ...
    def features(self, clips: Clips) -> Tensor: ...


def mean(encoder: Encoder, clips: Clips) -> Float[Tensor, "n d"]:
    """The embedding the encoder was trained with, (N, embed_dim)."""
    return encoder(clips)


def pyramid(encoder: Encoder, clips: Clips) -> Float[Tensor, "n d"]:
    """Means over joints and over 1, 2 and 4 equal time segments, (N, 7 feature_dim).

    Where there are fewer frames than segments, neighboring segments share frames.
    """
    frames = encoder.features(clips).mean(dim=3)
    return torch.cat(
        [nn.functional.adaptive_avg_pool1d(frames, n).flatten(1) for n in SEGMENTS], dim=1
    )


READOUTS = {"mean": mean, "pyramid": pyramid}
