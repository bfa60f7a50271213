"""What is put on frozen features: a linear layer, the paper's by SGD; and probes as tensors.

features (N, D), labels (N,) -> scores (N', K). The linear probes see features standardized by the
training clips, so that one learning rate suits any encoder, and raw coordinates as well. Logistic
regression is in `logistic.py`, neighbors are in `nearest.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from scipy.special import softmax
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.nearest import ENOUGH, NearestProbe
from edgcn.models.whitening import Whitening
from edgcn.store.splits import held_out

LINEAR_BATCH = 32  # AS-CAL's
MILESTONES = (15, 35, 60, 75)
LRS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # that `auto` chooses from, around AS-CAL's 1
NOT_ZERO = 1e-20  # least error of a logit: below 1e-38 a CPU computes many times slower

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
        scores = np.asarray(standardized @ self.weight.T + self.bias)
        if not np.isfinite(scores).all():
            raise EdgcnError("the classifier's scores are not finite: its numbers are damaged")
        return scores

    def probabilities(self, features: Features) -> Float[np.ndarray, "n k"]:
        """Softmax of the logits; rows sum to 1."""
        return self.likely(self.scores(features))

    @staticmethod
    def likely(scores: Scores) -> Float[np.ndarray, "n k"]:
        """Probabilities of scores that are computed already."""
        return np.asarray(softmax(scores.astype(np.float64), axis=1))


Probe = LinearProbe | NearestProbe


def standardize(
    features: Features,
) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " d"]]:
    """Mean and spread of each dimension, a constant one kept as it is.

    The spread is times sqrt(D), so that standardized rows have length about 1: at that length the
    published learning rate of 1 is stable whatever D is. The paper gives no normalization.
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
    return fit_lrs(features, labels, classes=classes, epochs=epochs, lrs=(lr,), seed=seed)[0]


@torch.inference_mode()
def fit_lrs(
    features: Features,
    labels: Labels,
    *,
    classes: int,
    epochs: int = 90,
    lrs: Sequence[float] = LRS,
    seed: int = 0,
) -> list[LinearProbe]:
    """`fit_linear` at several learning rates: the layers are the columns of one matrix.

    All see the same minibatches, and a minibatch is two products however many lrs there are. A
    layer that starts at zero never leaves the span of the clips: where there are fewer clips than
    dimensions it is learned there, the same layer from shorter rows.
    """
    mean, scale = standardize(features)
    rows, basis = (features - mean) / scale, None
    if rows.shape[1] > len(rows):
        basis, triangle = np.linalg.qr(rows.T)
        rows = np.ascontiguousarray(triangle.T)
    ones = np.ones((len(features), 1), dtype=np.float32)  # times the last row of weights: the bias
    x = torch.from_numpy(np.concatenate([rows, ones], axis=1))
    target = F.one_hot(torch.from_numpy(labels), classes).float().unsqueeze(1) - NOT_ZERO
    weight = torch.zeros(x.shape[1], len(lrs) * classes)
    slow, lr = torch.zeros_like(weight), torch.tensor(lrs).unsqueeze(1)
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        if epoch in MILESTONES:
            lr, slow = lr / 2, slow / 2
        for chosen in torch.split(torch.randperm(len(x), generator=generator), LINEAR_BATCH):
            _sgd_step(x[chosen], target[chosen], weight=weight, slow=slow, lr=lr)
    layers = weight.view(x.shape[1], len(lrs), classes).permute(1, 2, 0).numpy()
    inner = layers[..., :-1] if basis is None else layers[..., :-1] @ basis.T
    return [
        LinearProbe(mean, scale, inside.copy(), layer[:, -1].copy())
        for inside, layer in zip(inner, layers, strict=True)
    ]


def _sgd_step(
    x: Float[Tensor, "n d"],
    target: Float[Tensor, "n 1 k"],
    *,
    weight: Float[Tensor, "d layers"],
    slow: Float[Tensor, "d layers"],
    lr: Float[Tensor, "lrs 1"],
) -> None:
    """One step of all layers, in place; `slow` is the momentum buffer times the lr."""
    error = torch.softmax((x @ weight).view(len(x), len(lr), -1), dim=2)
    error.sub_(target).mul_(lr / len(x))  # of the mean cross-entropy, by the logits
    gradient = x.T @ error.flatten(1)
    slow.mul_(0.9).add_(gradient)
    weight.sub_(gradient.add_(slow, alpha=0.9))  # Nesterov, as torch.optim.SGD writes it


def choose_lr(
    features: Features,
    labels: Labels,
    subjects: np.ndarray,
    *,
    classes: int,
    epochs: int = 90,
    seed: int = 0,
) -> tuple[float, float]:
    """The lr of LRS that is best on held-out TRAINING subjects, and how many of their clips are
    right at it, as a share.

    Groups of subjects are held out in turn until `ENOUGH` clips have been judged.
    """
    right, judged = np.zeros(len(LRS)), 0
    for fit, check in held_out(np.arange(len(labels)), subjects):
        if judged >= ENOUGH:
            break
        tried = fit_lrs(features[fit], labels[fit], classes=classes, epochs=epochs, seed=seed)
        predicted = np.stack([probe.scores(features[check]).argmax(1) for probe in tried])
        right += (predicted == labels[check]).sum(1)
        judged += len(check)
    best = int(right.argmax())  # the smaller lr wins a tie
    return LRS[best], float(right[best]) / judged


def probe_to_tensors(probe: Probe) -> dict[str, Tensor]:
    """A probe as named tensors, for a safetensors file."""
    if isinstance(probe, LinearProbe):
        named = {name: getattr(probe, name) for name in ("mean", "scale", "weight", "bias")}
    else:
        counts = np.array([probe.classes, probe.k], dtype=np.int64)
        named = {"features": probe.features, "labels": probe.labels, "counts": counts}
        if probe.whitening is not None:
            named |= {"mean": probe.whitening.mean, "matrix": probe.whitening.matrix}
    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in named.items()}


def probe_from_tensors(tensors: Mapping[str, Tensor]) -> Probe:
    """Inverse of `probe_to_tensors`."""
    named = {name: value.numpy() for name, value in tensors.items()}
    if "weight" in named:
        return LinearProbe(**named)
    classes, k = (int(count) for count in named["counts"])
    whitening = Whitening(named["mean"], named["matrix"]) if "matrix" in named else None
    return NearestProbe(named["features"], named["labels"], classes, k, whitening)
