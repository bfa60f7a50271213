"""Small networks between an encoder and a loss."""

from torch import nn


def mlp_projector(dim: int, *, hidden: int, out: int) -> nn.Sequential:
    """Two-layer projection head with batch norm: (N, dim) -> (N, out) (MoCo v2, SimCLR)."""
    return nn.Sequential(
        nn.Linear(dim, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, out),
    )
