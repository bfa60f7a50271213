"""The one resampler: clips read at fractional frame positions, by linear interpolation in time.

positions (N, new T) -> the frames below and above each -> blended, (N, C, new T, V, M)

Where a joint is missing in one of the two frames the other's is taken; where it is missing in both,
or the position is exactly that of a missing frame, it stays missing.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from edgcn.skeleton.tensors import Clips, take_frames, visibility, visible

NEAR = 1e-6  # part of a frame: a position this near to a frame is the frame's


def resample(
    frames_at: Callable[[Int[Tensor, "n new_t"]], Clips],
    positions: Float[Tensor, "n new_t"],
    last: Int[Tensor, "#n 1"],
    *,
    dims: int,
) -> Float[Tensor, "n c new_t v m"]:
    """Clips that lie anywhere, read at fractional frame positions.

    Args:
        frames_at: whole frames of each clip by number.
        positions: in frames, within 0 .. last.
        last: number of each clip's last frame.
        dims: how many channels are geometry.
    """
    low = positions.floor().long()
    before, after = frames_at(low), frames_at((low + 1).minimum(last))
    return blend(before, after, (positions - low).to(before), dims=dims)


def resample_time(
    x: Clips, positions: Float[Tensor, "n new_t"], *, dims: int
) -> Float[Tensor, "n c new_t v m"]:
    """Clips of one length, read at fractional frame positions.

    Args:
        positions: in frames, within 0 .. T - 1 (clamped to that).
        dims: how many channels are geometry.
    """
    last = torch.full((1, 1), x.shape[2] - 1, device=positions.device)
    within = positions.clamp(0, x.shape[2] - 1)
    return resample(lambda index: take_frames(x, index), within, last, dims=dims)


def blend(low: Clips, high: Clips, fraction: Float[Tensor, "n t"], *, dims: int) -> Clips:
    """The frames `fraction` of the way from `low` to `high`; where one is missing, the other.

    At a fraction of 0, what is missing in `low` is missing. A missing joint has confidence 0.
    """
    fraction = fraction[:, None, :, None, None].to(low)
    alone = (fraction > 0).to(low)
    part = torch.where(visible(low, dims=dims), fraction * visibility(high, dims=dims), alone)
    between = torch.lerp(low, high, part)
    if dims == low.shape[1]:
        return between
    return torch.cat((between[:, :dims], between[:, dims:] * visibility(between, dims=dims)), dim=1)


def even_positions(last: Int[Tensor, "n 1"], frames: int) -> Float[Tensor, "n frames"]:
    """Frame positions spread evenly over 0 .. last of each clip, for resampling to `frames`.

    Multiplied first and divided then, so that as many frames as there are fall exactly on them;
    `linspace` lands a rounding error beside, where a missing joint would be filled in.
    """
    return last * torch.arange(frames, dtype=torch.float64) / max(frames - 1, 1)


def even_times(
    times: Float[Tensor, " total"], last: Int[Tensor, "n 1"], frames: int
) -> Float[Tensor, "n frames"]:
    """Frame positions that are even in time, where the frames themselves are not.

    Args:
        times: of all frames, clip after clip, rising within each.
        last: number of each clip's last frame.
    """
    lengths = last.flatten() + 1
    first = (lengths.cumsum(0) - lengths)[:, None]
    start, stop = times[first], times[first + last]
    wanted = start + (stop - start) * torch.arange(frames, dtype=times.dtype) / max(frames - 1, 1)
    # One axis for the search, on which every clip begins a second after the one before has ended.
    spans = (stop - start).flatten() + 1
    shift = (spans.cumsum(0) - spans)[:, None] - start
    axis = times + shift.flatten().repeat_interleave(lengths)
    low = torch.searchsorted(axis, wanted + shift, right=True) - 1 - first
    low = low.clamp(min=0).minimum((last - 1).clamp(min=0))
    before, after = times[first + low], times[first + (low + 1).minimum(last)]
    step = (after - before).clamp(min=torch.finfo(times.dtype).tiny)
    positions = low + ((wanted - before) / step).clamp(0, 1)
    frame = positions.round()
    return torch.where((positions - frame).abs() < NEAR, frame, positions)
