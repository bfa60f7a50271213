"""From recordings to a store: topologies by joint name, reader options, and what `info` shows."""

import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.annotations.formats import read_events
from edgcn.base.errors import EdgcnError
from edgcn.commands.info import InfoConfig, command, info
from edgcn.commands.prepare import PrepareConfig, from_text, open_recordings, prepare, readers
from edgcn.readers import READERS
from edgcn.skeleton.layouts import KINECT_V1, KINECT_V2, TOPOLOGIES
from edgcn.skeleton.recording import Recording, Recordings, Skipped, SplitRule
from edgcn.skeleton.remap import remap
from edgcn.store import Store
from helpers import (
    make_clips,
    make_long,
    tiny_file,
    tiny_recordings,
    tiny_store,
    tiny_topology,
    twenty_joints,
)
from readers.writers import person, write_ntu, write_smg


def prepared(path: Path | None, out: Path, **settings: object) -> tuple[list[str], Store]:
    """What prepare said, line by line, and the store."""
    said: list[str] = []
    values: dict[str, Any] = {"reader": "ntu", "path": path, "out": out, **settings}
    store = prepare(PrepareConfig(**values), say=said.append)
    return said, store


def shown(store: Store) -> str:
    """What info says."""
    said: list[str] = []
    info(InfoConfig(store=store.path), say=said.append)
    return "\n".join(said)


@pytest.fixture
def ntu(tmp_path: Path) -> Path:
    """Two subjects, two actions; one file is cut, one has nobody in it."""
    folder = tmp_path / "ntu"
    names = ("S001C001P001R001A001", "S001C002P001R001A002", "S001C001P003R001A001")
    for number, name in enumerate(names):
        body = person(np.random.default_rng(number), 12 + number)
        write_ntu(folder / f"{name}.skeleton", [[(5, joints)] for joints in body])
    cut = folder / "S001C001P003R001A002.skeleton"
    write_ntu(cut, [[(5, joints)] for joints in body])
    cut.write_text(cut.read_text()[:2000])
    write_ntu(folder / "S001C001P004R001A002.skeleton", [[] for _ in range(20)])
    return folder


def test_what_is_skipped_is_said_and_kept(ntu: Path, tmp_path: Path) -> None:
    said, store = prepared(ntu, tmp_path / "store")
    assert "3 clips, 2 classes, 2 subjects; kinect_v2 (25 joints), up to 2 bodies" in said[0]
    assert "skipped 2 (0 of them listed as bad by the data set itself):" in said
    assert any("P003R001A002" in line and "line" in line for line in said[2:])
    assert any("P004R001A002" in line and "no body" in line for line in said[2:])
    listed = [Skipped(**item) for item in store.metadata["skipped"]]
    assert [item.known for item in listed] == [False, False]
    again = shown(store)
    for line in said[1:]:
        assert line in again


def test_many_skipped_files_are_counted_and_the_first_named(tmp_path: Path) -> None:
    clips = make_clips(2, 2, 2, 0, tiny_topology())
    cut = [Skipped(f"f{n}", "cut") for n in range(40)]
    text = shown(tiny_store(tmp_path, clips=[*clips, *cut]))
    assert "skipped 40 (0 of them" in text
    assert "  f11: cut" in text
    assert "f12: cut" not in text
    assert "and 28 more, all listed in store.json" in text


def test_topologies_are_converted_by_joint_name(ntu: Path, tmp_path: Path) -> None:
    said, store = prepared(ntu, tmp_path / "v1", topology="kinect_v1")
    assert said[0].startswith("kinect_v2 -> kinect_v1: ")
    assert store.topology == KINECT_V1
    converted, whole = store.clips(), prepared(ntu, tmp_path / "v2")[1].clips()
    assert converted.names.tolist() == whole.names.tolist()
    for row in range(len(whole)):
        expected = remap(whole.clip(row), KINECT_V2, KINECT_V1)
        np.testing.assert_array_equal(converted.clip(row), expected)
    shared = "ElbowLeft"  # in both, under the same name
    np.testing.assert_array_equal(
        converted.clip(0)[:, :, KINECT_V1.index(shared)],
        whole.clip(0)[:, :, KINECT_V2.index(shared)],
    )


def test_a_converted_store_knows_its_frames_again(ntu: Path, tmp_path: Path) -> None:
    """Hashes are of what was recorded, so that an overlap is found on any skeleton."""
    hashes = [
        prepared(ntu, tmp_path / f"{topology}-{dtype}", topology=topology, dtype=dtype)[1].hashes
        for topology, dtype in ((None, "float32"), ("kinect_v1", "float32"), (None, "float16"))
    ]
    assert np.count_nonzero(hashes[0]) == len(hashes[0])
    for other in hashes[1:]:
        np.testing.assert_array_equal(other, hashes[0])


def test_conversion_leaves_bad_clips_to_be_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clip of another number of joints cannot be converted; it is named, not a crash."""
    clips = make_clips(3, 3, 1, 0, twenty_joints())
    clips[1] = replace(clips[1], frames=clips[1].frames[:, :, :7])

    def odd(path: Path) -> Recordings:
        return tiny_recordings(clips=[*clips, Skipped("x", "cut")], topology=twenty_joints())

    monkeypatch.setitem(READERS, "odd", odd)
    said, store = prepared(tmp_path, tmp_path / "s", reader="odd", topology="kinect_v2")
    assert len(store.clips()) == 2
    assert any(line.startswith("  clip001: expected frames of shape") for line in said)


def test_segments_and_times_survive_a_conversion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make_long(make_clips(8, 2, 2, 0, KINECT_V2), 2, uneven=True)

    def long(path: Path) -> Recordings:
        return tiny_recordings(clips=whole, topology=KINECT_V2)

    monkeypatch.setitem(READERS, "long", long)
    _, kept = prepared(tmp_path, tmp_path / "a", reader="long")
    _, made = prepared(tmp_path, tmp_path / "b", reader="long", topology="kinect_v1")
    for column in ("recordings", "starts", "stops", "labels", "names"):
        assert getattr(made.segments, column).tolist() == getattr(kept.segments, column).tolist()
    assert made.times is not None
    np.testing.assert_array_equal(made.times, kept.times)


@pytest.mark.parametrize("reader", readers())
def test_every_reader_explains_unknown_options_in_one_line(reader: str, tmp_path: Path) -> None:
    path = None if reader == "synthetic" else tmp_path
    config = PrepareConfig(reader=reader, path=path, out=tmp_path / "s", options={"colour": "red"})
    with pytest.raises(EdgcnError, match=f"reader '{reader}': .*'colour'.*; it has ") as caught:
        open_recordings(config)
    assert "\n" not in str(caught.value)


def options(reader: str, path: Path | None, **given: str) -> Recordings:
    config = PrepareConfig(reader=reader, path=path, out=Path("s"), options=given)
    return open_recordings(config)


def test_options_get_the_type_the_reader_asks_for(ntu: Path, tmp_path: Path) -> None:
    assert options("ntu", ntu, max_bodies="1").bodies == 1
    assert options("clips_npz", tiny_file(tmp_path / "a.npz"), dims="2").dims == 2
    write_smg(tmp_path / "smg", 1, person(np.random.default_rng(0), 5), [(1, 1, 4)])
    read = options("smg", tmp_path / "smg", first_frame="0")
    (recording,) = read.recordings
    assert isinstance(recording, Recording)
    assert (recording.segments[0].start, recording.segments[0].stop) == (1, 5)
    assert options("synthetic", None, kind="2d", clips="3").total == 3


@pytest.mark.parametrize(
    ("reader", "given", "message"),
    [
        ("ntu", {"max_bodies": "two"}, "max_bodies: Input should be a valid integer"),
        ("clips_npz", {"dims": "4"}, "dims: Input should be 2 or 3"),
        ("synthetic", {"kind": "4d"}, "kind: Input should be '3d' or '2d'"),
        ("synthetic", {"clips": "x", "seed": "y"}, "clips: .*; seed: "),
        ("synthetic", {"clips": "0"}, "expected clips of at least 1, got 0"),
        ("pyskl", {"topology": "kinect"}, "no topology is named 'kinect'"),
    ],
)
def test_options_of_another_type_are_refused(
    tmp_path: Path, reader: str, given: dict[str, str], message: str
) -> None:
    path = None if reader == "synthetic" else tmp_path
    with pytest.raises(EdgcnError, match=message) as caught:
        options(reader, path, **given)
    assert "\n" not in str(caught.value)


def test_a_topology_is_an_option_by_its_name() -> None:
    hint = READERS["pyskl"].__annotations__["topology"]
    for name, topology in TOPOLOGIES.items():
        assert from_text(name, hint) is topology
    assert from_text("kinect_v1", str) == "kinect_v1"


def test_a_reader_of_files_needs_a_path() -> None:
    with pytest.raises(EdgcnError, match="reader 'ntu' needs the path"):
        options("ntu", None)


def test_info_counts_and_draws(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=24, classes=3, subjects=4)
    text = shown(store)
    assert "24 clips, 3 classes, 4 subjects" in text
    assert "note: made for tests" in text
    assert text.count(" 8  33.3") == 3
    assert text.count(" 6  25.0") == 4
    assert "split 'people': 18 training clips, 6 test clips" in text
    assert "missing joints: 0.00 %" in text
    assert (store.path / "contact_sheet.png").read_bytes()[:4] == b"\x89PNG"
    elsewhere = tmp_path / "sheet.png"
    config = InfoConfig(store=store.path, figure=elsewhere)
    assert info(config, say=lambda _: None) == elsewhere
    assert elsewhere.stat().st_size > 1000


def test_info_of_clips_without_labels_or_subjects(tmp_path: Path) -> None:
    clips = [
        replace(clip, segments=(replace(clip.segments[0], label=-1),), subject="", split="")
        for clip in make_clips(5, 3, 2, 0, tiny_topology())
    ]
    text = shown(tiny_store(tmp_path, clips=clips, classes=0, splits={}))
    assert "5 clips, 0 classes, 0 subjects" in text
    assert "(unlabelled)  " in text
    assert "(none)  " in text
    assert "split 'subject' needs clips of two subjects" in text


def test_info_of_recordings_in_which_nothing_is_annotated(tmp_path: Path) -> None:
    whole = make_long(make_clips(6, 3, 2, 0, tiny_topology()), 3)
    bare = [replace(recording, segments=()) for recording in whole]
    text = shown(tiny_store(tmp_path, clips=bare, classes=0))
    assert "0 clips, 0 classes, 2 subjects, in 2 recordings" in text
    assert (tmp_path / "tiny" / "contact_sheet.png").stat().st_size > 1000


def test_a_store_that_cannot_be_written_to_is_shown_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, said = tiny_store(tmp_path), list[str]()

    def refused(*_: object, **__: object) -> Path:
        raise OSError(errno.EROFS, "Read-only file system", "contact_sheet.png")

    monkeypatch.setattr("edgcn.commands.info.contact_sheet", refused)
    assert info(InfoConfig(store=store.path), say=said.append) is None
    assert "missing joints: 0.00 %" in "\n".join(said)
    assert "no contact sheet: contact_sheet.png: Read-only file system; choose a place" in said[-1]
    assert command(InfoConfig(store=store.path)).startswith("next: ")
    with pytest.raises(OSError, match="Read-only"):  # where a place was asked for
        info(InfoConfig(store=store.path, figure=tmp_path / "sheet.png"), say=said.append)


def test_clips_that_train_and_test_are_named(tmp_path: Path) -> None:
    clips = make_clips(6, 2, 2, 0, tiny_topology())
    again = [replace(clip, subject="s3", name=f"{clip.name}b") for clip in clips[:2]]
    rule = {"people": SplitRule("subject", test=("s3",))}
    text = shown(tiny_store(tmp_path, clips=[*clips, *again], splits=rule))
    assert "check: 2 of 2 test clips have frames that training clips have, too: clip000b" in text
    assert "check: 2 clips with the same frames as another, 2 under several subjects" in text


def test_labels_that_say_nothing_are_named_and_left_out_where_asked(tmp_path: Path) -> None:
    path = tiny_file(tmp_path / "clips.npz", clips=12, classes=3, subjects=2)
    arrays = dict(np.load(path))
    np.savez(path, **arrays | {"classes": np.array(["rub", "no gesture", "idle"])})
    said, store = prepared(path, tmp_path / "all", reader="clips_npz")
    assert any("'no gesture' (4 clips), 'idle' (4 clips)" in line for line in said)
    assert any("`--leave-out 'no gesture' idle` takes the label off" in line for line in said)
    assert len(store.clips()) == 12
    said, store = prepared(
        path, tmp_path / "some", reader="clips_npz", leave_out=("No Gesture", "idle")
    )
    assert "clips of 'idle', 'no gesture' are kept without a label, as was asked for" in said
    assert store.classes == ("rub",)
    assert store.clips().labels.tolist() == [0, -1, -1] * 4
    with pytest.raises(EdgcnError, match=r"no label is 'idel'.*did you mean 'idle'"):
        prepared(path, tmp_path / "x", reader="clips_npz", leave_out=("idel",))


def test_events_of_nothing_are_background_where_asked(tmp_path: Path) -> None:
    path = tiny_file(tmp_path / "clips.npz", clips=2, classes=2, subjects=2)
    table = tmp_path / "coded.csv"
    table.write_text("recording,label,start_s,end_s\nclip000,rub,0,0.1\nclip001,None,0,0.1\n")
    read = read_events([table])
    assert "`--options leave_out 'None'` makes it background" in read.notes[-1]
    assert [r.label for r in read_events([table], settings={"leave_out": "none"}).rows] == ["rub"]
    values = {"reader": "clips_npz", "annotations": (table,)}
    said, store = prepared(path, tmp_path / "all", **values)
    assert [
        line for line in said if "says that nothing happens" in line or "leave_out" in line
    ] == [
        "check: 1 class whose name says that nothing happens count as any other: 'None' (1 clip); "
        "`--leave-out None` takes the label off"
    ]
    said, store = prepared(path, tmp_path / "some", leave_out=("none",), **values)
    assert store.classes == ("rub",)
    assert (len(store.recordings), len(store.clips())) == (2, 1)
    assert any(line.startswith("left out 1 event of 'None'") for line in said)
