"""`edgcn convert`: annotation files from one tool to another; events in, events out."""

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from edgcn.annotations.events import Event, Events, Media, events, returned
from edgcn.annotations.formats import read_events, write_events
from edgcn.base.progress import Say
from edgcn.base.screen import tell
from edgcn.commands.settings import POSITIONAL, Config
from edgcn.store import Store, open_store

LISTED = 20  # lines that say what was assumed or lost


class ConvertConfig(Config, coerce_numbers_to_str=True):
    """Write annotations of one tool as another tool has them."""

    source: Annotated[Path, POSITIONAL]
    """File or folder of annotations (ELAN, BORIS, tables, label files of SMG and iMiGUE), or a
    store, whose segments are events."""
    out: Annotated[Path, POSITIONAL]
    """File to write, whose ending says the format, or a folder."""
    format: str | None = None
    """Format to write, where `out` is a folder: csv, eaf, boris, vtt, smg, miga, prediction."""
    options: dict[str, str] = Field(default={})
    """Options of reading as NAME VALUE pairs: `tiers` and `labels` of ELAN documents, `times` (s,
    ms, frames, clock) and `fps` of tables, `classes` (smg, miga) of predictions."""
    suggested: Path | None = None
    """The suggestions as they were before somebody corrected them; what was accepted, edited and
    rejected is then said in the column `status`."""
    overwrite: bool = False
    """Replace files that exist."""


def command(config: ConvertConfig) -> str:
    """Convert, and say where the result is."""
    written = convert(config)
    files = str(written[0]) if len(written) == 1 else f"{len(written)} files in {config.out}"
    return f"wrote {files}"


def convert(config: ConvertConfig, *, say: Say = tell) -> list[Path]:
    """Read, say what was assumed, write, and say what was lost; the files."""
    store = open_store(config.source) if (config.source / "store.json").is_file() else None
    table = events_of(store) if store else read_events([config.source], settings=config.options)
    if config.suggested is not None:
        table = returned(read_events([config.suggested], settings=config.options), table)
    written, lost = write_events(
        table, config.out, format=config.format, overwrite=config.overwrite
    )
    say(summary(table))
    for line in listed([*table.notes, *lost]):
        say(line)
    return written


def events_of(store: Store) -> Events:
    """The labelled segments of a store as events, on the clocks of their recordings."""
    segments, recordings, clips = store.segments, store.recordings, store.clips()
    media = {
        str(name): Media(fps=float(fps))
        for name, fps in zip(recordings.names, recordings.fps, strict=True)
    }
    rows, times, of = [], np.empty(0), -1
    for index in np.flatnonzero(clips.labels >= 0).tolist():
        if (row := int(clips.recordings[index])) != of:
            times, of = store.times_of(row) + recordings.starts[row], row
        last = int(segments.stops[index]) - 1
        after = times[last + 1] if last + 1 < len(times) else times[-1] + 1 / recordings.fps[row]
        rows.append(
            Event(
                str(recordings.names[row]),
                store.classes[clips.labels[index]],
                float(times[segments.starts[index]]),
                float(after),
                subject=str(clips.subjects[index]),
            )
        )
    return events(rows, recordings=map(str, recordings.names), labels=store.classes, media=media)


def clocks_of(store: Store) -> dict[str, float]:
    """What the clock of a recording says at its first frame, where that is not 0."""
    table = store.recordings
    pairs = zip(table.names.tolist(), table.starts.tolist(), strict=True)
    return {name: start for name, start in pairs if start}


def summary(table: Events) -> str:
    """One line about a table."""
    labels = len({row.label for row in table.rows})
    subjects = {row.subject for row in table.rows} - {""}
    of = f", {len(subjects)} subjects" if subjects else ""
    return f"{len(table)} events of {labels} labels in {len(table.recordings)} recordings{of}"


def listed(lines: list[str]) -> list[str]:
    """The first of many lines, and how many more there are."""
    more = len(lines) - LISTED
    return lines if more <= 0 else [*lines[:LISTED], f"... and {more} more lines of this kind"]
