"""Any table of text whose columns are named by joint and axis: one row a frame.

time,left_wrist_x,left_wrist_y,left_wrist_score,... -> (T, 1, V, 3) on the known skeleton that has
most of the joints. Such are the csv files of MoveNet, YOLO, Pose2Sim and many a script.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from edgcn.base.errors import FileError
from edgcn.base.spelling import tidy
from edgcn.base.spool import Spool, parts
from edgcn.readers.file_each import find_files, first_of, recordings_of
from edgcn.readers.labelling import Runs, Take, label_in
from edgcn.readers.named_joints import joint_map
from edgcn.readers.points import Choice
from edgcn.readers.rates import Confidence, Rate
from edgcn.readers.table_layout import Layout, layout_of
from edgcn.readers.text.columns import columns_in_parts, is_large, open_table
from edgcn.readers.times import ASIDE, Clock, Unit, on_time, read_clock
from edgcn.skeleton.recording import Recordings
from edgcn.skeleton.topology import Topology

LOOKED_AT = 200  # rows that tell the rate of a set
CHOSEN = 2**12  # rows that are taken at a time
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
    min_confidence: Confidence = 0.0,
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
    unit = time if fps is None else None
    choice = Choice(topology, joint_map(joints), dims, unit, float(min_confidence))
    files = replace(files, paths=[file for file in files.paths if file != labels])
    layout = first_of(files, partial(layout_of, choice=choice))
    choice = replace(choice, topology=layout.points.topology, dims=layout.points.dims)
    classes = set[str]().union(*(_labels_in(file, choice) for file in files.paths if not labels))
    clock = first_of(files, partial(_clock, choice=choice))
    return recordings_of(
        "table",
        files,
        partial(_takes, choice=replace(choice, said=clock.note if clock else "")),
        topology=layout.points.topology,
        dims=layout.points.dims,
        labels=labels,
        own_classes=sorted(classes),
        fps=fps,
        found_fps=round(clock.fps, 3) if clock else None,
        several=bool({"person", "file"} & layout.words.keys()),
        apart=is_large,
        remarks=[
            layout.remark,
            clock.note if clock else ASIDE if fps is not None and layout.clock >= 0 else "",
        ],
    )


def _labels_in(path: Path, choice: Choice) -> set[str]:
    """The labels that stand in a table; none of one that cannot be read, which is named later."""
    found = set[str]()
    try:
        layout = layout_of(path, choice)
        if "label" in layout.words:
            for part in columns_in_parts(layout.text, words=[layout.words["label"]]):
                found |= {*map(label_in, {*part.words[0]})}
    except (FileError, OSError):
        return set()
    return found - {""}


def _clock(path: Path, choice: Choice) -> Clock | None:
    """The clock by the first times of a table."""
    layout = layout_of(path, choice)
    if layout.clock < 0 or choice.time is None:
        return None
    rows = open_table(path, lines=LOOKED_AT).rows[1:]
    try:
        stamps = np.unique([float(row[layout.clock]) for row in rows])
        return read_clock(path, layout.text.rows[0][layout.clock], stamps, choice.time)
    except (ValueError, IndexError, FileError):
        return None  # it is named when it is read


class Coded(NamedTuple):
    """A column of words: each different one, and for each row which of them it is."""

    different: list[str]
    codes: Int[np.ndarray, " rows"]

    def of(self, rows: "Rows") -> list[str]:
        """The words of these rows."""
        return [self.different[code] for code in self.codes[rows].tolist()]


class _Words:
    """A column of words that comes a part at a time."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._codes: list[Int[np.ndarray, " rows"]] = []

    def add(self, words: list[str]) -> None:
        known = self._known
        codes = (known.setdefault(word, len(known)) for word in words)
        self._codes.append(np.fromiter(codes, dtype=np.int32, count=len(words)))

    def coded(self) -> Coded:
        """The whole column, words in one form of Unicode."""
        different = [*dict.fromkeys(map(tidy, self._known))]
        places = {word: place for place, word in enumerate(different)}
        places_of = np.array([places[tidy(word)] for word in self._known], dtype=np.int64)
        return Coded(different, places_of[np.concatenate(self._codes)])


def _takes(path: Path, choice: Choice) -> Iterator[Take]:
    """Each person of each file that a table names."""
    layout = layout_of(path, choice)
    exact, points, least = layout.exact, layout.points, choice.min_confidence
    frames = Spool((1, len(points.topology), 3))
    scores = Spool((1, len(points.topology))) if points.confident and points.dims == 3 else None
    words, counted = {what: _Words() for what in layout.words}, [np.empty((0, len(exact)))]
    for part in layout.rows():
        own, sure = points.frames(part.values, least=least)
        frames.append(own)
        if scores is not None and sure is not None:
            scores.append(sure)
        counted.append(part.exact)
        for column, more in zip(words.values(), part.words, strict=True):
            column.add(more)
    whole = Take(frames.array(), scores=scores.array() if scores is not None else None)
    stamps = dict(zip(exact, np.concatenate(counted).T, strict=True))
    if not len(whole.frames):
        raise FileError(path, "expected a line for each frame, got a header alone", line=1)
    coded = {what: column.coded() for what, column in words.items()}
    for name, rows in _groups(coded, len(frames)).items():
        take = replace(
            whole,
            person=name,
            frames=_chosen(whole.frames, rows),
            scores=None if whole.scores is None else _chosen(whole.scores, rows),
        )
        yield _timed(path, layout, choice, take, rows, stamps, coded)


Rows = slice | Int[np.ndarray, " rows"]


def _groups(words: Mapping[str, Coded], total: int) -> dict[str, Rows]:
    """The rows of each person of each file, by the name of the two; all rows where there is one."""
    several = [words[what] for what in ("file", "person") if what in words
               and len(words[what].different) > 1]  # fmt: skip
    if not several:
        return {"": slice(None)}
    codes = np.zeros(total, dtype=np.int64)
    for column in several:
        codes = codes * len(column.different) + column.codes
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    return {
        "/".join(column.of(rows[:1])[0] for column in several): rows
        for rows in sorted(groups, key=lambda rows: int(rows[0]))
    }


def _chosen(values: Float[np.ndarray, "t ..."], rows: Rows) -> Float[np.ndarray, "rows ..."]:
    """These rows; a part at a time where they are many."""
    if isinstance(rows, slice):
        return values[rows]
    chosen = Spool(values.shape[1:], values.dtype)
    for part in parts(rows, rows=CHOSEN):
        chosen.append(values[part])
    return chosen.array()


def _timed(
    path: Path,
    layout: Layout,
    choice: Choice,
    take: Take,
    rows: Rows,
    stamps: Mapping[int, Float[np.ndarray, " t"]],
    words: Mapping[str, Coded],
) -> Take:
    """The take with its rate, its times, its frames at their numbers, and its labels."""
    numbers = stamps.get(layout.number)
    times = stamps.get(layout.clock) if choice.time is not None else None
    take, places = on_time(
        path,
        take,
        numbers=None if numbers is None else numbers[rows],
        stamps=None if times is None else times[rows],
        column=layout.text.rows[0][layout.clock],
        unit=choice.time or "auto",
        known=choice.said,
    )
    subjects = {*words["subject"].of(rows)} - {""} if "subject" in words else set()
    labels = Runs()
    if "label" in words:
        labels.add(words["label"].of(rows))
    return replace(
        take, subject=subjects.pop() if len(subjects) == 1 else "", spans=labels.spans(places)
    )
