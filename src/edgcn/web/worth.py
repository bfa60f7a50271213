"""What a round of learning is worth: how well it does on people that it did not learn from.

coded events -> people held out in turn -> event F1, kappa against the coder
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.evaluation.agreement import agreement
from edgcn.evaluation.event_scores import event_counts, matches
from edgcn.web.features import Windows
from edgcn.web.learn import Coded, spot, within

FOLDS = 4  # groups of people, at most
IOU = 0.3
ENOUGH = 0.02  # event F1 that a round should have brought


def worth(
    windows: Windows, coded: Coded, names: Sequence[str], people: Sequence[str]
) -> dict[str, Any]:
    """Scores on people held out in turn, where somebody coded; or why there are none.

    Args:
        people: who is in each recording; its own name where that is not known.
    """
    rows = sorted({row for row, events in coded.events.items() if events} | coded.seen)
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(people[row] or names[row], []).append(row)
    folds = [list(part) for part in np.array_split(list(groups), min(FOLDS, len(groups)))]
    truth: list[Event] = []
    found: list[Event] = []
    judged = 0
    for fold in folds if len(groups) > 1 else []:
        out = frozenset(row for person in fold for row in groups[person])
        try:
            made = spot(windows, coded.without(out), names, by="", only=out)
        except EdgcnError:
            continue  # too little is left to learn from
        for row in out:
            truth += coded.events.get(row, ())
            found += within(made[row].events, coded, row)
        judged += len(out)
    if not judged:
        return {"why": "code two labels in recordings of two people: the score is on people that "
                       "were not learned from"}  # fmt: skip
    agreed = agreement(truth, found)
    return {
        "f1": event_counts(truth, found, IOU).f1,
        "kappa": agreed.kappa if np.isfinite(agreed.kappa) else None,
        "recordings": judged,
        "whole": len(coded.seen & set(rows)),
        "events": len(truth),
        "cells": cells(truth, found),
    }


def cells(truth: Sequence[Event], found: Sequence[Event]) -> list[list[Any]]:
    """What was found where: [true label, found label, recording, start, end]; "" is nothing."""
    blind = [[replace(row, label="") for row in rows] for rows in (truth, found)]
    pairs = matches(blind[0], blind[1], IOU)
    made = [(truth[t].label, found[f].label, truth[t]) for t, f in pairs]
    missed = set(range(len(truth))) - {t for t, _ in pairs}
    false = set(range(len(found))) - {f for _, f in pairs}
    made += [(truth[t].label, "", truth[t]) for t in sorted(missed)]
    made += [("", found[f].label, found[f]) for f in sorted(false)]
    return [[a, b, event.recording, event.start, event.end] for a, b, event in made]


def advice(rounds: Sequence[Mapping[str, Any]]) -> str:
    """Whether another round is worth it, from the scores of those before."""
    scores = [r["f1"] for r in rounds if r.get("f1") is not None]
    if len(scores) < 3:
        return "too early to tell: code and correct some more"
    gain = scores[-1] - max(scores[:-1])
    if gain >= ENOUGH:
        return f"worth another round: the last one brought {100 * gain:.0f} points"
    return "the last round brought little: look at the labels that are confused, or stop here"
