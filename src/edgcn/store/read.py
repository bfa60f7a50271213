"""Reads a store: ragged clips in a memory map, gathered as batches at fractional frame positions.

rows, frames, crop -> (N, C, T, V, M): crop, resize and resample of a whole batch are one gather.
"""

import hashlib
import json
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any, SupportsIndex
from zipfile import BadZipFile

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.pipeline.adapter import Bridge
from edgcn.skeleton.recording import SplitRule
from edgcn.skeleton.tensors import Clips, blend, even_positions
from edgcn.skeleton.topology import Topology
from edgcn.store.splits import Split, choose_split

FORMAT = 1  # of store.json
PART = 65536  # frames at a time on their way to a device


class Store:
    """Prepared clips on disk. Open with `open_store`.

    Args:
        path: the folder that `edgcn prepare` wrote.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        about: dict[str, Any] = json.loads((path / "store.json").read_text())
        self.about = about
        self.topology = Topology.from_dict(about["topology"])
        self.classes: tuple[str, ...] = tuple(about["classes"])
        self.fps, self.units, self.dims = about["fps"], about["units"], about["dims"]
        self.bodies: int = about["bodies"]
        self.note: str = about["note"]
        self.rules = {
            name: SplitRule(rule["by"], tuple(rule["train"]), tuple(rule["test"]))
            for name, rule in about["splits"].items()
        }
        with np.load(path / "index.npz", allow_pickle=False) as index:
            self.lengths: np.ndarray = index["lengths"]
            self.offsets: np.ndarray = index["offsets"]
            self.labels: np.ndarray = index["labels"]
            self.names: np.ndarray = index["names"]
            self.subjects: np.ndarray = index["subjects"]
            self.cameras: np.ndarray = index["cameras"]
            self.conditions: np.ndarray = index["conditions"]
            self.tags: np.ndarray = index["splits"]
        map_: np.memmap[Any, Any] = np.load(path / "frames.npy", mmap_mode="r")
        self._form = {"dtype": map_.dtype, "offset": map_.offset, "shape": map_.shape}
        # Held open: a store that is made again meanwhile is another file under the same name.
        self._file = (path / "frames.npy").open("rb")
        self.held: Tensor | None = None  # all frames (sum T, C, V, M) on a device, after `hold`
        self._bridge: Bridge | None = None
        self._sizes: np.ndarray | None = None  # of each frame of all, where a bridge has any

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def frames(self) -> np.ndarray:
        """All frames (sum T, M, V, C) as recorded, memory-mapped anew at each use.

        The pages that one map has shown count as memory of this process for as long as it lives:
        with one map for all uses, that is the whole file after an epoch.
        """
        return np.memmap(self._file, mode="r", **self._form)

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def fingerprint(self) -> str:
        """Short digest of what the clips are and where they came from."""
        digest = hashlib.sha256((self.path / "store.json").read_bytes())
        digest.update((self.path / "index.npz").read_bytes())
        some = self.frames[:: max(1, len(self.frames) // 997)]
        digest.update(some.tobytes())
        return digest.hexdigest()[:16]

    def seen_as(self, bridge: Bridge, sizes: Float[np.ndarray, " n"] | None = None) -> "Store":
        """The same clips as they come over a bridge, wherever frames are read; nothing is copied.

        Args:
            sizes: factor of each clip's geometry.
        """
        view = copy(self)
        view.topology, view.units = bridge.topology, bridge.units
        view.dims, view.bodies = bridge.dims, bridge.bodies
        view.held, view._bridge = None, bridge
        view._sizes = None if sizes is None else np.repeat(sizes.astype(np.float32), self.lengths)
        digest = hashlib.sha256(f"{self.fingerprint} {bridge}".encode())
        digest.update(b"" if sizes is None else sizes.tobytes())
        vars(view).update(fingerprint=digest.hexdigest()[:16], scores=None)  # both cached
        return view

    def _read(self, spans: list[tuple[int, int]]) -> Shaped[np.ndarray, "total m v c"]:
        """These frames, copied, over the bridge where there is one."""
        frames = self.frames
        read = np.concatenate([frames[:0], *(frames[start:end] for start, end in spans)])
        if self._bridge is None:
            return read
        sizes = self._sizes
        if sizes is not None:
            sizes = np.concatenate([sizes[:0], *(sizes[start:end] for start, end in spans)])
        return self._bridge.apply(read, sizes)

    def split(self, name: str | None = None) -> Split:
        """Training and test rows of a named split (the store's first one by default)."""
        return choose_split(
            name,
            rules=self.rules,
            subjects=self.subjects,
            cameras=self.cameras,
            tags=self.tags,
        )

    def clip(self, row: SupportsIndex) -> Float[np.ndarray, "t m v c"]:
        """One whole clip as it was recorded (or comes over the bridge)."""
        start = int(self.offsets[row])
        return self._read([(start, start + int(self.lengths[row]))]).astype(np.float32)

    @cached_property
    def scores(self) -> np.ndarray | None:
        """Detector confidence (sum T, M, V), where the source had one beside the coordinates."""
        path = self.path / "scores.npy"
        return np.load(path, mmap_mode="r") if path.exists() else None

    def hold(self, device: torch.device | str) -> None:
        """Keep all frames on a device, so that batches are gathered there."""
        total = len(self.frames)
        parts = range(0, total, PART)  # the host never has all of them
        planes = [_planes(self._read([(at, min(at + PART, total))])).to(device) for at in parts]
        self.held = torch.cat(planes)

    def hold_if_it_fits(self, device: torch.device) -> bool:
        """Keep all frames on a GPU whose free memory is more than three times as large.

        Never on the CPU, where the operating system keeps the file in memory anyway.
        """
        if device.type != "cuda" or 3 * self.frames.nbytes > torch.cuda.mem_get_info(device)[0]:
            return False
        self.hold(device)
        return True

    def batch(
        self,
        rows: np.ndarray,
        frames: int,
        crop: Float[Tensor, "n 2"] | None = None,
    ) -> Clips:
        """Clips resampled to `frames` frames by linear interpolation in time.

        A joint missing (0) in one of two neighboring frames takes the other's place; in both, it
        stays missing. A clip of one frame is repeated.

        Args:
            crop: start and end of each clip as fractions of it; the whole clip by default.
        """
        rows = np.asarray(rows)
        crop = torch.tensor([[0.0, 1.0]]).expand(len(rows), 2) if crop is None else crop.cpu()
        last = torch.from_numpy(self.lengths[rows] - 1)[:, None]
        start, end = crop[:, :1].double(), crop[:, 1:].double()
        at = start * last + (end - start) * even_positions(last, frames)
        low = at.floor().long().clamp(min=0).minimum(last)
        high = (low + 1).minimum(last)
        planes, first = self._planes_of(rows)
        before, after = (_frames_at(planes, index + first) for index in (low, high))
        return blend(before, after, (at - low).to(before), dims=self.dims)

    def _planes_of(
        self, rows: np.ndarray
    ) -> tuple[Shaped[Tensor, "total c v m"], Int[Tensor, "n 1"]]:
        """Frames that hold these clips, and where in them each clip starts."""
        offsets, lengths = self.offsets[rows], self.lengths[rows]
        if self.held is not None:
            return self.held, torch.from_numpy(offsets)[:, None]
        spans = zip(offsets.tolist(), (offsets + lengths).tolist(), strict=True)
        read = self._read(list(spans))
        return _planes(read), torch.from_numpy(lengths.cumsum() - lengths)[:, None]


def _planes(frames: Shaped[np.ndarray, "total m v c"]) -> Shaped[Tensor, "total c v m"]:
    """Each frame with its channels first (as one permutation of rows: the fastest on a CPU)."""
    total, m, v, c = frames.shape
    order = torch.arange(m * v * c).view(m, v, c).permute(2, 1, 0).flatten()
    flat = torch.from_numpy(frames).view(total, m * v * c)
    return flat.index_select(1, order).view(total, c, v, m)


def _frames_at(planes: Shaped[Tensor, "total c v m"], index: Int[Tensor, "n t"]) -> Clips:
    """Whole frames by number, every channel of a frame a row of its own."""
    _, c, v, m = planes.shape
    rows = index.to(planes.device)[:, None] * c + torch.arange(c, device=planes.device)[:, None]
    chosen = planes.view(-1, v * m).index_select(0, rows.flatten())
    return chosen.float().view(*rows.shape, v, m)


def open_store(path: str | Path) -> Store:
    """Open a store that `edgcn prepare` wrote.

    Raises:
        EdgcnError: it is none, or one that was damaged or made by another version.
    """
    path = Path(path)
    for name in ("store.json", "index.npz", "frames.npy"):
        if not (path / name).is_file():
            raise EdgcnError(
                f"{path} is not a store ({name} is missing); make one with "
                f"`edgcn prepare READER PATH --out {path}`"
            )
    try:
        store = Store(path)
        if store.about["format"] == FORMAT and len(store.frames) == store.lengths.sum():
            return store
        problem = f"its format is {store.about['format']}, and it has {len(store.frames)} frames"
    except (BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
    raise EdgcnError(
        f"{path} is a damaged store, or one of another version ({problem}); make it again with "
        f"`edgcn prepare READER PATH --out {path} --overwrite`"
    )
