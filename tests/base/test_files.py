"""Files and folders are whole or not there, and the old ones stay where a write fails."""

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from edgcn.base import rename
from edgcn.base.errors import EdgcnError
from edgcn.base.files import is_unfinished, new_folder, read_json, write_json, writing


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


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def killed(work: Callable[[], None]) -> None:
    """Do it in a process of its own, which is killed where the work ends by `die`."""
    if pid := os.fork():
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        return
    work()
    os._exit(0)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("kind", ["file", "folder", "nothing in it"])
def test_what_comes_up_meanwhile_is_left_as_it_is(tmp_path: Path, kind: str) -> None:
    """And the finished folder is kept beside it, whole; an empty folder is no loss."""
    out = tmp_path / "out"

    def meanwhile() -> None:
        with new_folder(out, overwrite=False, marker="thing.json", what="thing") as folder:
            (folder / "thing.json").write_text("new")
            if kind == "file":
                out.write_text("mine")
            else:
                out.mkdir()
                if kind == "folder":
                    (out / "thesis.txt").write_text("mine")

    if kind == "nothing in it":
        meanwhile()
        assert (out / "thing.json").read_text() == "new"
        return
    for number in (2, 3):
        with pytest.raises(
            EdgcnError, match=rf"left as it is; the finished thing is .*out-{number}"
        ):
            meanwhile()
        assert (out if kind == "file" else out / "thesis.txt").read_text() == "mine"
        assert (tmp_path / f"out-{number}" / "thing.json").read_text() == "new"
        (out if kind == "file" else out / "thesis.txt").unlink()
        if kind == "folder":
            out.rmdir()
    assert names(tmp_path) == ["out-2", "out-3"]


def write_late(out: Path) -> None:
    with writing(out, overwrite=False) as waiting:
        waiting.write_text("new")
        out.write_text("mine")


def test_not_overwriting_a_file_that_comes_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    for number, system in enumerate((os.link, no_links), start=2):
        monkeypatch.setattr(os, "link", system)
        out = tmp_path / "a.edgcn"
        with pytest.raises(EdgcnError, match=rf"the finished file is .*a-{number}\.edgcn"):
            write_late(out)
        assert out.read_text() == "mine"
        assert (tmp_path / f"a-{number}.edgcn").read_text() == "new"
        out.unlink()
        with writing(out, overwrite=False) as waiting:
            waiting.write_text("free")
        assert out.read_text() == "free"
        out.unlink()
    assert names(tmp_path) == ["a-2.edgcn", "a-3.edgcn"]


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "x.json"

    def write_folder() -> None:
        with new_folder(out, overwrite=False, marker="thing.json", what="thing") as folder:
            (folder / "half").write_text("half")
            die()

    def write_file() -> None:
        with writing(file) as waiting:
            waiting.write_text("half")
            die()

    (tmp_path / ".out.mine").write_text("of somebody else")
    killed(write_folder)
    killed(write_file)
    left = [path for path in tmp_path.rglob("*") if is_unfinished(path)]
    assert sorted(path.name for path in left) == [".out.edgcn-part", ".x.json.edgcn-part", "half"]
    make(out, "1")
    write_json(file, 1)
    assert names(tmp_path) == [".out.mine", "out", "x.json"]
    assert names(out) == ["thing.json"]


def test_two_writers_of_one_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with new_folder(out, overwrite=False, marker="thing.json", what="thing") as folder:
        (folder / "thing.json").write_text("first")
        with pytest.raises(EdgcnError, match=r"another process is writing .*out; wait for it"):
            make(out, "second")
    assert (out / "thing.json").read_text() == "first"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_an_overwrite_cut_short_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Where the system swaps names in one step there is no moment without; nor else for long."""
    out = tmp_path / "out"
    make(out, "old")
    renamed = os.rename
    if step:
        monkeypatch.setattr(rename, "_swapped", lambda *_: False)

    def overwrite() -> None:
        taken = 0

        def slowly(*names: Path) -> None:
            nonlocal taken
            taken += 1
            if taken == step:
                die()
            renamed(*names)

        monkeypatch.setattr(os, "rename", slowly)
        make(out, "new", overwrite=True)
        die()

    killed(overwrite)
    found = {path.parent.name: path.read_text() for path in tmp_path.glob("*/thing.json")}
    visible = {name: text for name, text in found.items() if not name.startswith(".")}
    assert (
        visible
        == [
            {"out": "new"},
            {"out": "old"},
            {"out-earlier": "old"},
            {"out": "new", "out-earlier": "old"},
        ][step]
    )
    if step == 2:
        with pytest.raises(EdgcnError, match="exists already"):
            make(out, "third")
        assert (out / "thing.json").read_text() == "old"  # put back


def test_a_store_behind_a_link_is_replaced_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "large disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "large disk" / "out")
    for text in ("1", "2"):
        make(tmp_path / "out", text, overwrite=True)
        assert (tmp_path / "large disk" / "out" / "thing.json").read_text() == text
    assert (tmp_path / "out").is_symlink()
    assert names(tmp_path / "large disk") == ["out"]


def test_a_refusal_names_what_was_to_be_written(tmp_path: Path) -> None:
    def full() -> None:
        with (
            new_folder(tmp_path / "out", overwrite=False, marker="a", what="thing") as folder,
            writing(folder / "a"),
        ):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(EdgcnError, match=rf"^cannot write {tmp_path}/out/a: No space left on dev"):
        full()


def test_what_is_no_file_is_not_replaced_by_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(EdgcnError, match="is not a file and is not overwritten"):
            write_json(tmp_path / name, 1)
    assert names(tmp_path) == ["pipe"]


def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    (tmp_path / "huge").write_text("9" * 5000)
    for name, message in (
        ("pipe", "expected a file, got a named pipe"),
        (".", "expected a file, got a folder"),
        ("round", "Too many levels of symbolic links"),
        ("huge", "expected JSON, got Exceeds the limit"),
        ("gone", "does not exist; make it"),
    ):
        with pytest.raises(EdgcnError, match=message):
            read_json(tmp_path / name, hint="make it")
