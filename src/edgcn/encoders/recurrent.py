"""The encoder of AS-CAL (Rao et al., Information Sciences 2021): one LSTM over whole-body frames.

(N, C, T, V, M) clips -> (N M, T, V C) -> LSTM -> hidden states (N, 256, T, 1) -> mean -> (N, 256)

Bodies are read one by one with the same weights and averaged, as in the graph encoders, so that
one encoder serves any number of bodies and their order does not matter. The original joins two
bodies into one input.
"""

from jaxtyping import Float
from torch import Tensor, nn

from edgcn.encoders.layers import check_clips
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology


class RecurrentEncoder(nn.Module):
    """Clips to the mean hidden state of a one-layer LSTM."""

    def __init__(
        self, topology: Topology, *, in_channels: int = 3, bodies: int = 1, embed_dim: int = 256
    ) -> None:
        super().__init__()
        self.topology, self.in_channels, self.bodies = topology, in_channels, bodies
        self.feature_dim = self.embed_dim = embed_dim
        self.lstm = nn.LSTM(in_channels * len(topology), embed_dim, batch_first=True)

    def joint_axes(self) -> dict[str, dict[int, int]]:
        """Tensors laid out by joint, for `edgcn.encoders.rebuild`: the first layer's input."""
        names = [name for name, _ in self.named_parameters() if "weight_ih_l0" in name]
        return {name: {1: self.in_channels} for name in names}

    def features(self, clips: Clips) -> Float[Tensor, "n d t 1"]:
        """The hidden state of every frame, bodies averaged."""
        check_clips(clips, self.topology, in_channels=self.in_channels, bodies=self.bodies)
        n, _, t, _, m = clips.shape
        hidden: Tensor = self.lstm(clips.permute(0, 4, 2, 3, 1).reshape(n * m, t, -1))[0]
        return hidden.view(n, m, t, -1).mean(dim=1).transpose(1, 2).unsqueeze(-1)

    def forward(self, clips: Clips) -> Float[Tensor, "n d"]:
        return self.features(clips).mean(dim=(2, 3))
