"""Augmentations of time: AS-CAL's (Rao et al. 2021) reverse; random crop and smooth time warp.

(N, C, T, V, M) -> the same T. A confidence channel moves along with its frames.
"""

import math

import torch

from edgcn.augment.draws import Draws, Number
from edgcn.base.errors import EdgcnError
from edgcn.pipeline.resample import resample_time
from edgcn.skeleton.tensors import Clips, take_frames
from edgcn.skeleton.topology import Topology

WAVES = 3  # half waves in a time warp: enough to speed up and slow down within a gesture


def reverse(x: Clips, draws: Draws, *, topology: Topology, dims: int, p: Number = 0.5) -> Clips:
    """Play a clip backwards.

    Args:
        p: Probability; 0.5 in AS-CAL.
    """
    chosen, frame = draws.coin(p).to(x.device), torch.arange(x.shape[2], device=x.device)
    return take_frames(x, torch.where(chosen[:, None], frame.flip(0), frame))


def crop_resize(
    x: Clips, draws: Draws, *, topology: Topology, dims: int, cut: Number = 0.5
) -> Clips:
    """Stretch a random window of each clip to the whole of T.

    Args:
        cut: Largest fraction that is cut away; windows last U(1 - cut, 1) of the clip.
    """
    if not 0 <= cut <= 1:
        raise EdgcnError(f"crop_resize: expected cut within 0 <= cut <= 1, got {cut}")
    last = x.shape[2] - 1
    dropped, where = (cut * draws.uniform(1)).to(x), draws.uniform(1).to(x)
    frames = torch.arange(x.shape[2], device=x.device)
    return resample_time(x, where * dropped * last + frames * (1 - dropped), dims=dims)


def time_warp(
    x: Clips, draws: Draws, *, topology: Topology, dims: int, strength: Number = 0.5
) -> Clips:
    """Play each clip at its own smoothly changing speed, first and last frame in place.

    At the fraction u of the clip, frame u + sum_k a_k sin(pi k u) / (pi k) is played; its slope is
    the speed, which stays above 1 - sum |a_k|, so that time never runs backwards.

    Args:
        strength: The speed stays within 1 - strength and 1 + strength.
    """
    if not 0 <= strength <= 1:
        raise EdgcnError(f"time_warp: expected strength within 0 <= strength <= 1, got {strength}")
    last = x.shape[2] - 1
    amplitude = ((2 * draws.uniform(WAVES) - 1) * strength / WAVES).to(x)
    frames = torch.arange(x.shape[2], device=x.device).to(x)
    cycles = math.pi * torch.arange(1, WAVES + 1, device=x.device).to(x)[:, None]
    waves = torch.sin(cycles * frames / max(last, 1)) / cycles
    return resample_time(x, frames + last * (amplitude @ waves), dims=dims)
