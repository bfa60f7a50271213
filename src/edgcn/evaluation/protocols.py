"""The protocols on frozen features: what is fitted, on which labels, and the rows of its table.

Task + features by name {name: (N, D)} -> Outcome: one row of metrics for each, baselines first
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.special import softmax
from torch import nn

from edgcn.evaluation.baselines import majority_scores
from edgcn.evaluation.clustering import clustering_metrics, k_means
from edgcn.evaluation.metrics import measure, subject_interval
from edgcn.evaluation.probes import Probe, fit_few
from edgcn.evaluation.retrieval import chance_metrics, rank, retrieval_metrics
from edgcn.evaluation.subsets import digest, some_share, some_shots

Row = dict[str, Any]
Features = Mapping[str, np.ndarray]  # of all clips of the store, (N, D) each; the method's last
Fit = Callable[[np.ndarray], tuple[Probe, Row]]
BASELINES = ("raw coordinates", "random encoder")  # names of features that are for comparison

# What of a configuration the numbers of each protocol depend on, beside what all depend on.
SETTINGS: dict[str, tuple[str, ...]] = {
    "linear": ("lr", "epochs"),
    "logistic": (),
    "knn": ("k",),
    "semi": ("fractions", "draws"),
    "few-shot": ("shots", "draws"),
    "retrieval": (),
    "clustering": (),
    "finetune": ("lr", "epochs", "finetune_epochs", "finetune_lr", "finetune_augment"),
    "supervised": ("lr", "epochs", "finetune_epochs", "finetune_lr", "finetune_augment"),
}


@dataclass(frozen=True)
class Task:
    """Labelled clips of a store, and who of them trains and who tests."""

    names: np.ndarray
    labels: Int[np.ndarray, " all"]
    subjects: np.ndarray
    train: Int[np.ndarray, " n"]
    test: Int[np.ndarray, " m"]
    classes: int
    seed: int = 0

    def score(self, scores: Float[np.ndarray, "m k"]) -> Row:
        """All classification metrics of the test clips' scores."""
        labels, subjects = self.labels[self.test], self.subjects[self.test]
        return measure(scores, labels, subjects, seed=self.seed).to_dict()

    def majority(self) -> Row:
        """The row of whoever always says the commonest class of the training clips."""
        labels, tests = self.labels[self.train], len(self.test)
        scores = majority_scores(labels, classes=self.classes, tests=tests)
        return {"name": "majority class", "baseline": True, **self.score(scores)}


@dataclass(frozen=True)
class Outcome:
    """Rows of a protocol's table, and the last row's probe and test scores where it has them.

    Args:
        encoder: where the protocol trained one; the probe is then for its embeddings.
        about: what else results.json says.
    """

    rows: list[Row]
    probe: Probe | None = None
    scores: Float[np.ndarray, "m k"] | None = None
    encoder: nn.Module | None = None
    about: Row = field(default_factory=dict)


def classify(task: Task, features: Features, fit: Fit) -> Outcome:
    """A probe for each kind of features, fitted to all training labels; the last one's is kept."""
    rows = [task.majority()]
    for name, values in features.items():
        probe, chosen = fit(values[task.train])
        scores = probe.scores(values[task.test])
        rows.append({"name": name, "baseline": name in BASELINES, **task.score(scores), **chosen})
    return Outcome(rows, probe, scores)


def fuse(task: Task, features: Features, fit: Fit, *, name: str) -> Outcome:
    """`classify`, and a last row: the mean of the methods' class probabilities (late fusion)."""
    rows, probabilities = [task.majority()], []
    for kind, values in features.items():
        probe, chosen = fit(values[task.train])
        scores = probe.scores(values[task.test])
        if kind not in BASELINES:
            probabilities.append(softmax(scores.astype(np.float64), axis=1))
        rows.append({"name": kind, "baseline": kind in BASELINES, **task.score(scores), **chosen})
    scores = np.mean(probabilities, axis=0)
    rows.append({"name": name, "baseline": False, **task.score(scores)})
    return Outcome(rows, None, scores)


def semi(task: Task, features: Features, *, fractions: Sequence[float], draws: int) -> Outcome:
    """Semi-supervised: the encoder saw all training clips, the probe the labels of a few."""
    amounts = {f"{100 * fraction:g} %": fraction for fraction in sorted(fractions)}
    return _few(task, features, amounts, some_share, draws=draws)


def few_shot(task: Task, features: Features, *, shots: Sequence[int], draws: int) -> Outcome:
    """The same with so many labelled clips of each class."""
    amounts = {f"{count} a class": count for count in sorted(shots)}
    return _few(task, features, amounts, some_shots, draws=draws)


def _few(
    task: Task, features: Features, amounts: Mapping[str, Any], choose: Any, *, draws: int
) -> Outcome:
    """Every kind of features on the same few labels, averaged over several choices of them."""
    labels = task.labels[task.train]
    rows, digests = [task.majority()], {}
    for told, amount in amounts.items():
        subsets = [choose(labels, amount, seed=task.seed, draw=draw) for draw in range(draws)]
        digests[told] = [digest(task.names[task.train[kept]]) for kept in subsets]
        about = {"labels": told, "amount": float(amount), "n_labels": len(subsets[0])}
        for name, values in features.items():
            fitted = values[task.train]
            scored = [
                fit_few(fitted[kept], labels[kept], among=fitted, classes=task.classes).scores(
                    values[task.test]
                )
                for kept in subsets
            ]
            baseline = name in BASELINES
            rows.append({"name": name, "baseline": baseline, **about, **_mean(task, scored)})
    return Outcome(rows, about={"subsets": digests})


def _mean(task: Task, scored: Sequence[Float[np.ndarray, "m k"]]) -> Row:
    """Metrics averaged over draws, the interval by subject of that mean, and the draws' spread."""
    each = [task.score(scores) for scores in scored]
    means = {key: float(np.mean([row[key] for row in each])) for key in each[0] if key != "n"}
    labels, subjects = task.labels[task.test], task.subjects[task.test]
    right = np.mean([scores.argmax(1) == labels for scores in scored], axis=0)
    low, high = subject_interval(right, subjects, seed=task.seed)
    spread = float(np.std([row["top1"] for row in each]))
    return {**means, "low": low, "high": high, "draw_spread": spread, "n": len(labels)}


def retrieve(task: Task, features: Features) -> Outcome:
    """Test clips as queries, training clips as the gallery."""
    asked, shown = task.labels[task.test], task.labels[task.train]
    rows: list[Row] = [{"name": "chance", "baseline": True, **chance_metrics(asked, shown)}]
    for name, values in features.items():
        ranking = rank(values[task.test], values[task.train], asked, shown)
        found = retrieval_metrics(ranking, task.subjects[task.test], seed=task.seed)
        rows.append({"name": name, "baseline": name in BASELINES, **found})
    return Outcome([{**row, "n": len(asked)} for row in rows])


def cluster(task: Task, features: Features) -> Outcome:
    """As many groups of test clips as there are classes among them."""
    labels, subjects = task.labels[task.test], task.subjects[task.test]
    number = len(np.unique(labels))
    groups = {"one cluster": np.zeros_like(labels)}
    groups |= {
        name: k_means(values[task.test], number, seed=task.seed)
        for name, values in features.items()
    }
    rows = [
        {
            "name": name,
            "baseline": name in (*BASELINES, "one cluster"),
            **clustering_metrics(labels, found, subjects, seed=task.seed),
            "n": len(labels),
        }
        for name, found in groups.items()
    ]
    return Outcome(rows, about={"clusters": number})
