"""A sweep: refused as a whole or run as a whole, resumed, and one table at its end."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgcn.base.errors import EdgcnError
from edgcn.experiments.runner import tasks_of
from edgcn.experiments.sweep import Sweep, SweepConfig, command, jobs_of, sweep
from helpers import FEW_JOINTS, SMALL_ENCODER, tiny_store

SMALL: dict[str, Any] = {
    "recipe": "paper",
    "encoder": "edgcn-s",
    "encoder_settings": SMALL_ENCODER,
    "augmentations": list(FEW_JOINTS),
    "frames": 8,
    "epochs": 2,
    "batch_size": 8,
    "queue_size": 32,
    "precision": "float32",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_store(tmp_path_factory.mktemp("stores")).path


def write(path: Path, store: Path | str, **values: Any) -> Path:
    """A sweep's file."""
    path.write_text(yaml.safe_dump({"store": str(store), "base": SMALL, **values}))
    return path


def config(path: Path, **values: Any) -> SweepConfig:
    return SweepConfig(sweep=path, out=path.parent / "out", accelerator="cpu", threads=1, **values)


def test_every_combination_is_a_job_with_what_differs() -> None:
    values = {"store": ["stores/a", "b"], "grid": {"lr": [1, 2], "moments": [False, True]}}
    file = Sweep.model_validate(values | {"base": {"split": "x"}, "seeds": [0, 3]})
    jobs = jobs_of(file, Path("s.yaml"))
    assert len(jobs) == 8
    assert jobs[0].key == "store a, lr 1, moments False"
    assert jobs[-1].cells == {"store": "b", "lr": "2", "moments": "True"}
    assert jobs[-1].pretrain == {"split": "x", "lr": 2, "moments": True, "store": Path("b")}
    # who tests is who was not learned from
    assert jobs[-1].evaluate == [{"split": "x", "protocol": "linear", "store": Path("b")}]
    assert all(job.seeds == (0, 3) for job in jobs)
    other = {"store": "a", "evaluate": [{"protocol": "knn", "store": "c"}], "base": {"split": "x"}}
    (job,) = jobs_of(Sweep.model_validate(other), Path("s.yaml"))
    assert (job.key, job.cells) == ("base", {})
    assert job.evaluate == [{"protocol": "knn", "store": Path("c")}]


def test_the_file_in_the_docs_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sweeps.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    jobs = jobs_of(Sweep.model_validate(yaml.safe_load(block)), Path("sweep.yaml"))
    assert len(tasks_of(jobs, Path("out"), machine={})) == 12
    assert yaml.safe_load(block).keys() | {"out"} == Sweep.model_fields.keys()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"grid": {"lr": [0.1], "temprature": [1]}}, r"lr 0.1, temprature 1: .*'temperature'"),
        ({"grid": {"objective": ["moco", "barlow"]}}, "queue_size|queue-size"),
        ({"grid": {"lr": [0.1, -1]}}, "lr -1: lr"),
        ({"grid": {"lr": 0.1}}, "s.yaml: grid.lr"),
        ({"grid": {"lr": []}}, "s.yaml: grid.lr"),
        ({"gird": {"lr": [0.1]}}, "did you mean 'grid'"),
        ({"grid": {"seed": [0, 1]}}, "grid: seed is no setting here"),
        ({"grid": {"lr": [1]}, "base": {"lr": 1}}, "lr stands in base and in grid"),
        ({"evaluate": [{"protocol": "knn", "lr": 1}]}, "belongs to linear"),
        ({"evaluate": [{"protocol": "all"}]}, "by a protocol of its own"),
        ({"store": "nothing"}, "nothing is not a store"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_runs(
    store: Path, tmp_path: Path, values: Mapping[str, Any], message: str
) -> None:
    path = write(tmp_path / "s.yaml", **{"store": store, **values})
    with pytest.raises(EdgcnError, match=message):
        sweep(config(path), say=lambda line: None)
    assert not (tmp_path / "out").exists()


def test_a_dry_run_shows_the_plan_and_writes_nothing(store: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "s.yaml", store, grid={"lr": [0.01, 0.02]}, seeds=[0, 1])
    said: list[str] = []
    assert sweep(config(path, dry_run=True), say=said.append) is None
    assert "2 of 2" in said[0]
    assert "4 runs left, about 0 min" in said[1]
    assert not (tmp_path / "out").exists()
    assert command(config(path, dry_run=True)).endswith("next: the same without --dry-run")


def test_a_sweep_goes_on_after_a_failure_and_where_it_was_stopped(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate = [{"protocol": "linear", "epochs": 5}, {"protocol": "few-shot", "shots": [1]}]
    grid = {"lr": [0.01, 1e30], "moments": [False, True]}
    path = write(tmp_path / "s.yaml", store, grid=grid, seeds=[0, 1], evaluate=evaluate)
    out = tmp_path / "out"

    def stop(line: str) -> None:
        if line.startswith("5/8"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(config(path), say=stop)
    assert (out / "sweep.md").exists()  # of what there is so far
    weights = {run: run.stat().st_mtime_ns for run in out.glob("runs/*seed0/recognizer.edgcn")}
    kept = {run: time for run, time in weights.items() if (run.parent / "finished").exists()}
    assert len(kept) == 2

    assert f"next: edgcn report {out / 'runs'}" in command(config(path))
    assert {run: run.stat().st_mtime_ns for run in kept} == kept
    screen = capsys.readouterr().out
    assert screen.count("is there already") == 2
    assert "baselines of linear: top-1 %: majority class" in screen
    assert screen.count("\nleft out: lr 1e+30, moments") == 4
    page = (out / "sweep.md").read_text()
    assert "- lr 1e+30, moments False, seed 0: the loss became" in page
    head, _, first, second, *failed = [x for x in page.splitlines() if x.startswith("|")]
    for heading in ("lr", "moments", "linear: top-1 %", "few-shot, 1 per class: top-1 %"):
        assert f"| {heading} " in head
    assert "±" in first
    assert ("(" in first, "(" in second) == (False, True)
    assert len(failed) == 2
    rows = list(csv.DictReader((out / "sweep.csv").read_text().splitlines()))
    assert {(row["lr"], row["moments"], row["seed"]) for row in rows} == {
        ("0.01", moments, seed) for moments in ("False", "True") for seed in "01"
    }
    assert len(rows) == 2 * 2 * 2 * 4  # moments, seeds, evaluations, three baselines and a method


def test_a_sweep_of_which_nothing_could_be_scored_is_an_error(store: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "s.yaml", store, grid={"lr": [1e30]})
    with pytest.raises(EdgcnError, match=r"no run of .* could be scored"):
        sweep(config(path), say=lambda line: None)
