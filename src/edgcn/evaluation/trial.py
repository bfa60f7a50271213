"""What a protocol takes and gives: labelled clips and who of them tests, features, rows, scores.

Task + features (N, D) -> protocol -> Outcome: rows of a table, a line for each tested clip
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.base.words import count
from edgcn.evaluation.finetune import Read, View
from edgcn.evaluation.metrics import confusion, measure
from edgcn.evaluation.probes import LinearProbe, Probe
from edgcn.evaluation.rows import NAMES, Kind, Row
from edgcn.store.splits import Fold, Split
from edgcn.store.views import Selection

Rows = Int[np.ndarray, " n"]


@dataclass(frozen=True)
class Task:
    """Clips, and who of the labelled ones trains and who tests.

    Args:
        names, labels, subjects: of all clips.
        folds: one, or several that test every clip once.
        classes: their names.
        split: its name.
    """

    names: np.ndarray
    labels: Int[np.ndarray, " all"]
    subjects: np.ndarray
    folds: tuple[Fold, ...]
    classes: tuple[str, ...]
    seed: int = 0
    split: str = ""

    @cached_property
    def tested(self) -> Rows:
        """The rows that test, fold by fold."""
        return np.concatenate([fold.test for fold in self.folds])

    @property
    def true(self) -> Rows:
        """Labels of the tested rows."""
        return np.asarray(self.labels[self.tested])

    @property
    def people(self) -> np.ndarray:
        """Subjects of the tested rows."""
        return np.asarray(self.subjects[self.tested])

    def score(self, scores: Float[np.ndarray, "m k"]) -> dict[str, float]:
        """All classification metrics of the tested rows' scores, all folds together."""
        return measure(scores, self.true, self.people, seed=self.seed)

    def row(self, kind: Kind, scores: dict[str, float], name: str = "", **values: Any) -> Row:
        """A row of this task's table."""
        return Row(kind, name or NAMES[kind], scores, len(self.tested), **values)

    def scored(
        self, kind: Kind, scores: Float[np.ndarray, "m k"], name: str = "", **values: Any
    ) -> Row:
        """A row of the tested rows' scores."""
        people = self.by_subject(scores.argmax(1) == self.true)
        return self.row(kind, self.score(scores), name, by_subject=people, **values)

    def by_subject(self, each: np.ndarray) -> dict[str, tuple[float, int]]:
        """Of each tested subject, the sum of what its clips have, and how many they are.

        Args:
            each: a number for each tested row.
        """
        names, person = np.unique(self.people, return_inverse=True)
        sums, clips = np.bincount(person, weights=each.astype(float)), np.bincount(person)
        return dict(zip(map(str, names), zip(sums.tolist(), clips.tolist(), strict=True),
                        strict=True))  # fmt: skip

    def majority(self) -> Row:
        """Always the commonest class of the training clips."""
        size = len(self.classes)
        counts = [np.bincount(self.labels[f.train], minlength=size) for f in self.folds]
        tests = [len(fold.test) for fold in self.folds]
        return self.scored("majority", np.repeat(counts, tests, axis=0).astype(np.float32))


def task_of(clips: Selection, split: Split, *, seed: int = 0) -> Task:
    """The labelled clips of a split.

    Raises:
        EdgcnError: a side has no labels, training has one class, or testing has a class that
            training lacks.
    """

    def labelled(rows: np.ndarray) -> np.ndarray:
        return clips.by_name(rows[clips.labels[rows] >= 0])

    folds = [Fold(labelled(fold.train), labelled(fold.test)) for fold in split.folds]
    folds = [fold for fold in folds if len(fold.test)]
    where = f"split {split.name!r} of {clips.path}"
    how = "choose another with --split, or prepare the store with its labels"
    if not folds:
        raise EdgcnError(f"{where} has no labelled test clips; {how}")
    for fold in folds:
        train = set(clips.labels[fold.train].tolist())
        if not train:
            raise EdgcnError(f"{where} has no labelled training clips; {how}")
        if absent := sorted(set(clips.labels[fold.test].tolist()) - train):
            names = ", ".join(clips.classes[label] for label in absent)
            raise EdgcnError(
                f"{where} leaves {count(len(absent), 'class')} without training clips: "
                f"{names}; choose another with --split"
            )
        if len(train) < 2:
            raise EdgcnError(f"{where} has training clips of one class; expected 2 or more; {how}")
    return Task(
        names=clips.names,
        labels=clips.labels,
        subjects=clips.subjects,
        folds=tuple(folds),
        classes=tuple(clips.classes),
        seed=seed,
        split=split.name,
    )


@dataclass(frozen=True)
class Featured:
    """Vectors of all clips, from one encoder or none.

    Args:
        kind: "raw", "random", or "method".
        values: one row for each clip of the task.
        learned: which test people the encoder had learned from ("6/6 people"), or empty.
    """

    kind: Kind
    name: str
    values: Float[np.ndarray, "all d"]
    learned: str = ""


@dataclass(frozen=True)
class Trainable:
    """Encoders that `finetune` and `supervised` train, and what they read.

    Args:
        pretrained, untrained: give the encoder; it is copied, not changed.
        read: vectors (n, D) of an encoder's input: its readout.
        view: the input of some rows of the task.
        augmented: the same with the augmentations of pre-training.
        bfloat16: whether to train in it, where the device is fast at it.
    """

    pretrained: Callable[[], nn.Module]
    untrained: Callable[[], nn.Module]
    read: Read
    view: View
    augmented: View | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    bfloat16: bool = False


@dataclass(frozen=True)
class Trained:
    """An encoder trained on labels, the layer on it (of a single fold), and its test scores."""

    encoder: nn.Module | None
    probe: LinearProbe | None
    scores: Float[np.ndarray, "m k"]


@dataclass(frozen=True)
class Classifier:
    """A recognizer's own.

    Args:
        probe: reads the method's vectors.
        strength: the C that it was fitted with.
        learned: which test people it was fitted on, or empty; `notes` say the same in words.
    """

    classes: tuple[str, ...]
    probe: LinearProbe
    strength: float
    learned: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """What a protocol may use.

    Args:
        features: baselines first; then the method, or several of them to be fused.
        trainable: for `finetune` and `supervised`.
        classifier: for `fitted`.
        fused: name of the row that averages several methods.
        memory: encoders that one protocol trained, for the next one.
    """

    task: Task
    features: Sequence[Featured]
    trainable: Trainable | None = None
    classifier: Classifier | None = None
    fused: str = "fusion"
    memory: dict[tuple[Any, ...], Trained] = field(default_factory=dict)

    @property
    def method(self) -> Featured:
        """The first features that are no baseline's."""
        return next(each for each in self.features if each.kind == "method")


@dataclass(frozen=True)
class Outcome:
    """What a protocol found.

    Args:
        rows: of its table, baselines first, the method last.
        probe: what the last row's scores are of, where there is one and one fold.
        scores: how likely each class is for each tested clip, in the order of `tested`; rows sum
            to 1. None where the protocol names no clips.
        tested: rows of the task.
        encoder: the one that the protocol trained; the probe is then for its vectors.
        notes: what a reader of the table must know.
        metadata: what else results.json holds.
    """

    rows: list[Row]
    probe: Probe | None = None
    scores: Float[np.ndarray, "m k"] | None = None
    tested: Rows | None = None
    encoder: nn.Module | None = None
    notes: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)


def per_clip(outcome: Outcome, task: Task) -> list[dict[str, Any]]:
    """A line for each tested clip: name, subject, true and predicted class, and each class's
    probability as `p(class)`; none where the protocol names no clips.
    """
    if outcome.scores is None or outcome.tested is None:
        return []
    columns = [f"p({name})" for name in task.classes]
    return [
        {
            "name": str(task.names[row]),
            "subject": str(task.subjects[row]),
            "true": task.classes[task.labels[row]],
            "predicted": task.classes[int(scores.argmax())],
            **dict(zip(columns, scores.tolist(), strict=True)),
        }
        for row, scores in zip(outcome.tested, outcome.scores, strict=True)
    ]


def confusion_of(outcome: Outcome, task: Task) -> Int[np.ndarray, "k k"] | None:
    """Counts of tested clips, true classes down; None where the protocol names no clips."""
    if outcome.scores is None or outcome.tested is None:
        return None
    return confusion(task.labels[outcome.tested], outcome.scores.argmax(1), len(task.classes))
