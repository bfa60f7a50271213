"""Vectors of the windows of every recording, computed once and kept on disk; the encoder is frozen.

store -> windows of a few lengths -> encoder -> (N, D) -> standardized, its main directions (N, R)
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float64, Int

from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.evaluation.embed import embed
from edgcn.inference.recognizer import Recognizer
from edgcn.store import Selection, Store
from edgcn.web.coding import seconds_of

LENGTHS = (0.8, 1.6, 3.2)  # seconds of a window
STEP = 0.2  # seconds from one to the next
DIRECTIONS = 256  # kept of the vectors
SAMPLED = 4000  # windows that the directions are found from
CHUNK = 128  # windows between two looks at whether to stop


@dataclass(frozen=True)
class Windows:
    """All windows of a store.

    Args:
        recordings: row of the recording of each.
        starts: seconds.
        lengths: which of LENGTHS it has.
        vectors: what is learned from.
    """

    recordings: Int[np.ndarray, " n"]
    starts: Float64[np.ndarray, " n"]
    ends: Float64[np.ndarray, " n"]
    lengths: Int[np.ndarray, " n"]
    vectors: Float[np.ndarray, "n r"]

    def __len__(self) -> int:
        return len(self.starts)


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
        """End at the next chunk."""
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
        embedder, store = self.model.embedder(), self.store
        selections = [store.windows(length, STEP) for length in LENGTHS]
        self.total = sum(map(len, selections))
        parts = []
        for selection in selections:
            known = f"{selection.fingerprint} {embedder.digest()}"
            path = self.folder / f"{hashlib.sha256(known.encode()).hexdigest()[:20]}.safetensors"
            if path.exists():
                found = load_tensors(path)[0]["features"].numpy()
                self.done += len(found)
            else:
                made = self._embed(selection)
                if made is None:
                    return None
                found = made
                self.folder.mkdir(parents=True, exist_ok=True)
                save_tensors(path, {"features": torch.from_numpy(found)}, {"store": store.name})
            parts.append(found)
        starts, ends = (np.concatenate(c) for c in zip(*map(times_of, selections), strict=True))
        self._windows = Windows(
            np.concatenate([s.recordings for s in selections]),
            starts,
            ends,
            np.repeat(np.arange(len(LENGTHS)), [len(s) for s in selections]),
            main_directions(np.concatenate(parts)),
        )
        return self._windows

    def _run(self) -> None:
        try:
            if self.compute() is not None:
                self.after()
        except EdgcnError as error:
            self.problem = str(error)
        except Exception as error:  # for the page to show: nobody waits for this thread
            self.problem = f"the encoder failed: {type(error).__name__}: {error}"

    def _embed(self, clips: Selection) -> Float[np.ndarray, "n d"] | None:
        embedder, adapted = self.model.embedder().adapted(
            clips, rows=np.arange(len(clips)), skeleton=self.model.skeleton, depth=self.model.depth
        )
        parts = []
        for first in range(0, len(clips), CHUNK):
            if self._stop.is_set():
                return None
            rows = np.arange(first, min(first + CHUNK, len(clips)))
            parts.append(embed(embedder, adapted.clips, rows, device=self.model.device))
            self.done += len(rows)
        return np.concatenate(parts)


def times_of(clips: Selection) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Start and end of each window, in seconds of its recording."""
    store, table = clips.store, clips.store.recordings
    starts, ends = np.empty(len(clips)), np.empty(len(clips))
    for row in np.unique(clips.recordings).tolist():
        chosen = clips.recordings == row
        times = np.append(store.times_of(row), seconds_of(store, row))
        first = clips.offsets[chosen] - table.offsets[row]
        starts[chosen], ends[chosen] = times[first], times[first + clips.lengths[chosen]]
    return starts, ends


def main_directions(vectors: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n r"]:
    """Standardized vectors in the directions in which they differ most."""
    spread = vectors.std(axis=0)
    scaled = (vectors - vectors.mean(axis=0)) / np.where(spread > 1e-6 * spread.max(), spread, 1.0)
    sample = scaled
    if len(scaled) > SAMPLED:
        sample = scaled[np.random.default_rng(0).choice(len(scaled), SAMPLED, replace=False)]
    directions = np.linalg.svd(sample, full_matrices=False)[2][:DIRECTIONS]
    return np.asarray(scaled @ directions.T, dtype=np.float32)
