"""A sequential variational autoencoder, the U-S-VAE Z of iMiGUE (Liu et al., CVPR 2021).

one view (N, C, T, V, M) -> encoder = mean of Z (N, D), linear layer = its log variance -> draw of Z
-> LSTM that reads it at every frame -> frames -> L1 + beta KL per coordinate

The embedding IS the mean of Z, so that whatever reads the encoder reads Z. Sizes, decoder and noise
are our choice, not taken from the paper: coordinates have Laplace noise of scale `beta`, of which
loss / beta + log(2 beta) is the negative evidence lower bound per coordinate.
Draws take PyTorch's global randomness; in evaluation mode Z is its mean.
"""

import math
from typing import Annotated

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from edgcn.objectives.base import Views
from edgcn.objectives.reconstruct import (
    ClipStatistics,
    Frames,
    Means,
    Pose,
    clip_errors,
    still_errors,
    to_clips,
    visible_joints,
)
from edgcn.skeleton.tensors import Clips

Latent = Float[Tensor, "n d"]


def kl_to_prior(mean: Latent, log_variance: Latent) -> Float[Tensor, "n"]:
    """Divergence of each clip's Gaussian from the standard one, in nats (the closed form)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)


def draw(mean: Latent, log_variance: Latent) -> Latent:
    """One draw from each clip's Gaussian, through which gradients flow."""
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)


class LatentDecoder(nn.Module):
    """An LSTM that reads the same latent at every frame."""

    def __init__(self, latent: int, features: int, *, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(latent, hidden, batch_first=True)
        self.out = nn.Linear(hidden, features)

    def forward(self, z: Latent, frames: int) -> Frames:
        states = self.lstm(z.unsqueeze(1).expand(-1, frames, -1))[0]
        decoded: Tensor = self.out(states)
        return decoded


class VariationalAutoencoder(nn.Module):
    """Clips to the mean and log variance of Z and to a reconstruction from a draw of it."""

    pose: Tensor

    def __init__(self, encoder: nn.Module, *, hidden: int, pose: Pose) -> None:
        super().__init__()
        latent: int = encoder.embed_dim  # type: ignore[assignment]
        self.encoder = encoder
        self.log_variance = nn.Linear(latent, latent)
        self.decoder = LatentDecoder(latent, pose.numel(), hidden=hidden)
        self.register_buffer("pose", pose.clone())

    def decode(self, z: Latent, frames: int) -> Clips:
        """Clips from latents: differences to the mean pose, which is added."""
        decoded = self.decoder(z, frames).float()
        return to_clips(decoded, self.pose.shape) + self.pose.unsqueeze(1)  # type: ignore[arg-type]

    def forward(self, clips: Clips) -> tuple[Latent, Latent, Clips]:
        mean = self.encoder(clips).float()
        log_variance = self.log_variance(mean).float()
        z = draw(mean, log_variance) if self.training else mean
        return mean, log_variance, self.decode(z, clips.shape[2])


class Variational(nn.Module):
    """Encoder trained as the posterior mean of a variational autoencoder.

    Args:
        beta: Scale of the coordinates' noise, in their unit, and the weight of the divergence.
        hidden: Size of the decoder's state.
        statistics: Of the training clips; clips are decoded as differences to their mean pose.
    """

    title = "VAE"
    needs = ("statistics", "embedding")

    def __init__(
        self,
        encoder: nn.Module,
        *,
        beta: Annotated[float, Field(gt=0)] = 0.05,
        hidden: Annotated[int, Field(gt=0)] = 256,
        statistics: ClipStatistics,
    ) -> None:
        super().__init__()
        self.encoder, self.beta = encoder, beta
        self.learner = VariationalAutoencoder(encoder, hidden=hidden, pose=statistics.pose)
        self.autoencoder = self.learner  # as it was made: the learner may come to be wrapped
        self.means = Means()

    def loss(self, views: Views) -> Float[Tensor, ""]:
        """Mean absolute error plus beta times the divergence, per coordinate that is visible."""
        clips = views.first
        mean, log_variance, guess = self.learner(clips)
        with torch.autocast(clips.device.type, enabled=False):
            visible = visible_joints(clips)
            error = clip_errors(guess.float(), clips, visible).mean()
            kl = kl_to_prior(mean.float(), log_variance.float())
            count = (clips.shape[1] * visible.sum(dim=(1, 2, 3, 4))).clamp(min=1)
            loss = error + self.beta * (kl / count).mean()
            numbers = {"reconstruction": error, "kl": kl.mean()}
            numbers |= still_errors(clips, visible, self.autoencoder.pose)
            numbers["elbo"] = -loss / self.beta - math.log(2 * self.beta)
            self.means.add(numbers)
        return loss

    @torch.no_grad()
    def sample(self, clips: int, *, frames: int, generator: torch.Generator) -> Clips:
        """Clips decoded from draws of the prior, as the encoder would read them."""
        latent = self.autoencoder.log_variance.in_features
        z = torch.randn(clips, latent, generator=generator, device=generator.device)
        return self.autoencoder.decode(z, frames)

    def measures(self) -> dict[str, Tensor]:
        """Means since the last call: errors, divergence in nats, lower bound per coordinate."""
        return self.means.take()
