"""TRC (Motion Analysis; OpenSim, Pose2Sim): markers in space, a line a frame, between tabs.

PathFileType / DataRate.. and their values / Frame#, Time, markers / X1, Y1, Z1.. / numbers
-> (T, 1, V, 3) in meters; marker names are free, and taken for the joints of a known skeleton
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edgcn.base.errors import FileError
from edgcn.base.spelling import legible, tidy
from edgcn.base.spool import Spool
from edgcn.base.words import LISTED, named
from edgcn.readers.file_each import find_files, first_of, recordings_of
from edgcn.readers.labelling import Take
from edgcn.readers.named_joints import joint_map
from edgcn.readers.points import Choice, Points, points_of
from edgcn.readers.rates import Rate
from edgcn.readers.text.columns import Table, columns_in_parts, is_large, is_number, open_table
from edgcn.readers.times import ASIDE, on_time
from edgcn.skeleton.recording import Recordings
from edgcn.skeleton.topology import Topology

METERS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "meters": 1.0, "centimeters": 0.01,
          "millimeters": 0.001}  # fmt: skip
LINES = 8  # of heads at most, blank ones and the first of numbers included
NUMBERED = ("Frame#", "Time")
BINARY = f"expected lines of text with {' and '.join(NUMBERED)} before the names of markers"


class Head(NamedTuple):
    """What the first lines say.

    Args:
        table: the file, and how many of its lines are no numbers.
        scale: meters of a unit.
    """

    table: Table
    skip: int
    points: Points
    scale: float
    rate: float | None
    unit: str


def read_trc(
    path: Path,
    *,
    labels: Path | None = None,
    fps: Rate | None = None,
    topology: Topology | None = None,
    joints: str = "",
) -> Recordings:
    """Markers of motion capture or of triangulated poses, a .trc file each.

    Args:
        labels: a csv name,label[,subject] or name,label,start,end[,subject] as of `openpose`.
        fps: frames per second, instead of the times in the files.
        topology: the skeleton; by default the known one that has most of the markers.
        joints: markers that stand for joints, as in `LASI=left_hip,RASI=right_hip`.

    Raises:
        EdgcnError: nothing there, or no markers that are joints.
    """
    files = find_files(path, ["*.trc"], what=".trc files", hint="give a .trc file or a folder")
    choice = Choice(topology, joint_map(joints), 3, None if fps is not None else "auto")
    head = first_of(files, partial(_head, choice=choice))
    choice = replace(choice, topology=head.points.topology)
    return recordings_of(
        "trc",
        files,
        partial(_takes, choice=choice),
        topology=head.points.topology,
        dims=3,
        labels=labels,
        fps=fps,
        found_fps=head.rate,
        apart=is_large,
        remarks=[
            "" if fps is None else ASIDE,
            f"{head.points.joints.remark}; coordinates in {head.unit}, as the files say",
        ],
    )


def _head(path: Path, choice: Choice) -> Head:
    """The first lines of a file."""
    rows = open_table(path, lines=LINES, separator="\t").rows
    names = next((at for at, row in enumerate(rows) if row[:1] == [NUMBERED[0]]), -1)
    first = next((at for at, row in enumerate(rows) if at > names >= 2 and row and is_number(row[0])
                  ), -1)  # fmt: skip
    if names < 2:
        raise FileError(path, BINARY)
    if first < 0:
        raise FileError(path, "expected lines of numbers, got a header alone", line=len(rows))
    said = dict(zip(map(str.lower, rows[names - 2]), rows[names - 1], strict=False))
    unit = said.get("units", "").lower()
    if unit not in METERS:
        known = ", ".join(METERS)
        raise FileError(path, f"expected Units of {known}, got {unit[:20]!r}", line=names)
    markers = {2 + 3 * at: tidy(name) for at, name in enumerate(rows[names][2::3]) if tidy(name)}
    width = len(rows[first])
    if not markers or max(markers) + 3 > width:
        got = f"{len(markers)} markers ({named([*map(legible, markers.values())], most=LISTED)})"
        raise FileError(path, f"expected x, y, z of {got}, got {width} fields", line=first + 1)
    axes = {name: {"x": at, "y": at + 1, "z": at + 2} for at, name in markers.items()}
    if len(axes) < len(markers):
        twice = next(name for name in axes if [*markers.values()].count(name) > 1)
        raise FileError(
            path, f"expected each marker once, got {legible(twice)} twice", line=names + 1
        )
    heads = [f"{n + 1}" for n in range(width)]
    heads[: len(NUMBERED)] = NUMBERED
    for name, own in axes.items():
        for axis, at in own.items():
            heads[at] = f"{name} {axis}"
    rate = said.get("datarate", "")
    return Head(
        Table(path, "\t", [*[heads] * first]),
        first,
        points_of(path, axes, choice),
        METERS[unit],
        float(rate) if is_number(rate) and 0 < float(rate) < np.inf else None,
        unit,
    )


def _takes(path: Path, choice: Choice) -> Iterator[Take]:
    head = _head(path, choice)
    frames, counted = Spool((1, len(head.points.topology), 3)), [np.empty((0, 2))]
    used = head.points.used
    for part in columns_in_parts(head.table, skip=head.skip, numbers=used, exact=(0, 1)):
        frames.append(head.points.frames(part.values * np.float32(head.scale))[0])
        counted.append(part.exact)
    numbers, stamps = np.concatenate(counted).T
    whole = Take(frames.array(), fps=head.rate)
    timed = choice.time is not None and np.isfinite(stamps).all()
    yield on_time(
        path,
        whole,
        numbers=numbers,
        stamps=stamps if timed else None,
        column=NUMBERED[1],
        unit="s",
        known="times in column 'Time' are seconds, as option time says",
    )[0]
