"""A loss: VICReg (Bardes et al., ICLR 2022). Views agree, outputs vary and do not repeat."""

import torch
from torch import Tensor, nn

import edgcn


class VICReg(nn.Module):
    """Variance, invariance and covariance of two views' vectors.

    Args:
        agreement: Weight of the distance between the views.
    """

    augmentations, needs = ("rotate", "shear", "joint_mask"), ("batch",)

    def __init__(self, encoder, *, agreement: float = 25.0):
        super().__init__()
        self.encoder, self.agreement = encoder, agreement

    def loss(self, views: edgcn.Views) -> Tensor:
        first, second = self.encoder(torch.cat((views.first, views.second))).float().chunk(2)
        loss = self.agreement * (first - second).square().mean()
        for cov in (torch.cov(first.T), torch.cov(second.T)):
            varied = (1 - (cov.diagonal() + 1e-4).sqrt()).relu().mean()
            loss = loss + 25 * varied + 2 * cov.triu(1).square().sum() / len(cov)
        return loss


edgcn.register_objective("vicreg", VICReg)
