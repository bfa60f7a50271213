"""What protocols share: a probe or an encoder fitted on each fold, its scores on all tested clips.

Trial + how to fit -> for each kind of features a row, the last one's probe and probabilities
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from edgcn.evaluation.finetune import train_on_labels, vectors
from edgcn.evaluation.logistic import fit_few
from edgcn.evaluation.metrics import subject_interval
from edgcn.evaluation.probes import LinearProbe, Probe, choose_lr, fit_linear
from edgcn.evaluation.rows import KINDS, Row
from edgcn.evaluation.subsets import digest, some_share
from edgcn.evaluation.trial import Featured, Outcome, Task, Trained, Trial
from edgcn.store.splits import Fold

Scores = Float[np.ndarray, "m k"]


@dataclass(frozen=True)
class Fitted:
    """A probe, what was chosen for it, and the share of held-out training clips that was right."""

    probe: Probe
    chosen: dict[str, float] = field(default_factory=dict)
    held_out: float | None = None


Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], Fitted]  # of features, labels, subjects


@dataclass(frozen=True)
class Held:
    """Scores of all tested clips, each by the fold that holds it out; a single fold's probe."""

    probe: Probe | None
    scores: Scores
    probabilities: Scores
    chosen: dict[str, float]
    held_out: float | None


def hold_out(task: Task, values: np.ndarray, fit: Fit) -> Held:
    """Fit on each fold's training clips, score its test clips; of what was chosen the median."""
    scores, probabilities, fits = [], [], []
    for fold in task.folds:
        rows = fold.train
        fits.append(fit(values[rows], task.labels[rows], task.subjects[rows]))
        probe = fits[-1].probe
        scores.append(probe.scores(values[fold.test]))
        probabilities.append(probe.likely(scores[-1]))
    shares = [each.held_out for each in fits if each.held_out is not None]
    return Held(
        probe if len(task.folds) == 1 else None,
        np.concatenate(scores),
        np.concatenate(probabilities),
        {name: float(np.median([each.chosen[name] for each in fits])) for name in fits[0].chosen},
        float(np.mean(shares)) if shares else None,
    )


def linear_layer(task: Task, lr: float | Literal["auto"], epochs: int) -> Fit:
    """The paper's linear layer, at one learning rate or the best of several."""
    settings: dict[str, Any] = {"classes": len(task.classes), "epochs": epochs, "seed": task.seed}

    def fit(features: np.ndarray, labels: np.ndarray, subjects: np.ndarray) -> Fitted:
        if lr != "auto":
            return Fitted(fit_linear(features, labels, lr=lr, **settings))
        best, share = choose_lr(features, labels, subjects, **settings)
        return Fitted(fit_linear(features, labels, lr=best, **settings), {"lr": best}, share)

    return fit


def classify(
    trial: Trial, fit: Fit, *, only: Collection[str] = KINDS, fuse: bool = False
) -> Outcome:
    """A probe on each kind of features and all training labels.

    Args:
        only: kinds to fit; the others are left out.
        fuse: of several methods, a last row: the mean of their class probabilities (late fusion, as
            in 2s-AGCN).
    """
    task = trial.task
    rows, methods = [task.majority()], []
    for each in trial.features:
        if each.kind not in only:
            continue
        held = hold_out(task, each.values, fit)
        rows.append(task.scored(each.kind, held.scores, each.name, chosen=held.chosen,
                                held_out=held.held_out, learned=each.learned))  # fmt: skip
        if each.kind == "method":
            methods.append((each, held))
    if fuse and len(methods) > 1:
        scores = np.mean([held.probabilities for _, held in methods], axis=0)
        learned = ", ".join(dict.fromkeys(each.learned for each, _ in methods if each.learned))
        rows.append(task.scored("fused", scores, trial.fused, learned=learned))
        return Outcome(rows, None, scores, task.tested)
    if not methods:
        return Outcome(rows)
    return Outcome(rows, methods[-1][1].probe, methods[-1][1].probabilities, task.tested)


def few(
    trial: Trial,
    amounts: Mapping[str, Any],
    choose: Callable[..., np.ndarray],
    *,
    draws: int,
    notes: tuple[str, ...] = (),
) -> Outcome:
    """A probe on each kind of features and the same few labels, averaged over choices of them.

    Args:
        amounts: what `choose` takes as amount, by how tables call it.
        choose: `choose(labels, amount, seed=, draw=)` gives positions of clips that keep labels.
    """
    task = trial.task
    rows, digests = [task.majority()], {}
    for labels, amount in amounts.items():
        kept = [
            [fold.train[choose(task.labels[fold.train], amount, seed=task.seed, draw=draw)]
             for fold in task.folds]
            for draw in range(draws)
        ]  # fmt: skip
        digests[labels] = [digest(task.names[np.concatenate(folds)]) for folds in kept]
        count = round(float(np.mean([len(fold) for fold in kept[0]])))
        for each in trial.features:
            scored = [_on_few(task, each, folds) for folds in kept]
            right = np.mean([scores.argmax(1) == task.true for scores in scored], axis=0)
            rows.append(task.row(each.kind, _mean(task, scored, right), each.name,
                                 by_subject=task.by_subject(right), learned=each.learned,
                                 labels=labels, amount=float(amount), n_labels=count))  # fmt: skip
    return Outcome(rows, notes=notes, metadata={"subsets": digests, "draws": draws})


def _on_few(task: Task, each: Featured, kept: Sequence[np.ndarray]) -> Scores:
    """Scores of the tested clips by the labels of the clips kept in each fold."""
    parts = []
    for fold, rows in zip(task.folds, kept, strict=True):
        probe = fit_few(
            each.values[rows],
            task.labels[rows],
            among=each.values[fold.train],
            classes=len(task.classes),
        )
        parts.append(probe.scores(each.values[fold.test]))
    return np.concatenate(parts)


def _mean(task: Task, scored: Sequence[Scores], right: Float[np.ndarray, " m"]) -> dict[str, float]:
    """Metrics averaged over draws, the interval by subject of that mean, and the draws' spread.

    Args:
        right: the share of draws in which each tested clip is right.
    """
    each = [task.score(scores) for scores in scored]
    means = {name: float(np.mean([one[name] for one in each])) for name in each[0]}
    low, high = subject_interval(right, task.people, seed=task.seed)
    return {
        **means,
        "low": low,
        "high": high,
        "draw_spread": float(np.std([one["top1"] for one in each])),
    }


def with_share(trial: Trial, share: float) -> Trial:
    """The same with this share of each class's training labels, drawn by the seed; the other
    training clips are left out.
    """
    task = trial.task
    if share == 1:
        return trial
    folds = (
        Fold(fold.train[some_share(task.labels[fold.train], share, seed=task.seed)], fold.test)
        for fold in task.folds
    )
    return replace(trial, task=replace(task, folds=tuple(folds)))


def train(trial: Trial, pretrained: bool, epochs: int, lr: float, augment: bool) -> Trained:
    """An encoder trained on the labels of each fold; the same settings are trained once.

    Raises:
        EdgcnError: the loss became infinite or NaN.
    """
    task, of = trial.task, trial.trainable
    key = (pretrained, epochs, lr, augment, sum(len(fold.train) for fold in task.folds))
    if key in trial.memory:
        return trial.memory[key]
    assert of is not None, "finetune and supervised need a Trainable"
    view = (of.augmented or of.view) if augment else of.view
    start = of.pretrained() if pretrained else of.untrained()
    parts, single = [], len(task.folds) == 1
    for number, fold in enumerate(task.folds, start=1):
        which = "" if single else f", fold {number} of {len(task.folds)}"
        encoder, probe = train_on_labels(
            start,
            view,
            fold.train,
            task.labels[fold.train],
            classes=len(task.classes),
            epochs=epochs,
            lr=lr,
            seed=task.seed,
            read=of.read,
            device=of.device,
            bfloat16=of.bfloat16,
            label=f"{'fine-tuning' if pretrained else 'from scratch'}{which}",
        )
        found = vectors(encoder, of.view, fold.test, read=of.read, device=of.device)
        parts.append(probe.scores(found))
    scores = np.concatenate(parts)
    trial.memory[key] = Trained(encoder, probe, scores) if single else Trained(None, None, scores)
    return trial.memory[key]


def of_trained(task: Task, rows: list[Row], trained: Trained) -> Outcome:
    """The outcome of a protocol whose last row is of an encoder trained on labels."""
    probabilities = LinearProbe.likely(trained.scores)
    return Outcome(rows, trained.probe, probabilities, task.tested, trained.encoder)
