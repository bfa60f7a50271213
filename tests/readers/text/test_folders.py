"""Files of a folder are found however they lie there; what is no file is known by what it is."""

import os
from pathlib import Path
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.files import check_file
from edgcn.readers.text.folders import find


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def found(folder: Path, pattern: str) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find(folder, pattern)]


def test_hidden_files_and_folders_are_no_recordings(tmp_path: Path) -> None:
    for name in ("b/1.txt", "a/1.txt", "a/._1.txt", ".trash/1.txt", "a/1.csv", "2.txt"):
        touch(tmp_path / name)
    assert found(tmp_path, "**/*.txt") == ["2.txt", "a/1.txt", "b/1.txt"]
    assert found(tmp_path, "*.txt") == ["2.txt"]
    with pytest.raises(EdgcnError, match="none of them among 4 files"):
        find(tmp_path, "**/*.mat")
    touch(tmp_path / "empty" / ".DS_Store")
    with pytest.raises(EdgcnError, match="an empty folder"):
        find(tmp_path / "empty", "**/*.txt")


def test_a_hidden_root_is_what_was_asked_for(tmp_path: Path) -> None:
    touch(tmp_path / ".data" / "1.txt")
    assert found(tmp_path / ".data", "**/*.txt") == ["1.txt"]


def test_links_lead_elsewhere_but_never_in_circles(tmp_path: Path) -> None:
    root, disk = tmp_path / "root", tmp_path / "disk"
    touch(root / "a" / "1.txt")
    touch(disk / "2.txt")
    (root / "b").symlink_to(disk)
    (root / "again").symlink_to(root / "a")
    (root / "a" / "up").symlink_to(tmp_path)
    (disk / "itself").symlink_to(disk)
    assert found(root, "**/*.txt") == ["a/1.txt", "b/2.txt"]


def test_what_is_no_file_is_found_and_named(tmp_path: Path) -> None:
    touch(tmp_path / "1.txt")
    (tmp_path / "2.txt").symlink_to("/not/mounted")
    touch(tmp_path / "3.txt" / "inside.txt")
    os.mkfifo(tmp_path / "4.txt")
    (tmp_path / "5.txt").symlink_to("/dev/zero")
    names = found(tmp_path, "**/*.txt")
    assert names == ["1.txt", "2.txt", "3.txt", "3.txt/inside.txt", "4.txt", "5.txt"]
    reasons = {}
    for name in names:
        try:
            check_file(tmp_path / name)
        except FileError as error:
            reasons[name] = error.reason.removeprefix("expected a file, got ")
    assert reasons == {
        "2.txt": "a link to /not/mounted, where there is nothing",
        "3.txt": "a folder",
        "4.txt": "a named pipe",
        "5.txt": "a device",
    }


def test_a_folder_that_may_not_be_looked_into_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "mine" / "1.txt")
    touch(tmp_path / "theirs" / "2.txt")
    scandir = os.scandir

    def refuse(path: Path) -> Any:
        if Path(path).name == "theirs":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert found(tmp_path, "**/*.txt") == ["mine/1.txt", "theirs"]
    with pytest.raises(FileError, match="Permission denied"):
        check_file(tmp_path / "theirs")
