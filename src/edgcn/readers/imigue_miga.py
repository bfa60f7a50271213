"""iMiGUE as the MiGA challenge (IJCAI 2023) releases it: 35 keypoints a frame, one folder a video.

0001_light_hand.csv, (T, 106) = frame number, BODY_25, two times 5 finger points -> (T, 1, 22, 3)
with the segments of 0001_label.csv.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.readers.imigue_gestures import (
    BODY,
    CLASSES,
    DOUBTFUL,
    EMPTY,
    LEFT_WRIST,
    RIGHT_WRIST,
    Gesture,
    Video,
    label_of,
    unlabelled,
    whole,
)
from edgcn.readers.text.files import find, integers, label_rows, read_lines, rows, stream
from edgcn.skeleton.layouts import MIGA_22
from edgcn.skeleton.recording import Recording, Recordings, Skipped, SplitRule

ENDING = "_light_hand.csv"
KEYPOINTS = 35
COLUMNS = 1 + 3 * KEYPOINTS
FIRST_HAND, SECOND_HAND = range(25, 30), range(30, 35)  # right, then left; in some copies not
NOTE = "the MiGA release does not say who is in a video: recordings have no subject"
ROLES = {"train": "train", "valid": "validate", "test": "test"}  # part of a folder name -> split


def read_miga(path: Path, *, fps: float) -> Recordings:
    """The MiGA release: one folder, or folders named after train, validate and test."""
    paths = find(
        path,
        f"**/*{ENDING}",
        what="iMiGUE, either Label/labels_20200831.csv with mg_skeleton_only/ or MiGA files",
        hint="give the root folder of either release",
    )
    bare = [_name(f) for f in paths if not (_labels_of(f).is_file() or _number(f) in EMPTY)]
    return Recordings(
        reader="imigue",
        topology=MIGA_22,
        classes=CLASSES,
        recordings=stream(paths, partial(_read_one, root=path)),
        fps=fps,
        units="px",
        dims=2,
        total=len(paths),
        splits=_splits({_role(file, path) for file in paths}),
        sources=tuple(f for file in paths for f in (file, _labels_of(file)) if f.is_file()),
        note="; ".join(filter(None, (NOTE, unlabelled(bare)))),
    )


def _splits(roles: set[str]) -> dict[str, SplitRule]:
    """Train against each of the other given folders, the test folder first."""
    others = [role for role in ("test", "validate") if role in roles and "train" in roles]
    return {role: SplitRule("split", train=("train",), test=(role,)) for role in others}


def _role(file: Path, root: Path) -> str:
    """The split a file belongs to by the folders it lies in, or nothing."""
    for folder in file.relative_to(root).parts[:-1]:
        for word, role in ROLES.items():
            if word in folder.lower():
                return role
    return ""


def _labels_of(file: Path) -> Path:
    return file.with_name(file.name.removesuffix(ENDING) + "_label.csv")


def _name(file: Path) -> str:
    return file.name.removesuffix(ENDING)


def _number(file: Path) -> int:
    """Of a video; -1 where its name is no number."""
    name = _name(file)
    return int(name) if name.isascii() and name.isdigit() else -1


def _read_one(file: Path, *, root: Path) -> Iterator[Recording | Skipped]:
    if _number(file) in EMPTY:
        yield Skipped(str(file), "listed as empty by the data set", known=True)
        return
    table, labels = _rows(file), _labels_of(file)
    video = _keypoints(table)
    gestures, bad = dict[int, Gesture](), list[Skipped]()
    if labels.is_file():
        read_row = partial(_gesture, labels)
        gestures, bad = label_rows(labels, read_row, what="id,start,end", is_header=_is_names)
    yield from (*_gaps(file, table[:, 0]), *bad)
    yield from whole(
        video,
        gestures.values(),
        name=_name(file),
        labels=labels,
        condition="doubtful" if _number(file) in DOUBTFUL else "",
        split=_role(file, root),
    )


def _gesture(labels: Path, line_no: int, line: str) -> Gesture:
    """One row id,start,end."""
    number, start, end = integers(labels, line_no, line, 3, separator=",")
    return Gesture(line_no, label_of(labels, line_no, number), start, end)


def read_light_hand(file: Path) -> Video:
    """One video in the joint order of MIGA_22, each hand with the fingers of its own wrist."""
    return _keypoints(_rows(file))


def _rows(file: Path) -> Float[np.ndarray, "t 106"]:
    """All numbers of a file, its header left out."""
    lines = read_lines(file)
    skip = 1 if lines and _is_header(lines[0]) else 0
    if len(lines) == skip:
        raise FileError(file, f"expected rows of {COLUMNS} numbers, got none", line=skip + 1)
    places = range(1 + skip, 1 + len(lines))
    return rows(file, lines[skip:], COLUMNS, line_nos=places, separator=",")


def _gaps(file: Path, numbers: Float[np.ndarray, " t"]) -> Iterator[Skipped]:
    """A note where frames are not numbered one after the other; the labels count them."""
    odd, first = np.flatnonzero(np.diff(numbers) != 1), numbers[0]
    if len(odd):
        before, after = numbers[odd[0]], numbers[odd[0] + 1]
        what = (
            f"frame {before + 1:g} after frame {before:g}, got {after:g} ({len(odd)} such places)"
        )
    elif first not in (0, 1):
        what = f"frames from 0 or 1 on, got {first:g} first"
    else:
        return
    why = "rows are lost, doubled or exchanged; they are taken as frames in order"
    yield Skipped(str(file), f"expected {what}: {why}")


def _keypoints(table: Float[np.ndarray, "t 106"]) -> Video:
    """The points of MIGA_22 from all columns."""
    video = table[:, 1:].reshape(-1, KEYPOINTS, 3)
    right, left = FIRST_HAND, SECOND_HAND
    if _is_swapped(video):
        right, left = left, right
    return video[:, [*BODY, *right, *left]]


def _is_header(line: str) -> bool:
    """Whether a first row names its columns, be it by counting them (0, 1, 2, ... 105)."""
    fields = [field.strip() for field in line.split(",")]
    counted = [str(number) for number in range(len(fields))]
    return _is_names(line) or fields[1:] in (counted[1:], counted[:-1])


def _is_names(line: str) -> bool:
    """Whether no field is a number."""
    return not any(_is_number(field) for field in line.split(","))


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _is_swapped(video: Video) -> bool:
    """Whether the first five finger points belong to the left wrist: copies differ in this.

    Decided once for a video, by the median over all points: when hands touch, single frames err.
    """
    xy = video[..., :2]
    seen = np.abs(xy).sum(axis=-1) > 0
    wrists = seen[:, RIGHT_WRIST] & seen[:, LEFT_WRIST]
    excess = []
    for hand, wrist, other in (
        (FIRST_HAND, RIGHT_WRIST, LEFT_WRIST),
        (SECOND_HAND, LEFT_WRIST, RIGHT_WRIST),
    ):
        points, usable = xy[:, list(hand)], seen[:, list(hand)] & wrists[:, None]
        to_wrist = np.linalg.norm(points - xy[:, None, wrist], axis=-1)
        to_other = np.linalg.norm(points - xy[:, None, other], axis=-1)
        excess.append((to_wrist - to_other)[usable])
    doubts = np.concatenate(excess)
    return bool(len(doubts) and np.median(doubts) > 0)
