"""Augmentations that hide: joints over a span of frames, or one axis (AS-CAL, Rao et al. 2021).

(N, C, T, V, M) -> the same, with zeros; a hidden joint loses its confidence too.
"""

import torch

from edgcn.augment.draws import Draws, Number
from edgcn.base.errors import EdgcnError
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology


def joint_mask(
    x: Clips,
    draws: Draws,
    *,
    topology: Topology,
    dims: int,
    fewest: Number = 5,
    most: Number = 15,
    shortest: Number = 1 / 3,
    longest: Number = 2 / 3,
    p: Number = 1.0,
) -> Clips:
    """Hide some random joints of each clip, in all bodies, over one random span of frames.

    AS-CAL does not say whether its frames follow one another; here they do, like a hand that is
    out of sight for a while.

    Args:
        fewest: Smallest number of joints that are hidden.
        most: Largest number of joints that are hidden.
        shortest: Shortest span, as a fraction of the clip (rounded up).
        longest: Longest span, as a fraction of the clip (rounded up).
        p: Probability that a clip is changed; 1 in AS-CAL.
    """
    joints, frames = x.shape[3], x.shape[2]
    if not 0 <= fewest <= most <= joints:
        raise EdgcnError(
            f"joint_mask: expected 0 <= fewest <= most <= {joints}, the number of joints of "
            f"topology {topology.name!r}, got fewest {fewest} and most {most}; set these two in a "
            f"--config file (`augmentation_settings: {{joint_mask: {{fewest: 1, most: 2}}}}`), or "
            f"leave joint_mask out of --augmentations"
        )
    if not 0 <= shortest <= longest <= 1:
        raise EdgcnError(
            f"joint_mask: expected 0 <= shortest <= longest <= 1, fractions of a clip, "
            f"got shortest {shortest} and longest {longest}"
        )
    count = int(fewest) + draws.below(int(most) - int(fewest) + 1)
    rank = draws.uniform(joints).argsort(dim=1).argsort(dim=1)
    length = torch.ceil((shortest + (longest - shortest) * draws.uniform()) * frames)
    first = torch.floor(draws.uniform() * (frames - length + 1))
    frame = torch.arange(frames, device=rank.device)
    in_span = (frame >= first[:, None]) & (frame < (first + length)[:, None])
    if p < 1:
        count = count * draws.coin(p)
    hidden = in_span.to(x)[:, :, None] * (rank < count[:, None]).to(x)[:, None, :]
    kept = (1 - hidden)[:, None, :, :, None]
    return x * kept.expand_as(x[:, :1]).contiguous()  # of every body, so that rows stay long


def channel_mask(
    x: Clips, draws: Draws, *, topology: Topology, dims: int, p: Number = 1.0
) -> Clips:
    """Set one random geometry channel of each clip to 0.

    Args:
        p: Probability that a clip is changed; 1 in AS-CAL.
    """
    chosen, channel = draws.coin(p), draws.below(dims)
    hidden = chosen[:, None] & (torch.arange(x.shape[1], device=channel.device) == channel[:, None])
    return x * (~hidden).to(x)[:, :, None, None, None]
