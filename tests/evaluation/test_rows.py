"""Rows survive JSON; seeds are averaged in one place, and compared seed by seed."""

import json
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.evaluation.rows import BASELINES, KINDS, Row, mean_over_seeds, method_title, paired


def row(score: float, *, seed: int | None = None, **values: Any) -> Row:
    """A row of one seed."""
    settings: dict[str, Any] = {"kind": "method", "name": "EDGCN", "n": 30, **values}
    scores = settings.pop("scores", {"top1": score, "low": score - 0.1, "high": score + 0.1})
    return Row(scores=scores, seeds=() if seed is None else (seed,), **settings)


def test_json_and_back() -> None:
    one = row(0.3, seed=4, labels="5 per class", amount=5.0, n_labels=60, chosen={"lr": 0.3},
              learned="6/6 people", spread=0.01, held_out=0.4,
              by_subject={"s1": (8.5, 20), "s2": (0.5, 10)})  # fmt: skip
    assert Row.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert Row.from_dict({"kind": "raw", "name": "r", "scores": {"top1": 0.1}, "n": 1}).seeds == ()


def test_what_is_no_row_is_refused() -> None:
    with pytest.raises(EdgcnError, match=r"expected a row of results, .* 'scores'"):
        Row.from_dict({"kind": "raw", "name": "raw coordinates", "n": 3})
    with pytest.raises(EdgcnError, match=r"kind of row among majority, .*, got 'other'"):
        Row.from_dict(row(0.1).to_dict() | {"kind": "other"})


def test_cells_are_flat() -> None:
    cells = row(0.3, chosen={"C": 0.1}, by_subject={"s1": (9.0, 30)}).cells()
    assert (cells["top1"], cells["C"], cells["baseline"], cells["n"]) == (0.3, 0.1, False, 30)
    assert not any(isinstance(value, dict) for value in cells.values())


def test_baselines_are_known_by_their_kind() -> None:
    compared = [kind for kind in KINDS if row(0.1, kind=kind).is_baseline]
    assert compared == list(BASELINES)
    assert {"frozen", "method", "fused", "fitted"}.isdisjoint(compared)


@pytest.mark.parametrize(
    ("scores", "measure"),
    [
        ({"top1": 0.1, "low": 0.0}, "top1"),
        ({"map": 0.2, "recall1": 0.5}, "map"),
        ({"accuracy": 0.3, "nmi": 0.1}, "accuracy"),
    ],
)
def test_the_main_score_goes_by_the_scores_there_are(
    scores: dict[str, float], measure: str
) -> None:
    one = row(0, scores=scores)
    assert (one.measure, one.main) == (measure, scores[measure])


def test_seeds_of_one_setting_are_one_row() -> None:
    values = [0.3, 0.1, 0.2]
    rows = [row(v, seed=seed, chosen={"lr": 0.3, "C": v}) for v, seed in
            zip(values, (2, 0, 1), strict=True)]  # fmt: skip
    mean = mean_over_seeds(rows)
    assert mean.scores == pytest.approx({"top1": 0.2, "low": 0.1, "high": 0.3})
    assert (mean.seeds, mean.n, mean.chosen) == ((0, 1, 2), 30, {"lr": 0.3})
    assert mean.spread == pytest.approx(np.std(values))
    assert mean_over_seeds(rows[:1]).spread is None


def test_the_spread_is_of_the_main_score_and_overlaps_are_kept() -> None:
    rows = [row(0, seed=seed, scores={"map": m, "recall1": 0.5}, learned=learned)
            for seed, (m, learned) in enumerate([(0.2, ""), (0.4, "6/6 people")])]  # fmt: skip
    mean = mean_over_seeds(rows)
    assert mean.spread == pytest.approx(0.1)
    assert mean.learned == "6/6 people"


def people(*sums: float, clips: int = 10) -> dict[str, tuple[float, int]]:
    return {f"s{number}": (float(value), clips) for number, value in enumerate(sums)}


def test_seeds_are_averaged_by_subject_where_their_clips_are_the_same() -> None:
    rows = [row(0.3, seed=0, by_subject=people(2, 4)), row(0.4, seed=1, by_subject=people(3, 5))]
    assert mean_over_seeds(rows).by_subject == people(2.5, 4.5)
    other = row(0.4, seed=2, by_subject=people(3, 5, clips=11))
    assert mean_over_seeds([*rows, other]).by_subject == {}


def test_held_out_shares_are_averaged_where_all_have_one() -> None:
    rows = [row(0.3, seed=0, held_out=0.5), row(0.4, seed=1, held_out=0.6)]
    assert mean_over_seeds(rows).held_out == pytest.approx(0.55)
    assert mean_over_seeds([*rows, row(0.4, seed=2)]).held_out is None


def test_a_difference_is_drawn_by_subject_with_both_rows_scores() -> None:
    """One person is 1 clip in 10 better and one 5, whatever each of the two rows has."""
    before = [row(0.5, seed=0, by_subject=people(2, 8)), row(0.1, seed=7, by_subject=people(0, 2))]
    after = [row(0.8, seed=0, by_subject=people(3, 13, clips=10))]
    found = paired(before, after)
    assert found is not None
    assert found.seeds == (0,)
    assert found.interval == pytest.approx((0.1, 0.5))
    same = paired(after, after)
    assert same is not None
    assert same.interval == (0.0, 0.0)
    other = paired(before, [row(0.8, seed=0, by_subject=people(3, 13, clips=11))])
    assert other is not None
    assert other.interval is None


def test_differences_are_of_the_same_seeds() -> None:
    before = [row(0.1, seed=0), row(0.3, seed=1), row(0.9, seed=7)]
    after = [row(0.4, seed=1), row(0.3, seed=0), row(0.9, seed=2)]
    found = paired(before, after)
    assert found is not None
    assert found.seeds == (0, 1)
    assert found.differences == pytest.approx((0.2, 0.1))
    assert (found.mean, found.spread) == pytest.approx((0.15, 0.05))
    assert str(found) == "+15.0 ±5.0"
    one = paired(before[:1], after)
    assert one is not None
    assert (str(one), one.spread) == ("+20.0", None)
    assert paired(before[:1], after[:1]) is None


@pytest.mark.parametrize(
    ("encoder", "objective", "settings", "moments", "expected"),
    [
        ("edgcn", "moco", {}, False, "EDGCN (edgcn)"),
        ("edgcn-s", "moco", {}, True, "A-EDGCN (edgcn-s)"),
        ("ascal-lstm", "moco", {}, False, "AS-CAL (ascal-lstm)"),
        ("ascal-lstm", "moco", {"projector": True}, False, "ascal-lstm"),
        ("msg3d", "moco", {}, True, "msg3d + moments"),
        ("edgcn-s", "barlow", {"decoder": "x"}, False, "EDGCN (edgcn-s), Barlow Twins"),
        ("pc-gru", "predict-cluster", {}, False, "P&C FW (pc-gru)"),
        ("pc-gru", "predict-cluster", {"decoder": "fixed-state"}, False, "P&C FS (pc-gru)"),
        ("pc-gru", "predict-cluster", {}, True, "P&C FW (pc-gru, moments)"),
        ("vae-lstm", "variational", {}, False, "U-S-VAE Z (vae-lstm)"),
        ("stgcn-quarter", "moco", {"projector": True}, False, "SkeletonCLR (stgcn-quarter)"),
        ("stgcn-quarter", "moco", {"projector": False}, False, "stgcn-quarter"),
        ("edgcn-s", "predict-cluster", {}, False, "EDGCN (edgcn-s), P&C FW"),
        ("pc-gru", "variational", {}, False, "pc-gru, VAE"),
        ("mine", "my-loss", {}, False, "mine, My loss"),
    ],
)
def test_names_of_the_field(
    encoder: str, objective: str, settings: dict[str, Any], moments: bool, expected: str
) -> None:
    titles = {"barlow": "Barlow Twins", "moco": "MoCo", "predict-cluster": "P&C",
              "variational": "VAE", "my-loss": "My loss"}  # fmt: skip
    name = method_title(
        encoder, objective, title=titles[objective], moments=moments, settings=settings
    )
    assert name == expected
