"""Learning on windows: what is taught and suggested, what a round is worth, what comes again."""

from dataclasses import replace

import numpy as np
import pytest

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.evaluation.event_scores import event_counts, iou
from edgcn.inference.basis import Basis
from edgcn.inference.dense import Footage
from edgcn.inference.learn import labels_of
from edgcn.web.features import Windows, every_window, excerpts, windows_of
from edgcn.web.learn import Coded, Suggestion, examples_of, joined, learn, suggest
from edgcn.web.looks import motifs, neighbors
from edgcn.web.order import in_order
from edgcn.web.worth import advice, worth

NAMES = ("p1", "p2", "p3")
LABELS = ("wave", "nod")
SECONDS = 60.0


def truth(row: int) -> list[Event]:
    """An event every five seconds, two seconds long, of two labels in turn."""
    return [Event(NAMES[row], LABELS[(n + row) % 2], 5.0 * n + 1, 5.0 * n + 2.6) for n in range(12)]


def still(start: int, stop: int) -> np.ndarray:
    """Frames that nobody looks at."""
    return np.zeros((stop - start, 1, 2, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def windows() -> Windows:
    """Windows whose vectors say how much of each label they show, and noise."""
    dice = np.random.default_rng(0)
    footage = {row: Footage(NAMES[row], still, int(SECONDS * 30), 30.0, 3) for row in range(3)}
    vectors = {}
    for row in footage:
        parts = []
        for length, starts in every_window(SECONDS):
            shares = np.zeros((len(starts), 2))
            for event in truth(row):
                both = np.minimum(event.end, starts + length) - np.maximum(event.start, starts)
                shares[:, LABELS.index(event.label)] += np.maximum(0, both) / max(length, 1.6)
            noise = 0.2 * dice.normal(size=(len(starts), 38))
            parts.append(np.concatenate([8 * shares, noise], axis=1))
        vectors[row] = np.concatenate(parts).astype(np.float16)
    plain = (0, 40, np.eye(40, dtype=np.float32))
    return windows_of(vectors, footage, Basis(np.zeros(40, dtype=np.float32), (plain,)))


def coded(rows: tuple[int, ...] = (0, 1), count: int = 12, seen: tuple[int, ...] = ()) -> Coded:
    return Coded({row: truth(row)[:count] for row in rows}, {}, frozenset(seen), LABELS)


def suggested(windows: Windows, known: Coded) -> list[Suggestion]:
    return suggest(windows, known, learn(windows, known, NAMES), NAMES, by="m")


def test_what_was_not_looked_at_is_no_background(windows: Windows) -> None:
    """What lies far from every coded event is nothing, unless the recording was looked through."""
    starts = np.arange(0.0, 55.0)
    for seen in ((), (0,)):
        (example,) = examples_of(windows, coded((0,), 3, seen), NAMES)
        labels = labels_of(starts, 0.7, example, 2)
        assert ((labels[starts > 20] == 2).all(), (labels[starts > 20] == -1).all()) == (
            bool(seen), not seen,
        )  # fmt: skip
        assert labels[4] == 2  # beside an event that was coded
    ((begin, end), *_) = joined([(3.0, 4.0), (0.0, 1.0), (0.5, 2.0)])
    assert (begin, end) == (0.0, 2.0)


def test_gestures_of_other_people_are_found(windows: Windows) -> None:
    every = suggested(windows, coded())
    found = [each.event for each in every if not each.asked]
    assert not [event for event in found if event.recording != "p3"]  # all of it is coded
    assert event_counts(truth(2), found, 0.5).right == 12
    assert all(event.status == "suggested" and event.by == "m" for event in found)


def test_what_was_rejected_is_not_suggested_again(windows: Windows) -> None:
    known = coded()
    first = next(each.event for each in suggested(windows, known) if not each.asked)
    rejected = Coded(known.events, {2: [first]}, known.seen, LABELS)
    again = [each.event for each in suggested(windows, rejected)]
    assert not [e for e in again if abs(e.start - first.start) + abs(e.end - first.end) < 0.3]


def test_the_first_to_look_at_are_events_that_differ(windows: Windows) -> None:
    """Of many alike one comes first, then another kind; what is no event comes last."""
    known = coded()
    one, other, again = truth(2)[0], truth(2)[1], truth(2)[2]
    found = [(2, one), (2, other), (2, again), (2, Event("p3", "", 3.5, 4.2))]
    uses, _ = in_order(windows, learn(windows, known, NAMES), found, [], frozenset((0, 1, 2)))
    assert set(np.argsort(-uses)[:2].tolist()) in ({0, 1}, {1, 2})
    assert uses[3] == uses.min()


def test_what_has_no_label_yet_is_asked_about(windows: Windows) -> None:
    """Of a label without an example nothing can be suggested; it stands out, and is asked about."""
    rows = [truth(0)[at] for at in range(0, 12, 2)]
    known = Coded({0: [e for e in rows if e.label == "wave"]}, {}, frozenset((1,)), ("wave",))
    asked = [s for s in suggested(windows, known) if not s.event.label]
    assert all(each.asked and each.use > 1 for each in asked)
    assert "p2" not in {each.event.recording for each in asked}  # somebody looked through it
    first = max(asked, key=lambda each: each.use).event
    (met,) = [e for e in truth(NAMES.index(first.recording)) if iou(e, first) >= 0.3]
    assert met.label == "nod"
    again = replace(known, rejected={NAMES.index(first.recording): [first]})
    events = [s.event for s in suggested(windows, again) if s.event.recording == first.recording]
    assert not [e for e in events if iou(e, first) > 0.9]


def test_nothing_coded_is_said(windows: Windows) -> None:
    with pytest.raises(EdgcnError, match="code a few gestures first"):
        learn(windows, Coded({}, {}, frozenset([0]), LABELS), NAMES)


def test_a_round_is_judged_on_people_held_out(windows: Windows) -> None:
    known = coded(seen=(0, 1))
    both = worth(windows, known, learn(windows, known, NAMES), NAMES, NAMES)
    assert both["f1"] > 0.7
    assert (both["recordings"], both["whole"], both["events"]) == (2, 2, 24)
    assert sum(a == b for a, b, *_ in both["cells"]) >= 18
    alone = coded((0,))
    assert "people" in worth(windows, alone, learn(windows, alone, NAMES), NAMES, NAMES)["why"]


def test_parts_of_recordings_are_from_all_over() -> None:
    """Excerpts read the frames that they stand for, at their times."""

    def numbered(start: int, stop: int) -> np.ndarray:
        return np.arange(start, stop, dtype=np.float32)[:, None, None, None]

    long = Footage("long", numbered, 9000, 30.0, 3, times=np.arange(9000) / 30 + 1.0)
    parts = list(excerpts([long, replace(long, length=90, times=None)]))
    firsts = [float(part.read(0, 1)[0, 0, 0, 0]) for part in parts]
    assert firsts == sorted(firsts)
    assert firsts[-1] > 8000
    assert all(part.times is not None and part.times[0] == 0 for part in parts)


def test_advice_follows_what_the_last_round_brought() -> None:
    scores = [{"f1": value} for value in (0.2, 0.4, 0.5)]
    assert "10 points" in advice(scores)
    assert "little" in advice([*scores, {"f1": 0.505}])
    assert "too early" in advice(scores[:2])


def test_neighbors_are_of_the_same_kind_and_apart(windows: Windows) -> None:
    event = truth(0)[0]
    found = neighbors(windows, 0, event, 10)
    assert len(found) == 10
    for row, start, end, _ in found[:8]:
        near = [t for t in truth(row) if min(t.end, end) - max(t.start, start) > 0.5]
        assert event.label in [t.label for t in near]
        assert (row, start < event.end and end > event.start) != (0, True)


def test_motifs_are_what_comes_again_or_nothing(windows: Windows) -> None:
    lively = windows.at(np.arange(len(windows)))[:, :2].sum(axis=1)
    found = motifs(windows, lively)
    assert found
    assert max(motif["times"] for motif in found) >= 8
    dice = np.random.default_rng(1)
    noise = replace(windows, vectors=dice.normal(size=(len(windows), 40)).astype(np.float16))
    assert motifs(noise, dice.random(len(windows))) == []
