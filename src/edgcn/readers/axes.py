"""Columns of a table by joint: `left_wrist_x`, `LEFT_WRIST.X`, `x_left_wrist`, `WristLeftPosX`.

heads -> for each joint its columns of x, y, z and confidence; what else there is, by name
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

AXES = {
    **dict.fromkeys(("x", "y", "z"), ""),
    **dict.fromkeys(
        ("c", "conf", "confidence", "score", "likelihood", "visibility", "vis", "prob",
         "probability", "v"), "c",
    ),
}  # fmt: skip
# Beside an axis: of no account, or a sign that the column is no position.
FILLERS = ("pos", "position", "loc", "location", "coord", "translation", "world", "px", "pixel",
           "pixels", "mm", "cm", "m")  # fmt: skip
NO_PLACE = ("rot", "rotation", "orientation", "quat", "quaternion", "vel", "velocity", "acc",
            "acceleration", "std", "var", "angle", "error", "presence")  # fmt: skip
LONGEST = 200  # characters of a joint's name and its axis
_COLON_END, _CAMEL_END = re.compile(r":([xyzXYZ])$"), re.compile(r"(?<=[a-z0-9])([XYZ])$")
_CAMEL_START = re.compile(r"^([xyz])(?=[A-Z])")
_CAMEL_POS = re.compile(r"(?<=[a-z0-9])(Pos|Position)$")


@dataclass
class Axes:
    """Which columns are what, counted from 0.

    Args:
        joints: of each joint, in the order of the file: x, y, z, c -> column.
        others: columns that are no joint's, by their name in lower case.
    """

    joints: dict[str, dict[str, int]] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)

    def whole(self, axes: str) -> list[str]:
        """The joints that have all of these axes."""
        return [joint for joint, own in self.joints.items() if set(axes) <= own.keys()]


def find_axes(names: Sequence[str]) -> Axes:
    """The columns of joints, whatever the style of their names; of one axis the first column."""
    found = Axes()
    for column, name in enumerate(names):
        joint, axis = split_axis(name)
        if joint and axis:
            found.joints.setdefault(joint, {}).setdefault(axis, column)
        elif name.strip():
            found.others.setdefault(name.strip().lower(), column)
    return found


def split_axis(name: str) -> tuple[str, str]:
    """A column's joint and axis (x, y, z or c); nothing where it is no joint's position."""
    words = _words(name) if len(name) <= LONGEST else []
    lower = [word.lower() for word in words]
    if any(word in NO_PLACE for word in lower):
        return "", ""
    while len(words) > 2 and lower[-1] in FILLERS:
        words, lower = words[:-1], lower[:-1]
    for at in (-1, 0):
        if len(words) > 1 and lower[at] in AXES:
            rest = words[:-1] if at else words[1:]
            while len(rest) > 1 and rest[at].lower() in FILLERS:
                rest = rest[:-1] if at else rest[1:]
            return "_".join(rest), AXES[lower[at]] or lower[at]
    return "", ""


def _words(name: str) -> list[str]:
    for pattern, spaced in ((_COLON_END, r"_\1"), (_CAMEL_END, r"_\1"), (_CAMEL_START, r"\1_")):
        name = pattern.sub(spaced, name.strip())
    parts = [_CAMEL_POS.sub("", part) for part in re.split(r"[^0-9A-Za-z:]+", name)]
    return [part for part in parts if part]
