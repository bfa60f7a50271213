"""Everybody in a video, found once: kept in a file of its own, so that a second look costs nothing.

video -> pictures -> backend -> Poses -> FOLDER/NAME.npz -> Poses

What is kept counts as long as the video and what it was looked at with are the same.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from edgcn.base.arrayfiles import read_npz
from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.files import writing
from edgcn.base.progress import Advance
from edgcn.base.words import count
from edgcn.readers.video.backends import Backend, Box, Finder, People, believed, surest
from edgcn.readers.video.decode import Film, Pixels, opened
from edgcn.readers.video.times import clock

ENDS = 1 << 20  # bytes at either end of a video that are compared, beside its length
SHORT = 0.9  # of what its header says; a video with less is cut off


@dataclass(frozen=True)
class Poses:
    """What was found in one video.

    Args:
        points: of each picture, padded with zeros to the most people in any.
        times: in seconds from the first; None where they are evenly spaced.
        start: of the first picture, in seconds after the video begins.
        note: what was wrong with it.
    """

    points: Float[np.ndarray, "t m v 3"]
    fps: float
    times: Float[np.ndarray, " t"] | None
    start: float
    note: str


def find_poses(path: Path, finder: Finder, boxes: Sequence[Box], advance: Advance) -> Poses:
    """Look at every picture of a video.

    Args:
        boxes: parts of the picture with one person each; by default all of it, with everybody.
        advance: is called after each picture.

    Raises:
        FileError: it cannot be decoded, has no picture, or a box lies outside of it.
    """
    stamps, found = list[float](), list[People]()
    with ExitStack() as stack:
        film = stack.enter_context(opened(path))
        pictures = film.pictures()
        backends = list[Backend]()
        for pixels, stamp in pictures:
            if not backends:
                _check_boxes(path, boxes, film)
                starts = range(max(len(boxes), 1))
                backends = [stack.enter_context(closing(finder.start())) for _ in starts]
            found.append(believed(_people(pixels, backends, boxes)))
            stamps.append(stamp)
            advance(1)
    if not found:
        raise FileError(path, "expected a video with pictures, found none that can be decoded")
    timed = clock(np.array(stamps), film.rate)
    points = _padded([one for one, keep in zip(found, timed.kept, strict=True) if keep])
    start = timed.start - film.begins if film.begins is not None else 0.0
    notes = (_cut(film, stamps), timed.note)
    return Poses(points, timed.fps, timed.times, start, "; ".join(filter(None, notes)))


def _people(pixels: Pixels, backends: Sequence[Backend], boxes: Sequence[Box]) -> People:
    """Everybody in a picture; with boxes one person each, zeros where there is nobody."""
    if not boxes:
        return backends[0].poses(pixels)
    rows = []
    for box, backend in zip(boxes, backends, strict=True):
        person = surest(backend.poses(box.cut(pixels)))
        moved = person + np.array((box.x, box.y, 0), dtype=person.dtype)
        rows.append(moved if len(moved) else np.zeros((1, *person.shape[1:]), person.dtype))
    return np.concatenate(rows)


def _padded(found: Sequence[People]) -> Float[np.ndarray, "t m v 3"]:
    most = max(1, *(len(people) for people in found))
    points = np.zeros((len(found), most, *found[0].shape[1:]), dtype=np.float32)
    for row, people in zip(points, found, strict=True):
        row[: len(people)] = people
    return points


def _check_boxes(path: Path, boxes: Sequence[Box], film: Film) -> None:
    width, height = film.size
    for box in boxes:
        if box.x + box.width > width or box.y + box.height > height:
            raise FileError(
                path,
                f"expected a box inside the picture of {width} x {height}, got "
                f"{','.join(map(str, box))} (x, y, width, height in pixels)",
            )


def _cut(film: Film, stamps: Sequence[float]) -> str:
    """The note on what could not be decoded."""
    said = []
    if film.damaged:
        said.append(f"{count(film.damaged, 'damaged part')} left out")
    begins, last = film.begins or 0.0, np.nanmax([*stamps, -np.inf])
    if film.ends is not None and last - begins < SHORT * (film.ends - begins) - 1:
        long, there = film.ends - begins, last - begins
        said.append(f"it says that it is {long:.0f} s long, and its pictures end at {there:.0f} s")
    return ", ".join(said)


def identity(path: Path, how: str) -> str:
    """What tells a video and the way it was looked at from others.

    Raises:
        OSError: the video cannot be read.
    """
    digest = hashlib.sha256(how.encode())
    size = path.stat().st_size
    digest.update(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(ENDS))
        file.seek(max(0, size - ENDS))
        digest.update(file.read(ENDS))
    return digest.hexdigest()


def keep(poses: Poses, kept: Path, key: str, how: str) -> None:
    """Write what was found, whole or not at all."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    about = {"key": key, "how": how, "fps": poses.fps, "start": poses.start, "note": poses.note}
    times = poses.times if poses.times is not None else np.empty(0)
    with writing(kept) as part, part.open("wb") as file:
        np.savez_compressed(file, points=poses.points, times=times, about=json.dumps(about))


def kept_poses(kept: Path, key: str) -> Poses | None:
    """What was found before; None where nothing was, or it is of another video, or damaged."""
    if not kept.is_file():
        return None
    try:
        arrays = read_npz(kept, ("points", "times", "about"))
        about = json.loads(str(arrays["about"]))
        if about["key"] != key:
            return None
        times = arrays["times"] if len(arrays["times"]) else None
        points = arrays["points"].astype(np.float32, copy=False)
        if points.ndim != 4 or not len(points):
            return None
        return Poses(points, about["fps"], times, about["start"], about["note"])
    except (EdgcnError, ValueError, KeyError, TypeError):
        return None
