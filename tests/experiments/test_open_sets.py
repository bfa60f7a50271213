"""The table of the open data sets: its means and gains, what is run by whom, and once all of it."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.commands.pretrain import PretrainConfig
from edgcn.commands.results import Results
from edgcn.evaluation.rows import Kind, Row
from edgcn.experiments import open_sets
from edgcn.experiments.open_sets_findings import findings
from edgcn.experiments.open_sets_plan import (
    COLUMNS,
    DEFAULT,
    LINES,
    METHODS,
    OURS,
    OVER_RANDOM,
    OVER_RIVAL,
    PAIRS,
    PROBES,
    RIVALS,
    SETS,
    STRONGEST,
    TUNED,
    TUNING,
    UNITED,
    plan,
    store_of,
    unseen,
)
from edgcn.experiments.open_sets_scores import Board, board_of, cell, differences, rival
from edgcn.experiments.open_sets_tables import (
    differences_table,
    pairs_table,
    publish,
    set_table,
    shown,
    summary,
    tables,
)
from edgcn.experiments.runner import Job, Outcome, tasks_of
from edgcn.experiments.summary import Score
from edgcn.inference.released import RELEASED
from edgcn.presets.datasets import DATA_SETS
from edgcn.skeleton.layouts import KINECT_V2
from helpers import tiny_file

EVERY = [  # `pretrain --from` is still to come
    name
    for name, method in METHODS.items()
    if "from_" not in method.settings or "from_" in PretrainConfig.model_fields
]
BASE: dict[Kind, float] = {"majority": 0.1, "raw": 0.5, "random": 0.3}
BEST = ("best", ("method",))


def people(score: float) -> dict[str, tuple[float, int]]:
    """Two clips of each of two people, the second of whom is better by 0.2 than the first."""
    return {"a": (2 * (score - 0.1), 2), "b": (2 * (score + 0.1), 2)}


def made(
    scores: dict[tuple[str, str, int], float],
    protocol: str = "linear",
    *,
    whiten: int = 0,
    held_out: float | None = None,
    **row: Any,
) -> list[Score]:
    """Made-up evaluations by (set, method, seed); intervals reach 0.1 to either side."""
    found = []
    for (name, method, seed), top1 in scores.items():
        job = Job(method, {}, [], (), {"method": method})
        data: dict[str, Any] = {"protocol": protocol, "store": f"stores/{name}", "split": "subject"}
        data |= {"protocol_settings": {"whiten": whiten}, "n_train": 9, "n_test": 4}
        for kind, x in {**BASE, "method": top1}.items():
            values = {"top1": x, "low": x - 0.1, "high": x + 0.1}
            extra = row if kind == "method" else {}
            one = Row(kind, kind, values, 4, seeds=(seed,), by_subject=people(x),
                      held_out=None if kind == "majority" else held_out, **extra)  # fmt: skip
            found.append(Score(one, job, seed, 0, data, 1.0))
    return found


def board(scores: dict[tuple[str, str, int], float], **values: Any) -> Board:
    return board_of(made(scores, **values))


def test_a_cell_is_the_mean_of_its_seeds_and_of_its_bounds() -> None:
    scores = board({("utd", "best", 0): 0.6, ("utd", "best", 2): 0.8, ("wmft", "best", 0): 0.2})
    found = cell(scores, "utd", BEST, "linear")
    assert found is not None
    assert dict(found.mean.scores) == pytest.approx({"top1": 0.7, "low": 0.6, "high": 0.8})
    assert [row.main for row in found.rows] == [0.6, 0.8]
    assert str(shown(found)).startswith("70.0 ±")
    assert shown(cell(scores, "wmft", BEST, "linear")) == "20.0"  # one seed
    assert cell(scores, "utd", ("edgcn", ("method",)), "linear") is None
    assert cell(scores, "utd", BEST, "knn") is None


def test_baselines_of_all_methods_count_once() -> None:
    scores = board({("utd", "edgcn", 0): 0.2, ("utd", "best", 0): 0.6})
    raw = cell(scores, "utd", LINES["raw coordinates"], "linear")
    assert raw is not None
    assert [row.main for row in raw.rows] == [0.5]


def test_the_random_encoder_of_a_method_reads_what_the_method_reads() -> None:
    of = {line: LINES[line] for line in RIVALS if line.startswith("random encoder, ")}
    assert of["random encoder, as best"] == ("best", ("random",))
    assert of["random encoder, plain motion"] == ("plain", ("random",))
    assert of["random encoder, as EDGCN"] == ("edgcn", ("random",))
    assert of["random encoder, on common joints"] == ("best-left-out", ("random",))
    for name in RELEASED:
        assert of[f"random encoder, as released {name}"] == (f"released-{name}", ("random",))


def test_the_strongest_probe_is_the_best_on_held_out_training_subjects_run_by_run() -> None:
    keys = [("utd", "best", 0), ("utd", "best", 1)]
    linear = made(dict.fromkeys(keys, 0.9), held_out=0.3)  # best on the test side only
    plain = [
        *made({keys[0]: 0.6}, "logistic", held_out=0.5),
        *made({keys[1]: 0.61}, "logistic", held_out=0.4),
    ]
    whitened = [
        *made({keys[0]: 0.5}, "logistic", whiten=256, held_out=0.4),
        *made({keys[1]: 0.51}, "logistic", whiten=256, held_out=0.5),
    ]
    for scores in ([*linear, *plain, *whitened], [*whitened, *linear, *plain]):
        found = cell(board_of(scores), "utd", BEST, "all")
        assert found is not None
        assert [row.main for row in found.rows] == [0.6, 0.51]
    majority = cell(board_of(linear), "utd", LINES["majority class"], "all")
    assert majority is not None
    near = [*made({keys[0]: 0.4}, "knn", held_out=0.2),
            *made({keys[0]: 0.3}, "knn", whiten=256, held_out=0.3)]  # fmt: skip
    found = cell(board_of(near), "utd", BEST, "nearest")
    assert found is not None
    assert found.mean.main == 0.3


def test_every_column_is_a_probe_or_the_strongest_of_some() -> None:
    assert set(COLUMNS) == {*PROBES, *STRONGEST}
    assert set().union(*STRONGEST.values()) <= set(PROBES)


def test_the_strongest_rival_is_the_best_row_that_is_not_ours() -> None:
    scores = {("utd", "best", 0): 0.6, ("utd", "edgcn", 0): 0.55, ("utd", "best-union", 0): 0.9}
    assert rival(board(scores), "utd", "all", "best") == "EDGCN"
    own = board({("utd", "best", 0): 0.6})
    assert rival(own, "utd", "all", "best") == "raw coordinates"
    assert rival(own, "utd", "all", "released-edgcn-s") == "best"
    assert rival(own, "wmft", "all", "best") is None
    assert not set(OURS) & set(RIVALS)
    assert {"AS-CAL", "A-EDGCN", "random encoder, as best"} <= set(RIVALS)
    assert {"best", "best, pre-trained on the other sets", "released edgcn-s"} <= set(OURS)


def test_a_difference_is_of_the_same_seeds_and_drawn_by_subject() -> None:
    scores = {("utd", "best", 0): 0.6, ("utd", "best", 1): 0.8, ("utd", "edgcn", 0): 0.55}
    found = {
        each.against: each
        for each in differences(board(scores), ["utd"])
        if (each.method, each.column) == ("best", "all")
    }
    assert found[OVER_RIVAL].other == "EDGCN"
    assert found[OVER_RIVAL].paired.seeds == (0,)
    assert found[OVER_RIVAL].paired.mean == pytest.approx(0.05)
    assert found[OVER_RIVAL].paired.interval == pytest.approx((0.05, 0.05))  # of both people alike
    assert found[OVER_RANDOM].paired.seeds == (0, 1)
    assert found[OVER_RANDOM].record()["difference"] == pytest.approx(0.4)


def test_a_row_that_has_learned_from_who_is_tested_gains_nothing() -> None:
    scores = board({("utd", "released-edgcn-s", 0): 0.9}, learned="4/4 people")
    assert list(differences(scores, ["utd"])) == []
    (line,) = [line for line in set_table(scores, "utd") if line["name"] == "released edgcn-s"]
    assert line["learned"] == "4/4 people"


def test_the_mean_gain_is_over_sets_each_with_its_strongest_rival() -> None:
    scores = board({("utd", "best", 0): 0.6, ("wmft", "best", 0): 0.7, ("wmft", "p&c", 0): 0.4})
    _, wmft, mean = differences_table(list(differences(scores, ["utd", "wmft"])), OVER_RIVAL)
    assert wmft["all labels"] == "+20.0 (+20.0 to +20.0) over raw coordinates"
    assert mean == {"method": "best", "set": "mean of the sets", "all labels": "+15.0"}


def test_the_summary_has_all_sets_and_their_mean_where_there_are_all() -> None:
    scores = board({("utd", "best", 0): 0.6, ("wmft", "best", 0): 0.7, ("wmft", "p&c", 0): 0.4})
    lines = {line["name"]: line for line in summary(scores, ["utd", "wmft"])}
    assert lines["best"] == {
        "name": "best", "UTD-MHAD": "60.0", "WMFT": "70.0", "mean of the sets": "65.0"
    }  # fmt: skip
    assert lines["P&C"] == {"name": "P&C", "UTD-MHAD": None, "WMFT": "40.0"}


def test_a_pair_is_compared_on_the_seeds_that_both_have() -> None:
    values = {("utd", "edgcn", seed): x for seed, x in enumerate((0.5, 0.6, 0.1))}
    values |= {("utd", "a-edgcn", seed): x for seed, x in enumerate((0.52, 0.62))}
    (row,) = pairs_table(board(values), ["utd", "wmft"], PAIRS)
    assert row["seeds"] == [0, 1]
    assert row["all labels"] == "55.0 → 57.0: +2.0 (+2.0 to +2.0)"
    assert row["set"] == DATA_SETS["utd"].title


def test_the_order_of_scores_does_not_matter() -> None:
    scores = made({(s, m, 0): 0.3 + 0.1 * i for i, s in enumerate(SETS) for m in ("best", "edgcn")})
    shuffled = [scores[i] for i in np.random.default_rng(0).permutation(len(scores))]
    one, other = board_of(scores), board_of(shuffled)
    assert set_table(other, "utd") == set_table(one, "utd")
    assert [each.record() for each in differences(other, SETS)] == [
        each.record() for each in differences(one, SETS)
    ]


def test_sentences_have_the_numbers_of_the_tables() -> None:
    values = {("utd", "best", 0): 0.6, ("wmft", "best", 0): 0.45, ("isl30", "best", 0): 0.7}
    values |= {(s, "best-left-out", 0): x for s, x in (("utd", 0.4), ("wmft", 0.25))}
    scores, sets = board(values), SETS[:3]
    found = list(differences(scores, sets))
    lines = {heading: lines for heading, (lines, _) in tables(scores, sets, found).items()}
    first, second, third = findings(lines)
    assert first == (
        "Pre-trained on a set's own clips, `best` is above the strongest rival with all labels on "
        "2 of 3 sets (+8.3 points on average, the interval above 0 on 2)."
    )
    assert second.startswith("Pre-trained on the other sets alone, `best` is above the strongest")
    assert "on 0 of 2 sets (-17.5 points on average, the interval above 0 on 0)" in second
    assert third == (
        "On a set whose clips it never saw, it is -5.0 to +10.0 points beside the encoder before "
        "training."
    )
    assert findings({}) == []


def test_each_set_is_probed_once_by_each_method_and_seed() -> None:
    jobs = plan(SETS, EVERY, [0, 1, 2], found=SETS)
    probed = [
        (job.cells["method"], seed, name)
        for job in jobs
        for seed in job.seeds
        for name in job.cells["scored on"]
    ]
    assert len(probed) == len(set(probed))
    for name, method in METHODS.items():
        seeds = {seed for other, seed, _ in probed if other == name}
        if name not in EVERY:
            continue
        assert seeds == ({0, 1, 2} if method.every_seed else {0})
        assert {one for other, _, one in probed if other == name} == set(SETS)
    every = plan(SETS, EVERY, [0, 1, 2], found=SETS, every_seed=True)
    count = sum(len(job.cells["scored on"]) * len(job.seeds) for job in every)
    assert count == 3 * len(EVERY) * len(SETS)


def test_what_was_left_out_was_not_learned_from() -> None:
    for job in plan(["utd"], EVERY, [0], found=SETS):
        learns = METHODS[job.cells["method"]].learns
        assert ("utd" in job.cells["learns from"]) == (learns in ("set", "all"))
        assert set(job.cells["learns from"]) == {
            "set": {"utd"}, "all": set(UNITED), "others": set(UNITED) - {"utd"}, "nothing": set()
        }[learns]  # fmt: skip
        assert bool(job.pretrain) == (learns != "nothing") == (not job.model)


def test_the_same_recordings_in_pixels_were_seen_in_meters() -> None:
    assert set(SETS) - set(UNITED) == {"msr-screen"}
    for name in ("msr-world", "msr-screen"):
        assert unseen((name,), SETS) == ("isl30", "wmft", "utd")
    assert unseen(("utd",), SETS) == ("isl30", "wmft", "msr-world")


def test_the_default_leaves_out_what_is_run_on_request() -> None:
    assert {"edgcn", "a-edgcn", "as-cal", "skeletonclr", "p&c", "plain", "best"} <= set(DEFAULT)
    assert {"best-left-out", *(f"released-{name}" for name in RELEASED)} <= set(DEFAULT)
    assert set(DEFAULT) <= set(EVERY)


def test_nobody_who_tests_anywhere_is_learned_from() -> None:
    """A union names the people who test in any of its sets; a set has the split of our tables."""
    union = store_of(("isl30", "utd"), Path("out"))
    assert union["store"] == Path("out/unions/isl30+utd")
    assert union["split"] == ("subject:isl30/s03,isl30/s06,isl30/s09,utd/s2,utd/s4,utd/s6,utd/s8")
    assert store_of(("isl30",), Path("out"))["split"] == "subject:s03,s06,s09"
    assert store_of(("utd",), Path("out"))["split"] is None  # published
    for job in plan(SETS, EVERY, [0], found=SETS, finetune=True):
        for one in job.evaluate:
            assert one["split"] == DATA_SETS[one["store"].name].split


def test_all_settings_are_settings() -> None:
    jobs = plan(SETS, EVERY, [0, 1], found=SETS, every_seed=True, finetune=True)
    every = tasks_of(jobs, Path("out"), machine={"threads": 1, "accelerator": "cpu"})
    scored = [(task.run, *task.job.cells["scored on"]) for task in every]
    assert len(set(scored)) == len(every)  # MSR Action3D in pixels has the runs of that in meters
    configs = [(task.job.cells["method"], task.pretrain) for task in every if task.pretrain]
    assert {config.encoder for name, config in configs if name == "best"} == {"edgcn-s"}
    published = [config for _, config in configs if config.recipe == "paper"]
    assert {(config.epochs, config.frames) for config in published} == {(10, 32)}
    ready = [task for task in every if task.pretrain is None]
    assert {one.model for task in ready for one in task.evaluate} == set(RELEASED)
    sizes = {task.job.cells["method"]: len(task.evaluate) for task in ready}
    tuned = len(SETS) * len(TUNING)
    assert sizes == {name: len(SETS) * len(PROBES) + tuned * (name in TUNED) for name in sizes}


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
def test_wrong_input_is_one_line(
    flags: list[str],
    message: str,
    small_wmft: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--data", str(small_wmft), "--out", str(tmp_path / "out"), *flags]
    assert open_sets.main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_run_that_failed_is_named_on_the_page(tmp_path: Path) -> None:
    (job,) = plan(["utd"], ["best"], [1], found=["utd"])
    (task,) = tasks_of([job], tmp_path, machine={})
    results: dict[int, Results] = {}
    page = publish(
        tmp_path, [Outcome(task, results, ("no memory",))], command="python", encoder="edgcn-s"
    )
    assert "- best on utd, seed 1: no memory" in page.read_text()


@pytest.fixture(scope="module")
def small_wmft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file that looks like WMFT's: its classes, and who tests."""
    known, folder = DATA_SETS["wmft"], tmp_path_factory.mktemp("data")
    names = (known.first_class, *(f"task {number}" for number in range(1, known.classes)))
    tiny_file(folder / "wmft.npz", clips=180, classes=15, subjects=12, topology=KINECT_V2)
    with np.load(folder / "wmft.npz") as file:
        arrays = dict(file)
    people = dict(zip(np.unique(arrays["subjects"]), (*known.tests, *"abcd"), strict=True))
    arrays["subjects"] = np.array([people[subject] for subject in arrays["subjects"]])
    np.savez(folder / "wmft.npz", **arrays | {"classes": np.array(names)})
    return folder


def test_the_whole_command_once_and_what_is_there_is_kept(
    small_wmft: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(small_wmft), "--out", str(tmp_path), "--sets", "wmft", "--quick"]
    words += ["--methods", "edgcn", "--seeds", "0", "--accelerator", "cpu"]
    assert open_sets.main([*words, "--share", "0/2"]) == 0
    assert not (tmp_path / "results.md").exists()
    weights = list((tmp_path / "runs").glob("*/recognizer.edgcn"))
    assert len(weights) == 1
    before = [path.stat().st_mtime_ns for path in weights]
    assert open_sets.main(words) == 0
    assert [path.stat().st_mtime_ns for path in weights] == before
    page = (tmp_path / "results.md").read_text()
    for word in ("| EDGCN ", "random encoder, as EDGCN", "60 training clips", "--quick"):
        assert word in page
    rows = list(csv.DictReader((tmp_path / "results.csv").read_text().splitlines()))
    assert {row["column"] for row in rows} == set(COLUMNS)
    assert len(rows) == len(COLUMNS) * 4
    assert all(row["held_out"] for row in rows if row["column"] == "all" and row["kind"] == "raw")
    assert not (tmp_path / "differences.csv").exists()  # there is no row of ours
    assert (tmp_path / "results.png").stat().st_size > 10_000
    assert open_sets.main([*words, "--tables"]) == 0
    assert (tmp_path / "results.md").read_text() == page
    capsys.readouterr()
    assert open_sets.main([*words, "--dry-run"]) == 0
    assert "0 of 1" in capsys.readouterr().out
