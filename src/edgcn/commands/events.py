"""`edgcn events`: what a study of behavior prints: counts, rates, shares and durations of events.

events + lengths of the recordings -> a row for each label, with intervals that resample subjects
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
from edgcn.commands.timeline import draw_timeline, rows_by_name
from edgcn.evaluation.event_scores import time_by_label
from edgcn.evaluation.metrics import resampled
from edgcn.reports.exports import csv_table
from edgcn.reports.tables import text_table
from edgcn.store import Store, open_store

HEADINGS = {
    "label": "label", "of": "of", "subjects": "subjects", "count": "count",
    "rate": "per minute", "share": "share of time %", "mean": "mean s", "median": "median s",
    "shortest": "shortest s", "longest": "longest s",
}  # fmt: skip
BOUNDED = ("rate", "share", "mean")  # with 95 % intervals: KEY_low, KEY_high
COLUMNS = tuple(
    column for key in HEADINGS
    for column in ((key, f"{key}_low", f"{key}_high") if key in BOUNDED else (key,))
)  # fmt: skip


class EventsConfig(Config, coerce_numbers_to_str=True):
    """Count events: how many, how often, how long; by label, subject or condition."""

    source: Annotated[Path, POSITIONAL]
    """File or folder of annotations, or a store."""
    store: Path | None = None
    """Store of the recordings, which says how long they are and who is in them."""
    summary: bool = True
    """Print the table of counts, rates per minute, shares of time and durations."""
    by: Literal["label", "subject", "condition"] = "label"
    """Rows for labels of everybody, or of each subject or condition."""
    options: dict[str, str] = Field(default={})
    """Options of reading as NAME VALUE pairs, as `edgcn convert --help` has them."""
    out: Path | None = None
    """File for the table, as CSV."""
    timeline: Path | None = None
    """File for a page of the events in time with the moving skeletons (.html); needs a store. What
    is suggested is shown beside what is annotated."""


def command(config: EventsConfig) -> str:
    """Count, and say where the table is."""
    count(config)
    if config.timeline is not None:
        also = f"{config.out} and " if config.out else ""
        return f"wrote {also}{config.timeline}   next: open it in a browser"
    return f"wrote {config.out}" if config.out else "next: --out FILE.csv writes the table"


def count(config: EventsConfig, *, say: Say = tell) -> list[dict[str, Any]]:
    """Print the table; returns its rows."""
    path = config.source if is_store(config.source) else config.store
    store = open_store(path) if path else None
    table = read_any(config.source, config.options)
    for line in table.notes:
        say(line)
    about = known(table, store, say)
    table = bounded(table, about.seconds)
    rows = list(rows_of(table, about, config.by))
    headed = [{HEADINGS[key]: with_interval(row, key) for key in HEADINGS} for row in rows]
    if config.summary:
        say(text_table(headed, tuple(HEADINGS.values())))
    if config.summary and any(row["rate_low"] is not None for row in rows):
        say("in brackets: 95 % intervals, subjects drawn anew with all their recordings")
    if config.out is not None:
        write_text(config.out, csv_table(rows, COLUMNS))
    if config.timeline is not None:
        draw(config.timeline, table, store)
    return rows


def is_store(path: Path) -> bool:
    """Whether this is a store, and not annotations."""
    return (path / "store.json").is_file()


def read_any(path: Path, options: Mapping[str, str]) -> Events:
    """The events of files, or of a store's segments."""
    return events_of(open_store(path)) if is_store(path) else read_events([path], settings=options)


def draw(path: Path, table: Events, store: Store | None) -> None:
    """The timeline: what is suggested beside what is annotated.

    Raises:
        EdgcnError: there is no store, and so no skeletons.
    """
    if store is None:
        raise EdgcnError("--timeline shows skeletons: give --store STORE, which has them")
    sides: dict[bool, list[Event]] = {True: [], False: []}
    for row in table.rows:
        sides[row.status == "suggested" or row.score is not None].append(row)
    found, annotated = (replace(table, rows=tuple(sides[which])) for which in (True, False))
    draw_timeline(path, store, found, annotated, notes=table.notes)


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
        rows = rows_by_name(store)
        found = {n: row for n in table.recordings if (row := rows.get(n, rows.get(stem(n))))
                 is not None}  # fmt: skip
        if not found:
            raise EdgcnError(f"{store.path} has none of the recordings of these events")
        for name, row in found.items():
            times = store.times_of(row)
            about.seconds[name] = float(times[-1] - times[0] + 1 / recordings.fps[row])
            about.subject[name] = str(recordings.subjects[row])
            about.condition[name] = str(recordings.conditions[row])
        if rest := len(recordings) - len(set(found.values())):
            say(
                f"{rest} of {len(recordings)} recordings of {store.name} are not among these "
                f"events' recordings: they count for nothing"
            )
    people: dict[str, set[str]] = {}
    for event in table.rows:
        people.setdefault(event.recording, set()).update({event.subject} - {""})
    for name, own in people.items():  # whoever is the only one in a recording's events
        if len(own) == 1 and not about.subject.get(name):
            about.subject[name] = min(own)
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
        | {group(name, "") for name in table.recordings if group(name, "") or by == "condition"}
    ) or [""]
    labels = [label for label in table.labels if any(row.label == label for row in kept)]
    for name in groups:
        own = [row for row in kept if group(row.recording, row.subject) == name]
        recordings = [
            n for n in table.recordings
            if by == "label" or group(n, "") == name or any(row.recording == n for row in own)
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
    within = [row for row in rows if row.recording in about.seconds]
    lengths = np.array([row.end - row.start for row in rows if row.end > row.start])
    people = {row.subject or about.subject.get(row.recording, "") for row in rows} - {""}
    return {
        "label": label,
        "of": of,
        "subjects": len(people) or None,
        "count": len(rows),
        **_rates(within, timed, about),
        **{
            key: float(value(lengths)) if len(lengths) else None
            for key, value in (
                ("median", np.median), ("shortest", np.min), ("longest", np.max),
            )
        },
        **_mean_length(rows, about),
    }  # fmt: skip


def _covered(rows: Sequence[Event]) -> float:
    """Seconds in which any of the events is; events at the same time count once."""
    plain = [Event(row.recording, "", row.start, row.end) for row in rows]
    return float(sum(sum(spans) for spans in time_by_label(plain, ()).values()))


def _rates(rows: Sequence[Event], recordings: Sequence[str], about: About) -> dict[str, Any]:
    """Events per minute and percent of the time, with intervals that resample subjects.

    Recordings of nobody in particular are resampled themselves.
    """
    who = {name: about.subject.get(name, "") for name in recordings}
    for row in rows:
        who[row.recording] = who.get(row.recording) or row.subject
    whose = {name: person or name for name, person in who.items()}
    minutes: dict[str, float] = dict.fromkeys(sorted(whose.values()), 0.0)
    for name in recordings:
        minutes[whose[name]] += about.seconds[name] / 60
    own = {person: [row for row in rows if whose[row.recording] == person] for person in minutes}
    counts = [float(len(some)) for some in own.values()]
    shares = [100 * _covered(some) / 60 for some in own.values()]
    total = list(minutes.values())
    return {**_ratio("rate", counts, total), **_ratio("share", shares, total)}


def _mean_length(rows: Sequence[Event], about: About) -> dict[str, Any]:
    """Mean duration of events that have one, with an interval that resamples who has any."""
    sums: dict[str, list[float]] = {}
    for row in rows:
        if row.end > row.start:
            person = about.subject.get(row.recording, "") or row.subject or row.recording
            sums.setdefault(person, []).append(row.end - row.start)
    lengths = [sums[person] for person in sorted(sums)]
    return _ratio("mean", [sum(some) for some in lengths], [float(len(s)) for s in lengths])


def _ratio(key: str, sums: Sequence[float], sizes: Sequence[float]) -> dict[str, float | None]:
    """The ratio of two sums over subjects, and its 95 % interval where there are several."""
    if not sum(sizes):
        return dict.fromkeys((key, f"{key}_low", f"{key}_high"))
    several = len(sizes) > 1 and any(sums)  # of nothing there is no spread
    low, high = resampled(np.array(sums), np.array(sizes)) if several else (None, None)
    return {key: float(sum(sums) / sum(sizes)), f"{key}_low": low, f"{key}_high": high}


def with_interval(row: Mapping[str, Any], key: str) -> str:
    """A cell with its interval, where it has one."""
    low, high = row.get(f"{key}_low"), row.get(f"{key}_high")
    text = in_words(row[key])
    return text if low is None else f"{text} ({in_words(low)} to {in_words(high)})"


def in_words(value: Any, digits: int = 2) -> str:
    """A cell of a table: numbers with so many digits, "-" for what is not known."""
    if isinstance(value, float):
        return f"{value:.{digits}f}"
    return "-" if value is None else str(value)


def finite(value: float) -> float | None:
    """The number, or nothing where it is none."""
    return value if np.isfinite(value) else None
