"""What is said of a store: counts that are true, whatever the store has."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from edgcn.skeleton.recording import Recording, Skipped
from edgcn.store import Store, open_store, write_store
from edgcn.store.inspect import advice, health, sample, skipped_lines, summary
from helpers import long_store, make_clips, make_long, tiny_recordings, tiny_store, tiny_topology


def test_a_trimmed_store_in_one_line(tmp_path: Path) -> None:
    text = summary(tiny_store(tmp_path, note=""))
    assert "tiny: 24 clips, 3 classes, 4 subjects; tiny5 (5 joints), 1 body, 25 fps" in text
    assert "\n" not in text
    assert summary(tiny_store(tmp_path, name="n")).endswith("\nnote: made for tests")


def test_of_long_recordings_it_says_how_much_is_annotated(tmp_path: Path) -> None:
    store = long_store(tmp_path)
    assert "24 clips, 3 classes, 4 subjects, in 8 recordings (0.3 minutes, 55 % of" in summary(
        store
    )
    bare = [replace(whole, segments=()) for whole in make_long(list_of_clips(), 3)]
    write_store(tiny_recordings(clips=bare), tmp_path / "bare")
    text = summary(open_store(tmp_path / "bare"))
    assert "0 clips, 0 classes, 2 subjects, in 2 recordings (" in text
    assert ", 0 % of them inside clips)" in text


def list_of_clips() -> list[Recording]:
    return make_clips(6, 3, 2, 0, tiny_topology())


def test_joints_that_are_never_seen_are_named(tmp_path: Path) -> None:
    clips = make_clips(6, 3, 2, 0, tiny_topology())
    for clip in clips:
        clip.frames[:, :, 2] = 0  # the head
        clip.frames[::2, :, 4] = 0
    assert "most often head 100.00 %, hand_right " in missing(tiny_store(tmp_path, clips=clips))
    assert "missing joints: 0.00 %" in missing(tiny_store(tmp_path, name="all"))


def missing(store: Store) -> str:
    (line,) = (line for line in health(store) if line.startswith("missing joints"))
    return line


def test_an_absent_body_has_no_missing_joints(tmp_path: Path) -> None:
    assert "0.00 %" in missing(tiny_store(tmp_path, clips=list_of_clips(), bodies=2))


def test_where_nobody_is_every_joint_is_missing(tmp_path: Path) -> None:
    """Counted in all clips and all frames."""
    clips = make_clips(40, 3, 2, 0, tiny_topology())
    total = sum(len(clip.frames) for clip in clips)
    for clip in clips[1::2]:
        clip.frames[::2] = 0
    empty = sum(len(clip.frames[::2]) for clip in clips[1::2])
    store = tiny_store(tmp_path, clips=clips)
    share = f"{100 * empty / total:.2f} %"
    assert f"missing joints: {share}, of all clips and frames" in missing(store)
    assert f"nobody in {share} of the frames" in health(store)[0]


def test_a_sheet_has_each_class_once_and_then_others(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, clips=40, classes=5)
    chosen = sample(store)
    classes = [title.partition(" · ")[0] for title, _ in chosen]
    assert set(classes) == {f"gesture {number}" for number in range(5)}
    assert len({title for title, _ in chosen}) == len(chosen) == 12
    for title, frames in chosen:
        row = store.clips().names.tolist().index(title.partition(" · ")[2])
        np.testing.assert_array_equal(frames, store.clips().clip(row))


def test_where_nothing_is_annotated_windows_are_looked_at(tmp_path: Path) -> None:
    bare = [replace(whole, segments=()) for whole in make_long(list_of_clips(), 3)]
    write_store(tiny_recordings(clips=bare), tmp_path / "bare")
    store = open_store(tmp_path / "bare")
    assert [title for title, _ in sample(store)] == ["unlabelled · s1-0@0", "unlabelled · s2-0@0"]


def test_few_labelled_clips_are_sent_to_released_weights(tmp_path: Path) -> None:
    few = tiny_store(tmp_path)
    assert f"edgcn evaluate edgcn-s {few} --protocol few-shot" in advice(few)
    assert advice(tiny_store(tmp_path, name="many", clips=300)) == ""
    blank = [replace(c, segments=(replace(c.segments[0], label=-1),)) for c in list_of_clips()]
    assert advice(tiny_store(tmp_path, name="blank", clips=blank)) == ""


def test_many_skipped_files_are_counted_and_the_first_named() -> None:
    lines = skipped_lines([Skipped(f"f{n}", f"f{n}: cut", known=n < 3) for n in range(40)])
    assert lines[0] == "skipped 40 (3 of them listed as bad by the data set itself):"
    assert lines[12] == "  f11: cut"
    assert lines[13:] == ["  and 28 more, all listed in store.json"]
    assert skipped_lines([]) == []
