"""What is put on frozen features: the paper's linear layer, logistic regression, nearest neighbors.

features (N, D), labels (N,) -> scores (N', K). The linear probes see features standardized by the
training clips, so that one learning rate suits any encoder, and raw coordinates as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from edgcn.splits import held_out

LINEAR_BATCH = 32  # AS-CAL's
MILESTONES = (15, 35, 60, 75)
GRID = (0.001, 0.01, 0.1, 1.0, 10.0)  # values of C that the logistic protocol chooses from
BLOCK = 2048  # queries at a time in kNN

Features = Float[np.ndarray, "n d"]
Labels = Int[np.ndarray, " n"]
Scores = Float[np.ndarray, "n k"]


@dataclass(frozen=True)
class LinearProbe:
    """scores = standardized features @ weight.T + bias; all that labelling a clip needs."""

    mean: Float[np.ndarray, " d"]
    scale: Float[np.ndarray, " d"]
    weight: Float[np.ndarray, "k d"]
    bias: Float[np.ndarray, " k"]

    def scores(self, features: Features) -> Scores:
        """Logits of the classes."""
        standardized = (features - self.mean) / self.scale
        return np.asarray(standardized @ self.weight.T + self.bias)


@dataclass(frozen=True)
class NearestProbe:
    """Votes of the k nearest training clips by cosine similarity."""

    features: Features
    labels: Labels
    classes: int
    k: int

    def scores(self, features: Features) -> Scores:
        """Votes weighted by similarity; ties go to the nearer clip."""
        gallery = F.normalize(torch.from_numpy(self.features), dim=1)
        labels = torch.from_numpy(self.labels)
        k = min(self.k, len(gallery))
        blocks = []
        for first in range(0, len(features), BLOCK):
            query = F.normalize(torch.from_numpy(features[first : first + BLOCK]), dim=1)
            near, index = (query @ gallery.T).topk(k, dim=1)
            votes = torch.zeros(len(query), self.classes)
            blocks.append(votes.scatter_add_(1, labels[index], near + 1))
        return torch.cat(blocks).numpy()


Probe = LinearProbe | NearestProbe


def standardize(
    features: Features,
) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
    """Mean and spread of each dimension, a constant one kept as it is.

    The spread is times sqrt(D), so that standardized rows have length about 1: at that length the
    published learning rate of 1 is stable whatever D is. The paper does not say what it did.
    """
    mean, spread = features.mean(0), features.std(0)
    spread = np.where(spread > 1e-6 * max(float(spread.max()), 1e-12), spread, 1.0)
    return mean, (spread * features.shape[1] ** 0.5).astype(np.float32)


def fit_linear(
    features: Features,
    labels: Labels,
    *,
    classes: int,
    epochs: int = 90,
    lr: float = 1.0,
    seed: int = 0,
) -> LinearProbe:
    """One linear layer by SGD, momentum 0.9 (Nesterov), x0.5 at epochs 15, 35, 60, 75 (AS-CAL)."""
    mean, scale = standardize(features)
    x, y = torch.from_numpy((features - mean) / scale), torch.from_numpy(labels)
    weight, bias = torch.zeros(classes, x.shape[1]), torch.zeros(classes)
    slow_weight, slow_bias = torch.zeros_like(weight), torch.zeros_like(bias)
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        rate = lr * 0.5 ** sum(epoch >= milestone for milestone in MILESTONES)
        order = torch.randperm(len(x), generator=generator)
        for chosen in torch.split(order, LINEAR_BATCH):
            error = _softmax_error(x[chosen], y[chosen], weight, bias)
            for value, slow, grad in (
                (weight, slow_weight, error.T @ x[chosen]),
                (bias, slow_bias, error.sum(0)),
            ):
                slow.mul_(0.9).add_(grad)
                value.sub_(grad + 0.9 * slow, alpha=rate)  # Nesterov, as torch.optim.SGD writes it
    return LinearProbe(mean, scale, weight.numpy(), bias.numpy())


def _softmax_error(x: Tensor, y: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Gradient of the mean cross-entropy with respect to the logits."""
    error = torch.softmax(x @ weight.T + bias, dim=1)
    error[torch.arange(len(y)), y] -= 1
    return error / len(y)


def fit_logistic(
    features: Features, labels: Labels, subjects: np.ndarray, *, classes: int
) -> tuple[LinearProbe, float]:
    """Logistic regression (scikit-learn); C is the best on held-out TRAINING subjects.

    Returns the probe fitted on all training clips, and the chosen C.
    """
    folds = held_out(np.arange(len(labels)), subjects)
    right = {c: 0 for c in GRID}
    for fit, check in folds:
        if len(np.unique(labels[fit])) < 2:
            continue  # nothing to tell apart without the subjects held out
        known = span(features[fit])
        for c in GRID:
            probe = _logistic(features[fit], labels[fit], c=c, classes=classes, known=known)
            right[c] += int((probe.scores(features[check]).argmax(1) == labels[check]).sum())
    best = max(GRID, key=lambda c: (right[c], -c))  # the stronger regularization wins a tie
    return _logistic(features, labels, c=best, classes=classes), best


def span(features: Features) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, plain spread, and an orthonormal basis (r, D) of what the standardized clips span."""
    mean, scale = standardize(features)
    scale = (scale / features.shape[1] ** 0.5).astype(np.float32)
    x = (features - mean) / scale
    basis = np.linalg.svd(x, full_matrices=False)[2] if x.shape[1] > len(x) else np.eye(x.shape[1])
    return mean, scale, basis.astype(np.float32)


def _logistic(
    features: Features,
    labels: Labels,
    *,
    c: float,
    classes: int,
    known: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
) -> LinearProbe:
    """Fit in the span of the training clips: the same optimum, and fewer dimensions than clips.

    Args:
        known: the `span` of these features, where it is known already.
    """
    from sklearn.linear_model import LogisticRegression

    mean, scale, basis = known or span(features)
    x = (features - mean) / scale
    model = LogisticRegression(C=c, max_iter=300).fit(x @ basis.T, labels)
    weight = np.zeros((classes, features.shape[1]), dtype=np.float32)
    bias = np.full(classes, -1e9, dtype=np.float32)  # a class without training clips is never said
    rows, values, offsets = model.classes_, model.coef_ @ basis, model.intercept_
    if len(rows) == 2:
        values, offsets = np.stack([-values[0], values[0]]) / 2, np.array([-1, 1]) * offsets[0] / 2
    weight[rows], bias[rows] = values, offsets
    return LinearProbe(mean, scale, weight, bias)


def probe_to_tensors(probe: Probe) -> dict[str, Tensor]:
    """A probe as named tensors, for a safetensors file."""
    if isinstance(probe, LinearProbe):
        named = {name: getattr(probe, name) for name in ("mean", "scale", "weight", "bias")}
    else:
        counts = np.array([probe.classes, probe.k], dtype=np.int64)
        named = {"features": probe.features, "labels": probe.labels, "counts": counts}
    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in named.items()}


def probe_from_tensors(tensors: Mapping[str, Tensor]) -> Probe:
    """Inverse of `probe_to_tensors`."""
    named = {name: value.numpy() for name, value in tensors.items()}
    if "weight" in named:
        return LinearProbe(**named)
    classes, k = (int(count) for count in named["counts"])
    return NearestProbe(named["features"], named["labels"], classes, k)
