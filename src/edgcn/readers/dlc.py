"""DeepLabCut (Mathis et al., 2018), SLEAP (Pereira et al., 2022): csv of 3 or 4 lines of heads.

scorer / [individuals /] bodyparts / coords over x, y[, z][, likelihood] -> (T, 1, V, 3) of each
individual; names of body parts are free, and taken for the joints of a known skeleton. So is .h5.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError, require
from edgcn.base.spelling import legible, tidy
from edgcn.base.spool import Spool, parts
from edgcn.base.words import LISTED, named
from edgcn.readers.file_each import find_files, first_of, recordings_of
from edgcn.readers.hdf5 import read_hdf5
from edgcn.readers.labelling import Take
from edgcn.readers.named_joints import joint_map
from edgcn.readers.points import Choice, Points, points_of
from edgcn.readers.rates import Confidence, Rate
from edgcn.readers.text.columns import columns_in_parts, is_large, open_table
from edgcn.readers.times import on_time
from edgcn.skeleton.recording import Recordings
from edgcn.skeleton.topology import Topology

AXES = {"x": "x", "y": "y", "z": "z", "likelihood": "c", "score": "c", "confidence": "c"}
LEVELS = (("scorer", "bodyparts", "coords"), ("scorer", "individuals", "bodyparts", "coords"))
PATTERNS = ("*.csv", "*.h5", "*.hdf5")

Heads = list[tuple[str, str, str]]  # individual, body part, axis of each column; empty: no data


class Content(NamedTuple):
    """Columns of a file by their heads; numbers of its frames, and where these stand in the file.

    Args:
        values: some frames at a time.
    """

    heads: Heads
    values: Iterator[tuple[Float[np.ndarray, "t columns"], Float[np.ndarray, " t"]]]


def read_dlc(
    path: Path,
    *,
    labels: Path | None = None,
    fps: Rate | None = None,
    topology: Topology | None = None,
    joints: str = "",
    dims: Literal[2, 3] | None = None,
    min_confidence: Confidence = 0.0,
) -> Recordings:
    """Tracked body parts of DeepLabCut or SLEAP, a file for each video; each individual on its own.

    Where a video has a csv and an .h5, the csv is read. An .h5 needs h5py.

    Args:
        labels: a csv name,label[,subject] or name,label,start,end[,subject] as of `openpose`.
        fps: frames per second, which the files do not say.
        topology: the skeleton; by default the known one that has most of the body parts.
        joints: body parts that stand for joints, as in `paw_l=left_wrist,snout=nose`.
        dims: 2 leaves z out of triangulated points.
        min_confidence: points of a lower likelihood are not seen (DeepLabCut plots from 0.6).

    Raises:
        EdgcnError: nothing there, no such file, or an .h5 without h5py.
    """
    hint = "give the folder with what `analyze_videos` wrote (save_as_csv=True)"
    files = find_files(path, PATTERNS, what="tracked body parts", hint=hint)
    tables = {file.with_suffix("") for file in files.paths if file.suffix == ".csv"}
    paths = [
        file for file in files.paths
        if file != labels and (file.suffix == ".csv" or file.with_suffix("") not in tables)
    ]  # fmt: skip
    names = {file: files.names[file].removesuffix(".csv") for file in paths}
    files = replace(files, paths=paths, names=names)
    if any(file.suffix != ".csv" for file in paths):
        require("h5py", extra="h5")
    choice = Choice(topology, joint_map(joints), dims, "auto", float(min_confidence))
    points, people = first_of(files, partial(_points, choice=choice))
    choice = replace(choice, topology=points.topology, dims=points.dims)
    return recordings_of(
        "dlc",
        files,
        partial(_takes, choice=choice),
        topology=points.topology,
        dims=points.dims,
        labels=labels,
        fps=fps,
        several=people > 1,
        apart=is_large,
        remarks=[points.remark],
    )


def _points(path: Path, choice: Choice) -> tuple[Points, int]:
    """The columns of the first individual whose body parts are joints, and how many there are."""
    heads = _heads(path) if path.suffix == ".csv" else _read(path).heads
    problem: FileError | None = None
    individuals = _individuals(heads)
    for individual in individuals:
        try:
            return points_of(path, _columns(heads, individual), choice), len(individuals)
        except FileError as error:
            problem = problem or error
    raise problem or FileError(path, "expected columns of body parts, got none")


def _individuals(heads: Heads) -> list[str]:
    return list(dict.fromkeys(individual for individual, part, _ in heads if part))


def _columns(heads: Heads, individual: str) -> dict[str, dict[str, int]]:
    """The columns of an individual by body part and axis."""
    found: dict[str, dict[str, int]] = {}
    for column, (own, part, axis) in enumerate(heads):
        if part and own == individual:
            found.setdefault(part, {})[axis] = column
    return found


def _takes(path: Path, choice: Choice) -> Iterator[Take]:
    """Each individual of a file; those whose parts are no joints are named."""
    content = _read(path)
    individuals, left_out = _individuals(content.heads), list[str]()
    known: dict[str, Points] = {}
    for individual in individuals:
        try:
            known[individual] = points_of(path, _columns(content.heads, individual), choice)
        except FileError:
            left_out.append(legible(individual))
    frames = {name: Spool((1, len(own.topology), 3)) for name, own in known.items()}
    scores = {name: Spool((1, len(own.topology))) for name, own in known.items()}
    numbers = [np.empty(0)]
    for values, counted in content.values:
        numbers.append(counted)
        for name, points in known.items():
            own, sure = points.frames(values[:, points.used], least=choice.min_confidence)
            frames[name].append(own)
            if sure is not None:
                scores[name].append(sure)
    taken = list[Take]()
    for name in known:
        whole, sure = frames[name].array(), scores[name].array() if len(scores[name]) else None
        if len(individuals) > 1 and not any(np.nan_to_num(part).any() for part in parts(whole)):
            left_out.append(legible(name))
            continue
        take = Take(whole, name if len(individuals) > 1 else "", scores=sure)
        taken.append(on_time(path, take, numbers=np.concatenate(numbers))[0])
    if not taken:
        raise FileError(path, f"expected people with known joints, got {named(left_out)}")
    said = f"individuals left out, of whom nothing is known: {named(left_out, most=LISTED)}"
    for take in taken:
        yield replace(take, note="; ".join(filter(None, (take.note, said if left_out else ""))))


def _heads(path: Path) -> Heads:
    """What the first lines of a csv say of its columns."""
    rows = open_table(path, lines=4).rows
    firsts = [legible(row[0] if row else "") for row in rows]
    levels = tuple(first.lower() for first in firsts)
    known = next((own for own in LEVELS if levels[: len(own)] == own), None)
    if known is None or len({len(row) for row in rows[: len(known)]}) > 1:
        raise FileError(
            path,
            f"expected first lines {', '.join(LEVELS[0])} (and individuals before bodyparts), got "
            f"{named(firsts)}; a table with one line of heads is read by the reader `table`",
        )
    return heads_of(path, known, list(zip(*rows[: len(known)], strict=True))[1:])


def heads_of(path: Path, levels: Sequence[str], columns: Sequence[Sequence[str]]) -> Heads:
    """Individual, body part and axis of each column.

    Args:
        levels: what the words of a column are.
    """
    heads: Heads = []
    for words in columns:
        own = dict(zip(levels, map(tidy, words), strict=True))
        if not own["coords"]:  # of labelled frames: folder, video and image
            heads.append(("", "", ""))
        elif (axis := AXES.get(own["coords"].lower())) is None:
            known = ", ".join(AXES)
            raise FileError(path, f"expected coords of {known}, got {own['coords'][:40]!r}")
        else:
            heads.append((own.get("individuals", ""), own["bodyparts"], axis))
    return heads


def _read(path: Path) -> Content:
    """All numbers of a file."""
    if path.suffix != ".csv":
        levels, columns, values, numbers = read_hdf5(path)
        return Content(heads_of(path, levels, columns), iter([(values, numbers)]))
    heads = _heads(path)
    return Content(heads, _rows(path, heads))


def _rows(
    path: Path, heads: Heads
) -> Iterator[tuple[Float[np.ndarray, "t columns"], Float[np.ndarray, " t"]]]:
    """The columns of a csv, and what stands before them."""
    table = open_table(path, lines=4)
    lines = 4 if table.rows[1][0].lower() == "individuals" else 3
    used = [column for column, (_, part, _) in enumerate(heads, 1) if part]
    # Labelled frames have their folder, video and image in place of a number.
    numbered = 1 in used and _numbered(path, lines)
    done = 0
    for part in columns_in_parts(table, skip=lines, numbers=used, exact=[0] if numbered else []):
        values = np.zeros((len(part.values), len(heads)), dtype=np.float32)
        values[:, [column - 1 for column in used]] = part.values
        yield values, part.exact[:, 0] if numbered else np.arange(done, done + len(values)) + 0.0
        done += len(values)


def _numbered(path: Path, lines: int) -> bool:
    """Whether the first column counts frames."""
    rows = open_table(path, lines=lines + 1).rows[lines:]
    return not rows or rows[0][0].replace(".0", "").isdigit()
