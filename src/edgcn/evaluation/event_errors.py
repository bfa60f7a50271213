"""How found events differ from true ones: right, shifted, confused, false, missed.

two lists of events -> one verdict for each, and which of the other list it met -> counts by label

After TIDE (Bolya et al., ECCV 2020) and its relatives for time (Alwassel et al., ECCV 2018): first
what is right, then, among what is left, the pair that overlaps most, and so on; each event once.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from edgcn.annotations.events import Event
from edgcn.evaluation.event_scores import Counts, iou, matches

Verdict = Literal["right", "shifted", "confused", "false", "missed"]
NEAR = 0.1  # IoU from which a found event is an attempt at a true one


@dataclass(frozen=True)
class Judged:
    """A true event, a found event, or a pair of both.

    Args:
        verdict: "right" have one label and enough overlap, "shifted" one label and less overlap,
            "confused" another label; what met nothing is "missed" or "false".
        overlap: IoU of a pair.
    """

    verdict: Verdict
    true: Event | None
    found: Event | None
    overlap: float = 0.0


def judged(
    truth: Sequence[Event], found: Sequence[Event], *, least: float = 0.5, near: float = NEAR
) -> list[Judged]:
    """Every event once: the found ones in their order, then what was missed.

    Args:
        least: IoU from which an event of the right label is right.
        near: IoU from which it is shifted, or confused where its label is another.
    """
    met = {f: t for t, f in matches(truth, found, least)}
    right = set(met)
    taken = set(met.values())
    true_left = [t for t in range(len(truth)) if t not in taken]
    found_left = [f for f in range(len(found)) if f not in met]
    pairs = matches(
        [replace(truth[t], label="") for t in true_left],
        [replace(found[f], label="") for f in found_left],
        near,
    )
    met |= {found_left[f]: true_left[t] for t, f in pairs}
    every = []
    for f, row in enumerate(found):
        true = truth[met[f]] if f in met else None
        verdict: Verdict = "false"
        if true is not None:
            verdict = "shifted" if true.label == row.label else "confused"
        every.append(
            Judged("right" if f in right else verdict, true, row, iou(true, row) if true else 0.0)
        )
    taken = set(met.values())
    return every + [Judged("missed", row, None) for t, row in enumerate(truth) if t not in taken]


def verdicts(
    truth: Sequence[Event], found: Sequence[Event], every: Sequence[Judged]
) -> tuple[list[str], list[str]]:
    """Words for each found event and for each true one."""
    of_true = {id(p.true): _word(p, p.found) for p in every if p.true is not None}
    of_found = {id(p.found): _word(p, p.true) for p in every if p.found is not None}
    return [of_found[id(row)] for row in found], [of_true[id(row)] for row in truth]


def _word(pair: Judged, other: Event | None) -> str:
    return f"confused with {other.label}" if other and pair.verdict == "confused" else pair.verdict


def error_rows(every: Sequence[Judged]) -> Iterator[dict[str, Any]]:
    """A row of counts for each label, then one of all together.

    A confused event counts for both labels: as one that the true label lacks, and as one too many
    of the other.
    """
    labels = sorted({row.label for pair in every for row in (pair.true, pair.found) if row})
    for label in labels:
        yield counted(label, [p for p in every if label in _labels(p)], label)
    if len(labels) > 1:
        yield counted("any label", every)


def _labels(pair: Judged) -> set[str]:
    return {row.label for row in (pair.true, pair.found) if row}


def counted(title: str, every: Sequence[Judged], label: str | None = None) -> dict[str, Any]:
    """The counts and scores of these, as true and found events of one label, or of any."""
    true = [p for p in every if p.true and label in (None, p.true.label)]
    found = [p for p in every if p.found and label in (None, p.found.label)]
    kinds = Counter(p.verdict for p in true)
    right = kinds["right"]
    counts = Counts(right, len(found) - right, len(true) - right)
    others = Counter(p.found.label for p in true if p.verdict == "confused" and p.found)
    most = min(others, key=lambda name: (-others[name], name)) if others and label else None
    return {
        "label": title,
        "true": len(true),
        "found": len(found),
        "right": right,
        "shifted": kinds["shifted"],
        "confused": kinds["confused"],
        "missed": kinds["missed"],
        "false": sum(p.verdict == "false" for p in found),
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "confused_with": None if most is None else f"{most} ({others[most]})",
    }
