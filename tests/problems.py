"""A fixed random problem for protocols: features around a center for each class, nobody trained."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edgcn.evaluation.trial import Featured, Task, Trainable, Trial
from edgcn.store.splits import Fold

CLASSES = ("wave", "sit", "stand", "nod", "clap", "touch neck", "fold arms")
PEOPLE = ("s4", "s5")  # who tests where there is one fold

# Settings that make each protocol quick.
TUNING = {"finetune_epochs": 2, "epochs": 2}
SMALL: dict[str, dict[str, Any]] = {
    "linear": {"epochs": 2},
    "semi": {"fractions": (0.2,), "draws": 1},
    "few-shot": {"shots": (2,), "draws": 1},
    "supervised": TUNING,
    "finetune": TUNING,
}


def problem() -> Trial:
    """Features around a center for each class; the method's are nearest to it."""
    rng = np.random.default_rng(7)
    labels = rng.choice(7, size=160, p=[0.2, 0.2, 0.2, 0.15, 0.1, 0.1, 0.05])
    subjects = np.array([f"s{i}" for i in rng.integers(6, size=160)])
    centers = rng.normal(size=(7, 12))

    def made(spread: float) -> np.ndarray:
        return (centers[labels] + spread * rng.normal(size=(160, 12))).astype(np.float32)

    tests = np.isin(subjects, PEOPLE)
    task = Task(
        names=np.array([f"clip{i:03d}" for i in range(160)]),
        labels=labels,
        subjects=subjects,
        folds=(Fold(np.flatnonzero(~tests), np.flatnonzero(tests)),),
        classes=CLASSES,
        seed=3,
        split="mine",
    )
    features = [
        Featured("raw", "raw coordinates", made(4.0)),
        Featured("random", "random encoder", made(3.0)),
        Featured("method", "EDGCN", made(2.0), learned="2/2 people"),
    ]
    return Trial(task, features, trainable=trainable(features[2].values))


def trainable(values: np.ndarray) -> Trainable:
    """Two layers as an encoder of vectors that stand for clips."""
    torch.manual_seed(0)
    encoders = [nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Tanh()) for _ in "ab"]

    def view(rows: np.ndarray, generator: torch.Generator) -> Tensor:
        return torch.from_numpy(values[rows]).view(-1, 12, 1, 1, 1)

    def augmented(rows: np.ndarray, generator: torch.Generator) -> Tensor:
        x = view(rows, generator)
        return x + torch.randn(x.shape, generator=generator)

    return Trainable(
        pretrained=lambda: encoders[0],
        untrained=lambda: encoders[1],
        read=lambda encoder, x: encoder(x),
        view=view,
        augmented=augmented,
    )


def one_out(trial: Trial) -> Trial:
    """The same with a fold for each subject."""
    subjects = trial.task.subjects
    every = tuple(
        Fold(np.flatnonzero(subjects != who), np.flatnonzero(subjects == who))
        for who in np.unique(subjects)
    )
    return replace(trial, task=replace(trial.task, folds=every, split="loso"), memory={})
