"""A linear layer on windows of a long recording, without ever writing down what is read of them.

maps, weights (rows, width) -> the layer on every frame, running sums -> (N, rows) for any windows

Means are linear, so that the layer may go over the frames of a map once, however many windows are
read from it; only peaks are looked up window by window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from edgcn.models.dense import Map, Windows, between, most, running

Sums = Float[Tensor, "_ places rows"]


class Folded(NamedTuple):
    """What a layer makes of the frames of one map.

    Args:
        linear: in each place: before a window, in its finest segments, after it.
        peaks: of the most of the peaks, then of the means, in a window; None without peaks.
    """

    linear: Float[Tensor, "d places rows"]
    peaks: Float[Tensor, "two_d rows"] | None


@dataclass(frozen=True)
class DenseLayer:
    """A layer and the maps it is on.

    Args:
        sums: by the stride of maps, what the layer says of the frames of each place, summed.
        peaks: maps, and the layer on their peaks.
    """

    sums: dict[int, Sums]
    peaks: list[tuple[Map, Float[Tensor, "_ rows"]]]

    @classmethod
    @torch.no_grad()
    def of(
        cls, maps: list[Map], weight: Float[Tensor, "rows width"], levels: tuple[int, ...]
    ) -> "DenseLayer":
        """Of weights as `folded_layer` takes them."""
        values: dict[int, Tensor] = {}
        peaks = []
        for each, layer in zip(maps, folded_layer(maps, weight, levels), strict=True):
            said = torch.einsum("td,dpr->tpr", each.mean, layer.linear)
            values[each.stride] = values.get(each.stride, 0) + said
            if layer.peaks is not None:
                peaks.append((each, layer.peaks))
        return cls({stride: running(said) for stride, said in values.items()}, peaks)

    @torch.no_grad()
    def __call__(self, starts: Windows, length: float) -> Float[Tensor, "n rows"]:
        """What it says of windows, all of one length, in frames of the recording."""
        said = [means_of(sums, starts / k, length / k).float() for k, sums in self.sums.items()]
        for each, layer in self.peaks:
            assert each.peak is not None
            first, frames = starts / each.stride, length / each.stride
            tops = [most(values, first, frames) for values in (each.peak, each.mean)]
            said.append(torch.cat(tops, dim=1) @ layer)
        return torch.stack(said).sum(dim=0)


def folded_layer(
    maps: Sequence[Map], weight: Float[Tensor, "rows width"], levels: tuple[int, ...]
) -> list[Folded]:
    """Weights on what `pool` reads of a window, then on the means before and after, by map.

    Args:
        maps: of any clip, for their widths.
        levels: numbers of segments that windows are read in, the finest a multiple of all.
    """
    widths = [each.mean.shape[1] for each in maps]
    whole, count = sum(levels), len(maps)
    inside = [(whole + 2 * (m.peak is not None)) * w for m, w in zip(maps, widths, strict=True)]
    parts = torch.split(weight, [*inside, *widths, *widths], dim=1)
    made = []
    for at, (each, width) in enumerate(zip(maps, widths, strict=True)):
        own, beside = parts[at], (parts[count + at], parts[2 * count + at])
        peaks = None if each.peak is None else own[:, whole * width :].T.contiguous()
        made.append(Folded(_places(own[:, : whole * width], beside, levels), peaks))
    return made


def _places(
    own: Float[Tensor, "rows inside"],
    beside: tuple[Float[Tensor, "rows d"], Float[Tensor, "rows d"]],
    levels: tuple[int, ...],
) -> Float[Tensor, "d places rows"]:
    """A layer for the frames of each place: before a window, its finest segments, after it."""
    by_level = torch.split(own.reshape(len(own), sum(levels), -1), list(levels), dim=1)
    finest = max(levels)
    finer = [each.repeat_interleave(finest // n, dim=1) * (n / finest)
             for each, n in zip(by_level, levels, strict=True)]  # fmt: skip
    inside = torch.stack(finer).sum(dim=0)
    places = torch.cat((beside[0][:, None], inside, beside[1][:, None]), dim=1)
    return places.permute(2, 1, 0)


def means_of(
    sums: Sums, starts: Windows, length: float | Float[Tensor, " n"]
) -> Float[Tensor, "n rows"]:
    """Means over the places of windows, in frames of the map; half a window beside each."""
    inside = torch.linspace(0, 1, sums.shape[1] - 1, dtype=torch.float64)
    shares = F.pad(inside, (1, 1), value=1.5)
    shares[0] = -0.5
    lengths = torch.as_tensor(length, dtype=torch.float64).expand(len(starts))
    return between(sums, starts.double()[:, None] + lengths[:, None] * shares).sum(dim=1)
