"""Scores over seeds, and the table of a sweep: means, spreads and differences as numpy has them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from edgcn.evaluation.rows import Kind, Row
from edgcn.experiments.runner import Job
from edgcn.experiments.summary import (
    Score,
    baselines,
    cell_of,
    csv_line,
    notes_of,
    over_seeds,
    points,
    sweep_table,
    varying,
)

STORE = Path("stores/mine")
EVALUATE = [{"store": STORE, "protocol": "linear"}, {"store": STORE, "protocol": "few-shot"}]


def job(lr: float, encoder: str = "edgcn") -> Job:
    cells = {"lr": str(lr), "encoder": encoder}
    return Job(f"lr {lr}", {"store": STORE, "lr": lr, "encoder": encoder}, EVALUATE, (), cells)


def score(
    job: Job, top1: float, *, seed: int = 0, kind: Kind = "method", number: int = 0, **row: Any
) -> Score:
    data: dict[str, Any] = {"store": str(STORE), "split": "subject"}
    data["protocol"] = EVALUATE[number]["protocol"]
    made = Row(kind, kind, {"top1": top1}, 9, seeds=(seed,), **row)
    return Score(made, job, seed, number, data, minutes=2.0)


def test_the_interval_over_seeds_is_students() -> None:
    scores = [0.41, 0.47, 0.44]
    low, high = stats.t.interval(0.95, 2, np.mean(scores), stats.sem(scores))
    assert over_seeds(scores) == f"±{50 * (high - low):.1f}"
    assert over_seeds(scores[:1]) == "-"


def test_points_have_a_sign() -> None:
    assert (points(0.0312), points(-0.2)) == ("+3.1", "-20.0")


def test_a_cell_has_each_seed_once_and_in_order() -> None:
    a = job(0.1)
    cell = cell_of([score(a, 0.8, seed=2), score(a, 0.6), score(a, 0.1, seed=2)])
    assert cell is not None
    assert ([row.main for row in cell.rows], cell.seeds) == ([0.6, 0.8], [0, 2])
    assert cell.mean.main == pytest.approx(0.7)
    assert cell.minutes == 2.0
    assert cell_of([]) is None


def test_a_sweep_shows_means_and_differences_of_the_same_seeds() -> None:
    a, b = job(0.1), job(0.2)
    first, second = (0.5, 0.6, 0.9), (0.6, 0.5)
    scores = [score(a, x, seed=seed) for seed, x in enumerate(first)]
    scores += [score(b, x, seed=seed) for seed, x in enumerate(second)]
    lines, columns = sweep_table([a, b], scores)
    assert columns == ["lr", "linear: top-1 %", "seeds", "minutes"]  # the encoder is the same
    differences = 100 * (np.array(second) - np.array(first[:2]))
    assert [line["linear: top-1 %"] for line in lines] == [
        f"66.7 ±{100 * np.std(first):.1f}",
        f"55.0 ±5.0 ({differences.mean():+.1f} ±{differences.std():.1f})",
    ]
    assert [line["lr"] for line in lines] == ["0.1", "0.2"]
    assert [line["seeds"] for line in lines] == [[0, 1, 2], [0, 1]]
    assert lines[0]["minutes"] == "2.0"


def test_a_sweep_names_test_people_that_were_learned_from() -> None:
    a, b = job(0.1), job(0.2)
    scores = [score(a, 0.5), score(a, 0.6, seed=1, learned="2/3 people"), score(b, 0.5)]
    lines, columns = sweep_table([a, b], scores)
    assert columns == ["lr", "linear: top-1 %", "learned", "seeds", "minutes"]
    assert [line["learned"] for line in lines] == ["2/3 people", ""]
    for number, each in enumerate(scores):
        found = ["2 of 3 test people were in the pre-training"] * (number == 1) + ["x"]
        scores[number] = replace(each, data={"notes": found})
    assert notes_of(scores) == ["x", "2 of 3 test people were in the pre-training"]


def test_amounts_of_labels_are_columns_and_what_failed_is_empty() -> None:
    a, b = job(0.1), job(0.2)
    scores = [
        score(a, 0.5, number=1, labels="5 per class", amount=5.0),
        score(a, 0.3, number=1, labels="1 per class", amount=1.0),
        score(a, 0.7, number=0),
        score(b, 0.4, number=1, labels="1 per class (fewer of 2)", amount=1.0),
    ]
    lines, columns = sweep_table([a, b], scores)
    assert columns[1:4] == [
        "linear: top-1 %", "few-shot, 1 per class: top-1 %", "few-shot, 5 per class: top-1 %"
    ]  # fmt: skip
    assert lines[1].get(columns[1]) is lines[1].get(columns[3]) is None
    assert lines[1][columns[2]] == "40.0 (+10.0)"


def test_baselines_are_named_and_stay_out_of_the_table() -> None:
    a, b = job(0.1), job(0.2)
    scores = [score(a, 0.5), score(b, 0.6), score(a, 0.0, kind="frozen")]
    scores += [score(each, 0.1, kind="majority") for each in (a, b)]
    scores += [score(a, 0.09, kind="random"), score(b, 0.3, kind="random")]
    lines, columns = sweep_table([a, b], scores)
    assert [line[columns[1]] for line in lines] == ["50.0", "60.0 (+10.0)"]
    assert baselines([a, b], scores) == [
        "linear: top-1 %: majority class 10.0, random encoder 9.0 to 30.0"
    ]


def test_evaluations_by_one_protocol_are_told_apart() -> None:
    a = Job("a", {"store": STORE}, [EVALUATE[0] | {"readout": "mean"}, EVALUATE[0] | {
        "store": Path("other")}])  # fmt: skip
    scores = [score(a, 0.5, number=0), score(a, 0.5, number=0)]
    scores.append(Score(scores[0].row, a, 0, 1, {"protocol": "linear"}, 1.0))
    assert sweep_table([a], scores)[1] == [
        "linear, readout mean: top-1 %", "linear, on other: top-1 %", "seeds", "minutes"
    ]  # fmt: skip


def test_programs_get_fractions_and_settings() -> None:
    line = csv_line(score(job(0.25), 0.5), ["lr"])
    wanted = {"lr": 0.25, "measure": "top1", "score": 0.5, "kind": "method", "seed": 0, "n": 9}
    assert wanted.items() <= line.items()
    assert varying([job(0.1), job(0.2)]) == ["lr"]
    assert varying([job(0.1)]) == []
