"""Which files are MediaPipe's, and what each of them is a recording of.

path -> files -> `Found`: a source, or an error that is told when its turn comes
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.labelling import label_of_folder
from edgcn.readers.mediapipe_arrays import array_source, frames_source, is_frame
from edgcn.readers.mediapipe_sources import Source
from edgcn.readers.mediapipe_tables import csv_source
from edgcn.readers.numbered import videos
from edgcn.readers.text.folders import check_folder, find

ENDINGS = (".csv", ".npy", ".npz")
BODY, HANDS, FACE = "_body", "_hands", "_face"  # as Masked-Piper names the files of a recording


@dataclass(frozen=True)
class Found:
    """A file, or a folder of frames, and what is known of it.

    Args:
        key: the file, or the first of them.
        open: its source, or the error that it cannot be read.
        source: None where that failed.
    """

    key: Path
    names: tuple[str, ...]
    label: str
    open: Callable[[], Source]
    source: Source | None
    files: tuple[Path, ...]


def find_sources(path: Path, labels: Path | None) -> list[Found]:
    """All recordings of a path; a file alone must be one.

    Raises:
        EdgcnError: there is nothing.
        FileError: a single file that cannot be read.
    """
    if path.is_file():
        source = _open(path)
        return [_found(path, path.parent, lambda: source, source)]
    files = [file for file in _files(path) if labels is None or not _same(file, labels)]
    rows = {file.parent for file in files if file.suffix == ".npy" and is_frame(file)}
    frames = [file for file in files if file.suffix == ".npy" and file.parent in rows]
    made = []
    for video in videos([(file, file.stem) for file in frames], path).values():
        first, inside = video.frames[0][1], tuple(file for _, file in video.frames)
        open_frames = partial(frames_source, video.frames)
        made.append(
            Found(first, (video.name,), video.label, open_frames, _tried(open_frames), inside)
        )
    others = [file for file in files if file not in {*frames}]
    bodies = {file.stem.removesuffix(BODY): file for file in others if file.stem.endswith(BODY)}
    for file in others:
        stem = next((file.stem.removesuffix(e) for e in (HANDS, FACE) if file.stem.endswith(e)), "")
        body = bodies.get(stem)
        if body is None or body.parent != file.parent:
            with_hands = file.with_name(f"{file.stem.removesuffix(BODY)}{HANDS}{file.suffix}")
            fingers = with_hands if file.stem.endswith(BODY) and with_hands in others else None
            opened = partial(_open, file, fingers)
            made.append(_found(file, path, opened, _tried(opened), fingers))
    return sorted(made, key=lambda item: item.key)


def _files(path: Path) -> list[Path]:
    """Files whose endings say that they may have landmarks."""
    check_folder(
        path, what="landmarks of MediaPipe", hint="give a csv, npy or npz file, or a folder"
    )
    found: set[Path] = set()
    for ending in ENDINGS:
        try:
            found |= {*find(path, f"**/*{ending}")}
        except EdgcnError:
            continue
    if not found:
        raise EdgcnError(
            f"expected landmarks of MediaPipe in {path}, files named {', '.join(ENDINGS)}, found "
            f"none; edgcn reads them as a script of yours writes them"
        )
    return sorted(found)


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()


def _tried(opened: Callable[[], Source]) -> Source | None:
    try:
        return opened()
    except (FileError, OSError):
        return None  # it is named when it is read


def _found(
    file: Path,
    root: Path,
    opened: Callable[[], Source],
    source: Source | None,
    fingers: Path | None = None,
) -> Found:
    """A file and the recordings in it, named by its path."""
    parts = (*file.relative_to(root).parts[:-1], file.stem.removesuffix(BODY))
    own = source.names if source is not None else ("",)
    names = tuple("/".join(filter(None, (*parts, name))) for name in own)
    files = (file,) if fingers is None else (file, fingers)
    return Found(file, names, label_of_folder(parts), opened, source, files)


def _open(file: Path, fingers: Path | None = None) -> Source:
    """The source in a file, and in one of the same recording's hands."""
    source = csv_source(file) if file.suffix not in (".npy", ".npz") else array_source(file)
    if fingers is None:
        return source
    return source.joined(csv_source(fingers))
