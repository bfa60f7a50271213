"""Annotation files of every format, as `convert` reads them: a kind joins through `FORMATS`.

What is read is written as our table and read again: no event may change on the way.
"""

from collections.abc import Callable
from pathlib import Path

from edgcn.annotations.events import Event, Events, Media, events
from edgcn.annotations.formats import FORMATS, read_events, write_events
from edgcn.annotations.numbered import NUMBERINGS
from edgcn.base.screen import readable
from fuzz.kind import LONGEST, Kind, Reading, steers, without_numbers

FARTHEST = 1e7  # seconds: four months
ALL = "count labels recordings"
TABULAR = (
    "Observation id\tobs 1\t\t\t\t\n\nIndependent variables\nvariable\tvalue\n\n"
    "Time\tMedia file path\tSubject\tBehavior\tModifiers\tStatus\n"
    "1.500\tv.mp4\tann\ttouch\tleft\tSTART\n2.250\tv.mp4\tann\ttouch\tleft\tSTOP\n"
    "3.000\tv.mp4\tNo focal subject\tblink\t\tPOINT\n"
    "4.000\tv.mp4\tben\trub\t\tSTART\n9.000\tv.mp4\tben\trub\t\tSTOP\n"
)
AGGREGATED = (
    "Observation id\tSubject\tBehavior\tBehavior type\tStart (s)\tStop (s)\n"
    "obs 2\tann\ttouch\tSTATE\t1.5\t2.5\nobs 2\tann\tblink\tPOINT\t3.25\t3.25\n"
)
OTHERS = (
    "file;label;onset (ms);offset (ms);coder;score\n"
    "P01.mp4;touch;1500;2250;cw;0,5\nP01.mp4;rub;4000;9000;cw;1\nP02.mp4;rub;100;900;;\n"
)
WHOLE = "file,label,subject\nP01.mp4,touch,ann\nP02.mp4,rub,ben\n"
IMIGUE = (
    "video_id,subject_id,class,start_frame,end_frame,win_or_lose\n"
    "1,2,1,0,4,Win\n1,2,99,4,13,Win\n3,1,5,2,3,Lose\n"
)


def sample(name: str) -> Events:
    """Some events that a format can hold."""
    by = {"smg": "smg", "miga": "miga", "prediction": "miga"}.get(name)
    first, second = NUMBERINGS[by].classes[:2] if by else ("touch <&>", "rub")  # type: ignore[index]
    fps = NUMBERINGS[by].fps if by else 25.0  # type: ignore[index]
    rows = [
        Event("P01", first, 1.0, 2.5, "ann", "hands", 0.5, "suggested", "m", "a1"),
        Event("P01", second, 2.0, 4.0, "ann", "hands", None, "accepted", "cw", "a2"),
        Event("P01", first, 5.0, 5.5, "ben", "", None, "annotated", "cw", "a4"),
    ]
    return events(rows, media={"P01": Media(("P01.mp4",), None, fps)})


def of_format(name: str) -> Callable[[Path], Callable[[Path], Reading]]:
    """A file that our writer makes."""

    def make(folder: Path) -> Callable[[Path], Reading]:
        write_events(sample(name), folder, format=name)
        return reading

    return make


def of_text(name: str, text: str) -> Callable[[Path], Callable[[Path], Reading]]:
    """A file that others make."""

    def make(folder: Path) -> Callable[[Path], Reading]:
        (folder / name).write_text(text)
        return reading

    return make


def reading(copy: Path) -> Reading:
    """What the files of a folder say, and whether it survives our own table."""
    table = read_events([copy])
    nonsense = doubtful = ""
    for row in table.rows:
        if not (0 <= row.start <= row.end and row.start < float("inf")):
            nonsense = f"an event from {row.start} to {row.end}"
        elif not row.label.strip():
            nonsense = "an event without a label"
        elif row.score is not None and not 0 <= row.score <= 1:
            nonsense = f"a score of {row.score}"
        elif FARTHEST < row.end < float("inf"):
            doubtful = "an event after four months"
    notes = [readable(note) for note in table.notes]
    if odd := [note for note in notes if steers(note)]:
        nonsense = f"a line that no terminal shows as it is: {odd[0][:200]!r}"
    elif odd := [note for note in notes if len(note) > LONGEST]:
        nonsense = f"a line of over {LONGEST:,} characters: {odd[0][:200]!r}"
    nonsense = nonsense or changed(table, copy)
    facts = {
        "count": len(table),
        "labels": [row.label for row in table.rows],
        "recordings": [row.recording for row in table.rows],
        "people": [(row.subject, row.by, row.tier) for row in table.rows],
        "times": [(row.start, row.end) for row in table.rows],
        "ids": [row.id for row in table.rows],
    }
    return Reading(facts, without_numbers(table.notes), nonsense, doubtful)


def changed(table: Events, copy: Path) -> str:
    """An event that our own table does not give back, or nothing."""
    out = copy.with_name(f"{copy.name}.store") / "again.csv"
    if not table.rows:
        return ""
    write_events(table, out, overwrite=True)
    for row, again in zip(table.rows, read_events([out]).rows, strict=True):
        same = all(
            written(getattr(row, name)) == getattr(again, name)
            for name in ("recording", "label", "subject", "tier", "status", "by", "id")
        )
        near = row.end == again.end or abs(row.end - again.end) < 1e-5
        if not same or not near or abs(row.start - again.start) > 1e-5:
            return f"it is another event in our own table: {row} is {again}"
    return ""


def written(text: str) -> str:
    """A text as a table in UTF-8 holds it: halves of characters, of file names, are spelled out."""
    return text.encode(errors="backslashreplace").decode()


ANNOTATED: dict[str, Kind] = {
    **{
        f"events {name}": Kind(of_format(name))
        for name, kind in FORMATS.items() if kind.read and kind.write
    },
    "events imigue": Kind(of_text("labels_20200831.csv", IMIGUE)),
    "events tabular": Kind(of_text("P01.tsv", TABULAR)),
    "events aggregated": Kind(of_text("P01.tsv", AGGREGATED)),
    "events of others": Kind(of_text("coded.csv", OTHERS)),
    "events whole": Kind(of_text("labels.csv", WHOLE)),
}  # fmt: skip
