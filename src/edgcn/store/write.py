"""Writes a store: whole recordings end to end and the segments in them, all or nothing.

Recordings stream from a reader straight to disk in a temporary folder, renamed at the end:
frames.npy (sum T, M, V, C), hashes.npy (sum T), times.npy and scores.npy where any recording has
some, recordings.npz, segments.npz, store.json. What cannot be used is counted and listed with its
reason, never dropped in silence.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError
from edgcn.base.files import new_folder
from edgcn.base.spool import parts
from edgcn.base.words import count
from edgcn.skeleton.recording import (
    Frames,
    Recording,
    Recordings,
    Segment,
    Skipped,
    check_one_skeleton,
    with_hashes,
)
from edgcn.skeleton.unseen import BEYOND, without_unseen
from edgcn.store.checks import Checks, nobody
from edgcn.store.growing import growing
from edgcn.store.sources import checksum, note_of
from edgcn.store.sums import file_sums, sum_of
from edgcn.store.tables import FORMAT, RecordingTable, SegmentTable, save_table

Item = Recording | Skipped


def problem(recording: Recording, recordings: Recordings, dtype: str = "float32") -> str | None:
    """Why a recording cannot be stored as this type of number, or None."""
    frames, joints = recording.frames, len(recordings.topology)
    if frames.ndim != 4 or frames.shape[2] != joints or frames.shape[3] != 3:
        return (
            f"expected frames of shape (T, M, {joints}, 3) for topology "
            f"{recordings.topology.name!r}, got {frames.shape}"
        )
    if len(frames) == 0:
        return "the recording has no frames; expected at least 1"
    if frames.shape[1] > recordings.bodies:
        return f"the recording has {frames.shape[1]} bodies, expected at most {recordings.bodies}"
    if (reason := _too_large(frames, recordings, dtype)) is not None:
        return reason
    if (scores := recording.scores) is not None and scores.shape != frames.shape[:3]:
        return f"expected scores of shape {frames.shape[:3]}, got {scores.shape}"
    if scores is not None and not all(np.isfinite(part).all() for part in parts(scores)):
        return "expected scores that are finite numbers"
    return _problem_of_times(recording)


def _too_large(frames: Frames, recordings: Recordings, dtype: str) -> str | None:
    most, bad, first, at = np.finfo(dtype).max, 0, "", 0  # beyond 65504 float16 is infinite
    for part in parts(frames):
        if max(part.max(), -part.min()) > most:
            wrong = np.abs(part) > most
            t, m, v, _ = (int(i) for i in np.argwhere(wrong)[0])
            first = first or f"frame {at + t}, body {m}, joint {recordings.topology.joints[v]}"
            bad += int(wrong.sum())
        at += len(part)
    return f"{bad} coordinates are too large for {dtype}, the first at {first}" if bad else None


def _problem_of_times(recording: Recording) -> str | None:
    if recording.fps is not None and not 0 < recording.fps < np.inf:
        return f"expected a frame rate above 0, got {recording.fps:g}"
    if (times := recording.times) is None:
        return None
    if times.shape != recording.frames.shape[:1]:
        return f"expected a time for each of {len(recording.frames)} frames, got {times.shape}"
    late = ~(np.diff(times, prepend=-np.inf) > 0) | ~np.isfinite(times)  # NaN is late, too
    if late.any():
        t = int(late.argmax())
        return f"expected times that increase, got {times[t]:g} s at frame {t}"
    return None


def segment_problem(segment: Segment, recording: Recording, recordings: Recordings) -> str | None:
    """Why a segment of a usable recording cannot be stored, or None."""
    if not 0 <= segment.start < segment.stop <= len(recording.frames):
        return (
            f"expected a segment within the {len(recording.frames)} frames of {recording.name}, "
            f"got frames {segment.start} to {segment.stop - 1}"
        )
    if not -1 <= segment.label < len(recordings.classes):
        return (
            f"class {segment.label} is unknown; expected 0..{len(recordings.classes) - 1}, "
            f"or -1 for unlabelled"
        )
    return None


def _usable(
    items: Iterable[Item],
    recordings: Recordings,
    skipped: list[Skipped],
    *,
    strict: bool,
    dtype: str,
) -> Iterator[tuple[Recording, list[Segment]]]:
    """The recordings and segments that can be stored; all others are added to `skipped`.

    A recording that is one clip goes with it; one in which nothing is annotated is kept.
    """

    def skip(item: Skipped) -> None:
        skipped.append(item)
        if strict and not item.known:
            raise EdgcnError(f"{item.path}: {item.reason} (stopped, because --strict was given)")

    for item in items:
        if isinstance(item, Skipped):
            skip(item)
            continue
        item = without_unseen(item, dims=recordings.dims, doubt=recordings.doubt)
        if strict and (wrong := item.unseen.get(BEYOND)):
            raise EdgcnError(
                f"{item.name}: {count(wrong, 'point')} with {BEYOND} (stopped, because --strict "
                f"was given)"
            )
        if (reason := problem(item, recordings, dtype)) is not None:
            skip(Skipped(item.name, reason))
            continue
        segments = []
        for segment in item.segments:
            reason = segment_problem(segment, item, recordings)
            if reason is None:
                reason = nobody(item.frames[segment.start : segment.stop], recordings)
            if reason is None:
                segments.append(segment)
            else:
                skip(Skipped(segment.name or item.name, reason))
        if not item.segments and (reason := nobody(item.frames, recordings)) is not None:
            skip(Skipped(item.name, reason))
        elif segments or not _is_one_clip(item):
            yield with_hashes(item, dims=recordings.dims), segments


def _is_one_clip(recording: Recording) -> bool:
    """Whether its only segment covers all of it."""
    whole = (s.start == 0 and s.stop >= len(recording.frames) for s in recording.segments)
    return len(recording.segments) == 1 and all(whole)


def write_store(
    recordings: Recordings,
    out: Path,
    *,
    overwrite: bool = False,
    strict: bool = False,
    dtype: str = "float32",
    progress: Callable[[Iterable[Item], int | None], Iterable[Item]] | None = None,
) -> list[Skipped]:
    """Stream all recordings of a reader into a new store at `out`; returns what was skipped.

    Args:
        overwrite: replace a store that exists; what is not a store is never replaced.
        strict: stop at the first item that cannot be stored, unless the data set lists it as bad.
        dtype: "float32" or "float16".
        progress: wraps the items, given how many there will be.

    Raises:
        EdgcnError: nothing could be stored, `out` cannot be written, the recordings have several
            skeletons, or `strict` stopped.
    """
    check_one_skeleton(recordings)
    if twice := [name for name, times in Counter(recordings.classes).items() if times > 1]:
        raise EdgcnError(f"expected classes of different names, got several called {twice[0]!r}")
    skipped: list[Skipped] = []
    shape = (recordings.bodies, len(recordings.topology), 3)
    items = progress(recordings.recordings, recordings.total) if progress else recordings.recordings
    rows: list[tuple[Any, ...]] = []
    segments: list[tuple[Any, ...]] = []
    notes: dict[str, str] = {}
    checks = Checks(recordings)
    with new_folder(out, overwrite=overwrite, marker="store.json", what="store") as folder:
        with (
            growing(folder / "frames.npy", shape, dtype) as frames,
            growing(folder / "hashes.npy", (), "uint64") as hashes,
            growing(folder / "scores.npy", shape[:2], "float16") as scores,
            growing(folder / "times.npy", (), "float64") as times,
        ):
            for item, usable in _usable(items, recordings, skipped, strict=strict, dtype=dtype):
                checks.add(item, usable)
                offset, length = frames.rows, len(item.frames)
                fps = item.fps or recordings.fps
                frames.append(item.frames)
                assert item.hashes is not None
                hashes.append(item.hashes)
                scores.append_any(item.scores, partial(_sure, item.frames.shape[:3]))
                times.append_any(item.times, partial(_even_times, length, fps))
                segments += [
                    (len(rows), s.start, s.stop, s.label, s.name, s.person, s.condition)
                    for s in usable
                ]
                words = (item.name, item.subject, item.camera, item.condition, item.split)
                rows.append((*words, offset, length, fps, item.start))
                if item.note:
                    notes[item.name] = item.note
        if not rows:
            raise EdgcnError(_nothing(recordings, skipped))
        save_table(RecordingTable, rows, folder / "recordings.npz")
        save_table(SegmentTable, segments, folder / "segments.npz")
        people = sorted({str(row[1]) for row in rows} | {str(row[5]) for row in segments})
        recordings = replace(recordings, note=note_of(recordings, notes, people))
        metadata = _metadata(recordings, skipped) | {"health": checks.report()}
        metadata["files"] = file_sums(folder)
        metadata["sum"] = sum_of(metadata)
        (folder / "store.json").write_text(json.dumps(metadata, indent=1))
    return skipped


def _even_times(frames: int, fps: float) -> Float[np.ndarray, " t"]:
    return np.arange(frames) / fps


def _sure(shape: tuple[int, ...]) -> np.ndarray:
    """Scores of 1, which take no memory."""
    return np.broadcast_to(np.float16(1), shape)


def _nothing(recordings: Recordings, skipped: Sequence[Skipped]) -> str:
    text = f"reader {recordings.reader!r} found no usable recording"
    return text + (
        f": it skipped {len(skipped)}, the first is {skipped[0].path}: {skipped[0].reason}"
        if skipped
        else ""
    )


def _metadata(recordings: Recordings, skipped: Sequence[Skipped]) -> dict[str, Any]:
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
