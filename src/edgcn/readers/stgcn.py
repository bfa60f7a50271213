"""Folders as ST-GCN writes them (Yan et al., AAAI 2018): `{part}_data.npy` and `{part}_label.pkl`.

(N, C, T, V, M) padded with zero frames, (names, labels) -> (T, M, V, 3) without the padding. The
array is memory-mapped, so a data set larger than the memory streams through.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

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
from edgcn.readers.tags import split_note, split_rules
from edgcn.readers.text.folders import find
from edgcn.readers.text.pickles import as_array, described, load_pickle
from edgcn.skeleton.recording import Recording, Recordings, Skipped, trimmed
from edgcn.skeleton.topology import Topology

_ENDING = "_data.npy"


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
    they are not 0. Zero frames at the end of a clip are padding. Labels are below 10,000.

    Args:
        topology: what the joints are, in their order.
        fps: the files do not say; the sensors' 30 are assumed, and that is said.
        max_bodies: how many bodies of a clip are kept, those with most joints seen.

    Raises:
        EdgcnError: the folder is missing, has no `*_data.npy`, or a part has no `_label.pkl`.
        FileError: an array of another shape, or labels that do not fit it.
    """
    check_most(max_bodies)
    files = find(path, f"*{_ENDING}", what="ST-GCN arrays")
    arrays = [_open(file) for file in files]
    labels = [_labels(file, len(data)) for file, data in zip(files, arrays, strict=True)]
    bodies = max(data.shape[4] for data in arrays)
    for file, data in zip(files, arrays, strict=True):
        check_joints(file, data.shape[3], topology)
        for axis, what in ((1, "channels"), (3, "joints")):
            if data.shape[axis] != (first := arrays[0].shape[axis]):
                reason = f"expected {first} {what} as in {files[0].name}, got {data.shape[axis]}"
                raise FileError(file, reason)
    taken = guess(files[0], np.concatenate([_sample(data) for data in arrays]), topology)
    parts = [file.name.removesuffix(_ENDING) for file in files]
    rules, numbers = split_rules(parts), [label for _, known in labels for label in known]
    tags: dict[str, str] = {}
    for part, (names, _) in zip(parts, labels, strict=True):
        tags |= {name: f"{tags.get(name, '')} {part}" for name in names}
    notes = (
        taken.note,
        first_label_note(numbers),
        split_note(rules, tags.values()),
        twice_note(name for names, _ in labels for name in names),
        f"the files hold {bodies} bodies, the {max_bodies} with most joints seen are kept (option "
        "max_bodies)"
        if bodies > max_bodies
        else "",
    )
    return Recordings(
        reader="stgcn",
        topology=taken.topology,
        classes=class_names(numbers),
        recordings=_recordings(parts, files, arrays, labels, taken.dims, min(bodies, max_bodies)),
        fps=float(fps or FPS),
        units=taken.units,
        dims=taken.dims,
        bodies=min(bodies, max_bodies),
        total=sum(len(data) for data in arrays),
        splits=rules,
        sources=(*files, *(_label_file(file) for file in files)),
        note="; ".join(filter(None, notes)),
        remarks=[ASSUMED] if fps is None else [],
    )


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


def _labels(file: Path, clips: int) -> tuple[list[str], list[int]]:
    """Names and labels of a part's clips."""
    label_file = _label_file(file)
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
    wrong = [x for x in labels if not (type(x) is int and -1 <= x < MOST_CLASSES)]
    if wrong:
        reason = f"expected labels that are whole numbers -1..{MOST_CLASSES - 1}, got "
        raise FileError(label_file, reason + described(wrong[0]))
    return [str(name).removesuffix(".skeleton") for name in names], list(labels)


def _plain(values: Any) -> Sequence[Any]:
    """A list, whether it was stored as one or as an array."""
    array = as_array(values)
    listed = array.tolist() if array is not None else values
    return listed if isinstance(listed, list | tuple) else ()


def _recordings(
    parts: list[str],
    files: list[Path],
    arrays: list[Shaped[np.ndarray, "..."]],
    labels: list[tuple[list[str], list[int]]],
    dims: int,
    bodies: int,
) -> Iterator[Recording | Skipped]:
    """The clips of all parts."""
    for part, file, data, (names, known) in zip(parts, files, arrays, labels, strict=True):
        for clip, name, label in zip(data, names, known, strict=True):
            frames = np.asarray(clip, dtype=np.float32).transpose(1, 3, 2, 0)
            filled = np.flatnonzero(frames.any(axis=(1, 2, 3)))
            if not len(filled):
                yield Skipped(f"{file}#{name}", "all frames are 0")
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
                split=part,
            )
