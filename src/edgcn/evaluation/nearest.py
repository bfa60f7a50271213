"""Nearest neighbors by cosine similarity, on features as they are or whitened.

training features (N, D), labels (N,) -> votes of the k nearest for each clip (N', K)
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from edgcn.models.whitening import Whitening, fit_whitening
from edgcn.store.splits import held_out

BLOCK = 2**24  # similarities at a time: 64 MB
ENOUGH = 2000  # held-out clips to choose by: their share that is right is within about 1 %


@dataclass(frozen=True)
class NearestProbe:
    """Votes of the k nearest training clips by cosine similarity.

    Args:
        features: of the training clips, whitened where there is a whitening.
        whitening: what a clip's features go through first.
    """

    features: Float[np.ndarray, "n r"]
    labels: Int[np.ndarray, " n"]
    classes: int
    k: int
    whitening: Whitening | None = None

    @cached_property
    def gallery(self) -> Float[Tensor, "n r"]:
        """The training clips' features at length 1."""
        return F.normalize(torch.from_numpy(self.features), dim=1)

    def scores(self, features: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "m k"]:
        """Votes weighted by similarity; ties go to the nearer clip."""
        if self.whitening is not None:
            features = self.whitening(features)
        labels, k = torch.from_numpy(self.labels), min(self.k, len(self.gallery))
        block = min(len(features), max(1, BLOCK // len(self.gallery)))
        room = torch.empty(block, len(self.gallery))  # for all blocks: new memory is slow
        votes = torch.zeros(len(features), self.classes)
        queries = F.normalize(torch.from_numpy(features), dim=1)
        for first in range(0, len(queries), block):
            query = queries[first : first + block]
            near = torch.mm(query, self.gallery.T, out=room[: len(query)])
            near, index = near.topk(k, dim=1)
            votes[first : first + block].scatter_add_(1, labels[index], near + 1)
        return votes.numpy()

    def probabilities(self, features: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "m k"]:
        """Each class's share of the votes; rows sum to 1."""
        return self.likely(self.scores(features))

    @staticmethod
    def likely(scores: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "m k"]:
        """Probabilities of scores that are computed already."""
        votes = scores.astype(np.float64) + 1e-12  # nobody's votes are everybody's
        return np.asarray(votes / votes.sum(1, keepdims=True))


def fit_nearest(
    features: Float[np.ndarray, "n d"],
    labels: Int[np.ndarray, " n"],
    *,
    classes: int,
    k: int = 1,
    whiten: int = 0,
) -> NearestProbe:
    """The training clips as a gallery.

    Args:
        whiten: directions that are kept of the whitened features; 0 whitens nothing.
    """
    if not whiten:
        return NearestProbe(features, labels, classes, k)
    whitening = fit_whitening(features, whiten)
    return NearestProbe(whitening(features), labels, classes, k, whitening)


def held_out_share(
    features: Float[np.ndarray, "n d"],
    labels: Int[np.ndarray, " n"],
    subjects: np.ndarray,
    *,
    classes: int,
    k: int = 1,
    whiten: int = 0,
) -> float:
    """Share of held-out TRAINING clips that `fit_nearest` on the other training subjects names.

    Groups of subjects are held out in turn until `ENOUGH` clips have been judged.
    """
    right = judged = 0
    for fit, check in held_out(np.arange(len(labels)), subjects):
        if judged >= ENOUGH:
            break
        probe = fit_nearest(features[fit], labels[fit], classes=classes, k=k, whiten=whiten)
        right += int((probe.scores(features[check]).argmax(1) == labels[check]).sum())
        judged += len(check)
    return right / judged


def nearest_rows(
    values: Float[np.ndarray, "all d"], rows: Int[np.ndarray, " n"], among: Int[np.ndarray, " m"]
) -> Int[np.ndarray, " n"]:
    """For each row the one of others whose features are nearest by cosine similarity."""
    gallery = F.normalize(torch.from_numpy(np.ascontiguousarray(values[among])), dim=1)
    block, found = max(1, BLOCK // max(1, len(among))), []
    for first in range(0, len(rows), block):
        part = np.ascontiguousarray(values[rows[first : first + block]])
        near = F.normalize(torch.from_numpy(part), dim=1) @ gallery.T
        found.append(near.argmax(1).numpy())
    return np.asarray(among[np.concatenate(found)] if found else rows)
