"""The timeline of a store's recordings, with the events of files: for the commands that have both.

store + events -> Moving of each recording -> timeline.html
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from edgcn.annotations.events import Events, stem
from edgcn.base.errors import EdgcnError
from edgcn.base.words import LISTED, named
from edgcn.evaluation.event_errors import Judged, verdicts
from edgcn.reports.html import Section
from edgcn.reports.moving import Moving
from edgcn.reports.timeline import write_timeline
from edgcn.store import Selection, Store


def rows_by_name(store: Store) -> dict[str, int]:
    """Rows of recordings by their names, and by their names without folder and ending."""
    names = [str(name) for name in store.recordings.names]
    return {stem(name): row for row, name in enumerate(names)} | {
        name: row for row, name in enumerate(names)
    }


def moving_of(store: Store, row: int) -> Moving:
    """A recording of a store, to be shown; its frames stay on the disk until they are drawn."""
    table, times = store.recordings, store.times_of(row)
    span = slice(table.offsets[row], table.offsets[row] + table.lengths[row])
    about = (str(table.subjects[row]), str(table.conditions[row]))
    return Moving(
        str(table.names[row]),
        store.frames[span],
        times,
        store.topology,
        store.dims,
        float(times[-1] - times[0] + 1 / table.fps[row]),
        image_y_down=store.units == "px",
        about=", ".join(filter(None, about)),
    )


def moving_clip(clips: Selection, row: int) -> Moving:
    """A clip, to be shown."""
    store, length = clips.store, int(clips.lengths[row])
    first = int(clips.offsets[row] - store.recordings.offsets[clips.recordings[row]])
    times = store.times_of(int(clips.recordings[row]))[first : first + length]
    return Moving(
        str(clips.names[row]),
        clips.clip(row),
        times - times[0],
        clips.topology,
        clips.dims,
        float(times[-1] - times[0] + 1 / store.recordings.fps[clips.recordings[row]]),
        image_y_down=clips.units == "px",
    )


def draw_timeline(
    path: Path,
    store: Store,
    found: Events,
    annotated: Events,
    *,
    every: Sequence[Judged] = (),
    sections: Sequence[Section] = (),
    title: str = "",
    notes: Iterable[str] = (),
) -> Path:
    """The page of all recordings that the events are in, from the first frame of each on.

    Args:
        found, annotated: on the clocks of the recordings, as files have them.
        every: how each event compares, where all of the recordings were annotated.
        sections: below the timeline.

    Raises:
        EdgcnError: the file is no page, or the store has none of the recordings.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise EdgcnError(f"{path}: expected the name of a page, which ends in .html")
    known, said = rows_by_name(store), list(notes)
    names = [name for table in (found, annotated) for name in table.recordings]
    rows = sorted({row for name in names if (row := _row(known, name)) is not None})
    if not rows:
        raise EdgcnError(f"{store.path} has none of the recordings of these events")
    if lost := sorted({name for name in names if _row(known, name) is None}):
        said.append(f"left out, not in {store.name}: {named(lost, most=LISTED)}")
    sides = [[row for row in table.rows if _row(known, row.recording) is not None]
             for table in (found, annotated)]  # fmt: skip
    words = verdicts(sides[1], sides[0], every) if every else ([], [])
    here = [
        [
            replace(
                row,
                recording=str(store.recordings.names[known_row]),
                start=row.start - float(store.recordings.starts[known_row]),
                end=row.end - float(store.recordings.starts[known_row]),
            )
            for row in side
            if (known_row := _row(known, row.recording)) is not None
        ]
        for side in sides
    ]
    return write_timeline(
        path,
        [moving_of(store, row) for row in rows],
        *here,
        verdicts=[*words[0], *words[1]],
        sections=sections,
        title=title or f"Timeline of {store.name}",
        notes=[*said, *([store.note] if store.note else [])],
    )


def _row(known: dict[str, int], name: str) -> int | None:
    return known.get(name, known.get(stem(name)))
