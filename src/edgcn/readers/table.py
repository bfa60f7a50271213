"""Any table of text whose columns are named by joint and axis: one row a frame.

time,left_wrist_x,left_wrist_y,left_wrist_score,... -> (T, 1, V, 3) on the known skeleton that has
most of the joints. Such are the csv files of MoveNet, YOLO, Pose2Sim and many a script.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.base.spelling import tidy
from edgcn.readers.file_each import Take, find_files, first_of, recordings_of
from edgcn.readers.frame_times import Unit, clock_of, on_time
from edgcn.readers.named_joints import joint_map
from edgcn.readers.points import Choice
from edgcn.readers.rates import Rate
from edgcn.readers.table_layout import Layout, layout_of
from edgcn.readers.text.columns import open_table, read_columns
from edgcn.skeleton.recording import Recordings
from edgcn.skeleton.topology import Topology

LOOKED_AT = 200  # rows that tell the rate of a set
PATTERNS = ("*.csv", "*.tsv", "*.txt")


def read_table_of_joints(
    path: Path,
    *,
    labels: Path | None = None,
    fps: Rate | None = None,
    topology: Topology | None = None,
    joints: str = "",
    dims: Literal[2, 3] | None = None,
    time: Unit = "auto",
    min_confidence: float = 0.0,
) -> Recordings:
    """Tables of csv, tsv or txt, one or a folder of them, whose first line names the columns.

    A column is a joint's by its name and axis in any style: `left_wrist_x`, `LEFT_WRIST.X`,
    `x_left_wrist`, `Wrist_L_x`; `score`, `likelihood` or `visibility` in place of the axis is its
    confidence. Columns of times, frame numbers, persons, files, labels and subjects are known by
    usual names. Each person of each file is a recording; rows of one label in a row are a segment.

    Args:
        labels: a csv name,label[,subject] or name,label,start,end[,subject] as of `openpose`.
        fps: frames per second; by default as times tell, else 30.
        topology: the skeleton; by default the known one that has most of the joints.
        joints: names of the table that stand for joints, as in `paw_l=left_wrist,snout=nose`.
        dims: 2 leaves z out; by default z is taken where all joints have it.
        time: unit of the times; by default as the column's name or the steps tell.
        min_confidence: points below are not seen.

    Raises:
        EdgcnError: nothing there, or no table whose columns are joints.
    """
    hint = "give a table, or the folder that holds them"
    files = find_files(path, PATTERNS, what="tables", hint=hint)
    choice = Choice(topology, joint_map(joints), dims, time, min_confidence)
    files = replace(files, paths=[file for file in files.paths if file != labels])
    layout = first_of(files, partial(layout_of, choice=choice))
    choice = replace(choice, topology=layout.points.topology, dims=layout.points.dims)
    classes: set[str] = set()
    if labels is None:
        for file in files.paths:
            classes |= _labels_in(file, choice)
    if classes:  # what rows say is nearer than a folder's name
        files = replace(files, folders=dict.fromkeys(files.paths, ""))
    return recordings_of(
        "table",
        files,
        partial(_takes, choice=choice),
        topology=layout.points.topology,
        dims=layout.points.dims,
        labels=labels,
        own_classes=sorted(classes),
        fps=fps,
        found_fps=first_of(files, partial(_rate, choice=choice)),
        several=bool({"person", "file"} & layout.words.keys()),
        remarks=[layout.remark],
    )


def _labels_in(path: Path, choice: Choice) -> set[str]:
    """The labels that stand in a table; none of one that cannot be read, which is named later."""
    try:
        layout = layout_of(path, choice)
        if "label" not in layout.words:
            return set()
        read = read_columns(layout.text, words=[layout.words["label"]])
    except (FileError, OSError):
        return set()
    return {tidy(word) for word in set(read.words[0])} - {""}


def _rate(path: Path, choice: Choice) -> float | None:
    """Frames per second by the first times of a table."""
    layout = layout_of(path, choice)
    if layout.clock < 0:
        return None
    rows = open_table(path, lines=LOOKED_AT).rows[1:]
    try:
        stamps = np.unique([float(row[layout.clock]) for row in rows])
    except (ValueError, IndexError):
        return None
    name = layout.text.rows[0][layout.clock]
    clock = clock_of(path, stamps, name=name, unit=choice.time)
    return None if clock is None else clock.fps


def _takes(path: Path, choice: Choice) -> Iterator[Take]:
    """Each person of each file that a table names."""
    layout = layout_of(path, choice)
    exact = [column for column in (layout.clock, layout.number) if column >= 0]
    read = read_columns(
        layout.text, numbers=layout.points.used, exact=exact, words=[*layout.words.values()]
    )
    words = dict(zip(layout.words, read.words, strict=True))
    groups = _groups(words, len(read.values))
    for name, rows in groups.items():
        frames, scores = layout.points.frames(read.values[rows], least=choice.min_confidence)
        stamps = dict(zip(exact, read.exact[rows].T, strict=True))
        take = Take(frames, name, scores=scores)
        yield _timed(path, layout, choice, take, stamps, _chosen(words, rows))


def _groups(words: Mapping[str, list[str]], total: int) -> dict[str, Any]:
    """The rows of each person of each file, by the name of the two; all rows where there is one."""
    keys = [words[what] for what in ("file", "person") if len(set(words.get(what, ()))) > 1]
    if not keys:
        return {"": slice(None)}
    groups: dict[str, list[int]] = {}
    for row, key in enumerate(zip(*keys, strict=True)):
        groups.setdefault("/".join(map(tidy, key)), []).append(row)
    return {name: np.array(rows) for name, rows in groups.items()}


def _chosen(words: Mapping[str, list[str]], rows: Any) -> dict[str, list[str]]:
    if isinstance(rows, slice):
        return dict(words)
    return {what: [own[row] for row in rows.tolist()] for what, own in words.items()}


def _timed(
    path: Path,
    layout: Layout,
    choice: Choice,
    take: Take,
    stamps: Mapping[int, Float[np.ndarray, " t"]],
    words: Mapping[str, list[str]],
) -> Take:
    """The take with its rate, its times, its frames at their numbers, and its labels."""
    take, places = on_time(
        path,
        take,
        numbers=stamps.get(layout.number),
        stamps=stamps.get(layout.clock),
        name=layout.text.rows[0][layout.clock],
        unit=choice.time,
    )
    subject = _one(words.get("subject", []))
    return replace(take, subject=subject, spans=_spans(words.get("label", []), places.tolist()))


def _one(words: Sequence[str]) -> str:
    """The one word that stands in all rows."""
    different = {tidy(word) for word in words} - {""}
    return different.pop() if len(different) == 1 else ""


def _spans(words: Sequence[str], places: Sequence[int]) -> tuple[tuple[int, int, str], ...]:
    """Rows of one label one after the other, by their frames."""
    spans, start = list[tuple[int, int, str]](), 0
    for row in range(1, len(words) + 1):
        if row == len(words) or words[row] != words[start]:
            if word := tidy(words[start]):
                spans.append((places[start], places[row - 1] + 1, word))
            start = row
    return tuple(spans)
