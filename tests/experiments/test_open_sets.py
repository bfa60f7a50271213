"""The table of the open data sets: its means and gains, what is run by whom, and once all of it."""

import csv
from pathlib import Path

import numpy as np
import pytest

from edgcn.commands.pretrain import PretrainConfig
from edgcn.commands.results import Results
from edgcn.evaluation.rows import Kind, Row
from edgcn.experiments import open_sets
from edgcn.experiments.open_sets_findings import findings
from edgcn.experiments.open_sets_plan import (
    LINES,
    METHODS,
    PROTOCOLS,
    RIVALS,
    SETS,
    TRANSFER,
    WITH_MOMENTS,
    plan,
    store_of,
)
from edgcn.experiments.open_sets_tables import (
    cell,
    gain,
    gains_table,
    paired_table,
    publish,
    set_table,
    shown,
    tables,
)
from edgcn.experiments.runner import Job, Outcome, tasks_of
from edgcn.experiments.summary import Score
from edgcn.presets.datasets import DATA_SETS
from edgcn.skeleton.layouts import KINECT_V2
from helpers import tiny_file

EVERY = list(METHODS)
BASE: dict[Kind, float] = {"majority": 0.1, "raw": 0.5, "random": 0.3}


def made(scores: dict[tuple[str, str, int], float], protocol: str = "linear") -> list[Score]:
    """Made-up evaluations by (set, method, seed); intervals reach 0.1 to either side."""
    found = []
    for (name, method, seed), top1 in scores.items():
        job = Job(method, {}, [], (), {"method": method})
        data = {"protocol": protocol, "store": f"stores/{name}", "split": "subject"}
        for kind, x in {**BASE, "method": top1}.items():
            values = {"top1": x, "low": x - 0.1, "high": x + 0.1}
            row = Row(kind, kind, values, 4, seeds=(seed,))
            found.append(Score(row, job, seed, 0, data | {"n_train": 9, "n_test": 4}, 1.0))
    return found


def test_a_cell_is_the_mean_of_its_seeds_and_of_its_bounds() -> None:
    scores = made({("utd", "best", 0): 0.6, ("utd", "best", 2): 0.8, ("wmft", "best", 0): 0.2})
    found = cell(scores, "utd", ("best", ("method",)), "linear")
    assert found is not None
    assert dict(found.mean.scores) == pytest.approx({"top1": 0.7, "low": 0.6, "high": 0.8})
    assert [row.main for row in found.rows] == [0.6, 0.8]
    assert str(shown(found)).startswith("70.0 ±")
    assert shown(cell(scores, "wmft", ("best", ("method",)), "linear")) == "20.0"  # one seed
    assert cell(scores, "utd", ("edgcn", ("method",)), "linear") is None
    assert cell(scores, "utd", ("best", ("method",)), "knn") is None


def test_baselines_of_all_methods_count_once() -> None:
    scores = made({("utd", "edgcn", 0): 0.2, ("utd", "best", 0): 0.6})
    raw = cell(scores, "utd", LINES["raw coordinates"], "linear")
    assert raw is not None
    assert [row.main for row in raw.rows] == [0.5]


def test_the_random_encoder_of_a_method_reads_what_the_method_reads() -> None:
    of = {line: LINES[line] for line in RIVALS if line.startswith("random encoder, ")}
    assert of["random encoder, as best"] == ("best", ("random",))
    assert of["random encoder, plain motion"] == ("plain", ("random",))
    assert of["random encoder, as EDGCN"] == ("edgcn", ("random",))
    assert of["random encoder, on common joints"] == ("best-union", ("random",))


def test_a_gain_is_over_the_strongest_rival_and_no_variant_of_best_is_one() -> None:
    scores = made(
        {("utd", "best", 0): 0.6, ("utd", "edgcn", 0): 0.55, ("utd", "best-union", 0): 0.9}
    )
    found = gain(scores, "utd", ("best", ("method",)), "linear")
    assert found is not None
    assert found[0] == pytest.approx(0.05)
    assert found[1] == "EDGCN"
    found = gain(made({("utd", "best", 0): 0.4}), "utd", ("best", ("method",)), "linear")
    assert found is not None
    assert found[0] == pytest.approx(-0.1)
    assert found[1] == "raw coordinates"
    assert not {"best", "best, pre-trained on all sets"} & set(RIVALS)
    assert {"AS-CAL", "A-EDGCN", "random encoder, as best"} <= set(RIVALS)


def test_the_mean_gain_is_over_sets_each_with_its_strongest_rival() -> None:
    scores = made({("utd", "best", 0): 0.6, ("wmft", "best", 0): 0.7, ("wmft", "p&c", 0): 0.4})
    *_, wmft, mean = gains_table(scores, ["utd", "wmft"], "best")
    assert wmft["linear 100 %"] == "+20.0 over raw coordinates"
    assert mean == {"set": "mean of the sets", "linear 100 %": "+15.0"}
    assert gains_table(scores, ["utd"], "best-union") == []


def test_a_pair_is_compared_on_the_seeds_that_both_have() -> None:
    values = {("utd", "edgcn", seed): x for seed, x in enumerate((0.5, 0.6, 0.1))}
    values |= {("utd", "a-edgcn", seed): x for seed, x in enumerate((0.52, 0.62))}
    (row,) = paired_table(made(values), ["utd", "wmft"], WITH_MOMENTS)
    assert row["seeds"] == [0, 1]
    assert row["linear 100 %"] == "55.0 → 57.0 (+2.0 ±0.0)"
    assert row["set"] == DATA_SETS["utd"].title


def test_the_order_of_scores_does_not_matter() -> None:
    scores = made({(s, m, 0): 0.3 + 0.1 * i for i, s in enumerate(SETS) for m in ("best", "edgcn")})
    shuffled = [scores[i] for i in np.random.default_rng(0).permutation(len(scores))]
    assert set_table(shuffled, "utd") == set_table(scores, "utd")
    assert gains_table(shuffled, SETS, "best") == gains_table(scores, SETS, "best")


def test_sentences_have_the_numbers_of_the_tables() -> None:
    values = {("utd", "best", 0): 0.6, ("wmft", "best", 0): 0.45, ("isl30", "best", 0): 0.7}
    values |= {(s, "best-left-out", 0): x for s, x in (("utd", 0.4), ("wmft", 0.25))}
    lines = {heading: lines for heading, (lines, _) in tables(made(values), SETS[:3]).items()}
    first, second = findings(lines)
    assert first == (
        "Pre-trained on a set's own clips, `best` is above the strongest rival with all labels on "
        "2 of 3 sets (by 8.3 points on average)."
    )
    assert TRANSFER in {line["compared"] for line in lines["A set that was never seen"]}
    assert second == (
        "On a set whose clips it never saw, it is -5.0 to +10.0 points beside the random encoder."
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
        assert seeds == ({0, 1, 2} if method.every_seed else {0})
        assert {one for other, _, one in probed if other == name} == set(SETS)
    every = plan(SETS, EVERY, [0, 1, 2], found=SETS, every_seed=True)
    count = sum(len(job.cells["scored on"]) * len(job.seeds) for job in every)
    assert count == 3 * len(EVERY) * len(SETS)


def test_what_was_left_out_was_not_learned_from() -> None:
    for job in plan(["utd"], EVERY, [0], found=SETS):
        learns = METHODS[job.cells["method"]].learns
        assert ("utd" in job.cells["learns from"]) == (learns != "others")
        assert set(job.cells["learns from"]) == {
            "set": {"utd"}, "all": set(SETS), "others": set(SETS) - {"utd"}
        }[learns]  # fmt: skip


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
    jobs = plan(SETS, EVERY, [0, 1, 2], found=SETS, every_seed=True, finetune=True)
    every = tasks_of(jobs, Path("out"), machine={"threads": 1, "accelerator": "cpu"})
    assert len({task.run for task in every}) == len(every)
    assert {task.pretrain.encoder for task in every if task.job.cells["method"] == "best"} == {
        "edgcn-s"
    }
    published: list[PretrainConfig] = [t.pretrain for t in every if t.pretrain.recipe == "paper"]
    assert {(config.epochs, config.frames) for config in published} == {(10, 32)}


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
    assert {row["protocol"] for row in rows} == set(PROTOCOLS)
    assert len(rows) == len(PROTOCOLS) * 4
    assert (tmp_path / "results.png").stat().st_size > 10_000
    assert open_sets.main([*words, "--tables"]) == 0
    assert (tmp_path / "results.md").read_text() == page
    capsys.readouterr()
    assert open_sets.main([*words, "--dry-run"]) == 0
    assert "0 of 1" in capsys.readouterr().out
