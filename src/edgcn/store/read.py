"""Reads a store: ragged clips in a memory map, gathered as batches at fractional frame positions.

rows, frames, crop -> (N, C, T, V, M): crop, resize and resample of a whole batch are one gather.
"""

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any, SupportsIndex
from zipfile import BadZipFile

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from edgcn.errors import EdgcnError
from edgcn.skeleton.clip import SplitRule
from edgcn.skeleton.tensors import Clips, blend, even_positions
from edgcn.skeleton.topology import Topology
from edgcn.splits import Split, choose_split

FORMAT = 1  # of store.json


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
        self.frames: np.ndarray = np.load(path / "frames.npy", mmap_mode="r")
        self.held: Tensor | None = None  # all frames on a device, after `hold`

    def __len__(self) -> int:
        return len(self.lengths)

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
        """One whole clip as it was recorded."""
        start = self.offsets[row]
        return np.array(self.frames[start : start + self.lengths[row]], dtype=np.float32)

    @cached_property
    def scores(self) -> np.ndarray | None:
        """Detector confidence (sum T, M, V), where the source had one beside the coordinates."""
        path = self.path / "scores.npy"
        return np.load(path, mmap_mode="r") if path.exists() else None

    def hold(self, device: torch.device | str) -> None:
        """Keep all frames on a device, so that batches are gathered there."""
        self.held = torch.from_numpy(np.array(self.frames)).to(device)

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
        offset = torch.from_numpy(self.offsets[rows])[:, None]
        before, after = self._frames_at(low + offset), self._frames_at(high + offset)
        return blend(before, after, (at - low).to(before), dims=self.dims).contiguous()

    def _frames_at(self, index: Tensor) -> Clips:
        if self.held is not None:
            return self.held[index.to(self.held.device)].float().permute(0, 4, 1, 3, 2)
        flat = torch.from_numpy(self.frames[index.reshape(-1).numpy()]).float()
        return flat.reshape(*index.shape, *flat.shape[1:]).permute(0, 4, 1, 3, 2)


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
