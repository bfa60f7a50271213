"""What the benchmarks of online micro-gesture recognition print, as their published code counts.

true and found events -> {score: value}; beside them stand the scores of `event_table`

SMG and iMiGUE: precision ("Acc"), recall ("Rec") and F1 of Chen et al., IJCV 2023
(doi:10.1007/s11263-023-01761-6) and the MiGA challenges, by the kit github.com/mikecheninoulu/SMG.
MMA-82: Hao et al., arXiv 2606.14096 (2026); the mAP of its forerunner MMA-52 (arXiv 2407.05311), by
the challenge's code github.com/VUT-HFUT/MAC_2024_baseline.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgcn.annotations.events import Event
from edgcn.evaluation.average_precision import mean_average_precision
from edgcn.evaluation.event_scores import event_counts, kit_counts
from edgcn.readers import imigue, imigue_gestures, imigue_table, smg

Rows = Sequence[Event]
LEAST = 0.3  # the kit's `threshold_alpha`; a found event must overlap by more
TIOUS = tuple(round(0.1 * step, 1) for step in range(1, 10))  # that mAP is averaged over
PRINTED = (0.2, 0.5, 0.7)  # of them, those that MMA-82's tables have columns for
SAMPLE = re.compile(r"Sample0*(\d+)")
SMG_TESTS = range(36, 41)


@dataclass(frozen=True)
class Published:
    """A benchmark: of which data, who tests, what it prints, and what its papers leave open.

    Args:
        scores: true events, found events and frames a second of each recording -> scores.
        classes: of its data, in order; none where they are not public.
        split: the split of the store that has its sides.
        fps: frames a second where the files do not say.
        tests: recording and subject -> whether it tests; None where that cannot be told.
        sizes: recordings that test, as published.
        left_open: what we chose.
    """

    title: str
    scores: Callable[[Rows, Rows, Mapping[str, float]], dict[str, float]]
    left_open: str
    classes: tuple[str, ...] = ()
    split: str | None = None
    fps: float = 0.0
    tests: Callable[[str, str], bool | None] = lambda recording, subject: None
    sizes: int = 0


def in_frames(rows: Rows, fps: Mapping[str, float]) -> list[Event]:
    """Events from their first to their last frame, as numbered in label files.

    The kit takes the difference of these two numbers for the length: a frame less than there are.
    """
    made = []
    for row in rows:
        first = round(row.start * fps[row.recording])
        last = max(round(row.end * fps[row.recording]) - 1, first)
        made.append(replace(row, start=float(first), end=float(last)))
    return made


def kit_scores(truth: Rows, found: Rows, fps: Mapping[str, float]) -> dict[str, float]:
    """Precision, recall and F1 over all recordings at once, as the kit counts.

    A true event counts if any found event of its class overlaps it by more than 0.3 of both
    together. What was found may count again for another true event (the kit means to delete it, and
    does not), so that precision can pass 1, where it is cut here. An event of one frame has no
    length there and is never found.
    """
    counts = kit_counts(in_frames(truth, fps), in_frames(found, fps), LEAST)
    return {
        "kit_precision": min(1.0, counts.precision),
        "kit_recall": counts.recall,
        "kit_f1": min(1.0, counts.f1),
        "f1_30": event_counts(truth, found, LEAST).f1,
    }


def detection_map(truth: Rows, found: Rows, fps: Mapping[str, float]) -> dict[str, float]:
    """mAP at temporal IoUs of 0.1 to 0.9, their mean, and the same of body parts.

    The part of an event is its `tier`; a label has the part that it has in the truth. Without tiers
    there are no scores of parts. A class without a true event is left out of the mean.
    """
    scores = {f"map_{round(100 * x)}": mean_average_precision(truth, found, x) for x in TIOUS}
    scores["map_mean"] = float(np.mean(list(scores.values())))
    parts = {row.label: row.tier for row in truth if row.tier}
    if not parts or any(row.label not in parts for row in truth):
        return scores
    a, b = (
        [replace(row, label=parts.get(row.label, row.tier)) for row in rows]
        for rows in (truth, found)
    )
    body = {f"body_map_{round(100 * x)}": mean_average_precision(a, b, x) for x in TIOUS}
    body["body_map_mean"] = float(np.mean(list(body.values())))
    both = float(np.mean([scores["map_mean"], body["body_map_mean"]]))
    return scores | body | {"map_of_both": both}


def _smg_tests(recording: str, subject: str) -> bool | None:
    number = SAMPLE.match(recording)
    return int(number[1]) in SMG_TESTS if number else None


def _imigue_tests(recording: str, subject: str) -> bool | None:
    return int(subject) not in imigue_table.TRAIN if subject.isdecimal() else None


ONLINE: dict[str, Published] = {
    "smg-online": Published(
        "SMG's online recognition", kit_scores,
        "all 17 classes count, illustrative gestures among them, as in the kit; the paper trains "
        "on subjects 1-35 and tests 36-40 (here by default), the challenge keeps 31-35 for "
        "validation (--split miga)",
        smg.CLASSES, "subject", smg.FPS, _smg_tests, len(SMG_TESTS),
    ),
    "imigue-online": Published(
        "iMiGUE's online recognition", kit_scores,
        "the paper gives no split for the online task: the published one of its classification is "
        "taken, in the MiGA release that of its folders; all 32 classes count, illustrative "
        "gestures among them",
        imigue_gestures.CLASSES, "subject", imigue.FPS, _imigue_tests,
    ),
    "mma82-detection": Published(
        "MMA-82's detection", detection_map,
        "the paper does not say which IoUs its mean is of: 0.1 to 0.9 are taken, as MMA-52's code "
        "has them; its 0.0001 s more of union is left out",
    ),
}  # fmt: skip
