"""Tracked body parts in HDF5: pandas' tables of DeepLabCut, and SLEAP's analysis files.

path -> levels, words of each column, (T, columns) float32, numbers of the frames

pandas keeps names of columns as pickles; they are read by an unpickler that runs nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError, FileError, require
from edgcn.readers.text.pickles import parse_pickle

Content = tuple[
    list[str],
    list[tuple[str, ...]],
    Float[np.ndarray, "t columns"],
    Float[np.ndarray, " t"],
]


def read_hdf5(path: Path) -> Content:
    """What an .h5 of DeepLabCut or SLEAP holds.

    Raises:
        FileError: it is damaged, or written by another program.
    """
    with _opened(path) as file:
        if {"tracks", "node_names"} <= file.keys():
            return _sleap(path, file)
        for group in file.values():
            if hasattr(group, "keys") and "table" in group:
                return _table(path, group)
            if hasattr(group, "keys") and "block0_values" in group:
                return _fixed(group)
    raise FileError(path, "expected tracked body parts as DeepLabCut or SLEAP write them")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    h5py = require("h5py", extra="h5")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except EdgcnError:
        raise
    except Exception as error:  # a broken file can raise nearly anything
        text = " ".join(str(error).split())[:200]
        raise FileError(path, f"expected HDF5 of tracked body parts, got {text}") from None


def _table(path: Path, group: Any) -> Content:
    """pandas' format "table", which DeepLabCut writes."""
    table = group["table"]
    words = parse_pickle(path, bytes(table.attrs["values_block_0_kind"]))
    info = parse_pickle(path, bytes(group.attrs["info"]))
    rows = table[()]
    values = np.asarray(rows["values_block_0"], dtype=np.float32).reshape(len(rows), -1)
    index = rows["index"] if "index" in (rows.dtype.names or ()) else None
    columns = [tuple(map(str, own)) for own in words]
    return _levels(info[1]["names"]), columns, values, _numbers(index, len(rows))


def _fixed(group: Any) -> Content:
    """pandas' format "fixed"."""
    count = int(group.attrs["axis0_nlevels"])
    levels = [group[f"block0_items_level{n}"] for n in range(count)]
    labels = [group[f"block0_items_label{n}"][()] for n in range(count)]
    words = [[_text(word) for word in level[()]] for level in levels]
    columns = [
        tuple(own[label] for own, label in zip(words, column, strict=True))
        for column in zip(*labels, strict=True)
    ]
    values = np.asarray(group["block0_values"][()], dtype=np.float32)
    index = group["axis1"][()] if "axis1" in group else None
    names = [_text(level.attrs["name"]) for level in levels]
    return names, columns, values, _numbers(index, len(values))


def _sleap(path: Path, file: Any) -> Content:
    """SLEAP's analysis: tracks (individuals, 2, nodes, frames)."""
    tracks = np.asarray(file["tracks"][()], dtype=np.float32)
    nodes = [_text(name) for name in file["node_names"][()]]
    if tracks.ndim != 4 or tracks.shape[1] not in (2, 3) or tracks.shape[2] != len(nodes):
        expected = f"(tracks, 2, {len(nodes)}, frames)"
        raise FileError(path, f"expected tracks {expected}, got {tracks.shape}")
    given = [_text(name) for name in file["track_names"][()]] if "track_names" in file else []
    people = given if len(given) == len(tracks) else [f"track_{n}" for n in range(len(tracks))]
    axes = "xyz"[: tracks.shape[1]]
    channels, names = [*np.moveaxis(tracks, 1, 0)], [*axes]
    if "point_scores" in file:
        scores = np.asarray(file["point_scores"][()], dtype=np.float32)
        if scores.shape == channels[0].shape:
            channels, names = [*channels, scores], [*axes, "likelihood"]
    columns, values = list[tuple[str, ...]](), list[Float[np.ndarray, " t"]]()
    for p, person in enumerate(people):
        for n, node in enumerate(nodes):
            for axis, channel in zip(names, channels, strict=True):
                columns.append(("SLEAP", person, node, axis))
                values.append(channel[p, n])
    levels = ["scorer", "individuals", "bodyparts", "coords"]
    total = tracks.shape[-1]
    return levels, columns, np.stack(values, axis=1), np.arange(float(total))


def _levels(names: Sequence[str]) -> list[str]:
    return [str(name) for name in names]


def _numbers(index: Any, total: int) -> Float[np.ndarray, " t"]:
    """Numbers of the frames; counted where the rows are labelled images."""
    if index is not None and np.issubdtype(index.dtype, np.integer):
        return np.asarray(index, dtype=np.float64)
    return np.arange(float(total))


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
