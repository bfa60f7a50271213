"""Tables of events: many shapes, units told apart and said, BORIS's exports and projects."""

import json
from pathlib import Path

import pytest

from edgcn.annotations.boris import read_boris, write_boris
from edgcn.annotations.events import Event, Events, events, returned, with_ids
from edgcn.annotations.table import read_table, table_text
from edgcn.annotations.vtt import write_vtt
from edgcn.base.errors import EdgcnError


def read(folder: Path, text: str, **settings: object) -> Events:
    path = folder / "P01.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_table(path, **settings)  # type: ignore[arg-type]


def spans(table: Events) -> list[tuple[str, float, float]]:
    return [(row.label, row.start, row.end) for row in table.rows]


@pytest.mark.parametrize(
    "text",
    [
        "label,start_s,end_s\ntouch,1.5,2.25\n",
        "\ufeffbehavior,start_time,end_time\r\ntouch,1.5,2.25\r\n",  # LISBET, with a mark
        "end;start;class\n2,25;1,5;touch\n",  # semicolons and decimal commas
        "label\tonset\toffset\ntouch\t1.5\t2.25\n",
        "label,start (ms),end (ms)\ntouch,1500,2250\n",
        "label,Begin Time - msec,End Time - msec\ntouch,1500,2250\n",  # ELAN's own export
        "label,start,end\ntouch,00:00:01.500,00:00:02.250\n",
        "label,start,duration\ntouch,1.5,0.75\n",
        'file,label,start_s,end_s\n"C:\\videos\\P01.mp4",touch,1.5,2.25\n',
    ],
)
def test_one_event_in_many_shapes(text: str, tmp_path: Path) -> None:
    table = read(tmp_path, text)
    assert spans(table) == [("touch", 1.5, 2.25)]
    assert table.recordings == ("P01",)


def test_a_name_without_end_is_no_column(tmp_path: Path) -> None:
    """Found by the fuzzer: what looks for a unit at its end took time with its square."""
    table = read(tmp_path, f"label,start_s,end_s,{'[' * 100_000}\ntouch,1.5,2.25,\n")
    assert spans(table) == [("touch", 1.5, 2.25)]


def test_units_that_only_the_range_tells_are_said(tmp_path: Path) -> None:
    table = read(tmp_path, "label,start,end\na,1.0,3.5\nb,50.0,60.0\n")
    assert "ends up to 60: read as seconds" in table.notes[0]
    table = read(tmp_path, "label,start,end\na,1000.0,3500.0\n")
    assert spans(table) == [("a", 1.0, 3.5)]
    assert "milliseconds" in table.notes[0]


def test_whole_numbers_are_not_guessed(tmp_path: Path) -> None:
    text = "label,start,end\na,30,60\n"
    with pytest.raises(EdgcnError, match="seconds, milliseconds or frames"):
        read(tmp_path, text)
    assert spans(read(tmp_path, text, times="s")) == [("a", 30.0, 60.0)]
    assert spans(read(tmp_path, text, times="frames", fps=30.0)) == [("a", 1.0, 2.0)]
    with pytest.raises(EdgcnError, match="how many a second"):
        read(tmp_path, text, times="frames")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("label,start_s,end_s\ntouch,2,1\n", ":2: expected 0 <= start <= end"),
        ("label,start_s,end_s\ntouch,-1,1\n", ":2: expected 0 <= start <= end"),
        ("label,start_s,end_s\ntouch,nan,1\n", ":2: expected a finite number"),
        ("label,start_s,end_s\n,0,1\n", ":2: expected a label"),
        ("label,start_s,end_s\ntouch,0,1,2\n", ":2: expected 3 cells"),
        ("label,start_s,end_s,score\ntouch,0,1,85\n", "score within 0..1"),
        ("label,start_s,end_s,status\ntouch,0,1,done\n", "expected a status"),
        ("label,label,start_s,end_s\na,b,0,1\n", "got 'label' twice"),
        ("label,start,end\ntouch,00:00:01:12,00:00:02:00\n", "hh:mm:ss.fff"),
        ("label,start_s\ntouch,0\n", "expected a header"),
        ('label,start_s,end_s\n"touch,0,1\n', "expected cells"),
    ],
)
def test_a_row_that_is_no_event_is_refused_with_its_line(
    text: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(EdgcnError, match=says):
        read(tmp_path, text)


def test_boris_tables(tmp_path: Path) -> None:
    preamble = "Observation id\tobs 1\t\n\t\t\nIndependent variables\nvariable\tvalue\na\t12\n"
    header = "Time\tMedia file path\tSubject\tBehavior\tBehavioral category\tStatus\n"
    rows = (
        "3.300\tv.mp4\tS1\ttouch\thands\tSTART\n"
        "4.000\tv.mp4\tS2\ttouch\thands\tSTART\n"
        "5.000\tv.mp4\tS1\ttouch\thands\tSTOP\n"
        "5.500\tv.mp4\tNo focal subject\tblink\t\tPOINT\n"
        "6.000\tv.mp4\tS1\trub\thands\tSTOP\n"
    )
    table = read(tmp_path, preamble + header + rows)
    assert [(r.subject, *s) for r, s in zip(table.rows, spans(table), strict=True)] == [
        ("S1", "touch", 3.3, 5.0),
        ("", "blink", 5.5, 5.5),
    ]
    assert table.recordings == ("obs 1",)
    assert len(table.notes) == 2  # S2 never stops, and a rub never began
    assert ":8: left out 'touch' of 'S2' at 4 s" in " ".join(table.notes)
    aggregated = (
        "Observation id\tSubject\tBehavior\tBehavior type\tStart (s)\tStop (s)\n"
        "obs 2\tS1\ttouch\tSTATE\t1.5\t2.5\n"
    )
    table = read(tmp_path, aggregated)
    assert spans(table) == [("touch", 1.5, 2.5)]
    assert table.recordings == ("obs 2",)


def test_a_boris_project_pairs_its_rows(tmp_path: Path) -> None:
    project = {
        "behaviors_conf": {
            "0": {"type": "State event", "code": "s", "category": "hands"},
            "1": {"type": "Point event", "code": "p"},
        },
        "observations": {
            "o": {
                "file": {"1": ["videos/a.mp4"], "2": []},
                "media_info": {"length": {"videos/a.mp4": 9.5}, "fps": {"videos/a.mp4": 25}},
                "events": [[4, "S1", "s", "", ""], [1, "S1", "s", "", ""], [2, "", "p", "", ""]],
            },
            "empty": {"events": []},
        },
    }
    path = tmp_path / "x.boris"
    path.write_text(json.dumps(project))
    table = read_boris(path)
    assert sorted(spans(table)) == [("p", 2.0, 2.0), ("s", 1.0, 4.0)]
    assert table.labels == ("s", "p")
    assert table.recordings == ("o", "empty")
    assert (table.media["o"].seconds, table.media["o"].fps) == (9.5, 25.0)


def test_what_begins_before_the_recording_does_not_shift_the_pairs(tmp_path: Path) -> None:
    marks = [[t, "", "s", "", ""] for t in (-1, 1, 2, 3)]
    project = {"behaviors_conf": {}, "observations": {"o": {"events": marks}}}
    (tmp_path / "x.boris").write_text(json.dumps(project))
    table = read_boris(tmp_path / "x.boris")
    assert spans(table) == [("s", 2.0, 3.0)]
    assert "left out 1 event that begin before" in " ".join(table.notes)


def test_a_line_of_any_length_is_answered_at_once(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match="expected a header"):
        read(tmp_path, "1," * 200_000 + "\n")
    header = "label,start_s,end_s," + ",".join(map(str, range(100_000)))
    assert spans(read(tmp_path, f"{header}\ntouch,1,2\n")) == [("touch", 1.0, 2.0)]


def test_what_boris_cannot_hold_is_named(tmp_path: Path) -> None:
    rows = [Event("x", "touch", 0.0, 2.0), Event("x", "touch", 1.0, 3.0)]
    lost = write_boris(events(rows), tmp_path / "x.boris")
    assert "overlap, which BORIS cannot hold" in lost[0]
    assert spans(read_boris(tmp_path / "x.boris")) == [("touch", 0.0, 3.0)]


def test_what_was_corrected_comes_back_told_apart() -> None:
    made = with_ids(events(Event("x", "touch", t, t + 0.5, score=0.9) for t in (1.0, 2.0, 3.0)))
    first, second, third = made.rows
    moved = Event("x", "touch", 2.25, 2.5, id=second.id)
    new = Event("x", "rub", 8.0, 9.0, id="a9")
    same = Event("x", "touch", 1.0004, 1.5, id=first.id)
    result = returned(made, events([same, moved, new]))
    assert [(r.status, r.id) for r in result.rows] == [
        ("accepted", first.id),
        ("edited", second.id),
        ("annotated", "a9"),
        ("rejected", third.id),
    ]
    assert result.rows[1].score == 0.9


def test_ours_is_the_same_to_the_microsecond(tmp_path: Path) -> None:
    row = Event("P 1", 'a "b", c\nd', 1 / 3, 2.0, "S", "t", 0.5, "edited", "cw", "a7")
    found = read(tmp_path, table_text(events([row]))).rows[0]
    assert abs(found.start - row.start) < 1e-6
    assert (found.label, found.score, found.status, found.id) == (row.label, 0.5, "edited", "a7")


def test_captions_escape_what_is_markup(tmp_path: Path) -> None:
    write_vtt(events([Event("x", "a <b> &\nc", 3661.5, 3662.0, score=0.5)]), tmp_path / "x.vtt")
    text = (tmp_path / "x.vtt").read_text()
    assert "01:01:01.500 --> 01:01:02.000\na &lt;b&gt; &amp; c 50%" in text
