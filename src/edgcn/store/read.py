"""Reads a store: whole recordings in a memory map; clips and windows are views of them."""

import hashlib
import json
import os
from functools import cached_property, partial
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Bool, Float64, Int, Shaped, UInt64

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.files import as_path
from edgcn.skeleton.recording import Recording, Segment, SplitRule
from edgcn.skeleton.topology import Topology
from edgcn.store.damage import DamageError, check_metadata, damage, damaged, loaded, mapped
from edgcn.store.frames import FrameFile, FrameSource
from edgcn.store.splits import Side, choose_rule, sides
from edgcn.store.sums import ARRAYS, OWN, TABLES, changed
from edgcn.store.tables import RecordingTable, SegmentTable, filled, load_table
from edgcn.store.views import Selection, inside, row_of
from edgcn.store.windows import all_windows

OF_LOOKING = ("health", "sum")  # what store.json says and the recordings are not
FILES = ("store.json", "recordings.npz", "segments.npz", "frames.npy", "hashes.npy")


class Store:
    """Prepared recordings on disk; may be given wherever a path is expected. See `open_store`.

    Args:
        path: the folder that `edgcn prepare` wrote.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._verified = path, False
        metadata: dict[str, Any] = json.loads((path / OWN).read_text())
        self.metadata = metadata
        self.topology = Topology.from_dict(metadata["topology"])
        self.classes: tuple[str, ...] = tuple(metadata["classes"])
        self.fps: float = float(metadata["fps"])
        self.units: str = metadata["units"]
        self.dims: int = metadata["dims"]
        self.bodies: int = metadata["bodies"]
        self.note: str = metadata["note"]
        self.rules = {
            name: SplitRule(rule["by"], tuple(rule["train"]), tuple(rule["test"]))
            for name, rule in metadata["splits"].items()
        }
        self.recordings = loaded(path / "recordings.npz", partial(load_table, RecordingTable))
        self.segments = loaded(path / "segments.npz", partial(load_table, SegmentTable))
        self._source = FrameSource(loaded(path / "frames.npy", FrameFile))
        self.hashes: UInt64[np.ndarray, " total"] = loaded(path / "hashes.npy", mapped)
        self.times: Float64[np.ndarray, " total"] | None = _optional(path / "times.npy")
        self.scores: Shaped[np.ndarray, "total m v"] | None = _optional(path / "scores.npy")

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    @property
    def frames(self) -> Shaped[np.ndarray, "total m v c"]:
        """All frames as recorded, memory-mapped anew at each use."""
        return self._source.file.frames

    @property
    def name(self) -> str:
        """Of the folder."""
        return self.path.name

    @cached_property
    def fingerprint(self) -> str:
        """Short digest of what the recordings are and where they came from; all are read.

        Raises:
            EdgcnError: a file is not as it was written.
        """
        self.verify()
        known = {key: value for key, value in self.metadata.items() if key not in OF_LOOKING}
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]

    def verify(self) -> None:
        """Read all files and compare them with their checksums; once only.

        Raises:
            EdgcnError: one is not as it was written.
        """
        if not self._verified and (found := changed(self.path, self.metadata["files"], ARRAYS)):
            raise EdgcnError(damaged(self.path, found))
        self._verified = True

    @cached_property
    def duration(self) -> float:
        """Seconds of all recordings."""
        table = self.recordings
        if self.times is None:
            return float((table.lengths / table.fps).sum())
        last = self.times[table.offsets + table.lengths - 1]
        return float((last - self.times[table.offsets] + 1 / table.fps).sum())

    @cached_property
    def covered(self) -> float:
        """Share of the frames that are in any segment."""
        clips = self.clips()
        return float(inside(clips.offsets, clips.lengths, len(self.frames)).mean())

    @property
    def trimmed(self) -> bool:
        """Whether every recording is one segment that covers it."""
        segments = self.segments
        return (
            np.array_equal(segments.recordings, np.arange(len(self.recordings)))
            and not segments.starts.any()
            and np.array_equal(segments.stops, self.recordings.lengths)
        )

    # Views

    def clips(self, split: Side | None = None, *, by: str | None = None) -> Selection:
        """Every segment, or those on one side of a split.

        Args:
            by: the split's name; the store's first one by default.

        Raises:
            EdgcnError: there is no such split, it has several folds, or a side without clips.
        """
        segments, table = self.segments, self.recordings
        of = segments.recordings
        every = Selection(
            store=self,
            source=self._source,
            recordings=of,
            offsets=table.offsets[of] + segments.starts,
            lengths=segments.stops - segments.starts,
            labels=segments.labels,
            names=filled(segments.names, table.names[of]),
            subjects=filled(segments.persons, table.subjects[of]),
            conditions=filled(segments.conditions, table.conditions[of]),
        )
        if split not in (None, "train", "test"):
            raise EdgcnError(f"expected split 'train' or 'test', or none, got {split!r}")
        return every if split is None else every.take(getattr(every.split(by), split))

    def windows(
        self, seconds: float, step: float, *, split: Side | None = None, by: str | None = None
    ) -> Selection:
        """Equally long parts of every recording, labelled or not, named NAME@START.

        The last one ends with its recording; one that is shorter is one window. Where nobody is
        seen there is none. No training window
        is of a recording with a clip that tests, or by `time` of frames after the first such clip.

        Args:
            seconds: length of a window.
            step: seconds from one to the next.
            by: the split's name; the store's first one by default.

        Raises:
            EdgcnError: a length or step that is not above 0, or as for `clips`.
        """
        spans = all_windows(self.recordings, self.times_of, seconds, step)
        every = self._unlabelled(*spans)
        every = every.take(~every.empty)
        if split is None:
            return every
        if by == "time" and by not in self.rules:
            return every.take(getattr(every.split(by), split))
        return every.take(self.sides(by)[split == "test"][every.recordings])

    def sides(
        self, by: str | None = None
    ) -> tuple[Bool[np.ndarray, " recordings"], Bool[np.ndarray, " recordings"]]:
        """Which recordings train, and which test: those with a clip that does.

        Raises:
            EdgcnError: as for `clips`.
        """
        clips, table = self.clips(), self.recordings
        bare = np.setdiff1d(np.arange(len(table)), clips.recordings)
        others = self._unlabelled(bare, np.zeros_like(bare), table.lengths[bare], table.names[bare])
        known = clips if len(clips) else others
        _ = known.split(by).train  # refuses what cannot be split so
        rule = choose_rule(by, rules=self.rules, clips=known)
        train, test = np.zeros((2, len(table)), dtype=bool)
        for some in (clips, others):
            for mask, chosen in zip((train, test), sides(rule, some), strict=True):
                mask[some.recordings[chosen]] = True
        return train & ~test, test

    def _unlabelled(
        self,
        recordings: Int[np.ndarray, " n"],
        begins: Int[np.ndarray, " n"],
        lengths: Int[np.ndarray, " n"],
        names: Shaped[np.ndarray, " n"],
    ) -> Selection:
        """Parts of recordings, without labels."""
        table = self.recordings
        return Selection(
            store=self,
            source=self._source,
            recordings=recordings,
            offsets=table.offsets[recordings] + begins,
            lengths=lengths,
            labels=np.full(len(recordings), -1),
            names=names,
            subjects=table.subjects[recordings],
            conditions=table.conditions[recordings],
        )

    # One recording

    def recording(self, which: str | SupportsIndex) -> Recording:
        """One whole recording, by its name or its row.

        Raises:
            EdgcnError: none has this name, or several have.
        """
        row, table = self._row(which), self.recordings
        span = slice(table.offsets[row], table.offsets[row] + table.lengths[row])
        chosen = np.flatnonzero(self.segments.recordings == row)
        columns = ("starts", "stops", "labels", "names", "persons", "conditions")
        parts = zip(*(getattr(self.segments, c)[chosen].tolist() for c in columns), strict=True)
        return Recording(
            frames=self.frames[span].astype(np.float32),
            name=str(table.names[row]),
            segments=tuple(Segment(*values) for values in parts),
            subject=str(table.subjects[row]),
            camera=str(table.cameras[row]),
            condition=str(table.conditions[row]),
            split=str(table.tags[row]),
            scores=None if self.scores is None else self.scores[span].astype(np.float32),
            fps=float(table.fps[row]),
            start=float(table.starts[row]),
            times=None if self.times is None else self.times_of(row),
            hashes=np.array(self.hashes[span]),
        )

    def _row(self, which: str | SupportsIndex) -> int:
        if not isinstance(which, str):
            return row_of(which, len(self.recordings), "recording")
        names = self.recordings.names
        rows = np.flatnonzero(names == which)
        if len(rows) != 1:
            have = f"{len(rows)} recordings are" if len(rows) else "no recording is"
            hint = "; give its row" if len(rows) else did_you_mean(which, names.tolist())
            raise EdgcnError(f"{have} named {which!r} in {self.path}{hint}")
        return int(rows[0])

    def times_of(self, row: int) -> Float64[np.ndarray, " t"]:
        """Seconds of each frame, from the recording's first."""
        offset, length = self.recordings.offsets[row], self.recordings.lengths[row]
        if self.times is None:
            return np.asarray(np.arange(length) / self.recordings.fps[row])
        return np.array(self.times[offset : offset + length])


def _optional(path: Path) -> np.ndarray | None:
    return loaded(path, mapped) if path.exists() else None


def open_store(path: str | os.PathLike[str]) -> Store:
    """Open a store that `edgcn prepare` wrote: whole, and as it was written, or not at all.

    The frames are compared with their checksum later, when `fingerprint` is asked for: whatever
    learns from them or scores them does.

    Raises:
        EdgcnError: it is none, or one that was damaged, changed or made by another version.
    """
    path = as_path(path, "a store or its path")
    if (path / "run.json").is_file() or path.suffix == ".edgcn":
        raise EdgcnError(
            f"{path} is a model, where a store is expected; the model comes first and then the "
            f"store, as in `edgcn evaluate {path} STORE`"
        )
    if missing := [name for name in FILES if not (path / name).is_file()]:
        what = f"{missing[0]} is missing" if path.exists() else "there is no such folder"
        raise EdgcnError(
            f"{path} is not a store ({what}); make one with "
            f"`edgcn prepare READER PATH --out {path}`"
        )
    try:
        check_metadata(path / OWN)
        store = Store(path)
        found = damage(store) or changed(path, store.metadata["files"], TABLES)
    except DamageError as error:
        found = str(error)
    except OSError as error:
        raise EdgcnError(f"cannot read {path}: {error.strerror or error}") from error
    if found is None:
        return store
    raise EdgcnError(damaged(path, found))
