"""A linear layer on windows of a long recording, without ever writing down what is read of them.

maps, weights (rows, width) -> the layer on every frame, running sums -> (N, rows) for any windows

Means are linear, so that the layer may go over the frames of a map once, however many windows are
read from it; only peaks are looked up window by window.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from edgcn.models.dense import Map, Windows, between, most, running

Sums = Float[Tensor, "_ places rows"]


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
        """Of weights on what `pool` reads of a window, then on the means before and after.

        Args:
            levels: numbers of segments that windows are read in, the finest a multiple of all.
        """
        widths = [each.mean.shape[1] for each in maps]
        whole = sum(levels)
        inside = [(whole + 2 * (m.peak is not None)) * w for m, w in zip(maps, widths, strict=True)]
        parts = torch.split(weight, [*inside, *widths, *widths], dim=1)
        count = len(maps)
        values: dict[int, Tensor] = {}
        peaks = []
        for at, (each, width) in enumerate(zip(maps, widths, strict=True)):
            own, beside = parts[at], (parts[count + at], parts[2 * count + at])
            layer = _folded(own[:, : whole * width], beside, levels)
            said = torch.einsum("td,dpr->tpr", each.mean, layer)
            values[each.stride] = values.get(each.stride, 0) + said
            if each.peak is not None:
                peaks.append((each, own[:, whole * width :].T.contiguous()))
        return cls({stride: running(said) for stride, said in values.items()}, peaks)

    @torch.no_grad()
    def __call__(self, starts: Windows, length: float) -> Float[Tensor, "n rows"]:
        """What it says of windows, all of one length, in frames of the recording."""
        said = [_means(sums, starts / k, length / k) for k, sums in self.sums.items()]
        for each, layer in self.peaks:
            assert each.peak is not None
            first, frames = starts / each.stride, length / each.stride
            tops = [most(values, first, frames) for values in (each.peak, each.mean)]
            said.append(torch.cat(tops, dim=1) @ layer)
        return torch.stack(said).sum(dim=0)


def _folded(
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


def _means(sums: Sums, starts: Windows, length: float) -> Float[Tensor, "n rows"]:
    """Means over the places of windows, in frames of the map; half a window beside each."""
    inside = torch.linspace(0, length, sums.shape[1] - 1, dtype=torch.float64)
    edges = starts.double()[:, None] + F.pad(inside, (1, 1), value=1.5 * length)
    edges[:, 0] -= 2 * length
    return between(sums, edges).sum(dim=1).float()
