"""What both releases of iMiGUE share: its classes, its odd videos, and cutting a video into clips.

(T, V, 3) keypoints of a video + label rows -> clips (t, 1, V, 3): x and y in pixels, confidence.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.readers.text.files import skipped
from edgcn.skeleton.layouts import BODY_25
from edgcn.skeleton.recording import Clip, Skipped

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

BODY = (*range(8), *range(15, 19))  # what MIGA_22 keeps of BODY_25: arms and face
RIGHT_WRIST, LEFT_WRIST = BODY_25.index("RWrist"), BODY_25.index("LWrist")

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
    """Class index 0..31 of a published class number: 1..31, and 99 for what is illustrative."""
    number = 32 if number == 99 else number
    if not 1 <= number <= len(CLASSES):
        raise FileError(path, f"expected a class from 1 to 32, or 99, got {number}", line=line_no)
    return number - 1


def cut(
    video: Video, gestures: Iterable[Gesture], *, name: str, labels: Path, split: str = ""
) -> Iterator[Clip | Skipped]:
    """One clip for each label row, named after its line; one beyond the video costs only itself."""
    for gesture in gestures:
        if not 0 <= gesture.start <= gesture.end < len(video):
            reason = (
                f"expected frames in order within 0..{len(video) - 1} of video {name}, "
                f"got {gesture.start}..{gesture.end}"
            )
            yield skipped(FileError(labels, reason, line=gesture.line))
            continue
        # A copy, so that one kept clip does not keep the whole video in memory.
        frames = video[gesture.start : gesture.end + 1, None].astype(np.float32)
        yield Clip(
            frames,
            f"{name}_{gesture.line:05d}",
            label=gesture.label,
            subject=gesture.subject,
            condition=gesture.condition,
            split=split,
        )
