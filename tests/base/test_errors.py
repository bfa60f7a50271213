"""Errors that say where and what to do; progress that nobody has to wait for; who speaks."""

from pathlib import Path

import pytest

from edgcn.base import progress as bars
from edgcn.base.errors import EdgcnError, FileError, did_you_mean, require
from edgcn.base.process import is_first_rank
from edgcn.base.progress import progress, track


def test_a_file_error_begins_with_its_place() -> None:
    assert str(FileError("a.csv", "too short")) == "a.csv: too short"
    error = FileError(Path("a.csv"), "too short", line=3)
    assert str(error) == "a.csv:3: too short"
    assert (error.path, error.reason, error.line) == (Path("a.csv"), "too short", 3)
    assert isinstance(error, EdgcnError)
    quoted = FileError("a.csv", f"expected numbers, got {'x' * 9000} after the last comma")
    assert str(quoted).startswith("a.csv: expected numbers, got xxx")
    assert str(quoted).endswith("xxx after the last comma")
    assert len(str(quoted)) < 700


def test_the_nearest_word_is_suggested() -> None:
    assert did_you_mean("moko", ["moco", "barlow"]) == "; did you mean 'moco'?"
    assert did_you_mean("quite-another", ["moco", "barlow"]) == ""


def test_what_is_not_installed_names_its_extra() -> None:
    assert require("json", extra="test").dumps([]) == "[]"
    with pytest.raises(EdgcnError, match=r"not installed: pip install 'edgcn\[export\]'"):
        require("there_is_no_such_module", extra="export")


def test_what_is_installed_and_does_not_load_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    broken = "raise ImportError('libGL.so.1: cannot open shared object file')"
    (tmp_path / "broken_module.py").write_text(broken)
    (tmp_path / "lacking_module.py").write_text("import there_is_no_such_module")
    with pytest.raises(EdgcnError, match=r"broken_module, which is installed and .*: libGL.so.1"):
        require("broken_module", extra="video")
    with pytest.raises(EdgcnError, match=r"needs there_is_no_such_module, which is not installed"):
        require("lacking_module", extra="video")


def test_progress_is_plain_lines_where_nobody_watches(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bars, "PLAIN_SECONDS", 0.0)
    assert list(track([1, 2], 2, label="reading", unit="files")) == [1, 2]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("reading: 1/2 files, ")
    assert lines[0].endswith(" s left")
    monkeypatch.setattr(bars, "PLAIN_SECONDS", 60.0)
    list(track([1, 2], 2, label="reading", unit="files"))
    with progress("", total=3, unit="files") as advance:
        advance(3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID"])
def test_the_first_rank(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert is_first_rank()
    monkeypatch.setenv(name, "0")
    assert is_first_rank()
    monkeypatch.setenv(name, "1")
    assert not is_first_rank()
