"""What objectives that reconstruct their input share: frames as vectors, errors, and baselines.

clips (N, C, T, V, M) <-> frames (N, T, C V M); two clips -> mean error of each (N,)

A joint that is exactly 0 in all channels is missing and counts in no error. Errors are means over
the channels of what is visible in a clip, then over clips: every clip counts the same however much
of it is missing, and ranks can be averaged.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.skeleton.tensors import Clips, Visibility, visibility

Frames = Float[Tensor, "n t features"]
Pose = Float[Tensor, "c v m"]


def to_frames(clips: Clips) -> Frames:
    """Each frame as one vector: channel by channel, joint by joint, body by body."""
    return clips.transpose(1, 2).flatten(2)


def to_clips(frames: Frames, shape: tuple[int, int, int]) -> Clips:
    """Inverse of `to_frames`, for (channels, joints, bodies)."""
    n, t, _ = frames.shape
    return frames.view(n, t, *shape).transpose(1, 2)


def visible_joints(clips: Clips) -> Visibility:
    """1 where a joint has any channel that is not 0, 0 where it is missing."""
    return visibility(clips, dims=clips.shape[1])


def clip_errors(guess: Clips, clips: Clips, visible: Visibility) -> Float[Tensor, "n"]:
    """Mean absolute error of each clip over what is visible; 0 where nothing is."""
    error = ((guess - clips).abs() * visible).sum(dim=(1, 2, 3, 4))
    return error / (clips.shape[1] * visible.sum(dim=(1, 2, 3, 4))).clamp(min=1)


@dataclass(frozen=True)
class ClipStatistics:
    """What training clips are like as an encoder reads them: what a decoder need not learn.

    Args:
        pose: Mean of every joint over the frames in which it is visible.
        spread: Standard deviation of joints from it, for each channel.
        frames: Number of frames of a clip.
    """

    pose: Pose
    spread: Float[Tensor, " c"]
    frames: int

    @property
    def size(self) -> int:
        """How many numbers a clip is."""
        return self.pose.numel() * self.frames

    def error(self, guess: Float[Tensor, "n size"], clips: Clips) -> Float[Tensor, ""]:
        """Mean squared error of a guess at clips less the mean pose, in units of the spread."""
        c, v, m = self.pose.shape
        pose, spread = self.pose.view(c, 1, v, m).to(clips), self.spread.view(c, 1, 1, 1).to(clips)
        difference = guess.view_as(clips) - (clips - pose) / spread
        return (difference.square() * visible_joints(clips)).mean()


@torch.no_grad()
def still_errors(clips: Clips, visible: Visibility, pose: Pose) -> dict[str, Tensor]:
    """Baselines: errors of guessing no motion, at the mean pose of all clips or at each clip's."""
    mean = clips.sum(dim=2, keepdim=True) / visible.sum(dim=2, keepdim=True).clamp(min=1)
    guesses = {
        "mean_pose": pose.unsqueeze(1).expand_as(clips),
        "clip_mean_pose": mean.expand_as(clips),
    }
    return {name: clip_errors(guess, clips, visible).mean() for name, guess in guesses.items()}


class Means:
    """Running means of named numbers since they were last taken."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.count = 0

    def add(self, numbers: dict[str, Tensor]) -> None:
        """Count one batch's numbers."""
        for name, value in numbers.items():
            self.sums[name] = self.sums.get(name, torch.zeros_like(value)) + value.detach()
        self.count += 1

    def take(self) -> dict[str, Tensor]:
        """The means, starting anew."""
        means = {name: value / self.count for name, value in self.sums.items()}
        self.sums, self.count = {}, 0
        return means
