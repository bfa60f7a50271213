"""Small data sets in the true layouts, prepared: the published splits come out by themselves.

Every subject, camera and class is asserted, and that each class that tests also trains.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edgcn.experiments.sources import ensure_store, find_sources
from edgcn.store import Selection, open_store
from edgcn.store.splits import Split
from layouts import FIRST_OF_TWO, write_small_miga

# Cross-subject protocol of iMiGUE (Liu et al., CVPR 2021): 37 of 72 subjects train. The same ids
# stand in public code that follows it, github.com/genbing99/SSL-Micro-Movement.
IMIGUE_TRAIN = [
    2, 4, 5, 6, 9, 10, 12, 13, 14, 15, 17, 18, 20, 21, 22, 23, 25, 28, 29, 30, 31, 35, 36, 38, 39,
    41, 42, 43, 44, 46, 47, 48, 52, 53, 59, 61, 62,
]  # fmt: skip
# Cross-subject protocol of NTU RGB+D (Shahroudy et al., CVPR 2016).
NTU_TRAIN = [1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38]


@pytest.fixture(scope="module")
def stores(small_stores: Path) -> dict[str, Selection]:
    return {path.name: open_store(path).clips() for path in small_stores.iterdir()}


def people(clips: Selection, rows: np.ndarray, prefix: str = "") -> list[int]:
    return sorted({int(str(s).removeprefix(prefix)) for s in clips.subjects[rows]})


def assert_fair(clips: Selection, split: Split, *, classes: int) -> None:
    """No clip is on both sides or on neither; every class is on both."""
    assert sorted([*split.train, *split.test]) == list(range(len(clips)))
    assert len(clips.classes) == classes
    for rows in (split.train, split.test):
        assert set(clips.labels[rows].tolist()) == set(range(classes))
    trained = {(int(clips.labels[row]), str(clips.subjects[row])) for row in split.train}
    several = Counter(label for label, _ in trained)
    assert min(several.values()) > 1  # so that settings can be chosen on held-out people
    assert clips.store.metadata["skipped"] == []


def test_smg_tests_on_subjects_36_to_40(stores: dict[str, Selection]) -> None:
    clips = stores["smg"]
    split = clips.split()
    assert people(clips, split.train) == list(range(1, 36))
    assert people(clips, split.test) == [36, 37, 38, 39, 40]
    assert_fair(clips, split, classes=17)
    assert (len(split.train), len(split.test)) == (175, 25)
    challenge = clips.split("miga")
    assert people(clips, challenge.train) == list(range(1, 31))
    assert people(clips, challenge.test) == [31, 32, 33, 34, 35]


def test_imigue_trains_on_37_of_72_subjects(stores: dict[str, Selection]) -> None:
    clips = stores["imigue"]
    split = clips.split()
    assert people(clips, split.train) == IMIGUE_TRAIN
    assert people(clips, split.test) == sorted(set(range(1, 73)) - set(IMIGUE_TRAIN))
    assert (len(people(clips, split.train)), len(people(clips, split.test))) == (37, 35)
    assert_fair(clips, split, classes=32)
    assert (len(split.train), len(split.test)) == (74, 70)
    assert (clips.units, clips.dims, clips.topology.name) == ("px", 2, "body_25")


def test_miga_release_is_split_by_its_folders(tmp_path: Path) -> None:
    write_small_miga(tmp_path / "MiGA")
    found = find_sources(tmp_path)["imigue"]
    assert found.note == "MiGA release"
    clips = open_store(ensure_store(found, tmp_path / "stores", lambda line: None)).clips()
    videos = np.array([int(str(name).partition("_")[0]) for name in clips.names])
    for split, test in ((clips.split(), range(25, 33)), (clips.split("validate"), range(17, 25))):
        assert sorted(set(videos[split.train].tolist())) == list(range(1, 17))
        assert sorted(set(videos[split.test].tolist())) == list(test)
        assert set(clips.labels[split.train].tolist()) == set(range(32))
        assert set(clips.labels[split.test].tolist()) == set(range(32))
    assert clips.split().name == "test"


def test_ntu_cross_subject_trains_on_20_performers(stores: dict[str, Selection]) -> None:
    clips = stores["ntu60"]
    split = clips.split()
    assert split.name == "xsub"
    assert people(clips, split.train, "P") == NTU_TRAIN
    assert people(clips, split.test, "P") == sorted(set(range(1, 41)) - set(NTU_TRAIN))
    assert_fair(clips, split, classes=60)
    assert (len(split.train), len(split.test)) == (360, 360)


def test_ntu_cross_view_tests_on_camera_1(stores: dict[str, Selection]) -> None:
    clips = stores["ntu60"]
    split = clips.split("xview")
    assert set(clips.cameras[split.test].tolist()) == {"C001"}
    assert set(clips.cameras[split.train].tolist()) == {"C002", "C003"}
    assert_fair(clips, split, classes=60)
    assert (len(split.train), len(split.test)) == (480, 240)


def test_ntu_has_two_people_in_its_mutual_actions_only(stores: dict[str, Selection]) -> None:
    clips = stores["ntu60"]
    for row, label in enumerate(clips.labels.tolist()):
        assert clips.clip(row)[:, 1].any() == (label + 1 >= FIRST_OF_TWO)


@pytest.mark.parametrize("name", ["smg", "imigue", "ntu60"])
def test_classes_can_be_told_apart(stores: dict[str, Selection], name: str) -> None:
    """A nearest neighbor on centered coordinates is above the largest class, so a probe can be."""
    clips = stores[name]
    split = clips.split()
    x = clips.batch(np.arange(len(clips)), 6)[..., 0].numpy()
    flat = (x - x.mean(axis=2, keepdims=True)).reshape(len(x), -1)
    near = np.linalg.norm(flat[split.test, None] - flat[None, split.train], axis=-1).argmin(1)
    right = clips.labels[split.train][near] == clips.labels[split.test]
    assert right.mean() > 3 * np.bincount(clips.labels[split.test]).max() / len(split.test)
