"""Writes a store: `frames.npy` (sum T, M, V, C), `index.npz`, `store.json`, all or nothing.

Clips stream from a reader straight to disk in a temporary folder, renamed at the end.
A clip that cannot be used is counted and listed with its reason, never dropped in silence.
"""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.recording import Clip, Recordings, Skipped
from edgcn.store.read import FORMAT

HEADER = 128  # bytes kept free for the .npy header, whose shape is known only at the end
COLUMNS = ("names", "subjects", "cameras", "conditions", "splits")


def problem(clip: Clip, recordings: Recordings, dtype: str = "float32") -> str | None:
    """Why a clip cannot be stored as this type of number, or None."""
    frames, joints = clip.frames, len(recordings.topology)
    if frames.ndim != 4 or frames.shape[2] != joints or frames.shape[3] != 3:
        return (
            f"expected frames of shape (T, M, {joints}, 3) for topology "
            f"{recordings.topology.name!r}, got {frames.shape}"
        )
    if len(frames) == 0:
        return "the clip has no frames; expected at least 1"
    if frames.shape[1] > recordings.bodies:
        return f"the clip has {frames.shape[1]} bodies, expected at most {recordings.bodies}"
    with np.errstate(over="ignore"):  # beyond 65504 float16 is infinite
        bad = ~np.isfinite(frames.astype(dtype, copy=False))
    if bad.any():
        t, m, v, _ = (int(i) for i in np.argwhere(bad)[0])
        return (
            f"{int(bad.sum())} coordinates are NaN, infinite or too large for {dtype}, the first "
            f"at frame {t}, body {m}, joint {recordings.topology.joints[v]}; a joint that was not "
            f"seen must be 0 0 0"
        )
    if clip.scores is not None and clip.scores.shape != frames.shape[:3]:
        return f"expected scores of shape {frames.shape[:3]}, got {clip.scores.shape}"
    if not -1 <= clip.label < len(recordings.classes):
        return (
            f"class {clip.label} is unknown; expected 0..{len(recordings.classes) - 1}, "
            f"or -1 for unlabelled"
        )
    return None


class _Growing:
    """An .npy file that grows clip by clip; `finish` writes its header."""

    def __init__(self, file: BinaryIO, tail: tuple[int, ...], dtype: str) -> None:
        self.file, self.tail, self.dtype, self.rows = file, tail, np.dtype(dtype), 0
        file.write(b"\0" * HEADER)

    def append(self, values: np.ndarray) -> None:
        self.file.write(np.ascontiguousarray(values, dtype=self.dtype).data)
        self.rows += len(values)

    def finish(self) -> None:
        description = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.rows, *self.tail),
        }
        text = str(description).encode()
        self.file.seek(0)
        self.file.write(b"\x93NUMPY\x01\x00" + (HEADER - 10).to_bytes(2, "little"))
        self.file.write(text + b" " * (HEADER - 10 - len(text) - 1) + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())


def _padded(values: np.ndarray, bodies: int) -> np.ndarray:
    """The same frames with this many bodies, those that are not there 0."""
    length, given, *rest = values.shape
    if given == bodies:
        return values
    padded = np.zeros((length, bodies, *rest), dtype=values.dtype)
    padded[:, :given] = values
    return padded


@contextmanager
def _growing(path: Path, tail: tuple[int, ...], dtype: str) -> Iterator[_Growing]:
    """A new growing file, finished if all goes well."""
    with path.open("wb") as file:
        array = _Growing(file, tail, dtype)
        yield array
        array.finish()


def checksum(files: Sequence[Path]) -> dict[str, Any]:
    """One SHA-256 over the names and contents of all source files."""
    digest, size = hashlib.sha256(), 0
    ordered = sorted(files)
    with ThreadPool() as pool:  # hashing needs no Python, so that threads do use all cores
        for path, (own, count) in zip(ordered, pool.imap(_digest, ordered, 16), strict=True):
            digest.update(f"{path.name} {own}".encode())
            size += count
    return {"files": len(files), "bytes": size, "sha256": digest.hexdigest()}


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


@contextmanager
def _new_folder(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """A temporary folder that becomes `out` if all goes well, and is gone if anything fails."""
    if out.exists() and not overwrite:
        raise EdgcnError(f"{out} exists already; choose another --out, or pass --overwrite")
    if out.exists() and not (out / "store.json").is_file():
        raise EdgcnError(f"{out} is not a store and is not overwritten; choose another --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise EdgcnError(f"cannot write to {out.parent}: {error.strerror}") from error
    try:
        folder.chmod(0o755)
        yield folder
        _replace(out, folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            raise EdgcnError(
                f"cannot write {out}: {error.strerror}; nothing of the new store was kept"
            ) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _replace(out: Path, folder: Path) -> None:
    """Put a finished folder in its place; an earlier store goes only when the new one is there."""
    earlier = folder.with_name(f"{folder.name}.earlier")
    if not out.exists():
        folder.rename(out)
        return
    out.rename(earlier)
    try:
        folder.rename(out)
    except OSError:
        earlier.rename(out)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _usable(
    items: Iterable[Clip | Skipped],
    recordings: Recordings,
    skipped: list[Skipped],
    *,
    strict: bool,
    dtype: str,
) -> Iterator[Clip]:
    """The clips that can be stored; the others are added to `skipped`."""
    for item in items:
        if isinstance(item, Clip):
            reason = problem(item, recordings, dtype)
            if reason is None:
                yield item
                continue
            item = Skipped(item.name, reason)
        skipped.append(item)
        if strict and not item.known:
            raise EdgcnError(f"{item.path}: {item.reason} (stopped, because --strict was given)")


def write_store(
    recordings: Recordings,
    out: Path,
    *,
    overwrite: bool = False,
    strict: bool = False,
    dtype: str = "float32",
    progress: Callable[[Iterable[Clip | Skipped], int | None], Iterable[Clip | Skipped]]
    | None = None,
) -> list[Skipped]:
    """Stream all clips of a reader into a new store at `out`; returns what was skipped.

    Args:
        overwrite: replace a store that is there; what is not a store is never replaced.
        strict: stop at the first item that cannot be stored, unless the data set lists it as bad.
        dtype: "float32" or "float16".
        progress: wraps the items, given how many there will be.

    Raises:
        EdgcnError: nothing could be stored, `out` cannot be written, the clips have several
            skeletons, or `strict` stopped.
    """
    _check_one_skeleton(recordings)
    skipped: list[Skipped] = []
    shape = (recordings.bodies, len(recordings.topology), 3)
    items = progress(recordings.clips, recordings.total) if progress else recordings.clips
    index: dict[str, list[Any]] = {name: [] for name in (*COLUMNS, "lengths", "labels")}
    scored, unscored = False, list[tuple[int, ...]]()
    with _new_folder(out, overwrite=overwrite) as folder:
        with (
            _growing(folder / "frames.npy", shape, dtype) as frames,
            _growing(folder / "scores.npy", shape[:2], "float16") as scores,
        ):
            for clip in _usable(items, recordings, skipped, strict=strict, dtype=dtype):
                frames.append(_padded(clip.frames, recordings.bodies))
                scored |= clip.scores is not None
                unscored += [clip.frames.shape[:3]] if clip.scores is None else []
                if scored:  # most data have no scores, and then none are written
                    for size in unscored:
                        scores.append(_padded(np.ones(size), recordings.bodies))
                    unscored = []
                if clip.scores is not None:
                    scores.append(_padded(clip.scores, recordings.bodies))
                row = (clip.name, clip.subject, clip.camera, clip.condition, clip.split)
                columns = (*row, len(clip.frames), clip.label)
                for name, value in zip(index, columns, strict=True):
                    index[name].append(value)
        if not index["names"]:
            raise EdgcnError(_nothing(recordings, skipped))
        if not scored:
            (folder / "scores.npy").unlink()
        lengths = np.array(index.pop("lengths"), dtype=np.int64)
        arrays = {
            "lengths": lengths,
            "offsets": np.cumsum(lengths) - lengths,
            "labels": np.array(index.pop("labels"), dtype=np.int64),
            **{name: np.array(values, dtype=np.str_) for name, values in index.items()},
        }
        np.savez(folder / "index.npz", **arrays)  # type: ignore[arg-type]  # its own flag is bool
        (folder / "store.json").write_text(json.dumps(_about(recordings, skipped), indent=1))
    return skipped


def _check_one_skeleton(recordings: Recordings) -> None:
    if any(own != recordings.topology for own in recordings.skeletons.values()):
        named = (f"{part} ({own.name})" for part, own in recordings.skeletons.items())
        raise EdgcnError(
            f"expected recordings of one skeleton, got {', '.join(named)}; convert them by joint "
            f"name to one that you choose, as in `--topology kinect_v1`"
        )


def _nothing(recordings: Recordings, skipped: Sequence[Skipped]) -> str:
    text = f"reader {recordings.reader!r} found no usable clip"
    return text + (
        f": it skipped {len(skipped)}, the first is {skipped[0].path}: {skipped[0].reason}"
        if skipped
        else ""
    )


def _about(recordings: Recordings, skipped: Sequence[Skipped]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "reader": recordings.reader,
        "topology": recordings.topology.to_dict(),
        "classes": list(recordings.classes),
        "fps": recordings.fps,
        "units": recordings.units,
        "dims": recordings.dims,
        "bodies": recordings.bodies,
        "splits": {name: asdict(rule) for name, rule in recordings.splits.items()},
        "note": recordings.note,
        "sources": checksum(recordings.sources),
        "skipped": [asdict(item) for item in skipped],
    }
