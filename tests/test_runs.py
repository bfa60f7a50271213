"""Runs: numbered, never written over, logs that survive a crash."""

import json
from pathlib import Path

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.base.files import write_json
from edgcn.runs import Run, environment, new_run, next_run


def test_runs_are_numbered_from_the_highest(tmp_path: Path) -> None:
    assert next_run(tmp_path / "none", "a").name == "0001-a"
    for name in ("0002-x", "0010-y-z", "12-short", "notes-a", "12345-long"):
        (tmp_path / name).mkdir()
    assert next_run(tmp_path, "new") == tmp_path / "12346-new"


def test_a_run_is_never_written_over(tmp_path: Path) -> None:
    run = new_run(tmp_path / "a" / "b", {"config": {"seed": 1}})
    assert run.config == {"seed": 1}
    (run.path / "mine").write_text("x")
    with pytest.raises(EdgcnError, match=r"exists already; .* --resume"):
        new_run(run.path, {})
    assert sorted(path.name for path in run.path.iterdir()) == ["mine", "run.json"]
    with pytest.raises(EdgcnError, match=r"cannot write .*below: .*mine: File exists"):
        new_run(run.path / "mine" / "below", {})


def test_one_process_at_a_time_trains_a_run(tmp_path: Path) -> None:
    run = new_run(tmp_path / "run", {})
    with (
        run.alone(),
        pytest.raises(EdgcnError, match="another process is training"),
        Run(run.path).alone(),
    ):
        raise AssertionError
    with run.alone():
        assert (run.path / ".lock").exists()
    assert [path.name for path in run.path.iterdir()] == ["run.json"]


def test_a_run_stands_for_its_folder_and_knows_its_settings(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with pytest.raises(EdgcnError, match=r"run\.json does not exist; is .* a run of"):
        run.metadata  # noqa: B018
    write_json(tmp_path / "run.json", {"a": 1})
    with pytest.raises(EdgcnError, match="expected the settings of a run under 'config'"):
        run.config  # noqa: B018
    write_json(tmp_path / "run.json", {"config": {"seed": 3}})
    assert Run(run).config == {"seed": 3}
    assert Path(run) == tmp_path == Path(str(run))


def test_metrics_survive_a_crash_in_the_middle_of_a_line(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.metrics() == []
    rows = [{"epoch": epoch, "loss": epoch / 3} for epoch in range(1, 6)]
    for row in rows:
        run.add_metrics(row)
    assert run.metrics() == rows
    log = tmp_path / "metrics.jsonl"
    log.write_text(log.read_text()[:-9])
    assert run.metrics() == rows[:-1]


def test_rewinding_drops_what_will_be_trained_again(tmp_path: Path) -> None:
    run, log = Run(tmp_path), tmp_path / "metrics.jsonl"
    run.rewind_metrics(epoch=0)
    assert run.metrics() == []
    for epoch in range(1, 6):
        run.add_metrics({"epoch": epoch})
    log.write_text(log.read_text() + '{"epoch": 6, "lo')
    run.rewind_metrics(epoch=3)
    run.add_metrics({"epoch": 4, "again": True})
    assert [json.loads(line) for line in log.read_text().splitlines()] == [
        {"epoch": 1},
        {"epoch": 2},
        {"epoch": 3},
        {"epoch": 4, "again": True},
    ]


def test_a_run_says_what_its_numbers_depend_on() -> None:
    known = environment()
    assert json.loads(json.dumps(known)) == known
    assert {"python", "torch", "numpy", "edgcn"} <= known["versions"].keys()
    assert "unknown" not in known["versions"].values()
