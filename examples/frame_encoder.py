"""An encoder: a small network reads every frame; what it finds is averaged over the clip."""

from torch import Tensor, nn

import edgcn


class FrameEncoder(nn.Module):
    """Mean over frames of what a network finds in each.

    Args:
        hidden: Width of the network.
    """

    def __init__(self, topology, *, in_channels: int = 3, bodies: int = 1, hidden: int = 64):
        super().__init__()
        self.embed_dim = hidden
        self.first = nn.Linear(in_channels * len(topology) * bodies, hidden)
        self.second = nn.Linear(hidden, hidden)

    def forward(self, clips: Tensor) -> Tensor:  # (N, C, T, V, M) -> (N, embed_dim)
        return self.second(self.first(clips.transpose(1, 2).flatten(2)).relu()).mean(dim=1)


edgcn.register_encoder("frames", FrameEncoder)
