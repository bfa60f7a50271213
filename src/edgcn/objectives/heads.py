"""Small networks between an encoder and a loss."""

from torch import nn

RANK = 512  # of the linear decoder: more than clips differ in, and few weights however wide it is


def mlp_projector(dim: int, *, hidden: int, out: int) -> nn.Sequential:
    """Two-layer projection head with batch norm: (N, dim) -> (N, out) (MoCo v2, SimCLR)."""
    return nn.Sequential(
        nn.Linear(dim, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, out),
    )


def linear_decoder(dim: int, *, out: int) -> nn.Sequential:
    """Standardized vectors (N, dim) to (N, out) by one linear map of limited rank.

    A nonlinear decoder would let the encoder hide what a linear probe cannot find.
    """
    rank = min(RANK, dim, out)
    return nn.Sequential(
        nn.BatchNorm1d(dim), nn.Linear(dim, rank, bias=False), nn.Linear(rank, out)
    )
