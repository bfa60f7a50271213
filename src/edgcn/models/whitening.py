"""PCA whitening: the directions in which vectors vary most, each with variance 1.

vectors (N, D) -> whitened (N, R), R at most D, N - 1 and what is asked for

Where a few directions have most of the variance, cosines and penalties see little else; whitened,
all of them count alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.linalg import eigh
from torch import Tensor

STEPS = 127  # of int8
SMALL = 1e-5  # of the largest singular value: what is below it is rounding, and no direction


@dataclass(frozen=True)
class Whitening:
    """whitened = (vectors - mean) @ matrix.T"""

    mean: Float[np.ndarray, " d"]
    matrix: Float[np.ndarray, "r d"]

    def __call__(self, vectors: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n r"]:
        """Whitened vectors of any clips."""
        return np.asarray((vectors - self.mean) @ self.matrix.T)

    def of_tensor(self, vectors: Float[Tensor, "n d"]) -> Float[Tensor, "n r"]:
        """The same, in float32 on the vectors' device."""
        mean, matrix = (torch.from_numpy(x).to(vectors.device) for x in (self.mean, self.matrix))
        return (vectors.float() - mean) @ matrix.T

    def to_tensors(self) -> dict[str, Tensor]:
        """For a file; each row of the matrix in 255 steps, 2 % of which is rounding."""
        steps = np.maximum(np.abs(self.matrix).max(1, keepdims=True), 1e-30) / STEPS
        rounded = np.round(self.matrix / steps).astype(np.int8)
        return {
            "mean": torch.from_numpy(self.mean),
            "matrix": torch.from_numpy(rounded),
            "steps": torch.from_numpy(steps.astype(np.float32)),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "Whitening":
        """Inverse of `to_tensors`, but for the rounding."""
        return cls(tensors["mean"].numpy(), (tensors["matrix"].float() * tensors["steps"]).numpy())


def fit_whitening(vectors: Float[np.ndarray, "n d"], dims: int, *, floor: float = 0.0) -> Whitening:
    """The whitening of these clips, fitted without labels.

    Args:
        dims: directions that are kept at most, those of most variance; clips that do not differ at
            all leave one, in which all of them are 0.
        floor: part of the largest variance that is added to each, so that directions in which
            hardly anything happens are not blown up.
    """
    clips, size = len(vectors), np.linalg.norm(vectors.astype(np.float64))
    mean = vectors.mean(0, dtype=np.float64)
    x = vectors - mean
    wide = x.shape[1] > clips
    products = x @ x.T if wide else x.T @ x  # whichever is the smaller
    last = len(products) - 1
    found, columns = eigh(products, subset_by_index=[max(0, last - dims + 1), last])
    spread, columns = np.sqrt(np.maximum(found[::-1], 0)), columns[:, ::-1]
    least = SMALL * max(float(spread[0]), SMALL * float(size))
    rank = min(int((spread > least).sum()), clips - 1)
    directions = columns[:, :rank].T
    if wide:
        directions = directions @ x / spread[:rank, None]
    width = np.sqrt(spread[:rank, None] ** 2 + floor * spread[0] ** 2)
    matrix = directions * (clips**0.5 / width)
    if rank == 0:
        matrix = np.zeros((1, vectors.shape[1]))
    return Whitening(mean.astype(np.float32), matrix.astype(np.float32))
