"""The same cleaning for a recording of any length: nothing depends on where a window starts.

(1, C, T, V, M), any stretch of a recording -> the same, for one pass of the encoder over it. Where
a clip is turned by the mean of its trunk and moved by its first frame, a recording is turned and
moved by means that run over as many frames as a clip has; the size of the person is measured once.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import center_path, facing, size_factor, trunk, unit_bones_of
from edgcn.pipeline.size import torso_size
from edgcn.skeleton.tensors import Clips, fill_gaps, linear_map, translate, visibility

TURNING = 3  # clips that the direction somebody faces is a mean of


@dataclass(frozen=True)
class Body:
    """How large somebody is: what makes the bones the mean bones, and the length of the torso."""

    size: Float[Tensor, "1"]
    torso: Float[Tensor, "1"]


def measure_body(x: Clips, inputs: Inputs) -> Body:
    """Of one recording, from frames spread over all of it."""
    settings, dims = inputs.normalize, inputs.dims
    size, torso = torch.ones(1), torch.ones(1)
    seen = visibility(x[..., :1], dims=dims)
    lengths = settings.bone_lengths if settings.unit_bones else None
    if settings.unit_bones:
        size = size_factor(x, lengths, topology=inputs.topology, dims=dims)
        x = unit_bones_of(x, lengths, size, topology=inputs.topology, dims=dims)
    if settings.scale == "torso":
        torso = torso_size(x, seen, lengths, topology=inputs.topology, dims=dims)
    return Body(size, torso)


def clean_running(x: Clips, inputs: Inputs, body: Body) -> Clips:
    """A stretch of a recording, cleaned; exact but for half a clip at ends that are cut."""
    settings, topology, dims, reach = (
        inputs.normalize,
        inputs.topology,
        inputs.dims,
        TURNING * inputs.frames,
    )
    if settings.fill:
        x = fill_gaps(x, dims=dims)
    if settings.unit_bones:
        lengths = settings.bone_lengths
        x = unit_bones_of(x, lengths, body.size.to(x), topology=topology, dims=dims)
    if settings.align:
        spine, shoulders = (
            running_mean(vector, reach)[0].T[:, :, None]
            for vector in trunk(x, topology=topology, dims=dims)
        )
        frames = x.transpose(0, 2)  # each frame a clip of its own
        x = linear_map(frames.contiguous(), facing(spine, shoulders)).transpose(0, 2).contiguous()
    if settings.scale == "torso":
        x = linear_map(x, torch.eye(dims).to(x)[None] / body.torso.to(x).view(-1, 1, 1))
    if settings.center != "none":
        path = center_path(x, topology=topology, dims=dims)
        x = translate(x, -path)
    return x


def running_mean(x: Float[Tensor, "n d t"], reach: int) -> Float[Tensor, "n d t"]:
    """The mean of `reach` frames around each; of fewer at the ends."""
    half = reach // 2
    padded = F.pad(x.double(), (half + 1, half))
    sums = padded.cumsum(dim=2)
    ones = F.pad(torch.ones_like(x[:1, :1]).double(), (half + 1, half)).cumsum(dim=2)
    width = 2 * half + 1
    total, count = (each[..., width:] - each[..., :-width] for each in (sums, ones))
    return (total / count).to(x)
