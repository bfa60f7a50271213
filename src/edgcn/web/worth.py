"""What a round of learning is worth: how well it does on people that it did not learn from.

coded events -> people held out in turn -> event F1, kappa against the coder
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from edgcn.annotations.events import Event
from edgcn.evaluation.agreement import agreement
from edgcn.evaluation.event_scores import event_counts, matches
from edgcn.inference.calibrate import is_hidden
from edgcn.inference.choose import Learnt, choose, events_of
from edgcn.inference.spot import sure
from edgcn.store.splits import held_out
from edgcn.web.features import Windows
from edgcn.web.learn import ENOUGH, Coded, examples_of, named

IOU = 0.3
GAIN = 0.02  # event F1 that a round should have brought


def worth(
    windows: Windows, coded: Coded, learnt: Learnt, names: Sequence[str], people: Sequence[str]
) -> dict[str, Any]:
    """Scores on people held out in turn, where somebody coded; or why there are none.

    Of each group of people, the layer did not learn from them, nor were thresholds chosen on them.

    Args:
        people: who is in each recording; its own name where that is not known.
    """
    examples, rows = examples_of(windows, coded, people), coded.rows(windows)
    who = np.array([each.person for each in examples])
    truth: list[Event] = []
    found: list[Event] = []
    if len(set(who.tolist())) < 2 or not learnt.held:
        return {"why": "code two labels in recordings of two people: the score is on people that "
                       "were not learned from"}  # fmt: skip
    for _, out in held_out(np.arange(len(examples)), who):
        others = {at: parts for at, parts in learnt.held.items() if at not in out}
        given = replace(learnt, spotter=learnt.unchosen, held=others)
        spotter = choose(examples, given, ENOUGH).spotter
        for at in out.tolist():
            if at not in learnt.held:
                continue
            truth += coded.events.get(rows[at], ())
            kept, _ = sure(events_of(learnt.held[at], spotter), spotter)
            made = named(kept, spotter, coded.labels, names[rows[at]], "")
            found += [event for event in made if not is_hidden(event, examples[at])]
    agreed = agreement(truth, found)
    return {
        "f1": event_counts(truth, found, IOU).f1,
        "kappa": agreed.kappa if np.isfinite(agreed.kappa) else None,
        "recordings": len(learnt.held),
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
    if gain >= GAIN:
        return f"worth another round: the last one brought {100 * gain:.0f} points"
    return "the last round brought little: look at the labels that are confused, or stop here"
