"""How well labels are recognized: top-1, top-5, macro-F1, balanced accuracy, and how sure we are.

The interval resamples test SUBJECTS, not clips: clips of one person are not independent.
"""

import numpy as np
from jaxtyping import Float, Int, Real

RESAMPLES = 2000


def confusion(
    labels: Int[np.ndarray, " n"], predicted: Int[np.ndarray, " n"], classes: int
) -> Int[np.ndarray, "k k"]:
    """Counts; rows are true classes, columns predicted ones."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def measure(
    scores: Float[np.ndarray, "n k"],
    labels: Int[np.ndarray, " n"],
    subjects: np.ndarray,
    *,
    seed: int = 0,
) -> dict[str, float]:
    """All metrics of one set of test scores (higher means likelier), in 0..1.

    `low` and `high` bound top-1 at 95 %, resampled by subject.
    """
    classes = scores.shape[1]
    ranked = np.argsort(-scores, axis=1, kind="stable")
    predicted = ranked[:, 0]
    matrix = confusion(labels, predicted, classes)
    hits, true, chosen = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    occurring = true > 0  # a class without test clips has no accuracy and no F1
    f1 = 2 * hits / np.maximum(true + chosen, 1)
    low, high = subject_interval(predicted == labels, subjects, seed=seed)
    return {
        "top1": float((predicted == labels).mean()),
        "top5": float((ranked[:, :5] == labels[:, None]).any(1).mean()),
        "macro_f1": float(f1[occurring].mean()),
        "balanced": float((hits[occurring] / true[occurring]).mean()),
        "low": low,
        "high": high,
    }


def subject_interval(
    correct: np.ndarray, subjects: np.ndarray, *, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the share of correct clips, by resampling subjects with replacement."""
    _, person = np.unique(subjects, return_inverse=True)
    return resampled(
        np.bincount(person, weights=correct.astype(float)), np.bincount(person), seed=seed
    )


def resampled(
    sums: Float[np.ndarray, " subjects"], clips: Real[np.ndarray, " subjects"], *, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of a mean over clips, by resampling subjects with replacement.

    Args:
        sums: of each subject's clips, such as how many are right.
        clips: how many each has; or minutes, for a rate.
    """
    drawn = np.random.default_rng(seed).integers(len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(1) / clips[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
