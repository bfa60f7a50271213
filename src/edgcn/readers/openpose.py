"""OpenPose folders (Cao et al., TPAMI 2021): one `*_keypoints.json` per frame, a folder each.

{"people": [{"pose_keypoints_2d": [x, y, c, ...]}]} -> BODY_25 of one person (T, 1, 25, 3): x and y
in pixels, confidence. Frames where the person is not seen stay 0. A table may name the gestures.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.readers.label_table import Row, Table, read_table, segmented
from edgcn.readers.text.files import find, read_json, stream
from edgcn.skeleton.layouts import BODY_25
from edgcn.skeleton.recording import Frames, Recording, Recordings, Skipped, trimmed

ENDING = "_keypoints.json"
NUMBERS = 3 * len(BODY_25)
NECK = BODY_25.index("Neck")
REACH = 1.0  # a neck that is more body sizes away belongs to someone else (our choice)

Person = Float[np.ndarray, "25 3"]


@dataclass
class Track:
    """One person through the frames: what was seen in which, and the latest place and size."""

    people: dict[int, Person]
    place: Float[np.ndarray, "2"]
    size: float

    @property
    def confidence(self) -> float:
        """Summed over frames: with frames unseen counted as 0, this orders as the mean does."""
        return sum(float(person[:, 2].mean()) for person in self.people.values())


def read_openpose(path: Path, *, labels: Path | None = None, fps: int | float = 30.0) -> Recordings:
    """OpenPose output: a folder of frames, of clip folders, or of class folders of clip folders.

    The subject of a clip is the person with the highest mean confidence over all of its frames,
    followed by the nearest neck. A clip two folders deep has the outer folder's name as its class.

    Args:
        labels: a csv which replaces the classes of folders. Rows name,label or name,label,subject
            give each folder its label. With a header name,label,start,end (or start_s,end_s, and
            subject), in any order, a folder is one recording with a segment for each of its rows:
            start and end count frames from 0, the end included, or are seconds. A name is that of
            a folder, alone or with its path from `path` on. What no row names is unlabelled.
        fps: frames per second, which the files do not say.

    Raises:
        EdgcnError: the folder is missing or has no such file.
        FileError: the label file cannot be read.
    """
    files = find(
        path,
        f"**/*{ENDING}",
        what="OpenPose frames",
        hint="write them with `openpose --write_json FOLDER`, one folder a clip",
    )
    folders: dict[Path, list[Path]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file)
    if labels is None:
        classes_of = {folder: Row(0, _class_of(folder, path)) for folder in folders}
        table = Table({folder: [row] for folder, row in classes_of.items()}, [])
    else:
        table = read_table(labels, {_name(folder, path): folder for folder in folders})
    words = {row.label for rows in table.rows.values() for row in rows if row.label}
    classes = tuple(sorted(words, key=_natural))

    def read_one(folder: Path) -> Iterator[Recording | Skipped]:
        frames = read_people(sorted(folders[folder], key=lambda file: _natural(file.name)))
        name, rows = _name(folder, path), table.rows.get(folder, [])
        if not frames.any():
            yield Skipped(str(folder), f"nobody in any of its {len(frames)} frames")
        elif table.spans and labels is not None:
            rate = float(fps) if table.seconds else None
            yield from segmented(frames, name, rows, table=labels, classes=classes, rate=rate)
        else:
            row = rows[-1] if rows else Row(0, "")
            label = classes.index(row.label) if row.label else -1
            yield trimmed(frames, name, label=label, subject=row.subject)

    return Recordings(
        reader="openpose",
        topology=BODY_25,
        classes=classes,
        recordings=chain(table.lost, stream(folders, read_one)),
        fps=float(fps),
        units="px",
        dims=2,
        total=len(table.lost) + len(folders),
        sources=(*files, *([labels] if labels is not None else [])),
    )


def _name(folder: Path, root: Path) -> str:
    """The clip's folder from the root on, or the root's own name."""
    return root.name if folder == root else folder.relative_to(root).as_posix()


def _class_of(folder: Path, root: Path) -> str:
    """The name of the folder around a clip's folder, below the root."""
    parts = folder.relative_to(root).parts
    return parts[-2] if len(parts) > 1 else ""


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key that puts frame 9 before frame 10 where numbers are not padded.

    A number is its digits after how many they are: Python makes no `int` of thousands.
    """
    return tuple(
        (len(digits := part.lstrip("0")), digits) if part[0] in "0123456789" else (-1, part)
        for part in re.split(r"([0-9]+)", name)
        if part
    )


def read_people(files: Sequence[Path]) -> Frames:
    """The subject of one clip, from its frames in order: float32 (T, 1, 25, 3)."""
    tracks: list[Track] = []
    for frame, file in enumerate(files):
        _extend(tracks, frame, _people(file))
    frames = np.zeros((len(files), 1, len(BODY_25), 3), dtype=np.float32)
    if tracks:
        subject = max(tracks, key=lambda track: track.confidence)
        for frame, person in subject.people.items():
            frames[frame, 0] = person
    return frames


def _people(file: Path) -> list[Person]:
    """Everyone of whom something is seen in one frame."""
    content = read_json(file)
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list):
        raise FileError(file, 'expected an object with a list "people"')
    persons = [_person(file, order, entry) for order, entry in enumerate(people)]
    return [person for person in persons if person.any()]


def _person(file: Path, order: int, entry: Any) -> Person:
    """The BODY_25 of one entry; a joint of confidence 0 is not seen and exactly 0."""
    where = f"pose_keypoints_2d of person {order}"
    values = entry.get("pose_keypoints_2d") if isinstance(entry, dict) else None
    got = f"{len(values)}" if isinstance(values, list) else "none"
    if not isinstance(values, list) or len(values) != NUMBERS:
        reason = f"expected {NUMBERS} numbers in {where} (BODY_25, x, y and confidence), got {got}"
        raise FileError(file, f"{reason}; run OpenPose with --model_pose BODY_25")
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        raise FileError(file, f"expected only numbers in {where}")
    try:
        person = np.array(values, dtype=np.float64).reshape(len(BODY_25), 3)
    except OverflowError:
        person = np.full((len(BODY_25), 3), np.inf)
    if not np.isfinite(person).all():
        raise FileError(file, f"expected only finite numbers in {where}")
    return np.where(person[:, 2:] > 0, person, 0.0)


def _extend(tracks: list[Track], frame: int, people: list[Person]) -> None:
    """Give each person to the track whose neck was nearest; the rest begin new tracks."""
    places = [_place(person) for person in people]
    sizes = [_size(person) for person in people]
    pairs = sorted(
        (float(np.linalg.norm(places[p] - track.place)), t, p)
        for t, track in enumerate(tracks)
        for p in range(len(people))
    )
    owners: dict[int, int] = {}
    for distance, t, p in pairs:
        near = distance <= REACH * max(sizes[p], tracks[t].size)
        if near and t not in owners.values() and p not in owners:
            owners[p] = t
    for p, person in enumerate(people):
        if p in owners:
            track = tracks[owners[p]]
            track.people[frame], track.place, track.size = person, places[p], sizes[p]
        else:
            tracks.append(Track({frame: person}, places[p], sizes[p]))


def _place(person: Person) -> Float[np.ndarray, "2"]:
    """The neck, or the middle of what is seen where the neck is not."""
    chosen = [NECK] if person[NECK, 2] > 0 else np.flatnonzero(person[:, 2] > 0)
    return np.asarray(person[chosen, :2].mean(axis=0))


def _size(person: Person) -> float:
    """Diagonal of the box around what is seen, in pixels."""
    seen = person[person[:, 2] > 0, :2]
    return float(np.linalg.norm(np.ptp(seen, axis=0)))
