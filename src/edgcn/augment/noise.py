"""Augmentations of precision: Gaussian noise and Gaussian blur in time (AS-CAL, Rao et al. 2021).

(N, C, T, V, M) -> the same. Geometry channels only; joints that are missing stay missing.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.augment.draws import Draws, Number, per_clip
from edgcn.skeleton.tensors import Clips, present, with_geometry
from edgcn.skeleton.topology import Topology


def noise(x: Clips, draws: Draws, *, topology: Topology, dims: int, std: Number = 0.05) -> Clips:
    """Shake every joint in every frame.

    Args:
        std: in the data's units after normalization; 0.05 (m) in AS-CAL.
    """
    offset = draws.normal(dims, *x.shape[2:]).to(x) * std
    return with_geometry(x, x[:, :dims] + offset * present(x, dims=dims))


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
        p: how often a clip is blurred.
        kernel: frames under the Gaussian, odd.
        narrowest: with `widest`, the range of its standard deviation in frames.
    """
    chosen = draws.coin(p).to(x.device)
    sigma = (narrowest + (widest - narrowest) * draws.uniform(1)).to(x)
    weights = _gaussian_rows(sigma, frames=x.shape[2], reach=int(kernel) // 2)
    seen = present(x, dims=dims)
    n, t = len(x), x.shape[2]
    paths = x[:, :dims].reshape(n, dims, t, -1)
    smooth = torch.matmul(weights.unsqueeze(1), paths).view_as(x[:, :dims])
    weight = torch.matmul(weights, seen.to(x).view(n, t, -1)).view_as(seen)
    # A frame has weight in its own path, so weight is positive wherever the joint was seen.
    smooth = smooth * (seen / torch.where(seen, weight, 1))
    return torch.where(per_clip(chosen), with_geometry(x, smooth), x)


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
