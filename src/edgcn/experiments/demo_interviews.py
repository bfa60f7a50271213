"""The second half of the demo: interviews, a tenth of them coded, and a timeline of all of it.

synthetic interviews -> store; events of a tenth of them -> coded.csv -> timeline.html
"""

from dataclasses import replace
from pathlib import Path

from edgcn.annotations.events import Events
from edgcn.annotations.formats import write_events
from edgcn.base.progress import Say
from edgcn.commands.convert import events_of
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.commands.timeline import draw_timeline
from edgcn.experiments.runner import silent
from edgcn.store import Store

SHARE = 0.1  # of the interviews, which somebody has coded


def interviews(
    out: Path, *, count: int, minutes: float, subjects: int, seed: int, say: Say
) -> Path:
    """Make interviews, code some, and draw the timeline; returns the page's path."""
    options = {"interviews": count, "minutes": minutes, "subjects": subjects, "seed": seed}
    texts = {name: str(value) for name, value in options.items()}
    store = prepare(PrepareConfig(reader="synthetic", out=out / "store", options=texts), say=silent)
    coded = coded_of(store)
    write_events(coded, out / "coded.csv")
    say(
        f"     {len(coded)} gestures in {len(coded.recordings)} of {len(store.recordings)} "
        f"interviews are coded, as if by hand: {out / 'coded.csv'}"
    )
    found = replace(coded, rows=())
    return draw_timeline(out / "timeline.html", store, found, coded, title="edgcn demo: interviews")


def coded_of(store: Store, share: float = SHARE) -> Events:
    """All events of some interviews of training people, of one at least."""
    train, _ = store.sides()
    names = store.recordings.names[train].tolist()[: max(1, round(share * len(train)))]
    every = events_of(store)
    rows = tuple(row for row in every.rows if row.recording in names)
    return replace(every, rows=rows, recordings=tuple(names))
