"""What a reader gave, for tests: recordings, what was skipped, and each segment as a clip."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from edgcn.skeleton.recording import Recording, Recordings, Skipped


@dataclass(frozen=True)
class Clip:
    """One segment of a recording, with all that is known of it."""

    frames: np.ndarray
    name: str
    label: int
    subject: str
    camera: str
    condition: str
    split: str
    scores: np.ndarray | None


def parted(items: Iterable[Recording | Skipped]) -> tuple[list[Recording], list[Skipped]]:
    """Recordings, and what was skipped."""
    kept = list(items)
    skipped = [item for item in kept if isinstance(item, Skipped)]
    return [item for item in kept if isinstance(item, Recording)], skipped


def wholes(recordings: Recordings) -> list[Recording]:
    """All recordings; none may be skipped, and `total` counts them."""
    kept, skipped = parted(recordings.recordings)
    assert not skipped, skipped
    assert len(kept) == recordings.total
    return kept


def clips(recordings: Recordings) -> list[Clip]:
    """The segments of all recordings, of which none may be skipped."""
    return [clip for recording in wholes(recordings) for clip in segments(recording)]


def clip(recordings: Recordings) -> Clip:
    """The one clip of the one trimmed recording."""
    (recording,) = wholes(recordings)
    return trimmed(recording)


def trimmed(recording: Recording | Skipped) -> Clip:
    """A recording that must be one segment from its first frame to its last."""
    assert isinstance(recording, Recording), recording
    (segment,) = recording.segments
    assert (segment.start, segment.stop) == (0, len(recording.frames))
    (cut,) = segments(recording)
    return cut


def segments(recording: Recording) -> list[Clip]:
    """Each segment, with what the recording knows where the segment does not."""
    return [
        Clip(
            recording.frames[part.start : part.stop],
            part.name or recording.name,
            part.label,
            part.person or recording.subject,
            recording.camera,
            part.condition or recording.condition,
            recording.split,
            None if recording.scores is None else recording.scores[part.start : part.stop],
        )
        for part in recording.segments
    ]


def reason(recordings: Recordings) -> str:
    """Why the one item was skipped."""
    (item,) = recordings.recordings
    assert isinstance(item, Skipped), item
    return item.reason
