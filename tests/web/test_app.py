"""What the page asks for and writes: coding, undo, frames, import and export, over requests."""

import json
import re
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")

from edgcn.annotations.formats import read_events
from edgcn.base.errors import EdgcnError
from edgcn.commands.studio import begin
from edgcn.inference.recognizer import load
from edgcn.store import Store
from edgcn.web.features import Features
from edgcn.web.serve import serve
from web.asking import Page, make_page


@pytest.fixture
def page(tmp_path: Path, made: Store) -> Page:
    return make_page(tmp_path, made)


def event(**changes: Any) -> dict[str, Any]:
    return {"recording": "s1-0", "label": "wave", "start": 0.5, "end": 1.5} | changes


def write(page: Page, tab: str = "t", seen: int = 0, **rows: Any) -> Any:
    return page.ask("/api/change", send={"tab": tab, "seen": seen, "rows": rows}).json


def test_what_is_written_is_answered_with_ids_and_is_there_again(page: Page) -> None:
    made = write(page, new=event())
    key = made["ids"]["new"]
    assert made["rows"][key]["label"] == "wave"
    assert page.ask("/api/events").json["rows"] == made["rows"]
    assert page.ask("/api/undo", send={"tab": "t"}).json["rows"] == {key: None}
    assert page.ask("/api/redo", send={"tab": "t"}).json["rows"][key]["end"] == 1.5
    assert not page.ask("/api/redo", send={"tab": "t"}).json["done"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (event(recording="nobody"), "there is no recording 'nobody'"),
        (event(label=""), "label"),
        (event(label=" \t "), "choose a label, or reject it"),
        (event(label="", status="accepted"), "choose a label, or reject it"),
        (event(label="a\x1b[2Jb"), "control characters"),
        (event(start=2.0, end=1.0), "ends after it starts"),
        (event(start=-1.0), "start"),
        (event(score=2.0), "score"),
        (event(status="sure"), "status"),
        (event(extra=1), "extra"),
        ("text", "new"),
    ],
)
def test_what_is_no_event_is_refused_with_a_line(page: Page, row: Any, words: str) -> None:
    answer = page.ask("/api/change", send={"tab": "t", "seen": 0, "rows": {"new": row}})
    assert answer.status == 400
    assert words in answer.json["error"]
    assert page.studio.coding.rows() == {}


@pytest.mark.parametrize("key", ["", "b1", "a", "label:", "label:a\nb", "../x", "round", "a1 "])
def test_nothing_is_kept_under_other_keys(page: Page, key: str) -> None:
    answer = page.ask("/api/change", send={"tab": "t", "seen": 0, "rows": {key: True}})
    assert answer.status == 400


def test_markup_is_text(page: Page, tmp_path: Path) -> None:
    label = "<img src=x onerror=alert(1)>&\"'"
    write(page, new=event(label=label))
    assert page.ask("/api/events").headers["content-type"] == "application/json"
    for format in ("boris", "csv"):
        path = tmp_path / f"out.{format}"
        path.write_bytes(page.ask(f"/api/export?format={format}").body)
        assert [row.label for row in read_events([path]).rows] == [label]


def test_two_tabs_keep_both_edits_and_are_told_of_a_conflict(page: Page) -> None:
    key = write(page, "a", new=event())["ids"]["new"]
    seen = page.ask("/api/events").json["number"]
    write(page, "a", seen, **{key: event(end=2.0)}, new=event(start=3.0, end=4.0))
    answer = write(page, "b", seen, **{key: event(end=1.2)}, new=event(start=5.0, end=6.0))
    assert len(page.studio.coding.rows()) == 3
    ((found, was, _),) = answer["conflicts"]
    assert (found, was["end"]) == (key, 2.0)


def test_frames_travel_as_float16_in_any_range(page: Page) -> None:
    whole = page.ask("/api/frames/0").body
    store = page.studio.store
    frames = np.frombuffer(whole, "<f2").reshape(-1, 1, 20, 3).astype(np.float32)
    middle = np.array(page.ask("/api/bounds/0").json, dtype=np.float32)[0]
    true = store.recording(0).frames
    np.testing.assert_allclose(frames + middle, true, atol=4e-3)
    for first, last in ((0, 0), (3, 200), (119, 120), (len(whole) - 5, len(whole) - 1)):
        part = page.ask("/api/frames/0", headers={"range": f"bytes={first}-{last}"})
        assert (part.status, part.body) == (206, whole[first : last + 1])
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"
    assert page.ask("/api/frames/0", headers={"range": "bytes=-7"}).body == whole[-7:]
    beyond = {"range": f"bytes={len(whole)}-"}
    assert page.ask("/api/frames/0", headers=beyond).status == 416
    assert page.ask("/api/frames/9").status == 400
    times = np.frombuffer(page.ask("/api/times/0").body, "<f8")
    np.testing.assert_array_equal(times, store.times_of(0))


def test_a_trace_has_the_lowest_and_highest_of_each_part(page: Page) -> None:
    motion = page.studio.moving[0].motion
    end = page.studio.coding.seconds["s1-0"]
    data = page.ask(f"/api/trace/0?start=0&end={end}&bins=7").body
    low, high = np.frombuffer(data, "<f4").reshape(2, 7)
    assert low.min() == motion.min()
    assert high.max() == motion.max()
    assert (low <= high).all()
    assert page.ask("/api/trace/0?start=nan&end=1&bins=7").status == 400


def test_a_click_inside_a_gesture_suggests_its_edges(page: Page) -> None:
    """Still, a gesture, still: the edges are near those of the gesture."""
    store = page.studio.store
    segment = store.recording(0).segments[0]
    found = page.ask(f"/api/edges/0?at={(segment.start + segment.stop) / 2 / store.fps}").json
    assert abs(found["start"] - segment.start / store.fps) < 0.3
    assert abs(found["end"] - segment.stop / store.fps) < 0.3


def test_export_and_import_bring_corrections_back(page: Page, tmp_path: Path) -> None:
    rows = [event(start=float(n), end=n + 0.5, status="suggested", score=0.5) for n in range(4)]
    sent = {f"new{n}": row for n, row in enumerate(rows)}
    page.ask("/api/change", send={"tab": "t", "seen": 0, "rows": sent})
    text = page.ask("/api/export?format=csv&suggestions=true").body.decode().splitlines()
    edited = [text[0], text[1], text[2].replace("wave", "nod"), *text[4:], "s2-0,,,new,1,2,,,,"]
    body = ["\n".join(edited).encode()]
    counts = page.ask("/api/import?name=back.csv&tab=t&kind=back", body=body).json["counts"]
    assert counts == {"added": 1, "accepted": 2, "edited": 1, "rejected": 1, "unchanged": 0}
    statuses = sorted(row["status"] for row in page.studio.coding.rows().values())
    assert statuses == ["accepted", "accepted", "annotated", "edited", "rejected"]
    again = page.ask("/api/import?name=back.csv&tab=t&kind=new", body=body).json["counts"]
    assert again["added"] == 0
    page.ask("/api/undo", send={"tab": "t"})
    assert len(page.studio.coding.rows()) == 4


@pytest.mark.parametrize("name", ["a.exe", "../../x.csv", "", "a.csv\x00.exe", "<b>.eaf"])
def test_odd_files_are_refused_with_a_line(page: Page, name: str) -> None:
    from urllib.parse import quote

    answer = page.ask(f"/api/import?name={quote(name)}&tab=t", body=[b"not a table"])
    assert answer.status == 400
    assert answer.json["error"]
    assert str(page.studio.folder) not in answer.json["error"]


def test_another_coder_is_compared_with(page: Page) -> None:
    write(page, new1=event(), new2=event(start=3.0, end=3.5))
    table = "recording,label,start_s,end_s,by\ns1-0,wave,0.5,1.5,XY\ns1-0,nod,3,3.5,XY\n"
    page.ask("/api/import?name=other.csv&tab=t&kind=coder", body=[table.encode()])
    found = page.ask("/api/agreement?a=mine&b=XY").json
    assert found["labels"] == ["nod", "wave", ""]
    assert found["table"] == [[0, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert found["rows"][0]["linked"] == 2
    assert page.ask("/api/agreement?a=mine&b=none").status == 400
    rates = page.ask("/api/rates").json
    assert rates[0]["label"] == "wave"
    assert rates[0]["count"] == 2
    assert "2 were coded by hand" in page.ask("/api/methods").json["text"]


def test_nothing_to_learn_from_is_said(page: Page) -> None:
    assert "still looking" in page.ask("/api/learn", send={"tab": "t"}).json["error"]
    assert json.loads(page.ask("/api/about").body)["coder"] == "AB"


def test_the_address_answers_as_soon_as_it_is_said(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser that is quicker than the server waits, and is not refused."""
    monkeypatch.setattr(Features, "begin", lambda self: None)
    monkeypatch.setattr("uvicorn.Server.run", lambda self, sockets: None)

    def visit(line: str) -> None:
        found = re.search(r"127\.0\.0\.1:(\d+)/\?token=\S{20,}", line)
        assert found
        port = int(found[1])
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        with pytest.raises(EdgcnError, match="choose another --port"):
            serve(page.studio, port=port, open_page=False, say=print)

    serve(page.studio, port=0, open_page=False, say=visit)


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory, made: Store, seen: Features) -> Page:
    """A page whose encoder has looked, with all labels of the store coded."""
    page = make_page(tmp_path_factory.mktemp("looked"), made)
    page.studio.features = seen
    begin(page.studio, (), print, demo=False)
    return page


def test_a_round_suggests_and_is_kept(looked_at: Page) -> None:
    answer = looked_at.ask("/api/learn", send={"tab": "t"}).json
    assert answer["round"]["number"] == 1
    assert answer["round"]["coded"] == 12
    asked = [row for row in answer["rows"].values() if row and row.get("asked")]
    assert all(row["status"] == "suggested" for row in asked)
    exported = looked_at.ask("/api/export?format=csv&suggestions=true").body.decode()
    told = [r for r in looked_at.studio.coding.rows().values() if not r["asked"]]
    assert len(exported.splitlines()) == 1 + len(told)  # what is only asked is told nobody


def test_the_recognizer_of_what_is_coded_is_exported(looked_at: Page, tmp_path: Path) -> None:
    """Its file names the coded events, and another page begins with what it finds."""
    answer = looked_at.ask("/api/export?format=edgcn")
    path = tmp_path / "coded.edgcn"
    path.write_bytes(answer.body)
    made, store = load(path), looked_at.studio.store
    assert sorted(made.classes_.tolist()) == ["gesture 0", "gesture 1"]
    assert made.score(store) > 0.9
    found = {event.label for event in made.recognize(store).rows}
    assert found <= set(made.classes_.tolist())
    page = make_page(tmp_path, store, model=made)
    page.studio.features = looked_at.studio.features
    rows = page.ask("/api/learn", send={"tab": "t"}).json["rows"]
    assert {r["label"] for k, r in rows.items() if r and not k.startswith("round")} == found


def test_windows_are_read_once(looked_at: Page) -> None:
    """A second look takes the vectors from the disk, and they are the same."""
    studio = looked_at.studio
    again = Features(studio.store, studio.model, studio.features.folder, lambda: None)
    again._project = None  # type: ignore[assignment,method-assign]
    found = again.compute()
    assert found is not None
    np.testing.assert_array_equal(found.vectors, studio.features.windows().vectors)
    assert again.done == again.total == len(found)
