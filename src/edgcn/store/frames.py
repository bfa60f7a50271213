"""Frames of a store: from the file, adapted or on a device, gathered whole.

spans -> (total, M, V, C) -> planes (total, C, V, M) -> (N, C, T, V, M)
"""

import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Int, Shaped
from torch import Tensor

from edgcn.pipeline.adapter import Adapter
from edgcn.skeleton.tensors import Clips

PART = 65536  # frames at a time on their way to a device


class FrameFile:
    """An .npy file that is held open: made again meanwhile, it is another under the same name."""

    def __init__(self, path: Path) -> None:
        whole: np.memmap[Any, Any] = np.load(path, mmap_mode="r")
        self._form = {"dtype": whole.dtype, "offset": whole.offset, "shape": whole.shape}
        self._file = path.open("rb")
        weakref.finalize(self, self._file.close)

    @property
    def frames(self) -> Shaped[np.ndarray, "total m v c"]:
        """All frames, memory-mapped anew at each use.

        The pages that one map has read count as memory of this process for as long as it lives:
        with one map for all uses, that is the whole file after an epoch.
        """
        frames: np.memmap[Any, Any] = np.memmap(self._file, mode="r", **self._form)
        return frames


class FrameSource:
    """The frames of a file as an adapter gives them; on a device after `hold`."""

    def __init__(self, file: FrameFile, adapter: Adapter | None = None) -> None:
        self.file, self.adapter = file, adapter
        self.held: Tensor | None = None  # all frames, (sum T, C, V, M)

    def read(
        self, spans: Sequence[tuple[int, int]], sizes: Float32[np.ndarray, " total"] | None = None
    ) -> Shaped[np.ndarray, "total m v c"]:
        """These frames, copied, adapted where there is an adapter.

        Args:
            spans: first frame and the one after the last.
            sizes: factor of each frame's geometry.
        """
        frames = self.file.frames
        read = np.concatenate([frames[:0], *(frames[start:end] for start, end in spans)])
        return read if self.adapter is None else self.adapter.apply(read, sizes)

    def hold(self, device: torch.device | str) -> None:
        """Keep all frames on a device, so that batches are gathered there."""
        total = len(self.file.frames)
        parts = range(0, total, PART)  # the host never has all of them
        planes = [planes_of(self.read([(at, min(at + PART, total))])).to(device) for at in parts]
        self.held = torch.cat(planes)


def planes_of(frames: Shaped[np.ndarray, "total m v c"]) -> Shaped[Tensor, "total c v m"]:
    """Each frame with its channels first (as one permutation of rows: the fastest on a CPU)."""
    total, m, v, c = frames.shape
    order = torch.arange(m * v * c).view(m, v, c).permute(2, 1, 0).flatten()
    flat = torch.from_numpy(frames).view(total, m * v * c)
    return flat.index_select(1, order).view(total, c, v, m)


def frames_at(
    planes: Shaped[Tensor, "total c v m"], first: Int[Tensor, "n 1"], index: Int[Tensor, "n t"]
) -> Clips:
    """Whole frames by number, every channel of a frame a row of its own.

    Args:
        first: where each clip starts.
        index: of the frames, counted in each clip.
    """
    _, c, v, m = planes.shape
    at = (index + first).to(planes.device)
    rows = at[:, None] * c + torch.arange(c, device=planes.device)[:, None]
    chosen = planes.view(-1, v * m).index_select(0, rows.flatten())
    return chosen.float().view(*rows.shape, v, m)
