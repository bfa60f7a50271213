"""Every annotation format: what it can hold comes back; what it cannot hold is named."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgcn.annotations.events import Event, Events, Media, events, of_recording
from edgcn.annotations.formats import FORMATS, format_of, read_events, write_events
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
