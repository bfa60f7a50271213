"""What the tables of the open data sets say, in sentences: every number is read off a printed cell.

{heading: lines} -> sentences; of tables just made, or parsed from the page that shows them
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from edgcn.experiments.open_sets_plan import (
    ALL,
    BESIDE,
    FINE_TUNED,
    FROM_SCRATCH,
    MEAN,
    METHODS,
    MOMENTS_PAIR,
    NEAREST,
    OVER_RANDOM,
    OVER_RIVAL,
    SHOTS,
    TENTH,
    TUNED,
)

Line = Mapping[str, Any]
TUNED_LINES = {title: f"`{name}`" for title, name in zip(FROM_SCRATCH, TUNED, strict=True)}
ABOVE = (  # who is above the strongest rival, by method
    ("best", "Pre-trained on a set's own clips, `best`"),
    ("best-left-out", "Pre-trained on the other sets alone, `best`"),
    *((name, f"As released, `{method.model}`") for name, method in METHODS.items() if method.model),
    ("continued", "Pre-trained further on a set's own clips, released `edgcn-s`"),
)


def findings(made: Mapping[str, Sequence[Line]]) -> list[str]:
    """Sentences whose numbers are those of the printed tables, by heading."""
    sentences = [
        f"{who} is above the strongest rival {', '.join(parts)}."
        for name, who in ABOVE
        if (parts := above(of(made.get(OVER_RIVAL, ()), METHODS[name].title)))
    ]
    unseen = of(made.get(OVER_RANDOM, ()), METHODS["best-left-out"].title)
    moments = compared_with(made.get(BESIDE, ()), MOMENTS_PAIR)
    tuned = made.get(FINE_TUNED, ())
    before, scratch = "the encoder before training", "the same network from scratch"
    for lines, heading, sentence in (
        (unseen, ALL, f"On a set whose clips it never saw, it is {{}} {before}."),
        (unseen, SHOTS, f"With five labels per class, it is {{}} {before} there."),
        (unseen, NEAREST, f"By the nearest neighbor, it is {{}} {before} there."),
        *(
            (
                compared_with(tuned, title),
                heading,
                f"Fine-tuned {of_which}, {who} is {{}} {scratch}.",
            )
            for title, who in TUNED_LINES.items()
            for heading, of_which in ((ALL, "on all labels"), (TENTH, "on 10 % of them"))
        ),
        (moments, ALL, "With moments, the published recipe is {} the same without them."),
    ):
        if each := differences(lines, heading):
            sentences.append(sentence.format(between(each)))
    return sentences


def compared_with(lines: Sequence[Line], title: str) -> list[Line]:
    """The lines of one comparison."""
    return [line for line in lines if line["compared"] == title]


def of(lines: Sequence[Line], title: str) -> list[Line]:
    """The lines of one row of ours."""
    return [line for line in lines if line["method"] == title]


def above(lines: Sequence[Line]) -> list[str]:
    """On how many sets, how far, and how surely a row is above the strongest rival."""
    mean: Line = next((line for line in lines if line["set"] == MEAN), {})
    found = []
    for heading, labels in (
        (ALL, "with all labels"),
        (TENTH, "with 10 % of them"),
        (SHOTS, "with five per class"),
        (NEAREST, "by the nearest neighbor"),
    ):
        each = differences(lines, heading)
        if not each or not mean.get(heading):
            continue
        sure = sum(lowest(line[heading]) > 0 for line in lines if line.get(heading))
        found.append(
            f"{labels} on {sum(x > 0 for x in each)} of {len(each)} sets "
            f"({signed(mean[heading]):+.1f} points on average, the interval above 0 on {sure})"
        )
    return found


def between(each: Sequence[float]) -> str:
    """The smallest and the largest difference, in words."""
    low, high = min(each), max(each)
    sign, place = ("+", "beside") if low < 0 else ("", "above")
    ends = dict.fromkeys(f"{value:{sign}.1f}" for value in (low, high))
    return f"{' to '.join(ends)} points {place}"


def differences(lines: Sequence[Line], heading: str) -> list[float]:
    """The differences in a column of a printed table, without the line of their mean."""
    cells = [line[heading] for line in lines if line["set"] != MEAN and line.get(heading)]
    return [value for value in map(signed, cells) if not math.isnan(value)]


def signed(text: str) -> float:
    """The first number with a sign in a printed cell, in points."""
    found = re.search(r"[+-]\d+\.\d", text)
    return float(found[0]) if found else math.nan


def lowest(text: str) -> float:
    """The lower end of the interval in a printed cell, in points."""
    found = re.search(r"\(([+-]\d+\.\d) to", text)
    return float(found[1]) if found else math.nan
