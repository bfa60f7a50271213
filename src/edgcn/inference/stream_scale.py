"""One scale of a spotter over frames that come one by one: nothing is computed twice but the edges.

frames with times -> even frames -> cleaned, when enough came after them -> maps, when the encoder
has seen as far as it looks -> running sums -> windows

The encoder reads each new column of its map with as many frames around it as it looks at, so that
the column is what one pass over the whole recording would give.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float

from edgcn.inference.dense import ALIGN, BESIDE, Footage, Reading, Scale, coordinates, starts_of
from edgcn.inference.stream_layer import Layer, Sums, Table
from edgcn.inference.stream_tail import Tail
from edgcn.models.dense import Map, each_block, maps_of, strides_of
from edgcn.models.embedder import Embedder
from edgcn.models.kernels import plain
from edgcn.pipeline.features import CHANNELS
from edgcn.pipeline.running import TURNING, Body, clean_running

EPSILON = 1e-6  # of a step, that rounding may take
TRIED = 192  # frames of the clip that tells how far an encoder looks

Floats = Float[np.ndarray, " n"]


class Values(Protocol):
    """What gives the values of windows."""

    def append(self, maps: Sequence[Map]) -> None: ...
    def values(self, starts: Floats, lengths: Floats) -> np.ndarray: ...


@dataclass(frozen=True)
class Sight:
    """How far an encoder looks, in frames.

    Args:
        column: frames that one frame of its coarsest map stands for.
        before, after: the first and the last frame that a column depends on, from its first.
        strides: frames that one frame of each block stands for.
    """

    column: int = 1
    before: int = 0
    after: int = 0
    strides: tuple[int, ...] = (1,)


def sight_of(embedder: Embedder) -> Sight:
    """Measured: which frames a column's gradient reaches; at most what `stretches` allows."""
    inputs, encoder = embedder.inputs, embedder.encoder
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(
        1, CHANNELS, TRIED, len(inputs.topology), inputs.bodies, generator=generator
    ).requires_grad_()
    with torch.enable_grad(), plain():
        blocks = list(each_block(encoder, inputs.features(x), embedder.readout))
        strides = strides_of(blocks, TRIED)
        column = max(strides)
        begin = TRIED // 2 // column * column
        total = torch.zeros(())
        for each, stride in zip(blocks, strides, strict=True):
            own = each[:, :, begin // stride : (begin + column) // stride]
            total = total + (own * torch.randn(own.shape, generator=generator)).sum()
        (grad,) = torch.autograd.grad(total, x)
    reached = grad.abs().amax(dim=(0, 1, 3, 4)).nonzero().flatten()
    before, after = begin - int(reached[0]), int(reached[-1]) - begin
    return Sight(column, min(before, BESIDE), min(max(after, column - 1), BESIDE), tuple(strides))


@dataclass(frozen=True)
class Pass:
    """One scale, for anybody.

    Args:
        scale: of the spotter's grid.
        every: seconds between windows of each length.
        layer: folded; None where each window is embedded by itself.
        ahead: frames after each that its cleaning waits for.
    """

    embedder: Embedder
    reading: Reading
    scale: Scale
    every: tuple[float, ...]
    sight: Sight
    layer: Layer | None
    weight: Float[np.ndarray, "rows width"]
    shift: Float[np.ndarray, " width"]
    ahead: int

    @property
    def rate(self) -> float:
        """Even frames a second."""
        return self.reading.inputs.frames / self.scale.clip

    @property
    def delays(self) -> list[float]:
        """Seconds after its end at which a window of each length is known."""
        lag = (self.sight.after + self.sight.column + self.ahead) / self.rate
        return [length / 2 + lag for length in self.scale.lengths]


@dataclass(frozen=True)
class Begun:
    """An encoder that has its first block for some frames.

    Args:
        low: number of the first frame that it reads.
        end: number of the frame up to which there will be columns.
        blocks: those that are there.
        following: the others, each computed when it is asked for.
    """

    low: int
    end: int
    blocks: list[torch.Tensor]
    following: Iterator[torch.Tensor]


class Watcher:
    """One scale of one person.

    Args:
        first: seconds at which the person is seen first.
    """

    def __init__(self, plan: Pass, first: float, shape: tuple[int, int, int]) -> None:
        self.plan, self.dims = plan, plan.reading.inputs.dims
        inputs, sight = plan.reading.inputs, plan.sight
        self.half = TURNING * inputs.frames // 2
        align = max(ALIGN, sight.column)
        self.begin = int(first * plan.rate / align + EPSILON) * align
        around = self.half + sight.before + sight.after + 2 * align
        self.even, self.clean = Tail(4 * around, shape), Tail(2 * around, shape)
        self.even.begin(self.begin)
        self.clean.begin(self.begin)
        self.held = np.zeros(shape, dtype=np.float32)
        self.holds = self.begin
        reach = int(np.ceil(2.5 * max(plan.scale.lengths) * plan.rate)) + 2 * align
        self.sums: list[Values]
        if plan.layer is None:
            self.sums = [Table(plan.reading, plan.weight, plan.shift, reach, self.begin)]
        else:
            self.sums = [Sums(group, reach, self.begin) for group in plan.layer.groups]
        self.begun: Begun | None = None
        self.mapped = self.begin  # frames that whole columns stand for
        self.next = [
            int(np.ceil(first / every - EPSILON)) for every in plan.every
        ]  # windows by number

    def due(self, now: float) -> float:
        """Seconds since when frames are enough for the next column; 0 or less if they are not."""
        plan = self.plan
        lacking = self.mapped + plan.sight.after + plan.ahead - EPSILON
        return now - lacking / plan.rate

    @property
    def is_clean(self) -> bool:
        """Whether there are enough clean frames for the next column."""
        return self.clean.end > self.mapped + self.plan.sight.after

    def clean_up(self, footage: Footage, body: Body, now: float, *, last: bool = False) -> None:
        """Even frames from what came, and clean ones as far as enough is known after them.

        Args:
            footage: the newest frames, as far back as `wanted` says.
            now: seconds of the newest frame; of the end of the recording, with `last`.
        """
        rate = self.plan.rate
        there = int(np.ceil(now * rate)) if last else int(now * rate + EPSILON) + 1
        if there > self.even.end:
            wanted = np.arange(self.even.end, there) / rate
            self.even.append(footage.at(wanted)[0].transpose(0, 1).contiguous().numpy())
        self._clean(body, self.even.end if last else self.even.end - self.plan.ahead)

    def begin_to_read(self) -> None:
        """The first block for the columns that clean frames are enough for; `read` goes on."""
        if self.begun is None and self.is_clean:
            sight, known = self.plan.sight, self.clean.end
            end = (known - sight.after - 1) // sight.column * sight.column + sight.column
            self.begun = self._begin(end)

    def read(self, *, last: bool = False) -> None:
        """The maps of the columns that clean frames are enough for; of all frames, with `last`."""
        if not last:
            self.begin_to_read()
        self._read()
        if last and self.clean.end > self.mapped:
            self.begun = self._begin(self.clean.end)
            self._read()

    @property
    def wanted(self) -> float:
        """Seconds from which on frames are still to be read."""
        return self.even.end / self.plan.rate

    def _clean(self, body: Body, end: int) -> None:
        """Clean frames up to a number, with what is around them."""
        first = self.clean.end
        if end <= first:
            return
        low = max(self.begin, first - self.half)
        rows = self.even.rows(low, self.even.end).copy()
        if self.plan.reading.inputs.normalize.fill:
            self._hold(low)
            lost = ~(rows[0, : self.dims] != 0).any(axis=0)
            rows[0][:, lost] = self.held[:, lost]
        x = torch.from_numpy(rows).transpose(0, 1)[None].contiguous()
        clean = clean_running(x, self.plan.reading.inputs, body)[0].transpose(0, 1)
        self.clean.append(clean[first - low : end - low].numpy())

    def _hold(self, low: int) -> None:
        """What was seen last of each joint before a frame."""
        for number in range(self.holds, low):
            row = self.even.rows(number, number + 1)[0]
            here = (row[: self.dims] != 0).any(axis=0)
            self.held[: self.dims, here] = row[: self.dims, here]
        self.holds = max(self.holds, low)

    def _begin(self, end: int) -> Begun:
        """The first block of the encoder, for columns up to a frame."""
        sight, embedder = self.plan.sight, self.plan.embedder
        low = max(self.begin, (self.mapped - sight.before) // sight.column * sight.column)
        rows = self.clean.rows(low, self.clean.end)
        x = torch.from_numpy(rows).transpose(0, 1)[None].contiguous()
        if self.plan.layer is None:
            return Begun(low, end, [x], iter(()))
        with plain():
            features = embedder.inputs.features(x)
            following = each_block(embedder.encoder, features, embedder.readout)
            return Begun(low, end, [next(following)], following)

    def _read(self) -> None:
        """The other blocks, added to the sums."""
        if (begun := self.begun) is None:
            return
        embedder, strides = self.plan.embedder, list(self.plan.sight.strides)
        with plain():
            blocks = [*begun.blocks, *begun.following]
        first, last = self.mapped - begun.low, begun.end - begun.low
        fresh = [
            block[:, :, first // stride : -(-last // stride)]
            for block, stride in zip(blocks, strides, strict=True)
        ]
        if self.plan.layer is None:
            maps = coordinates(fresh[0])
        else:
            maps = maps_of(fresh, strides, embedder.readout, embedder.inputs.topology)
        for each in self.sums:
            each.append(maps)
        self.mapped, self.begun = begun.end, None

    def windows(
        self, seconds: float | None = None
    ) -> tuple[Floats, Floats, Float[np.ndarray, "n rows"]] | None:
        """Starts, lengths and values of the windows that are known now and were not before.

        Args:
            seconds: of the whole recording, at its end.
        """
        until = self.mapped / self.plan.rate
        starts, lengths = list[np.ndarray](), list[np.ndarray]()
        for place, (length, every) in enumerate(
            zip(self.plan.scale.lengths, self.plan.every, strict=True)
        ):
            room = (until - length / 2) if seconds is None else seconds
            own = starts_of(room, length, every, begin=self.next[place] * every)
            if len(own):
                self.next[place] += len(own)
                starts.append(own)
                lengths.append(np.full(len(own), length))
        if not starts:
            return None
        at, long = np.concatenate(starts), np.concatenate(lengths)
        frames = at * self.plan.rate, long * self.plan.rate
        values = np.asarray(sum(each.values(*frames) for each in self.sums))
        return at, long, values if self.plan.layer is None else values + self.plan.layer.constant

    def unknown(self) -> list[tuple[float, float]]:
        """The start of the next window of each length, and the length."""
        return [
            (number * every, length)
            for number, every, length in zip(
                self.next, self.plan.every, self.plan.scale.lengths, strict=True
            )
        ]
