"""Barlow Twins (Zbontar et al., ICML 2021): two views agree, and no two outputs say the same.

two views (N, C, T, V, M) -> encoder -> projector -> (N, D) each -> correlation of the one's outputs
with the other's over the batch (D, D), pulled towards the identity

There are no negatives, no key encoder and no queue: a small batch and few clips suffice.
"""

import torch
import torch.distributed as dist
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.objectives.heads import mlp_projector
from edgcn.skeleton.tensors import Clips

Views = tuple[Clips, Clips]
Outputs = Float[Tensor, "n d"]

FLAT = 1e-5  # added to each output's variance: an output that never changes correlates with nothing


def cross_correlation(first: Outputs, second: Outputs) -> Float[Tensor, "d d"]:
    """Pearson correlation, over the batch, of each output of one view with each of the other."""
    first, second = (F.batch_norm(z, None, None, training=True, eps=FLAT) for z in (first, second))
    return first.T @ second / len(first)


def barlow_loss(first: Outputs, second: Outputs, *, off_diagonal: float) -> Float[Tensor, ""]:
    """Squared distance of the correlation from the identity (equation 1); in float32.

    Args:
        off_diagonal: weight of what is off the diagonal.
    """
    with torch.autocast(first.device.type, enabled=False):
        correlation = cross_correlation(first.float(), second.float())
        diagonal = correlation.diagonal()
        others = correlation.square().sum() - diagonal.square().sum()
        return (diagonal - 1).square().sum() + off_diagonal * others


def gather_outputs(outputs: Outputs) -> Float[Tensor, "all d"]:
    """The outputs of all ranks in rank order; gradients reach this rank's own.

    Every rank computes the same loss, and the gradients of ranks are averaged afterwards: times the
    number of ranks, they add up to that loss's.
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return outputs
    ranks = dist.get_world_size()
    parts = [torch.empty_like(outputs) for _ in range(ranks)]
    dist.all_gather(parts, outputs.detach().contiguous())
    parts[dist.get_rank()] = ranks * outputs - (ranks - 1) * outputs.detach()
    return torch.cat(parts)


class BarlowTwins(nn.Module):
    """Encoder trained so that two views of a clip correlate output by output, and only so.

    Args:
        hidden: width of the projector between the encoder's vectors and the correlated outputs.
        outputs: how many are correlated.
        off_diagonal: 5e-3 in the paper.
    """

    fills = False

    def __init__(
        self,
        encoder: nn.Module,
        *,
        hidden: int = 512,
        outputs: int = 512,
        off_diagonal: float = 5e-3,
    ) -> None:
        super().__init__()
        dim: int = encoder.embed_dim  # type: ignore[assignment]
        self.encoder, self.off_diagonal = encoder, off_diagonal
        self.learner = nn.Sequential(encoder, mlp_projector(dim, hidden=hidden, out=outputs))

    def loss(self, views: Views) -> Float[Tensor, ""]:
        """The loss of a batch, over all ranks.

        Both views go through the learner at once: with several ranks it may be called once a step.
        """
        both = self.learner(torch.cat(views)).float()
        first, second = (gather_outputs(half) for half in both.chunk(2))
        return barlow_loss(first, second, off_diagonal=self.off_diagonal)

    def fill(self, views: Views) -> None:
        """Nothing: there is no queue."""

    def after_step(self) -> None:
        """Nothing: the optimizer has done all there is to do."""

    def measures(self) -> dict[str, Tensor]:
        """Nothing beside the loss."""
        return {}
