"""Recurrent encoders: an LSTM or GRU over whole-body frames, its states pooled over the clip.

(N, C, T, V, M) clips -> (N M, T, V C) -> cells -> states (N, D', T, 1) -> mean or last -> (N, D)

One class for the encoders of AS-CAL (Rao et al., Information Sciences 2021), Predict & Cluster
(Su et al., CVPR 2020) and the sequential autoencoder of iMiGUE (Liu et al., CVPR 2021).

Bodies are read one by one with the same weights and averaged, as in the graph encoders, so that
one encoder serves any number of bodies and their order does not matter. The originals join two
bodies into one input.
"""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import PositiveInt
from torch import Tensor, nn

from edgcn.models.layers import check_clips
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}


class RecurrentEncoder(nn.Module):
    """Clips to the pooled states of a recurrent network; by default AS-CAL's one-layer LSTM.

    Args:
        cell: The recurrent network is an lstm or a gru.
        layers: Networks on top of each other, each of which reads the states of the one below.
        bidirectional: A second network reads the frames backwards.
        hidden: Size of a state in each direction; by default that of the embedding.
        pool: The embedding is the mean of the states, or the state each direction ends with.
        embed_dim: Length of the embedding, by default that of the states; another one adds a
            linear layer.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        in_channels: int = 3,
        bodies: int = 1,
        cell: Literal["lstm", "gru"] = "lstm",
        layers: PositiveInt = 1,
        bidirectional: bool = False,
        hidden: PositiveInt | None = None,
        pool: Literal["mean", "last"] = "mean",
        embed_dim: PositiveInt | None = None,
    ) -> None:
        super().__init__()
        self.topology, self.in_channels, self.bodies = topology, in_channels, bodies
        self.cell, self.pool, self.directions = cell, pool, 1 + bidirectional
        size = hidden or embed_dim or 256
        self.feature_dim = size * self.directions
        self.embed_dim = embed_dim or self.feature_dim
        network = CELLS[cell](
            in_channels * len(topology),
            size,
            num_layers=layers,
            bidirectional=bidirectional,
            batch_first=True,
        )
        self.add_module(cell, network)
        same = self.embed_dim == self.feature_dim
        self.head = nn.Identity() if same else nn.Linear(self.feature_dim, self.embed_dim)

    def joint_axes(self) -> dict[str, dict[int, int]]:
        """Tensors laid out by joint, for `edgcn.models.rebuild`: the first layer's input."""
        names = [name for name, _ in self.named_parameters() if "weight_ih_l0" in name]
        return {name: {1: self.in_channels} for name in names}

    def states(self, clips: Clips) -> Float[Tensor, "n m t d"]:
        """The last layer's state of every frame and body, both directions side by side."""
        check_clips(clips, self.topology, in_channels=self.in_channels, bodies=self.bodies)
        n, _, t, _, m = clips.shape
        frames = clips.permute(0, 4, 2, 3, 1).reshape(n * m, t, -1)
        network, device = self.get_submodule(self.cell), clips.device.type
        if torch.is_autocast_enabled(device) and self.cell == "lstm" and _no_bfloat16(device):
            with torch.autocast(device, enabled=False):
                states: Tensor = network(frames.float())[0]
        else:
            states = network(frames)[0]
        return states.view(n, m, t, -1)

    def features(self, clips: Clips) -> Float[Tensor, "n d t 1"]:
        """The state of every frame, bodies averaged."""
        return self.states(clips).mean(dim=1).transpose(1, 2).unsqueeze(-1)

    def forward(self, clips: Clips) -> Float[Tensor, "n d"]:
        pools = {"mean": self.middle, "last": self.ends}
        embedding: Tensor = self.head(pools[self.pool](self.features(clips)[..., 0]))
        return embedding

    def middle(self, states: Float[Tensor, "n d t"]) -> Float[Tensor, "n d"]:
        """The mean over all frames."""
        return states.mean(dim=2)

    def ends(self, states: Float[Tensor, "n d t"]) -> Float[Tensor, "n d"]:
        """Where each direction stops reading: the last frame, and backwards the first."""
        if self.directions == 1:
            return states[..., -1]
        forth, back = states.chunk(2, dim=1)
        return torch.cat((forth[..., -1], back[..., 0]), dim=1)


def _no_bfloat16(device: str) -> bool:
    """Whether this is a processor on which PyTorch's LSTM fails in bfloat16."""
    return device == "cpu" and not torch.ops.mkldnn._is_mkldnn_bf16_supported()
