"""Small videos for tests, and a stand-in for a pose model that sees what is drawn in them.

`film` writes gray pictures with one bright spot; `Spot` finds it, and puts the nose there.
"""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from edgcn.readers.video.backends import Finder, People
from edgcn.readers.video.decode import Pixels
from edgcn.skeleton.layouts import MEDIAPIPE_33

WIDTH, HEIGHT = 96, 64
SPOT = 8  # pixels square
JOINTS = len(MEDIAPIPE_33)
QUARTER = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)  # as a telephone held upright writes it
HALF = (-65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30)
MIRRORED = (-65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)


def picture(x: int, y: int, *, others: Sequence[tuple[int, int]] = ()) -> Pixels:
    """A gray picture with the middle of a bright spot there, and others a little darker."""
    pixels = np.full((HEIGHT, WIDTH, 3), 40, dtype=np.uint8)
    for (at, down), light in ((spot, 180) for spot in others):
        pixels[down - SPOT // 2 : down + SPOT // 2, at - SPOT // 2 : at + SPOT // 2] = light
    pixels[y - SPOT // 2 : y + SPOT // 2, x - SPOT // 2 : x + SPOT // 2] = 250
    return pixels


def film(
    path: Path,
    pictures: Sequence[Pixels],
    *,
    milliseconds: Sequence[int] | None = None,
    rate: Fraction = Fraction(25),
    pixels: Fraction | None = None,
    matrix: Sequence[int] | None = None,
    codec: str = "mpeg4",
    title: str = "",
) -> Path:
    """Write a video.

    Args:
        milliseconds: when each picture is shown.
        pixels: how many times as wide as high one is.
        matrix: how a player is to turn it (mp4 and mov only).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    base = Fraction(1, 1000) if milliseconds is not None else 1 / rate
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0].shape[:2] if pictures else (HEIGHT, WIDTH)
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = base
        if pixels is not None:
            stream.codec_context.sample_aspect_ratio = pixels
        stream.codec_context.thread_count = 1  # no thread that a forked process would wait for
        if codec == "mpeg4":
            stream.codec_context.qmin = stream.codec_context.qmax = 1
        container.metadata["title"] = title
        container.start_encoding()  # a header, even where nothing follows
        for number, one in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(one, format="rgb24")
            frame.pts = number if milliseconds is None else milliseconds[number]
            frame.time_base = base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if matrix is not None:
        content = bytearray(path.read_bytes())
        at = content.index(b"tkhd") + 44
        content[at : at + 36] = struct.pack(">9i", *matrix)
        path.write_bytes(content)
    return path


def sound(path: Path) -> Path:
    """A file with a tenth of a second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), dtype=np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def body(x: float, y: float, size: float = 60.0) -> np.ndarray:
    """Somebody (33, 3) whose nose is there, in pixels."""
    spread = np.random.default_rng(0).uniform(0, size, (JOINTS, 2))
    spread[0] = 0
    return np.column_stack([np.add(spread, (x, y)), np.full(JOINTS, 0.9)]).astype(np.float32)


class Spot:
    """Finds the brightest spot of each picture, or everything bright."""

    looked = 0  # pictures, of all
    stop_at: int | None = None  # as Ctrl-C at this picture

    def __init__(self, everybody: bool = False) -> None:
        self._everybody = everybody

    def poses(self, picture: Pixels) -> People:
        if Spot.stop_at is not None and Spot.looked >= Spot.stop_at:
            raise KeyboardInterrupt
        Spot.looked += 1
        gray = picture.astype(float).mean(axis=2)
        found = [_middle(gray > 220)]
        if self._everybody:
            found.append(_middle((gray > 140) & (gray < 210)))
        people = [body(*at, size=60 + 20 * n) for n, at in enumerate(found) if at is not None]
        return np.array(people, dtype=np.float32).reshape(-1, JOINTS, 3)

    def close(self) -> None:
        """Holds nothing."""


def _middle(mask: np.ndarray) -> tuple[float, float] | None:
    y, x = np.nonzero(mask)
    return (float(x.mean()) + 0.5, float(y.mean()) + 0.5) if len(x) > 3 else None


def spot(*, hands: bool) -> Finder:
    return Finder("spot", MEDIAPIPE_33, Spot, single=True)


def everybody(*, hands: bool) -> Finder:
    return Finder("everybody", MEDIAPIPE_33, lambda: Spot(everybody=True), single=False)


class Scripted:
    """Finds somebody (T, 33, 3) where they are said to be, whatever the pictures show."""

    def __init__(self, points: np.ndarray) -> None:
        self._points, self._frame = points, -1

    def finder(self, *, hands: bool) -> Finder:
        """As MediaPipe is set by default."""
        return Finder("mediapipe pose", MEDIAPIPE_33, lambda: Scripted(self._points), single=True)

    def poses(self, picture: Pixels) -> People:
        self._frame += 1
        return self._points[None, self._frame]

    def close(self) -> None:
        """Holds nothing."""
