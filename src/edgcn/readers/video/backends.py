"""What finds people in pictures, whoever made it: one call, pixels in, joints out.

(h, w, 3) uint8 -> `poses` -> (M, V, 3): x and y in pixels and a confidence, of each person found
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from edgcn.readers.video.decode import Pixels
from edgcn.skeleton.topology import Topology

SEEN = 0.3  # a point of less confidence is invented: legs below the picture

People = Float[np.ndarray, "_ v 3"]


@runtime_checkable
class Backend(Protocol):
    """Finds people in the pictures of one video, one after the other."""

    def poses(self, picture: Pixels) -> People:
        """Everybody who is found."""

    def close(self) -> None:
        """Give back what it holds."""


@dataclass(frozen=True)
class Finder:
    """A backend and how it is set.

    Args:
        how: all that poses depend on beside the video, in words.
        start: begins a video; raises an `EdgcnError` where something is not installed.
        single: it finds one person in a picture, not all.
    """

    how: str
    topology: Topology
    start: Callable[[], Backend]
    single: bool


class Box(NamedTuple):
    """A part of the picture, in pixels from its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    def cut(self, picture: Pixels) -> Pixels:
        """This part alone."""
        rows = slice(self.y, self.y + self.height)
        return np.ascontiguousarray(picture[rows, self.x : self.x + self.width])


def surest(people: People) -> People:
    """The one person (1, V, 3) of the highest mean confidence, or nobody (0, V, 3)."""
    order = np.argsort(-people[..., 2].mean(axis=1), kind="stable")
    return people[order[:1]]


def believed(people: People) -> People:
    """The same as float32, with 0 0 0 for each point that is not seen or has no place."""
    with np.errstate(invalid="ignore"):
        sure = np.isfinite(people).all(axis=-1) & (people[..., 2] >= SEEN)
    points = np.where(sure[..., None], people, 0).astype(np.float32)
    points[..., 2] = np.minimum(points[..., 2], 1)
    return points
