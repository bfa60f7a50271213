"""WebVTT, captions of web video (www.w3.org/TR/webvtt1): out only, to watch events in a player."""

from pathlib import Path

from edgcn.annotations.events import Events
from edgcn.base.files import write_text
from edgcn.base.words import quoted


def write_vtt(table: Events, path: Path) -> list[str]:
    """Write one recording's events as cues, with their scores in percent."""
    lines, lost = ["WEBVTT", ""], []
    for row in sorted(table.rows, key=lambda row: (row.start, row.end)):
        end = row.end
        if round(end * 1000) <= round(row.start * 1000):
            lost.append(
                f"{path}: {quoted(row.label)} at {row.start:g} s has no duration; it gets 1 ms"
            )
            end = row.start + 0.001
        text = " ".join(row.label.split()).replace("&", "&amp;").replace("<", "&lt;")
        text = text.replace(">", "&gt;")
        score = "" if row.score is None else f" {row.score:.0%}"
        who = f"{row.subject}: " if row.subject else ""
        lines += [f"{_clock(row.start)} --> {_clock(end)}", f"{who}{text}{score}", ""]
    write_text(path, "\n".join(lines))
    return lost


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
