"""OpenPose folders (Cao et al., TPAMI 2021): one `NAME_000000000012_keypoints.json` per frame.

{"people": [{"pose_keypoints_2d": [x, y, c, ...]}]} -> one person (T, 1, V, 3): x and y in pixels,
confidence. Frames where the person is not seen stay 0. A table may name the gestures.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from edgcn.base.errors import FileError
from edgcn.base.spelling import natural, tidy
from edgcn.base.words import LISTED, named
from edgcn.readers.flat import seen
from edgcn.readers.label_table import Row, Table, read_table, segmented, unlabelled
from edgcn.readers.rates import Rate
from edgcn.readers.skeletons import most_plausible
from edgcn.readers.text.files import stream
from edgcn.readers.text.folders import find
from edgcn.readers.text.json_files import json_array, read_json
from edgcn.readers.tracking import Person, follow
from edgcn.skeleton.layouts import BODY_25, BODY_25B, COCO_18
from edgcn.skeleton.recording import Recording, Recordings, Skipped, trimmed
from edgcn.skeleton.topology import Topology

ENDING = "_keypoints.json"
MODELS = (BODY_25, BODY_25B, COCO_18)
LOOKED_INTO = 200  # files that tell which model it was
NUMBERED = re.compile(r"(.*?)([0-9]+)([^0-9]*)")  # the last number of a name counts frames
AROUND = "_-. "  # what stands between a name and its number
FEWEST = 0.5  # of the frames that the numbers count; where there are less, they count no frames


class Video(NamedTuple):
    """The frames of one recording in order, each with its number."""

    name: str
    label: str
    frames: list[tuple[int, Path]]


def read_openpose(
    path: Path,
    *,
    labels: Path | None = None,
    fps: Rate = 30.0,
    topology: Topology | None = None,
) -> Recordings:
    """OpenPose output: a folder of frames, of clip folders, or of class folders of clip folders.

    The frames of a recording lie in one folder and have one name before the number of the frame; a
    number that is left out is a frame without anybody. The subject is the person with the highest
    mean confidence over all frames, followed from where they were last seen: where they are hidden
    nobody takes their place, and the recording is noted. A clip two folders deep has the outer
    folder's name as its class.

    Args:
        labels: a csv which replaces the classes of folders. Rows name,label or name,label,subject
            give each clip its label. With a header name,label,start,end (or start_s,end_s, and
            subject), in any order, a clip is one recording with a segment for each of its rows:
            start and end count frames from 0, the end included, or are seconds. A name is that of
            a folder, alone or with its path from `path` on; of several recordings in one folder,
            that before the number. What no row names is unlabelled, and noted.
        fps: frames per second, which the files do not say.
        topology: body_25, body_25b or coco_18; by default told by the number and places of joints.

    Raises:
        EdgcnError: the folder is missing or has no such file.
        FileError: the label file cannot be read, or contradicts itself.
    """
    files = find(
        path,
        f"**/*{ENDING}",
        what="OpenPose frames",
        hint="write them with `openpose --write_json FOLDER`, one folder a clip",
    )
    topology, model = (topology, "") if topology is not None else _model(files)
    videos = _videos(files, path)
    if labels is None:
        rows = {video.name: [Row(0, video.label)] for video in videos.values()}
        bare = [name for name, (row,) in rows.items() if not row.label]
        table = Table(rows, [], note=unlabelled(bare) if len(bare) < len(rows) else "")
    else:
        table = read_table(labels, [video.name for video in videos.values()])
    words = {row.label for rows in table.rows.values() for row in rows if row.label}
    classes = tuple(sorted(words, key=natural))

    def read_one(first: Path) -> Iterator[Recording | Skipped]:
        video = videos[first]
        people, note = _frames(video, topology)
        frames, followed = follow(people, len(topology))
        rows = table.rows.get(video.name, [])
        if not frames.any():
            yield Skipped(str(first.parent), f"nobody in any of its {len(frames)} frames")
            return
        if table.spans and labels is not None:
            rate = float(fps) if table.seconds else None
            *lost, whole = segmented(
                frames, video.name, rows, table=labels, classes=classes, rate=rate
            )
            yield from lost
        else:
            row = rows[-1] if rows else Row(0, "")
            label = classes.index(row.label) if row.label else -1
            whole = trimmed(frames, video.name, label=label, subject=row.subject)
        assert isinstance(whole, Recording)
        yield replace(whole, note="; ".join(filter(None, (followed, note))))

    return Recordings(
        reader="openpose",
        topology=topology,
        classes=classes,
        recordings=chain(table.lost, stream(videos, read_one)),
        fps=float(fps),
        units="px",
        dims=2,
        total=len(table.lost) + len(videos),
        sources=(*files, *([labels] if labels is not None else [])),
        note="; ".join(filter(None, (table.note, _beside(videos.values()), model))),
    )


def _model(files: Sequence[Path]) -> tuple[Topology, str]:
    """Which of OpenPose's models it was, by some files from everywhere, and a note on it."""
    bodies: dict[int, list[Person]] = {}
    for file in files[:: max(1, len(files) // LOOKED_INTO)]:
        try:
            people = _people(file, None)
        except (FileError, OSError):
            continue  # it is named when it is read
        for person in people:
            bodies.setdefault(len(person), []).append(person)
    if not bodies:
        return BODY_25, ""
    most = max(bodies.values(), key=len)
    known = [model for model in MODELS if len(model) == len(most[0])]
    if len(known) == 1:
        return known[0], ""
    model, clear = most_plausible(np.array(most)[..., :2], known)
    others = ", ".join(other.name for other in known if other is not model)
    said = f"by the lengths of bones not for {others}" if clear else f"or is it {others}?"
    return model, f"{len(model)} joints are taken for {model.name}, {said} (option topology)"


def _videos(files: Sequence[Path], root: Path) -> dict[Path, Video]:
    """The recordings by their first file: files of one folder and one name before the number."""
    groups: dict[tuple[Path, str], list[tuple[int, Path]]] = {}
    for file in files:
        stem = file.name.removesuffix(ENDING)
        matched = NUMBERED.fullmatch(stem)
        before, number, after = matched.groups() if matched else (stem, "0", "")
        groups.setdefault((file.parent, before + after), []).append((int(number), file))
    several = Counter(folder for folder, _ in groups)
    short = Counter((folder, own.strip(AROUND)) for folder, own in groups)
    videos = {}
    for (folder, own), frames in groups.items():
        frames.sort()
        parts = [*folder.relative_to(root).parts]
        label = tidy(parts[-2]) if len(parts) > 1 else ""
        if several[folder] > 1:
            plain = own.strip(AROUND)
            parts.append(plain if plain and short[folder, plain] == 1 else own or "unnamed")
        name = "/".join(parts) or root.absolute().name
        videos[frames[0][1]] = Video(name, label, frames)
    return videos


def _beside(videos: Collection[Video]) -> str:
    """The note on recordings that share a folder."""
    folders = Counter(video.frames[0][1].parent for video in videos)
    shared = [video.name for video in videos if folders[video.frames[0][1].parent] > 1]
    if not shared:
        return ""
    told = "recordings in one folder, told apart by what stands before the number"
    return f"{told}: {named(shared, most=LISTED)}"


def _frames(video: Video, topology: Topology) -> tuple[list[list[Person]], str]:
    """Everybody in each frame, and a note where there are frames without a file."""
    numbers = [number for number, _ in video.frames]
    steps = [after - before for before, after in pairwise(numbers)]
    if 0 in steps:
        twice = video.frames[steps.index(0) + 1][1]
        raise FileError(twice, "expected one file for each frame, got its number twice")
    step = math.gcd(*steps) or 1  # some detect in every fifth frame, say
    total = (numbers[-1] - numbers[0]) // step + 1
    if len(numbers) < FEWEST * total:
        raise FileError(
            video.frames[0][1].parent,
            f"expected files whose numbers count frames, got {len(numbers)} of the {total} from "
            f"{numbers[0]} to {numbers[-1]}",
        )
    people: list[list[Person]] = [[] for _ in range(total)]
    for number, file in video.frames:
        people[(number - numbers[0]) // step] = _people(file, topology)
    absent = total - len(numbers)
    return people, f"{absent} of {total} frames have no file" if absent else ""


def _people(file: Path, topology: Topology | None) -> list[Person]:
    """Everyone of whom something is seen in one frame; of any known model where none is given."""
    content = read_json(file)
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list):
        raise FileError(file, 'expected an object with a list "people"')
    persons = [_person(file, order, entry, topology) for order, entry in enumerate(people)]
    return [person for person in persons if person.any()]


def _person(file: Path, order: int, entry: Any, topology: Topology | None) -> Person:
    """The joints of one entry; one of confidence 0 is not seen and exactly 0."""
    where = f"pose_keypoints_2d of person {order}"
    values = entry.get("pose_keypoints_2d") if isinstance(entry, dict) else None
    models = MODELS if topology is None else (topology,)
    counts = {3 * len(model): model.name for model in models}
    if not isinstance(values, list) or len(values) not in counts:
        expected = " or ".join(f"{count} numbers ({name})" for count, name in counts.items())
        got = f"{len(values)}" if isinstance(values, list) else "none"
        reason = f"expected {expected} in {where}, x, y and confidence each, got {got}"
        raise FileError(file, f"{reason}; run OpenPose with --model_pose BODY_25")
    return seen(json_array(file, values, f"[{len(values)}]", where=where).reshape(-1, 3))
