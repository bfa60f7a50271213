"""Runs: numbered, never written over, files whole or not there, logs that survive a crash."""

import errno
import json
from pathlib import Path

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.runs import (
    append_metrics,
    environment,
    new_run,
    next_run,
    read_json,
    read_metrics,
    rewind_metrics,
    write_json,
    writing,
)


def test_runs_are_numbered_from_the_highest(tmp_path: Path):
    assert next_run(tmp_path / "none", "a").name == "0001-a"
    for name in ("0002-x", "0010-y-z", "12-short", "notes-a", "12345-long"):
        (tmp_path / name).mkdir()
    assert next_run(tmp_path, "new") == tmp_path / "12346-new"


def test_a_run_is_never_written_over(tmp_path: Path):
    run = new_run(tmp_path / "a" / "b")
    (run / "mine").write_text("x")
    with pytest.raises(EdgcnError, match=r"exists already; .* --resume"):
        new_run(run)
    assert (run / "mine").read_text() == "x"
    with pytest.raises(EdgcnError, match="cannot make the run"):
        new_run(run / "mine" / "below")


def test_json_comes_back(tmp_path: Path):
    value = {"a": [1, 2.5, None, "γ"], "b": {"c": True}}
    write_json(tmp_path / "x.json", value)
    assert read_json(tmp_path / "x.json") == value
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), RuntimeError("bug")])
def test_a_write_that_fails_keeps_the_old_file(tmp_path: Path, error: Exception):
    file = tmp_path / "x"
    file.write_text("old")
    kind = EdgcnError if isinstance(error, OSError) else RuntimeError

    def write_half() -> None:
        with writing(file) as waiting:
            waiting.write_text("half")
            raise error

    with pytest.raises(kind):
        write_half()
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_json_that_is_none(tmp_path: Path):
    file = tmp_path / "run.json"
    with pytest.raises(EdgcnError, match=r"run\.json does not exist; is .* a run\?"):
        read_json(file)
    file.write_text('{"a": 1,\n"b": }')
    with pytest.raises(EdgcnError, match=r"run\.json:2: not JSON"):
        read_json(file)


def test_metrics_survive_a_crash_in_the_middle_of_a_line(tmp_path: Path):
    log = tmp_path / "metrics.jsonl"
    assert read_metrics(log) == []
    rows = [{"epoch": epoch, "loss": epoch / 3} for epoch in range(1, 6)]
    for row in rows:
        append_metrics(log, row)
    assert read_metrics(log) == rows
    log.write_text(log.read_text()[:-9])
    assert read_metrics(log) == rows[:-1]


def test_rewinding_drops_what_will_be_trained_again(tmp_path: Path):
    log = tmp_path / "metrics.jsonl"
    rewind_metrics(log, epoch=0)
    assert read_metrics(log) == []
    for epoch in range(1, 6):
        append_metrics(log, {"epoch": epoch})
    log.write_text(log.read_text() + '{"epoch": 6, "lo')
    rewind_metrics(log, epoch=3)
    append_metrics(log, {"epoch": 4, "again": True})
    assert [json.loads(line) for line in log.read_text().splitlines()] == [
        {"epoch": 1},
        {"epoch": 2},
        {"epoch": 3},
        {"epoch": 4, "again": True},
    ]


def test_a_run_says_what_its_numbers_depend_on():
    about = environment()
    assert json.loads(json.dumps(about)) == about
    assert {"python", "torch", "numpy", "edgcn"} <= about["versions"].keys()
    assert "unknown" not in about["versions"].values()
