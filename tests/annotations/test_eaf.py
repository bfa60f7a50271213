"""ELAN documents: read as people's files are, written as the schema says."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edgcn.annotations.eaf import read_eaf
from edgcn.annotations.eaf_times import divided
from edgcn.annotations.eaf_write import write_eaf
from edgcn.annotations.events import Event, events
from edgcn.base.errors import EdgcnError

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-06-13T14:39:45+01:00" FORMAT="3.0" VERSION="3.0">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/Users/me/P01.mp4" MIME_TYPE="video/mp4"/>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>
    <TIME_SLOT TIME_SLOT_ID="ts2"/>
    <TIME_SLOT TIME_SLOT_ID="ts3"/>
    <TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/>
  </TIME_ORDER>
  <LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="any" TIME_ALIGNABLE="true"/>
  <TIER TIER_ID="words" PARTICIPANT="P01" ANNOTATOR="cw" LINGUISTIC_TYPE_REF="any">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>one</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
      <ANNOTATION_VALUE></ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
      <ANNOTATION_VALUE> three </ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER TIER_ID="parts" PARENT_REF="words" LINGUISTIC_TYPE_REF="any">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1">
      <ANNOTATION_VALUE>first</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a1" PREVIOUS_ANNOTATION="a3">
      <ANNOTATION_VALUE>second</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
</ANNOTATION_DOCUMENT>
"""


def document(folder: Path, text: str = DOCUMENT) -> Path:
    path = folder / "P01_coded.eaf"
    path.write_text(text)
    return path


def test_a_file_as_people_have_them(tmp_path: Path) -> None:
    table = read_eaf(document(tmp_path))
    assert [(r.label, r.start, r.end, r.tier) for r in table.rows] == [
        ("one", 1.0, 2.0, "words"),  # times that are missing divide what is around them
        ("three", 3.0, 4.0, "words"),
        ("first", 1.0, 1.5, "parts"),  # those without own times divide their parent's
        ("second", 1.5, 2.0, "parts"),
    ]
    assert table.rows[0].subject == "P01"
    assert table.rows[0].by == "cw"
    assert table.media["P01_coded"].files == ("P01.mp4",)
    assert any("2 time slots have no time" in note for note in table.notes)
    assert any("left out 1 annotations without a value" in note for note in table.notes)


def test_parts_stand_in_the_order_that_they_name(tmp_path: Path) -> None:
    text = DOCUMENT.replace('"a3" ANNOTATION_REF', '"a3" PREVIOUS_ANNOTATION="a4" ANNOTATION_REF')
    text = text.replace('"a1" PREVIOUS_ANNOTATION="a3"', '"a1"')  # a4 comes first, though below
    rows = read_eaf(document(tmp_path, text), tiers="parts").rows
    assert [(r.label, r.start) for r in rows] == [("first", 1.5), ("second", 1.0)]
    both = text.replace('PREVIOUS_ANNOTATION="a4"', 'PREVIOUS_ANNOTATION="a3"')  # no chain
    rows = read_eaf(document(tmp_path, both), tiers="parts").rows
    assert [(r.label, r.start) for r in rows] == [("first", 1.0), ("second", 1.5)]


def test_times_are_those_of_the_video_that_begins_elsewhere(tmp_path: Path) -> None:
    """ELAN plays second 12.5 of a file whose TIME_ORIGIN is 12500 at its own 0."""
    media = '<MEDIA_DESCRIPTOR MEDIA_URL="a.wav" MIME_TYPE="audio/x-wav" TIME_ORIGIN="700"/>'
    text = DOCUMENT.replace("<MEDIA_DESCRIPTOR", f"{media}<MEDIA_DESCRIPTOR", 1)
    text = text.replace('"video/mp4"', '"video/mp4" TIME_ORIGIN="12500"')
    path = document(tmp_path, text)
    table = read_eaf(path, tiers="words")
    assert [(r.start, r.end) for r in table.rows] == [(13.5, 14.5), (15.5, 16.5)]
    assert any("12.5 s of P01.mp4: times are now those of P01.mp4" in n for n in table.notes)
    assert read_eaf(path, tiers="words", media="a.wav").rows[0].start == pytest.approx(1.7)
    with pytest.raises(EdgcnError, match=r"no media file is named 'P1.mp4'.*did you mean"):
        read_eaf(path, media="P1.mp4")


def test_tiers_read_into_one_list_are_named(tmp_path: Path) -> None:
    path = document(tmp_path)
    assert any("4 events of 2 tiers in one list: words, parts" in n for n in read_eaf(path).notes)
    assert not any("in one list" in n for n in read_eaf(path, tiers="words,parts").notes)


def test_parts_without_ids_have_times_of_their_own(tmp_path: Path) -> None:
    text = DOCUMENT.replace('ANNOTATION_ID="a3"', "").replace('ANNOTATION_ID="a4"', "")
    rows = read_eaf(document(tmp_path, text), tiers="parts").rows
    assert [(r.label, r.start, r.end) for r in rows] == [("first", 1.0, 1.5), ("second", 1.5, 2.0)]


def test_tiers_are_chosen_and_may_be_the_labels(tmp_path: Path) -> None:
    path = document(tmp_path)
    assert {r.tier for r in read_eaf(path, tiers="parts").rows} == {"parts"}
    named = read_eaf(path, tiers="words", labels="tier")
    assert [r.label for r in named.rows] == ["words"] * 3  # one without a value as well
    both = read_eaf(path, tiers="parts", labels="tier and value")
    assert [r.label for r in both.rows] == ["parts: first", "parts: second"]
    with pytest.raises(EdgcnError, match=r"no tier is named 'word'.*did you mean 'words'"):
        read_eaf(path, tiers="word")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("<ANNOTATION_DOCUMENT", "<!DOCTYPE x><ANNOTATION_DOCUMENT", "document type"),
        ('TIME_SLOT_REF2="ts4"', 'TIME_SLOT_REF2="ts9"', "'ts9' is not there"),
        ('TIME_VALUE="1000"', 'TIME_VALUE="9000"', "before its start"),
        ('TIME_VALUE="1000"', 'TIME_VALUE="-1"', "expected a time"),
        ('TIME_VALUE="1000"', f'TIME_VALUE="{"9" * 5000}"', "expected a time"),
        ('ANNOTATION_REF="a1"', 'ANNOTATION_REF="a99"', "not there"),
        (' TIME_VALUE="4000"', "", "'ts2' has no time, nor has one after it"),
        ('"video/mp4"', '"video/mp4" TIME_ORIGIN="1 s"', "expected a TIME_ORIGIN in milliseconds"),
        ('TIER_ID="parts"', 'TIER_ID="words"', "each TIER_ID once, got 'words' again"),
        ('"ts3"/>', '"ts1"/>', "each TIME_SLOT_ID once, got 'ts1' again"),
        ("</ANNOTATION_DOCUMENT>", "", "expected XML"),
        ("ANNOTATION_DOCUMENT", "OTHER", "expected an ELAN document"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_line(
    old: str, new: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(EdgcnError, match=says) as error:
        read_eaf(document(tmp_path, DOCUMENT.replace(old, new)))
    assert "P01_coded.eaf" in str(error.value)


def test_an_entity_bomb_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><ANNOTATION_DOCUMENT>&y;'
    with pytest.raises(EdgcnError, match="document type"):
        read_eaf(document(tmp_path, bomb))


def test_a_chain_divides_evenly_and_starts_anew_at_known_times() -> None:
    chain = [("a", "b"), ("b", "c"), ("d", "e"), ("e", "f")]
    assert divided(chain, {"a": 0.0, "c": 1.0, "d": 2.0, "f": 4.0}) == {"b": 0.5, "e": 3.0}
    assert divided([("a", "b"), ("c", "d")], {"a": 0.0, "d": 4.0}) == {"b": 2.0, "c": 2.0}


def test_events_that_overlap_get_tiers_of_their_own(tmp_path: Path) -> None:
    rows = [
        Event("x", "touch", 0.0, 2.0),
        Event("x", "touch", 1.0, 3.0),
        Event("x", "rub", 2.0, 4.0),
    ]
    write_eaf(events(rows), tmp_path / "x.eaf")
    tiers = [
        [len(tier.findall("ANNOTATION")), tier.get("TIER_ID")]
        for tier in ElementTree.parse(tmp_path / "x.eaf").getroot().iter("TIER")
    ]
    assert tiers == [[2, "gestures"], [1, "gestures 2"]]
    assert sorted((r.start, r.label) for r in read_eaf(tmp_path / "x.eaf").rows) == sorted(
        (r.start, r.label) for r in rows
    )


def test_no_folder_of_the_coder_is_written(tmp_path: Path) -> None:
    table = read_eaf(document(tmp_path))
    write_eaf(table, tmp_path / "out.eaf")
    text = (tmp_path / "out.eaf").read_text()
    assert "Users" not in text
    assert 'RELATIVE_MEDIA_URL="./P01.mp4"' in text


def test_an_independent_parser_opens_what_is_written(tmp_path: Path) -> None:
    pympi = pytest.importorskip("pympi", reason="pympi-ling is not installed")
    rows = [
        Event("x", "touch & go", 0.1234, 2.0006, subject="P01", score=0.5, status="suggested"),
        Event("x", "rub", 3.0, 3.5, subject="P02", by="cw"),
    ]
    write_eaf(events(rows, labels=["rub", "never"]), tmp_path / "x.eaf")
    opened = pympi.Eaf(str(tmp_path / "x.eaf"))
    assert opened.get_annotation_data_for_tier("gestures") == [(123, 2001, "touch & go")]
    assert opened.get_annotation_data_for_tier("gestures P02") == [(3000, 3500, "rub")]
    assert [value for _, _, value, _ in opened.get_ref_annotation_data_for_tier("gestures score")]
    assert replace(rows[1]) == rows[1]
