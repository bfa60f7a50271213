"""Learning on windows: what is taught and suggested, what a round is worth, what comes again."""

import numpy as np
import pytest

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.web.features import LENGTHS, STEP, Windows
from edgcn.web.learn import CERTAIN, Coded, _with_use, spot, targets
from edgcn.web.looks import motifs, neighbors
from edgcn.web.worth import advice, worth

NAMES = ("p1", "p2", "p3")
LABELS = ("wave", "nod")
SECONDS = 60.0


def truth(row: int) -> list[Event]:
    """An event every five seconds, two seconds long, of two labels in turn."""
    return [Event(NAMES[row], LABELS[(n + row) % 2], 5.0 * n + 1, 5.0 * n + 2.6) for n in range(12)]


@pytest.fixture(scope="module")
def windows() -> Windows:
    """Windows whose vectors say how much of each label they show, and noise."""
    dice = np.random.default_rng(0)
    parts = []
    for kind, length in enumerate(LENGTHS):
        for row in range(3):
            starts = np.arange(0, SECONDS - length, STEP)
            shares = np.zeros((len(starts), 2))
            for event in truth(row):
                both = np.minimum(event.end, starts + length) - np.maximum(event.start, starts)
                shares[:, LABELS.index(event.label)] += np.maximum(0, both) / max(length, 1.6)
            vectors = np.concatenate([3 * shares, 0.2 * dice.normal(size=(len(starts), 6))], 1)
            here = np.full(len(starts), row), starts, starts + length, np.full(len(starts), kind)
            parts.append((*here, vectors.astype(np.float32)))
    return Windows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def coded(rows: tuple[int, ...] = (0, 1), count: int = 12, seen: tuple[int, ...] = ()) -> Coded:
    return Coded({row: truth(row)[:count] for row in rows}, {}, frozenset(seen), LABELS)


def test_what_was_not_looked_at_is_no_background(windows: Windows) -> None:
    """Windows far from every coded event teach nothing, unless the recording was looked through."""
    for seen in ((), (0,)):
        labels, taught = targets(windows, coded((0,), 3, seen), np.random.default_rng(0))
        far = (windows.recordings == 0) & (windows.starts > 20)
        assert (taught & far).any() == bool(seen)
        assert not (taught & (windows.recordings == 2)).any()
        assert set(labels[taught].tolist()) == {-1, 0, 1}


def test_gestures_of_other_people_are_found(windows: Windows) -> None:
    found = spot(windows, coded(), NAMES, by="m")
    assert found[0].events == ()  # all of it is coded
    right = [
        event for event in found[2].events
        if any(t.label == event.label and min(t.end, event.end) - max(t.start, event.start) > 0.8
               for t in truth(2))
    ]  # fmt: skip
    assert len(right) == 12
    assert all(event.status == "suggested" and event.by == "m" for event in found[2].events)
    assert all((event.score or 0) >= CERTAIN for event in found[2].events)
    assert spot(windows, coded(), NAMES, by="m", only=frozenset([2])).keys() == {2}


def test_what_was_rejected_is_not_suggested_again(windows: Windows) -> None:
    first = spot(windows, coded(), NAMES, by="m")[2].events[3]
    known = coded()
    again = spot(
        windows, Coded(known.events, {2: [first]}, known.seen, LABELS), NAMES, by="m"
    )  # fmt: skip
    assert first.start not in [event.start for event in again[2].events]


def test_the_least_certain_come_first_and_then_the_strangest(windows: Windows) -> None:
    near, far = (int(windows.vectors[:, 0].argmax()), int(windows.vectors[:, 1].argmax()))
    events = [Event("p1", "wave", float(n), n + 1.0, score=score)
              for n, score in enumerate((0.9, 0.4, 0.9))]  # fmt: skip
    pairs = list(zip((near, near, far), events, strict=True))
    use = _with_use(windows, {0: pairs}, windows.vectors[near : near + 1])[0].use
    assert use[1] > use[2] > use[0]


def test_nothing_coded_is_said(windows: Windows) -> None:
    with pytest.raises(EdgcnError, match="code a few gestures first"):
        spot(windows, Coded({}, {}, frozenset([0]), LABELS), NAMES, by="m")


def test_a_round_is_judged_on_people_held_out(windows: Windows) -> None:
    both = worth(windows, coded(seen=(0, 1)), NAMES, NAMES)
    assert both["f1"] > 0.7
    assert (both["recordings"], both["whole"], both["events"]) == (2, 2, 24)
    assert sum(a == b for a, b, *_ in both["cells"]) >= 18
    alone = worth(windows, coded((0,)), NAMES, NAMES)
    assert "people" in alone["why"]
    assert "why" in worth(windows, coded((0, 1)), NAMES, ("same",) * 3)


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
    lively = windows.vectors[:, :2].sum(axis=1)
    found = motifs(windows, lively)
    assert found
    assert max(motif["times"] for motif in found) >= 8
    dice = np.random.default_rng(1)
    noise = Windows(
        windows.recordings, windows.starts, windows.ends, windows.lengths,
        dice.normal(size=(len(windows), 40)).astype(np.float32),
    )  # fmt: skip
    assert motifs(noise, dice.random(len(windows))) == []
