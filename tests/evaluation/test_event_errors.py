"""Found events beside true ones: each is told once, and the counts add up."""

import numpy as np

from edgcn.annotations.events import Event
from edgcn.evaluation.event_errors import counted, error_rows, judged, verdicts
from edgcn.evaluation.event_scores import event_counts


def event(label: str, start: float, end: float, recording: str = "P1") -> Event:
    return Event(recording, label, float(start), float(end))


def test_every_kind_of_error() -> None:
    truth = [
        event("touch", 0, 2),
        event("touch", 10, 12),
        event("rub", 20, 22),
        event("rub", 30, 32),
    ]
    found = [event("touch", 0.2, 2), event("touch", 11, 13.5), event("touch", 20, 22.5),
             event("rub", 40, 41), event("touch", 0.1, 1.9, "P2")]  # fmt: skip
    every = judged(truth, found)
    assert [pair.verdict for pair in every] == [
        "right",
        "shifted",
        "confused",
        "false",
        "false",
        "missed",
    ]
    assert [pair.true for pair in every] == [*truth[:3], None, None, truth[3]]
    assert verdicts(truth, found, every) == (
        ["right", "shifted", "confused with rub", "false", "false"],
        ["right", "shifted", "confused with touch", "missed"],
    )
    rub, touch, both = error_rows(every)
    assert touch | {"precision": 0.25, "recall": 0.5} == touch
    assert (touch["true"], touch["found"], touch["right"], touch["false"]) == (2, 4, 1, 1)
    assert (rub["confused"], rub["missed"], rub["false"], rub["confused_with"]) == (
        1,
        1,
        1,
        "touch (1)",
    )
    assert (both["label"], both["true"], both["found"], both["right"]) == ("any label", 4, 5, 1)


def test_the_label_decides_before_the_overlap_and_an_event_counts_once() -> None:
    truth = [event("touch", 0, 2)]
    twice = judged(truth, [event("rub", 0, 2), event("touch", 0.5, 2), event("touch", 0, 1)])
    assert [pair.verdict for pair in twice] == ["false", "right", "false"]
    near = judged(truth, [event("touch", 1.5, 4), event("rub", 0, 2)])  # the better overlap
    assert [pair.verdict for pair in near] == ["false", "confused"]


def test_counts_add_up_on_random_events() -> None:
    rng = np.random.default_rng(0)

    def drawn(count: int) -> list[Event]:
        starts, labels = rng.uniform(0, 60, count), rng.choice(["a", "b", "c"], count)
        return [event(str(label), float(s), float(s + rng.uniform(0.5, 3)), f"P{i % 2}")
                for i, (s, label) in enumerate(zip(starts, labels, strict=True))]  # fmt: skip

    truth, found = drawn(40), drawn(50)
    every = judged(truth, found)
    scores, row = event_counts(truth, found, 0.5), counted("all", every)
    assert (row["right"], row["precision"], row["f1"]) == (
        scores.right,
        scores.precision,
        scores.f1,
    )
    assert row["right"] + row["shifted"] + row["confused"] + row["missed"] == row["true"] == 40
    assert row["right"] + row["shifted"] + row["confused"] + row["false"] == row["found"] == 50
    by_label = list(error_rows(every))[:-1]
    for key in ("true", "found", "right", "shifted", "confused", "missed", "false"):
        assert sum(part[key] for part in by_label) == row[key]
    assert list(error_rows([])) == []
