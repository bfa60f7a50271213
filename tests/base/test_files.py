"""Files and folders are whole or not there, and the old ones stay where a write fails."""

import errno
from pathlib import Path

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.base.files import new_folder, read_json, write_json, writing


def test_json_comes_back(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, "γ"], "b": {"c": True}}
    write_json(tmp_path / "x.json", value)
    assert read_json(tmp_path / "x.json") == value
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), RuntimeError("bug")])
def test_a_write_that_fails_keeps_the_old_file(tmp_path: Path, error: Exception) -> None:
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


def test_json_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    with pytest.raises(EdgcnError, match=r"run\.json does not exist; is it a run\?"):
        read_json(file, hint="is it a run?")
    file.write_text('{"a": 1,\n"b": }')
    with pytest.raises(EdgcnError, match=r"run\.json:2: expected JSON"):
        read_json(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(EdgcnError, match="expected JSON"):
        read_json(file)


def make(
    out: Path, content: str, *, overwrite: bool = False, fail: BaseException | None = None
) -> None:
    with new_folder(out, overwrite=overwrite, marker="thing.json", what="thing") as folder:
        (folder / "thing.json").write_text(content)
        if fail:
            raise fail


def test_a_folder_appears_whole_and_replaces_only_its_own_kind(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    make(out, "1")
    assert (out / "thing.json").read_text() == "1"
    with pytest.raises(EdgcnError, match="exists already"):
        make(out, "2")
    make(out, "2", overwrite=True)
    assert (out / "thing.json").read_text() == "2"
    for failure, kind in (
        (OSError(errno.ENOSPC, "No space left"), EdgcnError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ):
        with pytest.raises(kind):
            make(out, "3", overwrite=True, fail=failure)
        assert (out / "thing.json").read_text() == "2"
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    other = tmp_path / "letters"
    other.mkdir()
    with pytest.raises(EdgcnError, match="is not a thing and is not overwritten"):
        make(other, "4", overwrite=True)
