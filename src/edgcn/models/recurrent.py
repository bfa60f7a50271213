"""Recurrent encoders: an LSTM or GRU over whole-body frames, its states pooled over the clip.

(N, C, T, V, M) clips -> (N M, T, V C) -> cells -> states (N, D', T, 1) -> mean or last -> (N, D)

One class for the encoders of AS-CAL (Rao et al., Information Sciences 2021), Predict & Cluster
(Su et al., CVPR 2020) and the sequential autoencoder of iMiGUE (Liu et al., CVPR 2021).

Bodies are read one by one with the same weights and averaged, as in the graph encoders, so that
one encoder serves any number of bodies and their order does not matter. The originals join two
bodies into one input.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.models.layers import check_clips
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}
POOLS = ("mean", "last")


class RecurrentEncoder(nn.Module):
    """Clips to the pooled states of a recurrent network; by default AS-CAL's one-layer LSTM.

    Args:
        cell: lstm or gru.
        hidden: size of a state, in each direction; by default `embed_dim`.
        pool: mean: over all frames. last: the state each direction ends with.
        embed_dim: by default what the states have; another size adds a linear layer.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        in_channels: int = 3,
        bodies: int = 1,
        cell: str = "lstm",
        layers: int = 1,
        bidirectional: bool = False,
        hidden: int | None = None,
        pool: str = "mean",
        embed_dim: int | None = None,
    ) -> None:
        super().__init__()
        for what, word, known in (("cell", cell, tuple(CELLS)), ("pool", pool, POOLS)):
            if word not in known:
                hint = did_you_mean(word, known)
                raise EdgcnError(f"expected {what} to be {' or '.join(known)}, got {word!r}{hint}")
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
        states: Tensor = self.get_submodule(self.cell)(frames)[0]
        return states.view(n, m, t, -1)

    def features(self, clips: Clips) -> Float[Tensor, "n d t 1"]:
        """The state of every frame, bodies averaged."""
        return self.states(clips).mean(dim=1).transpose(1, 2).unsqueeze(-1)

    def forward(self, clips: Clips) -> Float[Tensor, "n d"]:
        states = self.features(clips)[..., 0]
        pooled = states.mean(dim=2) if self.pool == "mean" else self.ends(states)
        embedding: Tensor = self.head(pooled)
        return embedding

    def ends(self, states: Float[Tensor, "n d t"]) -> Float[Tensor, "n d"]:
        """Where each direction stops reading: the last frame, and backwards the first."""
        if self.directions == 1:
            return states[..., -1]
        forth, back = states.chunk(2, dim=1)
        return torch.cat((forth[..., -1], back[..., 0]), dim=1)
