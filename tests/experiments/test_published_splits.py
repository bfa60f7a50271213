"""Small data sets in the true layouts, prepared: the published splits come out by themselves.

Every subject, camera and class is asserted, and that each class that tests also trains.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edgcn.experiments.sources import ensure_store, find_sources
from edgcn.store import Store, open_store
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
def stores(small_releases: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Store]:
    folder = tmp_path_factory.mktemp("stores")
    found = find_sources(small_releases)
    return {name: open_store(ensure_store(found[name], folder, _quiet)) for name in found}


def _quiet(line: str) -> None:
    pass


def people(store: Store, rows: np.ndarray, prefix: str = "") -> list[int]:
    return sorted({int(str(s).removeprefix(prefix)) for s in store.subjects[rows]})


def assert_fair(store: Store, split: Split, *, classes: int) -> None:
    """No clip is on both sides or on neither; every class is on both."""
    assert sorted([*split.train, *split.test]) == list(range(len(store)))
    assert len(store.classes) == classes
    for rows in (split.train, split.test):
        assert set(store.labels[rows].tolist()) == set(range(classes))
    trained = {(int(store.labels[row]), str(store.subjects[row])) for row in split.train}
    several = Counter(label for label, _ in trained)
    assert min(several.values()) > 1  # so that settings can be chosen on held-out people
    assert store.about["skipped"] == []


def test_smg_tests_on_subjects_36_to_40(stores: dict[str, Store]):
    store = stores["smg"]
    split = store.split()
    assert people(store, split.train) == list(range(1, 36))
    assert people(store, split.test) == [36, 37, 38, 39, 40]
    assert_fair(store, split, classes=17)
    assert (len(split.train), len(split.test)) == (175, 25)
    challenge = store.split("miga")
    assert people(store, challenge.train) == list(range(1, 31))
    assert people(store, challenge.test) == [31, 32, 33, 34, 35]


def test_imigue_trains_on_37_of_72_subjects(stores: dict[str, Store]):
    store = stores["imigue"]
    split = store.split()
    assert people(store, split.train) == IMIGUE_TRAIN
    assert people(store, split.test) == sorted(set(range(1, 73)) - set(IMIGUE_TRAIN))
    assert (len(people(store, split.train)), len(people(store, split.test))) == (37, 35)
    assert_fair(store, split, classes=32)
    assert (len(split.train), len(split.test)) == (74, 70)
    assert (store.units, store.dims, store.topology.name) == ("px", 2, "body_25")


def test_miga_release_is_split_by_its_folders(tmp_path: Path):
    write_small_miga(tmp_path / "MiGA")
    found = find_sources(tmp_path)["imigue"]
    assert found.note == "MiGA release"
    store = open_store(ensure_store(found, tmp_path / "stores", _quiet))
    videos = np.array([int(str(name).partition("_")[0]) for name in store.names])
    for split, test in ((store.split(), range(25, 33)), (store.split("validate"), range(17, 25))):
        assert sorted(set(videos[split.train].tolist())) == list(range(1, 17))
        assert sorted(set(videos[split.test].tolist())) == list(test)
        assert set(store.labels[split.train].tolist()) == set(range(32))
        assert set(store.labels[split.test].tolist()) == set(range(32))
    assert store.split().name == "test"


def test_ntu_cross_subject_trains_on_20_performers(stores: dict[str, Store]):
    store = stores["ntu60"]
    split = store.split()
    assert split.name == "xsub"
    assert people(store, split.train, "P") == NTU_TRAIN
    assert people(store, split.test, "P") == sorted(set(range(1, 41)) - set(NTU_TRAIN))
    assert_fair(store, split, classes=60)
    assert (len(split.train), len(split.test)) == (360, 360)


def test_ntu_cross_view_tests_on_camera_1(stores: dict[str, Store]):
    store = stores["ntu60"]
    split = store.split("xview")
    assert set(store.cameras[split.test].tolist()) == {"C001"}
    assert set(store.cameras[split.train].tolist()) == {"C002", "C003"}
    assert_fair(store, split, classes=60)
    assert (len(split.train), len(split.test)) == (480, 240)


def test_ntu_has_two_people_in_its_mutual_actions_only(stores: dict[str, Store]):
    store = stores["ntu60"]
    for row, label in enumerate(store.labels.tolist()):
        assert store.clip(row)[:, 1].any() == (label + 1 >= FIRST_OF_TWO)


@pytest.mark.parametrize("name", ["smg", "imigue", "ntu60"])
def test_classes_can_be_told_apart(stores: dict[str, Store], name: str):
    """A nearest neighbor on centered coordinates is above the largest class, so a probe can be."""
    store = stores[name]
    split = store.split()
    clips = store.batch(np.arange(len(store)), 6)[..., 0].numpy()
    flat = (clips - clips.mean(axis=2, keepdims=True)).reshape(len(clips), -1)
    near = np.linalg.norm(flat[split.test, None] - flat[None, split.train], axis=-1).argmin(1)
    right = store.labels[split.train][near] == store.labels[split.test]
    assert right.mean() > 3 * np.bincount(store.labels[split.test]).max() / len(split.test)
