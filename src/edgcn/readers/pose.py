"""The .pose files of pose-format (Moryossef et al., 2021), versions 0, 0.1 and 0.2.

header: version, width, height, depth; components of named points (`POSE_LANDMARKS`, XYZC)
body: fps, frames, people; x, y[, z] of all points, then their confidences
-> the subject's (T, 1, V, 3) of one component, x and y in pixels and confidence
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError, did_you_mean
from edgcn.base.spelling import legible
from edgcn.readers.file_each import Take, detected, find_files, first_of, recordings_of
from edgcn.readers.named_joints import Joints, find_joints, joint_map
from edgcn.readers.rates import FASTEST, Rate
from edgcn.readers.text.folders import read_bytes
from edgcn.readers.tracking import follow
from edgcn.skeleton.recording import Recordings
from edgcn.skeleton.topology import Topology

VERSIONS = (0.0, 0.1, 0.2)
WORLD = "WORLD"  # in the name of a component in meters, y down
ROOM = 10.0  # meters
LARGEST, MOST = 2**26, 20  # bytes of a body, and of it for each byte in the file
AS_SEEN = np.array([-1, -1, 1], dtype=np.float32)  # half a circle around z


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


@dataclass(frozen=True)
class Choice:
    """What the user says of all files, and what is said of the joints of most."""

    topology: Topology | None
    joints: dict[str, str]
    component: str
    min_confidence: float
    usual: str = ""


def read_pose(
    path: Path,
    *,
    labels: Path | None = None,
    fps: Rate | None = None,
    topology: Topology | None = None,
    component: str = "",
    joints: str = "",
    min_confidence: float = 0.0,
) -> Recordings:
    """.pose files, a recording each; of several people the surest one, who is followed.

    Args:
        labels: a csv name,label[,subject] or name,label,start,end[,subject] as of `openpose`.
        fps: frames per second; by default as the files say.
        topology: the skeleton; by default the known one that has most of the points.
        component: which points are taken; by default those that are a known body. One with WORLD
            in its name is in meters.
        joints: points that stand for joints, as in `NOSE_TIP=nose`.
        min_confidence: points below are not seen.

    Raises:
        EdgcnError: nothing there, or no .pose.
    """
    files = find_files(path, ["*.pose"], what=".pose files", hint="write them with pose-format")
    choice = Choice(topology, joint_map(joints), component, min_confidence)
    found, taken, joined = first_of(files, partial(_first, choice=choice))
    choice = replace(choice, topology=joined.match.topology, usual=joined.remark)
    others = ", ".join(legible(own.name) for own in found.components if own is not taken)
    return recordings_of(
        "pose",
        files,
        partial(_takes, choice=choice),
        topology=joined.match.topology,
        dims=_dims(taken),
        labels=labels,
        fps=fps,
        found_fps=found.fps,
        remarks=[
            f"{legible(taken.name)} of a picture of {found.size[0]} x {found.size[1]}; "
            + joined.remark
            + (f"; components left out: {others}" if others else "")
        ],
    )


def _first(path: Path, choice: Choice) -> tuple[Pose, Component, Joints]:
    pose = parse_pose(path)
    return pose, *_chosen(path, pose, choice)


def _dims(component: Component) -> int:
    return 3 if WORLD in component.name.upper() and "Z" in component.axes else 2


def _chosen(path: Path, pose: Pose, choice: Choice) -> tuple[Component, Joints]:
    """The component that is asked for, or whose points are most of a known body's."""
    if choice.component:
        names = [own.name for own in pose.components]
        if choice.component not in names:
            hint = did_you_mean(choice.component, names)
            got = ", ".join(map(legible, names))
            raise FileError(path, f"expected a component {choice.component!r}, got {got}{hint}")
        component = pose.components[names.index(choice.component)]
        return component, _joints(path, component, choice)
    best, problem = None, None
    pictures = [own for own in pose.components if _dims(own) == 2]
    for component in pictures or pose.components:
        try:
            joints = _joints(path, component, choice)
        except FileError as error:
            problem = problem or error
            continue
        share = sum(place >= 0 for place in joints.match.places)
        if best is None or share > best[0]:
            best = share, component, joints
    if best is None:
        raise problem or FileError(path, "expected components of points, got none")
    return best[1], best[2]


def _joints(path: Path, component: Component, choice: Choice) -> Joints:
    return find_joints(path, component.points, topology=choice.topology, joints=choice.joints)


def _takes(path: Path, choice: Choice) -> Iterator[Take]:
    pose = parse_pose(path)
    component, joints = _chosen(path, pose, choice)
    said = "" if joints.remark == choice.usual else f"{legible(component.name)}: {joints.remark}"
    own = slice(component.start, component.start + len(component.points))
    points = joints.match.apply(pose.points[:, :, own])
    scores = joints.match.apply(pose.scores[:, :, own])
    if _dims(component) == 3:
        places = points[:, :1, :, :3] * AS_SEEN
        if np.nan_to_num(np.abs(places[..., :2])).max(initial=0) > ROOM:  # as pose-format writes
            places /= np.array([*pose.size, 1], dtype=np.float32)  # them: times width and height
        frames, confident = detected(places, scores[:, :1], dims=3, least=choice.min_confidence)
        others = points.shape[1] - 1
        note = f"{others} more people left out" if others else ""
        note = "; ".join(filter(None, (note, said)))
        yield Take(frames, scores=confident, fps=pose.fps, note=note)
        return
    flat = np.zeros((*points.shape[:3], 3), dtype=np.float32)
    flat[..., :2] = points[..., :2]
    frames, _ = detected(flat, scores, dims=2, least=choice.min_confidence)
    note = ""
    if frames.shape[1] > 1:
        frames = np.nan_to_num(frames)
        people = [[person for person in frame if person.any()] for frame in frames]
        frames, note = follow(people, frames.shape[2])
    yield Take(frames, fps=pose.fps, note="; ".join(filter(None, (note, said))))


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
