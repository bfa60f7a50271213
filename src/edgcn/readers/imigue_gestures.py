"""What both releases of iMiGUE share: its classes, its odd videos, and a video with its segments.

(T, V, 3) keypoints of a video + label rows -> a recording (T, 1, V, 3): x, y in pixels, confidence.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.base.words import named
from edgcn.readers.flat import seen
from edgcn.readers.label_table import shared
from edgcn.readers.labels import check_counts_from_1
from edgcn.readers.text.files import skipped
from edgcn.skeleton.recording import Recording, Segment, Skipped

CLASSES = (
    "turtle neck", "deep breath", "touch hat", "touch face", "touch forehead", "cover face",
    "rub eyes", "touch other face part", "touch ears", "bite nails", "touch chin", "touch neck",
    "play hair", "adjust tie", "touch chest", "scratch back", "fold arm", "tidy sleeve",
    "put arm back", "move torso", "sit straight", "scratch arm", "rub hand", "cross finger",
    "minaret hand", "play things", "withdraw arms", "head up", "bit lip", "arm akimbo",
    "shake shoulder", "illustrative",
)  # fmt: skip
EMPTY = frozenset({347, 348})  # videos the data set lists as empty
DOUBTFUL = frozenset({218, 319})  # and as doubtful: read, under that condition
LISTED = 10  # videos that a note names

BODY = (*range(8), *range(15, 19))  # what MIGA_22 keeps of BODY_25: arms and face

Video = Float[np.ndarray, "t v 3"]


class Gesture(NamedTuple):
    """One label row; frames start..end are counted from 0 and both included."""

    line: int
    label: int
    start: int
    end: int
    subject: str = ""
    condition: str = ""


def label_of(path: Path, line_no: int, number: int) -> int:
    """Class index 0..31 of a published class number: 1..31, and 99 for what is illustrative.

    Raises:
        EdgcnError: a 0: then the numbers are no published ones.
        FileError: another number.
    """
    check_counts_from_1(path, number, len(CLASSES), line=line_no)
    number = 32 if number == 99 else number
    if not 1 <= number <= len(CLASSES):
        raise FileError(path, f"expected a class from 1 to 32, or 99, got {number}", line=line_no)
    return number - 1


def whole(
    video: Video,
    gestures: Collection[Gesture],
    *,
    name: str,
    labels: Path,
    condition: str = "",
    split: str = "",
    subject: str = "",
) -> Iterator[Recording | Skipped]:
    """A video with a segment for each label row, named after its line; a bad row costs itself.

    Args:
        condition: of the whole video; else each row has its own.
        subject: likewise.
    """
    good = []
    for gesture in gestures:
        if 0 <= gesture.start <= gesture.end < len(video):
            good.append(gesture)
            continue
        reason = (
            f"expected frames in order within 0..{len(video) - 1} of video {name}, "
            f"got {gesture.start}..{gesture.end}"
        )
        yield skipped(FileError(labels, reason, line=gesture.line))
    subject = subject or shared(gesture.subject for gesture in gestures)
    condition = condition or shared(gesture.condition for gesture in good)
    yield Recording(
        seen(video[:, None].astype(np.float32)),
        name,
        tuple(
            Segment(
                gesture.start,
                gesture.end + 1,
                gesture.label,
                f"{name}_{gesture.line:05d}",
                person="" if subject else gesture.subject,
                condition="" if condition else gesture.condition,
            )
            for gesture in good
        ),
        subject=subject,
        condition=condition,
        split=split,
    )


def unlabelled(videos: Collection[str]) -> str:
    """The note on videos that no label row names."""
    if not videos:
        return ""
    listed = named(sorted(videos), most=LISTED)
    return f"videos without a label row, kept whole and without segments: {listed}"
