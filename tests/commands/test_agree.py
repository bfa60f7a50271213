"""`agree` and `events` on files as coders have them."""

from pathlib import Path

import pytest

from edgcn.annotations.events import Event, Media, events
from edgcn.annotations.formats import write_events
from edgcn.base.errors import EdgcnError
from edgcn.commands.agree import AgreeConfig, agree
from edgcn.commands.events import EventsConfig, count

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
        "agreement.csv", "confusion.csv", "confusion.png",
    }  # fmt: skip


def test_two_files_of_one_recording_need_no_common_name(tmp_path: Path) -> None:
    for name in ("P01_cw", "P01_ab"):
        rows = [Event(name, "touch", 1.0, 2.0)]
        write_events(events(rows), tmp_path / f"{name}.eaf")
    config = AgreeConfig(a=tmp_path / "P01_cw.eaf", b=tmp_path / "P01_ab.eaf")
    assert agree(config, say=lambda _: None).raw == 1.0


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
