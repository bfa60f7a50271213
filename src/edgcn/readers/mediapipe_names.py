"""Which column of a table has which landmark: MediaPipe's by name or number, however it is spelled.

x1,y1,z1,v1,... / X_NOSE,Y_NOSE,... / left_wrist_x,... -> a part, a landmark and an axis each
"""

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from edgcn.base.errors import FileError
from edgcn.base.words import count, named
from edgcn.skeleton.layouts import HAND_21, MEDIAPIPE_33
from edgcn.skeleton.names import canonical

WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
AXES = {
    "x": "x", "y": "y", "z": "z",
    **dict.fromkeys(("v", "vis", "visibility", "visible", "confidence", "conf", "score",
                     "likelihood"), "v"),
    **dict.fromkeys(("presence", "pres"), "presence"),
}  # fmt: skip
FILLERS = {
    "landmark", "landmarks", "lm", "point", "keypoint", "kp", "kpt", "joint", "body", "pose",
    "mediapipe", "mp", "marker", "finger", "p",
}  # fmt: skip
HANDS = {"lh": "left", "rh": "right"}
POSE = {canonical(joint): index for index, joint in enumerate(MEDIAPIPE_33.joints)}
HAND = {canonical(joint): index for index, joint in enumerate(HAND_21.joints)}
WRIST = {"left": POSE["left_wrist"], "right": POSE["right_wrist"]}
RIGHT_NAMES = 31  # of 33 that stand where MediaPipe has them, where a header names one twice
# How many points of which parts, one after the other; faces have 468 points, or 478 with irises.
PARTS: dict[int, tuple[tuple[str, int], ...]] = {
    21: (("hand", 21),),
    33: (("pose", 33),),
    75: (("pose", 33), ("left", 21), ("right", 21)),
    501: (("pose", 33), ("face", 468)),
    511: (("pose", 33), ("face", 478)),
    543: (("pose", 33), ("face", 468), ("left", 21), ("right", 21)),
    553: (("pose", 33), ("face", 478), ("left", 21), ("right", 21)),
}

Place = tuple[str, int]  # part and number in it


class Heading(NamedTuple):
    """What the columns of a table are.

    Args:
        columns: of each landmark and axis.
        other: columns that are no landmarks, by number.
        notes: what was assumed.
    """

    columns: dict[tuple[Place, str], int]
    other: dict[int, str]
    notes: tuple[str, ...]

    @property
    def parts(self) -> set[str]:
        """Which parts of a person there are."""
        return {part for (part, _), _ in self.columns}


def read_heading(path: Path, fields: Sequence[str]) -> Heading:
    """The landmarks in the first line of a table.

    Raises:
        FileError: there are none, or one is there twice.
    """
    found = [_parsed(field) for field in fields]
    if not any(found):
        raise FileError(
            path,
            f"expected columns of landmarks (x1,y1,z1,v1,... or X_NOSE,... or left_wrist_x,...), "
            f"got {named([repr(field[:20]) for field in fields])}",
            line=1,
        )
    other = {n: field for n, (field, parsed) in enumerate(zip(fields, found, strict=True))
             if parsed is None}  # fmt: skip
    notes = ["the face is left out"] * any(key and key[0] == "face" for key in found)
    found = [None if key and key[0] == "face" else key for key in found]
    numbered = [key for key in found if key and key[0] == "number"]
    places: dict[tuple[str, str], Place] = {}
    if numbered:
        places = _by_number(path, {int(key[1]) for key in numbered}, notes)
    keys = [
        None if key is None else (places.get(key[:2]) or (key[0], _index(key)), key[2])
        for key in found
    ]
    if len(set(keys) - {None}) < sum(key is not None for key in keys):
        keys = _by_order(path, fields, found, notes)
    columns = {key: n for n, key in enumerate(keys) if key is not None and key[1] != "presence"}
    columns = _from_0(_own_wrists(columns))
    if any(part in ("face", "rest") for (part, _), _ in columns):
        notes += ["the face is left out"] * (any(part == "face" for (part, _), _ in columns))
        columns = {key: n for key, n in columns.items() if key[0][0] not in ("face", "rest")}
    lacking = [place for place, axis in columns if axis == "x" and (place, "y") not in columns]
    if lacking or not any(axis == "x" for _, axis in columns):
        raise FileError(
            path, "expected columns x and y for each landmark, got x or y alone", line=1
        )
    return Heading(columns, other, tuple(notes))


def _parsed(field: str) -> tuple[str, str, str] | None:
    """Part, name or number, and axis of a column; None where it is no landmark's."""
    words = [word.lower() for word in WORDS.findall(field)]
    if len(words) < 2:
        return None
    axis = AXES.get(words[0]) or AXES.get(words[-1])
    rest = words[1:] if words[0] in AXES else words[:-1]
    if axis is None:
        return None
    part = "hand" if "hand" in rest else "face" if "face" in rest else ""
    side = next((word for word in rest if word in ("left", "right")), "")
    for word in rest:
        if word in HANDS:
            part, side = "hand", HANDS[word]
    rest = [word for word in rest if word not in FILLERS and word not in HANDS and word != "hand"]
    if part == "face":
        return "face", "_".join(rest), axis
    plain = [word for word in rest if word not in ("left", "right")]
    if part == "hand" and side:
        name = canonical("_".join(plain))
        known = name.isdecimal() and len(name) < 4 and int(name) <= len(HAND_21)
        return (side, name, axis) if known or name in HAND else None
    if len(rest) == 1 and rest[0].isdecimal():
        return "number", f"{int(rest[0][:6])}", axis
    name = canonical("_".join(rest))
    if name in POSE:
        return "pose", name, axis
    finger = canonical("_".join(plain))
    if finger in HAND:
        return side or "hand", finger, axis
    return None


def _index(key: tuple[str, str, str]) -> int:
    """The number of a landmark in its part."""
    part, name, _ = key
    if name.isdecimal():
        return int(name)
    return POSE[name] if part == "pose" else HAND[name]


def _by_number(path: Path, numbers: set[int], notes: list[str]) -> dict[tuple[str, str], Place]:
    """Landmarks that are only numbered: from 0 or 1 on."""
    first, points = min(numbers), len(numbers)
    if first > 1 or max(numbers) != first + points - 1:
        raise FileError(
            path,
            f"expected landmarks numbered one after the other from 0 or 1, got {points} from "
            f"{first} to {max(numbers)}",
            line=1,
        )
    known = PARTS.get(points)
    if known is None and points < len(POSE):
        raise FileError(
            path, f"expected 33 landmarks or more (or 21 of a hand), got {points}", line=1
        )
    if known is None:
        known = (("pose", 33), ("rest", points - 33))
        notes.append(f"of {points} landmarks the first 33 are kept, the body's")
    places = [(part, n) for part, size in known for n in range(size)]
    return {("number", f"{first + n}"): place for n, place in enumerate(places)}


def _by_order(
    path: Path,
    fields: Sequence[str],
    found: Sequence[tuple[str, str, str] | None],
    notes: list[str],
) -> list[tuple[Place, str] | None]:
    """The landmarks of a header that names one twice, as Masked-Piper's does."""
    runs = [
        (key, [n for n, _ in group])
        for key, group in groupby(enumerate(found), key=lambda item: item[1] and item[1][:2])
        if key is not None
    ]
    right = sum(POSE.get(name) == n for n, ((_, name), _) in enumerate(runs))
    keys: list[tuple[Place, str] | None] = [None] * len(fields)
    if len(runs) != len(POSE) or right < RIGHT_NAMES:
        known = [key for key in found if key is not None]
        again = next(key for n, key in enumerate(known) if key in known[:n])
        twice = [field for field, key in zip(fields, found, strict=True) if key == again][1]
        raise FileError(path, f"expected each landmark once, got {twice!r} again", line=1)
    for index, (_, columns) in enumerate(runs):
        for n in columns:
            own = found[n]
            assert own is not None
            keys[n] = (("pose", index), own[2])
    wrong = count(len(POSE) - right, "name")
    notes.append(f"landmarks are taken in MediaPipe's order, since the header has {wrong} wrong")
    return keys


def _own_wrists(columns: dict[tuple[Place, str], int]) -> dict[tuple[Place, str], int]:
    """Hands alone: what is called a wrist is that of the hand."""
    body = {n for (part, n), _ in columns if part == "pose"}
    if not body or body - {*WRIST.values()}:
        return columns
    return {
        ((next(side for side, n in WRIST.items() if n == number), 0), axis)
        if part == "pose" else ((part, number), axis): column
        for ((part, number), axis), column in columns.items()
    }  # fmt: skip


def _from_0(columns: dict[tuple[Place, str], int]) -> dict[tuple[Place, str], int]:
    """Hands whose points are numbered 1 to 21 from 0 on."""
    from_1 = {part for (part, number), _ in columns if part != "pose" and number == len(HAND_21)}
    return {
        ((part, number - (part in from_1)), axis): column
        for ((part, number), axis), column in columns.items()
    }
