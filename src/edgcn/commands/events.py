"""`edgcn events`: what a study of behavior prints: counts, rates, shares and durations of events.

events + lengths of the recordings -> a row for each label, with intervals that resample subjects
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from edgcn.annotations.events import Event, Events, bounded, stem
from edgcn.annotations.formats import read_events
from edgcn.base.errors import EdgcnError
from edgcn.base.files import write_text
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.convert import events_of
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.evaluation.event_scores import time_by_label
from edgcn.evaluation.metrics import resampled
from edgcn.reports.exports import csv_table
from edgcn.reports.tables import text_table
from edgcn.store import Store, open_store

COLUMNS = {
    "label": "label", "of": "of", "subjects": "subjects", "count": "count",
    "rate": "per minute", "rate_interval": "95 % interval", "share": "share of time %",
    "mean": "mean s", "median": "median s", "shortest": "shortest s", "longest": "longest s",
}  # fmt: skip


class EventsConfig(Config, coerce_numbers_to_str=True):
    """Count events: how many, how often, how long; by label, subject or condition."""

    source: Annotated[Path, POSITIONAL]
    """File or folder of annotations, or a store."""
    store: Path | None = None
    """Store of the recordings, which says how long they are and who is in them."""
    by: Literal["label", "subject", "condition"] = "label"
    """Rows for labels of everybody, or of each subject or condition."""
    options: dict[str, str] = Field(default={})
    """Options of reading as NAME VALUE pairs, as `edgcn convert --help` has them."""
    out: Path | None = None
    """File for the table, as CSV."""


def command(config: EventsConfig) -> str:
    """Count, and say where the table is."""
    count(config)
    return f"wrote {config.out}" if config.out else "next: --out FILE.csv writes the table"


def count(config: EventsConfig, *, say: Say = tell) -> list[dict[str, Any]]:
    """Print the table; returns its rows."""
    path = config.source if (config.source / "store.json").is_file() else config.store
    store = open_store(path) if path else None
    table = (
        events_of(store)
        if store and path == config.source
        else read_events([config.source], settings=config.options)
    )
    for line in table.notes:
        say(line)
    about = known(table, store, say)
    table = bounded(table, about.seconds)
    rows = list(rows_of(table, about, config.by))
    headed = [{COLUMNS[key]: in_words(value) for key, value in row.items()} for row in rows]
    say(text_table(headed, tuple(COLUMNS.values())))
    if config.out is not None:
        write_text(config.out, csv_table(rows, tuple(COLUMNS)))
    return rows


class About:
    """What is known of the recordings: seconds, subject and condition of each, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.subject: dict[str, str] = {}
        self.condition: dict[str, str] = {}


def known(table: Events, store: Store | None, say: Say) -> About:
    """Lengths of the store's recordings, or of those that the files name.

    Raises:
        EdgcnError: the store has none of the recordings.
    """
    about = About()
    for name, media in table.media.items():
        if media.seconds:
            about.seconds[name] = media.seconds
    if store is not None:
        recordings = store.recordings
        rows = {stem(str(name)): row for row, name in enumerate(recordings.names)}
        rows |= {str(name): row for row, name in enumerate(recordings.names)}
        found = {n: row for n in table.recordings if (row := rows.get(n, rows.get(stem(n))))
                 is not None}  # fmt: skip
        if not found:
            raise EdgcnError(f"{store.path} has none of the recordings of these events")
        for name, row in found.items():
            times = store.times_of(row)
            about.seconds[name] = float(times[-1] - times[0] + 1 / recordings.fps[row])
            about.subject[name] = str(recordings.subjects[row])
            about.condition[name] = str(recordings.conditions[row])
    if lacking := [name for name in table.recordings if name not in about.seconds]:
        say(
            f"nothing says how long {len(lacking)} of {len(table.recordings)} recordings are "
            f"({lacking[0]}): rates and shares leave them out; give --store STORE"
        )
    return about


def rows_of(table: Events, about: About, by: str) -> Iterator[dict[str, Any]]:
    """A row for each label, of each group; then one of all labels together."""
    kept = [row for row in table.rows if row.status != "rejected"]

    def group(recording: str, subject: str) -> str:
        if by == "subject":
            return subject or about.subject.get(recording, "")
        return about.condition.get(recording, "") if by == "condition" else ""

    groups = sorted(
        {group(row.recording, row.subject) for row in kept}
        | ({group(name, "") for name in table.recordings} if by == "condition" else set())
    ) or [""]
    labels = [label for label in table.labels if any(row.label == label for row in kept)]
    for name in groups:
        own = [row for row in kept if group(row.recording, row.subject) == name]
        recordings = [
            n for n in table.recordings
            if by == "label"
            or (by == "condition" and group(n, "") == name)
            or any(row.recording == n for row in own)
        ]  # fmt: skip
        title = "all" if by == "label" else name or "(none)"
        for label in labels:
            rows = [row for row in own if row.label == label]
            yield row_of(label, title, rows, recordings, about)
        if len(labels) > 1:
            yield row_of("any label", title, own, recordings, about)


def row_of(
    label: str, of: str, rows: Sequence[Event], recordings: Sequence[str], about: About
) -> dict[str, Any]:
    """The numbers of some events in some recordings."""
    timed = [name for name in recordings if name in about.seconds]
    total = sum(about.seconds[name] for name in timed)
    within = [row for row in rows if row.recording in about.seconds]
    lengths = np.array([row.end - row.start for row in rows if row.end > row.start])
    covered = sum(
        sum(spans)
        for spans in time_by_label(
            [Event(r.recording, "", r.start, r.end) for r in within], ()
        ).values()
    )
    people = {row.subject or about.subject.get(row.recording, "") for row in rows} - {""}
    rate = 60 * len(within) / total if total else float("nan")
    return {
        "label": label,
        "of": of,
        "subjects": len(people) or None,
        "count": len(rows),
        "rate": finite(rate),
        "rate_interval": _interval(within, timed, about),
        "share": finite(100 * covered / total if total else float("nan")),
        **{
            key: float(value(lengths)) if len(lengths) else None
            for key, value in (
                ("mean", np.mean), ("median", np.median), ("shortest", np.min), ("longest", np.max),
            )
        },
    }  # fmt: skip


def _interval(rows: Sequence[Event], recordings: Sequence[str], about: About) -> str | None:
    """95 % interval of the rate: whole subjects resampled, or recordings where there are none."""
    who = {name: about.subject.get(name, "") for name in recordings}
    for row in rows:
        who[row.recording] = who.get(row.recording) or row.subject
    people = sorted({person or name for name, person in who.items()})
    if len(people) < 2:
        return None
    place = {person: index for index, person in enumerate(people)}
    counts, minutes = np.zeros(len(people)), np.zeros(len(people))
    for name in recordings:
        minutes[place[who[name] or name]] += about.seconds[name] / 60
    for row in rows:
        counts[place[who[row.recording] or row.recording]] += 1
    low, high = resampled(counts, minutes)
    return f"{low:.2f} to {high:.2f}"


def in_words(value: Any, digits: int = 2) -> str:
    """A cell of a table: numbers with so many digits, "-" for what is not known."""
    if isinstance(value, float):
        return f"{value:.{digits}f}"
    return "-" if value is None else str(value)


def finite(value: float) -> float | None:
    """The number, or nothing where it is none."""
    return value if np.isfinite(value) else None
