"""All windows of every recording, read once by the encoder and kept on disk; nothing trains it.

store -> maps of each recording -> windows of many lengths -> few directions of them (N, Q)
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float16, Float64, Int

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.inference import spot
from edgcn.inference.basis import Basis
from edgcn.inference.dense import Footage, Reading, Scale, Stretch, reading_of, starts_of, stretches
from edgcn.inference.footage import of_store
from edgcn.inference.learn import Taught
from edgcn.inference.recognizer import Recognizer
from edgcn.store import Store

LENGTHS = tuple(round(0.5 * 2 ** (n / 2), 3) for n in range(8))  # seconds: 0.5 to 5.7
GRID = spot.Grid((Scale(1.6, LENGTHS[:4]), Scale(3.2, LENGTHS[4:])), step=0.1)
EXCERPTS, EXCERPT = 24, 10.0  # parts of recordings, in seconds, that the directions are of
SAMPLED = 4000  # of their windows

Wanted = Mapping[tuple[int, float], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Windows:
    """All windows of a store, by recording, length and start.

    Args:
        recordings: row of the recording of each.
        starts: seconds.
        kinds: which of LENGTHS it has.
        vectors: what is learned from.
        parts: where those of a recording and a length are.
        basis: what the vectors are directions of.
        footage: the recordings by row.
    """

    recordings: Int[np.ndarray, " n"]
    starts: Float64[np.ndarray, " n"]
    ends: Float64[np.ndarray, " n"]
    kinds: Int[np.ndarray, " n"]
    vectors: Float16[np.ndarray, "n q"]
    parts: Mapping[tuple[int, float], slice]
    basis: Basis
    footage: Mapping[int, Footage]

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, rows: Int[np.ndarray, " k"]) -> Float[np.ndarray, "k q"]:
        """Vectors of some windows."""
        return np.asarray(self.vectors[rows], dtype=np.float32)

    def nearest(self, row: int, event: Event) -> int:
        """The window of a recording that is most like an event in time.

        Raises:
            EdgcnError: the recording has no windows.
        """
        none = slice(0, 0)
        own = {
            length: part
            for length in LENGTHS
            if (part := self.parts.get((row, length), none)).stop > part.start
        }
        if not own:
            raise EdgcnError("this recording has no windows: it is too short, or nobody is seen")
        part = own[min(own, key=lambda length: abs(length - (event.end - event.start)))]
        at = int(np.abs(self.starts[part] + self.ends[part] - event.start - event.end).argmin())
        return int(part.start) + at

    def scan(self, row: int, layer: Float[np.ndarray, "rows q"]) -> Iterator[spot.Windows]:
        """What a layer says of all windows of a recording."""
        turned = np.ascontiguousarray(layer.T)
        for length in LENGTHS:
            part = self.parts[row, length]
            values = self.vectors[part].astype(np.float32) @ turned
            yield spot.Windows(self.starts[part], np.full(len(values), length), values)

    def taught(self, wanted: Wanted, rows: list[int]) -> Taught:
        """Windows to learn from, as `to_learn_from` names them, of these recordings."""
        found = [
            (self.parts[rows[row], length].start + np.rint(starts / GRID.every(length)), labels,
             np.full(len(starts), row))
            for (row, length), (starts, labels) in wanted.items()
        ]  # fmt: skip
        at, labels, source = (np.concatenate(column) for column in zip(*found, strict=True))
        return Taught(self.at(at.astype(np.int64)), labels, source)


def windows_of(
    vectors: Mapping[int, Float16[np.ndarray, "_ q"]], footage: Mapping[int, Footage], basis: Basis
) -> Windows:
    """Windows of recordings, in the order of `every_window`."""
    parts: dict[tuple[int, float], slice] = {}
    columns: list[tuple[np.ndarray, ...]] = []
    total = 0
    for row, each in footage.items():
        for kind, (window, starts) in enumerate(every_window(each.seconds)):
            parts[row, window] = slice(total, total + len(starts))
            total += len(starts)
            of = (np.full(len(starts), row), starts, starts + window, np.full(len(starts), kind))
            columns.append(of)
    recordings, starts, ends, kinds = (np.concatenate(c) for c in zip(*columns, strict=True))
    stacked = np.concatenate([vectors[row] for row in footage])
    return Windows(recordings, starts, ends, kinds, stacked, parts, basis, footage)


def every_window(seconds: float) -> list[tuple[float, Float64[np.ndarray, " n"]]]:
    """Lengths, and where windows of each begin in a recording that lasts so long."""
    return [(length, starts_of(seconds, length, GRID.every(length))) for length in LENGTHS]


class Features:
    """The windows of a store, made in the background.

    Args:
        folder: where vectors are kept.
        after: what is done in the background once they are there.
    """

    def __init__(
        self, store: Store, model: Recognizer, folder: Path, after: Callable[[], object]
    ) -> None:
        self.store, self.model, self.folder, self.after = store, model, folder, after
        self.done, self.total, self.problem = 0, 0, ""
        self._windows: Windows | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="features", daemon=True)

    def begin(self) -> None:
        """Start computing, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End at the next part of a recording."""
        self._stop.set()

    def windows(self) -> Windows:
        """All windows.

        Raises:
            EdgcnError: they are not there yet, or cannot be made.
        """
        if self._windows is None:
            state = f"{self.done} of {self.total} windows are" if self.total else "nothing is"
            raise EdgcnError(self.problem or f"the encoder is still looking: {state} done")
        return self._windows

    @property
    def ready(self) -> bool:
        """Whether all windows are there."""
        return self._windows is not None

    def compute(self) -> Windows | None:
        """All windows, from disk where they are there; None where it was stopped."""
        embedder, seen, _ = of_store(
            self.store, self.model.embedder(), skeleton=self.model.skeleton, depth=self.model.depth
        )
        reading = reading_of(embedder)
        footage = {row: each.footage for row, each in seen.items()}
        lengths = [each.seconds for each in footage.values()]
        self.total = sum(len(starts) for each in lengths for _, starts in every_window(each))
        self.folder.mkdir(parents=True, exist_ok=True)
        known = f"{self.store.fingerprint} {embedder.digest()} {GRID}"
        key = hashlib.sha256(known.encode()).hexdigest()[:20]
        basis = self._basis(
            self.folder / f"{key}-basis.safetensors", reading, list(footage.values())
        )
        vectors = {}
        for row, each in footage.items():
            path = self.folder / f"{key}-{row}.safetensors"
            made = load_tensors(path)[0]["windows"].numpy() if path.exists() else None
            if made is None:
                if (made := self._project(reading, each, basis)) is None:
                    return None
                save_tensors(path, {"windows": torch.from_numpy(made)}, {"store": self.store.name})
            else:
                self.done += len(made)
            vectors[row] = made
        self._windows = windows_of(vectors, footage, basis)
        return self._windows

    def _run(self) -> None:
        try:
            if self.compute() is not None:
                self.after()
        except EdgcnError as error:
            self.problem = str(error)
        except Exception as error:  # for the page to show: nobody waits for this thread
            self.problem = f"the encoder failed: {type(error).__name__}: {error}"

    def _basis(self, path: Path, reading: Reading, footage: list[Footage]) -> Basis:
        """Directions in which windows of these recordings differ most."""
        if path.exists():
            return Basis.from_tensors(load_tensors(path)[0])
        values, width = [], 0
        for part in excerpts(footage):
            for scale, stretch in self._stretches(reading, part):
                for length in scale.lengths:
                    starts = starts_of(part.seconds, length, GRID.every(length))
                    if len(starts):
                        values.append(stretch.in_context(starts, length).half().numpy())
                        width = stretch.vectors(starts[:1], length).shape[1]
        if not values:
            raise EdgcnError(f"every recording is shorter than {LENGTHS[0]:g} s")
        every = np.concatenate(values)
        rows = np.random.default_rng(0).permutation(len(every))[:SAMPLED]
        basis = Basis.of(every[np.sort(rows)].astype(np.float32), reading_width=width, seed=0)
        save_tensors(path, basis.tensors(), {"store": self.store.name})
        return basis

    def _project(
        self, reading: Reading, footage: Footage, basis: Basis
    ) -> Float16[np.ndarray, "n q"] | None:
        parts: dict[float, list[np.ndarray]] = {length: [] for length in LENGTHS}
        for scale, stretch in self._stretches(reading, footage):
            for length in scale.lengths:
                if self._stop.is_set():
                    return None
                starts = starts_of(
                    footage.seconds, length, GRID.every(length), stretch.begin, stretch.end
                )
                if len(starts):
                    read = stretch.in_context(starts, length).half().float().numpy()
                    parts[length].append(basis.project(read).astype(np.float16))
                    self.done += len(starts)
        every = [part for length in LENGTHS for part in parts[length]]
        return np.concatenate([np.empty((0, basis.width), dtype=np.float16), *every])

    def _stretches(self, reading: Reading, footage: Footage) -> Iterator[tuple[Scale, Stretch]]:
        for scale in GRID.scales:
            longest = 1.5 * max(scale.lengths)
            for stretch in stretches(reading, footage, scale.clip, longest=longest):
                yield scale, stretch


def excerpts(footage: list[Footage]) -> Iterator[Footage]:
    """Parts of recordings, evenly over all that there is."""
    lengths = np.array([each.seconds for each in footage])
    ends = np.cumsum(lengths)
    count = min(EXCERPTS, int(np.ceil(ends[-1] / EXCERPT)))
    for at in ((np.arange(count) + 0.5) * ends[-1] / count).tolist():
        which = int(np.searchsorted(ends, at).clip(max=len(footage) - 1))
        each = footage[which]
        begin = max(
            0.0, min(at - float(ends[which] - lengths[which]) - EXCERPT / 2, each.seconds - EXCERPT)
        )
        first = round(begin * each.fps)
        yield excerpt(each, first, min(each.length, first + round(EXCERPT * each.fps)))


def excerpt(footage: Footage, first: int, last: int) -> Footage:
    """The same recording from one frame to before another."""
    times = None if footage.times is None else footage.times[first:last] - footage.times[first]

    def read(start: int, stop: int) -> np.ndarray:
        return footage.read(first + start, first + stop)

    return replace(footage, read=read, length=last - first, times=times)
