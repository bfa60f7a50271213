"""The open recordings through `prepare`: as many clips, classes and subjects as are published."""

import re
from pathlib import Path

import pytest

from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.experiments.sources import which_set
from edgcn.presets import datasets
from edgcn.store import Store

pytestmark = pytest.mark.data

# reader, path, clips, classes, subjects, joints
DATA_SETS = {
    "utd": ("utd_mhad", "utd_mhad", 861, 27, 8, 20),
    "wmft": ("clips_npz", "wmft.npz", 1080, 15, 24, 25),
    "isl30": ("clips_npz", "isl30.npz", 2700, 30, 10, None),
    "msr-world": ("msr_action3d", "msraction3d/world", 560, 20, 10, 20),
    "msr-screen": ("msr_action3d", "msraction3d/screen", 560, 20, 10, 20),
}
KNOWN_BAD = {
    "a07_s04_e01", "a13_s09_e02", "a13_s09_e03", "a20_s02_e01", "a20_s02_e02", "a20_s02_e03",
    "a20_s06_e01",
}  # fmt: skip


@pytest.mark.parametrize("name", DATA_SETS)
def test_published_counts(name: str, data_dir: Path, tmp_path: Path) -> None:
    reader, path, clips, classes, subjects, joints = DATA_SETS[name]
    said: list[str] = []
    config = PrepareConfig(reader=reader, path=data_dir / path, out=tmp_path / name, strict=True)
    store = prepare(config, say=said.append)
    made = store.clips()
    assert store.trimmed
    assert (len(made), len(set(made.labels.tolist()))) == (clips, classes)
    assert len(store.classes) == classes
    assert len(set(made.subjects.tolist())) == subjects
    assert joints in (None, len(store.topology))
    assert f"{clips} clips, {classes} classes, {subjects} subjects" in said[0]
    assert which_set(config.out) == name
    assert_split(store, datasets.DATA_SETS[name])
    skipped = store.metadata["skipped"]
    if reader == "msr_action3d":
        assert {item["path"].rpartition("/")[2][:11] for item in skipped} == KNOWN_BAD
        assert all(item["known"] for item in skipped)
        assert "skipped 7 (7 of them listed as bad by the data set itself):" in said
    else:
        assert skipped == []
        assert not any("skipped" in line for line in said)
    assert store.metadata["sources"]["files"] >= 1
    assert store.dims == (2 if name == "msr-screen" else 3)
    assert store.units == ("px" if name == "msr-screen" else "m")


def natural(text: str) -> list[tuple[int, str]]:
    """Sort key that puts s2 before s10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", text)]


def assert_split(store: Store, known: datasets.DataSet) -> None:
    """As published, or every third subject, as our tables say; nobody is on both sides."""
    clips = store.clips()
    split = clips.split(known.split)
    tests = sorted(set(clips.subjects[split.test].tolist()), key=natural)
    assert tests == list(known.tests)
    assert known.published == bool(clips.rules)
    if not known.published:
        assert tests == sorted(set(clips.subjects.tolist()), key=natural)[2::3]
        assert (len(split.train), len(split.test)) in ((720, 360), (1890, 810))
    train, test = (set(clips.subjects[rows].tolist()) for rows in (split.train, split.test))
    assert train
    assert test
    assert not train & test
    assert len(split.train) + len(split.test) == len(clips)
    assert set(clips.labels[split.train].tolist()) == set(clips.labels[split.test].tolist())
