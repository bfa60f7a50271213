"""The open recordings through `prepare`: as many clips, classes and subjects as are published."""

from pathlib import Path

import pytest

from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.store import Store

pytestmark = pytest.mark.data

# reader, path, clips, classes, subjects, joints
DATA_SETS = {
    "utd_mhad": ("utd_mhad", "utd_mhad", 861, 27, 8, 20),
    "wmft": ("clips_npz", "wmft.npz", 1080, 15, 24, 25),
    "isl30": ("clips_npz", "isl30.npz", 2700, 30, 10, None),
    "msr_world": ("msr_action3d", "msraction3d/world", 560, 20, 10, 20),
    "msr_screen": ("msr_action3d", "msraction3d/screen", 560, 20, 10, 20),
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
    assert_split(store)
    skipped = store.metadata["skipped"]
    if reader == "msr_action3d":
        assert {item["path"].rpartition("/")[2][:11] for item in skipped} == KNOWN_BAD
        assert all(item["known"] for item in skipped)
        assert "skipped 7 (7 of them listed as bad by the data set itself):" in said
    else:
        assert skipped == []
        assert not any("skipped" in line for line in said)
    assert store.metadata["sources"]["files"] >= 1
    assert store.dims == (2 if name == "msr_screen" else 3)
    assert store.units == ("px" if name == "msr_screen" else "m")


def assert_split(store: Store) -> None:
    """Half of the subjects or so on either side, nobody on both."""
    clips = store.clips()
    split = clips.split()
    train, test = (set(clips.subjects[rows].tolist()) for rows in (split.train, split.test))
    assert train
    assert test
    assert not train & test
    assert len(split.train) + len(split.test) == len(clips)
    assert set(clips.labels[split.train].tolist()) == set(clips.labels[split.test].tolist())
