"""Augmentations of precision: Gaussian noise and Gaussian blur in time (AS-CAL, Rao et al. 2021).

(N, C, T, V, M) -> the same. Geometry channels only; joints that are missing stay missing.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.augment.draws import Draws, Number
from edgcn.skeleton.tensors import Clips, visibility, with_geometry
from edgcn.skeleton.topology import Topology

NO_WEIGHT = 1e-20  # against a division by 0, far below any frame's weight in its own path


def noise(x: Clips, draws: Draws, *, topology: Topology, dims: int, std: Number = 0.05) -> Clips:
    """Add Gaussian noise to every joint in every frame.

    Args:
        std: Standard deviation in the data's units after normalization; 0.05 (m) in AS-CAL.
    """
    offset = draws.normal(dims, *x.shape[2:]).to(x)
    return with_geometry(x, torch.addcmul(x[:, :dims], offset, visibility(x, dims=dims), value=std))


def blur(
    x: Clips,
    draws: Draws,
    *,
    topology: Topology,
    dims: int,
    p: Number = 0.5,
    kernel: Number = 15,
    narrowest: Number = 0.1,
    widest: Number = 2.0,
) -> Clips:
    """Smooth the path of every joint with a Gaussian in time, each clip with its own width.

    The first and last frame are repeated beyond the ends; frames that miss a joint have no weight
    in its path.

    Args:
        p: Probability that a clip is blurred.
        kernel: Number of frames under the Gaussian, odd.
        narrowest: Smallest standard deviation of the Gaussian, in frames.
        widest: Largest standard deviation of the Gaussian, in frames.
    """
    chosen = draws.coin(p)[:, None]
    sigma = narrowest + (widest - narrowest) * draws.uniform(1)
    sigma = torch.where(chosen, sigma, 0).to(x)  # a Gaussian of width 0 changes nothing
    weights = _gaussian_rows(sigma, frames=x.shape[2], reach=int(kernel) // 2)
    visible = visibility(x, dims=dims)
    smooth = _over_frames(x[:, :dims], weights)
    # A frame has weight in its own path, so only where the joint is missing can the sum be 0.
    part = visible / _over_frames(visible, weights).clamp(min=NO_WEIGHT)
    return with_geometry(x, smooth.mul_(part))


def _over_frames(x: Clips, weights: Float[Tensor, "n t t"]) -> Clips:
    return torch.matmul(weights.unsqueeze(1), x.flatten(3)).view(x.shape)


def _gaussian_rows(
    sigma: Float[Tensor, "n 1"], *, frames: int, reach: int
) -> Float[Tensor, "n t t"]:
    """Row t: the weight of each frame in blurred frame t; what reaches out goes to the ends."""
    taps = torch.arange(-reach, reach + 1, device=sigma.device)
    gaussian = torch.exp(-0.5 * (taps / sigma.clamp(min=1e-3)) ** 2)  # sigma 0: no blur, no NaN
    gaussian = gaussian / gaussian.sum(dim=1, keepdim=True)
    source = (torch.arange(frames, device=sigma.device) + taps[:, None]).clamp(0, frames - 1)
    reached = torch.nn.functional.one_hot(source, frames).to(sigma).flatten(1)
    return (gaussian @ reached).view(-1, frames, frames)
