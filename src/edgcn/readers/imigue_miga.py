"""iMiGUE as the MiGA challenge (IJCAI 2023) releases it: 35 keypoints a frame, one folder a video.

0001_light_hand.csv, (T, 106) = frame number, BODY_25, two times 5 finger points -> (T, 1, 22, 3)
with the segments of 0001_label.csv.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from edgcn.base.errors import FileError
from edgcn.base.files import check_file
from edgcn.readers.imigue_gestures import (
    BODY,
    CLASSES,
    DOUBTFUL,
    EMPTY,
    Gesture,
    Video,
    label_of,
    unlabelled,
    whole,
)
from edgcn.readers.imigue_table import NAME, TRAIN, read_table
from edgcn.readers.label_table import shared
from edgcn.readers.text.columns import is_number
from edgcn.readers.text.files import integers, label_rows, read_lines, rows, stream
from edgcn.readers.text.folders import find
from edgcn.skeleton.layouts import BODY_25, MIGA_22
from edgcn.skeleton.recording import Recording, Recordings, Skipped, SplitRule

ENDING = "_light_hand.csv"
KEYPOINTS = 35
COLUMNS = 1 + 3 * KEYPOINTS
FIRST_HAND, SECOND_HAND = slice(25, 30), slice(30, 35)  # left, then right; in some copies not
SHOULDERS = [BODY_25.index(joint) for joint in ("LShoulder", "RShoulder")]
WRISTS = [BODY_25.index(joint) for joint in ("LWrist", "RWrist")]
LOOKED_AT = 2**18  # bytes of each file that tell whose hand comes first
NOBODY = (
    f"recordings have no subject without {NAME} beside them; all 5 people of `validate` are in "
    f"`train` as well"
)
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
    people, tables = _people(path)
    left_first, hands = _order_of_hands(paths)
    return Recordings(
        reader="imigue",
        topology=MIGA_22,
        classes=CLASSES,
        recordings=stream(
            paths, partial(_read_one, root=path, people=people, left_first=left_first)
        ),
        fps=fps,
        units="px",
        dims=2,
        total=len(paths),
        splits=_splits({_role(file, path) for file in paths})
        | ({"subject": SplitRule("subject", train=tuple(map(str, TRAIN)))} if people else {}),
        sources=(
            *tables,
            *(f for file in paths for f in (file, _labels_of(file)) if f.is_file()),
        ),
        note="; ".join(filter(None, ("" if people else NOBODY, hands, unlabelled(bare)))),
    )


def _people(root: Path) -> tuple[dict[int, str], list[Path]]:
    """Who is in a video, by the full release's label table where it lies anywhere here."""
    tables = sorted(root.glob(f"**/{NAME}"))[:1]
    people = {}
    for table in tables:
        rows_of, _ = read_table(table)
        people = {video: shared(row.subject for row in rows) for video, rows in rows_of.items()}
    return people, tables


def _order_of_hands(files: list[Path]) -> tuple[bool, str]:
    """Whether the left hand comes first, by the frames that tell, and a note on it.

    Where hands are folded, OpenPose finds both at one place: only wrists further apart than the
    shoulders tell whose fingers are whose. One order for the whole release.
    """
    left = right = 0
    for file in files:
        try:
            video = _keypoints(_rows(file, _beginning(file)))
        except (FileError, OSError):
            continue  # it is named when it is read
        nearer = _left_is_nearer(video)
        left, right = left + int(nearer.sum()), right + int((~nearer).sum())
    if not left and not right:
        return True, "the left hand is taken to come first: no frame tells"
    side = "left" if left >= right else "right"
    told = f"by {max(left, right)} of {left + right} frames with hands far apart"
    return left >= right, f"the {side} hand comes first in the files, {told}"


def _left_is_nearer(video: Video) -> Bool[np.ndarray, "told"]:
    """For each frame that tells: whether the first hand is nearer to the left wrist."""
    xy = video[..., :2].astype(np.float64)
    seen = (xy != 0).any(axis=-1)
    (left, right), (one, other) = (
        (xy[:, joints[0]], xy[:, joints[1]]) for joints in (WRISTS, SHOULDERS)
    )
    apart = np.linalg.norm(left - right, axis=-1) > np.linalg.norm(one - other, axis=-1)
    apart &= seen[:, [*WRISTS, *SHOULDERS, *range(25, 35)]].all(axis=1)
    first, second = (xy[:, hand].mean(axis=1) for hand in (FIRST_HAND, SECOND_HAND))
    straight = np.linalg.norm(first - left, axis=-1) + np.linalg.norm(second - right, axis=-1)
    crossed = np.linalg.norm(first - right, axis=-1) + np.linalg.norm(second - left, axis=-1)
    return np.asarray((straight < crossed)[apart & (straight != crossed)])


def _beginning(file: Path) -> list[str]:
    """The first whole lines of a file."""
    check_file(file)
    with file.open("rb") as opened:
        text = opened.read(LOOKED_AT)
    lines = text.decode("utf-8-sig", errors="replace").splitlines()
    return lines[:-1] if len(text) == LOOKED_AT else lines


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


def _read_one(
    file: Path, *, root: Path, people: dict[int, str], left_first: bool
) -> Iterator[Recording | Skipped]:
    if _number(file) in EMPTY:
        yield Skipped(str(file), "listed as empty by the data set", known=True)
        return
    table, labels = _rows(file, read_lines(file)), _labels_of(file)
    video = arranged(_keypoints(table), left_first=left_first)
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
        subject=people.get(_number(file), ""),
    )


def _gesture(labels: Path, line_no: int, line: str) -> Gesture:
    """One row id,start,end."""
    number, start, end = integers(labels, line_no, line, 3, separator=",")
    return Gesture(line_no, label_of(labels, line_no, number), start, end)


def read_light_hand(file: Path, *, left_first: bool = True) -> Float[np.ndarray, "t 22 3"]:
    """One video in the joint order of MIGA_22, as `arranged` has it."""
    return arranged(_keypoints(_rows(file, read_lines(file))), left_first=left_first)


def arranged(points: Video, *, left_first: bool = True) -> Float[np.ndarray, "t 22 3"]:
    """A video's points in the joint order of MIGA_22.

    Args:
        left_first: whose fingers come first in the file.
    """
    right, left = (SECOND_HAND, FIRST_HAND) if left_first else (FIRST_HAND, SECOND_HAND)
    return np.concatenate([points[:, list(BODY)], points[:, right], points[:, left]], axis=1)


def _rows(file: Path, lines: list[str]) -> Float[np.ndarray, "t 106"]:
    """All numbers of these lines of a file, a header left out."""
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
    """The 35 points of all columns, in the file's order."""
    return table[:, 1:].reshape(-1, KEYPOINTS, 3)


def _is_header(line: str) -> bool:
    """Whether a first row names its columns, be it by counting them (0, 1, 2, ... 105)."""
    fields = [field.strip() for field in line.split(",")]
    counted = [str(number) for number in range(len(fields))]
    return _is_names(line) or fields[1:] in (counted[1:], counted[:-1])


def _is_names(line: str) -> bool:
    """Whether no field is a number."""
    return not any(is_number(field) for field in line.split(","))
