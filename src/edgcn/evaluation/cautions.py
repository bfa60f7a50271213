"""What an evaluation could not do as one may think: fewer clips, classes, people than there are.

clips, split, task -> sentences that stand beside every number
"""

import numpy as np

from edgcn.base.words import LISTED, named
from edgcn.evaluation.trial import Task
from edgcn.store.learned import repeated
from edgcn.store.splits import Split
from edgcn.store.views import Selection


def cautions(clips: Selection, split: Split, task: Task) -> list[str]:
    """Of clips left out, classes nobody tests, and frames and people that are on both sides."""
    used = np.unique(np.concatenate([np.r_[fold.train, fold.test] for fold in task.folds]))
    on_a_side = np.unique(np.concatenate([np.r_[fold.train, fold.test] for fold in split.folds]))
    found = [
        left_out(
            len(clips) - len(on_a_side), len(clips), f"are on no side of split {split.name!r}"
        ),
        left_out(len(on_a_side) - len(used), len(clips), "have no label"),
        untested(task),
        repeated(clips, task.folds),
    ]
    if not split.warning:
        found.append(known_people(task))
    return [text for text in found if text]


def left_out(count: int, total: int, why: str) -> str:
    """That so many clips are not used."""
    return f"{count} of {total} clips {why} and are left out" if count else ""


def untested(task: Task) -> str:
    """Which classes no test clip has: means over classes are over the others."""
    absent = [name for i, name in enumerate(task.classes) if not (task.true == i).any()]
    if not absent:
        return ""
    rest = len(task.classes) - len(absent)
    return (
        f"no test clips of {named(absent, most=LISTED)}: macro-F1 and balanced accuracy are over "
        f"{rest} of {len(task.classes)} classes"
    )


def known_people(task: Task) -> str:
    """Which people test and train in one fold."""
    both: set[str] = set()
    for fold in task.folds:
        train, test = (set(task.subjects[rows].tolist()) for rows in (fold.train, fold.test))
        both |= (train & test) - {""}
    if not both:
        return ""
    people = len(set(task.people.tolist()) - {""})
    return f"{len(both)} of {people} test people are among the training clips, too"


def too_few(asked: int, there: int, *, what: str, so: str) -> str:
    """That there are fewer than asked for, and what was done; nothing where there are enough."""
    return f"{what} {asked}: there are only {there} training clips, {so}" if asked > there else ""
