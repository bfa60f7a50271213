"""What an encoder is shown: joints, bones, motion, several at once, and second-order moments.

(N, C, T, V, M) -> (N, streams * C, T, V, M), three times that with moments. Streams are those of
2s-AGCN (Shi et al., CVPR 2019); moments are the "MA" of EDGCN (Shah et al., ICPR 2022).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.tensors import Clips, visible, with_geometry
from edgcn.skeleton.topology import Topology

CHANNELS = 3  # x, y, z, or x, y and a confidence
MOMENTS = 9


def bones(x: Clips, *, topology: Topology, dims: int) -> Clips:
    """Each joint minus its parent; 0 at the root and where either of the two is missing."""
    parent = list(range(len(topology)))  # the root is its own parent, which makes its bone 0
    for child, above in topology.edges:
        parent[child] = above
    parents = x[:, :dims].index_select(3, torch.tensor(parent, device=x.device))
    whole = visible(x, dims=dims) & visible(parents, dims=dims)
    return with_geometry(x, (x[:, :dims] - parents) * whole)


def motion(x: Clips, *, dims: int, gain: float = 1.0) -> Clips:
    """Each frame's step to the next; 0 in the last frame and where a joint is missing in either.

    (A joint that appears has not moved from the origin to where it is.)

    Args:
        gain: what the steps are multiplied by: they are much smaller than the body.
    """
    here, after = x[:, :dims, :-1], x[:, :dims, 1:]
    whole = visible(here, dims=dims) & visible(after, dims=dims)
    steps = gain * (after - here) * whole
    return with_geometry(x, torch.cat((steps, torch.zeros_like(x[:, :dims, :1])), dim=2))


def moments(x: Clips) -> Float[Tensor, "n 9 t v m"]:
    """x, y, z, x^2, y^2, z^2, xy, xz, yz; a confidence in z's place is treated as z is."""
    if x.shape[1] != CHANNELS:
        raise EdgcnError(
            f"moments: expected {CHANNELS} channels (x, y, z or x, y, confidence), got "
            f"{x.shape[1]} in clips of shape {tuple(x.shape)}"
        )
    mixed = (x[:, 0] * x[:, 1], x[:, 0] * x[:, 2], x[:, 1] * x[:, 2])
    return torch.cat((x, x.square(), torch.stack(mixed, dim=1)), dim=1)


_second_order = moments  # `prepare_features` has an argument of that name

STREAMS: dict[str, Callable[[Clips, Topology, int, float], Clips]] = {
    "joint": lambda x, topology, dims, gain: x,
    "bone": lambda x, topology, dims, gain: bones(x, topology=topology, dims=dims),
    "motion": lambda x, topology, dims, gain: motion(x, dims=dims, gain=gain),
}


def prepare_features(
    x: Clips,
    *,
    stream: str,
    moments: bool,
    topology: Topology,
    dims: int,
    motion_gain: float = 1.0,
) -> Float[Tensor, "n features t v m"]:
    """The streams of these names one above the other, each with its second-order moments if asked.

    Args:
        stream: "joint", "bone" or "motion", or several joined by "+" (early fusion).
        dims: how many leading channels are geometry.
        motion_gain: of the stream "motion".
    """
    for name in stream.split("+"):
        if name not in STREAMS:
            raise EdgcnError(f"no stream {name!r}; there are {', '.join(STREAMS)}")
    streamed = [STREAMS[name](x, topology, dims, motion_gain) for name in stream.split("+")]
    shown = [_second_order(y) for y in streamed] if moments else streamed
    return shown[0] if len(shown) == 1 else torch.cat(shown, dim=1)


def feature_channels(stream: str, *, moments: bool) -> int:
    """How many channels `prepare_features` gives from 3."""
    return (stream.count("+") + 1) * (MOMENTS if moments else CHANNELS)
