"""The label table of iMiGUE: who does which gesture in which frames of which video."""

from pathlib import Path

from edgcn.base.errors import FileError
from edgcn.readers.imigue_gestures import Gesture, label_of
from edgcn.readers.text.files import csv_fields, integers, read_lines, skipped
from edgcn.skeleton.recording import Skipped

NAME = "labels_20200831.csv"
HEADER = ("video_id", "subject_id", "class", "start_frame", "end_frame", "win_or_lose")
TRAIN = (
    2, 4, 5, 6, 9, 10, 12, 13, 14, 15, 17, 18, 20, 21, 22, 23, 25, 28, 29, 30, 31, 35, 36, 38, 39,
    41, 42, 43, 44, 46, 47, 48, 52, 53, 59, 61, 62,
)  # fmt: skip


def read_table(path: Path) -> tuple[dict[int, list[Gesture]], list[Skipped]]:
    """Label rows by video; a bad row costs only itself, a missing column is an error."""
    lines = read_lines(path)
    header = csv_fields(path, 1, "".join(lines[:1]))
    if missing := [name for name in HEADER if name not in header]:
        reason = f"expected columns {', '.join(HEADER)}; missing: {', '.join(missing)}"
        raise FileError(path, reason, line=1)
    table: dict[int, list[Gesture]] = {}
    bad = []
    for line_no, line in enumerate(lines[1:], 2):
        try:
            video, gesture = _gesture(path, line_no, line, header)
            table.setdefault(video, []).append(gesture)
        except FileError as error:
            bad.append(skipped(error))
    return table, bad


def _gesture(path: Path, line_no: int, line: str, header: list[str]) -> tuple[int, Gesture]:
    """The video and the gesture of one label row."""
    fields = csv_fields(path, line_no, line)
    if len(fields) != len(header):
        reason = f"expected {len(header)} columns, got {len(fields)}"
        raise FileError(path, reason, line=line_no)
    row = dict(zip(header, fields, strict=True))
    whole = "\t".join(row[name] for name in HEADER[:5])
    video, subject, number, start, end = integers(path, line_no, whole, 5, separator="\t")
    label = label_of(path, line_no, number)
    return video, Gesture(line_no, label, start, end, str(subject), row["win_or_lose"].lower())
