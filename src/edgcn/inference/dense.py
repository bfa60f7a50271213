"""Long recordings, dense: one pass of the encoder at each time scale, any window from its maps.

recording -> even frames at a scale -> running cleaning -> features -> maps -> vectors of windows

A scale is how many seconds the encoder's clip lasts: at 1.6 s and 32 frames it sees 20 frames a
second. Windows of several lengths are pooled from the same maps. Recordings are worked through in
stretches of time, each with enough around it that where it is cut makes no difference.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from edgcn.models.dense import Map, dense_maps, is_dense, means, pool, segments
from edgcn.models.dense_layer import DenseLayer
from edgcn.models.embedder import Embedder
from edgcn.models.readout import READOUTS, SEGMENTS
from edgcn.pipeline.features import CHANNELS
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.resample import NEAR, resample_time
from edgcn.pipeline.running import Body, clean_running, measure_body
from edgcn.skeleton.tensors import Clips

STRETCH = 120.0  # seconds at a time: memory does not depend on how long a recording is
BESIDE = 80  # frames around a stretch: half of what means run over, and what an encoder sees
ALIGN = 16  # frames that stretches begin at multiples of: of any encoder's strides
RUNS, RUN = 16, 16  # runs of frames that a person's size is measured on
POSES = 8  # of a window, where coordinates are read
PART = 256  # windows at a time, where each is embedded
EPSILON = 1e-6  # of a step, that rounding may take


@dataclass(frozen=True)
class Footage:
    """One recording as an encoder reads it.

    Args:
        read: frames (t, M, V, C) from one number to before another, adapted.
        times: of each frame in seconds; None where they are even.
    """

    name: str
    read: Callable[[int, int], np.ndarray]
    length: int
    fps: float
    dims: int
    times: Float64[np.ndarray, " t"] | None = None

    @property
    def seconds(self) -> float:
        """How long it is."""
        last = (self.length - 1) / self.fps if self.times is None else float(self.times[-1])
        return last + 1 / self.fps

    def at(self, wanted: Float64[np.ndarray, " t"]) -> Clips:
        """One clip: the frames at these seconds; beyond the ends, the first or last."""
        if self.times is None:
            positions = wanted * self.fps
        else:
            positions = np.interp(wanted, self.times, np.arange(self.length))
        positions = positions.clip(0, self.length - 1)
        near = positions.round()
        positions = np.where(np.abs(positions - near) < NEAR, near, positions)
        first, last = int(positions.min()), int(np.ceil(positions.max()))
        frames = torch.from_numpy(np.ascontiguousarray(self.read(first, last + 1))).float()
        x = frames.permute(3, 0, 2, 1)[None]
        return resample_time(x, torch.from_numpy(positions - first)[None], dims=self.dims)


@dataclass(frozen=True)
class Scale:
    """One pass of the encoder.

    Args:
        clip: seconds that the encoder's clip lasts.
        lengths: of the windows that are read from this pass, in seconds.
    """

    clip: float
    lengths: tuple[float, ...]


@runtime_checkable
class Reading(Protocol):
    """What is read of a recording."""

    @property
    def inputs(self) -> Inputs: ...
    @property
    def levels(
        self,
    ) -> tuple[int, ...]: ...  # segments whose means are read; none if each is a clip
    def maps(self, clean: Clips) -> list[Map]: ...
    def vectors(
        self, maps: list[Map], starts: Float[Tensor, " n"], length: float
    ) -> Float[Tensor, "n d"]: ...


@dataclass(frozen=True)
class Encoded:
    """The maps of an encoder, pooled as its readout does."""

    embedder: Embedder

    @property
    def inputs(self) -> Inputs:
        """Of the encoder."""
        return self.embedder.inputs

    @property
    def levels(self) -> tuple[int, ...]:
        """Of the pyramid that is in every readout with a map."""
        return SEGMENTS

    def maps(self, clean: Clips) -> list[Map]:
        """One pass of the encoder."""
        embedder = self.embedder
        features = embedder.inputs.features(clean)
        return dense_maps(embedder.encoder, features, embedder.readout, embedder.inputs.topology)

    def vectors(
        self, maps: list[Map], starts: Float[Tensor, " n"], length: float
    ) -> Float[Tensor, "n d"]:
        """What the readout makes of windows, but for the encoder's view beyond their ends."""
        return pool(maps, starts, length)


@dataclass(frozen=True)
class EachAlone:
    """Every window through the encoder by itself: slow, for encoders and readouts without a map."""

    embedder: Embedder

    @property
    def inputs(self) -> Inputs:
        """Of the encoder."""
        return self.embedder.inputs

    @property
    def levels(self) -> tuple[int, ...]:
        """None: every window is a clip."""
        return ()

    def maps(self, clean: Clips) -> list[Map]:
        """The clean coordinates themselves."""
        return coordinates(clean)

    @torch.no_grad()
    def vectors(
        self, maps: list[Map], starts: Float[Tensor, " n"], length: float
    ) -> Float[Tensor, "n d"]:
        """Each window resampled to the encoder's frames, embedded, not whitened."""
        inputs, table = self.embedder.inputs, maps[0].mean
        shape = (-1, inputs.frames, CHANNELS, len(inputs.topology), inputs.bodies)
        steps = torch.arange(inputs.frames) * ((length - 1) / max(1, inputs.frames - 1))
        parts = []
        for first in torch.split(starts, PART):
            at = (first[:, None] + steps).clamp(0, len(table) - 1)
            low = at.floor().long()
            high = (low + 1).clamp(max=len(table) - 1)
            x = torch.lerp(table[low], table[high], (at - low)[..., None].to(table))
            features = inputs.features(x.view(shape).transpose(1, 2).contiguous())
            parts.append(
                READOUTS[self.embedder.readout](self.embedder.encoder, features, inputs.topology)
            )
        return torch.cat(parts) if parts else table.new_zeros(0, 1)


@dataclass(frozen=True)
class Coordinates:
    """No encoder: eight mean poses of each window."""

    inputs: Inputs
    levels: tuple[int, ...] = (POSES,)

    def maps(self, clean: Clips) -> list[Map]:
        """The clean coordinates themselves."""
        return coordinates(clean)

    def vectors(
        self, maps: list[Map], starts: Float[Tensor, " n"], length: float
    ) -> Float[Tensor, "n d"]:
        """The poses, one after the other."""
        return segments(maps[0].mean, starts, length, POSES).flatten(1)


def coordinates(clean: Clips) -> list[Map]:
    """Coordinates as a map: (T, C V M)."""
    return [Map(clean[0].transpose(0, 1).flatten(1).contiguous(), None, 1)]


def reading_of(embedder: Embedder) -> Reading:
    """Dense where the encoder has a map that its readout pools, else window by window."""
    embedder.encoder.eval()
    dense = is_dense(embedder.encoder, embedder.readout)
    return Encoded(embedder) if dense else EachAlone(embedder)


@torch.no_grad()
def reading_width(reading: Reading) -> int:
    """How many numbers `Stretch.in_context` gives of a window."""
    inputs = reading.inputs
    clip = torch.zeros(1, CHANNELS, inputs.frames, len(inputs.topology), inputs.bodies)
    stretch = Stretch(reading, reading.maps(clip), 0.0, 1.0, 0.0, 1.0)
    return int(stretch.in_context(np.zeros(1), float(inputs.frames)).shape[1])


@dataclass(frozen=True)
class Stretch:
    """Maps of a part of a recording.

    Args:
        first: second of the maps' first frame.
        rate: frames a second.
        begin, end: seconds between which windows are to begin.
    """

    reading: Reading
    maps: list[Map]
    first: float
    rate: float
    begin: float
    end: float

    def vectors(self, starts: Float64[np.ndarray, " n"], length: float) -> Float[Tensor, "n d"]:
        """What is read of windows that begin at these seconds."""
        return self.reading.vectors(self.maps, self._frames(starts), length * self.rate)

    def in_context(self, starts: Float64[np.ndarray, " n"], length: float) -> Float[Tensor, "n d"]:
        """The same, and the means of half a window before and after: where an event begins and
        ends is seen beside it.
        """
        at, half = self._frames(starts), length * self.rate / 2
        beside = (means(self.maps, at - half, half), means(self.maps, at + 2 * half, half))
        return torch.cat((self.reading.vectors(self.maps, at, 2 * half), *beside), dim=1)

    def scorer(
        self, weight: Float[Tensor, "rows d"]
    ) -> Callable[[Float64[np.ndarray, " n"], float], Float[Tensor, "n rows"]]:
        """What a linear layer says of windows in context; where these are means of maps, the layer
        goes over the frames once, however many windows there are.
        """
        if not self.reading.levels:
            return lambda starts, length: self.in_context(starts, length) @ weight.T
        layer = DenseLayer.of(self.maps, weight, self.reading.levels)
        return lambda starts, length: layer(self._frames(starts), length * self.rate)

    def _frames(self, starts: Float64[np.ndarray, " n"]) -> Float[Tensor, " n"]:
        return torch.from_numpy((starts - self.first) * self.rate)


def body_of(footage: Footage, inputs: Inputs) -> Body:
    """How large the person of a recording is, in runs of frames spread over all of it."""
    last = max(0, footage.length - RUN)
    starts = np.unique(np.linspace(0, last, RUNS).round().astype(int)).tolist()
    parts = [footage.read(at, min(at + RUN, footage.length)) for at in starts]
    frames = torch.from_numpy(np.concatenate(parts)).float()
    return measure_body(frames.permute(3, 0, 2, 1)[None], inputs)


@torch.no_grad()
def stretches(
    reading: Reading, footage: Footage, clip: float, *, longest: float, stretch: float = STRETCH
) -> Iterator[Stretch]:
    """The maps of a recording at one scale, part after part.

    Args:
        clip: seconds that the encoder's clip lasts at this scale.
        longest: of the windows that begin in a part, with what is beside them, in seconds.
    """
    rate = reading.inputs.frames / clip
    body, total = body_of(footage, reading.inputs), int(np.ceil(footage.seconds * rate))
    own = max(ALIGN, round(stretch * rate / ALIGN) * ALIGN)
    reach = int(np.ceil(longest * rate))
    for begin in range(0, total, own):
        low = max(0, begin - reach // ALIGN * ALIGN - BESIDE)
        high = min(total, begin + own + reach + BESIDE)
        x = footage.at(np.arange(low, high) / rate)
        maps = reading.maps(clean_running(x, reading.inputs, body))
        yield Stretch(reading, maps, low / rate, rate, begin / rate, (begin + own) / rate)


def starts_of(
    seconds: float, length: float, step: float, begin: float = 0.0, end: float = np.inf
) -> Float64[np.ndarray, " n"]:
    """Seconds at which windows of one length begin, every `step`, that fit into a recording."""
    first = int(np.ceil(begin / step - EPSILON))
    last = int(np.floor(min(end / step - 2 * EPSILON, (seconds - length) / step + EPSILON)))
    return np.arange(first, last + 1) * step
