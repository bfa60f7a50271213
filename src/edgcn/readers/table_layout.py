"""What the columns of a table are: joints with their axes, and what else is usual.

first line of a table -> `layout_of` -> `Layout`
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from edgcn.base.errors import FileError
from edgcn.base.spelling import legible
from edgcn.base.words import LISTED, named
from edgcn.readers.axes import Axes, find_axes
from edgcn.readers.points import Choice, Points, points_of
from edgcn.readers.text.columns import Table as Text
from edgcn.readers.text.columns import open_table

TIMES = ("time", "times", "timestamp", "timestamps", "t", "seconds", "sec", "ms", "milliseconds")
FRAMES = ("frame", "frames", "frame_id", "frame_number", "frame_no", "frame_idx", "frame_index",
          "image_id")  # fmt: skip
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
    """

    text: Text
    points: Points
    clock: int
    number: int
    words: dict[str, int]

    @property
    def remark(self) -> str:
        """What was detected, in words."""
        heads = self.text.rows[0]
        others = [f"{what} in {heads[at]!r}" for what, at in self.words.items()]
        others += [f"times in {heads[self.clock]!r}"] if self.clock >= 0 else []
        others += [f"frame numbers in {heads[self.number]!r}"] if self.number >= 0 else []
        return "; ".join([self.points.remark, *others])


def layout_of(path: Path, choice: Choice) -> Layout:
    """What the columns of a table are."""
    text = open_table(path, lines=2)
    axes = find_axes(text.rows[0])
    if not axes.whole("xy"):
        raise FileError(
            path,
            f"expected columns of joints in its first line, such as left_wrist_x, got "
            f"{named([*map(legible, text.rows[0])], most=LISTED)}",
        )
    points = points_of(path, axes.joints, choice)
    words = {
        what: at
        for what, names in (("person", PERSONS), ("file", FILES), ("label", LABELS),
                            ("subject", SUBJECTS)) if (at := _at(axes, names)) >= 0
    }  # fmt: skip
    return Layout(text, points, *_counted(text, axes), words)


def _counted(text: Text, axes: Axes) -> tuple[int, int]:
    """The columns of times and of frame numbers, where they hold numbers."""
    fields = text.rows[1] if len(text.rows) > 1 else []
    return tuple(  # type: ignore[return-value]
        at if at < 0 or (at < len(fields) and _is_number(fields[at])) else -1
        for at in (_time(axes), _at(axes, FRAMES))
    )


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _at(axes: Axes, names: Sequence[str]) -> int:
    found = {name.replace(" ", "_"): column for name, column in axes.others.items()}
    return next((found[name] for name in names if name in found), -1)


def _time(axes: Axes) -> int:
    """The column of times, whose name may end with its unit."""
    for name, column in axes.others.items():
        if name in TIMES or name.startswith(("time", "timestamp")):
            return column
    return -1
