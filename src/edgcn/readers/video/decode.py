"""The pictures of a video file as a player shows them, each with its time (PyAV, that is FFmpeg).

file -> `opened` -> Film -> `pictures` -> (height, width, 3) uint8 and seconds on the file's clock

Pictures are turned or mirrored as the file says, and made wider or higher where its pixels are not
square. What cannot be decoded is left out and counted.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8

from edgcn.base.errors import FileError, require
from edgcn.base.files import check_file

# Formats that hold a film themselves: no lists of other files and no addresses, which FFmpeg reads.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,asf,flv,ogg,mxf,gif,dv,ivf,nut,"
    "h264,hevc,mpegvideo,mjpeg,m4v"
)
MICROSECONDS = 1e-6  # in which FFmpeg counts what belongs to no stream
WIDEST = 10.0  # times as wide as high, or the reverse: no pixel is so
FASTEST = 1000.0  # pictures per second; where a header says more it counts something else

Pixels = UInt8[np.ndarray, "_ _ 3"]


class Picture(NamedTuple):
    """One picture and its time in seconds on the clock of the file; NaN where it has none."""

    pixels: Pixels
    time: float


class Turn(NamedTuple):
    """How a picture is turned: x and y exchanged, then mirrored."""

    swap: bool = False
    flip_x: bool = False
    flip_y: bool = False

    def apply(self, pixels: Pixels) -> Pixels:
        """The picture turned."""
        turned = pixels.swapaxes(0, 1) if self.swap else pixels
        turned = turned[:, ::-1] if self.flip_x else turned
        return np.ascontiguousarray(turned[::-1] if self.flip_y else turned)


@dataclass
class Film:
    """A video that is open.

    Args:
        rate: pictures per second, as the header has it.
        frames: about how many there are; 0 where the header does not say.
        begins: when its clock begins, which a player shows as 0.
        ends: when it ends, as the header has it.
        damaged: parts that could not be decoded so far.
        size: width and height of the first picture, in square pixels; all get it.
    """

    path: Path
    container: Any
    stream: Any
    rate: float | None
    frames: int
    begins: float | None
    ends: float | None
    damaged: int = 0
    size: tuple[int, int] = (0, 0)

    def pictures(self) -> Iterator[Picture]:
        """One after the other, until the file ends or cannot be read any further."""
        error, turn, shape = _error(), Turn(), (0, 0)
        for frame in self._frames(error):
            if not self.size[0]:
                turn = turn_of(frame.side_data.get("DISPLAYMATRIX"))
                shape = _square(frame.width, frame.height, self.stream.sample_aspect_ratio)
                self.size = shape[::-1] if turn.swap else shape
            try:
                pixels = frame.to_ndarray(format="rgb24", width=shape[0], height=shape[1])
            except (error, ValueError):
                self.damaged += 1
                continue
            stamp = math.nan if frame.pts is None else float(frame.pts * frame.time_base)
            yield Picture(turn.apply(pixels) if any(turn) else pixels, stamp)

    def _frames(self, error: type[Exception]) -> Iterator[Any]:
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except error:
                self.damaged += 1
                return
            try:
                frames = packet.decode()
            except error:
                self.damaged += 1
                continue
            yield from frames


@contextmanager
def opened(path: Path) -> Iterator[Film]:
    """A video, closed in the end.

    Raises:
        EdgcnError: PyAV is not installed.
        FileError: no file, no video, or one without pictures.
    """
    av, error = require("av", extra="video"), _error()
    check_file(path)
    old = int(av.__version__.partition(".")[0]) < 19  # stumbles over titles that are not UTF-8
    try:
        container = av.open(
            f"file:{path}",
            options={"format_whitelist": FORMATS, "protocol_whitelist": "file"},
            **({"metadata_errors": "replace"} if old else {}),
        )
    except UnicodeEncodeError:
        raise FileError(path, "expected a name in UTF-8; rename the file") from None
    except FileNotFoundError:
        raise FileError(path, "expected a video, found no such file") from None
    except PermissionError:
        raise FileError(path, "this file may not be read") from None
    except error:
        kind = "an empty file" if not path.stat().st_size else "what no decoder knows"
        raise FileError(
            path, f"expected a video, got {kind}: it is of another kind, damaged or cut off"
        ) from None
    with container:
        cover = av.stream.Disposition.attached_pic
        streams = [one for one in container.streams.video if not one.disposition & cover]
        streams = [one for one in streams if one.codec_context is not None]
        if not streams:
            found = "sound only" if container.streams.audio else "none"
            raise FileError(path, f"expected a video with pictures, found {found}")
        yield _film(path, container, streams[0])


def _film(path: Path, container: Any, stream: Any) -> Film:
    stream.thread_count = 1  # threads would outlive the film, and a forked process wait for them
    rate = _rate(stream.average_rate) or _rate(stream.guessed_rate)
    begins = None if container.start_time is None else container.start_time * MICROSECONDS
    ends = length = None
    if stream.duration is not None and stream.time_base is not None:
        length = float(stream.duration * stream.time_base)
        ends = length + float((stream.start_time or 0) * stream.time_base)
    elif container.duration is not None:
        length = container.duration * MICROSECONDS
        ends = (begins or 0.0) + length
    frames = stream.frames or (round(length * rate) if length and rate else 0)
    return Film(path, container, stream, rate, max(frames, 0), begins, ends)


def turn_of(matrix: Any) -> Turn:
    """What a display matrix of FFmpeg does to a picture, to the nearest quarter of a circle.

    Nine whole numbers: x' = a x + c y, y' = b x + d y for (a, b, _, c, d, ...), y pointing down.
    """
    if matrix is None:
        return Turn()
    a, b, _, c, d, *_ = np.frombuffer(matrix, np.int32).tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Turn(False, a < 0, d < 0)
    return Turn(True, c < 0, b < 0)


def _square(width: int, height: int, ratio: Any) -> tuple[int, int]:
    """The size with square pixels, none of them lost."""
    wide = float(ratio or 1)
    if not 1 / WIDEST < wide < WIDEST:
        return width, height
    return (round(width * wide), height) if wide >= 1 else (width, round(height / wide))


def _rate(value: Any) -> float | None:
    return float(value) if value and 0 < value <= FASTEST else None


def _error() -> type[Exception]:
    """What FFmpeg refuses."""
    error: type[Exception] = require("av", extra="video").error.FFmpegError
    return error
