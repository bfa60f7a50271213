"""Laws of the journal: nothing answered is lost, undo is replay, two writers keep both edits."""

import random
from pathlib import Path
from typing import Any

import pytest

from edgcn.annotations.journal import Document, Journal
from edgcn.base.errors import EdgcnError


def replayed(data: bytes) -> Document:
    """What the lines of a file say."""
    document = Document()
    for line in data.split(b"\n"):
        if line:
            document.apply(line)
    return document


def script(path: Path) -> list[dict[str, Any]]:
    """Some work of two tabs; what is there after each line."""
    journal, states = Journal(path), [dict[str, Any]()]

    def done(_: object) -> None:
        states.append(journal.document.values())

    done(journal.change({"new": {"label": "wave ✋"}, "label:wave": {"key": "1"}}, tab="a"))
    done(journal.change({"new1": 1, "new2": 2}, tab="b"))
    done(journal.change({"a1": None}, tab="a"))
    done(journal.undo(tab="a"))
    done(journal.change({"a2": "x\ny"}, tab="b"))
    done(journal.undo(tab="b"))
    done(journal.redo(tab="b"))
    return states


def test_a_crash_at_any_byte_loses_at_most_the_line_in_flight(tmp_path: Path) -> None:
    states = script(tmp_path / "whole.jsonl")
    data = (tmp_path / "whole.jsonl").read_bytes()
    path = tmp_path / "cut.jsonl"
    for size in range(0, len(data) + 1, 3):
        cut = data[:size]
        path.write_bytes(cut)
        journal, whole = Journal(path), cut.count(b"\n")
        complete = size < len(data) and data[size : size + 1] == b"\n" and size > 0
        assert journal.document.values() == states[whole + complete]
        before = journal.document.values()
        journal.change({"a9": "after"}, tab="c")
        again = Journal(path).document
        assert again.values() == {**before, "a9": "after"} == journal.document.values()
        torn = not cut.endswith(b"\n") and not complete and size > 0
        assert len(again.notes) == torn


def test_what_is_answered_is_on_disk_and_ids_are_never_given_twice(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    ids = [journal.change({"new": n}, tab="a")["new"] for n in range(3)]
    journal.change({ids[2]: None}, tab="a")
    for _ in range(4):
        journal.undo(tab="a")
    assert journal.document.values() == {}
    assert journal.change({"new": 9}, tab="a") == {"new": "a4"}
    assert Journal(tmp_path / "j.jsonl").document.values() == {"a4": 9}


@pytest.mark.parametrize("seed", range(6))
def test_undo_and_redo_without_limit(tmp_path: Path, seed: int) -> None:
    """Against a list of all states, with a place in it."""
    dice, journal = random.Random(seed), Journal(tmp_path / "j.jsonl")
    states, place = [dict[str, Any]()], 0
    for step in range(40):
        action = dice.choice(["change", "change", "undo", "undo", "redo"])
        if action == "change":
            rows = {f"a{dice.randrange(1, 4)}": dice.choice([None, step]) for _ in "ab"}
            journal.change(rows, tab="t")
            new = {k: v for k, v in {**states[place], **rows}.items() if v is not None}
            states, place = [*states[: place + 1], new], place + 1
        else:
            possible = place > 0 if action == "undo" else place + 1 < len(states)
            assert getattr(journal, action)(tab="t") == possible
            place += possible * (-1 if action == "undo" else 1)
        assert journal.document.values() == states[place]
    assert replayed((tmp_path / "j.jsonl").read_bytes()).values() == states[place]


def test_two_writers_keep_both_edits_and_see_the_conflict(tmp_path: Path) -> None:
    one, two = (Journal(tmp_path / "j.jsonl") for _ in "ab")
    one.change({"new": "first"}, tab="a")
    seen = two.refresh().number
    one.change({"a1": "of one"}, tab="a", seen=seen)
    two.change({"new": "beside"}, tab="b", seen=seen)
    two.change({"a1": "of two"}, tab="b", seen=seen)
    assert one.refresh().values() == two.document.values() == {"a1": "of two", "a2": "beside"}
    (conflict,) = one.document.open_conflicts()
    assert (conflict.key, conflict.was) == ("a1", "of one")
    one.undo(tab="a")  # its own, which is covered: the other's stays
    assert two.refresh().value("a1") == "of two"
    two.undo(tab="b")
    assert one.refresh().value("a1") == "first"
    assert one.document.open_conflicts() == []


def test_a_tab_takes_back_its_own_and_what_was_before_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.change({"a1": 1}, tab="old")
    since = journal.document.number
    journal.change({"a2": 2}, tab="other")
    journal.change({"a3": 3}, tab="mine")
    assert journal.undo(tab="mine", since=since)
    assert journal.undo(tab="mine", since=since)
    assert not journal.undo(tab="mine", since=since)
    assert journal.document.values() == {"a2": 2}


def test_compacting_keeps_what_is_said_and_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    script(path)
    journal, other = Journal(path), Journal(path)
    before, number, data = journal.document.values(), journal.document.number, path.read_bytes()
    kept = journal.compact(at_least=0)
    assert kept is not None
    assert kept.read_bytes() == data
    assert path.read_bytes().count(b"\n") == 1
    assert other.refresh().values() == before
    assert other.document.since(number) == before
    assert other.change({"new": 1}, tab="z") == {"new": "a4"}
    assert other.undo(tab="z", since=other.document.number)
    assert not other.undo(tab="z", since=other.document.number)
    assert journal.refresh().values() == before
    assert journal.compact() is None


def test_what_is_no_line_changes_nothing_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    odd = [b"[]", b"\xff\x00", b'{"kind":"change","rows":3}', b'{"kind":"undo","of":99}', b"7"]
    path.write_bytes(b"\n".join(odd) + b"\n")
    journal = Journal(path)
    journal.change({"a1": 1}, tab="a")
    assert journal.document.values() == {"a1": 1}
    assert len(journal.document.notes) == len(odd)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.change({"a1": 1}, tab="a")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(EdgcnError, match="No space left"):
        journal.change({"a1": 2}, tab="a")
