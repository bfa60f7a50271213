"""`prepare --annotations` and `convert`: events into recordings and out again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgcn.annotations.attach import Attached
from edgcn.annotations.events import Event, events
from edgcn.annotations.formats import write_events
from edgcn.base.errors import EdgcnError
from edgcn.commands.convert import ConvertConfig, convert, events_of
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.skeleton.recording import Recording, Segment
from edgcn.store import open_store, write_store
from helpers import tiny_file, tiny_recordings

ROWS = [
    Event("clip000", "touch", 0.0, 0.2, subject="ann"),
    Event("clip000", "rub", 0.08, 0.28, subject="ben"),
    Event("clip001.mp4", "touch", 0.0, 0.2),
    Event("elsewhere", "touch", 0.0, 0.2),
]


def prepared(folder: Path, rows: list[Event], *, format: str = "csv") -> tuple[Path, list[str]]:
    tiny_file(folder / "clips.npz", clips=4)
    write_events(events(rows), folder / "coded", format=format)
    said: list[str] = []
    config = PrepareConfig(
        reader="clips_npz",
        path=folder / "clips.npz",
        out=folder / "store",
        annotations=(folder / "coded",),
    )
    prepare(config, say=said.append)
    return folder / "store", said


@pytest.mark.parametrize("format", ["csv", "eaf", "boris"])
def test_events_become_segments(format: str, tmp_path: Path) -> None:
    path, said = prepared(tmp_path, ROWS, format=format)
    store = open_store(path)
    clips, fps = store.clips(), store.fps
    assert set(store.classes) == {"touch", "rub"}
    assert clips.names.tolist() == ["clip000_001", "clip000_002", "clip001_001"]
    assert [store.classes[label] for label in clips.labels] == ["touch", "rub", "touch"]
    begun = clips.offsets - store.recordings.offsets[clips.recordings]
    np.testing.assert_array_equal(begun, [0, round(0.08 * fps), 0])
    text = "\n".join(said)
    assert "1 events are of no recording here: elsewhere" in text
    assert "2 recordings have no annotations" in text


def test_what_comes_out_goes_in_again(tmp_path: Path) -> None:
    path, _ = prepared(tmp_path, ROWS)
    first = open_store(path).clips()
    convert(ConvertConfig(source=path, out=tmp_path / "back.csv"), say=lambda _: None)
    again = PrepareConfig(
        reader="clips_npz",
        path=tmp_path / "clips.npz",
        out=tmp_path / "again",
        annotations=(tmp_path / "back.csv",),
    )
    second = prepare(again, say=lambda _: None).clips()
    for column in ("offsets", "lengths", "labels", "subjects"):
        np.testing.assert_array_equal(getattr(first, column), getattr(second, column))


def test_annotations_of_other_recordings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match="no annotation file is of any recording"):
        prepared(tmp_path, [Event("other", "touch", 0.0, 1.0)])
    assert not (tmp_path / "store").exists()


def test_what_lies_outside_is_named(tmp_path: Path) -> None:
    rows = [
        Event("clip000", "touch", 0.0, 0.1),
        Event("clip000", "touch", 50.0, 51.0),
        Event("clip000", "rub", 0.04, 50.0),
        Event("clip000", "blink", 0.04, 0.04),
    ]
    path, said = prepared(tmp_path, rows)
    text = "\n".join(said)
    assert "1 events are outside of their recording and were left out" in text
    assert "1 events end after their recording and were cut" in text
    assert "1 events without a duration were left out" in text
    store = open_store(path)
    assert (store.segments.stops <= store.recordings.lengths[store.segments.recordings]).all()


def test_annotations_count_on_the_clock_of_the_recording() -> None:
    """A video whose first picture comes after a second: what was before it is outside."""
    whole = Recording(np.ones((10, 1, 5, 3), dtype=np.float32), "x", start=1.0)
    late = replace(tiny_recordings(), fps=10.0, recordings=[whole])
    rows = [Event("x", "a", 0.2, 0.8), Event("x", "b", 0.5, 1.3), Event("x", "b", 1.5, 1.7)]
    attached = Attached(late, events(rows))
    (recording,) = attached.recordings.recordings
    assert isinstance(recording, Recording)
    assert [(part.start, part.stop) for part in recording.segments] == [(0, 3), (5, 7)]
    assert attached.notes() == ["1 events are outside of their recording and were left out"]


def test_events_of_a_store_are_on_the_clock_of_the_recording(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).normal(size=(10, 1, 5, 3)).astype(np.float32)
    whole = Recording(frames, "x", (Segment(2, 6, 0),), start=1.0)
    write_store(replace(tiny_recordings(), fps=10.0, recordings=[whole]), tmp_path / "store")
    (event,) = events_of(open_store(tmp_path / "store")).rows
    assert [event.start, event.end] == pytest.approx([1.2, 1.6])


def test_what_was_corrected_is_told_from_what_was_suggested(tmp_path: Path) -> None:
    made = [Event("x", "touch", t, t + 1.0, score=0.5, id=f"a{int(t)}") for t in (1.0, 4.0)]
    write_events(events(made), tmp_path / "machine.eaf")
    write_events(events(made[:1]), tmp_path / "person.eaf")
    (tmp_path / "person.eaf").rename(tmp_path / "x.eaf")
    (tmp_path / "before").mkdir()
    (tmp_path / "machine.eaf").rename(tmp_path / "before" / "x.eaf")
    config = ConvertConfig(
        source=tmp_path / "x.eaf", out=tmp_path / "told.csv", suggested=tmp_path / "before"
    )
    convert(config, say=lambda _: None)
    text = (tmp_path / "told.csv").read_text()
    assert "accepted" in text
    assert "rejected" in text
