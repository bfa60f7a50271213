"""Label files of SMG, iMiGUE and MiGA: numbered classes in numbered frames, in and out.

SMG         SampleNNNN_finelabels.csv  label,start,end: 1..17, frames from 1, end included
MiGA        NNNN_label.csv             id,start,end: 1..31 and 99, frames from 0, end included
prediction  NAME_prediction.csv        class,start,end, numbered as the labels of either
iMiGUE      labels_20200831.csv        one table of all videos (readers/imigue.py)
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from edgcn.annotations.events import Event, Events, Media, events
from edgcn.base.errors import FileError
from edgcn.base.files import write_text
from edgcn.readers import imigue, imigue_gestures, imigue_table, smg
from edgcn.readers.text.files import integers, read_lines

Of = Literal["smg", "miga"]


class Numbering(NamedTuple):
    """How a data set numbers its classes and frames.

    Args:
        first: number of the first frame.
        numbers: of the classes, in their order.
    """

    ending: str
    classes: tuple[str, ...]
    numbers: tuple[int, ...]
    first: int
    fps: float


OTHER = 99  # iMiGUE's number of what is no micro-gesture
NUMBERINGS: dict[Of, Numbering] = {
    "smg": Numbering(
        "_finelabels.csv", smg.CLASSES, tuple(range(1, len(smg.CLASSES) + 1)), 1, smg.FPS
    ),
    "miga": Numbering(
        "_label.csv",
        imigue_gestures.CLASSES,
        (*range(1, len(imigue_gestures.CLASSES)), OTHER),
        0,
        imigue.FPS,
    ),
}
PREDICTION = "_prediction.csv"
ROUNDED = 0.0006  # seconds: less is what other formats round


def read_smg_labels(path: Path, *, fps: float | None = None) -> Events:
    """The events of one SMG recording; its rate is that of `_data.csv` beside it, else 28."""
    return _read(path, NUMBERINGS["smg"], fps or _smg_rate(path))


def read_miga_labels(path: Path, *, fps: float | None = None) -> Events:
    """The events of one MiGA video, at 25 frames a second."""
    return _read(path, NUMBERINGS["miga"], fps)


def read_predictions(path: Path, *, classes: Of = "miga", fps: float | None = None) -> Events:
    """The events of a prediction file.

    Args:
        classes: of which data set the numbers are.
    """
    return _read(path, NUMBERINGS[classes], fps, ending=PREDICTION)


def _smg_rate(path: Path) -> float | None:
    data = path.with_name(path.name.removesuffix(NUMBERINGS["smg"].ending) + "_data.csv")
    if not data.is_file():
        return None
    lines = read_lines(data)
    rate = integers(data, 1, lines[0] if lines else "", 3, separator=",")[1]
    return float(rate) if rate > 0 else None


def _read(path: Path, by: Numbering, fps: float | None, *, ending: str = "") -> Events:
    rate, name, rows = fps or by.fps, path.name.removesuffix(ending or by.ending), []
    for line_no, line in enumerate(read_lines(path), 1):
        if not line.strip() or (line_no == 1 and "start" in line.lower()):
            continue  # a header
        number, start, end = integers(path, line_no, line, 3, separator=",")
        label = _class(path, line_no, number, by)
        rows.append(_event(path, line_no, name, label, start - by.first, end - by.first, rate))
    note = "" if fps else f"{path}: frames read at {rate:g} a second"
    return events(
        rows, recordings=(name,), labels=by.classes, media={name: Media(fps=rate, assumed=not fps)},
        notes=[note] if note else [],
    )  # fmt: skip


def _class(path: Path, line: int, number: int, by: Numbering) -> str:
    if number == len(by.classes) and number not in by.numbers:
        number = by.numbers[-1]  # 32 for 99, as some copies have it
    if number not in by.numbers:
        known = (
            f"{by.numbers[0]} to {len(by.classes)}" if OTHER not in by.numbers else "1 to 32, or 99"
        )
        raise FileError(path, f"expected a class from {known}, got {number}", line=line)
    return by.classes[by.numbers.index(number)]


def _event(
    path: Path, line: int, recording: str, label: str, start: int, end: int, fps: float,
    subject: str = "",
) -> Event:  # fmt: skip
    """An event of whole frames from 0, the last one included."""
    if not 0 <= start <= end:
        reason = f"expected frames in order, got {start} to {end} from the first one"
        raise FileError(path, reason, line=line)
    return Event(recording, label, start / fps, (end + 1) / fps, subject)


def read_imigue_labels(path: Path, *, fps: float | None = None) -> Events:
    """The events of all videos of iMiGUE's full release, with their subjects."""
    table, bad = imigue_table.read_table(path)
    classes = imigue_gestures.CLASSES
    rows = [
        _event(
            path, g.line, f"{video:04d}", classes[g.label], g.start, g.end, fps or imigue.FPS,
            subject=g.subject,
        )
        for video, gestures in table.items()
        for g in gestures
    ]  # fmt: skip
    notes = [f"{lost.path}: {lost.reason}" for lost in bad]
    return events(rows, labels=classes, notes=notes)


def write_smg_labels(table: Events, path: Path) -> list[str]:
    """Write one recording as SMG has its labels."""
    return _write(table, path, NUMBERINGS["smg"])


def write_miga_labels(table: Events, path: Path) -> list[str]:
    """Write one recording as MiGA has its labels."""
    return _write(table, path, NUMBERINGS["miga"])


def _write(table: Events, path: Path, by: Numbering) -> list[str]:
    name = table.recordings[0] if table.recordings else path.stem
    media = table.media.get(name)
    rate = (media.fps if media else None) or by.fps
    rows = sorted((row for row in table.rows if row.recording == name), key=lambda r: r.start)
    lost = _unknown(path, rows, by.classes)
    lines, off = [], 0.0
    for row in rows:
        if row.label not in by.classes:
            continue
        first = round(row.start * rate)
        last = max(round(row.end * rate) - 1, first)
        off = max(off, abs(first / rate - row.start), abs((last + 1) / rate - row.end))
        number = by.numbers[by.classes.index(row.label)]
        lines.append(f"{number},{first + by.first},{last + by.first}\n")
    write_text(path, "".join(lines))
    if rate != by.fps and lines:
        lost.append(
            f"{path} counts {rate:g} frames a second, which it does not say: read its times with "
            f"`--options fps {rate:g}`"
        )
    if off > ROUNDED:
        lost.append(f"{path} counts frames, {rate:g} a second: times move by up to {off:.3f} s")
    return lost


def _unknown(path: Path, rows: Sequence[Event], classes: Sequence[str]) -> list[str]:
    found = sorted({row.label for row in rows} - set(classes))
    if not found:
        return []
    count = sum(row.label in found for row in rows)
    listed = ", ".join(map(repr, found[:5])) + (", ..." if len(found) > 5 else "")
    return [f"{path}: left out {count} events of classes that the data set lacks: {listed}"]
