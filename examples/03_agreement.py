"""Two coders of the same recordings: do they see the same gestures, at the same moments?

Run it beside coded/; `python practice.py` makes it. The second coder is made from the first here:
late by 0.1 s, and without every fifth event. Read a folder of your own in its place.
"""

from dataclasses import replace

import numpy as np

import edgcn
from edgcn.evaluation.agreement import agreement
from edgcn.evaluation.event_scores import event_counts, onset_errors

first = edgcn.read_events(["coded"])
late = [replace(event, start=event.start + 0.1) for event in first.rows]
second = [event for number, event in enumerate(late) if number % 5]

both = agreement(first.rows, second)
print(f"{len(first)} and {len(second)} events, {both.linked} of them linked")
print(f"kappa {both.kappa:.2f}; of the linked ones alone {both.kappa_linked:.2f}")
print(f"event F1 at an overlap of 0.5: {event_counts(first.rows, second, 0.5).f1:.2f}")
print(f"the second starts {np.median(onset_errors(first.rows, second)):+.2f} s later")
