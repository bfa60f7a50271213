"""From recordings to a store: topologies by joint name, reader options, and what `info` tells."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.commands.config import PrepareConfig
from edgcn.commands.prepare import from_text, info, open_recordings, prepare, sample
from edgcn.readers import READERS
from edgcn.skeleton.layouts import KINECT_V1, KINECT_V2, TOPOLOGIES
from edgcn.skeleton.recording import Recordings, Skipped
from edgcn.skeleton.remap import remap
from edgcn.store import open_store, write_store
from helpers import make_clips, tiny_file, tiny_recordings, tiny_topology, twenty_joints
from readers.writers import person, write_ntu, write_smg


def prepared(path: Path | None, out: Path, **settings: object) -> tuple[list[str], Path]:
    """What prepare said, line by line, and the store."""
    said: list[str] = []
    config = PrepareConfig(path=path, out=out, **{"reader": "ntu"} | settings)
    store = prepare(config, say=said.append)
    return said, store


def told(store: Path) -> str:
    said: list[str] = []
    info(store, say=said.append)
    return "\n".join(said)


@pytest.fixture
def ntu(tmp_path: Path) -> Path:
    """Two subjects, two actions; one file is cut, one has nobody in it."""
    folder = tmp_path / "ntu"
    for number, name in enumerate(
        ("S001C001P001R001A001", "S001C002P001R001A002", "S001C001P003R001A001")
    ):
        body = person(np.random.default_rng(number), 12 + number)
        write_ntu(folder / f"{name}.skeleton", [[(5, joints)] for joints in body])
    cut = folder / "S001C001P003R001A002.skeleton"
    write_ntu(cut, [[(5, joints)] for joints in body])
    cut.write_text(cut.read_text()[:2000])
    write_ntu(folder / "S001C001P004R001A002.skeleton", [[] for _ in range(20)])
    return folder


def test_what_is_skipped_is_said_and_kept(ntu: Path, tmp_path: Path):
    said, store = prepared(ntu, tmp_path / "store")
    assert "3 clips, 2 classes, 2 subjects; kinect_v2 (25 joints), up to 2 bodies" in said[0]
    assert said[1] == "skipped 2 (1 of them listed as bad by the data set itself):"
    assert any("P003R001A002" in line and "line" in line for line in said[2:])
    assert any("P004R001A002" in line and "no body" in line for line in said[2:])
    listed = [Skipped(**item) for item in open_store(store).about["skipped"]]
    assert [item.known for item in listed] == [False, True]
    again = told(store)
    for line in said[1:]:
        assert line in again


def test_many_skipped_files_are_counted_and_the_first_named(tmp_path: Path):
    items = [
        *make_clips(2, 2, 2, 0, tiny_topology()),
        *(Skipped(f"f{n}", "cut") for n in range(40)),
    ]
    write_store(tiny_recordings(clips=items), tmp_path / "s")
    text = told(tmp_path / "s")
    assert "skipped 40 (0 of them" in text
    assert "  f11: cut" in text
    assert "f12: cut" not in text
    assert "and 28 more, all listed in store.json" in text


def test_topologies_are_converted_by_joint_name(ntu: Path, tmp_path: Path):
    said, store = prepared(ntu, tmp_path / "v1", topology="kinect_v1")
    assert said[0].startswith("kinect_v2 -> kinect_v1: ")
    converted = open_store(store)
    whole = open_store(prepared(ntu, tmp_path / "v2")[1])
    assert converted.topology == KINECT_V1
    assert converted.names.tolist() == whole.names.tolist()
    for row in range(len(whole)):
        expected = remap(whole.clip(row), KINECT_V2, KINECT_V1)
        np.testing.assert_array_equal(converted.clip(row), expected)
    shared = "ElbowLeft"  # in both, under the same name
    np.testing.assert_array_equal(
        converted.clip(0)[:, :, KINECT_V1.index(shared)],
        whole.clip(0)[:, :, KINECT_V2.index(shared)],
    )


def test_conversion_leaves_bad_clips_to_be_skipped(tmp_path: Path, monkeypatch):
    """A clip of another number of joints cannot be converted; it is named, not a crash."""
    clips = make_clips(3, 3, 1, 0, twenty_joints())
    clips[1] = replace(clips[1], frames=clips[1].frames[:, :, :7])

    def odd(path: Path) -> Recordings:
        return tiny_recordings(clips=[*clips, Skipped("x", "cut")], topology=twenty_joints())

    monkeypatch.setitem(READERS, "odd", odd)
    said, store = prepared(tmp_path, tmp_path / "s", reader="odd", topology="kinect_v2")
    assert len(open_store(store)) == 2
    assert any(line.startswith("  clip001: expected frames of shape") for line in said)


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_explains_unknown_options_in_one_line(reader: str, tmp_path: Path):
    path = None if reader == "synthetic" else tmp_path
    config = PrepareConfig(reader=reader, path=path, out=tmp_path / "s", options={"colour": "red"})
    with pytest.raises(EdgcnError, match=rf"reader '{reader}' cannot use .*colour.*it takes") as e:
        open_recordings(config)
    assert "\n" not in str(e.value)


def options(reader: str, path: Path | None, **given: str) -> Recordings:
    config = PrepareConfig(reader=reader, path=path, out=Path("s"), options=given)
    return open_recordings(config)


def test_options_get_the_type_the_reader_asks_for(ntu: Path, tmp_path: Path):
    assert options("ntu", ntu, max_bodies="1").bodies == 1
    assert options("clips_npz", tiny_file(tmp_path / "a.npz"), dims="2").dims == 2
    write_smg(tmp_path / "smg", 1, person(np.random.default_rng(0), 5), [(1, 1, 5)])
    assert options("smg", tmp_path / "smg", first_frame="0").total == 1
    assert options("synthetic", None, kind="2d", clips="3").total == 3


@pytest.mark.parametrize(
    ("reader", "given", "message"),
    [
        ("ntu", {"max_bodies": "two"}, "max_bodies: Input should be a valid integer"),
        ("clips_npz", {"dims": "4"}, "dims: Input should be 2 or 3"),
        ("synthetic", {"kind": "4d"}, "kind: Input should be '3d' or '2d'"),
        ("synthetic", {"clips": "x", "seed": "y"}, "seed: .*; clips: "),
        ("synthetic", {"clips": "0"}, "expected clips of at least 1, got 0"),
        ("pyskl", {"topology": "kinect"}, "topology: "),
    ],
)
def test_options_of_another_type_are_refused(tmp_path: Path, reader, given, message):
    path = None if reader == "synthetic" else tmp_path
    with pytest.raises(EdgcnError, match=message) as caught:
        options(reader, path, **given)
    assert "\n" not in str(caught.value)


def test_a_topology_is_an_option_by_its_name():
    hint = READERS["pyskl"].__annotations__["topology"]
    for name, topology in TOPOLOGIES.items():
        assert from_text(name, hint) is topology
    assert from_text("kinect_v1", str) == "kinect_v1"


def test_a_reader_of_files_needs_a_path():
    with pytest.raises(EdgcnError, match="reader 'ntu' needs the path"):
        options("ntu", None)


def test_info_counts_and_draws(tmp_path: Path):
    write_store(tiny_recordings(clips=24, classes=3, subjects=4), tmp_path / "s")
    text = told(tmp_path / "s")
    assert "24 clips, 3 classes, 4 subjects" in text
    assert "note: made for tests" in text
    assert text.count(" 8  33.3") == 3
    assert text.count(" 6  25.0") == 4
    assert "split 'people': 18 training clips, 6 test clips" in text
    assert "missing joints: 0.00 %" in text
    assert (tmp_path / "s" / "contact_sheet.png").read_bytes()[:4] == b"\x89PNG"
    elsewhere = tmp_path / "sheet.png"
    assert info(tmp_path / "s", figure=elsewhere, say=lambda _: None) == elsewhere
    assert elsewhere.stat().st_size > 1000


def test_info_of_clips_without_labels_or_subjects(tmp_path: Path):
    clips = [
        replace(clip, label=-1, subject="", camera="", split="")
        for clip in make_clips(5, 3, 2, 0, tiny_topology())
    ]
    write_store(tiny_recordings(clips=clips, classes=0, splits={}), tmp_path / "s")
    text = told(tmp_path / "s")
    assert "5 clips, 0 classes, 0 subjects" in text
    assert "(unlabelled)" in text
    assert "(none)" in text
    assert "split 'subject' leaves no test clips" in text
    titles = [title for title, _ in sample(open_store(tmp_path / "s"))]
    assert titles == [f"unlabelled · clip{number:03d}" for number in range(5)]


def test_joints_that_are_never_seen_are_named(tmp_path: Path):
    clips = make_clips(6, 3, 2, 0, tiny_topology())
    for clip in clips:
        clip.frames[:, :, 2] = 0  # the head
        clip.frames[::2, :, 4] = 0
    write_store(tiny_recordings(clips=clips), tmp_path / "s")
    text = told(tmp_path / "s")
    assert "most often head 100.0 %, hand_right " in text


def test_a_sheet_shows_each_class_once_and_then_others(tmp_path: Path):
    write_store(tiny_recordings(clips=40, classes=5), tmp_path / "s")
    shown = sample(open_store(tmp_path / "s"))
    classes = [title.partition(" · ")[0] for title, _ in shown]
    assert set(classes) == {f"gesture {number}" for number in range(5)}
    assert len({title for title, _ in shown}) == len(shown) == 12
