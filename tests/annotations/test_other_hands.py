"""Annotation files in other hands: corrected, validated and opened by others, and damaged."""

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest

from edgcn.annotations.attach import Attached
from edgcn.annotations.boris import read_boris, write_boris
from edgcn.annotations.eaf import read_eaf
from edgcn.annotations.eaf_write import write_eaf
from edgcn.annotations.events import Event, Media, events, returned, with_ids
from edgcn.annotations.formats import read_events, write_events
from edgcn.base.errors import EdgcnError
from edgcn.skeleton.recording import Recording
from helpers import tiny_recordings

ODD = [
    Event("x", "touch & <go>", 0.1234, 2.0006, "P 01", "hands", 0.5, "suggested", "m", "a7"),
    Event("x", "touch & <go>", 1.0, 3.0, "P 01", "hands", None, "accepted", "c w", "a2"),
    Event("x", "ärm\t„quoted“ \U0001f642", 3.0, 3.0, "P02", "", None, "annotated", "", "№ 5"),
    Event("x", "bell \x07\ud800", 4.0, 5.0),
]


def schema_of(path: str) -> object:
    """What validates a document: `validate(path)` raises or is false."""
    try:
        import xmlschema  # type: ignore[import-not-found,unused-ignore]

        return xmlschema.XMLSchema(path)
    except ImportError:
        etree = pytest.importorskip("lxml.etree", reason="neither xmlschema nor lxml is installed")
        schema = etree.XMLSchema(etree.parse(path))
        return type("Schema", (), {"validate": lambda _, p: schema.assertValid(etree.parse(p))})()


@pytest.mark.parametrize("rows", [ODD, ODD[:1], []], ids=["odd", "one", "none"])
def test_what_is_written_is_valid_by_the_published_schema(
    rows: list[Event], tmp_path: Path
) -> None:
    """EAFv3.0.xsd is its authors' and not kept here: EDGCN_EAF_XSD says where it is."""
    if not (path := os.environ.get("EDGCN_EAF_XSD")):
        pytest.skip("EDGCN_EAF_XSD does not name EAFv3.0.xsd")
    schema = schema_of(path)
    media = {"x": Media(("my tape.mp4", "x.wav"))}
    table = events(rows, recordings=["x"], labels=["rub", "never"], media=media)
    write_eaf(table, tmp_path / "x.eaf")
    schema.validate(str(tmp_path / "x.eaf"))  # type: ignore[attr-defined]


def test_what_somebody_corrects_elsewhere_keeps_its_ids(tmp_path: Path) -> None:
    """Opened, changed and saved by another program; a new event and a lost one are told apart."""
    pympi = pytest.importorskip("pympi", reason="pympi-ling is not installed")
    rows = [Event("x", "touch", t, t + 0.5, score=0.9, status="suggested") for t in (1.0, 2.0, 3.0)]
    made = with_ids(events(rows))
    write_eaf(made, tmp_path / "x.eaf")
    opened = pympi.Eaf(str(tmp_path / "x.eaf"))
    annotations, *_ = opened.tiers["gestures"]
    begin, end, _, svg = annotations["a2"]
    annotations["a2"] = (begin, end, "rub", svg)
    for tier, kept in (("gestures", 0), ("gestures score", 1), ("gestures status", 1)):
        found = opened.tiers[tier][kept]
        for key in [k for k, v in found.items() if k == "a3" or v[0] == "a3"]:
            del found[key]
    opened.add_annotation("gestures", 8000, 9000, "fold")
    opened.to_file(str(tmp_path / "x.eaf"))
    told = returned(made, read_eaf(tmp_path / "x.eaf"))
    assert [(r.status, r.label, r.start) for r in told.rows] == [
        ("accepted", "touch", 1.0),
        ("edited", "rub", 2.0),
        ("annotated", "fold", 8.0),
        ("rejected", "touch", 3.0),
    ]
    assert [told.rows[i].id for i in (0, 1, 3)] == ["a1", "a2", "a3"]


def test_a_remark_in_boris_does_not_cost_an_id(tmp_path: Path) -> None:
    path = tmp_path / "x.boris"
    write_boris(events([replace(ODD[0], id="a 7", by="c w")]), path)
    project = json.loads(path.read_text())
    rows = project["observations"]["x"]["events"]
    rows[0][4] += " sure of it"
    path.write_text(json.dumps(project))
    (found,) = read_boris(path).rows
    assert (found.id, found.by, found.score) == ("a 7", "c w", 0.5)
    rows[0][4] = "edgcn score=7"
    path.write_text(json.dumps(project))
    with pytest.raises(EdgcnError, match="expected a score within"):
        read_boris(path)


def test_modifiers_that_labels_cannot_hold_are_named(tmp_path: Path) -> None:
    header = "Time\tSubject\tBehavior\tModifiers\tStatus\n"
    rows = "1.0\tS\ttouch\tleft\tSTART\n1.5\tS\ttouch\tright\tSTART\n"
    rows += "2.0\tS\ttouch\tleft\tSTOP\n3.0\tS\ttouch\tright\tSTOP\n"
    (tmp_path / "x.tsv").write_text(header + rows)
    table = read_events([tmp_path / "x.tsv"])
    assert [(r.start, r.end) for r in table.rows] == [(1.0, 2.0), (1.5, 3.0)]
    assert any("modifiers of 2 events are left out" in note for note in table.notes)


@pytest.mark.parametrize("text", [
    "file,label,subject\nvideos/clip001.mp4,touch,ann\nclip000,rub,\n",
    "recording,label,start_s,end_s,subject\nclip001,touch,,,ann\nclip000,rub,,,\n",
])  # fmt: skip
def test_rows_without_times_are_of_whole_recordings(text: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    table = read_events([path])
    assert [(r.recording, r.label, r.start, r.end) for r in table.rows] == [
        ("clip001", "touch", 0.0, math.inf),
        ("clip000", "rub", 0.0, math.inf),
    ]
    assert "2 labels without start and end are of whole recordings" in " ".join(table.notes)
    attached = Attached(tiny_recordings(), table)
    found = {
        item.name: [(s.start, s.stop, attached.recordings.classes[s.label]) for s in item.segments]
        for item in attached.recordings.recordings
        if isinstance(item, Recording) and item.segments
        and found_all(item)
    }  # fmt: skip
    assert {name: spans[0][2] for name, spans in found.items()} == {
        "clip000": "rub", "clip001": "touch",
    }  # fmt: skip
    write_events(table, tmp_path / "again.csv")
    assert read_events([tmp_path / "again.csv"]).rows == table.rows
    with pytest.raises(EdgcnError, match="whole recording 'clip001', and nothing says how long"):
        write_events(table, tmp_path / "eaf", format="eaf")
    timed = replace(table, media={n: Media(seconds=4.0) for n in table.recordings})
    write_events(timed, tmp_path / "eaf", format="eaf")
    assert {r.end for r in read_events([tmp_path / "eaf"]).rows} == {4.0}


def found_all(item: Recording) -> bool:
    """Whether the one segment of a recording is all of it."""
    (segment,) = item.segments
    return (segment.start, segment.stop) == (0, len(item.frames))


@pytest.mark.parametrize("text", ["file,label,start_s\na,touch,1\n", "label,subject\ntouch,a\n"])
def test_half_a_time_or_no_recording_is_no_whole_recording(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(EdgcnError, match="expected a header"):
        read_events([tmp_path / "x.csv"])


def test_tables_of_poses_beside_coded_files_are_left_out_and_named(tmp_path: Path) -> None:
    write_eaf(events(ODD[:2]), tmp_path / "P01.eaf")
    (tmp_path / "P01_poses.csv").write_text("left_wrist_x,left_wrist_y\n1,2\n")
    (tmp_path / "._P01.eaf").write_bytes(b"\0\5")
    elsewhere = tmp_path.parent / f"{tmp_path.name}-more"
    elsewhere.mkdir()
    write_eaf(events(ODD[:1]), elsewhere / "P02.eaf")
    (tmp_path / "linked").symlink_to(elsewhere)
    table = read_events([tmp_path])
    assert table.recordings == ("P01", "P02")
    assert [note for note in table.notes if "left out" in note] == [
        f"{tmp_path / 'P01_poses.csv'}: no table of events, left out"
    ]
    with pytest.raises(EdgcnError, match="expected a header"):
        read_events([tmp_path / "P01_poses.csv"])


def laughs(path: Path) -> Path:
    """Entities of entities: a few lines that would be gigabytes."""
    lines = ['<!ENTITY a "ha">', *(f'<!ENTITY {n} "{f"&{o};" * 10}">' for o, n in ("ab", "bc"))]
    path.write_text(
        f"<!DOCTYPE x [{''.join(lines)}]><ANNOTATION_DOCUMENT>&c;</ANNOTATION_DOCUMENT>"
    )
    return path


@pytest.mark.parametrize("head", [
    '<!DOCTYPE x SYSTEM "file:///etc/passwd">', '<!DOCTYPE x PUBLIC "a" "http://127.0.0.1/x.dtd">',
    '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]>', "<!DOCTYPE x>",
])  # fmt: skip
def test_documents_with_a_type_are_refused_wherever_it_comes_from(
    head: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.eaf"
    path.write_text(f"{head}<ANNOTATION_DOCUMENT/>")
    for bad in (path, laughs(tmp_path / "y.eaf")):
        with pytest.raises(EdgcnError, match=r"\.eaf:1: expected plain XML, got a document type"):
            read_eaf(bad)


def test_a_time_offset_of_boris_is_taken_off(tmp_path: Path) -> None:
    """BORIS adds it to the time that the video plays at, and takes it off to play an event."""
    path = tmp_path / "x.boris"
    write_boris(events([Event("x", "rub", 12.0, 13.5, id="a7"), Event("x", "nod", 3.0, 4.0)]), path)
    project = json.loads(path.read_text())
    project["observations"]["x"]["time offset"] = 10.5
    path.write_text(json.dumps(project))
    table = read_boris(path)
    assert [(r.label, r.start, r.end, r.id) for r in table.rows] == [("rub", 1.5, 3.0, "a7")]
    assert any("a time offset of 10.5 s, taken off" in note for note in table.notes)
    assert any("left out 1 event that begin before the recording" in note for note in table.notes)
    project["observations"]["x"]["time offset"] = "10"
    path.write_text(json.dumps(project))
    with pytest.raises(EdgcnError, match="expected a time offset in seconds"):
        read_boris(path)
