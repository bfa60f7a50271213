"""A timeline as one page: what was found beside what was annotated, with the moving skeleton.

recordings + events found and annotated -> timeline.html, which opens without a network

A row for each recording and label; the skeleton moves where the mouse is, and an event plays again
and again when it is chosen. Its size is bounded (`edgcn.reports.moving`).
"""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edgcn.annotations.events import Event
from edgcn.base.errors import EdgcnError
from edgcn.base.files import write_text
from edgcn.base.words import count, named
from edgcn.reports.html import Section, section_html
from edgcn.reports.moving import Moving, packed, rate_for, skeleton_of
from edgcn.reports.pages import page

SHOWN = 3  # notes, before the others are behind a click
INTRO = (
    "What a machine suggests is often wrong: sort by confidence, look, and correct it in ELAN or "
    "BORIS (edgcn convert). Gestures are not emotions."
)


def write_timeline(
    path: Path,
    recordings: Sequence[Moving],
    found: Sequence[Event],
    annotated: Sequence[Event] = (),
    *,
    verdicts: Sequence[str] = (),
    sections: Sequence[Section] = (),
    title: str = "Timeline",
    notes: Sequence[str] = (),
) -> Path:
    """Write the page and return its path. Rejected events are left out.

    Args:
        recordings: by the names that the events have.
        verdicts: a word for each found event that says how it compares ("right", "false", ...),
            and then one for each annotated event ("right", "missed", ...).
        sections: what is shown below.
        notes: lines that a reader of the page must know.

    Raises:
        EdgcnError: two recordings have one name, or an event's recording is not among them.
    """
    rows = {shown.name: row for row, shown in enumerate(recordings)}
    if len(rows) < len(recordings):
        raise EdgcnError("expected recordings of different names for a timeline")
    every = [*found, *annotated]
    if lost := sorted({event.recording for event in every} - rows.keys()):
        raise EdgcnError(f"no recording of the timeline is called {named(lost)}")
    told = verdicts or [""] * len(every)
    events = [
        (rows[event.recording], event.start, place >= len(found), event, verdict)
        for place, (event, verdict) in enumerate(zip(every, told, strict=True))
        if event.status != "rejected"
    ]
    events.sort(key=lambda item: item[:3])
    labels = sorted({item[3].label for item in events})
    fps = rate_for(recordings)
    skeletons = list(dict.fromkeys(shown.topology for shown in recordings))
    data = {
        "labels": labels,
        "skeletons": [skeleton_of(topology) for topology in skeletons],
        "recordings": [
            {
                "name": shown.name,
                "about": shown.about,
                "seconds": shown.seconds,
                "skeleton": skeletons.index(shown.topology),
                **packed(shown, fps),
            }
            for shown in recordings
        ],
        "events": [
            [row, labels.index(event.label), event.start, event.end, event.score,
             int(annotated), verdict, event.subject, event.by]
            for row, _, annotated, event, verdict in events
        ],
    }  # fmt: skip
    body = _BODY.format(
        counts=html.escape(_counts(recordings, found, annotated)),
        notes=_notes([*notes, *([INTRO] if found else [])]),
        sections="\n".join(map(section_html, sections)),
    )
    text = page(
        title,
        body,
        styles=["timeline.css"],
        scripts=["sticks.js", "lanes.js", "timeline.js"],
        data=data,
    )
    write_text(path, text)
    return path


def _notes(notes: Sequence[str]) -> str:
    """The first notes, and the others behind a click."""
    lines = [f'<p class="note">{html.escape(note)}</p>' for note in notes]
    rest = "".join(lines[SHOWN:])
    more = f"<details><summary>{len(lines) - SHOWN} more notes</summary>{rest}</details>"
    return "\n".join([*lines[:SHOWN], *([more] if rest else [])])


def _counts(
    recordings: Sequence[Moving], found: Sequence[Event], annotated: Sequence[Event]
) -> str:
    """One line about all of it."""
    minutes = sum(shown.seconds for shown in recordings) / 60
    kept: list[Any] = [[e for e in rows if e.status != "rejected"] for rows in (found, annotated)]
    return (
        f"{count(len(recordings), 'recording')}, {minutes:.1f} minutes: {len(kept[0])} found, "
        f"{len(kept[1])} annotated"
    )


_BODY = """<p class="counts">{counts}</p>
{notes}
<div class="controls">
<label>order <select id="sort"><option value="time">by time</option>
<option value="low">least confident first</option>
<option value="high">most confident first</option></select></label>
<label>label <select id="label"><option value="">all</option></select></label>
<label>show <select id="show"><option value="found">found</option>
<option value="annotated">annotated</option><option value="all">both</option></select></label>
<label>confidence from <input id="least" type="range" min="0" max="1" step="0.05" value="0">
<output id="leastis">0.00</output></label>
<span class="zoom"><button id="out" aria-label="zoom out">&minus;</button>
<button id="in" aria-label="zoom in">+</button></span>
</div>
<p class="legend"><span class="key found"></span> found, paler where less confident
<span class="key annotated"></span> annotated
<span id="verdicts" hidden><span class="key right"></span> right
<span class="key shifted"></span> shifted <span class="key confused"></span> confused
<span class="key false"></span> false <span class="key missed"></span> missed</span></p>
<main><div id="recordings"></div>
<aside><canvas id="stage" role="img" aria-label="the skeleton at this time"></canvas>
<p id="caption" aria-live="polite"></p>
<div class="buttons"><button id="previous">&larr; previous (p)</button>
<button id="play">play (space)</button><button id="next">next (n) &rarr;</button></div>
<div id="list" tabindex="0" role="listbox" aria-label="events"></div>
<p class="keys">n and p or the arrows: next and previous event. Space: play, stop. s: change the
order. + and &minus;: zoom. Drag a row to move in time. The person's left is blue, the
right orange.</p></aside></main>
{sections}"""
