"""Data sets under one folder: found however they are nested, never the wrong one, never twice."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.commands.prepare import PrepareConfig, open_recordings
from edgcn.experiments.sources import Source, describe, ensure_store, find_sources, which_set
from edgcn.presets.datasets import DATA_SETS
from edgcn.readers.imigue_gestures import CLASSES as IMIGUE
from edgcn.readers.msr_action3d import CLASSES as MSR
from edgcn.readers.ntu_names import ACTIONS
from edgcn.readers.smg import CLASSES as SMG
from edgcn.readers.utd_mhad import CLASSES as UTD
from edgcn.skeleton.layouts import TOPOLOGIES
from edgcn.store import open_store, write_store
from helpers import tiny_recordings, tiny_store
from layouts import write_small_miga

# Names and classes of stores as their readers write them; of two, the classes are in the files.
STORES = {
    "smg": ("smg", "kinect_v2", SMG, "m"),
    "imigue": ("imigue", "body_25", IMIGUE, "px"),
    "ntu60": ("ntu", "kinect_v2", ACTIONS[:60], "m"),
    "msr-world": ("msr_action3d", "msr_action3d", MSR, "m"),
    "msr-screen": ("msr_action3d", "msr_action3d", MSR, "px"),
    "utd": ("utd_mhad", "utd_mhad", UTD, "m"),
}
FILES = {
    "smg": ("Sample0001/Sample0001_skeleton.csv", "Sample0036/Sample0036_skeleton.csv"),
    "imigue": ("Label/labels_20200831.csv", "mg_skeleton_only/0001/0001_2.xlsx"),
    "ntu60": ("S001C001P001R001A001.skeleton", "S017C003P040R002A060.skeleton"),
    "wmft": ("wmft.npz",),
    "isl30": ("isl30.npz",),
    "msr-world": ("a01_s01_e01_skeleton3D.txt",),
    "msr-screen": ("a01_s01_e01_skeleton.txt",),
    "utd": ("a1_s1_t1_skeleton.mat", "a27_s8_t4_skeleton.mat"),
}


def touch(folder: Path, name: str) -> Path:
    """Empty files with the names that a data set's have; returns what its reader would take."""
    for file in FILES[name]:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder / FILES[name][0] if name in ("wmft", "isl30") else folder


def store_of(
    folder: Path, reader: str, topology: str, classes: tuple[str, ...], units: str
) -> Path:
    """A store that says it is of a reader, with three clips."""
    recordings = tiny_recordings(
        3, topology=TOPOLOGIES[topology], reader=reader, classes=3, subjects=3
    )
    named = {"classes": classes, "units": units}
    write_store(type(recordings)(**{**vars(recordings), **named}), folder)
    return folder


@pytest.mark.parametrize("depth", [0, 1, 4])
def test_everything_is_found_in_one_folder(tmp_path: Path, depth: int) -> None:
    (tmp_path / "notes.txt").touch()
    inside = tmp_path.joinpath(*"abcd"[:depth])
    paths = {name: touch(inside / f"{name}-files", name) for name in FILES if depth < 4}
    if depth == 4:  # Sample0001 and Label would be level 6 there
        paths = {name: touch(inside, name) for name in ("ntu60", "wmft", "utd")}
    found = find_sources(tmp_path)
    assert {name: source.path for name, source in found.items()} == paths
    for name, source in found.items():
        assert (source.name, source.reader, source.store) == (name, DATA_SETS[name].reader, None)


@pytest.mark.parametrize("name", FILES)
def test_the_folder_may_be_the_data_set_itself(tmp_path: Path, name: str) -> None:
    path = touch(tmp_path, name)
    assert {n: s.path for n, s in find_sources(tmp_path).items()} == {name: path}


def test_readers_take_the_paths_found(small_releases: Path, tmp_path: Path) -> None:
    for name in ("smg", "imigue", "ntu60"):  # a data set may be a link to another disk
        (tmp_path / "disks").mkdir(exist_ok=True)
        (tmp_path / "disks" / f"my {name}").symlink_to(small_releases / name)
    found = find_sources(tmp_path)
    expected = {"smg": 40, "imigue": 72, "ntu60": 720}  # recordings
    for name, source in found.items():
        config = PrepareConfig(
            reader=source.reader, path=source.path, out=tmp_path / "x", options=source.options
        )
        assert open_recordings(config).total == expected.pop(name)
    assert not expected
    assert found["smg"].note == "40 of 40 files"
    assert found["ntu60"].note == "720 of 56,880 files"
    assert found["imigue"].note == "full release"


def test_a_data_set_spread_over_folders_is_one(tmp_path: Path) -> None:
    for part, numbers in (("train", (1, 2)), ("validate", (31,)), ("test", (36,))):
        for number in numbers:
            name = f"Sample{number:04d}"
            folder = tmp_path / "data" / f"smg_skeleton_{part}" / name
            folder.mkdir(parents=True)
            (folder / f"{name}_skeleton.csv").touch()
    source = find_sources(tmp_path)["smg"]
    assert (source.path, source.note) == (tmp_path / "data", "4 of 40 files")


@pytest.mark.parametrize("name", FILES)
def test_two_copies_are_an_error_that_names_both(tmp_path: Path, name: str) -> None:
    paths = [touch(tmp_path / folder, name) for folder in ("here", "there")]
    with pytest.raises(EdgcnError, match="each data set once") as error:
        find_sources(tmp_path)
    for text in (*map(str, paths), DATA_SETS[name].title, "move one of them away"):
        assert text in str(error.value)


def test_both_releases_of_imigue_are_two_copies(tmp_path: Path) -> None:
    touch(tmp_path / "full", "imigue")
    write_small_miga(tmp_path / "MiGA")
    with pytest.raises(EdgcnError, match=r"iMiGUE at .*full and at .*MiGA"):
        find_sources(tmp_path)


def test_a_store_wins_over_its_recordings(tmp_path: Path) -> None:
    for name in FILES:
        touch(tmp_path / "raw" / name, name)
    for name, about in STORES.items():
        store_of(tmp_path / "stores" / f"my-{name}", *about)
    found = find_sources(tmp_path)
    assert list(found) == list(DATA_SETS)
    for name in STORES:
        assert found[name].store == found[name].path == tmp_path / "stores" / f"my-{name}"
        assert ensure_store(found[name], tmp_path / "more") == found[name].store
    assert found["wmft"].store is None
    store_of(tmp_path / "stores" / "again", *STORES["smg"])
    with pytest.raises(EdgcnError, match=r"SMG at .*stores/again and at .*stores/my-smg"):
        find_sources(tmp_path)


def test_stores_of_other_data_are_none_of_them(tmp_path: Path) -> None:
    tiny_store(tmp_path)
    store_of(tmp_path / "ntu120", "ntu", "kinect_v2", ACTIONS, "m")
    store_of(tmp_path / "remapped", "smg", "kinect_v1", SMG, "m")
    store_of(tmp_path / "mine", "clips_npz", "kinect_v2", tuple("abcdefghijklmno"), "m")
    for name, text in (("broken", "{"), ("other", "[1]"), ("empty", '{"classes": []}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "store.json").write_text(text)
    assert [which_set(path) for path in sorted(tmp_path.iterdir())] == [None] * 7
    with pytest.raises(EdgcnError, match="found none"):
        find_sources(tmp_path)


def test_ntu_60_within_120(tmp_path: Path, small_releases: Path) -> None:
    files = sorted((small_releases / "ntu60").iterdir())[:30]
    for file in files:
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "S032C001P106R001A120.skeleton").symlink_to(files[0])
    source = find_sources(tmp_path)["ntu60"]
    assert source.options == {"actions": "60"}
    assert source.note == "30 of 56,880 files, 1 of NTU RGB+D 120 left out"
    store = open_store(ensure_store(source, tmp_path / "stores", lambda line: None))
    assert (len(store.clips()), len(store.classes), [*store.rules]) == (30, 60, ["xsub", "xview"])
    assert len(store.rules["xsub"].train) == 20
    assert store.note == "files of actions 61 to 120 left out: 1"


def test_later_actions_alone_are_not_ntu_60(tmp_path: Path) -> None:
    (tmp_path / "S032C001P106R001A120.skeleton").touch()
    with pytest.raises(EdgcnError, match="found none"):
        find_sources(tmp_path)
    config = PrepareConfig(
        reader="ntu", path=tmp_path, out=tmp_path / "x", options={"actions": "60"}
    )
    with pytest.raises(EdgcnError, match="actions 1 to 60"):
        open_recordings(config)


def test_nothing_there_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "clips.npz").touch()
    with pytest.raises(EdgcnError, match="found none") as error:
        find_sources(tmp_path)
    for known in DATA_SETS.values():
        assert all(text in str(error.value) for text in (known.title, known.looks, known.page))
    assert "\n" not in str(error.value)
    with pytest.raises(EdgcnError, match="found nothing there"):
        find_sources(tmp_path / "none")
    with pytest.raises(EdgcnError, match="found a file"):
        find_sources(tmp_path / "clips.npz")


def test_every_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FILES:
        touch(tmp_path / name, name)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "ntu60")
    touch(tmp_path / ".smg.k3j2", "smg")  # as a killed preparation leaves behind
    listed: Counter[str] = Counter()
    scandir = os.scandir

    def counted(folder: Path) -> Any:
        listed[os.path.realpath(folder)] += 1
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counted)
    assert len(find_sources(tmp_path)) == len(FILES)
    assert set(listed.values()) == {1}
    assert not any("k3j2" in folder for folder in listed)


def test_a_store_is_prepared_once(small_releases: Path, tmp_path: Path) -> None:
    source = find_sources(small_releases)["smg"]
    said: list[str] = []
    store = ensure_store(source, tmp_path / "stores", said.append)
    assert store == tmp_path / "stores" / "smg"
    assert said[0] == f"preparing SMG from {source.path}"
    said.clear()
    made = (store / "store.json").stat().st_mtime_ns
    assert ensure_store(source, tmp_path / "stores", said.append) == store
    assert (said, (store / "store.json").stat().st_mtime_ns) == ([], made)
    assert find_sources(tmp_path)["smg"].store == store


def test_another_store_in_its_place_is_not_taken(small_releases: Path, tmp_path: Path) -> None:
    store_of(tmp_path / "smg", *STORES["utd"])
    with pytest.raises(EdgcnError, match=r"expected a store of SMG at .* reader 'utd_mhad'"):
        ensure_store(find_sources(small_releases)["smg"], tmp_path, lambda line: None)
    damaged = Source("smg", "smg", tmp_path / "smg", store=tmp_path / "smg")
    (tmp_path / "smg" / "frames.npy").unlink()
    with pytest.raises(EdgcnError, match=r"frames\.npy is missing"):
        ensure_store(damaged, tmp_path, lambda line: None)


def test_description_has_a_line_for_each(tmp_path: Path) -> None:
    path = touch(tmp_path / "ucsd", "utd")
    lines = describe(find_sources(tmp_path)).splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(DATA_SETS)
    for line in lines:
        name = line.split()[0]
        found = name == "utd"
        assert (str(path) in line) == found
        assert (DATA_SETS[name].page in line) != found


@pytest.mark.data
def test_real_recordings_are_found(data_dir: Path, tmp_path: Path) -> None:
    found = find_sources(data_dir)
    assert set(found) == {"wmft", "isl30", "msr-world", "msr-screen", "utd"}
    assert found["utd"].note == "861 of 861 files"
    assert found["msr-world"].note == found["msr-screen"].note == "567 of 567 files"
    store = ensure_store(found["msr-screen"], tmp_path, lambda line: None)
    assert which_set(store) == "msr-screen"
    for name in ("wmft", "isl30"):
        classes = np.load(found[name].path)["classes"]
        known = DATA_SETS[name]
        assert (len(classes), classes[0]) == (known.classes, known.first_class)
