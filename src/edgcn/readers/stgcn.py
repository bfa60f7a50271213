"""Folders as ST-GCN writes them (Yan et al., AAAI 2018): `{part}_data.npy` and `{part}_label.pkl`.

(N, C, T, V, M) padded with zero frames, (names, labels) -> (T, M, V, 3) without the padding. The
array is memory-mapped, so a data set larger than the memory streams through.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Shaped

from edgcn.base.arrayfiles import map_npy
from edgcn.base.errors import FileError
from edgcn.base.files import check_file
from edgcn.readers.crowds import MOST_BODIES, check_most, most_seen
from edgcn.readers.flat import seen, with_confidence
from edgcn.readers.labels import MOST_CLASSES, class_names, first_label_note
from edgcn.readers.pyskl import LOOKED_INTO, subject_and_camera, twice_note
from edgcn.readers.rates import ASSUMED, FPS, Rate
from edgcn.readers.skeletons import LOOKED_AT, Bodies, check_joints, guess
from edgcn.readers.tags import parts_note, split_note, split_rules
from edgcn.readers.text.files import skipped
from edgcn.readers.text.folders import find
from edgcn.readers.text.pickles import as_array, described, load_pickle
from edgcn.skeleton.recording import Recording, Recordings, Skipped, trimmed
from edgcn.skeleton.topology import Topology

_ENDING = "_data.npy"


class Part(NamedTuple):
    """One part of a data set: its array, on disk, and what its label file says of each clip."""

    file: Path
    data: Shaped[np.ndarray, "n c t v m"]
    names: list[str]
    labels: list[Any]

    @property
    def name(self) -> str:
        """What the file is called without its ending: train, val."""
        return self.file.name.removesuffix(_ENDING)


def read_stgcn(
    path: Path,
    *,
    topology: Topology | None = None,
    fps: Rate | None = None,
    max_bodies: int = MOST_BODIES,
) -> Recordings:
    """All parts of a folder; each clip is tagged with its part (train, val, test).

    Joints and channels do not say which skeleton it is: what the numbers are like does, and the
    note says what they were taken for. 2 channels are x, y in pixels and get confidence 1 where
    they are not 0. Zero frames at the end of a clip are padding. Labels are below 10,000. A part
    that cannot be used is skipped, and so is a clip with another label.

    Args:
        topology: what the joints are, in their order.
        fps: the files do not say; the sensors' 30 are assumed, and that is said.
        max_bodies: how many bodies of a clip are kept, those with most joints seen.

    Raises:
        EdgcnError: the folder is missing, or has no `*_data.npy`.
        FileError: of no part the array and the labels can be used.
    """
    check_most(max_bodies)
    parts, lost = _parts(find(path, f"*{_ENDING}", what="ST-GCN arrays"), topology)
    bodies = max(part.data.shape[4] for part in parts)
    sample = np.concatenate([_sample(part.data) for part in parts])
    taken = guess(parts[0].file, sample, topology)
    rules = split_rules([part.name for part in parts])
    numbers = [label for part in parts for label in part.labels if _is_label(label)]
    tags: dict[str, str] = {}
    for part in parts:
        tags |= {name: f"{tags.get(name, '')} {part.name}" for name in part.names}
    notes = (
        taken.note,
        first_label_note(numbers),
        parts_note({part.name: filter(_is_label, part.labels) for part in parts}),
        split_note(rules, tags.values()),
        twice_note(name for part in parts for name in part.names),
        f"the files hold {bodies} bodies, the {max_bodies} with most joints seen are kept (option "
        "max_bodies)"
        if bodies > max_bodies
        else "",
    )
    return Recordings(
        reader="stgcn",
        topology=taken.topology,
        classes=class_names(numbers),
        recordings=chain(lost, _recordings(parts, taken.dims, min(bodies, max_bodies))),
        fps=float(fps or FPS),
        units=taken.units,
        dims=taken.dims,
        bodies=min(bodies, max_bodies),
        total=len(lost) + sum(len(part.data) for part in parts),
        splits=rules,
        sources=tuple(source for part in parts for source in (part.file, _label_file(part.file))),
        note="; ".join(filter(None, notes)),
        remarks=[ASSUMED] if fps is None else [],
    )


def _parts(files: Sequence[Path], topology: Topology | None) -> tuple[list[Part], list[Skipped]]:
    """The parts that can be used, and why the others cannot; one of them at least."""
    parts, errors = list[Part](), list[FileError]()
    for file in files:
        try:
            parts.append(_part(file, topology, parts[0] if parts else None))
        except FileError as error:
            errors.append(error)
    if not parts:
        raise errors[0]
    return parts, [skipped(error) for error in errors]


def _part(file: Path, topology: Topology | None, first: Part | None) -> Part:
    data = _open(file)
    check_joints(file, data.shape[3], topology)
    for axis, what in ((1, "channels"), (3, "joints")):
        if first is not None and data.shape[axis] != (expected := first.data.shape[axis]):
            reason = f"expected {expected} {what} as in {first.file.name}, got {data.shape[axis]}"
            raise FileError(file, reason)
    return Part(file, data, *_labels(file, len(data)))


def _sample(data: Shaped[np.ndarray, "clips c t v m"]) -> Bodies:
    """Some bodies of clips from all over a part."""
    clips = data[:: max(1, len(data) // LOOKED_INTO)]
    step = max(1, clips.shape[0] * clips.shape[2] * clips.shape[4] // LOOKED_AT)
    bodies = np.asarray(clips, dtype=np.float32).transpose(0, 2, 4, 3, 1)
    bodies = bodies.reshape(-1, *bodies.shape[3:])
    return bodies[bodies.any(axis=(1, 2))][::step]


def _label_file(file: Path) -> Path:
    return file.with_name(file.name.removesuffix(_ENDING) + "_label.pkl")


def _open(file: Path) -> Shaped[np.ndarray, "n c t v m"]:
    """The array of a part, on disk."""
    check_file(file)
    data = map_npy(file)
    if data.ndim != 5 or data.shape[1] not in (2, 3) or data.dtype.kind != "f":
        raise FileError(
            file, f"expected floats (N, 2 or 3, T, V, M), got {data.dtype} {data.shape}"
        )
    if len(data) and not data.size:
        raise FileError(file, f"expected frames, joints and bodies, got none: {data.shape}")
    array: Shaped[np.ndarray, "n c t v m"] = data
    return array


def _labels(file: Path, clips: int) -> tuple[list[str], list[Any]]:
    """Names and labels of a part's clips, whatever these are."""
    label_file = _label_file(file)
    if not label_file.is_file():
        raise FileError(file, f"expected labels in {label_file.name} beside it, found none")
    pair = load_pickle(label_file)
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise FileError(label_file, "expected (names, labels), got other")
    names, labels = _plain(pair[0]), _plain(pair[1])
    if len(names) != clips or len(labels) != clips:
        raise FileError(
            label_file,
            f"expected {clips} names and labels as in {file.name}, "
            f"got {len(names)} and {len(labels)}",
        )
    return [str(name).removesuffix(".skeleton") for name in names], list(labels)


def _is_label(label: Any) -> bool:
    return type(label) is int and -1 <= label < MOST_CLASSES


def _plain(values: Any) -> Sequence[Any]:
    """A list, whether it was stored as one or as an array."""
    array = as_array(values)
    listed = array.tolist() if array is not None else values
    return listed if isinstance(listed, list | tuple) else ()


def _recordings(parts: Sequence[Part], dims: int, bodies: int) -> Iterator[Recording | Skipped]:
    """The clips of all parts."""
    for part in parts:
        for clip, name, label in zip(part.data, part.names, part.labels, strict=True):
            if not _is_label(label):
                reason = f"expected one label 0..{MOST_CLASSES - 1} or -1, got {described(label)}"
                yield Skipped(f"{_label_file(part.file)}#{name}", reason)
                continue
            frames = np.asarray(clip, dtype=np.float32).transpose(1, 3, 2, 0)
            filled = np.flatnonzero(frames.any(axis=(1, 2, 3)))
            if not len(filled):
                yield Skipped(f"{part.file}#{name}", "all frames are 0")
                continue
            frames = frames[: filled[-1] + 1]
            frames = np.ascontiguousarray(frames[:, most_seen(frames, bodies)])
            if frames.shape[3] == 2:
                frames = with_confidence(frames)
            subject, camera = subject_and_camera(name)
            yield trimmed(
                seen(frames) if dims == 2 else frames,
                name,
                label=label,
                subject=subject,
                camera=camera,
                split=part.name,
            )
