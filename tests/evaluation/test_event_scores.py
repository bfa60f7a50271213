"""Event scores and agreement, against references written anew and against worked examples."""

import numpy as np
import pytest

from edgcn.annotations.events import Event
from edgcn.evaluation.agreement import agreement, by_label, expected, kappa_of, links
from edgcn.evaluation.average_precision import average_precision, mean_average_precision
from edgcn.evaluation.event_scores import (
    confusion,
    detection,
    edit_score,
    event_counts,
    event_counts_by_label,
    iou,
    kit_counts,
    macro_f1,
    matches,
    onset_errors,
    segmental_counts,
    time_f1,
)
from reference import events as reference

LENGTH = 60


def made(seed: int, recording: str = "x") -> list[Event]:
    """Events of whole seconds that neither overlap nor touch."""
    rng, at = np.random.default_rng(seed), 0
    rows: list[Event] = []
    while True:
        start = at + int(rng.integers(1, 6))
        end = start + int(rng.integers(1, 9))
        if end > LENGTH:
            return rows
        label, score = "abc"[rng.integers(3)], round(float(rng.random()), 3)
        rows.append(Event(recording, label, float(start), float(end), score=score))
        at = end


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("least", [0.1, 0.25, 0.5])
def test_segmentation_scores_equal_the_reference(seed: int, least: float) -> None:
    truth, found = made(seed), made(100 + seed)
    a, b = (reference.frames_of(rows, LENGTH) for rows in (truth, found))
    counts = segmental_counts(truth, found, least)
    assert (counts.right, counts.false, counts.missed) == reference.f1_at(a, b, least)
    assert edit_score(truth, found, ["x"]) == pytest.approx(reference.edit(a, b))


@pytest.mark.parametrize("seed", range(20))
def test_average_precision_equals_the_reference(seed: int) -> None:
    truth = [r for name in "xy" for r in made(seed, name) if r.label == "a"]
    found = [r for name in "xy" for r in made(50 + seed, name) if r.label == "a"]
    if truth:
        want = reference.average_precision(truth, found, 0.2)
        assert average_precision(truth, found, 0.2) == pytest.approx(want)


@pytest.mark.parametrize("seed", range(10))
def test_time_f1_equals_frame_f1(seed: int) -> None:
    truth, found = made(seed), made(70 + seed)
    a, b = (np.array(reference.frames_of(rows, LENGTH)) for rows in (truth, found))
    labels = sorted({row.label for row in truth})
    scores = [2 * ((a == x) & (b == x)).sum() / ((a == x).sum() + (b == x).sum()) for x in labels]
    assert time_f1(truth, found) == pytest.approx(np.mean(scores))


@pytest.mark.parametrize("seed", range(10))
def test_laws(seed: int) -> None:
    truth, found = made(seed), made(30 + seed)
    same = event_counts(truth, truth, 0.5)
    assert (same.f1, same.precision, same.recall) == (1.0, 1.0, 1.0)
    assert mean_average_precision(truth, truth, 0.7) == 1.0
    assert edit_score(truth, truth, ["x"]) == 1.0
    assert onset_errors(truth, truth).tolist() == [0.0] * len(truth)
    f1 = [event_counts(truth, found, least).f1 for least in (0.1, 0.3, 0.5, 0.7)]
    assert f1 == sorted(f1, reverse=True)  # a stricter overlap is never easier
    one = event_counts(truth, found, 0.3)
    assert kit_counts(truth, found, 0.3).right >= one.right  # what may be used again flatters
    parts = event_counts_by_label(truth, found, 0.3)
    assert sum(c.right for c in parts.values()) == one.right
    assert sum(c.missed for c in parts.values()) == one.missed
    assert 0 <= macro_f1(parts, truth) <= 1
    pairs = matches(truth, found, 0.1)
    assert len({t for t, _ in pairs}) == len({f for _, f in pairs}) == len(pairs)
    counts = confusion(truth, found, 0.3)
    assert sum(n for (t, _), n in counts.items() if t) == len(truth)
    assert sum(n for (_, f), n in counts.items() if f) == len(found)


def test_nothing_to_find_and_nothing_found() -> None:
    some = [Event("x", "a", 0.0, 1.0)]
    assert event_counts([], [], 0.5).f1 == 1.0
    assert event_counts(some, [], 0.5).f1 == event_counts([], some, 0.5).f1 == 0.0
    assert edit_score([], [], ["x"]) == 1.0
    assert edit_score(some, [], ["x"]) == 0.0
    assert segmental_counts([], some, 0.5).false == 1  # where the published code breaks off
    assert mean_average_precision([], some, 0.5) == 0.0
    assert iou(Event("x", "a", 1.0, 1.0), Event("x", "a", 1.0, 1.0)) == 0.0


def test_events_of_other_recordings_and_labels_never_match() -> None:
    truth = [Event("x", "a", 0.0, 1.0)]
    assert event_counts(truth, [Event("y", "a", 0.0, 1.0)], 0.1).right == 0
    assert event_counts(truth, [Event("x", "b", 0.0, 1.0)], 0.1).right == 0
    assert links(truth, [Event("y", "a", 0.0, 1.0)]) == []


def test_the_detection_of_shrec_21() -> None:
    truth = [Event("x", "a", 0.0, 10.0), Event("x", "a", 20.0, 30.0)]
    found = [Event("x", "a", 4.0, 10.0), Event("x", "a", 28.0, 30.0)]
    result = detection(truth, found)  # 60 % of the first are covered, 20 % of the second
    assert (result.rate, result.false_rate) == (0.5, 0.5)
    assert result.jaccard == pytest.approx(8 / 20)


def test_kappa_of_a_textbook() -> None:
    table = np.array([[20, 5], [10, 15]])  # Wikipedia's example of Cohen's kappa
    assert kappa_of(table, expected(table, empty_corner=False)) == pytest.approx(0.4)
    rng = np.random.default_rng(0)
    for _ in range(20):
        table = rng.integers(1, 30, size=(4, 4))
        want = reference.cohen(table)
        assert kappa_of(table, expected(table, empty_corner=False)) == pytest.approx(want)


def test_chance_keeps_the_sums_and_leaves_the_corner_empty() -> None:
    table = np.array([[12, 3, 4], [2, 20, 5], [6, 1, 0]])
    fitted = expected(table, empty_corner=True)
    assert fitted[-1, -1] == 0
    np.testing.assert_allclose(fitted.sum(0), table.sum(0), rtol=1e-6)
    np.testing.assert_allclose(fitted.sum(1), table.sum(1), rtol=1e-6)
    odds = fitted[0, 0] * fitted[1, 1] / (fitted[0, 1] * fitted[1, 0])
    assert odds == pytest.approx(1.0)  # independent but for the corner (quasi-independence)


def test_two_coders() -> None:
    a = [Event("x", "touch", 0.0, 1.0), Event("x", "rub", 2.0, 3.0), Event("x", "rub", 8.0, 9.0)]
    b = [Event("x", "touch", 0.1, 1.0), Event("x", "touch", 2.1, 3.0), Event("x", "rub", 5.0, 5.5)]
    found = agreement(a, b)
    assert found.labels == ("rub", "touch", "")
    assert found.table.tolist() == [[0, 1, 1], [0, 1, 0], [1, 0, 0]]
    assert found.raw == pytest.approx(1 / 3)  # 2 of both coders' 6 events
    assert agreement(a, a).kappa == agreement(a, a).kappa_linked == 1.0
    assert agreement(a, b).kappa == pytest.approx(agreement(b, a).kappa)
    assert by_label(found)["touch"].table.tolist() == [[2, 0], [2, 2]]


def test_links_need_most_of_the_longer_event() -> None:
    a = [Event("x", "touch", 0.0, 10.0)]
    assert links(a, [Event("x", "touch", 0.0, 6.0)]) == [(0, 0)]
    assert links(a, [Event("x", "touch", 0.0, 5.9)]) == []
    both = [Event("x", "rub", 0.0, 9.9), Event("x", "touch", 2.0, 10.0)]
    assert links(a, both) == [(0, 1)]  # the same label before more overlap


def test_a_label_may_be_called_other() -> None:
    rows = [Event("x", "hand", 0.0, 1.0), Event("x", "other", 2.0, 3.0)]
    found = agreement(rows, rows)
    assert found.linked == 2
    assert [one.linked for one in by_label(found).values()] == [1, 1]


def test_coders_who_share_no_event_agree_by_chance_alone() -> None:
    """The only table with these sums: iterative fitting nears it forever."""
    a = [Event("r", label, 10.0 * n, 10.0 * n + 1) for n, label in enumerate("abba")]
    b = [Event("r", label, 10.0 * n + 5, 10.0 * n + 6) for n, label in enumerate("aab")]
    found = agreement(a, b)
    assert (found.kappa, found.linked) == (0.0, 0)
    assert all(one.kappa < 0 for one in by_label(found).values())  # each label: less than chance
