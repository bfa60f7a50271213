"""Barlow Twins (Zbontar et al., ICML 2021), piece by piece: two views agree, and no two outputs of
a piece say the same.

two views (N, C, T, V, M) -> encoder -> pieces of its vector (N, pieces, D') -> projector, the same
for all pieces -> (N, pieces, D) each -> for every piece, correlation of the one view's outputs with
the other's over the batch (D, D), pulled towards the identity

A piece is what a part of the body did in a segment of the clip (`models/readout.py`); of a plain
embedding there is one, and this is the published loss. One correlation of the whole vector is
content when any piece tells clips apart: here each has to, a still arm as well as the one that
moves. There are no negatives, no key encoder and no queue: a small batch and few clips suffice.
"""

from typing import Annotated

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.objectives.base import Views, gather
from edgcn.objectives.heads import linear_decoder, mlp_projector
from edgcn.objectives.reconstruct import ClipStatistics
from edgcn.skeleton.tensors import Clips

Outputs = Float[Tensor, "n pieces d"]

FLAT = 1e-5  # added to each output's variance: an output that never changes correlates with nothing


def cross_correlation(first: Outputs, second: Outputs) -> Float[Tensor, "pieces d d"]:
    """Pearson correlation, over the batch, of each output of one view with each of the other."""
    first, second = (
        F.batch_norm(z.flatten(1), None, None, training=True, eps=FLAT).view_as(z)
        for z in (first, second)
    )
    return torch.einsum("npi,npj->pij", first, second) / len(first)


def barlow_loss(first: Outputs, second: Outputs, *, off_diagonal: float) -> Float[Tensor, ""]:
    """Squared distance of the correlation from the identity (equation 1), mean of the pieces.

    In float32.

    Args:
        off_diagonal: weight of what is off the diagonal.
    """
    with torch.autocast(first.device.type, enabled=False):
        correlation = cross_correlation(first.float(), second.float())
        diagonal = correlation.diagonal(dim1=1, dim2=2)
        others = correlation.square().sum() - diagonal.square().sum()
        return ((diagonal - 1).square().sum() + off_diagonal * others) / len(correlation)


class Twin(nn.Module):
    """An encoder, the projector that all pieces of its vector go through, and perhaps a decoder."""

    def __init__(self, encoder: nn.Module, *, hidden: int, outputs: int, decoded: int) -> None:
        super().__init__()
        dim: int = encoder.embed_dim  # type: ignore[assignment]
        self.encoder = encoder
        self.pieces: int = getattr(encoder, "pieces", 1)
        self.projector = mlp_projector(dim // self.pieces, hidden=hidden, out=outputs)
        self.decoder = linear_decoder(dim, out=decoded) if decoded else None

    def forward(self, clips: Clips) -> tuple[Outputs, Float[Tensor, "n decoded"] | None]:
        vectors = self.encoder(clips)
        outputs = self.projector(vectors.reshape(len(clips) * self.pieces, -1))
        outputs = outputs.view(len(clips), self.pieces, -1)
        return outputs, None if self.decoder is None else self.decoder(vectors)


class BarlowTwins(nn.Module):
    """Encoder trained so that two views of a clip correlate output by output.

    Args:
        hidden: Width of the projector between a piece and its correlated outputs.
        outputs: Number of outputs that are correlated.
        off_diagonal: Weight of the correlations between different outputs. (5e-3 in the paper,
            which has more outputs; of 256 each has fewer others.)
        reconstruct: Weight of the squared error of the clip as decoded from its augmented views.
            (A denoising autoencoder, Vincent et al., ICML 2008: the encoder keeps what happened,
            and not only what tells the clips apart.)
        statistics: Of the training clips; needed where they are reconstructed.

    Raises:
        EdgcnError: `reconstruct` without `statistics`.
    """

    title = "Barlow Twins"
    augmentations = (
        "crop_resize", "time_warp", "amplitude", "bone_scale",
        "posture", "rotate", "shear", "joint_mask",
    )  # fmt: skip
    needs = ("statistics", "batch")

    def __init__(
        self,
        encoder: nn.Module,
        *,
        hidden: Annotated[int, Field(gt=0)] = 256,
        outputs: Annotated[int, Field(gt=0)] = 256,
        off_diagonal: Annotated[float, Field(ge=0)] = 1e-2,
        reconstruct: Annotated[float, Field(ge=0)] = 0.0,
        statistics: ClipStatistics | None = None,
    ) -> None:
        super().__init__()
        if reconstruct and statistics is None:
            raise EdgcnError(
                f"reconstruct={reconstruct:g} decodes clips, for which BarlowTwins needs "
                f"`statistics` of the training clips; make them with "
                f"`edgcn.training.statistics.clip_statistics`"
            )
        self.encoder, self.off_diagonal, self.reconstruct = encoder, off_diagonal, reconstruct
        self.statistics = statistics if reconstruct else None
        decoded = 0 if self.statistics is None else self.statistics.size
        self.learner = Twin(encoder, hidden=hidden, outputs=outputs, decoded=decoded)

    def loss(self, views: Views) -> Float[Tensor, ""]:
        """The loss of a batch, over all ranks.

        Both views go through the learner at once: with several ranks it may be called once a step.
        """
        outputs, decoded = self.learner(torch.cat((views.first, views.second)))
        first, second = (gather(half) for half in outputs.float().chunk(2))
        loss = barlow_loss(first, second, off_diagonal=self.off_diagonal)
        if self.statistics is not None:
            error = self.statistics.error(decoded.float(), torch.cat((views.clip, views.clip)))
            loss = loss + self.reconstruct * error
        return loss
