"""A recording of any length is read a part at a time, and is what it would be in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgcn.base import spool
from edgcn.base.spool import memory_of
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.readers.dlc import read_dlc
from edgcn.readers.mediapipe import read_mediapipe
from edgcn.readers.mediapipe_sources import Raw, Source
from edgcn.readers.table import read_table_of_joints
from edgcn.readers.text import columns
from edgcn.skeleton.layouts import COCO_17, MEDIAPIPE_33
from edgcn.skeleton.recording import Recording, Recordings
from edgcn.skeleton.topology import Topology
from readers.items import parted
from readers.named_writers import write_table
from readers.standing import people

FRAMES = 300


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def cut() -> None:
        monkeypatch.setattr(spool, "SMALL", 4000)
        monkeypatch.setattr(spool, "PART", 3000)
        monkeypatch.setattr(columns, "PART", 10_000)

    return cut


def points(topology: Topology, seed: int = 0) -> np.ndarray:
    """Somebody (T, V, 3) who shakes: x, y in pixels and a confidence."""
    rng = np.random.default_rng(seed)
    body = people(topology)[30][None] * (300, -300, 1) + (640, 600, 0)
    made = (body + rng.normal(scale=2, size=(FRAMES, len(topology), 3))).astype(np.float32)
    made[..., 2] = rng.uniform(0.5, 1, made.shape[:2])
    made[7:9, 3] = 0
    return np.asarray(made)


def write_mediapipe(path: Path) -> Recordings:
    names = MEDIAPIPE_33.joints
    numbers = [n + 5 * (n > 200) for n in range(FRAMES)]
    more: dict[str, Sequence[object]] = {
        "frame": numbers,
        "time_ms": [40 * n for n in numbers],
        "label": ["", "a"] * 150,
    }
    write_table(path / "a.csv", names, points(MEDIAPIPE_33), axes="xyv", columns=more)
    return read_mediapipe(path, landmarks="pixels")


def write_persons(path: Path) -> Recordings:
    given = np.stack([points(COCO_17), points(COCO_17, 1)], axis=1).reshape(-1, 17, 3)
    more: dict[str, Sequence[object]] = {
        "person": [*"ab"] * FRAMES,
        "time": [0.02 * (n // 2) ** 1.1 for n in range(600)],
    }
    write_table(path / "a.csv", COCO_17.joints, given, axes="xyc", columns=more)
    return read_table_of_joints(path)


def write_dlc(path: Path) -> Recordings:
    joints = [joint for joint in COCO_17.joints for _ in "xyc"]
    heads: list[Sequence[object]] = [["scorer"] + ["s"] * 51, ["bodyparts", *joints],
                                 ["coords"] + ["x", "y", "likelihood"] * 17]  # fmt: skip
    rows: list[Sequence[object]] = [
        [n, *map(repr, row)] for n, row in enumerate(points(COCO_17).reshape(-1, 51).tolist())
    ]
    (path / "a.csv").write_text("\n".join(",".join(map(str, row)) for row in [*heads, *rows]))
    return read_dlc(path)


@pytest.mark.parametrize("write", [write_mediapipe, write_persons, write_dlc])
def test_parts_are_the_whole(
    tmp_path: Path, write: Callable[[Path], Recordings], small_parts: Callable[[], None]
) -> None:
    expected, _ = parted(write(tmp_path).recordings)
    small_parts()
    found, _ = parted(write(tmp_path).recordings)
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        assert (memory_of(one.frames), memory_of(other.frames)) == (0, other.frames.nbytes)
        np.testing.assert_array_equal(one.frames, other.frames)
        assert same(one, other)


def same(one: Recording, other: Recording) -> bool:
    times = [own.times if own.times is not None else np.empty(0) for own in (one, other)]
    np.testing.assert_array_equal(times[0], times[1])
    plain = [replace(own, frames=np.empty((0, 1, 1, 3), np.float32), times=None, hashes=None)
             for own in (one, other)]  # fmt: skip
    return str(plain[0]) == str(plain[1])


def test_a_store_of_parts_is_the_same_to_the_last_byte(
    tmp_path: Path, small_parts: Callable[[], None]
) -> None:
    write_mediapipe(tmp_path)
    settings = {"reader": "mediapipe", "path": tmp_path / "a.csv", "topology": "coco_17", "y": "up",
                "options": {"landmarks": "pixels"}}  # fmt: skip
    said: list[list[str]] = []
    for name in ("whole", "parts"):
        said.append([])
        config = PrepareConfig.model_validate(settings | {"out": tmp_path / name})
        prepare(config, say=said[-1].append)
        small_parts()
    assert said[0][2:] == said[1][2:]  # what comes before names the store
    for file in sorted((tmp_path / "whole").iterdir()):
        assert file.read_bytes() == (tmp_path / "parts" / file.name).read_bytes(), file.name


def test_pieces_of_two_files_are_put_side_by_side() -> None:
    def pieces(part: str, *lengths: int) -> Source:
        size, whole = {"pose": 33, "left": 21}[part], np.arange(sum(lengths), dtype=np.float32)
        ends = np.cumsum(lengths)

        def read(_: bool) -> list[Iterator[Raw]]:
            rows = np.broadcast_to(whole[:, None, None], (len(whole), size, 3))
            return [iter([Raw({part: rows[end - n : end]})
                          for n, end in zip(lengths, ends, strict=True)])]  # fmt: skip

        return Source(Path(f"{part}.csv"), ("",), frozenset({part}), read, list)

    (both,) = pieces("pose", 4, 3, 5).joined(pieces("left", 5, 5, 2)).read(True)
    joined = [*both]
    for part in ("pose", "left"):
        found = np.concatenate([raw.points[part][:, 0, 0] for raw in joined])
        np.testing.assert_array_equal(found, np.arange(12))
    (both,) = pieces("pose", 4, 3).joined(pieces("left", 5, 5)).read(True)
    with pytest.raises(Exception, match=r"expected 7 frames, as pose.csv has, got 10"):
        list(both)
