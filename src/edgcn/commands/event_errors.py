"""What was found beside what was annotated: a timeline with verdicts, tables and errors.csv.

annotated events + found events + store -> errors.html, errors.csv
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edgcn.annotations.events import Events
from edgcn.base.files import write_text
from edgcn.base.progress import Say
from edgcn.commands.agree import common
from edgcn.commands.timeline import draw_timeline, rows_by_name
from edgcn.evaluation.event_errors import Judged, counted, error_rows, judged
from edgcn.reports.exports import csv_table
from edgcn.reports.html import Section
from edgcn.reports.tables import text_table
from edgcn.store import Store

COLUMNS = {
    "label": "label", "true": "annotated", "found": "found", "right": "right",
    "shifted": "shifted", "confused": "confused", "missed": "missed", "false": "false",
    "precision": "precision %", "recall": "recall %", "f1": "F1 %",
    "confused_with": "most often found as",
}  # fmt: skip
FIELDS = ("verdict", "recording", "subject", "condition", "label", "start_s", "end_s",
          "found_label", "found_start_s", "found_end_s", "score", "iou")  # fmt: skip


def write_found_errors(
    out: Path, store: Store, truth: Events, found: Events, *, least: float, say: Say
) -> Path:
    """Write both files and print the labels; returns the page's path.

    Args:
        least: IoU from which an event is right.

    Raises:
        EdgcnError: no recording has both.
    """
    notes = [*truth.notes, *found.notes]
    truth, found, _ = common(truth, found, notes)
    every = judged(truth.rows, found.rows, least=least)
    rows = list(error_rows(every))
    header, cells = tuple(COLUMNS.values()), [in_words(row) for row in rows]
    for note in notes:
        say(note)
    say(text_table([dict(zip(header, row, strict=True)) for row in cells], header))
    about = About(store)
    explained = (
        f"Right: one label and an intersection over union of {least:g} or more. Shifted: one label "
        f"and less overlap. Confused: overlap with another label. Each event counts once, the best "
        f"overlap first."
    )
    sections = [Section("By label", explained, (header, cells))]
    for name, group in (("subject", about.subject), ("condition", about.condition)):
        if by := grouped(every, group):
            sections.append(Section(f"By {name}", table=((name, *header[1:-1]), by)))
    page = draw_timeline(
        out / "errors.html",
        store,
        found,
        truth,
        every=every,
        sections=sections,
        title=f"Found and annotated: {store.name}",
        notes=notes,
    )
    lines = [about.line(pair) for pair in every]
    write_text(out / "errors.csv", csv_table(lines, FIELDS))
    return page


class About:
    """Who is in a recording, and under which condition, as the store says."""

    def __init__(self, store: Store) -> None:
        self.rows, self.table = rows_by_name(store), store.recordings

    def subject(self, pair: Judged) -> str:
        """The event's subject, or the recording's."""
        own = [event.subject for event in (pair.true, pair.found) if event and event.subject]
        return own[0] if own else self._of(pair, self.table.subjects)

    def condition(self, pair: Judged) -> str:
        """That of the recording."""
        return self._of(pair, self.table.conditions)

    def _of(self, pair: Judged, column: Any) -> str:
        event = pair.true or pair.found
        row = self.rows.get(event.recording) if event else None
        return "" if row is None else str(column[row])

    def line(self, pair: Judged) -> dict[str, Any]:
        """A line of errors.csv."""
        true, found, event = pair.true, pair.found, pair.true or pair.found
        return {
            "verdict": pair.verdict,
            "recording": event.recording if event else "",
            "subject": self.subject(pair),
            "condition": self.condition(pair),
            "label": true.label if true else "",
            "start_s": true.start if true else None,
            "end_s": true.end if true else None,
            "found_label": found.label if found else "",
            "found_start_s": found.start if found else None,
            "found_end_s": found.end if found else None,
            "score": found.score if found else None,
            "iou": pair.overlap if true and found else None,
        }


def grouped(every: Sequence[Judged], group: Callable[[Judged], str]) -> list[list[str]]:
    """The cells of a table of groups; none where there is only one."""
    names = sorted({group(pair) for pair in every})
    if len(names) < 2:
        return []
    parts = {name: [pair for pair in every if group(pair) == name] for name in names}
    return [in_words(counted(name or "(none)", part))[:-1] for name, part in parts.items()]


def in_words(row: dict[str, Any]) -> list[str]:
    """Cells: shares in percent, "-" for what is not known."""
    return [
        "-" if row[key] is None
        else f"{100 * row[key]:.1f}" if isinstance(row[key], float)
        else str(row[key])
        for key in COLUMNS
    ]  # fmt: skip
