"""Laws that every reader keeps, on the small sets of `test_readers.py`; a maker joins by itself.

Who was written comes out as tall as wide, whatever files and folders are called, however lines end
and however few frames there are; and two people are never one.
"""

import pickle
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from contracts import test_readers as suite
from contracts.test_readers import OF_FILES, SETS, Small, flat, person, read, seen
from edgcn.base.parts import settings_of
from edgcn.readers import READERS
from edgcn.readers.clips_npz import write_clips_npz
from edgcn.skeleton.layouts import KINECT_V1, KINECT_V2, KINECT_V2_PYSKL
from edgcn.skeleton.names import canonical
from edgcn.skeleton.recording import Recording, Recordings, trimmed
from readers.items import parted
from readers.writers import write_ntu, write_openpose

TEXTS = (".csv", ".tsv", ".txt", ".json", ".skeleton", ".bvh")
SIDES = [f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee")
         for side in ("left", "right")]  # fmt: skip


class Before(NamedTuple):
    """A small set, the folder it is in, and what is read from it."""

    small: Small
    folder: Path
    recordings: Recordings
    kept: list[Recording]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Before]:
    """Small sets of files, each made and read once; only to be read."""

    @cache
    def made(name: str) -> Before:
        folder = tmp_path_factory.mktemp("set")
        small = SETS[name](folder)
        recordings = read(name, small)
        return Before(small, folder, recordings, kept_of(recordings))

    return made


def kept_of(recordings: Recordings) -> list[Recording]:
    """All recordings; none may be skipped."""
    kept, skipped = parted(recordings.recordings)
    assert not skipped, skipped
    return kept


def assert_same(before: Before, after: Recordings, *, names: bool = True) -> None:
    """Two readings are one, but for where the files lay."""
    for one, two in zip(before.kept, kept_of(after), strict=True):
        for part in fields(Recording):
            if part.name not in ("name", "segments", "note"):
                np.testing.assert_array_equal(getattr(one, part.name), getattr(two, part.name))
        assert [(s.start, s.stop, s.label) for s in one.segments] == [
            (s.start, s.stop, s.label) for s in two.segments
        ]
        assert one.name == two.name or not names
    assert before.recordings.classes == after.classes


@pytest.mark.parametrize("name", OF_FILES)
def test_who_was_written_comes_out_as_tall_as_wide(
    sets: Callable[[str], Before], name: str
) -> None:
    """Every joint is where it was, up to one scale for x and y, and a shift."""
    _, _, recordings, kept = sets(name)
    known = [canonical(joint) for joint in recordings.topology.joints]
    joints = [joint for joint in SIDES if joint in known]
    assert len(joints) >= 6
    there = person()[:, [[canonical(j) for j in KINECT_V2.joints].index(j) for j in joints], :2]
    if recordings.units == "px":
        there = -there
    for recording in kept:
        here = recording.frames[:, 0, [known.index(j) for j in joints], :2]
        full = (here != 0).any(axis=-1).all(axis=-1)
        places, truth = (a[full] - a[full].mean(axis=1, keepdims=True) for a in (here, there))
        scale = (places * truth).sum() / (truth * truth).sum()
        assert scale > 0
        assert np.abs(places / scale - truth).max() < 0.08  # meters; people sway by 1 cm


def copied(before: Before, folder: Path) -> Small:
    """The same set in another folder."""

    def follow(path: Any) -> Any:
        inside = isinstance(path, Path) and path.is_relative_to(before.folder)
        return folder / path.relative_to(before.folder) if inside else path

    shutil.copytree(before.folder, folder)
    options = {key: follow(value) for key, value in before.small.options.items()}
    return replace(before.small, path=follow(before.small.path), options=options)


@pytest.mark.parametrize("name", OF_FILES)
def test_names_of_files_and_folders_may_be_anything(
    sets: Callable[[str], Before], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spaces, other scripts, a dash in front as flags have it, dots, what globs and URLs mean."""
    before = sets(name)
    small = copied(before, tmp_path / "-ä б #1 [x] 100% v1.2 'q'")
    assert small.path is not None
    single = small.path.is_file()
    if single:
        odd = small.path.with_name(f"-ö [1] 50%{small.path.suffix}")
        small = replace(small, path=small.path.rename(odd))
    assert small.path is not None
    assert_same(before, read(name, small), names=not single)
    monkeypatch.chdir(small.path.parent)
    read(name, replace(small, path=Path(small.path.name)))  # as it is typed, the dash in front


@pytest.mark.parametrize("name", [n for n in OF_FILES if n.partition(" ")[0] not in suite.ONE_FILE])
def test_lines_may_end_and_texts_begin_as_windows_has_them(
    sets: Callable[[str], Before], name: str, tmp_path: Path
) -> None:
    before = sets(name)
    small = copied(before, tmp_path / "set")
    for path in (p for p in tmp_path.rglob("*") if p.is_file() and p.suffix in TEXTS):
        text = path.read_bytes()
        path.write_bytes(b"\xef\xbb\xbf" + text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    assert_same(before, read(name, small))


@pytest.mark.parametrize("name", OF_FILES)
def test_one_frame_is_a_recording(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "FRAMES", 1)
    monkeypatch.setattr(suite, "UNSEEN", 0)
    kept, skipped = parted(read(name, SETS[name](tmp_path)).recordings)
    assert kept, skipped
    for recording in kept:
        assert len(recording.frames) == 1
        assert recording.frames.any()
        assert recording.times is None or len(recording.times) == 1
        assert all((part.start, part.stop) == (0, 1) for part in recording.segments)


@pytest.mark.parametrize("name", OF_FILES)
def test_times_go_on_and_a_rate_that_is_given_is_kept(
    sets: Callable[[str], Before], name: str
) -> None:
    small, _, recordings, kept = sets(name)
    assert recordings.fps > 0
    for recording in kept:
        assert recording.fps is None or recording.fps > 0
        if recording.times is not None:
            assert recording.times[0] == 0
            assert (np.diff(recording.times) > 0).all()
    reader = READERS[name.partition(" ")[0]]
    if "fps" in settings_of(reader):
        given = reader(small.path, **{**small.options, "fps": 12.5})
        assert given.fps == 12.5
        assert all(item.fps in (None, 12.5) for item in kept_of(given))


def two(topology: Any) -> list[np.ndarray]:
    """Somebody, and another 2 m beside them who moves more (T, V, 3)."""
    other = seen(topology, 1) * (1, 0.9, 1) + np.linspace(0, 0.5, suite.FRAMES)[:, None, None]
    other += (2, 0, 0)
    return [seen(topology), other.astype(np.float32)]


def two_ntu(root: Path) -> Small:
    bodies = zip(*two(KINECT_V2), strict=True)
    path = root / "S001C001P001R001A050.skeleton"
    write_ntu(path, [[(7, one), (8, another)] for one, another in bodies])
    return Small(root)


def two_openpose(root: Path) -> Small:
    one, another = flat(0), flat(0, 1) - (300, 0, 0.1)
    write_openpose(root / "clip", [list(people) for people in zip(another, one, strict=True)])
    return Small(root)


def two_pyskl(root: Path) -> Small:
    points = np.stack(two(KINECT_V2_PYSKL))
    clip = {"frame_dir": "one", "label": 0, "keypoint": points, "total_frames": len(points[0])}
    (root / "data.pkl").write_bytes(pickle.dumps({"split": {}, "annotations": [clip]}))
    return Small(root / "data.pkl")


def two_stgcn(root: Path) -> Small:
    people = np.stack(two(KINECT_V2_PYSKL), axis=-1).transpose(2, 0, 1, 3)
    np.save(root / "train_data.npy", people[None])
    (root / "train_label.pkl").write_bytes(pickle.dumps((["a"], [0])))
    return Small(root)


def two_clips_npz(root: Path) -> Small:
    people = np.stack(two(KINECT_V1), axis=1)
    given = [trimmed(people, "one", label=0, subject="s")]
    write_clips_npz(root / "two.npz", given, topology=KINECT_V1, classes=("a",), fps=30.0)
    return Small(root / "two.npz")


# Of formats that hold several people: how many of two come out.
CROWDS: dict[str, tuple[Callable[[Path], Small], int]] = {
    "ntu": (two_ntu, 2),
    "openpose": (two_openpose, 1),
    "pyskl": (two_pyskl, 2),
    "stgcn": (two_stgcn, 2),
    "clips_npz": (two_clips_npz, 2),
}


@pytest.mark.parametrize("name", CROWDS)
def test_two_people_are_never_one(name: str, tmp_path: Path) -> None:
    """Each body is one person throughout: nobody is further from where they were than people go."""
    make, count = CROWDS[name]
    (recording,) = kept_of(read(name, make(tmp_path)))
    bodies = recording.frames.shape[1]
    assert bodies == count
    centers = recording.frames[..., :2].mean(axis=2)
    apart = 1.0 if count > 1 else 150.0
    assert np.abs(np.diff(centers, axis=0)).max() < apart / 4
    if count > 1:
        assert (np.abs(centers[:, 0, 0] - centers[:, 1, 0]) > apart).all()
