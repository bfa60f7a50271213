"""What the columns of a table are: joints with their axes, and what else is usual.

first line of a table -> `layout_of` -> `Layout`
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from edgcn.base.errors import FileError
from edgcn.base.spelling import legible
from edgcn.base.words import LISTED, named
from edgcn.readers.axes import Axes, find_axes
from edgcn.readers.long_table import Long, find_long, joints_by_number, side_by_side
from edgcn.readers.points import Choice, Points, points_of
from edgcn.readers.text.columns import Columns, columns_in_parts, is_number, open_table
from edgcn.readers.text.columns import Table as Text
from edgcn.readers.times import is_frame_number, is_time

PERSONS = ("person", "person_id", "person_idx", "track", "track_id", "body", "body_id", "pid",
           "individual")  # fmt: skip
FILES = ("file", "file_name", "filename", "video", "video_id", "video_name", "clip", "recording",
         "sequence")  # fmt: skip
LABELS = ("label", "class", "class_name", "gesture", "action", "activity")
SUBJECTS = ("subject", "subject_id", "participant", "participant_id")


class Layout(NamedTuple):
    """Where a table has what.

    Args:
        clock, number: columns of the times, and of the frames' numbers; -1 where there is none.
        words: columns of text by what they say: person, file, label, subject.
        long: where it has a row for each joint of each frame.
    """

    text: Text
    points: Points
    clock: int
    number: int
    words: dict[str, int]
    long: Long | None = None

    @property
    def remark(self) -> str:
        """What was detected, in words."""
        heads = self.text.rows[0]
        others = list[str]()
        if self.long is not None:
            numbered = all(name.isdecimal() for name in self.long.names)
            by = f", which are numbered as {self.points.topology.name} has them" * numbered
            others = [f"a row for each joint of each frame{by}"]
        others += [f"{what} in {heads[at]!r}" for what, at in self.words.items()]
        others += [f"times in {heads[self.clock]!r}"] if self.clock >= 0 else []
        others += [f"frame numbers in {heads[self.number]!r}"] if self.number >= 0 else []
        aside = [name for at, name in enumerate(heads) if at != self.clock and is_time(name)]
        others += [f"times in {name!r} are no numbers and left aside" for name in aside[:1]
                   if self.clock < 0]  # fmt: skip
        return "; ".join([self.points.remark, *others])

    def rows(self) -> Iterator[Columns]:
        """The points' numbers and all else of each frame, some at a time."""
        exact, words = self.exact, [*self.words.values()]
        if self.long is not None:
            made = side_by_side(self.text, self.long, exact=exact, words=words)
            return (part._replace(values=part.values[:, self.points.used]) for part in made)
        return columns_in_parts(self.text, numbers=self.points.used, exact=exact, words=words)

    @property
    def exact(self) -> list[int]:
        """The columns of times and of frame numbers."""
        return [column for column in (self.clock, self.number) if column >= 0]


def layout_of(path: Path, choice: Choice) -> Layout:
    """What the columns of a table are."""
    text = open_table(path, lines=2)
    axes = find_axes(text.rows[0])
    long = find_long(text, choice.topology) if len(axes.whole("xy")) < 2 else None
    if long is None and not axes.whole("xy"):
        raise FileError(
            path,
            f"expected columns of joints in its first line, such as left_wrist_x, got "
            f"{named([*map(legible, text.rows[0])], most=LISTED)}",
        )
    if long is None:
        points = points_of(path, axes.joints, choice)
    else:
        numbered = joints_by_number(long, choice.topology)
        choice = replace(choice, joints=numbered | {**(choice.joints or {})})
        points = points_of(path, long.joints, choice)
    words = {
        what: at
        for what, names in (("person", PERSONS), ("file", FILES), ("label", LABELS),
                            ("subject", SUBJECTS)) if (at := _at(axes, names)) >= 0
    }  # fmt: skip
    clock, number = (_counted(text, axes, holds) for holds in (is_time, is_frame_number))
    return Layout(text, points, clock, number, words, long)


def _counted(text: Text, axes: Axes, holds: Callable[[str], bool]) -> int:
    """The first column whose name says so and that holds numbers, -1 where there is none."""
    fields = text.rows[1] if len(text.rows) > 1 else []
    found = [at for name, at in axes.others.items() if holds(name) and at < len(fields)]
    return next((at for at in found if is_number(fields[at])), -1)


def _at(axes: Axes, names: Sequence[str]) -> int:
    found = {name.replace(" ", "_"): column for name, column in axes.others.items()}
    return next((found[name] for name in names if name in found), -1)
