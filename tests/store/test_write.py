"""Writing a store: what goes in comes out, and nothing is ever half there."""

import errno
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from edgcn.base import files, rename
from edgcn.base.errors import EdgcnError
from edgcn.skeleton.recording import Recording, Recordings, Segment, Skipped, frame_hashes
from edgcn.store import growing, open_store, write_store
from edgcn.store.sources import checksum
from helpers import long_store, make_clips, make_long, tiny_recordings, tiny_store, tiny_topology

JOINTS = len(tiny_topology())


def clips(count: int = 4) -> list[Recording]:
    return make_clips(count, 3, 2, 0, tiny_topology())


def forced(recording: Recording, **fields: Any) -> Recording:
    """A recording that would be refused where annotations are checked, as they are here."""
    changed = replace(recording)
    for name, value in fields.items():
        object.__setattr__(changed, name, value)
    return changed


# What goes in comes out


def test_every_field_makes_the_round_trip(tmp_path: Path) -> None:
    recordings = tiny_recordings(bodies=2, dims=2, units="px")
    store = tiny_store(tmp_path, bodies=2, dims=2, units="px")
    assert store.topology == recordings.topology
    assert store.classes == recordings.classes
    assert (store.fps, store.units, store.dims, store.bodies) == (25.0, "px", 2, 2)
    assert (store.note, store.rules) == (recordings.note, recordings.splits)
    assert store.metadata["reader"] == "tiny"
    assert store.trimmed
    made, view = list(recordings.recordings), store.clips()
    assert len(view) == len(store.recordings) == len(made)
    for row, given in enumerate(made):
        assert isinstance(given, Recording)
        kept = store.recording(row)
        np.testing.assert_array_equal(kept.frames, given.frames)
        assert (kept.name, kept.subject, kept.camera) == (given.name, given.subject, given.camera)
        assert (kept.condition, kept.split) == (given.condition, given.split)
        assert kept.segments == given.segments
        assert (kept.fps, kept.start, kept.times, kept.scores) == (25.0, 0.0, None, None)
        np.testing.assert_array_equal(view.clip(row), given.frames)
        columns = (view.names, view.subjects, view.cameras, view.conditions, view.tags)
        assert [str(column[row]) for column in columns] == [
            given.name, given.subject, given.camera, given.condition, given.split
        ]  # fmt: skip
        assert view.labels[row] == given.segments[0].label
        assert view.lengths[row] == len(given.frames)


@pytest.mark.parametrize("uneven", [False, True])
def test_long_recordings_make_the_round_trip(tmp_path: Path, uneven: bool) -> None:
    whole = make_long(clips(12), 3, uneven=uneven)
    rng = np.random.default_rng(0)
    whole[1] = replace(whole[1], scores=rng.random(whole[1].frames.shape[:3], dtype=np.float32))
    whole[2] = replace(whole[2], segments=(), fps=50.0, times=None)
    whole[3] = replace(
        whole[3],
        segments=(Segment(2, 9, 1, person="guest"), Segment(5, 12, -1, "free", condition="x")),
    )
    write_store(tiny_recordings(clips=whole), tmp_path / "s")
    store = open_store(tmp_path / "s")
    assert not store.trimmed
    for row, given in enumerate(whole):
        kept = store.recording(given.name)
        np.testing.assert_array_equal(kept.frames, given.frames)
        assert (kept.segments, kept.start) == (given.segments, given.start)
        assert kept.fps == (given.fps or 25.0)
        if uneven:
            even = np.arange(len(given.frames)) / kept.fps
            np.testing.assert_array_equal(kept.times, even if row == 2 else given.times)
        else:
            assert kept.times is None
        scores = np.ones(given.frames.shape[:3]) if given.scores is None else given.scores
        assert kept.scores is not None
        assert np.abs(kept.scores - scores).max() < 1e-3
        np.testing.assert_array_equal(kept.hashes, frame_hashes(given.frames, dims=3))
    view = store.clips()
    of_last = view.recordings == 3
    assert view.names[of_last].tolist() == [whole[3].name, "free"]
    assert view.subjects[of_last].tolist() == ["guest", whole[3].subject]
    assert view.conditions[of_last].tolist() == [whole[3].condition, "x"]
    assert not (view.recordings == 2).any()


def test_a_recording_is_found_by_its_name_or_its_row(tmp_path: Path) -> None:
    made = clips(4)
    made[3] = replace(made[3], name="clip001")
    write_store(tiny_recordings(clips=made), tmp_path / "s")
    store = open_store(tmp_path / "s")
    assert store.recording("clip002").name == store.recording(-2).name == "clip002"
    with pytest.raises(EdgcnError, match=r"2 recordings are named 'clip001' in .*give its row"):
        store.recording("clip001")
    with pytest.raises(EdgcnError, match=r"no recording is named 'clip02' .*mean 'clip002'"):
        store.recording("clip02")
    with pytest.raises(EdgcnError, match="there is no recording 4"):
        store.recording(4)


def test_fewer_bodies_are_padded_with_zeros(tmp_path: Path) -> None:
    one = clips(2)
    write_store(tiny_recordings(bodies=2, clips=one), tmp_path / "s")
    store = open_store(tmp_path / "s")
    stored = store.clips().clip(0)
    np.testing.assert_array_equal(stored[:, :1], one[0].frames)
    assert not stored[:, 1].any()
    hashes = np.concatenate([frame_hashes(clip.frames, dims=3) for clip in one])
    np.testing.assert_array_equal(store.hashes, hashes)


def test_scores_are_kept_and_bodies_without_any_have_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    plain, scored = clips(2)
    own = rng.random(scored.frames.shape[:3], dtype=np.float32)
    both = [plain, replace(scored, scores=own), plain]
    write_store(tiny_recordings(bodies=2, clips=both), tmp_path / "s")
    scores = open_store(tmp_path / "s").scores
    assert scores is not None
    first = len(plain.frames)
    np.testing.assert_array_equal(scores[:first, 0], 1)  # no detector: sure of all it gave
    np.testing.assert_allclose(scores[first : first + len(own), 0], own[:, 0], atol=1e-3)
    np.testing.assert_array_equal(scores[first + len(own) :, 0], 1)
    assert not scores[:, 1].any()


def test_there_are_no_files_of_what_no_recording_has(tmp_path: Path) -> None:
    store = tiny_store(tmp_path)
    assert store.scores is None
    assert store.times is None
    assert {path.name for path in store.path.iterdir()} == {
        "frames.npy", "hashes.npy", "recordings.npz", "segments.npz", "store.json"
    }  # fmt: skip


def test_hashes_that_come_with_a_recording_are_kept(tmp_path: Path) -> None:
    """A reader's frames may have been converted since."""
    own = [replace(clip, hashes=np.arange(len(clip.frames), dtype=np.uint64)) for clip in clips(2)]
    write_store(tiny_recordings(clips=own), tmp_path / "s")
    store = open_store(tmp_path / "s")
    for row, clip in enumerate(own):
        np.testing.assert_array_equal(store.clips().hashes_of(np.array([row])), clip.hashes)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_plain_numpy_reads_the_files(tmp_path: Path, dtype: str) -> None:
    made = clips(5)
    write_store(tiny_recordings(clips=made), tmp_path / "s", dtype=dtype)
    frames = np.load(tmp_path / "s" / "frames.npy", allow_pickle=False)
    assert frames.dtype == dtype
    whole = np.concatenate([clip.frames for clip in made])
    np.testing.assert_array_equal(frames, whole.astype(dtype))
    hashes = np.load(tmp_path / "s" / "hashes.npy", allow_pickle=False)
    np.testing.assert_array_equal(hashes, frame_hashes(whole, dims=3))
    with np.load(tmp_path / "s" / "recordings.npz", allow_pickle=False) as table:
        assert set(table) == {
            "names", "subjects", "cameras", "conditions", "splits", "offsets", "lengths", "fps",
            "starts",
        }  # fmt: skip
        assert table["lengths"].sum() == len(frames)
    with np.load(tmp_path / "s" / "segments.npz", allow_pickle=False) as table:
        assert set(table) == {
            "recordings", "starts", "stops", "labels", "names", "persons", "conditions"
        }  # fmt: skip


def test_float16_halves_the_file_and_keeps_millimeters(tmp_path: Path) -> None:
    whole, half = tiny_store(tmp_path, name="whole"), tmp_path / "half"
    write_store(tiny_recordings(), half, dtype="float16")
    rows = np.arange(len(whole.clips()))
    batch = open_store(half).clips().batch(rows, 9)
    assert batch.dtype == torch.float32
    assert (batch - whole.clips().batch(rows, 9)).abs().max() < 2e-3
    sizes = [(folder / "frames.npy").stat().st_size - 128 for folder in (whole.path, half)]
    assert sizes[0] == 2 * sizes[1]


def test_numbers_too_large_for_float16_are_skipped_not_made_infinite(tmp_path: Path) -> None:
    made = clips(3)
    made[1] = replace(made[1], frames=made[1].frames + 70000)
    skipped = write_store(tiny_recordings(clips=made), tmp_path / "s", dtype="float16")
    assert [item.path for item in skipped] == ["clip001"]
    assert "too large for float16" in skipped[0].reason
    assert not write_store(tiny_recordings(clips=made), tmp_path / "t")


# All or nothing


def listing(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"folder"
        for path in folder.rglob("*")
    }


def breaking(recordings: Recordings, error: BaseException) -> Recordings:
    """The same data set with a reader that fails after a few recordings."""

    def some() -> Iterator[Recording | Skipped]:
        yield from list(recordings.recordings)[:3]
        raise error

    return replace(recordings, recordings=some())


@pytest.mark.parametrize("error", [RuntimeError("bug"), EdgcnError("bad"), KeyboardInterrupt()])
@pytest.mark.parametrize("existing", [False, True])
def test_a_reader_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, error: BaseException, existing: bool
) -> None:
    if existing:
        tiny_store(tmp_path)
    before = listing(tmp_path)
    with pytest.raises(type(error)):
        write_store(breaking(tiny_recordings(seed=1), error), tmp_path / "tiny", overwrite=True)
    assert listing(tmp_path) == before


def test_overwrite_is_refused_unless_asked_for(tmp_path: Path) -> None:
    store = tiny_store(tmp_path)
    before = listing(tmp_path)
    with pytest.raises(EdgcnError, match=r"exists already; .* --overwrite"):
        write_store(tiny_recordings(seed=1), store.path)
    assert listing(tmp_path) == before
    write_store(tiny_recordings(seed=1), store.path, overwrite=True)
    assert open_store(store.path).fingerprint == tiny_store(tmp_path, name="x", seed=1).fingerprint
    assert {path.name for path in tmp_path.iterdir()} == {"tiny", "x"}


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_not_a_store_is_never_overwritten(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "home"
    if kind == "folder":
        out.mkdir()
        (out / "letter.txt").write_text("dear")
    else:
        out.write_text("dear")
    before = listing(tmp_path)
    with pytest.raises(EdgcnError, match="is not a store"):
        write_store(tiny_recordings(), out, overwrite=True)
    assert listing(tmp_path) == before


def test_the_earlier_store_stays_until_the_new_one_is_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tiny_store(tmp_path)
    before, renamed = listing(tmp_path), Path.rename

    def fails_for_the_new_one(self: Path, target: Path) -> Path:
        if self.name.startswith("."):
            raise OSError(errno.EACCES, "Permission denied")
        return renamed(self, target)

    monkeypatch.setattr(rename, "_swapped", lambda *_: False)  # as on systems that cannot
    monkeypatch.setattr(Path, "rename", fails_for_the_new_one)
    with pytest.raises(EdgcnError, match="Permission denied"):
        write_store(tiny_recordings(seed=1), store.path, overwrite=True)
    assert listing(tmp_path) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("when", ["frames", "tables"])
def test_a_full_disk_is_one_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, when: str
) -> None:
    tiny_store(tmp_path)
    before = listing(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(number, "No space left on device")

    if when == "frames":
        monkeypatch.setattr(growing.Growing, "append", full)
    else:
        monkeypatch.setattr(np, "savez", full)
    with pytest.raises(
        EdgcnError, match="No space left on device; nothing of the new store was kept"
    ):
        write_store(tiny_recordings(seed=1), tmp_path / "tiny", overwrite=True)
    with pytest.raises(EdgcnError):
        write_store(tiny_recordings(seed=1), tmp_path / "new")
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "denied"), OSError(errno.EROFS, "read-only")]
)
def test_a_folder_that_may_not_be_written_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    def refused(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(files, "locked", refused)  # chmod would not stop an administrator
    with pytest.raises(EdgcnError, match=f"cannot write .*s: {error.strerror}"):
        write_store(tiny_recordings(), tmp_path / "s")
    assert not listing(tmp_path)


def test_a_store_cannot_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(EdgcnError, match="cannot write"):
        write_store(tiny_recordings(), tmp_path / "file" / "s")


# What cannot be used


def segment(recording: Recording, **fields: Any) -> Recording:
    """The recording with its one segment changed."""
    return replace(recording, segments=(replace(recording.segments[0], **fields),))


def times(recording: Recording, change: Callable[[np.ndarray], None]) -> Recording:
    own = np.arange(len(recording.frames), dtype=np.float64)
    change(own)
    return replace(recording, times=own)


def back(own: np.ndarray) -> None:
    own[2] = own[1]


def lost(own: np.ndarray) -> None:
    own[0] = np.nan


BAD: dict[str, tuple[Callable[[Recording], Recording], str]] = {
    "nobody": (lambda c: replace(c, frames=0 * c.frames), "nobody is seen"),
    "only NaN": (lambda c: replace(c, frames=c.frames - np.nan), "nobody is seen"),
    "no frames": (lambda c: replace(c, frames=c.frames[:0]), "has no frames"),
    "joints": (lambda c: replace(c, frames=c.frames[:, :, :4]), r"\(T, M, 5, 3\)"),
    "channels": (lambda c: replace(c, frames=c.frames[..., :2]), r"\(T, M, 5, 3\)"),
    "bodies": (lambda c: replace(c, frames=c.frames.repeat(3, axis=1)), "3 bodies"),
    "class": (lambda c: segment(c, label=3), r"class 3 is unknown; expected 0\.\.2"),
    "negative class": (lambda c: segment(c, label=-2), "class -2 is unknown"),
    "cut": (lambda c: replace(c, frames=c.frames[:-1]), "segment within the .* got frames 0 to"),
    "scores": (lambda c: forced(c, scores=np.ones((1, 1, 5), np.float32)), "scores of shape"),
    "times back": (lambda c: times(c, back), "times that increase, got 1 s at frame 2"),
    "times lost": (lambda c: times(c, lost), "times that increase, got nan s at frame 0"),
    "few times": (lambda c: forced(c, times=np.zeros(1)), "a time for each of .* frames"),
    "no rate": (lambda c: replace(c, fps=-1.0), "a frame rate above 0, got -1"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_clip_is_skipped_counted_and_named(tmp_path: Path, bad: str) -> None:
    change, reason = BAD[bad]
    made = clips(4)
    missing = Skipped("elsewhere", "known", known=True)
    items: list[Recording | Skipped] = [made[0], change(made[1]), missing, *made[2:]]
    skipped = write_store(tiny_recordings(clips=items), tmp_path / "s")
    assert [item.path for item in skipped] == ["clip001", "elsewhere"]
    store = open_store(tmp_path / "s")
    assert store.recordings.names.tolist() == ["clip000", "clip002", "clip003"]
    assert store.clips().names.tolist() == ["clip000", "clip002", "clip003"]
    assert store.trimmed
    listed = [
        Skipped(**item) for item in json.loads((store.path / "store.json").read_text())["skipped"]
    ]
    assert listed == skipped
    with pytest.raises(EdgcnError, match=reason):
        raise EdgcnError(skipped[0].reason)
    np.testing.assert_array_equal(store.clips().clip(1), made[2].frames)


@pytest.mark.parametrize(
    ("start", "stop", "label", "reason"),
    [
        (-1, 5, 0, "got frames -1 to 4"),
        (5, 5, 0, "got frames 5 to 4"),
        (5, 10_000, 0, "got frames 5 to 9999"),
        (0, 5, 3, "class 3 is unknown"),
    ],
)
def test_a_bad_segment_costs_only_itself(
    tmp_path: Path, start: int, stop: int, label: int, reason: str
) -> None:
    whole = make_long(clips(6), 3)
    bad = Segment(start, stop, label, "bad one")
    whole[0] = replace(whole[0], segments=(whole[0].segments[0], bad, *whole[0].segments[1:]))
    whole[1] = replace(whole[1], segments=(bad,))
    skipped = write_store(tiny_recordings(clips=whole), tmp_path / "s")
    assert [item.path for item in skipped] == ["bad one", "bad one"]
    assert all(reason in item.reason for item in skipped)
    store = open_store(tmp_path / "s")
    assert len(store.recordings) == len(whole)  # where nothing is annotated there still are frames
    assert store.clips().names.tolist() == ["clip000", "clip001", "clip002"]
    with pytest.raises(EdgcnError, match="--strict"):
        write_store(tiny_recordings(clips=whole), tmp_path / "t", strict=True)


def test_recordings_without_any_segment_are_a_store(tmp_path: Path) -> None:
    bare = [replace(whole, segments=()) for whole in make_long(clips(6), 3)]
    assert not write_store(tiny_recordings(clips=bare), tmp_path / "s")
    store = open_store(tmp_path / "s")
    assert (len(store.recordings), len(store.clips()), store.covered) == (2, 0, 0)
    assert not store.trimmed


def test_strict_stops_at_the_first_but_not_at_known_ones(tmp_path: Path) -> None:
    made = clips(3)
    known = Skipped("known.txt", "empty", known=True)
    write_store(tiny_recordings(clips=[known, *made]), tmp_path / "s", strict=True)
    bad = Skipped("bad.txt", "line 3: cut")
    items: list[Recording | Skipped] = [known, made[0], bad, made[1]]
    with pytest.raises(EdgcnError, match=r"bad\.txt: line 3: cut .*--strict"):
        write_store(tiny_recordings(clips=items), tmp_path / "t", strict=True)
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("items", [[], [Skipped("a.txt", "cut"), Skipped("b.txt", "cut")]])
def test_a_store_without_recordings_is_none(tmp_path: Path, items: list[Skipped]) -> None:
    with pytest.raises(
        EdgcnError, match="no usable recording" + (".*it skipped 2, .*a.txt: cut" if items else "")
    ):
        write_store(tiny_recordings(clips=items), tmp_path / "s")
    assert not listing(tmp_path)


def test_sources_are_summed_up(tmp_path: Path) -> None:
    files = [tmp_path / "one.txt", tmp_path / "two.txt"]
    for number, file in enumerate(files):
        file.write_text("x" * (number + 1))
    metadata = checksum(files)
    assert (metadata["files"], metadata["bytes"]) == (2, 3)
    assert checksum(files[::-1]) == metadata
    files[0].write_text("y")
    assert checksum(files)["sha256"] != metadata["sha256"]


def test_what_cannot_be_read_is_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader has skipped and named it; it must not cost what was read."""
    good, theirs = tmp_path / "one.txt", tmp_path / "theirs.txt"
    good.write_text("x")
    theirs.write_text("y")
    alone = checksum([good])
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/not/mounted")
    opened: Any = Path.open

    def refuse(path: Path, *how: str) -> Any:
        if path == theirs:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *how)

    monkeypatch.setattr(Path, "open", refuse)
    others = [tmp_path, tmp_path / "pipe", tmp_path / "link", tmp_path / "gone", theirs]
    assert checksum([good, *others]) == alone


def test_names_that_differ_in_spelling_only_are_noted(tmp_path: Path) -> None:
    made = clips()
    for clip, name in zip(made, ["P1", "p1", "P2", "P 1"], strict=True):
        object.__setattr__(clip, "subject", name)
    recordings = tiny_recordings(clips=made, note="mine")
    spelled = ("rub", "t\u00eate", "te\u0302te")
    write_store(replace(recordings, classes=spelled), tmp_path / "store")
    store = open_store(tmp_path / "store")
    assert store.note == (
        "mine; classes that differ in spelling only: 't\u00eate' and 'te\u0302te'; "
        "subjects that differ in spelling only: 'P 1' and 'P1' and 'p1'"
    )
    assert tiny_store(tmp_path, name="fine", note="").note == ""


def test_what_is_noted_of_recordings_is_in_the_note_of_the_store(tmp_path: Path) -> None:
    made = [replace(clip, note="half of it is dark") for clip in clips(7)]
    store = tiny_store(tmp_path, clips=[*made[:2], *clips(1)], note="")
    names = [clip.name for clip in made]
    assert store.note == f"{names[0]}: half of it is dark; {names[1]}: half of it is dark"
    store = tiny_store(tmp_path, name="many", clips=made, note="")
    assert store.note.count("half of it is dark") == 5
    assert store.note.endswith("; as much was noted of 2 more recordings")


# Opening


@pytest.mark.parametrize(
    "name", ["store.json", "recordings.npz", "segments.npz", "frames.npy", "hashes.npy"]
)
def test_a_folder_that_is_no_store(tmp_path: Path, name: str) -> None:
    store = tiny_store(tmp_path)
    (store.path / name).unlink()
    with pytest.raises(EdgcnError, match=rf"is not a store \({name} is missing\)"):
        open_store(store.path)


DAMAGE: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "cut json": ("store.json", lambda raw: raw[:100]),
    "other json": ("store.json", lambda raw: b"[]"),
    "no classes": ("store.json", lambda raw: raw.replace(b'"classes"', b'"klasses"')),
    "other format": ("store.json", lambda raw: raw.replace(b'"format": 3', b'"format": 2')),
    "cut recordings": ("recordings.npz", lambda raw: raw[:-200]),
    "cut segments": ("segments.npz", lambda raw: raw[:-200]),
    "cut frames": ("frames.npy", lambda raw: raw[:-12]),
    "empty frames": ("frames.npy", lambda raw: b""),
    "cut hashes": ("hashes.npy", lambda raw: raw[:-8]),
    "cut times": ("times.npy", lambda raw: raw[:-8]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_store_says_so(tmp_path: Path, damage: str) -> None:
    store = long_store(tmp_path, uneven=True)
    name, change = DAMAGE[damage]
    file = store.path / name
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(EdgcnError, match="damaged store"):
        open_store(store.path)


@pytest.mark.parametrize("name", ["frames", "hashes", "times"])
def test_files_of_other_lengths_are_no_store(tmp_path: Path, name: str) -> None:
    store = long_store(tmp_path, uneven=True)
    np.save(store.path / f"{name}.npy", np.load(store.path / f"{name}.npy")[:-1])
    with pytest.raises(EdgcnError, match=f"damaged store.*{name}.npy: expected .*, got"):
        open_store(store.path)


def rewritten(path: Path, **changes: Any) -> None:
    """A table of a store with columns changed, as a hand would."""
    with np.load(path) as file:
        members = {name: file[name] for name in file.files}
    np.savez(path, **members | {name: make(members[name]) for name, make in changes.items()})


def last(value: Any) -> Callable[[np.ndarray], np.ndarray]:
    return lambda column: np.array([*column[:-1], value], dtype=column.dtype)


EDITS: dict[str, tuple[str, str, Callable[[np.ndarray], np.ndarray]]] = {
    "label beyond": ("segments.npz", "labels", last(3)),
    "label below": ("segments.npz", "labels", last(-2)),
    "labels of floats": ("segments.npz", "labels", lambda column: column.astype(float)),
    "labels of another number": ("segments.npz", "labels", lambda column: column[:-1]),
    "recording beyond": ("segments.npz", "recordings", last(99)),
    "recording below": ("segments.npz", "recordings", last(-1)),
    "recordings out of order": ("segments.npz", "recordings", lambda column: column[::-1]),
    "end before start": ("segments.npz", "stops", last(0)),
    "end beyond": ("segments.npz", "stops", last(10_000)),
    "start below": ("segments.npz", "starts", last(-1)),
    "names of numbers": ("segments.npz", "names", lambda column: np.arange(len(column))),
    "offset": ("recordings.npz", "offsets", last(0)),
    "no frames": ("recordings.npz", "lengths", last(0)),
    "more frames": ("recordings.npz", "lengths", lambda column: column + 1),
    "rate": ("recordings.npz", "fps", last(0.0)),
    "start in no time": ("recordings.npz", "starts", last(np.nan)),
    "subjects in rows": ("recordings.npz", "subjects", lambda column: column[:, None]),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_table_is_refused_by_file_and_field(tmp_path: Path, edit: str) -> None:
    name, column, change = EDITS[edit]
    store = long_store(tmp_path)
    rewritten(store.path / name, **{column: change})
    where = f"{name}: .*{column}" if edit != "more frames" else r"recordings.npz: offsets"
    with pytest.raises(EdgcnError, match=rf"damaged store.*\({where}.*expected .*, got"):
        open_store(store.path)


METADATA: dict[str, Any] = {
    "classes": ["a", "a", "b"], "fps": -1, "units": "inches", "dims": 4, "bodies": 0,
    "topology": {}, "splits": {"x": {"by": "shoe", "train": [], "test": []}}, "skipped": [1],
    "note": 3, "health": None, "files": {"frames.npy": 1}, "sources": {},
}  # fmt: skip


@pytest.mark.parametrize("field", METADATA)
def test_edited_metadata_are_refused_by_field(tmp_path: Path, field: str) -> None:
    path = tiny_store(tmp_path).path / "store.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: METADATA[field]}))
    with pytest.raises(EdgcnError, match=rf"store.json: {field}: expected .*, got"):
        open_store(path.parent)


def test_edits_that_make_sense_are_refused_as_well(tmp_path: Path) -> None:
    """Labels in another order and classes of other names would give wrong scores in silence."""
    store = tiny_store(tmp_path)
    rewritten(store.path / "segments.npz", labels=lambda column: column[::-1].copy())
    with pytest.raises(EdgcnError, match=r"segments\.npz is not as it was written"):
        open_store(store.path)
    path = tiny_store(tmp_path, name="b").path / "store.json"
    found = json.loads(path.read_text())
    path.write_text(json.dumps(found | {"classes": found["classes"][::-1]}))
    with pytest.raises(EdgcnError, match=r"store\.json is not as it was written"):
        open_store(path.parent)


@pytest.mark.parametrize("name", ["frames", "hashes", "times"])
def test_one_changed_number_is_found_before_it_counts(tmp_path: Path, name: str) -> None:
    store = long_store(tmp_path, uneven=True)
    values = np.load(store.path / f"{name}.npy")
    values.reshape(-1)[-1] += 1
    np.save(store.path / f"{name}.npy", values)
    with pytest.raises(EdgcnError, match=f"{name}.npy is not as it was written"):
        _ = open_store(store.path).fingerprint


def test_classes_of_one_name_are_refused(tmp_path: Path) -> None:
    made = tiny_recordings(classes=3)
    with pytest.raises(EdgcnError, match="different names, got several called 'a'"):
        write_store(replace(made, classes=("a", "b", "a")), tmp_path / "s")


def test_a_store_may_be_given_as_a_path(tmp_path: Path) -> None:
    store = tiny_store(tmp_path)
    assert open_store(store).fingerprint == store.fingerprint
    assert str(store) == str(store.path)
