"""What an evaluation could not do as asked stands beside its numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgcn.evaluation.cautions import cautions, known_people, untested
from edgcn.evaluation.protocols import knn, logistic, semi
from edgcn.evaluation.trial import task_of
from edgcn.skeleton.recording import SplitRule
from edgcn.store.splits import Fold
from helpers import make_clips, tiny_store, tiny_topology
from problems import problem


def test_a_class_that_nobody_tests_is_named() -> None:
    task = problem().task
    assert untested(task) == ""
    kept = task.tested[task.labels[task.tested] != 3]
    fewer = replace(task, folds=(Fold(task.folds[0].train, kept),))
    expected = "no test clips of nod: macro-F1 and balanced accuracy are over 6 of 7 classes"
    assert untested(fewer) == expected


def test_people_on_both_sides_are_named() -> None:
    task = problem().task
    assert known_people(task) == ""
    rows = np.arange(160)
    mixed = replace(task, folds=(Fold(rows[::2], rows[1::2]),))
    assert known_people(mixed) == "6 of 6 test people are among the training clips, too"
    turned = (Fold(rows[:80], rows[80:]), Fold(rows[80:], rows[:80]))
    nobody = replace(task, folds=turned, subjects=np.full(160, ""))
    assert known_people(nobody) == ""


def test_clips_that_are_left_out_are_counted(tmp_path: Path) -> None:
    made = make_clips(24, 3, 4, 0, tiny_topology())
    bare = [replace(c, segments=(replace(c.segments[0], label=-1),)) for c in made[:2]]
    rules = {"mine": SplitRule("subject", train=("s1", "s2"), test=("s4",))}
    clips = tiny_store(tmp_path, clips=[*bare, *made[2:]], splits=rules).clips()
    split = clips.split()
    assert cautions(clips, split, task_of(clips, split)) == [
        "6 of 24 clips are on no side of split 'mine' and are left out",
        "2 of 24 clips have no label and are left out",
    ]


def test_test_clips_that_are_training_clips_under_another_name_are_named(tmp_path: Path) -> None:
    """Cut a little differently, and of another person: no split can tell."""
    made = make_clips(24, 3, 4, 0, tiny_topology())
    twin = replace(made[3], name="twin", subject="s4", frames=made[3].frames[1:])
    twin = replace(twin, segments=(replace(made[3].segments[0], stop=len(twin.frames)),))
    made[3] = replace(made[3], subject="s1")
    rules = {"people": SplitRule("subject", test=("s4",))}
    clips = tiny_store(tmp_path, clips=[*made, twin], splits=rules).clips()
    split = clips.split()
    assert cautions(clips, split, task_of(clips, split)) == [
        "1 of 7 test clips have frames that training clips have, too: twin (s4)"
    ]


def test_fewer_clips_than_asked_for_are_named() -> None:
    trial = problem()
    training = len(trial.task.folds[0].train)
    expected = f"k 1000: there are only {training} training clips, all of which vote on every test"
    assert knn(trial, k=1000).notes == (f"{expected} clip",)
    assert knn(trial, k=training).notes == ()
    (note,) = knn(trial, k=1, whiten=500).notes
    assert note == f"whiten 500: there are only {training} training clips, which differ in fewer " \
        "directions"  # fmt: skip


def test_a_share_of_less_than_a_clip_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = problem()
    notes = semi(trial, fractions=(0.01, 0.5), draws=1).notes
    counts = np.bincount(trial.task.labels[trial.task.folds[0].train])
    share = 100 * len(counts) / counts.sum()
    assert notes == (
        f"1 % of 7 classes is less than a clip, and one is kept: {share:.1f} % of all labels",
    )


def test_nothing_is_said_where_all_is_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgcn.evaluation.logistic.GRID", (0.1,))
    assert logistic(problem()).notes == ()
