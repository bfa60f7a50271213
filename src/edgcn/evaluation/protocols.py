"""The protocols by name: what is fitted, on which labels, and the rows of its table.

Trial (task, features by kind) + settings -> Outcome

A protocol's settings are its keyword arguments, which become the flags of `edgcn evaluate`. A name
that several have means the same in all of them. With several folds every clip is scored by the fold
that holds it out, and the metrics are of all clips together.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.cautions import too_few
from edgcn.evaluation.clustering import clustering_metrics, k_means
from edgcn.evaluation.folds import (
    Fitted,
    classify,
    few,
    linear_layer,
    of_trained,
    train,
    with_share,
)
from edgcn.evaluation.logistic import choose_c, fit_c, span
from edgcn.evaluation.nearest import fit_nearest, held_out_share
from edgcn.evaluation.retrieval import Ranking, chance_metrics, rank, retrieval_metrics
from edgcn.evaluation.rows import BASELINES
from edgcn.evaluation.subsets import (
    at_least_one,
    few_clips,
    shortages,
    shots_label,
    some_share,
    some_shots,
)
from edgcn.evaluation.trial import Outcome, Task, Trial

LearningRate = PositiveFloat | Literal["auto"]
Share = Annotated[float, Field(gt=0, le=1)]


def linear(trial: Trial, *, lr: LearningRate = 1.0, epochs: PositiveInt = 90) -> Outcome:
    """A linear layer by SGD on all training labels, as in AS-CAL and the paper.

    Args:
        lr: Learning rate of the linear layer (AS-CAL's is 1); auto chooses it on held-out training
            subjects.
        epochs: Epochs of the linear layer; its learning rate is halved at 15, 35, 60 and 75.
    """
    return classify(trial, linear_layer(trial.task, lr, epochs), fuse=True)


def logistic(trial: Trial, *, whiten: NonNegativeInt = 0) -> Outcome:
    """Logistic regression on all training labels, its C chosen on held-out training subjects.

    Args:
        whiten: Directions of most variance that are kept of the vectors and whitened (PCA of the
            training clips); 0 takes the vectors as they are.
    """
    classes = len(trial.task.classes)

    def fit(features: np.ndarray, labels: np.ndarray, subjects: np.ndarray) -> Fitted:
        c, share = choose_c(features, labels, subjects, classes=classes, whiten=whiten)
        known = span(features, whiten)
        return Fitted(fit_c(features, labels, c=c, classes=classes, known=known), {"C": c}, share)

    return noting(classify(trial, fit, fuse=True), fewer_directions(trial.task, whiten))


def knn(trial: Trial, *, k: PositiveInt = 1, whiten: NonNegativeInt = 0) -> Outcome:
    """The nearest training clips by cosine similarity.

    Args:
        k: Training clips that vote on each test clip.
        whiten: Directions of most variance that are kept of the vectors and whitened (PCA of the
            training clips); 0 takes the vectors as they are.
    """
    settings: dict[str, int] = {"classes": len(trial.task.classes), "k": k, "whiten": whiten}

    def fit(features: np.ndarray, labels: np.ndarray, subjects: np.ndarray) -> Fitted:
        share = held_out_share(features, labels, subjects, **settings)
        return Fitted(fit_nearest(features, labels, **settings), held_out=share)

    fewest = fewest_training(trial.task)
    voting = too_few(k, fewest, what="k", so="all of which vote on every test clip")
    return noting(classify(trial, fit), voting, fewer_directions(trial.task, whiten))


def semi(
    trial: Trial, *, fractions: tuple[Share, ...] = (0.01, 0.05, 0.1), draws: PositiveInt = 5
) -> Outcome:
    """The encoder saw all training clips, the probe the labels of a few.

    Args:
        fractions: Shares of each class's labels that are kept; at least one clip of a class is.
        draws: Random choices of the clips that keep their labels, which are averaged.
    """
    amounts = {f"{100 * fraction:g} %": fraction for fraction in sorted(fractions)}
    sides = [trial.task.labels[fold.train] for fold in trial.task.folds]
    notes = [at_least_one(sides, label, fraction) for label, fraction in amounts.items()]
    return noting(few(trial, amounts, some_share, draws=draws), *notes)


def noting(outcome: Outcome, *notes: str) -> Outcome:
    """The outcome with those notes that say something."""
    return replace(outcome, notes=(*outcome.notes, *filter(None, notes)))


def fewest_training(task: Task) -> int:
    """Training clips of the fold that has the fewest."""
    return min(len(fold.train) for fold in task.folds)


def fewer_directions(task: Task, whiten: int) -> str:
    """That so few clips differ in fewer directions than are to be kept."""
    return too_few(
        whiten, fewest_training(task), what="whiten", so="which differ in fewer directions"
    )


def few_shot(
    trial: Trial, *, shots: tuple[PositiveInt, ...] = (1, 5, 10), draws: PositiveInt = 5
) -> Outcome:
    """So many labelled clips per class.

    Args:
        shots: Labelled clips per class; all of a class that has fewer.
        draws: Random choices of the clips that keep their labels, which are averaged.
    """
    task = trial.task
    sides = [task.labels[fold.train] for fold in task.folds]
    short = {count: shortages(sides, count, task.classes) for count in sorted(shots)}
    amounts = {shots_label(count, fewer): count for count, fewer in short.items()}
    notes = tuple(few_clips(count, fewer) for count, fewer in short.items() if fewer)
    return few(trial, amounts, some_shots, draws=draws, notes=notes)


def retrieval(trial: Trial) -> Outcome:
    """Test clips as queries, training clips as the gallery."""
    task, labels = trial.task, trial.task.labels
    sides = [(labels[fold.test], labels[fold.train]) for fold in task.folds]
    weights = [len(query) / len(task.tested) for query, _ in sides]
    chances = [chance_metrics(*side) for side in sides]
    rows = [task.row("chance", {
        name: sum(weight * each[name] for weight, each in zip(weights, chances, strict=True))
        for name in chances[0]
    })]  # fmt: skip
    for each in trial.features:
        ranked = [
            rank(each.values[fold.test], each.values[fold.train], *side)
            for fold, side in zip(task.folds, sides, strict=True)
        ]
        ranking = Ranking(
            np.concatenate([part.precision for part in ranked]),
            np.concatenate([part.first for part in ranked]),
        )
        found = retrieval_metrics(ranking, task.people, seed=task.seed)
        people = task.by_subject(ranking.precision)
        rows.append(task.row(each.kind, found, each.name, by_subject=people,
                             learned=each.learned))  # fmt: skip
    return Outcome(rows)


def check_one_fold(task: Task) -> None:
    """Refuse several folds: clustering groups all test clips at once."""
    if len(task.folds) > 1:
        raise EdgcnError(
            f"clustering groups all test clips at once, and split {task.split!r} tests them in "
            f"{len(task.folds)} folds; use another protocol, or another --split"
        )


def clustering(trial: Trial) -> Outcome:
    """As many groups of test clips as there are classes among them, without any label."""
    task = trial.task
    check_one_fold(task)
    number = len(np.unique(task.true))

    def score(found: np.ndarray) -> dict[str, float]:
        return clustering_metrics(task.true, found, task.people, seed=task.seed)

    rows = [task.row("one_cluster", score(np.zeros_like(task.true)))]
    for each in trial.features:
        found = k_means(each.values[task.tested], number, seed=task.seed)
        rows.append(task.row(each.kind, score(found), each.name, learned=each.learned))
    return Outcome(rows, metadata={"clusters": number})


def supervised(
    trial: Trial,
    *,
    lr: LearningRate = 1.0,
    epochs: PositiveInt = 90,
    finetune_epochs: PositiveInt = 30,
    finetune_lr: PositiveFloat = 1e-3,
    finetune_augment: bool = False,
    finetune_share: Share = 1.0,
) -> Outcome:
    """The encoder learns from labels, from random weights.

    Args:
        lr: Learning rate of the linear layer on the baselines; auto chooses it.
        epochs: Epochs of the linear layer on the baselines.
        finetune_epochs: Epochs of training the encoder.
        finetune_lr: Learning rate of the encoder (AdamW, cosine to 0; the layer's is 10 times it).
            The default was best of 3e-4, 1e-3 and 3e-3 on held-out subjects of UTD-MHAD.
        finetune_augment: Augment the clips as in pre-training.
        finetune_share: Share of each class's training labels that all rows learn from; at least
            one clip of a class is.
    """
    whole, trial = trial.task, with_share(trial, finetune_share)
    task, name = trial.task, f"{trial.method.name}, from scratch"
    rows = classify(trial, linear_layer(task, lr, epochs), only=BASELINES).rows
    trained = train(trial, False, finetune_epochs, finetune_lr, finetune_augment)
    rows = [*rows, task.scored("method", trained.scores, name)]
    return noting(of_trained(task, rows, trained), of_labels(task, whole))


def finetune(
    trial: Trial,
    *,
    lr: LearningRate = 1.0,
    epochs: PositiveInt = 90,
    finetune_epochs: PositiveInt = 30,
    finetune_lr: PositiveFloat = 1e-3,
    finetune_augment: bool = False,
    finetune_share: Share = 1.0,
) -> Outcome:
    """The pre-trained encoder learns from labels; beside it the same from random weights, and a
    linear layer on both of them frozen.

    Args:
        lr: Learning rate of the linear layer on frozen encoders; auto chooses it.
        epochs: Epochs of the linear layer on frozen encoders.
        finetune_epochs: Epochs of training the encoder.
        finetune_lr: Learning rate of the encoder (AdamW, cosine to 0; the layer's is 10 times it).
            The default was best of 3e-4, 1e-3 and 3e-3 on held-out subjects of UTD-MHAD.
        finetune_augment: Augment the clips as in pre-training.
        finetune_share: Share of each class's training labels that all rows learn from; at least
            one clip of a class is.
    """
    whole, trial = trial.task, with_share(trial, finetune_share)
    task, method = trial.task, trial.method
    settings = (finetune_epochs, finetune_lr, finetune_augment)
    *baselines, frozen = classify(trial, linear_layer(task, lr, epochs)).rows
    scratch, tuned = (train(trial, pretrained, *settings) for pretrained in (False, True))
    rows = [
        *baselines,
        task.scored("scratch", scratch.scores, f"{method.name}, from scratch"),
        replace(frozen, kind="frozen", name=f"{method.name}, frozen"),
        task.scored("method", tuned.scores, f"{method.name}, fine-tuned", learned=method.learned),
    ]
    return noting(of_trained(task, rows, tuned), of_labels(task, whole))


def of_labels(task: Task, whole: Task) -> str:
    """How many labels were learned from, where not all of them."""
    kept, there = (sum(len(fold.train) for fold in each.folds) for each in (task, whole))
    return "" if kept == there else f"all rows learned from {kept} of {there} labelled clips"


# In the order of `--protocol all`: the cheap ones first.
PROTOCOLS: dict[str, Callable[..., Outcome]] = {
    "linear": linear,
    "logistic": logistic,
    "knn": knn,
    "semi": semi,
    "few-shot": few_shot,
    "retrieval": retrieval,
    "clustering": clustering,
    "supervised": supervised,
    "finetune": finetune,
}
FUSES = ("linear", "logistic")  # whose probabilities are averaged where there are several methods
