"""A spotter's linear layer, folded into what can be added up frame by frame.

maps of new frames -> what the layer makes of them -> running sums -> values of any window

A window's numbers are means of a map over its quarters, halves and whole, and over what is before
and after it: the layer on a mean is the mean of the layer, so that a window costs six differences
of running sums. Only peaks are looked for window by window. Equal to `Stretch.in_context @ layer`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from jaxtyping import Float

from edgcn.inference.dense import Reading, Stretch
from edgcn.inference.stream_tail import Tail
from edgcn.models.dense import Map
from edgcn.models.dense_layer import folded_layer, means_of
from edgcn.models.readout import SEGMENTS

Floats = Float[np.ndarray, " n"]


@dataclass(frozen=True)
class Group:
    """The maps of one stride, side by side.

    Args:
        linear: what the layer makes of a frame, in each part of a window.
        peaks: what it makes of the most of the peaks, then of the means; None without peaks.
    """

    stride: int
    members: tuple[int, ...]
    linear: Float[np.ndarray, "d parts rows"]
    peaks: Float[np.ndarray, "two_d rows"] | None


@dataclass(frozen=True)
class Layer:
    """A linear layer on windows in context, by groups of maps."""

    groups: tuple[Group, ...]
    constant: Float[np.ndarray, " rows"]

    @property
    def stride(self) -> int:
        """Frames of the coarsest map's."""
        return max(group.stride for group in self.groups)


def layer_of(
    maps: Sequence[Map], weight: Float[np.ndarray, "rows width"], shift: Float[np.ndarray, " width"]
) -> Layer:
    """Fold a layer on what `Stretch.in_context` gives.

    Args:
        maps: of any clip, for their strides and widths.
    """
    folded, groups = folded_layer(maps, torch.from_numpy(weight).float(), SEGMENTS), []
    for stride, some in groupby(range(len(maps)), lambda number: maps[number].stride):
        members = tuple(some)
        linear = torch.cat([folded[m].linear for m in members])
        both = [own.chunk(2) for m in members if (own := folded[m].peaks) is not None]
        most = [half[side] for side in (0, 1) for half in both]
        peaks = torch.cat(most).numpy() if len(both) == len(members) else None
        groups.append(Group(stride, members, linear.contiguous().numpy(), peaks))
    return Layer(tuple(groups), -(weight.astype(np.float64) @ shift))


class Sums:
    """What a layer needs of the maps of one stride.

    Args:
        keep: frames of the recording that windows may reach back.
        begin: number of the first frame.
    """

    def __init__(self, group: Group, keep: int, begin: int) -> None:
        self.group = group
        d, parts, rows = group.linear.shape
        keep = keep // group.stride + 2
        self.totals = Tail(keep, (parts, rows), np.float64)
        self.maps = None if group.peaks is None else Tail(keep, (2 * d,))
        self.begin = begin // group.stride
        self.totals.begin(self.begin)
        self.totals.append(np.zeros((1, parts, rows)))
        if self.maps is not None:
            self.maps.begin(self.begin)

    def append(self, maps: Sequence[Map]) -> None:
        """New frames of the maps."""
        own = [maps[m] for m in self.group.members]
        mean = torch.cat([each.mean for each in own], dim=1).numpy()
        d, parts, rows = self.group.linear.shape
        made = (mean @ self.group.linear.reshape(d, -1)).reshape(-1, parts, rows)
        last = self.totals.rows(self.totals.end - 1, self.totals.end)
        self.totals.append(last + made.cumsum(axis=0, dtype=np.float64))
        if self.maps is not None:
            peak = torch.cat([p for each in own if (p := each.peak) is not None], dim=1)
            self.maps.append(np.concatenate([peak.numpy(), mean], axis=1))

    def values(self, starts: Floats, lengths: Floats) -> Float[np.ndarray, "n rows"]:
        """The layer's share of windows, without its constant.

        Args:
            starts, lengths: in frames of the recording.
        """
        first, frames = starts / self.group.stride, lengths / self.group.stride
        place, last = self.totals.first, self.totals.end - 1
        sums = torch.from_numpy(self.totals.rows(place, self.totals.end))
        read = means_of(sums, torch.from_numpy(first - place), torch.from_numpy(frames))
        found: np.ndarray = read.numpy()
        if self.maps is not None and self.group.peaks is not None:
            begin = np.floor(first + 1e-6).astype(np.int64).clip(self.begin, last - 1)
            stop = np.ceil(first + frames - 1e-6).astype(np.int64).clip(self.begin + 1, last)
            most = [
                self.maps.rows(a, b).max(axis=0)
                for a, b in zip(begin.tolist(), np.maximum(stop, begin + 1).tolist(), strict=True)
            ]
            found = found + np.stack(most) @ self.group.peaks
        return found


class Table:
    """Maps as they are, where a layer cannot be folded into them (`EachAlone`).

    Args:
        keep: frames that windows may reach back.
    """

    def __init__(
        self, reading: Reading, weight: np.ndarray, shift: np.ndarray, keep: int, begin: int
    ) -> None:
        self.reading, self.begin, self.keep = reading, begin, keep
        self.weight, self.shift = weight.astype(np.float32).T, shift.astype(np.float32)
        self.rows: Tail | None = None

    def append(self, maps: Sequence[Map]) -> None:
        """New frames of the one map."""
        rows = maps[0].mean.numpy()
        if self.rows is None:
            self.rows = Tail(self.keep + 2, rows.shape[1:])
            self.rows.begin(self.begin)
        self.rows.append(rows)

    def values(self, starts: Floats, lengths: Floats) -> Float[np.ndarray, "n rows"]:
        """The layer on windows."""
        assert self.rows is not None
        first = self.rows.first
        table = torch.from_numpy(self.rows.rows(first, self.rows.end))
        stretch = Stretch(self.reading, [Map(table, None, 1)], float(first), 1.0, 0.0, np.inf)
        found = np.zeros((len(starts), self.weight.shape[1]))
        for length in np.unique(lengths).tolist():
            own = lengths == length
            read = stretch.in_context(starts[own], length).numpy()
            found[own] = (read - self.shift) @ self.weight
        return found
