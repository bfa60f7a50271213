"""SMG, spontaneous micro-gestures (Chen et al., FG 2019, IJCV 2023): Kinect v2, a recording each.

Sample0001_skeleton.csv -> (T, 1, 25, 3) metres -> cut into clips by Sample0001_finelabels.csv.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.readers.text.files import find, integers, read_lines, rows, skipped, stream
from edgcn.skeleton.layouts import KINECT_V2
from edgcn.skeleton.recording import Clip, Recordings, Skipped, SplitRule

SAMPLE = re.compile(r"Sample(\d+)_skeleton\.csv")
WIDTH = 11  # a joint is x, y, z, 4 of orientation, 2 + 2 of image position
COLUMNS = WIDTH * len(KINECT_V2)
XYZ = [WIDTH * joint + axis for joint in range(len(KINECT_V2)) for axis in range(3)]
# The files number their classes and name none; the last holds what is not a micro-gesture.
CLASSES = (*(f"class {number:02d}" for number in range(1, 17)), "illustrative")
FPS = 28.0  # 821,056 frames in "more than 8 hours" (the data set's own description)


class Segment(NamedTuple):
    """Frames start..end, both included, as the file numbers them."""

    label: int
    start: int
    end: int


def read_smg(path: Path, *, first_frame: Literal[0, 1] = 1) -> Recordings:
    """SMG from the folder that holds the `SampleNNNN` folders, at any depth.

    Each row of `_finelabels.csv` is one clip. `condition` is the emotion segment it lies in
    ("emotion 11", the code as `_tflabels_new.csv` has it), where that file is there. Subjects are
    the sample numbers ("1" to "40"); `subject` trains on 1-35, `miga` on 1-30 and tests on 31-35.

    Args:
        first_frame: the number of the first frame in the label files. They do not say; the data
            set's access code takes 1 and includes the end, its classification kit takes 0 and
            loses the end.

    Raises:
        EdgcnError: the folder is missing or has no such file.
    """
    paths = find(
        path,
        "**/Sample*_skeleton.csv",
        what="SMG recordings",
        hint="give the folder that holds Sample0001, Sample0002, ...",
    )
    rates = Counter(rate for rate in map(_frame_rate, paths) if rate)
    fps = rates.most_common(1)[0][0] if rates else FPS
    mixed = f"frame rates differ between recordings: {dict(rates)}" if len(rates) > 1 else ""
    return Recordings(
        reader="smg",
        topology=KINECT_V2,
        classes=CLASSES,
        clips=stream(paths, partial(_read_one, first_frame=first_frame)),
        fps=fps,
        total=sum(max(1, _label_rows(file)) for file in paths),
        splits={
            "subject": SplitRule("subject", train=_subjects(1, 35), test=_subjects(36, 40)),
            "miga": SplitRule("subject", train=_subjects(1, 30), test=_subjects(31, 35)),
        },
        sources=tuple(file for skeleton in paths for file in _files(skeleton)),
        note=mixed,
    )


def _subjects(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(first, last + 1))


def _beside(skeleton: Path, ending: str) -> Path:
    """The recording's other file: `_data.csv`, `_finelabels.csv` or `_tflabels_new.csv`."""
    return skeleton.with_name(skeleton.name.removesuffix("_skeleton.csv") + ending)


def _files(skeleton: Path) -> list[Path]:
    endings = ("_skeleton.csv", "_data.csv", "_finelabels.csv", "_tflabels_new.csv")
    return [file for ending in endings if (file := _beside(skeleton, ending)).is_file()]


def _frame_rate(skeleton: Path) -> float | None:
    """From `_data.csv` (frames, rate, greatest depth); None where it cannot be read."""
    data = _beside(skeleton, "_data.csv")
    try:
        lines = read_lines(data)
        rate = integers(data, 1, lines[0] if lines else "", 3, separator=",")[1]
    except (FileError, OSError):
        return None  # the skeleton itself may well be fine
    return float(rate) if rate > 0 else None


def _label_rows(skeleton: Path) -> int:
    """How many clips the label file announces, for the progress bar."""
    try:
        return sum(1 for line in read_lines(_beside(skeleton, "_finelabels.csv")) if line.strip())
    except (FileError, OSError):
        return 0


def _read_one(skeleton: Path, *, first_frame: int) -> Iterator[Clip | Skipped]:
    """The clips of one recording; a bad label row costs only its own clip."""
    number = SAMPLE.fullmatch(skeleton.name)
    if number is None:
        raise FileError(skeleton, "expected a name Sample0001_skeleton.csv")
    labels = _beside(skeleton, "_finelabels.csv")
    if not labels.is_file():
        raise FileError(skeleton, f"expected its labels beside it in {labels.name}, found none")
    lines = read_lines(labels)
    if not any(line.strip() for line in lines):
        raise FileError(labels, "expected rows of label,start,end, got an empty file")
    emotions, bad = _emotions(_beside(skeleton, "_tflabels_new.csv"))
    yield from bad
    frames = _frames(skeleton)
    count = 0
    for line_no, line in enumerate(lines, 1):
        if not line.strip():
            continue
        count += 1
        try:
            segment = _segment(labels, line_no, line, len(frames), first_frame)
        except FileError as error:
            yield skipped(error)
            continue
        yield Clip(
            # A copy, so that one kept clip does not keep the whole recording in memory.
            frames[segment.start - first_frame : segment.end - first_frame + 1].copy(),
            f"{skeleton.name.removesuffix('_skeleton.csv')}_{count:03d}",
            label=segment.label - 1,
            subject=str(int(number[1])),
            condition=_condition(emotions, segment),
        )


def _frames(skeleton: Path) -> Float[np.ndarray, "t 1 25 3"]:
    lines = read_lines(skeleton)
    if not lines:
        raise FileError(skeleton, f"expected rows of {COLUMNS} numbers, got an empty file")
    xyz = rows(skeleton, lines, COLUMNS, columns=XYZ, separator=",")
    return xyz.reshape(len(lines), 1, len(KINECT_V2), 3).astype(np.float32)


def _segment(path: Path, line_no: int, line: str, total: int, first_frame: int) -> Segment:
    """One row label,start,end, checked against the recording."""
    segment = Segment(*integers(path, line_no, line, 3, separator=","))
    if not 1 <= segment.label <= len(CLASSES):
        reason = f"expected a label from 1 to {len(CLASSES)}, got {segment.label}"
        raise FileError(path, reason, line=line_no)
    last = first_frame + total - 1
    if not first_frame <= segment.start <= segment.end <= last:
        raise FileError(
            path,
            f"expected frames in order within {first_frame}..{last}, got {segment.start}.."
            f"{segment.end}; frames are counted from {first_frame} here (option first_frame)",
            line=line_no,
        )
    return segment


def _emotions(path: Path) -> tuple[list[Segment], list[Skipped]]:
    """Emotion segments (number,start,end,code a row); clips do without a file that is bad."""
    if not path.is_file():
        return [], []
    try:
        lines = [(n, line) for n, line in enumerate(read_lines(path), 1) if line.strip()]
        found = [integers(path, line_no, line, 4, separator=",") for line_no, line in lines]
    except FileError as error:
        bad = skipped(error)
        return [], [Skipped(bad.path, f"emotion segments not used: {bad.reason}")]
    return [Segment(code, start, end) for _, start, end, code in found], []


def _condition(emotions: list[Segment], clip: Segment) -> str:
    """The code of the emotion segment that holds the whole clip, or nothing."""
    for emotion in emotions:
        if emotion.start <= clip.start and clip.end <= emotion.end:
            return f"emotion {emotion.label}"
    return ""
