"""Long recordings, dense: one pass of the encoder at each time scale, any window from its maps.

recording -> even frames at a scale -> running cleaning -> features -> maps -> vectors of windows

A scale is how many seconds the encoder's clip lasts: at 1.6 s and 32 frames it sees 20 frames a
second. Windows of several lengths are pooled from the same maps. Recordings are worked through in
stretches of time, each with enough around it that where it is cut makes no difference.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from edgcn.models.dense import Map, dense_maps, is_dense, means, pool
from edgcn.models.embedder import Embedder
from edgcn.pipeline.resample import NEAR, resample_time
from edgcn.pipeline.running import Body, clean_running, measure_body
from edgcn.skeleton.tensors import Clips

STRETCH = 120.0  # seconds at a time: memory does not depend on how long a recording is
BESIDE = 80  # frames around a stretch: half of what means run over, and what an encoder sees
ALIGN = 16  # frames that stretches begin at multiples of: of any encoder's strides
MEASURED = 512  # frames that a person's size is measured on


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

    def at(self, wanted: Float64[np.ndarray, " n"]) -> Clips:
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
        lengths: of the windows that are pooled from this pass, in seconds.
    """

    clip: float
    lengths: tuple[float, ...]


@dataclass(frozen=True)
class Stretch:
    """Maps of a part of a recording.

    Args:
        first: second of the maps' first frame.
        rate: frames a second.
        begin, end: seconds between which windows are to begin.
    """

    maps: list[Map]
    first: float
    rate: float
    begin: float
    end: float

    def vectors(self, starts: Float64[np.ndarray, " n"], length: float) -> Float[Tensor, "n d"]:
        """What the readout makes of windows that begin at these seconds."""
        at = torch.from_numpy((starts - self.first) * self.rate)
        return pool(self.maps, at, length * self.rate)

    def means(self, starts: Float64[np.ndarray, " n"], length: float) -> Float[Tensor, "n d"]:
        """The mean of every map in them."""
        at = torch.from_numpy((starts - self.first) * self.rate)
        return means(self.maps, at, length * self.rate)


def body_of(embedder: Embedder, footage: Footage) -> Body:
    """How large the person of a recording is."""
    spread = np.linspace(0, footage.seconds - 1 / footage.fps, min(MEASURED, footage.length))
    parts = [footage.at(spread[i : i + 1]) for i in range(len(spread))]
    return measure_body(torch.cat(parts, dim=2), embedder.inputs)


@torch.no_grad()
def stretches(
    embedder: Embedder, footage: Footage, clip: float, *, longest: float, stretch: float = STRETCH
) -> Iterator[Stretch]:
    """The maps of a recording at one scale, part after part.

    Args:
        longest: seconds of the longest window that begins in a part.
    """
    inputs, rate = embedder.inputs, embedder.inputs.frames / clip
    body, total = body_of(embedder, footage), int(np.ceil(footage.seconds * rate))
    own = max(ALIGN, round(stretch * rate / ALIGN) * ALIGN)
    reach = int(np.ceil(longest * rate))
    training = embedder.encoder.training
    embedder.encoder.eval()
    for begin in range(0, total, own):
        low = max(0, begin - BESIDE)
        high = min(total, begin + own + reach + BESIDE)
        x = footage.at(np.arange(low, high) / rate)
        features = inputs.features(clean_running(x, inputs, body))
        maps = dense_maps(embedder.encoder, features, embedder.readout, inputs.topology)
        yield Stretch(maps, low / rate, rate, begin / rate, (begin + own) / rate)
    embedder.encoder.train(training)


def starts_of(
    seconds: float, length: float, step: float, begin: float = 0.0, end: float = np.inf
) -> Float64[np.ndarray, " n"]:
    """Seconds at which windows of one length begin, every `step`, that fit into a recording."""
    first = int(np.ceil(begin / step - 1e-9))
    last = int(np.floor(min(end - 1e-9, seconds - length + 1e-9) / step))
    return np.arange(first, last + 1) * step


__all__ = ["Footage", "Scale", "Stretch", "body_of", "is_dense", "starts_of", "stretches"]
