"""The table of the open data sets: its means and gains, what is run by whom, and once all of it."""

import csv
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import open_sets
from benchmarks.open_sets_plan import METHODS, PROTOCOLS, RIVALS, SETS, Job, in_turn, plan
from benchmarks.open_sets_tables import (
    LINES,
    cell,
    gain,
    gains_table,
    kind,
    paired_table,
    points,
    publish,
    records_of,
    set_table,
)
from edgcn.presets.datasets import DATA_SETS
from edgcn.skeleton.layouts import KINECT_V2
from helpers import tiny_file

EVERY = list(METHODS)


def result(own: float, *, random: float = 0.3, raw: float = 0.5, protocol: str = "linear") -> dict:
    """An evaluation whose rows have these scores, and intervals of 0.1 to either side."""
    main = "map" if protocol == "retrieval" else "top1"
    scores = {"majority class": 0.1, "raw coordinates": raw, "random encoder": random, "A": own}
    rows = [
        {"name": name, "baseline": name != "A", main: x, "low": x - 0.1, "high": x + 0.1}
        for name, x in scores.items()
    ]
    return {"protocol": protocol, "rows": rows, "n_train": 9, "n_test": 4, "split": "subject"}


def made(scores: dict[tuple[str, str, int], float], **changes: Any) -> list[dict[str, Any]]:
    """Records of made-up linear probes by (set, method, seed)."""
    return [
        record
        for (name, method, seed), own in scores.items()
        for record in records_of(
            result(own, **changes), {"set": name, "method": method, "seed": seed, "minutes": 1.0}
        )
    ]


def test_a_cell_is_the_mean_of_its_seeds_and_of_its_bounds():
    records = made({("utd", "best", 0): 0.6, ("utd", "best", 2): 0.8, ("wmft", "best", 0): 0.2})
    found = cell(records, "utd", ("best", "method"), "linear")
    assert found is not None
    assert (found.mean, found.low, found.high) == pytest.approx((0.7, 0.6, 0.8))
    assert found.seeds == {0: 0.6, 2: 0.8}
    assert str(found).startswith("70.0 ±")
    assert str(cell(records, "wmft", ("best", "method"), "linear")) == "20.0"  # one seed: no spread
    assert cell(records, "utd", ("edgcn", "method"), "linear") is None
    assert cell(records, "utd", ("best", "method"), "knn") is None


def test_baselines_of_all_methods_count_once():
    records = made({("utd", "edgcn", 0): 0.2, ("utd", "best", 0): 0.6})
    raw = cell(records, "utd", LINES["raw coordinates"], "linear")
    assert raw is not None
    assert raw.seeds == {0: 0.5}


def test_the_random_encoder_of_a_method_reads_what_the_method_reads():
    of = {line: LINES[line] for line in RIVALS if line.startswith("random encoder, ")}
    assert of["random encoder, as best"] == ("best", "random")
    assert of["random encoder, plain motion"] == ("plain", "random")
    assert of["random encoder, as EDGCN"] == ("edgcn", "random")
    assert of["random encoder, on common joints"] == ("best-union", "random")


def test_a_gain_is_over_the_strongest_rival_and_no_variant_of_best_is_one():
    records = made(
        {("utd", "best", 0): 0.6, ("utd", "edgcn", 0): 0.55, ("utd", "best-union", 0): 0.9}
    )
    found = gain(records, "utd", ("best", "method"), "linear")
    assert found is not None
    assert found == (pytest.approx(0.05), "EDGCN")
    worse = made({("utd", "best", 0): 0.4})
    found = gain(worse, "utd", ("best", "method"), "linear")
    assert found is not None
    assert found == (pytest.approx(-0.1), "raw coordinates")
    assert not {"best", "best, pre-trained on all sets"} & set(RIVALS)
    assert {"AS-CAL", "A-EDGCN", "random encoder, as best"} <= set(RIVALS)


def test_the_mean_gain_is_over_sets_each_with_its_own_rival():
    records = made({("utd", "best", 0): 0.6, ("wmft", "best", 0): 0.7, ("wmft", "p&c", 0): 0.4})
    *_, wmft, mean = gains_table(records, ["utd", "wmft"], "best")
    assert wmft["linear 100 %"] == "+20.0 over raw coordinates"
    assert mean == {"set": "mean of the sets", "linear 100 %": "+15.0"}
    assert gains_table(records, ["utd"], "best-union") == []


def test_a_pair_is_compared_on_the_seeds_that_both_have():
    scores = {("utd", "edgcn", seed): x for seed, x in enumerate((0.5, 0.6, 0.1))}
    scores |= {("utd", "a-edgcn", seed): x for seed, x in enumerate((0.52, 0.62))}
    pairs = {"moments": (("edgcn", "method"), ("a-edgcn", "method"))}
    (row,) = paired_table(made(scores), ["utd", "wmft"], pairs)
    assert row["seeds"] == [0, 1]
    assert row["linear 100 %"] == "55.0 → 57.0 (+2.0 ±0.0)"
    assert row["set"] == DATA_SETS["utd"].title


def test_the_order_of_records_does_not_matter():
    records = made(
        {(s, m, 0): 0.3 + 0.1 * i for i, s in enumerate(SETS) for m in ("best", "edgcn")}
    )
    turned = [records[i] for i in np.random.default_rng(0).permutation(len(records))]
    assert set_table(turned, "utd") == set_table(records, "utd")
    assert gains_table(turned, SETS, "best") == gains_table(records, SETS, "best")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("majority class", "majority"),
        ("chance", "majority"),
        ("random encoder", "random"),
        ("EDGCN (edgcn-s), from scratch", "scratch"),
        ("EDGCN (edgcn-s), frozen", "frozen"),
        ("EDGCN (edgcn-s), fine-tuned", "method"),
        ("A-EDGCN (edgcn-s)", "method"),
    ],
)
def test_rows_are_told_by_their_names(name, expected):
    assert kind({"name": name}) == expected


def test_points_have_a_sign():
    assert (points(0.0312), points(-0.2)) == ("+3.1", "-20.0")


def test_each_set_is_probed_once_by_each_method_and_seed():
    jobs = plan(SETS, EVERY, [0, 1, 2], found=SETS)
    probed = [(job.method, job.seed, name) for job in jobs for name in job.scored_on]
    assert len(probed) == len(set(probed))
    for name, method in METHODS.items():
        seeds = {seed for other, seed, _ in probed if other == name}
        assert seeds == ({0, 1, 2} if method.every_seed else {0})
        assert {one for other, _, one in probed if other == name} == set(SETS)
    every = plan(SETS, EVERY, [0, 1, 2], found=SETS, every_seed=True)
    assert sum(len(job.scored_on) for job in every) == 3 * len(EVERY) * len(SETS)


def test_what_was_left_out_was_not_learned_from():
    for job in plan(["utd"], EVERY, [0], found=SETS):
        learns = METHODS[job.method].learns
        assert ("utd" in job.members) == (learns != "others")
        assert set(job.members) == {
            "set": {"utd"}, "all": set(SETS), "others": set(SETS) - {"utd"}
        }[learns]  # fmt: skip


@pytest.mark.parametrize("of", [1, 2, 3])
def test_shares_start_apart_and_each_could_do_all(of):
    jobs = plan(SETS, EVERY, [0, 1], found=SETS)
    turns = [in_turn(jobs, (number, of)) for number in range(of)]
    own = [turn[: len(jobs[number::of])] for number, turn in enumerate(turns)]
    assert sorted(map(repr, chain(*own))) == sorted(map(repr, jobs))
    assert all(sorted(map(repr, turn)) == sorted(map(repr, jobs)) for turn in turns)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--share", "2/2"], "expected I/N"),
        (["--share", "half"], "expected I/N"),
        (["--sets", "utd", "wfmt"], "did you mean 'wmft'"),
        (["--methods", "bset"], "did you mean 'best'"),
        (["--sets", "utd"], "no utd under"),
        (["--methods", "best-left-out"], "learns from other sets than wmft"),
        (["--seed", "many"], "--seed"),
    ],
)
def test_wrong_input_is_one_line(flags, message, small_wmft, tmp_path, capsys):
    arguments = ["--data", str(small_wmft), "--out", str(tmp_path / "out"), *flags]
    assert open_sets.main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_one_process_at_a_time_has_a_run(tmp_path):
    with open_sets.turn(tmp_path / "a" / "lock", wait=True) as first:
        assert first
        with open_sets.turn(tmp_path / "a" / "lock", wait=False) as second:
            assert not second
    with open_sets.turn(tmp_path / "a" / "lock", wait=False) as third:
        assert third


def test_a_run_that_failed_is_named_on_the_page(tmp_path):
    job = Job("best", 1, ("utd",), ("utd",))
    missing = [open_sets.Missing(job, "no memory")]
    page = publish(tmp_path, [], missing, command="python", encoder="edgcn-s")
    assert "- best on utd, seed 1: no memory" in page.read_text()


@pytest.fixture(scope="module")
def small_wmft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file that looks like WMFT's."""
    known, folder = DATA_SETS["wmft"], tmp_path_factory.mktemp("data")
    names = (known.first_class, *(f"task {number}" for number in range(1, known.classes)))
    tiny_file(folder / "wmft.npz", clips=90, classes=15, subjects=6, topology=KINECT_V2)
    with np.load(folder / "wmft.npz") as file:
        arrays = dict(file)
    np.savez(folder / "wmft.npz", **arrays | {"classes": np.array(names)})
    return folder


def test_the_whole_command_once_and_what_is_there_is_kept(small_wmft, tmp_path, capsys):
    words = ["--data", str(small_wmft), "--out", str(tmp_path), "--sets", "wmft", "--quick"]
    words += ["--methods", "edgcn", "--seeds", "0", "--accelerator", "cpu"]
    assert open_sets.main([*words, "--share", "0/2"]) == 0
    assert not (tmp_path / "results.md").exists()
    weights = list((tmp_path / "runs").glob("*/encoder.safetensors"))
    assert len(weights) == 1
    before = [path.stat().st_mtime_ns for path in weights]
    assert open_sets.main(words) == 0
    assert [path.stat().st_mtime_ns for path in weights] == before
    page = (tmp_path / "results.md").read_text()
    for word in ("| EDGCN ", "random encoder, as EDGCN", "75 training clips", "--quick"):
        assert word in page
    rows = list(csv.DictReader((tmp_path / "results.csv").open()))
    assert {row["protocol"] for row in rows} == set(PROTOCOLS)
    assert len(rows) == len(PROTOCOLS) * 4
    assert (tmp_path / "results.png").stat().st_size > 10_000
    assert open_sets.main([*words, "--tables"]) == 0
    assert (tmp_path / "results.md").read_text() == page
    capsys.readouterr()
    assert open_sets.main([*words, "--dry-run"]) == 0
    assert "2 of 2" in capsys.readouterr().out
