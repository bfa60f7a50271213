"""The bytes of a .pose file (pose-format, versions 0, 0.1 and 0.2), little-endian.

path -> `parse_pose` -> size, components of named points, rate, (T, people, points, axes)
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.readers.rates import FASTEST
from edgcn.readers.text.folders import read_bytes

VERSIONS = (0.0, 0.1, 0.2)
LARGEST, MOST = 2**26, 20  # bytes of a body, and of it for each byte in the file


class Component(NamedTuple):
    """Named points, and where they are among all points."""

    name: str
    points: tuple[str, ...]
    axes: str
    start: int


@dataclass(frozen=True)
class Pose:
    """A file: what its header says, and the points (T, people, points, axes) and confidences."""

    version: float
    size: tuple[int, int]
    components: list[Component]
    fps: float
    points: Float[np.ndarray, "t people points axes"]
    scores: Float[np.ndarray, "t people points"]


class _Reader:
    """Reads one value after the other; a file that ends too early is named."""

    def __init__(self, path: Path) -> None:
        self.path, self.data, self.at = path, read_bytes(path), 0

    def take(self, form: str) -> tuple[int | float, ...]:
        """The numbers of a `struct` form, little-endian."""
        size = struct.calcsize(f"<{form}")
        self._check(size)
        values = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += size
        return values

    def text(self) -> str:
        """A length, and so many bytes of UTF-8."""
        (size,) = self.take("H")
        self._check(int(size))
        raw = self.data[self.at : self.at + int(size)]
        self.at += int(size)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise FileError(self.path, f"expected a name in UTF-8, got {raw[:20]!r}") from None

    def floats(self, *shape: int) -> Float[np.ndarray, "..."]:
        """An array of float32."""
        size = math.prod(shape)
        self._check(4 * size)
        values = np.frombuffer(self.data, dtype="<f4", count=size, offset=self.at).reshape(shape)
        self.at += 4 * size
        return values.astype(np.float32)

    def _check(self, size: int) -> None:
        if self.at + size > len(self.data):
            short = f"it ends {self.at + size - len(self.data)} bytes too early"
            raise FileError(self.path, f"expected a .pose file, got one that is cut off: {short}")


def parse_pose(path: Path) -> Pose:
    """Header and body of a file.

    Raises:
        FileError: it is no .pose, of an unknown version, or cut off.
    """
    reader = _Reader(path)
    (version,) = reader.take("f")
    version = round(version, 3) if math.isfinite(version) else -1
    if version not in VERSIONS:
        known = ", ".join(f"{own:g}" for own in VERSIONS)
        raise FileError(path, f"expected a .pose file of version {known}, got {version:g}")
    width, height, _, count = map(int, reader.take("HHHH"))
    if not width or not height:
        raise FileError(path, f"expected the size of the picture, got {width} x {height}")
    components, start = list[Component](), 0
    for _ in range(count):
        component = _component(reader, start)
        components.append(component)
        start += len(component.points)
    if not start or len({len(own.axes) for own in components}) > 1:
        raise FileError(path, "expected components of points with the same axes, got others")
    axes = len(components[0].axes) - 1
    body = _oldest(reader, start, axes) if version == 0 else _body(reader, version, start, axes)
    fps, points, scores = body
    if not 0 < fps <= FASTEST:
        raise FileError(path, f"expected a frame rate within 0..{FASTEST}, got {fps:g}")
    if reader.at < len(reader.data):
        rest = len(reader.data) - reader.at
        raise FileError(path, f"expected the end of the file, got {rest} more bytes")
    return Pose(version, (width, height), components, fps, points, scores)


def _component(reader: _Reader, start: int) -> Component:
    name, axes = reader.text(), reader.text().upper()
    points, limbs, colors = map(int, reader.take("HHH"))
    names = tuple(reader.text() for _ in range(points))
    reader.take(f"{2 * limbs}H")
    reader.take(f"{3 * colors}H")
    if axes not in ("XYC", "XYZC"):
        raise FileError(reader.path, f"expected points XYC or XYZC in {name!r}, got {axes[:9]!r}")
    return Component(name, names, axes, start)


Body = tuple[float, Float[np.ndarray, "t people points axes"], Float[np.ndarray, "t people points"]]


def _body(reader: _Reader, version: float, points: int, axes: int) -> Body:
    """All frames of versions 0.1, whose count of frames may be too small a number, and 0.2."""
    fps, frames, people = reader.take("HHH" if version == 0.1 else "fIH")
    frame = int(people) * points * (axes + 1) * 4
    if version == 0.1 and frame:
        left = len(reader.data) - reader.at
        if left % frame or (left // frame - int(frames)) % 2**16:
            reason = f"expected {int(frames)} frames of {frame} bytes, got {left} bytes"
            raise FileError(reader.path, reason)
        frames = left // frame
    given = reader.floats(int(frames), int(people), points, axes)
    return float(fps), given, reader.floats(int(frames), int(people), points)


def _oldest(reader: _Reader, points: int, axes: int) -> Body:
    """Version 0: frame by frame, each with its people, each person with an id."""
    fps, frames = reader.take("HH")
    found = list[list[Float[np.ndarray, "..."]]]()
    for _ in range(int(frames)):
        (people,) = reader.take("H")
        found.append([_person(reader, points, axes) for _ in range(int(people))])
    most = max(map(len, found), default=0)
    size = 4 * len(found) * most * points * (axes + 1)
    if size > max(LARGEST, MOST * len(reader.data)):
        raise FileError(reader.path, f"expected some people in each frame, got {most} in one")
    whole = np.zeros((len(found), most, points, axes + 1), dtype=np.float32)
    for number, people_there in enumerate(found):
        for at, person in enumerate(people_there):
            whole[number, at] = person
    return float(fps), whole[..., :-1], whole[..., -1]


def _person(reader: _Reader, points: int, axes: int) -> Float[np.ndarray, "points axes"]:
    reader.take("h")
    return reader.floats(points, axes + 1)
