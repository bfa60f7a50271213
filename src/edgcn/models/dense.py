"""Windows of a long recording from one pass of an encoder: what a readout would have made of each.

(1, C, T, V, M) clean features -> maps, block by block -> (N, D) for any N windows. Means come from
running sums, peaks from maxima over 1, 2, 4 ... frames, so that no frame is looked at twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.models.readout import SEGMENTS, HasFeatures, HasMaps, by_part, over_joints
from edgcn.skeleton.topology import Topology

DENSE = ("pyramid", "parts", "peaks")  # readouts that pool a map; `mean` needs the encoder's head
FINEST = max(SEGMENTS)
LEAST = 1e-3  # frames that a mean is over, where a window lies outside of its recording
Windows = Float[Tensor, " n"]


@dataclass(frozen=True)
class Map:
    """One part of the body in one block.

    Args:
        mean: over joints; a frame stands for `stride` frames of the recording.
        peak: the most of any joint, where the readout asks for it.
    """

    mean: Float[Tensor, "frames d"]
    peak: Float[Tensor, "frames d"] | None
    stride: int


def is_dense(encoder: nn.Module, readout: str) -> bool:
    """Whether windows can be read so; else each is embedded by itself."""
    return readout in DENSE and isinstance(encoder, HasFeatures)


@torch.no_grad()
def dense_maps(
    encoder: nn.Module, features: Float[Tensor, "1 c t v m"], readout: str, topology: Topology
) -> list[Map]:
    """The maps that a readout pools, in its order."""
    blocks = list(each_block(encoder, features, readout))
    return maps_of(blocks, strides_of(blocks, features.shape[2]), readout, topology)


def each_block(
    encoder: nn.Module, features: Float[Tensor, "1 c t v m"], readout: str
) -> Iterator[Tensor]:
    """The blocks of an encoder that a readout reads, (1, D, T', V) each, when it is asked for."""
    if not is_dense(encoder, readout):
        raise EdgcnError(f"readout {readout!r} of {type(encoder).__name__} pools no map")
    assert isinstance(encoder, HasFeatures)
    if readout == "peaks" and isinstance(encoder, HasMaps):
        yield from encoder.every_map(features)
    else:
        yield encoder.features(features)


def strides_of(blocks: list[Tensor], frames: int) -> list[int]:
    """How many frames of the recording a frame of each block stands for."""
    return [max(1, round(frames / block.shape[2])) for block in blocks]


def maps_of(
    blocks: list[Tensor], strides: list[int], readout: str, topology: Topology
) -> list[Map]:
    """Blocks over the joints of each part of the body, or of all."""
    peaks, maps = readout == "peaks", []
    for block, stride in zip(blocks, strides, strict=True):
        for part in [block] if readout == "pyramid" else by_part(block, topology):
            mean = over_joints(part)[0].T.contiguous()
            peak = part[0].amax(dim=2).T.to(mean.dtype).contiguous() if peaks else None
            maps.append(Map(mean, peak, stride))
    return maps


def pool(maps: list[Map], starts: Windows, length: float) -> Float[Tensor, "n width"]:
    """The vector of each window, all of one length, in frames counted from the maps' first.

    Windows need not begin or end with a frame of a map.
    """
    if not len(starts):
        return starts.new_zeros(
            0, sum((7 + 2 * (m.peak is not None)) * m.mean.shape[1] for m in maps)
        )
    pieces = []
    for each in maps:
        first, frames = starts / each.stride, length / each.stride
        pieces.append(_pyramid(each.mean, first, frames))
        if each.peak is not None:
            pieces += [most(each.peak, first, frames), most(each.mean, first, frames)]
    return torch.cat(pieces, dim=1)


def means(maps: list[Map], starts: Windows, length: float) -> Float[Tensor, "n width"]:
    """The mean of each map over each window."""
    return torch.cat(
        [segments(m.mean, starts / m.stride, length / m.stride, 1).flatten(1) for m in maps], dim=1
    )


def _pyramid(mean: Tensor, first: Windows, frames: float) -> Float[Tensor, "n width"]:
    parts = segments(mean, first, frames, FINEST)  # equal ones, so that means of means are means
    levels = [
        parts.reshape(len(parts), count, FINEST // count, parts.shape[2]).mean(dim=2)
        for count in SEGMENTS
    ]
    return torch.cat(levels, dim=1).flatten(1)


def segments(
    mean: Float[Tensor, "frames d"], first: Windows, frames: float, count: int
) -> Float[Tensor, "n count d"]:
    """Means over equal segments of each window, from running sums; in double, for long maps."""
    edges = torch.linspace(0, frames, count + 1, dtype=torch.float64)
    return between(running(mean)[:, None], first.double()[:, None] + edges).to(mean.dtype)


def running(values: Float[Tensor, "frames *d"]) -> Float[Tensor, "edges *d"]:
    """Sums of all frames before each edge between two of them."""
    return torch.cat((values.new_zeros(1, *values.shape[1:]).double(), values.double().cumsum(0)))


def between(
    sums: Float[Tensor, "edges some d"], edges: Float[Tensor, "n bounds"]
) -> Float[Tensor, "n places d"]:
    """Means from one edge to the next, in each window; outside, the first or last frame.

    Args:
        sums: running ones, for every place or for each its own.
    """
    total = len(sums) - 1
    begin = edges[:, :-1].clamp(0, total - LEAST)
    end = edges[:, 1:].clamp(max=total).maximum(begin + LEAST)
    place = torch.arange(begin.shape[1]) % sums.shape[1]

    def at(edge: Tensor) -> Tensor:
        low = edge.floor().long()
        return torch.lerp(
            sums[low, place], sums[(low + 1).clamp(max=total), place], (edge - low)[..., None]
        )

    return (at(end) - at(begin)) / (end - begin)[..., None]


def most(values: Float[Tensor, "frames d"], first: Windows, frames: float) -> Tensor:
    """The most of each channel in each window, from the most of 1, 2, 4 ... frames."""
    total = len(values)
    low = (first + 1e-6).floor().long().clamp(0, total - 1)
    high = (first + frames - 1e-6).ceil().long().clamp(min=1, max=total).maximum(low + 1)
    level = int((high - low).min()).bit_length() - 1
    for power in range(level):
        values = torch.maximum(values[: -(2**power)], values[2**power :])
    reach = 2**level
    found = values[low]
    for start in range(reach, int((high - low).max()), reach):
        found = torch.maximum(found, values[(low + start).minimum(high - reach)])
    return found
