"""`edgcn studio`: what is opened, and what was coded before; the page itself is in tests/web."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.commands import studio as command
from edgcn.commands.studio import StudioConfig, opened, reader_of
from edgcn.inference.recognizer import Recognizer
from edgcn.store import Store
from helpers import long_store, tiny_file, twenty_joints


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is embedded."""
    monkeypatch.setattr(command, "load", lambda model: Recognizer(model))
    monkeypatch.setattr(command, "check_fit", lambda model, store: None)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("studio")
    return long_store(folder, clips=6, classes=2, subjects=2, topology=twenty_joints())


def quiet(_: str) -> None:
    """Say nothing."""


def test_labels_that_the_store_has_are_there_to_begin_with(store: Store, tmp_path: Path) -> None:
    studio = opened(StudioConfig(path=store.path, out=tmp_path / "out"), say=quiet)
    rows = studio.coding.rows()
    assert len(rows) == 6
    assert {row["status"] for row in rows.values()} == {"annotated"}
    assert list(studio.coding.under("label")) == ["gesture 0", "gesture 1"]
    assert not studio.coding.journal.undo(tab="t", since=10**6)  # nobody did that
    again = opened(StudioConfig(path=store.path, out=tmp_path / "out"), say=quiet)
    assert again.coding.rows() == rows


def test_annotations_take_the_place_of_the_stores_labels(store: Store, tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("recording,label,start_s,end_s,by\ns1-0,wave,0.1,0.5,XY\nother,wave,1,2,XY\n")
    said: list[str] = []
    config = StudioConfig(path=store.path, annotations=(table,), out=tmp_path / "out")
    (row,) = opened(config, say=said.append).coding.rows().values()
    assert (row["label"], row["by"]) == ("wave", "XY")
    assert "other" in said[0]
    opened(config, say=said.append)
    assert "goes on" in said[-1]


def test_a_folder_of_recordings_is_prepared_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    tiny_file(tmp_path / "in" / "clips.npz", clips=6)
    config = StudioConfig(path=tmp_path / "in" / "clips.npz", out=tmp_path / "out")
    first = opened(config, say=quiet)
    assert len(first.names) == 6
    assert opened(config, say=quiet).store.fingerprint == first.store.fingerprint


@pytest.mark.parametrize(
    ("file", "reader"),
    [("a/x_000_keypoints.json", "openpose"), ("S001.skeleton", "ntu"), ("b/c.pkl", "pyskl"),
     ("a1_s1_t1_skeleton.mat", "utd_mhad")],
)  # fmt: skip
def test_the_format_is_known_by_the_files_names(tmp_path: Path, file: str, reader: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert reader_of(tmp_path) == reader


def test_a_folder_of_anything_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(EdgcnError, match="--reader NAME"):
        reader_of(tmp_path)


def test_a_missing_extra_is_one_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(EdgcnError, match=r"pip install 'edgcn\[studio\]'"):
        command.command(StudioConfig(path=store.path))


def test_the_demo_has_the_makers_labels_to_compare_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"interviews": 2, "subjects": 2, "minutes": 0.2, "gestures": 6}
    monkeypatch.setattr(command, "DEMO_OF", few)
    studio = opened(StudioConfig(path=Path("demo"), out=tmp_path / "demo.studio"), say=quiet)
    assert studio.coding.rows() == {}
    made = studio.coding.of_coder("maker").rows
    assert {row.recording for row in made} == {"interview_01", "interview_02"}
    assert all(a.end < b.start for a, b in pairwise(made) if a.recording == b.recording)
    assert len(studio.coding.under("label")) == 6
