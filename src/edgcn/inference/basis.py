"""Few directions of what is read of windows, so that a layer can be learned from few events.

windows (N, D) -> (N, Q), and a layer on these folded back into one on what is read
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

DIRECTIONS = 256  # of most variance, that the layer sees of windows and of what is beside them
SAMPLE = 4000  # windows at least that the directions are measured on


@dataclass(frozen=True)
class Basis:
    """What windows are projected on: directions of most variance, of the inside and the beside."""

    shift: Float[np.ndarray, " d"]
    parts: tuple[tuple[int, int, np.ndarray], ...]  # from, to, (to - from, q)

    @classmethod
    def of(cls, values: Float[np.ndarray, "n d"], reading_width: int, seed: int) -> "Basis":
        """Of some windows: the first numbers are of the inside."""
        shift, width = values.mean(axis=0), values.shape[1]
        parts = []
        for low, high in ((0, reading_width), (reading_width, width)):
            part = values[:, low:high] - shift[low:high]
            spread = part.std(axis=0)
            spread = np.where(spread > 1e-6 * max(float(spread.max()), 1e-12), spread, np.inf)
            part = torch.from_numpy((part / spread).astype(np.float32))
            every = max(1, len(part) // SAMPLE)
            wanted = min(DIRECTIONS, *part[::every].shape)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                _, size, directions = torch.svd_lowrank(part[::every], q=wanted, niter=2)
            scale = 3 * len(part[::every]) ** 0.5 / max(float(size[0]), 1e-12)
            parts.append((low, high, directions.numpy() * scale / spread[:, None]))
        return cls(shift, tuple(parts))

    @property
    def width(self) -> int:
        """How many directions there are."""
        return sum(matrix.shape[1] for *_, matrix in self.parts)

    def tensors(self) -> dict[str, Tensor]:
        """For a file."""
        named = {f"from_{low}": torch.from_numpy(m.copy()) for low, _, m in self.parts}
        return {"shift": torch.from_numpy(self.shift), **named}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "Basis":
        """Of a file."""
        found = {int(k[5:]): v.numpy() for k, v in tensors.items() if k.startswith("from_")}
        parts = sorted(found.items())
        return cls(tensors["shift"].numpy(), tuple((low, low + len(m), m) for low, m in parts))

    def project(self, values: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n q"]:
        """Windows in these directions."""
        shifted = values - self.shift
        found = [shifted[:, low:high] @ matrix for low, high, matrix in self.parts]
        return np.concatenate(found, axis=1).astype(np.float32)

    def unfold(self, weight: Float[np.ndarray, "rows q"]) -> Float[np.ndarray, "rows d"]:
        """Weights of what is read, from weights of the directions."""
        found, at = [], 0
        for _, _, matrix in self.parts:
            found.append(weight[:, at : at + matrix.shape[1]] @ matrix.T)
            at += matrix.shape[1]
        return np.concatenate(found, axis=1).astype(np.float32)
