"""What a file with MediaPipe's landmarks is, before it is read: its recordings and what is in them.

a path -> `Source` -> `Raw`: parts of a person (T, 21 or 33, 3) in the file's own coordinates
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError

SIZES = {"pose": 33, "left": 21, "right": 21, "hand": 21}  # points of the parts that are kept

Times = tuple[str, Float[np.ndarray, " t"]]  # what the file calls them, and what they are
Points = Float[np.ndarray, "t n 3"]


@dataclass(frozen=True)
class Raw:
    """One recording as its file has it.

    Args:
        points: x, y, z of each part; NaN where there is nothing.
        sure: visibility of the body's points.
        times: of the frames, as the file has them.
        words: the label of each frame, or nothing.
        name: where a file has several.
    """

    points: dict[str, Points]
    sure: Float[np.ndarray, "t 33"] | None = None
    times: Times | None = None
    words: tuple[str, ...] = ()
    note: str = ""
    name: str = ""

    def __len__(self) -> int:
        return len(next(iter(self.points.values())))


@dataclass(frozen=True)
class Source:
    """A file, or a folder of frames, that can be read.

    Args:
        names: of its recordings; of one alone it is empty.
        parts: pose, left, right, hand.
        read: all recordings, with z or without.
        sample: their beginnings, or more of them, with z.
        labels: words of a column of labels, once each.
        size: of the picture, if the file says it.
        fps: likewise.
    """

    path: Path
    names: tuple[str, ...]
    parts: frozenset[str]
    read: Callable[[bool], list[Raw]]
    sample: Callable[[], list[Raw]]
    notes: tuple[str, ...] = ()
    labels: frozenset[str] = frozenset()
    size: tuple[int, int] | None = None
    fps: float | None = None

    def joined(self, hands: "Source") -> "Source":
        """With hands that are in a file of their own, frame by frame."""

        def both(own: list[Raw], others: list[Raw]) -> list[Raw]:
            (body,), (fingers,) = own, others
            if len(body) != len(fingers):
                raise FileError(
                    hands.path,
                    f"expected {len(body)} frames, as {self.path.name} has, got {len(fingers)}",
                )
            return [replace(body, points=body.points | fingers.points)]

        def sample() -> list[Raw]:
            (body,) = self.sample()
            return [body]

        return replace(
            self,
            parts=self.parts | hands.parts,
            read=lambda depth: both(self.read(depth), hands.read(depth)),
            sample=sample,
        )
