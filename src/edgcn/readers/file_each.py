"""What readers share whose recordings have a file each: which files, their names, their labels.

folder or file -> `find_files` -> `Files`; what a file holds, `Take`s -> recordings with segments

A file in a folder has the folder's name as its class; a table of labels replaces that, and so do
labels that stand in the file itself.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.spelling import legible, tidy
from edgcn.base.spool import parts
from edgcn.readers.labelling import Take, labels_for
from edgcn.readers.rates import ASSUMED, FPS, Rate
from edgcn.readers.text.files import stream
from edgcn.readers.text.folders import check_folder, find
from edgcn.skeleton.recording import Frames, Recording, Recordings, Skipped
from edgcn.skeleton.topology import Topology
from edgcn.skeleton.unseen import without_unseen

Found = TypeVar("Found")


@dataclass(frozen=True)
class Files:
    """The files of a set.

    Args:
        names: of their recordings.
        folders: the class that each has by its folder, or nothing.
    """

    paths: list[Path]
    names: dict[Path, str]
    folders: dict[Path, str]


def find_files(path: Path, patterns: Sequence[str], *, what: str, hint: str) -> Files:
    """The files of a folder that match one of the patterns, or the one file given.

    Raises:
        EdgcnError: nothing there, or nothing that matches.
    """
    if path.is_file():
        return Files([path], {path: _name(path.stem)}, {path: ""})
    check_folder(path, what=what, hint=hint)
    found, problem = list[Path](), None
    for pattern in patterns:
        try:
            found += find(path, f"**/{pattern}", what=what, hint=hint)
        except EdgcnError as error:
            problem = problem or error
    if not found and problem is not None:
        raise problem
    found = sorted(set(found))
    inside = {file: file.relative_to(path) for file in found}
    twice = Counter(part.with_suffix("") for part in inside.values())
    names = {
        file: _name((part if twice[part.with_suffix("")] > 1 else part.with_suffix("")).as_posix())
        for file, part in inside.items()
    }
    folders = {
        file: _name(part.parts[-2]) if len(part.parts) > 1 else "" for file, part in inside.items()
    }
    return Files(found, names, folders)


def _name(text: str) -> str:
    """A name of a file or folder as one of a recording or class: it must print."""
    return legible(tidy(text), most=len(text))


def first_of(files: Files, read: Callable[[Path], Found]) -> Found:
    """What the first file says that can be read; the first one's error where none can."""
    problem: Exception | None = None
    for path in files.paths:
        try:
            return read(path)
        except (FileError, OSError) as error:
            problem = problem or error
    assert problem is not None
    if isinstance(problem, OSError):
        raise FileError(files.paths[0], problem.strerror or str(problem))
    raise problem


def recordings_of(
    reader: str,
    files: Files,
    read: Callable[[Path], Iterator[Take]],
    *,
    topology: Topology,
    dims: int,
    labels: Path | None = None,
    own_classes: Sequence[str] = (),
    fps: Rate | None = None,
    found_fps: float | None = None,
    several: bool = False,
    apart: Callable[[Path], bool] | None = None,
    note: str = "",
    remarks: Sequence[str] = (),
) -> Recordings:
    """All recordings of the files.

    Args:
        read: what a file holds; a `FileError` costs only this file.
        labels: a csv which replaces the classes of folders and of the files themselves.
        own_classes: labels that stand in the files.
        fps: as the user says; else what a file says, else `found_fps`, else `FPS`.
        found_fps: what the first file says.
        several: whether a file may hold several recordings.
        apart: files that are read by several processes themselves, see `stream`.
    """
    given = labels_for(
        {files.names[path]: files.folders[path] for path in files.paths}, labels, own_classes
    )
    table, rate = given.table, float(fps or found_fps or FPS)

    def read_one(path: Path) -> Iterator[Recording | Skipped]:
        for take in read(path):
            own = take if fps is None else replace(take, fps=rate)
            if not any((np.isfinite(part) & (part != 0)).any() for part in parts(own.frames)):
                yield Skipped(str(path), f"nobody in any of its {len(own.frames)} frames")
                continue
            *lost, made = given.put(own, files.names[path], fps=rate)
            yield from lost
            assert isinstance(made, Recording)
            yield without_unseen(made, dims=dims)

    said = [note, table.note]
    if fps is None and found_fps is None:
        said.append(ASSUMED)
    return Recordings(
        reader=reader,
        topology=topology,
        classes=given.classes,
        recordings=chain(table.lost, stream(files.paths, read_one, apart=apart)),
        fps=rate,
        units="m" if dims == 3 else "px",
        dims=dims,
        total=None if several else len(table.lost) + len(files.paths),
        sources=(*files.paths, *([labels] if labels is not None else [])),
        note="; ".join(filter(None, said)),
        remarks=[remark for remark in remarks if remark],
    )


def detected(
    points: Frames,
    scores: Float[np.ndarray, "t m v"] | None,
    *,
    dims: int,
    least: float = 0.0,
) -> tuple[Frames, Float[np.ndarray, "t m v"] | None]:
    """Frames of a detector, changed in place; confidences are beside points in space only.

    Args:
        points: (T, M, V, 3); of those in a picture the third channel is to come.
        scores: confidences; without any, points in a picture have 1 where they are.
        least: the lowest confidence of a point that counts as seen; 0 never does.
    """
    if scores is not None:
        points[(scores < least) | (scores <= 0)] = 0
    if dims == 3:
        return points, scores
    there = (points[..., :2] != 0).any(-1)
    points[..., 2] = there if scores is None else np.where(there, scores, 0)
    return points, None
