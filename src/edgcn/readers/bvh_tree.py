"""BVH files (Biovision): a tree of joints with offsets and channels, and the motion of each frame.

text -> `parse_bvh` -> nodes, channels (T, C), seconds of a frame -> `positions` -> (T, nodes, 3)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.readers.rates import FASTEST
from edgcn.readers.text.files import numbers, read_lines, rows

CHANNEL = re.compile(r"([XYZ])(position|rotation)", re.IGNORECASE)
MOST_NODES, MOST_CHANNELS = 2000, 10_000
SLOWEST = 1.0  # seconds of a frame: more are milliseconds
BLOCK = 512  # frames at a time: each node has a matrix for each of them

Array = Float[np.ndarray, "..."]


@dataclass
class Node:
    """A joint, or the end site of one.

    Args:
        name: empty for an end site.
        parent: its number, -1 for a root.
        channels: axis (0, 1, 2), whether it turns, and the column of its values.
    """

    name: str
    parent: int
    offset: Float[np.ndarray, "3"] = field(default_factory=lambda: np.zeros(3))
    channels: list[tuple[int, bool, int]] = field(default_factory=list)


class Motion(NamedTuple):
    """A whole file."""

    nodes: list[Node]
    values: Float[np.ndarray, "t channels"]
    seconds: float


def parse_bvh(path: Path) -> Motion:
    """The tree and the motion of a file.

    Raises:
        FileError: it is no BVH, or its motion does not fit its tree; with the line.
    """
    lines = read_lines(path)
    nodes, columns, at = _tree(path, lines)
    while at < len(lines) and not lines[at].strip():
        at += 1
    total, at = _stated(path, lines, at, r"Frames\s*:")
    seconds, at = _stated(path, lines, at, r"Frame\s+Time\s*:")
    if not 1 / FASTEST <= seconds <= SLOWEST:
        reason = f"expected a frame time of {1 / FASTEST:g} to {SLOWEST:g} seconds, got {seconds:g}"
        raise FileError(path, reason, line=at)
    data = [(n, line) for n, line in enumerate(lines[at:], at + 1) if line.strip()]
    if len(data) != total:
        reason = f"expected {total:g} lines of motion as Frames says, got {len(data)}"
        raise FileError(path, f"{reason}; is the file cut off?", line=at)
    if not columns or not data:
        raise FileError(path, "expected joints with channels and frames of motion, got none")
    text, places = [line.strip() for _, line in data], [n for n, _ in data]
    return Motion(nodes, rows(path, text, columns, line_nos=places), seconds)


def _stated(path: Path, lines: list[str], at: int, word: str) -> tuple[float, int]:
    """The number behind a word, and the line after it."""
    found = re.fullmatch(rf"\s*{word}(.*)", lines[at], re.IGNORECASE) if at < len(lines) else None
    if found is None:
        plain = word.replace("\\s*", "").replace("\\s+", " ")
        raise FileError(path, f"expected {plain} and a number", line=at + 1)
    (value,) = numbers(path, at + 1, found[1], 1).tolist()
    return value, at + 1


def _tree(path: Path, lines: list[str]) -> tuple[list[Node], int, int]:
    """The nodes, how many channels they have, and the line after MOTION."""
    nodes, open_nodes, columns, waiting = list[Node](), list[int](), 0, False
    if not lines or lines[0].strip().upper() != "HIERARCHY":
        raise FileError(path, "expected BVH, whose first line is HIERARCHY", line=1)
    for number, line in enumerate(lines[1:], 2):
        for words in _statements(line):
            match words[0].upper():
                case "MOTION" if not open_nodes and nodes:
                    return nodes, columns, number
                case "ROOT" | "JOINT" | "END":
                    if (words[0].upper() == "ROOT") != (not open_nodes) or waiting:
                        raise FileError(path, f"{words[0]} stands in no place for it", line=number)
                    name = "" if words[0].upper() == "END" else " ".join(words[1:])
                    if len(nodes) == MOST_NODES:
                        raise FileError(path, f"expected at most {MOST_NODES} joints", line=number)
                    nodes.append(Node(name, open_nodes[-1] if open_nodes else -1))
                    waiting = True
                case "{" if waiting:
                    open_nodes.append(len(nodes) - 1)
                    waiting = False
                case "}" if open_nodes and not waiting:
                    open_nodes.pop()
                case "OFFSET" if open_nodes:
                    text = " ".join(words[1:])
                    nodes[open_nodes[-1]].offset = numbers(path, number, text, 3)
                case "CHANNELS" if open_nodes:
                    node = nodes[open_nodes[-1]]
                    node.channels = _channels(path, number, words, columns)
                    columns += len(node.channels)
                case _:
                    reason = f"expected a statement of a BVH hierarchy, got {line.strip()[:40]!r}"
                    raise FileError(path, reason, line=number)
    raise FileError(path, "expected MOTION after the hierarchy, got the end of the file")


def _statements(line: str) -> list[list[str]]:
    """The words of each statement of a line; braces may share it."""
    parts = re.split(r"([{}])", line)
    return [part.split() for part in parts if part.strip()]


def _channels(path: Path, line: int, words: Sequence[str], column: int) -> list[
    tuple[int, bool, int]
]:  # fmt: skip
    kinds = [CHANNEL.fullmatch(word) for word in words[2:]]
    if not words[1:] or words[1] != f"{len(kinds)}" or not all(kinds):
        reason = f"expected CHANNELS, their number and names, got {' '.join(words)[:60]!r}"
        raise FileError(path, reason, line=line)
    if column + len(kinds) > MOST_CHANNELS:
        raise FileError(path, f"expected at most {MOST_CHANNELS} channels", line=line)
    return [
        ("XYZ".index(kind[1].upper()), kind[2].lower() == "rotation", column + n)
        for n, kind in enumerate(kinds)
        if kind is not None
    ]


def positions(motion: Motion, wanted: Sequence[int]) -> Float[np.ndarray, "t wanted 3"]:
    """Where nodes are in each frame, as float32 in the file's own axes and unit."""
    found = np.zeros((len(motion.values), len(wanted), 3), dtype=np.float32)
    moves = _moves(motion)
    for start in range(0, len(found), BLOCK):
        part = motion.values[start : start + BLOCK]
        places = list[Array]()
        turns = list[Array]()
        for number, node in enumerate(motion.nodes):
            place, turn = _local(node, part, moves[number])
            if node.parent >= 0:
                place = places[node.parent] + (turns[node.parent] @ place[..., None])[..., 0]
                turn = turns[node.parent] @ turn
            places.append(place)
            turns.append(turn)
        found[start : start + BLOCK] = np.stack([places[node] for node in wanted], axis=1)
    return found


def _local(node: Node, values: Array, replaces: bool) -> tuple[Array, Array]:
    """Place and rotation in the parent's axes: rotations apply in the order of the channels."""
    place = np.repeat(node.offset[None], len(values), axis=0)
    turn = np.repeat(np.eye(3)[None], len(values), axis=0)
    for axis, turns, column in node.channels:
        if turns:
            turn = turn @ _rotation(axis, np.radians(values[:, column]))
        elif replaces:
            place[:, axis] = values[:, column]
        else:
            place[:, axis] += values[:, column]
    return place, turn


def _rotation(axis: int, angle: Float[np.ndarray, " t"]) -> Float[np.ndarray, "t 3 3"]:
    matrix = np.zeros((len(angle), 3, 3))
    one, two = (axis + 1) % 3, (axis + 2) % 3
    matrix[:, axis, axis] = 1
    matrix[:, one, one] = matrix[:, two, two] = np.cos(angle)
    matrix[:, two, one] = np.sin(angle)
    matrix[:, one, two] = -np.sin(angle)
    return matrix


def _moves(motion: Motion) -> list[bool]:
    """Whether a node's positions stand in place of its offset: where they are nearer it than 0.

    Of a root they are added, as the format's authors say; others are left to the tool.
    """
    found = []
    for node in motion.nodes:
        moved = [(axis, column) for axis, turns, column in node.channels if not turns]
        axes, columns = [axis for axis, _ in moved], [column for _, column in moved]
        given = motion.values[:, columns]
        far, near = np.abs(given).sum(), np.abs(given - node.offset[axes]).sum()
        found.append(bool(node.parent >= 0 and moved and near < far))
    return found
