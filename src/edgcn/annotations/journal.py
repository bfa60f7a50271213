"""A document that several people edit and no crash harms: an append-only journal of changes.

{key: value or None} -> a line of JSON, on disk before it is answered -> replay -> {key: value}

Undo is a line, too: it takes one change out of the replay, and what others wrote afterwards stays.
The number of a line is its place in the file, so that writers that do not know of each other cannot
give one number twice. A line that was cut short by a crash does not parse, and changes nothing.
"""

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError
from edgcn.base.files import writing
from edgcn.base.locks import locked

NEW = "new"  # keys that begin so are given an id
ID = re.compile(r"a([0-9]{1,15})")  # as ELAN numbers annotations
LARGE = 4_000_000  # bytes from which `compact` begins anew

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Conflict:
    """Two wrote the same thing without having seen each other's; the later one counts.

    Args:
        earlier: number of the line that was written over unseen.
        was: its value.
    """

    key: str
    earlier: int
    later: int
    was: Any


@dataclass
class Document:
    """What a journal says, line after line; everything here follows from the lines alone."""

    number: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    highest: int = 0
    _writes: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    _changed: dict[str, int] = field(default_factory=dict)
    _keys: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _tabs: dict[int, str] = field(default_factory=dict)
    _dead: set[int] = field(default_factory=set)
    _redo: dict[str, list[int]] = field(default_factory=dict)

    def value(self, key: str) -> Any:
        """What the last change that was not undone says; None where nothing does."""
        for number, value in reversed(self._writes.get(key, ())):
            if number not in self._dead:
                return value
        return None

    def values(self) -> dict[str, Any]:
        """Everything that is there, in the order of its first mention."""
        every = ((key, self.value(key)) for key in self._writes)
        return {key: value for key, value in every if value is not None}

    def since(self, number: int) -> dict[str, Any]:
        """What changed after a line; None for what is gone."""
        return {key: self.value(key) for key, at in self._changed.items() if at > number}

    def open_conflicts(self) -> list[Conflict]:
        """Those whose later value still is the one that counts."""
        return [
            found for found in self.conflicts
            if next(
                (n for n, _ in reversed(self._writes[found.key]) if n not in self._dead), 0
            ) == found.later
        ]  # fmt: skip

    def to_undo(self, tab: str, since: int) -> int | None:
        """The last change of this tab; where it has none left, of the time before it was opened."""
        for number in reversed(self._keys):
            own = self._tabs[number]  # what nobody's tab wrote is not taken back
            if number not in self._dead and own and (own == tab or number <= since):
                return number
        return None

    def to_redo(self, tab: str) -> int | None:
        """What this tab undid last, as long as it changed nothing since."""
        return self._redo[tab][-1] if self._redo.get(tab) else None

    def apply(self, text: bytes) -> None:
        """The next line."""
        self.number += 1
        try:
            line = json.loads(text)
            kind, tab = line["kind"], str(line.get("tab", ""))
            if kind == "change":
                self._change(dict(line["rows"]), tab, int(line.get("seen", self.number)))
            elif kind in ("undo", "redo") and int(line["of"]) in self._keys:
                self._turn(kind, int(line["of"]), tab)
            elif kind == "snapshot":
                self.number = int(line["number"])
                self.highest = int(line["highest"])
                self._change(dict(line["rows"]), "", self.number)
            else:
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.notes.append(f"line {self.number} of the journal is not whole and was left out")

    def _change(self, rows: dict[str, Any], tab: str, seen: int) -> None:
        for key, value in rows.items():
            last = next((n for n, _ in reversed(self._writes.get(key, ())) if n not in self._dead),
                        None)  # fmt: skip
            if last is not None and last > seen and self._tabs[last] != tab:
                self.conflicts.append(Conflict(key, last, self.number, self.value(key)))
            self._writes.setdefault(key, []).append((self.number, value))
            self._changed[key] = self.number
            if found := ID.fullmatch(key):
                self.highest = max(self.highest, int(found[1]))
        self._keys[self.number], self._tabs[self.number] = tuple(rows), tab
        self._redo[tab] = []

    def _turn(self, kind: str, of: int, tab: str) -> None:
        waiting = self._redo.setdefault(tab, [])
        if kind == "undo":
            self._dead.add(of)
            waiting.append(of)
        else:
            self._dead.discard(of)
            if of in waiting:
                waiting.remove(of)
        for key in self._keys[of]:
            self._changed[key] = self.number


class Journal:
    """The file of a document. Every method may be called from any thread, and by any process.

    Args:
        path: of the file; it is made by the first change.

    Raises:
        EdgcnError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._forget()
        self.refresh()

    def _forget(self) -> None:
        self.document, self._offset, self._inode, self._torn = Document(), 0, -1, False

    def refresh(self) -> Document:
        """The document with the lines that others have written since."""
        with self._alone():
            return self.document

    def change(
        self, rows: Values, *, tab: str, by: str = "", seen: int | None = None
    ) -> dict[str, str]:
        """Write values, None for what is to go; returns the ids of new ones.

        Args:
            rows: by key; a key that begins with "new" gets an id.
            tab: who writes: undo goes back over the changes of one.
            seen: the last line that the writer knew.

        Raises:
            EdgcnError: the file cannot be written to; nothing is changed then.
        """
        with self._alone():
            given = dict(rows)
            fresh = (key for key in given if key.startswith(NEW))
            ids = {key: f"a{self.document.highest + count}" for count, key in enumerate(fresh, 1)}
            known = self.document.number if seen is None else seen
            whole = {ids.get(key, key): value for key, value in given.items()}
            self._write({"kind": "change", "tab": tab, "by": by, "seen": known, "rows": whole})
            return ids

    def undo(self, *, tab: str, since: int = 0, by: str = "") -> bool:
        """Take the last change back; False where there is none.

        Args:
            since: the line at which the tab was opened: it may take back what was before.
        """
        with self._alone():
            of = self.document.to_undo(tab, since)
            if of is not None:
                self._write({"kind": "undo", "tab": tab, "by": by, "of": of})
            return of is not None

    def redo(self, *, tab: str, by: str = "") -> bool:
        """Do again what was undone last; False where there is nothing."""
        with self._alone():
            of = self.document.to_redo(tab)
            if of is not None:
                self._write({"kind": "redo", "tab": tab, "by": by, "of": of})
            return of is not None

    def compact(self, *, at_least: int = LARGE) -> Path | None:
        """Begin a large file anew with what it says; the old one is kept beside it, and named."""
        with self._alone():
            if self._offset < at_least:
                return None
            kept = next(
                place for count in range(1, 10**6)
                if not (place := self.path.with_suffix(f".{count:03d}.jsonl")).exists()
            )  # fmt: skip
            document = self.document
            line = {
                "kind": "snapshot", "number": document.number + 1, "highest": document.highest,
                "rows": document.values(),
            }  # fmt: skip
            os.link(self.path, kept)
            with writing(self.path) as waiting, waiting.open("wb") as file:
                file.write(_line(line))
                file.flush()
                os.fsync(file.fileno())
            self._forget()
            self._catch_up()
            return kept

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The journal to oneself, among threads and processes, and up to date."""
        with self._lock, locked(self.path.with_suffix(".lock"), wait=True):
            self._catch_up()
            yield

    def _catch_up(self) -> None:
        """Read what was added, from the start where the file is another one."""
        try:
            with self.path.open("rb") as file:
                state = os.fstat(file.fileno())
                if state.st_ino != self._inode or state.st_size < self._offset:
                    self._forget()
                    self._inode = state.st_ino
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            self._forget()
            return
        except OSError as error:
            raise EdgcnError(f"cannot read {self.path}: {error.strerror}") from error
        for text in data.split(b"\n"):
            if text:
                self.document.apply(text)
        self._offset += len(data)
        if data:
            self._torn = not data.endswith(b"\n")

    def _write(self, line: dict[str, Any]) -> None:
        """A line to the end of the file and to the disk; then it counts."""
        line["at"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        data = (b"\n" if self._torn else b"") + _line(line)
        new = not self.path.exists()
        try:
            with self.path.open("ab", buffering=0) as file:
                if file.write(data) != len(data):
                    raise OSError(28, "No space left on device")
                os.fsync(file.fileno())
            if new:
                folder = os.open(self.path.parent, os.O_RDONLY)
                os.fsync(folder)
                os.close(folder)
        except OSError as error:
            raise EdgcnError(f"cannot write {self.path}: {error.strerror or error}") from error
        self._catch_up()


def _line(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=True, allow_nan=False).encode() + b"\n"
