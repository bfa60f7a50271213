"""Every annotation format: what it can hold comes back; what it cannot hold is named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgcn.annotations.events import Event, Events, Media, events, of_recording
from edgcn.annotations.formats import FORMATS, PLACES, format_of, read_events, write_events
from edgcn.annotations.numbered import NUMBERINGS
from edgcn.base.errors import EdgcnError

BOTH = [name for name, kind in FORMATS.items() if kind.read and kind.write]
NUMBERED = {"smg": "smg", "miga": "miga", "prediction": "miga"}


def table_for(name: str, seed: int) -> Events:
    """Events that a format can hold: whole frames where it counts frames, no overlap of a label."""
    rng = np.random.default_rng(seed)
    numbering = NUMBERINGS[NUMBERED[name]] if name in NUMBERED else None  # type: ignore[index]
    labels = numbering.classes if numbering else ("touch", "fold arms", "ärm, „quoted“ & <b>")
    fps = numbering.fps if numbering else 25.0
    rows = []
    for recording in ("P01 morning", "P02.b"):
        frame = 0
        for count in range(8):
            frame += int(rng.integers(1, 50))
            length = int(rng.integers(1, 90))
            start, end = frame / fps, (frame + length) / fps
            row = Event(recording, labels[int(rng.integers(len(labels)))], start, end)
            if numbering is None:
                scored = name != "boris" and bool(rng.integers(2))
                row = replace(
                    row,
                    subject=f"S{rng.integers(2)}",
                    tier="hands",
                    id=f"a{count + 1}",
                    by="cw",
                    score=0.25 if scored else None,
                    status="suggested" if scored else "annotated",
                )
            rows.append(row)
            frame += length
    media = {name: Media((f"{name}.mp4",), None, fps) for name in ("P01 morning", "P02.b")}
    return events(rows, labels=labels, media=media)


def comparable(table: Events, *, ids: bool) -> list[Event]:
    """Rows by time, to the millisecond."""
    rows = [
        replace(r, start=round(r.start, 3), end=round(r.end, 3), id=r.id if ids else "")
        for r in table.rows
    ]
    return sorted(rows, key=lambda r: (r.recording, r.start, r.end, r.label))


def times(row: Event) -> tuple[float, float]:
    return round(row.start, 3), round(row.end, 3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", BOTH)
def test_what_is_written_comes_back(name: str, seed: int, tmp_path: Path) -> None:
    table = table_for(name, seed)
    written, _ = write_events(table, tmp_path / "out", format=name)
    assert {format_of(path) for path in written} == {name}
    found = read_events([tmp_path / "out"])
    kept = name not in NUMBERED
    assert comparable(found, ids=kept) == comparable(table, ids=kept)
    assert set(found.recordings) == set(table.recordings)
    if name != "csv":
        assert found.labels == table.labels


@pytest.mark.parametrize("other", BOTH)
@pytest.mark.parametrize("name", BOTH)
def test_every_pair_keeps_what_both_can_hold(name: str, other: str, tmp_path: Path) -> None:
    if "smg" in (name, other) and {name, other} & {"miga", "prediction"}:
        return  # they have no class in common
    whole = table_for("smg" if "smg" in (name, other) else "miga", 0)
    table = before = of_recording(whole, "P02.b")
    for step, kind in enumerate((name, other)):
        write_events(table, tmp_path / str(step), format=kind)
        table = read_events([tmp_path / str(step)])
    assert [(r.label, *times(r)) for r in table.rows] == [(r.label, *times(r)) for r in before.rows]


def full_table(classes: tuple[str, ...]) -> Events:
    """Two recordings with all that an event may have, overlaps, and odd words."""
    rows = [
        Event("P01 morning", classes[0], 0.4, 2.2, "S 1", "left hand", 0.5, "suggested", "m", "a1"),
        Event("P01 morning", classes[0], 3.0, 5.04, "S2", "right", None, "accepted", "c w", "a2"),
        Event("P01 morning", classes[1], 1.0, 1.36, "S 1", "left hand", 1.0, "edited", "cw", "a5"),
        Event("P02.b", classes[1], 0.04, 7.0, "", "", None, "annotated", "", "machine 3"),
        Event("P02.b", classes[0], 8.0, 8.0, "S2", "left hand", None, "rejected", "", "a4"),
    ]  # fmt: skip
    media = {"P01 morning": Media(("tape 7.mp4",), 60.0, 25.0)}
    return events(rows, labels=(*classes, "never used"), media=media)


def lost_fields(before: Events, after: Events) -> set[str]:
    """Of what is in a table, the fields in which an event came back otherwise."""
    one, two = (
        sorted(t.rows, key=lambda r: (r.recording, r.label, r.start)) for t in (before, after)
    )
    if [(r.recording, r.label) for r in one] != [(r.recording, r.label) for r in two]:
        return {"events"}
    lost, nothing = set[str](), Event("", "", 0.0, 0.0)
    for row, now in zip(one, two, strict=True):
        there = [name for name in PLACES if getattr(row, name) != getattr(nothing, name)]
        lost |= {name for name in there if getattr(row, name) != getattr(now, name)}
        lost |= {"times"} if times(row) != times(now) else set()
    return lost


SAYS: dict[str, tuple[str, ...]] = {name: (what,) for name, what in PLACES.items()}
SAYS |= {"events": ("left out",), "times": ("has no duration", "times move", "its times")}


@pytest.mark.parametrize("other", BOTH)
@pytest.mark.parametrize("name", BOTH)
def test_what_the_next_format_cannot_hold_is_named(name: str, other: str, tmp_path: Path) -> None:
    """Whatever comes back otherwise than it was, a line said so when it was written."""
    numbering = NUMBERINGS[NUMBERED.get(name) or NUMBERED.get(other) or "miga"]  # type: ignore[index]
    table = full_table(numbering.classes[:2])
    for step, kind in enumerate((name, other)):
        _, said = write_events(table, tmp_path / str(step), format=kind)
        again = read_events([tmp_path / str(step)])
        for field in lost_fields(table, again):
            named = any(word in line for line in said for word in SAYS[field])
            assert named, f"{kind} changed {field} without a word; it said {said}"
        table = again
        if not table.rows:
            break


def test_captions_name_what_they_cannot_hold(tmp_path: Path) -> None:
    _, said = write_events(full_table(("touch", "rub")), tmp_path, format="vtt")
    for what in ("tiers", "states", "coders", "ids", "never used", "tape 7.mp4"):
        assert any(what in line for line in said), what


@pytest.mark.parametrize("name", [n for n, kind in FORMATS.items() if kind.write])
def test_nothing_is_written_over_unasked(name: str, tmp_path: Path) -> None:
    table = table_for(name, 0)
    written, _ = write_events(table, tmp_path, format=name)
    before = [path.read_bytes() for path in written]
    with pytest.raises(EdgcnError, match="exists already"):
        write_events(table, tmp_path, format=name)
    assert [path.read_bytes() for path in written] == before
    write_events(table, tmp_path, format=name, overwrite=True)


@pytest.mark.parametrize("text", ["", "\n", "no table", "<a>", "{}", "[]", "\0\1", "1,2\n"])
@pytest.mark.parametrize("name", [n for n, kind in FORMATS.items() if kind.read])
def test_what_is_no_such_file_is_refused_by_name(name: str, text: str, tmp_path: Path) -> None:
    ending = FORMATS[name].endings[0] if FORMATS[name].endings else ".csv"
    path = tmp_path / f"x{ending}"
    path.write_text(text)
    if name in NUMBERED and not text.strip():
        assert len(read_events([path], format=name)) == 0  # nothing happens there
        return
    with pytest.raises(EdgcnError, match="x"):
        read_events([path], format=name)
