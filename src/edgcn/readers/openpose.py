"""OpenPose folders (Cao et al., TPAMI 2021): one `NAME_000000000012_keypoints.json` per frame.

{"people": [{"pose_keypoints_2d": [x, y, c, ...]}]} -> one person (T, 1, V, 3): x and y in pixels,
confidence. Frames where the person is not seen stay 0. A table may name the gestures.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.base.errors import FileError
from edgcn.readers.crowds import check_most
from edgcn.readers.detector_models import COUNTS, Model, model_for
from edgcn.readers.flat import seen
from edgcn.readers.labelling import labels_for
from edgcn.readers.numbered import beside, slots, videos
from edgcn.readers.rates import ASSUMED, FPS, Confidence, Rate
from edgcn.readers.text.files import stream
from edgcn.readers.text.folders import find
from edgcn.readers.text.json_files import json_array, read_json
from edgcn.readers.tracking import Keep, Person, check_keep, persons
from edgcn.skeleton.hand_layouts import with_hands
from edgcn.skeleton.recording import Recording, Recordings, Skipped
from edgcn.skeleton.topology import Topology

ENDING = "_keypoints.json"
LOOKED_INTO = 200  # files that tell which model it was
HANDS = ("hand_left_keypoints_2d", "hand_right_keypoints_2d")
HAND = 21  # keypoints of one


def read_openpose(
    path: Path,
    *,
    labels: Path | None = None,
    fps: Rate | None = None,
    topology: Topology | None = None,
    hands: bool = False,
    people: Keep = "surest",
    max_bodies: int = 2,
    min_confidence: Confidence = 0.0,
) -> Recordings:
    """OpenPose output: a folder of frames, of clip folders, or of class folders of clip folders.

    The frames of a recording lie in one folder and have one name before the number of the frame,
    which is the last one in the name; a number that is left out is a frame without anybody. The
    subject is the person with the highest mean confidence over all frames, followed from where they
    were last seen: where they are hidden nobody takes their place, and the recording is noted. A
    clip two folders deep has the outer folder's name as its class.

    Args:
        labels: a csv which replaces the classes of folders. Rows name,label or name,label,subject
            give each clip its label. With a header name,label,start,end (or start_s,end_s, and
            subject), in any order, a clip is one recording with a segment for each of its rows:
            start and end count frames from 0, the end included, or are seconds. A name is that of
            a folder, alone or with its path from `path` on; of several recordings in one folder,
            that before the number. What no row names is unlabelled, and noted.
        fps: frames per second, which the files do not say; 30 are assumed, and that is said.
        topology: of the body, such as body_25, body_25b, coco_18 or halpe_26; by default told by
            the number and places of joints.
        hands: keep the 21 points of each hand.
        people: which of several: surest, largest, left or right (in the picture), alone (whoever is
            seen: there is one person only), apart (each a recording of their own), or together
            (bodies of one recording).
        max_bodies: how many bodies are kept together.
        min_confidence: points below it count as not seen.

    Raises:
        EdgcnError: the folder is missing or has no such file.
        FileError: the label file cannot be read, or contradicts itself.
    """
    check_most(max_bodies)
    check_keep(people, labels)
    files = _frame_files(path)
    model, note = _model(files, topology, hands)
    made = videos([(file, _stem(file)) for file in files], path)
    given = labels_for({video.name: video.label for video in made.values()}, labels)
    whole = with_hands(model.topology) if hands and _apart(model) else model.topology
    bodies = max_bodies if people == "together" else 1

    def read_one(first: Path) -> Iterator[Recording | Skipped]:
        video = made[first]
        found = slots(video.frames, first.parent, what="file")
        seen_in: list[list[Person]] = [[] for _ in range(found.total)]
        for place, (_, file) in zip(found.places, video.frames, strict=True):
            seen_in[place] = _people(file, model, hands=hands, least=min_confidence)
        for one in persons(seen_in, len(whole), keep=people, most=bodies):
            if not one.frames.any():
                yield Skipped(str(first.parent), f"nobody in any of its {found.total} frames")
                return
            yield from given.put(
                one.take(video.name, found.note), video.name, fps=float(fps or FPS)
            )

    return Recordings(
        reader="openpose",
        topology=whole,
        classes=given.classes,
        recordings=chain(given.table.lost, stream(made, read_one)),
        fps=float(fps or FPS),
        units="px",
        dims=2,
        bodies=bodies,
        total=len(given.table.lost) + len(made),
        sources=(*files, *([labels] if labels is not None else [])),
        note="; ".join(filter(None, (given.table.note, beside(made.values()), note))),
        remarks=[ASSUMED] if fps is None else [],
    )


def _frame_files(path: Path) -> list[Path]:
    """The files of frames: where some of a folder end as OpenPose's do, others are none."""
    files = find(
        path,
        "**/*.json",
        what="OpenPose frames",
        hint="write them with `openpose --write_json FOLDER`, one folder a clip",
    )
    named = {file.parent for file in files if file.name.endswith(ENDING)}
    return [file for file in files if file.parent not in named or file.name.endswith(ENDING)]


def _stem(file: Path) -> str:
    return file.name.removesuffix(ENDING).removesuffix(".json")


def _apart(model: Model) -> bool:
    """Whether the hands are not among the body's own keypoints."""
    return len(model.places) == model.keypoints <= 26


def _model(files: Sequence[Path], topology: Topology | None, hands: bool) -> tuple[Model, str]:
    """Which model it was, by some files from everywhere, and a note on it."""
    bodies: dict[int, list[Person]] = {}
    fingers = False
    for file in files[:: max(1, len(files) // LOOKED_INTO)]:
        try:
            for order, entry in enumerate(_entries(file)):
                person = _points(file, order, entry, "pose_keypoints_2d", COUNTS)
                bodies.setdefault(len(person), []).append(person)
                fingers = fingers or any(entry.get(hand) for hand in HANDS)
        except (FileError, OSError):
            continue  # it is named when it is read
    most = max(bodies.values(), key=len, default=[np.zeros((25, 3), dtype=np.float32)])
    some = [person for person in most if person.any()] or most
    taken = model_for(np.stack(some), hands=hands, topology=topology)
    if taken is None:
        assert topology is not None
        taken = model_for(np.zeros((1, len(topology), 3)), hands=hands, topology=topology)
        assert taken is not None
        return taken.model, taken.note
    note = "hands are left out (--options hands true keeps them)" if fingers and not hands else ""
    return taken.model, "; ".join(filter(None, (taken.note, note)))


def _entries(file: Path) -> list[Any]:
    content = read_json(file)
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list):
        raise FileError(file, 'expected an object with a list "people"')
    return people


def _people(file: Path, model: Model, *, hands: bool, least: float) -> list[Person]:
    """Everyone of whom something is seen in one frame; what is not seen is exactly 0."""
    persons = []
    for order, entry in enumerate(_entries(file)):
        points = _points(file, order, entry, "pose_keypoints_2d", (model.keypoints,), model)
        person = model.joints(points)
        if hands and _apart(model):
            fingers = [_hand(file, order, entry, hand) for hand in HANDS]
            person = np.concatenate([person, *fingers])
        person = seen(person, np.where(person[:, 2] < least, 0, person[:, 2]))
        if person.any():
            persons.append(person)
    return persons


def _hand(file: Path, order: int, entry: dict[str, Any], key: str) -> Person:
    """A hand, which may not have been looked for."""
    if not entry.get(key):
        return np.zeros((HAND, 3), dtype=np.float32)
    return _points(file, order, entry, key, (HAND,))


def _points(
    file: Path,
    order: int,
    entry: Any,
    key: str,
    counts: Sequence[int],
    model: Model | None = None,
) -> Person:
    """The keypoints of one entry, of as many as a model has."""
    where = f"{key} of person {order}"
    values = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(values, list) or len(values) not in {3 * count for count in counts}:
        name = f" ({model.topology.name})" if model is not None else ""
        expected = " or ".join(f"{3 * count}" for count in counts) + f" numbers{name}"
        got = f"{len(values)}" if isinstance(values, list) else "none"
        reason = f"expected {expected} in {where}, x, y and confidence each, got {got}"
        raise FileError(file, f"{reason}; run OpenPose with --model_pose BODY_25")
    return json_array(file, values, f"[{len(values)}]", where=where).reshape(-1, 3)
