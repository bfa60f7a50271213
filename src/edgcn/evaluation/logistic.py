"""Logistic regression on frozen features, its strength chosen on held-out training subjects.

features (N, D), labels (N,) -> a `LinearProbe`. Features are standardized by the training clips, or
whitened; the values of C are tried from small to large, each from where the last one ended.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from edgcn.evaluation.nearest import ENOUGH
from edgcn.evaluation.probes import LinearProbe, standardize
from edgcn.models.whitening import fit_whitening
from edgcn.store.splits import held_out

GRID = (0.001, 0.01, 0.1, 1.0, 10.0)  # values of C that the logistic protocol chooses from
LEAST_C = 0.0003  # one more for whitened features, whose weak directions count as much as strong
FEW_C = 100.0  # on few labels; of 0.1 to 1000 good for all features on UTD-MHAD's training subjects

Features = Float[np.ndarray, "n d"]
Labels = Int[np.ndarray, " n"]
# Mean (D,), spread (D,), directions (R, D); None for all directions as they are.
Span = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def fit_logistic(
    features: Features, labels: Labels, subjects: np.ndarray, *, classes: int, whiten: int = 0
) -> tuple[LinearProbe, float]:
    """Logistic regression on all training clips at the C of `choose_c`, and that C."""
    c, _ = choose_c(features, labels, subjects, classes=classes, whiten=whiten)
    return fit_c(features, labels, c=c, classes=classes, known=span(features, whiten)), c


def choose_c(
    features: Features, labels: Labels, subjects: np.ndarray, *, classes: int, whiten: int = 0
) -> tuple[float, float]:
    """The C of GRID that is best on held-out TRAINING subjects, and how many of their clips are
    right at it, as a share.

    Groups of subjects are held out in turn until `ENOUGH` clips have been judged.

    Args:
        whiten: directions that are kept of the whitened features; 0 standardizes them instead.
    """
    grid = (LEAST_C, *GRID) if whiten else GRID
    right, judged = dict.fromkeys(grid, 0), 0
    for fit, check in held_out(np.arange(len(labels)), subjects):
        if judged >= ENOUGH:
            break
        if len(np.unique(labels[fit])) < 2:
            continue  # nothing to tell apart without the subjects held out
        known = span(features[fit], whiten)
        tried = fit_cs(features[fit], labels[fit], cs=grid, classes=classes, known=known)
        for c, probe in zip(grid, tried, strict=True):
            right[c] += int((probe.scores(features[check]).argmax(1) == labels[check]).sum())
        judged += len(check)
    best = max(grid, key=lambda c: (right[c], -c))  # the stronger regularization wins a tie
    return best, right[best] / max(judged, 1)


def span(features: Features, whiten: int = 0) -> Span:
    """Of the standardized clips: mean, plain spread, an orthonormal basis of what they span.

    Args:
        whiten: of the clips as they are, so many directions of their whitening in its place.
    """
    if whiten:
        whitening = fit_whitening(features, whiten)
        return whitening.mean, np.ones_like(whitening.mean), whitening.matrix
    mean, scale = standardize(features)
    scale = (scale / features.shape[1] ** 0.5).astype(np.float32)
    return mean, scale, _basis((features - mean) / scale)


def _basis(x: Features) -> Float[np.ndarray, "r d"] | None:
    """An orthonormal basis of what the rows span; None where there are as many as dimensions."""
    if x.shape[1] <= len(x):
        return None
    return np.asarray(np.linalg.svd(x, full_matrices=False)[2], dtype=np.float32)


def fit_few(
    features: Features, labels: Labels, *, among: Float[np.ndarray, "all d"], classes: int
) -> LinearProbe:
    """Logistic regression with C fixed: few labels leave no clips to choose it by.

    Args:
        among: all training clips, by which features are standardized (to rows of length about 1,
            as for the linear layer); that needs no labels.
    """
    mean, scale = standardize(among)
    known = mean, scale, _basis((features - mean) / scale)
    return fit_c(features, labels, c=FEW_C, classes=classes, known=known)


def fit_c(
    features: Features,
    labels: Labels,
    *,
    c: float,
    classes: int,
    known: Span | None = None,
) -> LinearProbe:
    """Logistic regression (scikit-learn) in the span of the clips (`known`, or found here).

    That is the optimum of all dimensions, in fewer. A whitening is folded into the weights, so that
    the probe reads features as they are.
    """
    return fit_cs(features, labels, cs=(c,), classes=classes, known=known)[0]


def fit_cs(
    features: Features,
    labels: Labels,
    *,
    cs: Sequence[float],
    classes: int,
    known: Span | None = None,
) -> list[LinearProbe]:
    """`fit_c` at several values of C, from small to large: each begins where the last one ended."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    mean, scale, basis = known or span(features)
    x = (features - mean) / scale
    if basis is not None:
        x = x @ basis.T
    model = LogisticRegression(max_iter=300, warm_start=True)
    made = []
    for c in cs:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The number of unique classes")  # few labels
            warnings.simplefilter("ignore", ConvergenceWarning)  # at large C the last digits take
            model.set_params(C=c).fit(x, labels)  # long
        values = model.coef_ if basis is None else model.coef_ @ basis
        made.append(_of_all(model.classes_, values, model.intercept_, classes, mean, scale))
    return made


def _of_all(
    rows: Labels,
    values: Float[np.ndarray, "_ d"],
    offsets: Float[np.ndarray, " _"],
    classes: int,
    mean: Float[np.ndarray, " d"],
    scale: Float[np.ndarray, " d"],
) -> LinearProbe:
    """A probe of all classes; one without training clips is never predicted.

    Args:
        rows: the classes that have values; two share one row of them.
    """
    weight = np.zeros((classes, values.shape[1]), dtype=np.float32)
    bias = np.full(classes, -1e9, dtype=np.float32)
    if len(rows) == 2:
        values, offsets = np.stack([-values[0], values[0]]) / 2, np.array([-1, 1]) * offsets[0] / 2
    weight[rows], bias[rows] = values, offsets
    return LinearProbe(mean, scale, weight, bias)
