"""Clustering: do the test clips fall into groups that are the classes, without any label?

features (N, D) -> unit length -> k-means -> cluster (N,) -> NMI, ARI, accuracy of the best matching
"""

import warnings

import numpy as np
from jaxtyping import Float, Int

from edgcn.evaluation.metrics import confusion, subject_interval

STARTS = 10  # of k-means; the one with the least squared distances is kept

Labels = Int[np.ndarray, " n"]


def k_means(features: Float[np.ndarray, "n d"], clusters: int, *, seed: int = 0) -> Labels:
    """The cluster of each clip, by k-means on features of unit length (so: by cosine)."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    length = np.linalg.norm(features, axis=1, keepdims=True)
    points = features / np.maximum(length, 1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct points than clusters
        found = KMeans(clusters, n_init=STARTS, random_state=seed).fit_predict(points)
    return np.asarray(found, dtype=np.int64)


def match(labels: Labels, clusters: Labels) -> Labels:
    """Each clip's cluster as a class, by the one-to-one matching that is right most often.

    A cluster beyond the number of classes has none, -1.
    """
    from scipy.optimize import linear_sum_assignment

    counts = confusion(labels, clusters, int(max(labels.max(), clusters.max())) + 1)
    classes, matched = linear_sum_assignment(counts, maximize=True)
    name = np.full(counts.shape[1], -1)
    name[matched] = np.where(np.bincount(labels, minlength=len(counts))[classes] > 0, classes, -1)
    return np.asarray(name[clusters])


def clustering_metrics(
    labels: Labels, clusters: Labels, subjects: np.ndarray, *, seed: int = 0
) -> dict[str, float]:
    """Accuracy of the best matching with its interval by subject, NMI (arithmetic mean) and ARI."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    right = match(labels, clusters) == labels
    low, high = subject_interval(right, subjects, seed=seed)
    return {
        "accuracy": float(right.mean()),
        "low": low,
        "high": high,
        "nmi": float(normalized_mutual_info_score(labels, clusters)),
        "ari": float(adjusted_rand_score(labels, clusters)),
    }
