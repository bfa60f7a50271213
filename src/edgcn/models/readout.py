"""How an encoder's feature map becomes one vector per clip.

(N, C, T, V, M) clips -> encoder.features (N, D', T', V') -> (N, D)
`mean` is the paper's: one mean over the clip, then the head. `pyramid` keeps some order in time, as
temporal pyramids do (after Lazebnik et al., CVPR 2006), and skips the head. `parts` is a pyramid of
each part of the body, which also keeps what moved.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.skeleton.remap import canonical
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

SEGMENTS = (1, 2, 4)
Map = Float[Tensor, "n d frames v"]

# Of a joint's name in any scheme; what is neither leg nor arm is trunk and head. Legs are looked
# for first: MediaPipe has a foot's index, too.
LEG = re.compile("hip|knee|ankle|foot|heel|toe")
ARM = re.compile("shoulder|elbow|wrist|hand|thumb|index|middle|ring|little")


@runtime_checkable
class Encoder(Protocol):
    """What every encoder offers."""

    topology: Topology
    embed_dim: int
    feature_dim: int

    def __call__(self, clips: Clips) -> Tensor: ...
    def features(self, clips: Clips) -> Tensor: ...


def mean(encoder: Encoder, clips: Clips) -> Float[Tensor, "n d"]:
    """The embedding the encoder was trained with, (N, embed_dim)."""
    return encoder(clips)


def pyramid(encoder: Encoder, clips: Clips) -> Float[Tensor, "n d"]:
    """Means over joints and over 1, 2 and 4 equal time segments, (N, 7 feature_dim), end to end.

    Where there are fewer frames than segments, neighboring segments share frames.
    """
    return _pyramid(encoder.features(clips))


def parts(encoder: Encoder, clips: Clips) -> Float[Tensor, "n d"]:
    """A pyramid of each part of the body, (N, 7 feature_dim * parts).

    An encoder whose map has no joints left has one part, the whole.
    """
    features = encoder.features(clips)
    groups = body_parts(encoder.topology)
    if features.shape[3] != len(encoder.topology) or len(groups) == 1:
        return _pyramid(features)
    return torch.cat([_pyramid(features[..., list(group)]) for group in groups], dim=1)


def _pyramid(features: Map) -> Float[Tensor, "n wide"]:
    """In float32 under autocast too, like every pooling here: clips can differ by very little."""
    frames = features.mean(dim=3, dtype=torch.promote_types(features.dtype, torch.float32))
    segments = [nn.functional.adaptive_avg_pool1d(frames, n) for n in SEGMENTS]
    return torch.cat(segments, dim=2).transpose(1, 2).flatten(1)


@cache
def body_parts(topology: Topology) -> tuple[tuple[int, ...], ...]:
    """Joints of the left arm, the right arm, the legs, and trunk with head; parts without any out.

    By joint names in any scheme (`edgcn.skeleton.remap.canonical`), not by the tree, in which a hip
    may hang on a shoulder (COCO).
    """
    groups: dict[str, list[int]] = {"left arm": [], "right arm": [], "legs": [], "trunk": []}
    for index, joint in enumerate(topology.joints):
        name = canonical(joint)
        side, _, rest = name.partition("_")
        sided = side in ("left", "right")
        if sided and LEG.search(rest):
            groups["legs"].append(index)
        else:
            groups[f"{side} arm" if sided and ARM.search(rest) else "trunk"].append(index)
    return tuple(tuple(group) for group in groups.values() if group)


READOUTS: dict[str, Callable[[Encoder, Clips], Tensor]] = {
    "mean": mean,
    "pyramid": pyramid,
    "parts": parts,
}


class Reader(nn.Module):
    """An encoder and how it is read out: what a loss is put on.

    Its vectors are `pieces` of equal width end to end: what each part of the body did in each
    segment of the clip, or the whole embedding.

    Args:
        readout: a name of `READOUTS`.
    """

    def __init__(self, encoder: nn.Module, readout: str) -> None:
        super().__init__()
        self.encoder, self.readout = encoder, readout
        self.embed_dim = readout_width(encoder, readout)
        piece: int = encoder.feature_dim  # type: ignore[assignment]
        self.pieces = 1 if readout == "mean" else self.embed_dim // piece
        head = getattr(encoder, "head", None)
        if readout != "mean" and isinstance(head, nn.Module):
            head.requires_grad_(False)  # not read: ranks would wait for its gradients

    def forward(self, clips: Clips) -> Float[Tensor, "n d"]:
        return READOUTS[self.readout](self.encoder, clips)  # type: ignore[arg-type]


@torch.no_grad()
def readout_width(encoder: nn.Module, readout: str) -> int:
    """How long the vectors of a readout are, from a clip of nothing."""
    training = encoder.training
    shape = (1, encoder.in_channels, 1, len(encoder.topology), encoder.bodies)  # type: ignore[arg-type]
    clip = torch.zeros(shape, device=next(encoder.parameters()).device)  # type: ignore[arg-type]
    width = READOUTS[readout](encoder.eval(), clip).shape[1]  # type: ignore[arg-type]
    encoder.train(training)
    return width
