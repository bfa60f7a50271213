"""Predict & Cluster (Su, Liu, Shlizerman, CVPR 2020): a strong encoder behind a weak decoder.

one view (N, C, T, V, M) -> encoder (N, D) = first state of a one-way GRU -> frames -> mean L1

The decoder is kept weak so that the encoder has to do the work. As published:
- fixed-weights: the GRU reads zeros and goes on from state to state; neither it nor its output
  layer is ever trained.
- fixed-state: each step starts from the encoder's state again, reads the frame decoded before (at
  first the clip's own first frame, which is given and not scored) and adds a change to it.

Ours: the L1 is a mean, not a sum over coordinates, and gradients are not clipped (the authors clip
those of the sum to a norm of 25); poses are decoded as differences to the training clips' mean
pose, where the authors rescale every clip to -1 .. 1.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
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
    to_frames,
    visible_joints,
)
from edgcn.skeleton.tensors import Clips

Embedding = Float[Tensor, "n d"]


@torch.no_grad()
def initialize_as_published(cell: nn.GRU | nn.GRUCell) -> None:
    """Glorot weights over input and state together, gates open to keeping the state by 1.

    TensorFlow's cell, which the authors used. From PyTorch's initial weights, ten frames on,
    0.6 % is left of the differences between two first states; from these, 22 %.
    """
    size = cell.hidden_size
    for name, values in cell.named_parameters():
        if "bias" in name:
            nn.init.zeros_(values)
        if name.startswith("bias_ih"):
            values[: 2 * size] = 1
        if name.startswith("weight"):
            fan_in = cell.input_size + size
            for part, outputs in ((values[: 2 * size], 2 * size), (values[2 * size :], size)):
                bound = (6 / (fan_in + outputs)) ** 0.5
                part.uniform_(-bound, bound)


class FixedWeights(nn.Module):
    """States that follow from the first one by weights that are never trained."""

    def __init__(self, state: int, features: int) -> None:
        super().__init__()
        self.gru = nn.GRU(1, state, batch_first=True)
        self.out = nn.Linear(state, features)
        initialize_as_published(self.gru)
        nn.init.xavier_uniform_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.requires_grad_(False)

    def forward(self, state: Embedding, frames: Frames) -> Frames:
        nothing = state.new_zeros(len(state), frames.shape[1], 1)
        states = self.gru(nothing, state.unsqueeze(0).contiguous())[0]
        decoded: Tensor = self.out(states)
        return decoded


class FixedState(nn.Module):
    """Frame from frame, each time from the encoder's state instead of the decoder's own."""

    def __init__(self, state: int, features: int) -> None:
        super().__init__()
        self.cell = nn.GRUCell(features, state)
        self.out = nn.Linear(state, features)
        initialize_as_published(self.cell)
        nn.init.uniform_(self.out.weight, -0.04, 0.04)  # the authors'
        nn.init.zeros_(self.out.bias)

    def forward(self, state: Embedding, frames: Frames) -> Frames:
        frame = frames[:, 0]
        decoded = [frame]
        # All that the state contributes is the same at every step.
        from_state = F.linear(state, self.cell.weight_hh, self.cell.bias_hh).chunk(3, dim=1)
        for _ in range(frames.shape[1] - 1):
            from_frame = F.linear(frame, self.cell.weight_ih, self.cell.bias_ih).chunk(3, dim=1)
            reset = (from_frame[0] + from_state[0]).sigmoid()
            keep = (from_frame[1] + from_state[1]).sigmoid()
            new = (from_frame[2] + reset * from_state[2]).tanh()
            frame = frame + self.out(torch.lerp(new, state, keep))
            decoded.append(frame)
        return torch.stack(decoded, dim=1)


DECODERS: dict[str, type[FixedWeights] | type[FixedState]] = {
    "fixed-weights": FixedWeights,
    "fixed-state": FixedState,
}


class Autoencoder(nn.Module):
    """Clips to themselves through an encoder's embedding; the decoder works around a mean pose."""

    pose: Tensor

    def __init__(self, encoder: nn.Module, decoder: nn.Module, pose: Pose) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.register_buffer("pose", pose.clone())

    def forward(self, clips: Clips) -> Clips:
        pose = self.pose.unsqueeze(1)
        frames = to_frames((clips - pose) * visible_joints(clips))
        embedding: Tensor = self.encoder(clips)
        decoded: Tensor = self.decoder(embedding, frames)
        return to_clips(decoded.float(), self.pose.shape) + pose  # type: ignore[arg-type]


class PredictCluster(nn.Module):
    """Encoder trained so that a weak decoder can reconstruct the clip from its embedding.

    Args:
        decoder: Weights that never train, or the encoder's state at every step.
        statistics: Of the training clips; clips are decoded as differences to their mean pose.
    """

    title = "P&C"
    needs = ("statistics", "embedding")

    def __init__(
        self,
        encoder: nn.Module,
        *,
        decoder: Literal["fixed-weights", "fixed-state"] = "fixed-weights",
        statistics: ClipStatistics,
    ) -> None:
        super().__init__()
        pose, state = statistics.pose, encoder.embed_dim
        assert isinstance(state, int)
        self.encoder = encoder
        self.learner = Autoencoder(encoder, DECODERS[decoder](state, pose.numel()), pose)
        self.first = 1 if decoder == "fixed-state" else 0
        self.means = Means()

    def loss(self, views: Views) -> Float[Tensor, ""]:
        """Mean absolute error of the first view's reconstruction, over what is visible."""
        clips, guess = views.first, self.learner(views.first)
        with torch.autocast(clips.device.type, enabled=False):
            # The given frame is scored only where it is all there is.
            given = min(self.first, clips.shape[2] - 1)
            clips, guess = clips[:, :, given:], guess[:, :, given:]
            visible = visible_joints(clips)
            error = clip_errors(guess, clips, visible).mean()
            baselines = still_errors(clips, visible, self.learner.pose)
            self.means.add({"reconstruction": error, **baselines})
        return error

    def measures(self) -> dict[str, Tensor]:
        """Mean errors since the last call, of the reconstruction and of guessing no motion."""
        return self.means.take()
