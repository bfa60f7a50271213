"""Published protocols of online recognition, against slow references and by hand."""

import numpy as np
import pytest

from edgcn.annotations.events import Event
from edgcn.evaluation.agreement import agreement, by_label
from edgcn.evaluation.online import ONLINE, TIOUS, detection_map, kit_scores
from reference import events as reference

FPS = {"x": 28.0, "y": 25.0}
Row = tuple[str, int, int, int]


def drawn(seed: int, count: int = 12) -> list[Row]:
    """Recording, class, first and last frame; they overlap as they like."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        start = int(rng.integers(0, 60))
        row = ("xy"[rng.integers(2)], int(rng.integers(3)), start, start + int(rng.integers(0, 25)))
        made.append(row)
    return made


def as_events(rows: list[Row], seed: int = 0) -> list[Event]:
    scores = np.random.default_rng(seed).permutation(len(rows)) / len(rows)
    return [
        Event(name, f"class {label}", a / FPS[name], (b + 1) / FPS[name], score=float(score))
        for (name, label, a, b), score in zip(rows, scores, strict=True)
    ]


@pytest.mark.parametrize("seed", range(25))
def test_the_kit_is_counted_as_its_code_counts(seed: int) -> None:
    truth, found = drawn(seed), drawn(100 + seed)
    scores = kit_scores(as_events(truth), as_events(found), FPS)
    mine = [scores[name] for name in ("kit_precision", "kit_recall", "kit_f1")]
    assert mine == pytest.approx(reference.kit(truth, found))


def test_the_kit_by_hand() -> None:
    truth = [("x", 0, 0, 10), ("x", 1, 20, 20)]
    same = kit_scores(as_events(truth), as_events(truth), FPS)
    assert same["kit_recall"] == 0.5  # an event of one frame has no length there
    assert same["f1_30"] == 1.0
    at_most = kit_scores(as_events([("x", 0, 0, 10)]), as_events([("x", 0, 7, 10)]), FPS)
    assert at_most["kit_f1"] == 0.0  # 3 of 10 is not above 0.3, though 4 of 11 frames are shared
    halves = [("x", 0, 0, 10), ("x", 0, 10, 20)]
    twice = kit_scores(as_events(halves), as_events([("x", 0, 0, 20)]), FPS)
    assert (twice["kit_recall"], twice["kit_f1"]) == (1.0, 1.0)  # one found event counts for both
    assert twice["f1_30"] == pytest.approx(2 / 3)
    assert kit_scores(as_events(truth), [], FPS)["kit_f1"] == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_detection_is_the_mean_over_ious_of_both_levels(seed: int) -> None:
    truth, found = as_events(drawn(seed)), as_events(drawn(50 + seed), seed=1)
    parts = {"class 0": "head", "class 1": "head", "class 2": "leg"}
    truth = [Event(**{**row.__dict__, "tier": parts[row.label]}) for row in truth]
    scores = detection_map(truth, found, FPS)

    def mean_ap(names: dict[str, str], least: float) -> float:
        a, b = ([Event(**{**row.__dict__, "label": names[row.label]}) for row in rows]
                for rows in (truth, found))  # fmt: skip
        labels = sorted({row.label for row in a})
        return float(np.mean([
            reference.average_precision(
                [r for r in a if r.label == x], [r for r in b if r.label == x], least
            )
            for x in labels
        ]))  # fmt: skip

    whole = dict(zip(parts, parts, strict=True))
    assert scores["map_20"] == pytest.approx(mean_ap(whole, 0.2))
    assert scores["map_mean"] == pytest.approx(np.mean([mean_ap(whole, x) for x in TIOUS]))
    assert scores["body_map_50"] == pytest.approx(mean_ap(parts, 0.5))
    both = (scores["map_mean"] + scores["body_map_mean"]) / 2
    assert scores["map_of_both"] == pytest.approx(both)
    assert "body_map_50" not in detection_map(as_events(drawn(seed)), found, FPS)


def test_who_tests_is_who_tests_as_published() -> None:
    smg, imigue = ONLINE["smg-online"], ONLINE["imigue-online"]
    assert [smg.tests(f"Sample{n:04d}", "") for n in (1, 35, 36, 40, 41)] == [
        False, False, True, True, False,
    ]  # fmt: skip
    assert smg.tests("P01", "") is None
    assert [imigue.tests("0001", person) for person in ("2", "1", "")] == [False, True, None]
    assert (len(smg.classes), len(imigue.classes)) == (17, 32)


@pytest.mark.parametrize("seed", range(10))
def test_agreement_counts_every_coders_event_as_easydiag_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = [tuple("abc"[x] for x in rng.integers(3, size=2)) for _ in range(12)]
    only_a, only_b = (["abc"[x] for x in rng.integers(3, size=4)] for _ in range(2))
    a = [Event("x", x, 10.0 * n, 10.0 * n + 5) for n, (x, _) in enumerate(pairs)]
    b = [Event("x", y, 10.0 * n, 10.0 * n + 5) for n, (_, y) in enumerate(pairs)]
    a += [Event("y", x, 10.0 * n, 10.0 * n + 5) for n, x in enumerate(only_a)]
    b += [Event("z", x, 10.0 * n, 10.0 * n + 5) for n, x in enumerate(only_b)]
    found = agreement(a, b)
    want = reference.easydiag([(x, y) for x, y in pairs], only_a, only_b)
    assert [found.kappa, found.kappa_linked, found.raw] == pytest.approx(want, abs=1e-6)
    for label, one in by_label(found).items():
        want_one = reference.against_the_rest(label, [(x, y) for x, y in pairs], only_a, only_b)
        assert one.kappa == pytest.approx(want_one)
