"""SMG, spontaneous micro-gestures (Chen et al., FG 2019, IJCV 2023): 40 long Kinect v2 recordings.

Sample0001_skeleton.csv -> (T, 1, 25, 3) meters; Sample0001_finelabels.csv -> its segments.
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
from edgcn.readers.labels import check_counts_from_1
from edgcn.readers.text.files import (
    integers,
    label_rows,
    read_lines,
    rows,
    skipped,
    stream,
)
from edgcn.readers.text.folders import find
from edgcn.skeleton.layouts import KINECT_V2
from edgcn.skeleton.recording import Recording, Recordings, Segment, Skipped, SplitRule

SAMPLE = re.compile(r"Sample(\d+)_skeleton\.csv")
WIDTH = 11  # a joint is x, y, z, 4 of orientation, 2 + 2 of image position
COLUMNS = WIDTH * len(KINECT_V2)
XYZ = [WIDTH * joint + axis for joint in range(len(KINECT_V2)) for axis in range(3)]
# The files number their classes and name none. These names stand beside the authors' labels in the
# repository gutzcha/human_micro_gesture_classifier; the last is what is no micro-gesture.
CLASSES = (
    "turtling neck and shoulder", "rubbing eyes and forehead", "folding arms",
    "touching or covering suprasternal notch", "moving legs", "touching or scratching neck",
    "folding arms behind body", "rubbing hands and crossing fingers", "arms akimbo",
    "crossing legs", "scratching some part of body",
    "scratching or touching facial parts other than eyes", "playing or adjusting hair",
    "holding arms", "pulling shirt collar",
    "playing with jewelry or manipulating other objects", "illustrative hand gestures",
)  # fmt: skip
FPS = 28.0  # 821,056 frames in "more than 8 hours" (the data set's own description)


class Span(NamedTuple):
    """Frames start..end, both included, as the file numbers them, and a class or a code."""

    label: int
    start: int
    end: int


def read_smg(path: Path, *, first_frame: Literal[0, 1] = 1) -> Recordings:
    """SMG from the folder that holds the `SampleNNNN` folders, at any depth.

    Each sample is one recording, and each row of its `_finelabels.csv` one segment, whose
    `condition` is the emotion that it lies in ("emotion 11", the code as `_tflabels_new.csv` has
    it), where that file exists. Subjects are the sample numbers ("1" to "40"); `subject` trains on
    1-35, `miga` on 1-30 and tests on 31-35.

    Args:
        first_frame: the number of the first frame in the label files. They do not say; the data
            set's access code takes 1 and includes the end, its classification kit takes 0 and
            loses the end.

    Raises:
        EdgcnError: the folder is missing or has no such file, or a label is 0.
    """
    paths = find(
        path,
        "**/Sample*_skeleton.csv",
        what="SMG recordings",
        hint="give the folder that holds Sample0001, Sample0002, ...",
    )
    rates = Counter(rate for rate in map(_rate, paths) if rate)
    fps = rates.most_common(1)[0][0] if rates else FPS
    mixed = f"frame rates differ between recordings: {dict(rates)}" if len(rates) > 1 else ""
    return Recordings(
        reader="smg",
        topology=KINECT_V2,
        classes=CLASSES,
        recordings=stream(paths, partial(_read_one, first_frame=first_frame)),
        fps=fps,
        total=len(paths),
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


def _stated(skeleton: Path) -> tuple[int, float]:
    """Frames and rate from `_data.csv` (the third number is the greatest depth)."""
    data = _beside(skeleton, "_data.csv")
    lines = read_lines(data)
    frames, rate, _ = integers(data, 1, lines[0] if lines else "", 3, separator=",")
    if rate <= 0:
        raise FileError(data, f"expected a frame rate above 0, got {rate}", line=1)
    return frames, float(rate)


def _rate(skeleton: Path) -> float | None:
    """Frames per second; None where nothing says so."""
    try:
        return _stated(skeleton)[1]
    except (FileError, OSError):
        return None  # the skeleton itself may well be fine


def _doubts(skeleton: Path, frames: int) -> Iterator[Skipped]:
    """What `_data.csv` says of a recording of so many frames that cannot be."""
    data = _beside(skeleton, "_data.csv")
    try:
        stated = _stated(skeleton)[0] if data.exists() else frames
    except (FileError, OSError) as error:
        yield skipped(error, note="; the frame rate of the others is taken")
    else:
        if stated != frames:
            reason = f"states {stated} frames, and the recording has {frames}"
            yield Skipped(str(data), f"{reason}; it is kept as it is")


def _read_one(skeleton: Path, *, first_frame: int) -> Iterator[Recording | Skipped]:
    """One recording, after what cannot be used of its label files."""
    number = SAMPLE.fullmatch(skeleton.name)
    if number is None:
        raise FileError(skeleton, "expected a name Sample0001_skeleton.csv")
    name, frames = skeleton.name.removesuffix("_skeleton.csv"), _frames(skeleton)
    labels = _beside(skeleton, "_finelabels.csv")
    read_row = partial(_gesture, labels, total=len(frames), first_frame=first_frame)
    spans, bad = label_rows(labels, read_row, what="label,start,end")
    emotions, not_used = _emotions(_beside(skeleton, "_tflabels_new.csv"))
    yield from (*_doubts(skeleton, len(frames)), *bad, *not_used)
    segments = tuple(
        Segment(
            span.start - first_frame,
            span.end - first_frame + 1,
            span.label - 1,
            f"{name}_{count:03d}",
            condition=_condition(emotions, span),
        )
        for count, span in spans.items()
    )
    yield Recording(frames, name, segments, subject=str(int(number[1])), fps=_rate(skeleton))


def _frames(skeleton: Path) -> Float[np.ndarray, "t 1 25 3"]:
    lines = read_lines(skeleton)
    if not lines:
        raise FileError(skeleton, f"expected rows of {COLUMNS} numbers, got an empty file")
    xyz = rows(skeleton, lines, COLUMNS, columns=XYZ, separator=",")
    return xyz.reshape(len(lines), 1, len(KINECT_V2), 3).astype(np.float32)


def _gesture(path: Path, line_no: int, line: str, *, total: int, first_frame: int) -> Span:
    """One row label,start,end, checked against the recording."""
    span = Span(*integers(path, line_no, line, 3, separator=","))
    check_counts_from_1(path, span.label, len(CLASSES), line=line_no)
    if not 1 <= span.label <= len(CLASSES):
        reason = f"expected a label from 1 to {len(CLASSES)}, got {span.label}"
        raise FileError(path, reason, line=line_no)
    last = first_frame + total - 1
    if not first_frame <= span.start <= span.end <= last:
        raise FileError(
            path,
            f"expected frames in order within {first_frame}..{last}, got {span.start}.."
            f"{span.end}; frames are counted from {first_frame} here (option first_frame)",
            line=line_no,
        )
    return span


def _emotions(path: Path) -> tuple[list[Span], list[Skipped]]:
    """Emotions (number,start,end,code a row), none where the file is bad; they are no gestures."""
    if not path.is_file():
        return [], []
    try:
        lines = [(n, line) for n, line in enumerate(read_lines(path), 1) if line.strip()]
        found = [integers(path, line_no, line, 4, separator=",") for line_no, line in lines]
    except FileError as error:
        return [], [skipped(error, note="; the emotions of this recording are not used")]
    return [Span(code, start, end) for _, start, end, code in found], []


def _condition(emotions: list[Span], gesture: Span) -> str:
    """The code of the emotion that holds the whole gesture, or nothing."""
    for emotion in emotions:
        if emotion.start <= gesture.start and gesture.end <= emotion.end:
            return f"emotion {emotion.label}"
    return ""
