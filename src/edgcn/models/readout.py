"""How an encoder's feature map becomes one vector per clip.

(N, C, T, V, M) clips -> encoder.features (N, D', T', V') -> (N, D)
`mean` is the paper's: one mean over the clip, then the head. `pyramid` keeps some order in time, as
temporal pyramids do (after Lazebnik et al., CVPR 2006), and skips the head. `parts` is a pyramid of
each part of the body, which also keeps what moved. `peaks` reads all blocks so, and their peaks; it
has no pieces of one width, so that nothing is trained through it.

An encoder is a module with `encoder(clips) -> (N, embed_dim)` and `embed_dim`: enough for `mean`.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.names import canonical
from edgcn.skeleton.tensors import Clips
from edgcn.skeleton.topology import Topology

SEGMENTS = (1, 2, 4)
TRIED = 8  # frames of the clip that an encoder is tried with
Map = Float[Tensor, "n d frames v"]
Vectors = Float[Tensor, "n width"]

# Of a joint's name in any scheme; what is neither leg nor arm is trunk and head. Legs are looked
# for first: MediaPipe has a foot's index, too.
LEG = re.compile("hip|knee|ankle|foot|heel|toe")
ARM = re.compile("shoulder|elbow|wrist|hand|thumb|index|middle|ring|little")


@runtime_checkable
class HasFeatures(Protocol):
    """An encoder that also gives its map before pooling, (N, feature_dim, T', V')."""

    feature_dim: int

    def features(self, clips: Clips) -> Tensor: ...


@runtime_checkable
class HasMaps(HasFeatures, Protocol):
    """One that also gives the map of every block, (N, D, T', V'), that of `features` the last."""

    def every_map(self, clips: Clips) -> Iterable[Tensor]: ...


def mean(encoder: nn.Module, clips: Clips, topology: Topology) -> Vectors:
    """The embedding the encoder was trained with, (N, embed_dim)."""
    embedding: Tensor = encoder(clips)
    return embedding


def pyramid(encoder: nn.Module, clips: Clips, topology: Topology) -> Vectors:
    """Means over joints and over 1, 2 and 4 equal time segments, (N, 7 feature_dim), end to end.

    Where there are fewer frames than segments, neighboring segments share frames.

    Raises:
        EdgcnError: the encoder has no `features`.
    """
    return _pyramid(with_features(encoder, "pyramid").features(clips))


def parts(encoder: nn.Module, clips: Clips, topology: Topology) -> Vectors:
    """A pyramid of each part of the body, (N, 7 feature_dim * parts).

    An encoder whose map has no joints left has one part, the whole.

    Raises:
        EdgcnError: the encoder has no `features`.
    """
    features = with_features(encoder, "parts").features(clips)
    return torch.cat([_pyramid(part) for part in by_part(features, topology)], dim=1)


def peaks(encoder: nn.Module, clips: Clips, topology: Topology) -> Vectors:
    """Of each part of the body, from every block of the encoder: a pyramid, and what a mean over a
    long clip hides, the most that each channel reached, in a joint and in the mean of the joints.

    (N, 9 * parts * the sum of the blocks' channels.) An encoder without `every_map` has one block.

    Raises:
        EdgcnError: the encoder has no `features`.
    """
    known = with_features(encoder, "peaks")
    maps = known.every_map(clips) if isinstance(known, HasMaps) else [known.features(clips)]
    pieces = []
    for block in maps:
        for part in by_part(block, topology):
            joints = over_joints(part)
            peak, most = part.amax(dim=(2, 3)).to(joints.dtype), joints.amax(dim=2)
            pieces += [_pyramid(part), peak, most]
    return torch.cat(pieces, dim=1)


def by_part(features: Map, topology: Topology) -> list[Float[Tensor, "n d frames _"]]:
    """The joints of each part of the body; all where the map has no joints left."""
    groups = body_parts(topology)
    if features.shape[3] != len(topology) or len(groups) == 1:
        return [features]
    return [features[..., list(group)] for group in groups]


def over_joints(features: Map) -> Float[Tensor, "n d frames"]:
    """In float32 under autocast too, like every pooling here: clips can differ by very little."""
    return features.mean(dim=3, dtype=torch.promote_types(features.dtype, torch.float32))


def _pyramid(features: Map) -> Vectors:
    """Means over joints and over segments, end to end."""
    frames = over_joints(features)
    t = frames.shape[2]
    ends = [(i * t // n, ((i + 1) * t + n - 1) // n) for n in SEGMENTS for i in range(n)]
    return torch.cat([frames[:, :, start:end].mean(dim=2) for start, end in ends], dim=1)


@cache
def body_parts(topology: Topology) -> tuple[tuple[int, ...], ...]:
    """Joints of the left arm, the right arm, the legs, and trunk with head; parts without any out.

    By joint names in any scheme (`edgcn.skeleton.names.canonical`), not by the tree, in which a hip
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


READOUTS: dict[str, Callable[[nn.Module, Clips, Topology], Vectors]] = {
    "mean": mean,
    "pyramid": pyramid,
    "parts": parts,
    "peaks": peaks,
}


def readout_for(encoder: nn.Module, wanted: str, *, explicit: bool) -> str:
    """The readout that this encoder gets: `wanted`, or `mean` where it has no `features`.

    Args:
        explicit: the user chose `wanted`, which is then never replaced.

    Raises:
        EdgcnError: the user chose it and the encoder has no `features`.
    """
    if wanted == "mean" or isinstance(encoder, HasFeatures):
        return wanted
    if explicit:
        with_features(encoder, wanted)
    return "mean"


def with_features(encoder: nn.Module, readout: str) -> HasFeatures:
    if not isinstance(encoder, HasFeatures):
        raise EdgcnError(
            f"readout {readout!r} needs an encoder with `features(clips) -> (N, feature_dim, T', "
            f"V')` and `feature_dim`, which {type(encoder).__name__} does not have; use readout "
            f"'mean'"
        )
    return encoder


class Reader(nn.Module):
    """An encoder and how it is read out: what a loss is put on.

    Its vectors are `pieces` of equal width end to end: what each part of the body did in each
    segment of the clip, or the whole embedding. Parameters that the readout does not depend on,
    such as a head's, stop learning: ranks would wait for their gradients.

    Args:
        readout: a name of `READOUTS`.
        topology, in_channels, bodies: of the clips that the encoder reads.

    Raises:
        EdgcnError: the encoder has no `features`, which every readout but `mean` needs.
    """

    def __init__(
        self,
        encoder: nn.Module,
        readout: str,
        *,
        topology: Topology,
        in_channels: int,
        bodies: int,
    ) -> None:
        super().__init__()
        self.encoder, self.readout, self.topology = encoder, readout, topology
        self.embed_dim = readout_width(
            encoder, readout, topology=topology, in_channels=in_channels, bodies=bodies
        )
        self.pieces = 1
        if readout != "mean":
            known = with_features(encoder, readout)
            if readout != "peaks":  # which has pieces of several widths
                self.pieces = self.embed_dim // known.feature_dim
            for parameter in _unread(encoder, readout, topology, in_channels, bodies):
                parameter.requires_grad_(False)

    def forward(self, clips: Clips) -> Vectors:
        return READOUTS[self.readout](self.encoder, clips, self.topology)


def readout_width(
    encoder: nn.Module, readout: str, *, topology: Topology, in_channels: int, bodies: int
) -> int:
    """How long the vectors of a readout are: as declared, or as those of an empty clip.

    Raises:
        EdgcnError: the encoder has no `features`, which every readout but `mean` needs.
    """
    if readout == "mean":
        width: int = encoder.embed_dim  # type: ignore[assignment]
        return width
    with torch.no_grad():
        return _tried(encoder, readout, topology, in_channels, bodies).shape[1]


def _unread(
    encoder: nn.Module, readout: str, topology: Topology, in_channels: int, bodies: int
) -> list[nn.Parameter]:
    """The parameters that a readout does not depend on."""
    learned = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    if not learned:
        return []
    # cuDNN has no gradients of recurrent layers in evaluation mode.
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        total = _tried(encoder, readout, topology, in_channels, bodies).sum()
    grads = torch.autograd.grad(total, learned, allow_unused=True)
    return [parameter for parameter, grad in zip(learned, grads, strict=True) if grad is None]


def _tried(
    encoder: nn.Module, readout: str, topology: Topology, in_channels: int, bodies: int
) -> Vectors:
    """The vector of an empty clip, in evaluation mode; the encoder's mode is put back after."""
    training = encoder.training
    device = next((parameter.device for parameter in encoder.parameters()), None)
    clip = torch.zeros(1, in_channels, TRIED, len(topology), bodies, device=device)
    vectors = READOUTS[readout](encoder.eval(), clip, topology)
    encoder.train(training)
    return vectors
