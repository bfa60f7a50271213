"""What of a store does not fit together: each file and field against the others.

A store is read as it was written: whatever was changed by hand, cut or mixed with another is
refused by file and field, before it can give a number.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from jaxtyping import Shaped

from edgcn.base.arrayfiles import map_npy
from edgcn.base.errors import EdgcnError
from edgcn.base.files import check_file
from edgcn.skeleton.topology import Topology
from edgcn.store.sums import sum_of
from edgcn.store.tables import FORMAT, RecordingTable

if TYPE_CHECKING:
    from edgcn.store.read import Store

T = TypeVar("T")
WORDS = ("reader", "units", "note")
BIG = np.iinfo(np.int64).max // 4


class DamageError(EdgcnError):
    """What is wrong with a file of a store."""


def damaged(path: Path, found: str) -> str:
    """The error that says it."""
    return (
        f"{path} is a damaged store, or one of another version ({found}); make it again with "
        f"`edgcn prepare READER PATH --out {path} --overwrite`"
    )


def loaded(path: Path, load: Callable[[Path], T]) -> T:
    """A file of a store, whatever numpy and zipfile raise on a damaged one."""
    try:
        check_file(path)
        return load(path)
    except Exception as error:
        if isinstance(error, OSError) and error.errno:
            raise
        known = isinstance(error, EdgcnError)
        reason = f": {error}" if known else " is cut, damaged or another kind of file"
        raise DamageError(f"{path.name}{reason}") from error


def mapped(path: Path) -> Shaped[np.ndarray, "..."]:
    """An array, memory-mapped."""
    return map_npy(path)


# store.json


def check_metadata(path: Path) -> None:
    """Raise `DamageError` where store.json does not say what a store is."""
    metadata = loaded(path, lambda path: json.loads(path.read_text(encoding="utf-8")))
    if not isinstance(metadata, dict):
        raise DamageError(f"{path.name}: expected an object, got {type(metadata).__name__}")
    if (found := metadata.get("format")) != FORMAT:
        raise DamageError(f"{path.name}: its format is {found}, and this version reads {FORMAT}")
    for field, holds, expected in _rules(metadata):
        if not holds:
            raise DamageError(
                f"{path.name}: {field}: expected {expected}, got {_short(metadata, field)}"
            )
    if metadata["sum"] != sum_of(metadata):
        raise DamageError(f"{path.name} is not as it was written")


def _short(metadata: Mapping[str, Any], field: str) -> str:
    text = json.dumps(metadata[field]) if field in metadata else "none"
    return text if len(text) < 60 else f"{text[:60]}..."


def _rules(of: Mapping[str, Any]) -> Iterator[tuple[str, bool, str]]:
    """Field, whether it is right, and what is expected."""
    for field in WORDS:
        yield field, isinstance(of.get(field), str), "text"
    classes, files = of.get("classes"), of.get("files")
    yield (
        "classes",
        _texts(classes) and len(set(classes or ())) == len(classes or ()),
        "a list of different names",
    )
    yield "fps", _number(of.get("fps")) and 0 < of["fps"] < float("inf"), "a number above 0"
    yield "units", of["units"] in ("m", "px"), "m or px"
    yield "dims", _whole(of.get("dims")) and of["dims"] in (2, 3), "2 or 3"
    yield "bodies", _whole(of.get("bodies")) and of["bodies"] > 0, "a whole number above 0"
    yield "topology", _is_topology(of.get("topology")), "joints, and bones that make one tree"
    splits = of.get("splits")
    rules = isinstance(splits, dict) and all(map(_is_rule, splits.values()))
    yield "splits", rules, "rules of by (subject, camera or split), train and test"
    skipped = of.get("skipped")
    listed = isinstance(skipped, list) and all(map(_is_skipped, skipped))
    yield "skipped", listed, "a list of path, reason and known"
    sources = of.get("sources")
    known = isinstance(sources, dict) and {"files", "bytes", "sha256"} <= sources.keys()
    yield "sources", known, "files, bytes and sha256"
    yield "health", isinstance(of.get("health"), dict), "what was found by looking"
    yield "files", isinstance(files, dict) and _texts(list(files.values())), "a checksum for each"
    yield "sum", isinstance(of.get("sum"), str), "a checksum"


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_topology(value: Any) -> bool:
    try:
        return len(Topology.from_dict(value)) > 0
    except Exception:  # whatever is in the file
        return False


def _is_rule(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"by", "train", "test"}
        and value["by"] in ("subject", "camera", "split")
        and _texts(value["train"])
        and _texts(value["test"])
    )


def _is_skipped(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"path", "reason", "known"}
        and _texts([value["path"], value["reason"]])
        and isinstance(value["known"], bool)
    )


# Tables and arrays


def damage(store: "Store") -> str | None:
    """What does not fit together, as file: field: what is expected; or None."""
    for found in _recordings(store.recordings):
        return f"recordings.npz: {found}"
    for found in _arrays(store):
        return found
    for found in _segments(store):
        return f"segments.npz: {found}"
    return None


def _recordings(table: RecordingTable) -> Iterator[str]:
    """Recordings lie end to end."""
    lengths = table.lengths
    if not len(lengths):
        yield "lengths: expected at least one recording, got none"
    if (lengths < 1).any() or (lengths > BIG // max(len(lengths), 1)).any():
        yield f"lengths: expected at least 1 frame, got {_first(lengths, lengths < 1)}"
    wrong = table.offsets != np.cumsum(lengths) - lengths
    if wrong.any():
        yield f"offsets: expected recordings end to end, got {_first(table.offsets, wrong)}"
    for name, wrong in (("fps", ~((table.fps > 0) & (table.fps < np.inf))),
                        ("starts", ~np.isfinite(table.starts))):  # fmt: skip
        if wrong.any():
            values = getattr(table, name)
            yield f"{name}: expected finite numbers, got {_first(values, wrong)}"


def _arrays(store: "Store") -> Iterator[str]:
    """One row for each frame, of the shape and type that store.json says."""
    total, joints = int(store.recordings.lengths.sum()), len(store.topology)
    expected = {
        "frames": ((total, store.bodies, joints, 3), ("float32", "float16")),
        "hashes": ((total,), ("uint64",)),
        "times": ((total,), ("float64",)),
        "scores": ((total, store.bodies, joints), ("float16",)),
    }
    for name, (shape, kinds) in expected.items():
        values = getattr(store, name)
        if values is not None and (values.shape != shape or str(values.dtype) not in kinds):
            text = f"{shape} of {' or '.join(kinds)}"
            yield f"{name}.npy: expected {text}, got {values.shape} of {values.dtype}"
    if store.times is not None:
        later = np.diff(store.times) > 0
        later[store.recordings.offsets[1:] - 1] = True
        if not later.all() or not np.isfinite(store.times).all():
            yield "times.npy: expected times that increase in each recording"


def _segments(store: "Store") -> Iterator[str]:
    """Each in a recording, with a class that exists."""
    table, count = store.segments, len(store.recordings)
    if not len(table):
        return
    of = table.recordings
    wrong = (of < 0) | (of >= count)
    if wrong.any():
        yield f"recordings: expected 0 to {count - 1}, got {_first(of, wrong)}"
    elif (np.diff(of) < 0).any():
        row = int((np.diff(of) < 0).argmax())
        yield f"recordings: expected them in order, got {of[row]} before {of[row + 1]}"
    else:
        lengths = store.recordings.lengths[of]
        wrong = (table.starts < 0) | (table.starts >= table.stops) | (table.stops > lengths)
        if wrong.any():
            row = int(wrong.argmax())
            yield (
                f"starts, stops: expected spans within recordings, got {table.starts[row]} to "
                f"{table.stops[row]} of {lengths[row]} frames"
            )
    classes = len(store.classes)
    wrong = (table.labels < -1) | (table.labels >= classes)
    if wrong.any():
        yield f"labels: expected -1 to {classes - 1}, got {_first(table.labels, wrong)}"


def _first(values: np.ndarray, wrong: np.ndarray) -> str:
    return str(values[wrong][0]) if wrong.any() else str(values.max())
