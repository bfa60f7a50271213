"""Tables with a row for each joint of each frame: frame,keypoint,x,y,confidence.

rows -> the same numbers as columns, x y (z) c of each joint side by side, a row for each frame
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from edgcn.base.errors import FileError
from edgcn.base.spelling import legible, natural
from edgcn.base.words import LISTED, named
from edgcn.readers.text.columns import Columns, Table, columns_in_parts
from edgcn.skeleton.layouts import COCO_17, MEDIAPIPE_33
from edgcn.skeleton.topology import Topology

JOINTS = ("joint", "joint_name", "joint_id", "keypoint", "keypoint_name", "keypoint_id",
          "bodypart", "body_part", "bodyparts", "landmark", "landmark_name", "landmark_id",
          "landmark_index", "part", "point", "marker", "kp", "name")  # fmt: skip
AXES: Mapping[str, Sequence[str]] = {
    "x": ("x", "x_px", "pos_x", "x_pos"), "y": ("y", "y_px", "pos_y", "y_pos"),
    "z": ("z", "pos_z", "z_pos"),
    "c": ("confidence", "conf", "score", "likelihood", "visibility", "c", "v", "probability"),
}  # fmt: skip
BY_NUMBER = {len(own): own for own in (COCO_17, MEDIAPIPE_33)}


class Long(NamedTuple):
    """Where such a table has what.

    Args:
        joint: the column of names.
        axes: the columns of x, y and perhaps z and c.
        names: the joints, in some order.
    """

    joint: int
    axes: dict[str, int]
    names: tuple[str, ...]

    @property
    def joints(self) -> dict[str, dict[str, int]]:
        """The columns that the table gets: of each joint and axis."""
        width = len(self.axes)
        return {
            name: {axis: at * width + place for place, axis in enumerate(self.axes)}
            for at, name in enumerate(self.names)
        }


def find_long(text: Table, topology: Topology | None) -> Long | None:
    """How a table is a long one; None where it is none.

    Args:
        topology: whose joints are meant where they are numbered.

    Raises:
        FileError: joints that are numbered, and as many as of no skeleton that is meant so.
    """
    heads = {name.strip().lower().replace(" ", "_"): at for at, name in enumerate(text.rows[0])}
    joint = next((heads[name] for name in JOINTS if name in heads), None)
    axes = {
        axis: next(heads[name] for name in names if name in heads)
        for axis, names in AXES.items() if any(name in heads for name in names)
    }  # fmt: skip
    if joint is None or not {"x", "y"} <= axes.keys():
        return None
    names = set[str]()
    for part in columns_in_parts(text, words=[joint]):
        names |= {*part.words[0]}
    if not all(name.isdecimal() for name in names):
        return Long(joint, axes, tuple(sorted(names)))
    first = min(map(int, names), default=0)
    own = topology or BY_NUMBER.get(len(names))
    if own is None or {int(name) - first for name in names} != {*range(len(own))}:
        known = " or ".join(f"{count} ({one.name})" for count, one in BY_NUMBER.items())
        raise FileError(
            text.path,
            f"expected names of joints, or numbers of {len(own) if own else known}, got "
            f"{named(sorted(map(legible, names), key=natural), most=LISTED)}",
        )
    return Long(joint, axes, tuple(sorted(names, key=int)))


def joints_by_number(long: Long, topology: Topology | None) -> dict[str, str]:
    """What numbers stand for, where joints have no names."""
    if not all(name.isdecimal() for name in long.names):
        return {}
    own = topology or BY_NUMBER[len(long.names)]
    return dict(zip(long.names, own.joints, strict=True))


def side_by_side(
    text: Table, long: Long, *, exact: Sequence[int], words: Sequence[int]
) -> Iterator[Columns]:
    """The table with a row for each frame of each person, some frames at a time.

    Where frames do not follow each other in the file, all of them at once.

    Args:
        exact: columns of frames and times, by which rows are of one frame.
        words: of persons, files, labels and subjects, likewise.

    Raises:
        FileError: nothing tells frames, or one has a joint twice.
    """
    if not exact:
        raise FileError(text.path, "expected a column of frame numbers or of times, got none")
    parts = columns_in_parts(
        text, numbers=[*long.axes.values()], exact=exact, words=[long.joint, *words]
    )
    held, line = None, 2
    if not _in_order(text, exact):
        held, parts = _joined([*parts]), iter(())
    for part in parts:
        rows = part if held is None else _joined([held, part])
        others = np.flatnonzero((rows.exact != rows.exact[-1]).any(axis=1))
        whole = int(others[-1]) + 1 if len(others) else 0  # the last frame may go on
        if whole:
            yield _wide(text, long, _cut(rows, slice(whole)), line)
        held, line = _cut(rows, slice(whole, None)), line + whole
    if held is not None:
        yield _wide(text, long, held, line)


def _in_order(text: Table, exact: Sequence[int]) -> bool:
    """Whether no frame is before the one above."""
    last = np.full((1, len(exact)), -np.inf)
    for part in columns_in_parts(text, exact=exact):
        if not (np.diff(np.concatenate([last, part.exact]), axis=0) >= 0).all():
            return False
        last = part.exact[-1:]
    return True


def _joined(parts: Sequence[Columns]) -> Columns:
    words = zip(*(part.words for part in parts), strict=True)
    return Columns(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.exact for part in parts]),
        [[*chain.from_iterable(own)] for own in words],
    )


def _cut(rows: Columns, part: slice) -> Columns:
    return Columns(rows.values[part], rows.exact[part], [own[part] for own in rows.words])


def _wide(text: Table, long: Long, part: Columns, line: int) -> Columns:
    """Whole frames, a row each.

    Args:
        line: of the file that the first row stands in.
    """
    places = {name: at for at, name in enumerate(long.names)}
    joint = np.array([places[name] for name in part.words[0]], dtype=np.int64)
    known: list[dict[str, int]] = [{} for _ in part.words[1:]]
    codes = [
        [seen.setdefault(word, len(seen)) for word in own]
        for seen, own in zip(known, part.words[1:], strict=True)
    ]
    keys = np.column_stack([part.exact, *codes])
    rows, frame = np.unique(keys, axis=0, return_inverse=True)
    place = frame.reshape(-1) * len(long.names) + joint
    counts = np.bincount(place)
    if counts.max() > 1:
        row = int(np.flatnonzero(counts[place] > 1)[-1])
        raise FileError(
            text.path,
            f"expected each joint once in a frame, got {legible(long.names[joint[row]])} again; "
            f"is there a column that tells persons apart?",
            line=row + line,
        )
    values = np.full((len(rows) * len(long.names), len(long.axes)), np.nan, dtype=np.float32)
    values[place] = part.values
    told, count = [[*seen] for seen in known], part.exact.shape[1]
    return Columns(
        values.reshape(len(rows), -1),
        rows[:, :count],
        [[own[int(code)] for code in column]
         for own, column in zip(told, rows[:, count:].T, strict=True)],
    )  # fmt: skip
