"""What a file with MediaPipe's landmarks is, before it is read: its recordings and what is in them.

a path -> `Source` -> `Raw`: parts of a person (T, 21 or 33, 3) in the file's own coordinates
"""

from collections.abc import Callable, Iterator
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
        numbers: of the frames, as the file counts them.
        words: the label of each frame, or nothing.
        name: where a file has several.
    """

    points: dict[str, Points]
    sure: Float[np.ndarray, "t 33"] | None = None
    times: Times | None = None
    numbers: Float[np.ndarray, " t"] | None = None
    words: tuple[str, ...] = ()
    note: str = ""
    name: str = ""

    def __len__(self) -> int:
        return len(next(iter(self.points.values())))

    def cut(self, at: slice) -> "Raw":
        """Some of its frames."""
        return replace(
            self,
            points={part: own[at] for part, own in self.points.items()},
            sure=None if self.sure is None else self.sure[at],
            times=None if self.times is None else (self.times[0], self.times[1][at]),
            numbers=None if self.numbers is None else self.numbers[at],
            words=self.words[at],
        )


@dataclass(frozen=True)
class Source:
    """A file, or a folder of frames, that can be read.

    Args:
        names: of its recordings; of one alone it is empty.
        parts: pose, left, right, hand.
        read: all recordings, with z or without, each in pieces that follow each other.
        sample: their beginnings, or more of them, with z.
        labels: words of a column of labels, once each.
        size: of the picture, if the file says it.
        fps: likewise.
    """

    path: Path
    names: tuple[str, ...]
    parts: frozenset[str]
    read: Callable[[bool], list[Iterator[Raw]]]
    sample: Callable[[], list[Raw]]
    notes: tuple[str, ...] = ()
    labels: frozenset[str] = frozenset()
    size: tuple[int, int] | None = None
    fps: float | None = None

    def joined(self, hands: "Source") -> "Source":
        """With hands that are in a file of their own, frame by frame."""

        def both(own: list[Iterator[Raw]], others: list[Iterator[Raw]]) -> list[Iterator[Raw]]:
            (body,), (fingers,) = own, others
            return [_side_by_side(body, fingers, self.path, hands.path)]

        return replace(
            self,
            parts=self.parts | hands.parts,
            read=lambda depth: both(self.read(depth), hands.read(depth)),
        )


def _side_by_side(
    body: Iterator[Raw], hands: Iterator[Raw], path: Path, hands_path: Path
) -> Iterator[Raw]:
    """The same frames of two files, whose pieces may end elsewhere."""
    one, other, done = next(body, None), next(hands, None), 0
    while one is not None and other is not None:
        both = min(len(one), len(other))
        now, at_hands = one.cut(slice(both)), other.cut(slice(both))
        yield replace(now, points=now.points | at_hands.points)
        one = one.cut(slice(both, None)) if len(one) > both else next(body, None)
        other = other.cut(slice(both, None)) if len(other) > both else next(hands, None)
        done += both
    if one is not None or other is not None:
        frames, fingers = (
            done + (len(raw) if raw is not None else 0) + sum(map(len, rest))
            for raw, rest in ((one, body), (other, hands))
        )
        reason = f"expected {frames} frames, as {path.name} has, got {fingers}"
        raise FileError(hands_path, reason)
