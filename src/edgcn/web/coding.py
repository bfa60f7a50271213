"""What is kept of the coding of a store: events, labels with their keys, what was looked through.

Keys of the journal: a7 (an event), label:NAME, seen:RECORDING, round:N, coder:NAME (another
coder's events, to compare with).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from edgcn.annotations.events import Event, Events, Media, Status, events
from edgcn.annotations.journal import ID, NEW, Journal
from edgcn.base.errors import EdgcnError
from edgcn.base.screen import printable
from edgcn.store import Store

CODED = ("annotated", "accepted", "edited")  # what a person says is there
Text = Annotated[str, Field(max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class EventRow(BaseModel, extra="forbid"):
    """An event as it is written and sent.

    `use` says how useful it is to look at; what is `asked` is too unsure to be told as suggested,
    and may have no label: the coder says what it is.
    """

    recording: Name
    label: Text
    start: Seconds
    end: Seconds
    subject: Text = ""
    tier: Text = ""
    score: Share | None = None
    status: Status = "annotated"
    by: Text = ""
    use: float = 0.0
    asked: bool = False


class LabelRow(BaseModel, extra="forbid"):
    """A label of the coding scheme."""

    key: Annotated[str, Field(max_length=1)] = ""


KINDS: dict[str, TypeAdapter[Any]] = {
    "label": TypeAdapter(LabelRow),
    "seen": TypeAdapter(bool),
    "round": TypeAdapter(dict[str, Any]),
    "coder": TypeAdapter(list[EventRow]),
}


class Coding:
    """The document of a store.

    Args:
        path: of the journal.
        store: whose recordings are coded.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self.journal, self.store = Journal(path), store
        names = [str(name) for name in store.recordings.names]
        self.row_of = {name: row for row, name in enumerate(names)}
        starts = store.recordings.starts
        self.clocks = {name: float(starts[row]) for name, row in self.row_of.items()}
        self.seconds = {name: float(seconds_of(store, row)) for name, row in self.row_of.items()}

    def checked(self, rows: Mapping[str, Any]) -> dict[str, Any]:
        """Rows as they are kept.

        Raises:
            EdgcnError: one that is not of its kind, or of no recording of this store.
        """
        kept: dict[str, Any] = {}
        for key, value in rows.items():
            kind, colon, name = key.partition(":")
            try:
                if ID.fullmatch(key) or key.startswith(NEW):
                    kept[key] = None if value is None else self._event(value)
                elif colon and kind in KINDS and 0 < len(name) <= 200 and printable(name) == name:
                    read = None if value is None else KINDS[kind].validate_python(value)
                    kept[key] = _plain(read)
                else:
                    raise EdgcnError(f"there is nothing to keep under {key[:60]!r}")
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"])
                raise EdgcnError(f"{key} {where}: {first['msg']}") from None
        return kept

    def _event(self, value: Any) -> dict[str, Any]:
        row = EventRow.model_validate(value)
        if row.recording not in self.seconds:
            raise EdgcnError(f"there is no recording {row.recording!r}")
        row.label = " ".join(row.label.split())
        if printable(row.label) != row.label:
            raise EdgcnError("a label is a line of text without control characters")
        if not row.label and row.status != "rejected" and not row.asked:
            raise EdgcnError("say what this is: choose a label, or reject it")
        longest = self.seconds[row.recording]
        row.start, row.end = min(row.start, longest), min(row.end, longest)
        if not row.start < row.end:
            raise EdgcnError(f"an event ends after it starts; got {row.start:g} to {row.end:g} s")
        return row.model_dump()

    def rows(self) -> dict[str, dict[str, Any]]:
        """The events by id."""
        every = self.journal.refresh().values()
        return {key: value for key, value in every.items() if ID.fullmatch(key)}

    def under(self, kind: str) -> dict[str, Any]:
        """What is kept of a kind, by name."""
        every = self.journal.refresh().values()
        return {k.partition(":")[2]: v for k, v in every.items() if k.startswith(f"{kind}:")}

    def table(self, statuses: Sequence[str] = CODED) -> Events:
        """The events of these statuses, with the coding scheme and all recordings."""
        rows = [
            (k, v) for k, v in self.rows().items()
            if v["status"] in statuses and not (v["status"] == "suggested" and v.get("asked"))
        ]  # fmt: skip
        place = self.row_of
        rows.sort(key=lambda pair: (place[pair[1]["recording"]], pair[1]["start"]))
        return self.events_of(event_of(value, key) for key, value in rows)

    def of_coder(self, name: str) -> Events:
        """Another coder's events.

        Raises:
            EdgcnError: nothing of this coder was imported.
        """
        rows = self.journal.refresh().value(f"coder:{name}")
        if rows is None:
            raise EdgcnError(f"there is no coder {name!r}; import a file of theirs")
        return self.events_of(event_of(row) for row in rows)

    def events_of(self, rows: Iterable[Event]) -> Events:
        """A table with what is known of the recordings."""
        rates = self.store.recordings.fps
        media = {n: Media((), self.seconds[n], float(rates[r])) for n, r in self.row_of.items()}
        return events(rows, recordings=self.row_of, labels=self.under("label"), media=media)


def event_of(row: Mapping[str, Any], key: str = "") -> Event:
    """A row as an event."""
    values = {name: value for name, value in row.items() if name not in ("use", "asked")}
    return Event(**values, id=key)


def row_of(event: Event) -> dict[str, Any]:
    """An event as a row, without its id."""
    return {name: value for name, value in asdict(event).items() if name != "id"}


def seconds_of(store: Store, row: int) -> float:
    """How long a recording is, its last frame included."""
    return float(np.asarray(store.times_of(row))[-1] + 1 / store.recordings.fps[row])


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.model_dump() if isinstance(value, BaseModel) else value
