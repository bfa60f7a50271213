"""What the tables of the open data sets say, in sentences: every number is read off a printed cell.

{heading: lines} -> sentences; of tables just made, or parsed from the page that shows them
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from edgcn.experiments.open_sets_plan import (
    FEW,
    FINE_TUNED,
    GAINS,
    LINEAR,
    MEAN,
    MOMENTS_ALONE,
    NEAREST,
    PLAIN_MOMENTS,
    SHOTS,
    TRANSFER,
    UNSEEN_SETS,
    gains_heading,
)


def findings(made: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """Sentences whose numbers are those of the printed tables, by heading."""
    sentences = []
    for name, source in zip(GAINS, ("a set's own clips", "all sets at once"), strict=True):
        lines = made.get(gains_heading(name), ())
        mean: Mapping[str, Any] = next((line for line in lines if line["set"] == MEAN), {})
        above = [
            f"{labels} on {sum(x > 0 for x in each)} of {len(each)} sets "
            f"(by {signed(mean[heading]):.1f} points on average)"
            for heading, labels in (
                (LINEAR, "with all labels"),
                (FEW, "with 10 % of them"),
                (SHOTS, "with five per class"),
            )
            if heading in mean and (each := differences(lines, heading))
        ]
        if above:
            sentences.append(
                f"Pre-trained on {source}, `best` is above the strongest rival {', '.join(above)}."
            )
    unseen = [line for line in made.get(UNSEEN_SETS, ()) if line["compared"] == TRANSFER]
    moments = [line for line in made.get(MOMENTS_ALONE, ()) if line["compared"] == PLAIN_MOMENTS]
    for lines, heading, sentence in (
        (unseen, LINEAR, "On a set whose clips it never saw, it is {} the random encoder."),
        (unseen, SHOTS, "With five labels per class, it is {} the random encoder there."),
        (unseen, NEAREST, "By the nearest neighbor, it is {} the random encoder there."),
        (made.get(FINE_TUNED, ()), "top-1", "Fine-tuned, it is {} the same network from scratch."),
        (moments, LINEAR, "With moments, the published recipe is {} the same without them."),
    ):
        if each := differences(lines, heading):
            sentences.append(sentence.format(between(each)))
    return sentences


def between(each: Sequence[float]) -> str:
    """The smallest and the largest difference, in words."""
    low, high = min(each), max(each)
    sign, place = ("+", "beside") if low < 0 else ("", "above")
    ends = dict.fromkeys(f"{value:{sign}.1f}" for value in (low, high))
    return f"{' to '.join(ends)} points {place}"


def differences(lines: Sequence[Mapping[str, Any]], heading: str) -> list[float]:
    """The differences in a column of a printed table, without the line of their mean."""
    sets = [line for line in lines if line["set"] != MEAN and line.get(heading)]
    return [signed(line[heading]) for line in sets]


def signed(text: str) -> float:
    """The first number with a sign in a printed cell, in points."""
    found = re.search(r"[+-]\d+\.\d", text)
    return float(found[0]) if found else float("nan")
