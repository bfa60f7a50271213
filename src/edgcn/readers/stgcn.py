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
from edgcn.readers.flat import geometry, with_confidence
from edgcn.readers.pyskl import (
    check_joints,
    class_names,
    layout_of,
    subject_and_camera,
)
from edgcn.readers.tags import split_rules
from edgcn.readers.text.files import find
from edgcn.readers.text.pickles import as_array, load_pickle
from edgcn.skeleton.recording import Recording, Recordings, Skipped, trimmed
from edgcn.skeleton.topology import Topology

_ENDING = "_data.npy"


def read_stgcn(path: Path, *, topology: Topology | None = None, fps: float = 30.0) -> Recordings:
    """All parts of a folder; each clip is tagged with its part (train, val, test).

    2 channels are x, y in pixels and get confidence 1 where they are not 0. Zero frames at the end
    of a clip are padding.

    Args:
        topology: of joint orders other than COCO-17, BODY_25, Kinect v1 and v2.
        fps: the files do not say; 30 is the sensors'.

    Raises:
        EdgcnError: the folder is missing, has no `*_data.npy`, or a part has no `_label.pkl`.
        FileError: an array of another shape, or labels that do not fit it.
    """
    files = find(path, f"*{_ENDING}", what="ST-GCN arrays")
    arrays = [_open(file) for file in files]
    labels = [_labels(file, len(data)) for file, data in zip(files, arrays, strict=True)]
    (channels, _, joints), bodies = arrays[0].shape[1:4], max(data.shape[4] for data in arrays)
    topology = topology or layout_of(files[0], joints, channels)
    for file, data in zip(files, arrays, strict=True):
        check_joints(file, data.shape[3], topology)
        if data.shape[1] != channels:
            reason = f"expected {channels} channels as in {files[0].name}, got {data.shape[1]}"
            raise FileError(file, reason)
    dims = geometry(topology, channels)
    parts = [file.name.removesuffix(_ENDING) for file in files]
    return Recordings(
        reader="stgcn",
        topology=topology,
        classes=class_names(max((max(known, default=0) for _, known in labels), default=0)),
        recordings=_recordings(parts, files, arrays, labels),
        fps=fps,
        units="px" if dims == 2 else "m",
        dims=dims,
        bodies=bodies,
        total=sum(len(data) for data in arrays),
        splits=split_rules(parts),
        sources=(*files, *(_label_file(file) for file in files)),
    )


def _label_file(file: Path) -> Path:
    return file.with_name(file.name.removesuffix(_ENDING) + "_label.pkl")


def _open(file: Path) -> Shaped[np.ndarray, "n c t v m"]:
    """The array of a part, on disk."""
    data = map_npy(file)
    if data.ndim != 5 or data.shape[1] not in (2, 3) or data.dtype.kind != "f":
        raise FileError(
            file, f"expected floats (N, 2 or 3, T, V, M), got {data.dtype} {data.shape}"
        )
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
    if not all(type(label) is int and label >= -1 for label in labels):
        raise FileError(label_file, "expected labels that are whole numbers >= -1, got other")
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
) -> Iterator[Recording | Skipped]:
    """The clips of all parts."""
    for part, file, data, (names, known) in zip(parts, files, arrays, labels, strict=True):
        for clip, name, label in zip(data, names, known, strict=True):
            frames = np.asarray(clip, dtype=np.float32).transpose(1, 3, 2, 0)
            filled = np.flatnonzero(frames.any(axis=(1, 2, 3)))
            if not len(filled):
                yield Skipped(f"{file}#{name}", "all frames are 0")
                continue
            frames = np.ascontiguousarray(frames[: filled[-1] + 1])
            subject, camera = subject_and_camera(name)
            yield trimmed(
                frames if frames.shape[3] == 3 else with_confidence(frames),
                name,
                label=label,
                subject=subject,
                camera=camera,
                split=part,
            )
