"""The store: what goes in comes out, batches interpolate, and nothing is ever half there."""

import errno
import json
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edgcn.base.errors import EdgcnError
from edgcn.skeleton.recording import Clip, Recordings, Skipped
from edgcn.store import Store, open_store, read, write, write_store
from helpers import make_clips, tiny_recordings, tiny_store, tiny_topology
from reference.resample import positions, resample_clip

JOINTS = len(tiny_topology())


def with_gaps(clips: list[Clip], rng: np.random.Generator) -> list[Clip]:
    """The same clips with joints missing here and there, and one never seen."""
    holed = []
    for clip in clips:
        frames = clip.frames * (rng.random(clip.frames.shape[:3]) > 0.3)[..., None]
        frames[:, :, 2] = 0
        holed.append(replace(clip, frames=frames.astype(np.float32)))
    return holed


def cut(clip: Clip, frames: int) -> Clip:
    return replace(clip, frames=clip.frames[:frames])


@pytest.fixture(scope="module")
def ragged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, list[Clip]]:
    """Two bodies, missing joints, lengths from 1 up."""
    rng = np.random.default_rng(3)
    clips = with_gaps(make_clips(14, 3, 2, 5, tiny_topology(), bodies=2), rng)
    clips[0], clips[1] = cut(clips[0], 1), cut(clips[1], 2)
    folder = tmp_path_factory.mktemp("ragged") / "store"
    write_store(tiny_recordings(bodies=2, clips=clips), folder)
    return open_store(folder), clips


def as_clips(frames: np.ndarray) -> np.ndarray:
    return frames.transpose(3, 0, 2, 1)


# What goes in comes out


@pytest.mark.parametrize("length", range(1, 80))
def test_as_many_frames_as_there_are_gives_the_clip_itself(tmp_path: Path, length: int):
    rng = np.random.default_rng(length)
    frames = rng.normal(size=(length, 1, JOINTS, 3)).astype(np.float32)
    frames[rng.random(frames.shape[:3]) < 0.5] = 0  # exactly on a missing frame it stays missing
    write_store(tiny_recordings(clips=[Clip(frames, "one")]), tmp_path / "s")
    store = open_store(tmp_path / "s")
    np.testing.assert_array_equal(store.batch(np.array([0]), length)[0], as_clips(frames))
    np.testing.assert_array_equal(store.clip(0), frames)


def test_every_field_makes_the_round_trip(tmp_path: Path):
    recordings = tiny_recordings(bodies=2, dims=2, units="px")
    clips = list(recordings.clips)
    store = tiny_store(tmp_path, bodies=2, dims=2, units="px")
    assert store.topology == recordings.topology
    assert store.classes == recordings.classes
    assert (store.fps, store.units, store.dims, store.bodies) == (25.0, "px", 2, 2)
    assert (store.note, store.rules) == (recordings.note, recordings.splits)
    assert store.about["reader"] == "tiny"
    assert len(store) == len(clips)
    columns = {
        "name": store.names,
        "label": store.labels,
        "subject": store.subjects,
        "camera": store.cameras,
        "condition": store.conditions,
        "split": store.tags,
    }
    for row, clip in enumerate(clips):
        for field, column in columns.items():
            assert column[row] == getattr(clip, field)
        np.testing.assert_array_equal(store.clip(row), clip.frames)
        assert store.lengths[row] == len(clip.frames)


def test_fewer_bodies_are_padded_with_zeros(tmp_path: Path):
    one = make_clips(2, 2, 1, 0, tiny_topology())
    write_store(tiny_recordings(bodies=2, clips=one), tmp_path / "s")
    stored = open_store(tmp_path / "s").clip(0)
    np.testing.assert_array_equal(stored[:, :1], one[0].frames)
    assert not stored[:, 1].any()


def test_scores_are_kept_and_bodies_without_any_have_none(tmp_path: Path):
    rng = np.random.default_rng(0)
    plain, scored = make_clips(2, 2, 1, 0, tiny_topology())
    scored = replace(scored, scores=rng.random(scored.frames.shape[:3], dtype=np.float32))
    write_store(tiny_recordings(bodies=2, clips=[plain, scored]), tmp_path / "s")
    scores = open_store(tmp_path / "s").scores
    assert scores is not None
    first = len(plain.frames)
    np.testing.assert_array_equal(scores[:first, 0], 1)  # no detector: sure of all it gave
    np.testing.assert_allclose(scores[first:, 0], scored.scores[:, 0], atol=1e-3)
    assert not scores[:, 1].any()


def test_without_scores_there_is_no_file_of_them(tmp_path: Path):
    store = tiny_store(tmp_path)
    assert store.scores is None
    assert {path.name for path in store.path.iterdir()} == {
        "frames.npy",
        "index.npz",
        "store.json",
    }


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_plain_numpy_reads_the_frames(tmp_path: Path, dtype: str):
    recordings = tiny_recordings()
    write_store(recordings, tmp_path / "s", dtype=dtype)
    frames = np.load(tmp_path / "s" / "frames.npy", allow_pickle=False)
    assert frames.dtype == dtype
    whole = np.concatenate([clip.frames for clip in recordings.clips])
    np.testing.assert_array_equal(frames, whole.astype(dtype))
    with np.load(tmp_path / "s" / "index.npz", allow_pickle=False) as index:
        assert index["lengths"].sum() == len(frames)


def test_float16_halves_the_file_and_keeps_millimetres(tmp_path: Path):
    whole, half = tiny_store(tmp_path, name="whole"), tmp_path / "half"
    write_store(tiny_recordings(), half, dtype="float16")
    rows = np.arange(len(whole))
    batch = open_store(half).batch(rows, 9)
    assert batch.dtype == torch.float32
    assert (batch - whole.batch(rows, 9)).abs().max() < 2e-3
    sizes = [(folder / "frames.npy").stat().st_size - 128 for folder in (whole.path, half)]
    assert sizes[0] == 2 * sizes[1]


def test_numbers_too_large_for_float16_are_skipped_not_made_infinite(tmp_path: Path):
    clips = make_clips(3, 3, 1, 0, tiny_topology())
    clips[1] = replace(clips[1], frames=clips[1].frames + 70000)
    skipped = write_store(tiny_recordings(clips=clips), tmp_path / "s", dtype="float16")
    assert [item.path for item in skipped] == ["clip001"]
    assert "too large for float16" in skipped[0].reason
    assert not write_store(tiny_recordings(clips=clips), tmp_path / "t")


# Batches


@settings(max_examples=40, deadline=None)
@given(
    frames=st.integers(1, 30),
    crops=st.lists(st.tuples(st.integers(0, 16), st.integers(0, 16)), min_size=14, max_size=14),
    held=st.booleans(),
)
def test_a_batch_is_the_obvious_interpolation(ragged, frames: int, crops, held: bool):
    store, clips = ragged
    store.held = None
    if held:
        store.hold("cpu")
    bounds = [sorted((Fraction(a, 16), Fraction(b, 16))) for a, b in crops]
    crop = torch.tensor([[float(a), float(b)] for a, b in bounds])
    rows = np.arange(len(clips))[::-1].copy()
    batch = store.batch(rows, frames, crop).numpy()
    for number, row in enumerate(rows):
        at = positions(len(clips[row].frames) - 1, frames, *bounds[number])
        slow = resample_clip(clips[row].frames, at, dims=3)
        # On a frame or a rounding error beside it: for a joint missing there that is a difference.
        # Whole clips, where it matters, have a test of their own.
        sure = [t for t, position in enumerate(at) if position.denominator > 1]
        np.testing.assert_allclose(batch[number][:, sure], slow[:, sure], atol=2e-5)
        same = (batch[number] != 0) == (slow != 0)
        np.testing.assert_allclose(batch[number][same], slow[same], atol=2e-5)


def test_whole_clips_are_the_default_crop(ragged):
    store, clips = ragged
    rows = np.arange(len(clips))
    whole = torch.tensor([[0.0, 1.0]]).expand(len(clips), 2)
    torch.testing.assert_close(store.batch(rows, 11), store.batch(rows, 11, whole))


def test_a_clip_of_one_frame_is_repeated(ragged):
    store, clips = ragged
    batch = store.batch(np.array([0]), 6)
    expected = as_clips(clips[0].frames).repeat(6, axis=1)
    np.testing.assert_array_equal(batch[0], expected)


def test_held_frames_and_the_memory_map_give_the_same(ragged):
    store, clips = ragged
    rows = np.arange(len(clips))
    store.held = None
    mapped = store.batch(rows, 13)
    store.hold(torch.device("cpu"))
    assert torch.equal(store.batch(rows, 13), mapped)


def test_frames_travel_to_a_device_in_parts(tmp_path: Path, monkeypatch):
    store = tiny_store(tmp_path, bodies=2)
    rows = np.arange(len(store))
    mapped = store.batch(rows, 13)
    monkeypatch.setattr(read, "PART", 7)
    store.hold("cpu")
    assert torch.equal(store.batch(rows, 13), mapped)


@pytest.mark.parametrize(("free", "fits"), [(4, True), (2, False)])
def test_a_gpu_holds_what_fits_three_times_and_a_cpu_nothing(
    tmp_path: Path, monkeypatch, free: int, fits: bool
):
    store = tiny_store(tmp_path)
    size = store.frames.nbytes
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free * size, 100 * size))
    held: list[torch.device] = []
    monkeypatch.setattr(store, "hold", held.append)
    gpu = torch.device("cuda", 0)
    assert store.hold_if_it_fits(gpu) is fits
    assert not store.hold_if_it_fits(torch.device("cpu"))
    assert held == [gpu] * fits


def test_reading_the_whole_store_does_not_keep_it_in_memory(tmp_path: Path):
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("this system does not tell what is in memory: there is no /proc")

    def mapped_kilobytes() -> int:
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("RssFile"))
        return int(line.split()[1])

    frames = np.ones((20_000, 1, JOINTS, 3), dtype=np.float32)
    write_store(tiny_recordings(clips=[Clip(frames, str(i)) for i in range(20)]), tmp_path / "s")
    store = open_store(tmp_path / "s")
    store.batch(np.array([0]), 16)
    before = mapped_kilobytes()
    for row in range(20):
        store.batch(np.array([row]), 16)
    assert mapped_kilobytes() - before < store.frames.nbytes / 1024 / 20


def test_an_open_store_keeps_its_clips_when_it_is_made_again(tmp_path: Path):
    store = tiny_store(tmp_path)
    rows = np.arange(len(store))
    before = store.batch(rows, 5)
    write_store(tiny_recordings(seed=1, clips=3), store.path, overwrite=True)
    assert torch.equal(store.batch(rows, 5), before)


def test_no_rows_are_an_empty_batch(ragged):
    store, _ = ragged
    store.held = None
    assert store.batch(np.array([], dtype=int), 7).shape == (0, 3, 7, JOINTS, 2)


def test_clips_do_not_mix(ragged):
    store, clips = ragged
    together = store.batch(np.arange(len(clips)), 7)
    for row in range(len(clips)):
        assert torch.equal(store.batch(np.array([row]), 7)[0], together[row])


def test_a_confidence_is_no_geometry(tmp_path: Path):
    """With dims 2, a joint at 0 0 is missing whatever its third channel says."""
    frames = np.ones((2, 1, JOINTS, 3), dtype=np.float32)
    frames[1, 0, 0] = (0, 0, 0.3)
    write_store(tiny_recordings(clips=[Clip(frames, "a")], dims=2), tmp_path / "s")
    middle = open_store(tmp_path / "s").batch(np.array([0]), 3)[0, :, 1, 0, 0]
    np.testing.assert_array_equal(middle, 1)


def test_the_fingerprint_tells_contents_apart(tmp_path: Path):
    one, same = (tiny_store(tmp_path, name=name) for name in ("a", "b"))
    other = tiny_store(tmp_path, name="c", seed=1)
    assert one.fingerprint == same.fingerprint != other.fingerprint


# All or nothing


def listing(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"folder"
        for path in folder.rglob("*")
    }


def breaking(recordings: Recordings, error: Exception) -> Recordings:
    """The same data set with a reader that fails after a few clips."""

    def clips():
        yield from list(recordings.clips)[:3]
        raise error

    return replace(recordings, clips=clips())


@pytest.mark.parametrize("error", [RuntimeError("bug"), EdgcnError("bad"), KeyboardInterrupt()])
@pytest.mark.parametrize("existing", [False, True])
def test_a_reader_that_fails_leaves_everything_as_it_was(tmp_path: Path, error, existing: bool):
    if existing:
        tiny_store(tmp_path)
    before = listing(tmp_path)
    with pytest.raises(type(error)):
        write_store(breaking(tiny_recordings(seed=1), error), tmp_path / "tiny", overwrite=True)
    assert listing(tmp_path) == before


def test_overwrite_is_refused_unless_asked_for(tmp_path: Path):
    store = tiny_store(tmp_path)
    before = listing(tmp_path)
    with pytest.raises(EdgcnError, match=r"exists already; .* --overwrite"):
        write_store(tiny_recordings(seed=1), store.path)
    assert listing(tmp_path) == before
    write_store(tiny_recordings(seed=1), store.path, overwrite=True)
    assert open_store(store.path).fingerprint == tiny_store(tmp_path, name="x", seed=1).fingerprint
    assert {path.name for path in tmp_path.iterdir()} == {"tiny", "x"}


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_not_a_store_is_never_overwritten(tmp_path: Path, kind: str):
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


def test_the_earlier_store_stays_until_the_new_one_is_in_its_place(tmp_path: Path, monkeypatch):
    store = tiny_store(tmp_path)
    before, rename = listing(tmp_path), Path.rename

    def fails_for_the_new_one(self: Path, target: Path) -> Path:
        if self.name.startswith(".") and not self.name.endswith(".earlier"):
            raise OSError(errno.EACCES, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_new_one)
    with pytest.raises(EdgcnError, match="Permission denied"):
        write_store(tiny_recordings(seed=1), store.path, overwrite=True)
    assert listing(tmp_path) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("when", ["frames", "index"])
def test_a_full_disk_is_one_error_and_leaves_nothing(tmp_path: Path, monkeypatch, number, when):
    tiny_store(tmp_path)
    before = listing(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(number, "No space left on device")

    if when == "frames":
        monkeypatch.setattr(write._Growing, "append", full)
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
def test_a_folder_that_may_not_be_written_is_one_error(tmp_path: Path, monkeypatch, error):
    def refused(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(tempfile, "mkdtemp", refused)  # chmod would not stop an administrator
    with pytest.raises(EdgcnError, match=f"cannot write to .*{error.strerror}"):
        write_store(tiny_recordings(), tmp_path / "s")
    assert not listing(tmp_path)


def test_a_store_cannot_lie_in_a_file(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(EdgcnError, match="cannot write to"):
        write_store(tiny_recordings(), tmp_path / "file" / "s")


# What cannot be used


def nan(frames: np.ndarray) -> np.ndarray:
    changed = frames.copy()
    changed[1, 0, 3, 2] = np.nan
    return changed


def with_scores(clip: Clip, scores: np.ndarray) -> Clip:
    """Scores that a `Clip` would refuse where annotations are checked, as they are here."""
    changed = replace(clip)
    object.__setattr__(changed, "scores", scores)
    return changed


BAD = {
    "NaN": (lambda c: replace(c, frames=nan(c.frames)), "frame 1, body 0, joint hand_left"),
    "infinite": (lambda c: replace(c, frames=c.frames - np.inf), "NaN, infinite"),
    "no frames": (lambda c: replace(c, frames=c.frames[:0]), "has no frames"),
    "joints": (lambda c: replace(c, frames=c.frames[:, :, :4]), r"\(T, M, 5, 3\)"),
    "channels": (lambda c: replace(c, frames=c.frames[..., :2]), r"\(T, M, 5, 3\)"),
    "bodies": (lambda c: replace(c, frames=c.frames.repeat(3, axis=1)), "3 bodies"),
    "class": (lambda c: replace(c, label=3), r"class 3 is unknown; expected 0\.\.2"),
    "negative class": (lambda c: replace(c, label=-2), "class -2 is unknown"),
    "scores": (lambda c: with_scores(c, np.ones((1, 1, 5), np.float32)), "scores of shape"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_clip_is_skipped_counted_and_named(tmp_path: Path, bad: str):
    change, reason = BAD[bad]
    clips: list[Clip] = make_clips(4, 3, 2, 0, tiny_topology())
    items = [clips[0], change(clips[1]), Skipped("elsewhere", "known", known=True), *clips[2:]]
    skipped = write_store(tiny_recordings(clips=items), tmp_path / "s")
    assert [item.path for item in skipped] == ["clip001", "elsewhere"]
    store = open_store(tmp_path / "s")
    assert store.names.tolist() == ["clip000", "clip002", "clip003"]
    listed = [
        Skipped(**item) for item in json.loads((store.path / "store.json").read_text())["skipped"]
    ]
    assert listed == skipped
    with pytest.raises(EdgcnError, match=reason):
        raise EdgcnError(skipped[0].reason)
    np.testing.assert_array_equal(store.clip(1), clips[2].frames)


def test_strict_stops_at_the_first_but_not_at_known_ones(tmp_path: Path):
    clips = make_clips(3, 3, 1, 0, tiny_topology())
    known = Skipped("known.txt", "empty", known=True)
    write_store(tiny_recordings(clips=[known, *clips]), tmp_path / "s", strict=True)
    items = [known, clips[0], Skipped("bad.txt", "line 3: cut"), clips[1]]
    with pytest.raises(EdgcnError, match=r"bad\.txt: line 3: cut .*--strict"):
        write_store(tiny_recordings(clips=items), tmp_path / "t", strict=True)
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("items", [[], [Skipped("a.txt", "cut"), Skipped("b.txt", "cut")]])
def test_a_store_without_clips_is_none(tmp_path: Path, items: list[Skipped]):
    with pytest.raises(
        EdgcnError, match="no usable clip" + (".*it skipped 2, .*a.txt: cut" if items else "")
    ):
        write_store(tiny_recordings(clips=items), tmp_path / "s")
    assert not listing(tmp_path)


def test_sources_are_summed_up(tmp_path: Path):
    files = [tmp_path / "one.txt", tmp_path / "two.txt"]
    for number, file in enumerate(files):
        file.write_text("x" * (number + 1))
    about = write.checksum(files)
    assert (about["files"], about["bytes"]) == (2, 3)
    assert write.checksum(files[::-1]) == about
    files[0].write_text("y")
    assert write.checksum(files)["sha256"] != about["sha256"]


# Opening


@pytest.mark.parametrize("name", ["store.json", "index.npz", "frames.npy"])
def test_a_folder_that_is_no_store(tmp_path: Path, name: str):
    store = tiny_store(tmp_path)
    (store.path / name).unlink()
    with pytest.raises(EdgcnError, match=rf"is not a store \({name} is missing\)"):
        open_store(store.path)


DAMAGE = {
    "cut json": ("store.json", lambda raw: raw[:100]),
    "other json": ("store.json", lambda raw: b"[]"),
    "no classes": ("store.json", lambda raw: raw.replace(b'"classes"', b'"klasses"')),
    "other format": ("store.json", lambda raw: raw.replace(b'"format": 1', b'"format": 2')),
    "cut index": ("index.npz", lambda raw: raw[:-200]),
    "cut frames": ("frames.npy", lambda raw: raw[:-12]),
    "empty frames": ("frames.npy", lambda raw: b""),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_store_says_so(tmp_path: Path, damage: str):
    store = tiny_store(tmp_path)
    name, change = DAMAGE[damage]
    file = store.path / name
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(EdgcnError, match="damaged store"):
        open_store(store.path)
