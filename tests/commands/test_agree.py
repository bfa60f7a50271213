"""`agree` and `events` on files as coders have them."""

from pathlib import Path

import pytest

from edgcn.annotations.events import Event, Media, events
from edgcn.annotations.formats import read_events, write_events
from edgcn.base.errors import EdgcnError
from edgcn.commands.agree import AgreeConfig, agree, common, curve
from edgcn.commands.convert import events_of
from edgcn.commands.events import EventsConfig, count
from helpers import long_store

A = [Event("P01", "touch", 1.0, 2.0, subject="P01"), Event("P01", "rub", 4.0, 5.0, subject="P01"),
     Event("P02", "touch", 3.0, 4.5, subject="P02")]  # fmt: skip
B = [Event("P01", "touch", 1.1, 2.0, subject="P01", score=0.9),
     Event("P02", "touch", 3.0, 4.5, subject="P02", score=0.3)]  # fmt: skip


def files(folder: Path) -> tuple[Path, Path]:
    write_events(events(A, recordings=["P01", "P02", "P03"]), folder / "a", format="eaf")
    write_events(events(B), folder / "b.csv")
    return folder / "a", folder / "b.csv"


def test_two_coders_side_by_side(tmp_path: Path) -> None:
    a, b = files(tmp_path)
    said: list[str] = []
    found = agree(AgreeConfig(a=a, b=b, out=tmp_path / "out"), say=said.append)
    assert found.table.tolist() == [[0, 0, 1], [0, 2, 0], [0, 0, 0]]
    text = "\n".join(said)
    assert "2 recordings of both" in text
    assert "only in A: P03" in text
    assert "B from confidence 0.5" in text
    assert "subject P02" in text
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "agreement.csv", "confusion.csv", "confusion.png", "confidence.png",
    }  # fmt: skip


def test_two_files_of_one_recording_need_no_common_name(tmp_path: Path) -> None:
    for name in ("P01_cw", "P01_ab"):
        rows = [Event(name, "touch", 1.0, 2.0)]
        write_events(events(rows), tmp_path / f"{name}.eaf")
    config = AgreeConfig(a=tmp_path / "P01_cw.eaf", b=tmp_path / "P01_ab.eaf")
    assert agree(config, say=lambda _: None).raw == 1.0


def test_what_hides_agreement_is_named(tmp_path: Path) -> None:
    """Two names of one recording, spellings of one label, lists without a label in common."""
    for name, labels in (("P01", ("touch", "rub")), ("Q", ("Touch", "rub")), ("R", ("17", "3"))):
        rows = [Event(name, label, float(n), n + 1.0) for n, label in enumerate(labels)]
        write_events(events(rows), tmp_path / f"{name}.csv")
    said: list[str] = []
    agree(AgreeConfig(a=tmp_path / "P01.csv", b=tmp_path / "Q.csv"), say=said.append)
    assert "labels that differ in spelling only count as others: 'Touch' and 'touch'" in said
    assert "'P01' of A and 'Q' of B are taken for one recording" in said
    agree(AgreeConfig(a=tmp_path / "P01.csv", b=tmp_path / "R.csv"), say=said.append)
    assert "no label is in both: are they of the same list?" in said


def test_files_of_other_recordings_are_refused(tmp_path: Path) -> None:
    write_events(events([*A, Event("P04", "rub", 0.0, 1.0)]), tmp_path / "a.csv")
    other = [Event("Q1", "rub", 0.0, 1.0), Event("Q2", "rub", 0.0, 1.0)]
    write_events(events(other), tmp_path / "b.csv")
    with pytest.raises(EdgcnError, match="no recording in common: P01, P02, P04, and Q1, Q2"):
        agree(AgreeConfig(a=tmp_path / "a.csv", b=tmp_path / "b.csv"))


def test_what_a_paper_prints(tmp_path: Path) -> None:
    media = {"P01": Media(("P01.mp4",), 60.0), "P02": Media(("P02.mp4",), 120.0)}
    write_events(events(A, media=media), tmp_path / "x.boris")
    said: list[str] = []
    config = EventsConfig(source=tmp_path / "x.boris", out=tmp_path / "t.csv")
    rows = {row["label"]: row for row in count(config, say=said.append)}
    assert rows["touch"]["count"] == 2
    assert rows["touch"]["subjects"] == 2
    assert rows["touch"]["rate"] == pytest.approx(2 / 3)  # minutes
    assert rows["touch"]["share"] == pytest.approx(100 * 2.5 / 180)
    assert rows["touch"]["mean"] == 1.25
    assert rows["any label"]["count"] == 3
    assert (tmp_path / "t.csv").read_text().startswith('"label","of","subjects","count"')


def test_lengths_that_nobody_knows_are_named(tmp_path: Path) -> None:
    write_events(events(A), tmp_path / "x.csv")
    said: list[str] = []
    rows = count(EventsConfig(source=tmp_path / "x.csv"), say=said.append)
    assert "nothing says how long 2 of 2 recordings are" in said[0]
    assert rows[0]["rate"] is None
    assert rows[0]["count"] == 2


def test_a_machine_beside_two_coders(tmp_path: Path) -> None:
    a, b = files(tmp_path)
    machine = [Event("P01", "touch", 1.0, 2.0, score=0.9), Event("P02", "rub", 3.0, 4.5, score=0.2)]
    write_events(events(machine), tmp_path / "m.csv")
    said: list[str] = []
    config = AgreeConfig(a=a, b=b, machine=tmp_path / "m.csv", out=tmp_path / "out")
    agree(config, say=said.append)
    lines = {line.split("  ")[0]: line for line in said[-1].splitlines()}
    assert "A and machine from confidence 0.75" in lines
    assert lines["B and machine from confidence 0.5"].split()[-9:-7] == ["1", "1"]  # linked, raw
    assert lines["subject P01"].split()[2:4] == ["2", "1"]
    one, two = (read_events([path]) for path in (tmp_path / "b.csv", tmp_path / "m.csv"))
    points = curve(one, two, 0.6)
    assert [least for least, *_ in points] == [round(0.1 * step, 1) for step in range(10)]
    assert [f1 for *_, f1 in points] == [0.5] * 3 + [pytest.approx(2 / 3)] * 7
    assert (tmp_path / "out" / "confidence.png").stat().st_size > 1000


def test_whose_the_events_are_may_stand_in_one_file_only() -> None:
    one = events([Event("P01", "touch", 1.0, 2.0, subject="anna")])
    other = events([Event("P01", "touch", 1.0, 2.0), Event("P02", "rub", 0.0, 1.0)])
    _, filled, _ = common(one, other, [])
    assert [row.subject for row in filled.rows] == ["anna"]


def test_intervals_resample_subjects(tmp_path: Path) -> None:
    media = {f"P0{n}": Media((f"P0{n}.mp4",), 60.0) for n in (1, 2, 3)}
    rows = [Event("P01", "touch", float(s), s + 2.0, subject="anna") for s in (0, 10, 20, 30)]
    rows += [
        Event("P02", "touch", 0.0, 1.0, subject="ben"),
        Event("P03", "rub", 0.0, 1.0, subject="ben"),
    ]
    write_events(events(rows, media=media), tmp_path / "x.boris")
    config = EventsConfig(source=tmp_path / "x.boris", out=tmp_path / "t.csv")
    touch, rub, both = count(config, say=lambda _: None)
    assert (touch["rate"], touch["rate_low"], touch["rate_high"]) == (5 / 3, 0.5, 4.0)
    assert touch["share"] == pytest.approx(100 * 9 / 180)
    assert touch["share_low"] == pytest.approx(100 / 120)
    assert touch["share_high"] == pytest.approx(100 * 8 / 60)
    assert (touch["mean"], touch["mean_low"], touch["mean_high"]) == (1.8, 1.0, 2.0)
    assert (rub["rate_low"], rub["rate_high"], rub["mean_low"]) == (0.0, 0.5, None)
    assert both["count"] == 6


def test_recordings_without_events_are_time_all_the_same(tmp_path: Path) -> None:
    store = long_store(tmp_path, each=3, clips=24, subjects=4)
    table = events_of(store)
    quiet = table.rows[0].recording
    subject = table.rows[0].subject
    kept = [row for row in table.rows if row.recording != quiet]
    write_events(events(kept, recordings=table.recordings), tmp_path / "x.csv")
    said: list[str] = []
    config = EventsConfig(source=tmp_path / "x.csv", store=store.path, by="subject")
    rows = count(config, say=said.append)
    table_of = {(row["label"], row["of"]): row for row in rows}
    names = {row.recording for row in kept if row.subject == subject}
    assert ("any label", subject) in table_of
    seconds = sum(
        float(store.times_of(place)[-1] + 1 / store.fps)
        for place, name in enumerate(store.recordings.names.tolist())
        if name in names
    )
    own = table_of["any label", subject]
    assert own["rate"] == pytest.approx(60 * own["count"] / seconds)
    assert f"1 of {len(store.recordings)} recordings of long are not among" in said[0]
