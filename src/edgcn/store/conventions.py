"""What coordinates are in, and which axis points where: as declared, or as the people in them tell.

recordings of a reader -> the same in meters (or pixels) with the head up, and what was assumed

The first recordings are looked at before any is passed on. 3-D: the torso's length tells meters,
centimeters and millimeters, and its direction where y points down; whoever stands on the head is
turned by half a circle around z, so that nobody is mirrored. 2-D: pixels, whose y points down.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError
from edgcn.base.spool import by_parts, memory_of
from edgcn.skeleton.recording import Frames, Recording, Recordings, Skipped, with_hashes
from edgcn.skeleton.topology import Topology
from edgcn.skeleton.unseen import without_unseen
from edgcn.store.posture import Postures

Units = Literal["auto", "m", "cm", "mm", "px"]
Y = Literal["auto", "up", "down"]
Up = Literal["x", "y", "z"]

FIRST = 100  # recordings that are looked at
ENOUGH = 2**28  # bytes of their frames that may wait in memory
UPSIDE = 0.5  # of its length, that a torso points down
INSIDE = 0.98  # of the points have fractions for x and y
FACTORS = {"m": 1.0, "cm": 0.01, "mm": 0.001}
NAMES = {"cm": "centimeters", "mm": "millimeters"}
TORSO = 0.15, 1.5  # meters; a person's is 0.2 to 0.8

Item = Recording | Skipped


@dataclass(frozen=True)
class Conversion:
    """What is done to x, y and the third channel.

    Args:
        factors: of each channel.
        order: which of the file's axes each channel is.
        remark: says it; empty where nothing is done.
    """

    factors: tuple[float, float, float] = (1, 1, 1)
    order: tuple[int, int, int] = (0, 1, 2)
    remark: str = ""

    def apply(self, frames: Frames) -> Frames:
        """The frames converted; what was not seen stays 0."""
        factors = np.array(self.factors, dtype=frames.dtype)
        return by_parts(frames, lambda part: part[..., self.order] * factors)


def as_declared(
    recordings: Recordings,
    *,
    units: Units = "auto",
    y: Y = "auto",
    up: Up = "y",
    size: tuple[int, int] | None = None,
) -> Recordings:
    """The recordings in meters or pixels, people upright; what was assumed is in `remarks`.

    Args:
        units: of the coordinates; by default the reader's, or what the torsos tell.
        y: where it points; by default up in space and down in pictures, or what the torsos tell.
        up: the vertical axis; people are turned, not mirrored, until it is y.
        size: width and height of the picture of which x and y are fractions.

    Raises:
        EdgcnError: pixels of recordings in space, or lengths of recordings in a picture; a vertical
            axis that they do not have, or where y points although it is not the vertical.
    """
    flat = recordings.units == "px"
    if flat and up == "z":
        raise EdgcnError("--up z: expected x or y, since the recordings are of a picture")
    if up != "y" and y != "auto":
        raise EdgcnError(f"--up {up} says what is up; leave out --y {y}")
    if units != "auto" and flat != (units == "px"):
        raise EdgcnError(
            f"--units {units}: expected {'px' if flat else 'm, cm or mm'}, since the recordings "
            f"have {recordings.dims} coordinates to a joint"
        )

    def convert() -> Iterator[Item]:
        items = (_looked_at(item, recordings) for item in recordings.recordings)
        first = _first(items)
        found = _conversion(first, recordings, units, y, up, size)
        if found.remark:
            recordings.remarks.append(found.remark)
        plain = found == Conversion(remark=found.remark)
        for item in chain(first, items):
            if plain or isinstance(item, Skipped) or item.frames.shape[-1:] != (3,):
                yield item
            else:
                yield replace(item, frames=found.apply(item.frames))

    return replace(recordings, recordings=convert())


def _first(items: Iterator[Item]) -> list[Item]:
    """Those that are looked at."""
    first, size = list[Item](), 0
    while len(first) < FIRST and size < ENOUGH and (item := next(items, None)) is not None:
        first.append(item)
        size += memory_of(item.frames) if isinstance(item, Recording) else 0
    return first


def misread(frames: Sequence[np.ndarray], *, topology: Topology, dims: int, units: str) -> str:
    """What speaks against frames of people in these units with the head up; empty: nothing does.

    Args:
        frames: (T, M, V, C) each; the first 20 are looked at.
    """
    known = Postures(topology, dims)
    for one in frames[: FIRST // 5]:
        known.add(one)
    said, unit = [], "m" if units == "px" else _unit(known.torso)
    if unit != "m":
        said.append(
            f"a torso is {known.torso:.3g} long, as in {NAMES[unit]}: expected meters, so multiply "
            f"by {FACTORS[unit]:g}"
        )
    up = known.axis[1] if known.axis else 0.0
    if (up > UPSIDE) if units == "px" else (up < -UPSIDE):
        said.append(
            "people stand on the head: expected y to point down in a picture"
            if units == "px"
            else "people stand on the head: expected y to point up; change the signs of x and y"
        )
    return "; ".join(said)


def _looked_at(item: Item, of: Recordings) -> Item:
    """With 0 where nothing was seen, and hashes of what the source had."""
    if isinstance(item, Skipped) or item.frames.ndim != 4:
        return item
    return with_hashes(without_unseen(item, dims=of.dims, doubt=of.doubt), dims=of.dims)


def _conversion(
    items: Iterable[Item],
    of: Recordings,
    units: Units,
    y: Y,
    up: Up,
    size: tuple[int, int] | None,
) -> Conversion:
    """What the first recordings need."""
    frames = [item.frames for item in items if isinstance(item, Recording)]
    known = _postures(frames, of)
    flat, said = of.units == "px", []
    scale = np.ones(3)
    if size is not None:
        width, height = size
        scale *= (width, height, 1) if flat else (width / height, 1, width / height)
        said.append(f"x and y made lengths of a picture of {width} x {height}, as --size says")
    elif not flat:
        unit = units if units != "auto" else _unit(known.torso)
        if unit in NAMES:
            scale *= FACTORS[unit]
            how = (
                "as --units says"
                if units != "auto"
                else f"since a torso is {known.torso:.3g} long; say --units m if they are not"
            )
            said.append(f"coordinates taken for {NAMES[unit]} and made meters, {how}")
    if size is None and known.fractions and np.median(known.fractions) > INSIDE:
        said.append(
            "x and y are within 0..1, as fractions of a picture are: people are as distorted as "
            "the picture is wide; give its size, as in --size 1280x720"
        )
    if up == "y":
        order, signs, text = (0, 1, 2), *_upright(known.axis, y, flat=flat)
    else:
        order, signs, text = _turned(known.axis, up, flat=flat)
    said += [text] * bool(text)
    x, y_, z = (scale[list(order)] * signs).tolist()
    return Conversion((x, y_, 1.0 if flat else z), order, "; ".join(said))


Triple = tuple[int, int, int]


def _upright(axis: tuple[float, ...], y: Y, *, flat: bool) -> tuple[Triple, str]:
    """Signs of the axes so that the head is up, and what is said of it."""
    height = axis[1] if axis else 0.0
    wanted = "down" if flat else "up"
    upside = height > UPSIDE if flat else height < -UPSIDE
    found = y if y != "auto" else ("up" if flat else "down") if upside else wanted
    if found == wanted:
        return (1, 1, 1), ""
    how = "as --y says" if y != "auto" else f"since people stand on the head; or say --y {wanted}"
    turn = "flipped" if flat else "turned by half a circle around z"
    signs = (1, -1, 1) if flat else (-1, -1, 1)
    return signs, f"y taken to point {found} and the people {turn}, {how}"


def _turned(axis: tuple[float, ...], up: Up, *, flat: bool) -> tuple[Triple, Triple, str]:
    """Axes and signs by which the vertical becomes y, by a quarter of a circle."""
    at = "xyz".index(up)
    down = bool(axis) and axis[at] < 0
    said = f"{up} taken for the vertical and the people turned by a quarter of a circle, head "
    said += "up, as --up says"
    if at == 2:
        return (0, 2, 1), ((1, -1, 1) if down else (1, 1, -1)), said
    return (1, 0, 2), ((1, -1, 1) if down != flat else (-1, 1, 1)), said


def _postures(frames: Iterable[Float[np.ndarray, "..."]], of: Recordings) -> Postures:
    """Of those on the reader's skeleton."""
    known = Postures(of.topology, of.dims)
    for one in frames:
        if one.ndim == 4 and one.shape[2:] == (len(of.topology), 3) and len(one):
            known.add(one)
    return known


def _unit(torso: float) -> str:
    """What a torso of this length is in: meters, unless it is a person's in another unit."""
    low, high = TORSO
    if torso > 0 and not low <= torso <= high:
        for unit in NAMES:
            if low <= torso * FACTORS[unit] <= high:
                return unit
    return "m"
