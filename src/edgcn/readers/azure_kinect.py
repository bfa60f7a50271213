"""Azure Kinect: the JSON of Microsoft's samples (`offline_processor`), a file each recording.

{"joint_names", "frames": [{"frame_id", "timestamp_usec", "bodies": [{"body_id",
"joint_positions" [32][3]}]}]}, millimeters in the camera's axes (x right, y down, z forward)
-> (T, 1, 32, 3), turned by half a circle around z, so that y is up
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.base.spool import Spool, parts
from edgcn.base.words import count
from edgcn.readers.file_each import find_files, recordings_of
from edgcn.readers.labelling import Take
from edgcn.readers.named_joints import find_joints
from edgcn.readers.rates import Rate
from edgcn.readers.text.files import LARGEST
from edgcn.readers.text.json_files import json_array
from edgcn.readers.text.json_stream import json_items
from edgcn.readers.times import ASIDE, on_time
from edgcn.skeleton.azure_layout import AZURE_32
from edgcn.skeleton.recording import Frames, Recordings

PREFIX = "K4ABT_JOINT_"
SAID = "times in column 'timestamp_usec' are microseconds, as its name says"
HINT = "write them with `offline_processor RECORDING.mkv OUT.json` of the Azure Kinect samples"
AS_SEEN = np.array([-1, -1, 1], dtype=np.float32)  # half a circle around z
REACH = 500.0  # millimeters that somebody moves at most while the sensor gives them a new id

Body = Float[np.ndarray, "joints 3"]
EXPECTED = f'expected an object with a list "frames"; {HINT}'


class Person:
    """One person through the frames: the numbers of theirs and their bodies, and the id of late."""

    def __init__(self, own: int, joints: int) -> None:
        self.own, self.joints = own, joints
        self.frames: list[int] = []
        self.bodies = Spool((joints, 3))

    def add(self, frame: int, body: Body) -> None:
        """One more frame."""
        self.frames.append(frame)
        self.bodies.append(body[None])
        self.last = body


def read_azure_kinect(
    path: Path, *, labels: Path | None = None, fps: Rate | None = None
) -> Recordings:
    """Recordings of an Azure Kinect, a JSON file each; of several people the one seen longest.

    A person keeps their place when the sensor gives them a new id where they stood.

    Args:
        labels: a csv name,label[,subject] or name,label,start,end[,subject] as of `openpose`.
        fps: frames per second; by default as the times in the files tell.

    Raises:
        EdgcnError: nothing there, or no JSON.
    """
    files = find_files(path, ["*.json"], what="recordings of an Azure Kinect", hint=HINT)
    return recordings_of(
        "azure_kinect",
        files,
        partial(_takes, timed=fps is None),
        topology=AZURE_32,
        dims=3,
        labels=labels,
        fps=fps,
        found_fps=30.0,
        remarks=[
            "y of the Azure Kinect points down: people turned by half a circle around z",
            "" if fps is None else ASIDE,
        ],
    )


def _takes(path: Path, *, timed: bool) -> Iterator[Take]:
    others: dict[str, Any] = {}
    people: list[Person] = []
    numbers, stamps, total = [], [], 0
    for frame in json_items(path, key="frames", others=others):
        if not isinstance(frame, dict):
            raise FileError(path, EXPECTED)
        joints = people[0].joints if people else 0
        _follow(people, total, _bodies(path, total, frame, joints))
        numbers.append(frame.get("frame_id"))
        stamps.append(frame.get("timestamp_usec"))
        total += 1
    if not total:
        raise FileError(path, EXPECTED)
    if not people:
        raise FileError(path, f"nobody in any of its {total} frames")
    order = _order(path, others.get("joint_names"))
    if people[0].joints <= max(order):
        raise FileError(path, _expected("joint_positions", [people[0].joints, 3]))
    subject = max(people, key=lambda person: len(person.frames))
    take = Take(_frames(subject, total, order), note=_note(people, subject, total))
    yield on_time(
        path,
        take,
        numbers=_all(path, numbers, "frame_id"),
        stamps=_all(path, stamps, "timestamp_usec") if timed else None,
        column="timestamp_usec",
        known=SAID,
    )[0]


def _frames(person: Person, total: int, order: list[int]) -> Frames:
    """The person in each frame, 0 where they are not seen, as a camera in front sees them."""
    made, at, numbers = Spool((1, len(AZURE_32), 3)), 0, np.array(person.frames)
    missing = [place < 0 for place in order]
    for part in parts(person.bodies.array()):
        own = numbers[at : at + len(part)]
        block = np.zeros((own[-1] + 1 - len(made), 1, len(AZURE_32), 3), dtype=np.float32)
        block[own - len(made), 0] = part[:, order] * AS_SEEN
        block[:, :, missing] = 0
        made.append(block)
        at += len(part)
    made.append(np.zeros((total - len(made), 1, len(AZURE_32), 3), dtype=np.float32))
    return made.array()


def _order(path: Path, names: Any) -> list[int]:
    """Where the joints of the topology are."""
    if names is None:
        return [*range(len(AZURE_32))]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FileError(path, "expected joint_names to be a list of names")
    bare = [name.upper().removeprefix(PREFIX) for name in names]
    return [*find_joints(path, bare, topology=AZURE_32).match.places]


def _expected(where: str, got: list[int]) -> str:
    return f"expected {where} [32][3], got {got}; older SDKs have 26 joints"


def _bodies(path: Path, number: int, frame: dict[str, Any], joints: int) -> dict[int, Body]:
    """Everybody in a frame by their id.

    Args:
        joints: of those before; 0 of the first one.
    """
    entries, found = frame.get("bodies") or [], dict[int, Body]()
    if not isinstance(entries, list):
        raise FileError(path, f"expected a list of bodies in frame {number}")
    for at, entry in enumerate(entries):
        positions = entry.get("joint_positions") if isinstance(entry, dict) else None
        where = f"joint_positions of body {at} in frame {number}"
        body = json_array(path, positions, "[32][3]", where=where)
        joints = joints or len(body)
        if body.ndim != 2 or body.shape != (joints, 3):
            raise FileError(path, _expected(where, [*body.shape]))
        own = entry.get("body_id", at)
        if not isinstance(own, int) or own in found:
            raise FileError(path, f"expected one whole body_id for each body of frame {number}")
        found[own] = body
    return found


def _follow(people: list[Person], number: int, bodies: dict[int, Body]) -> None:
    """Give each body to the person of its id, or who was last seen there; the rest are new."""
    known = {person.own: person for person in people}
    free = [person for person in people if person.own not in bodies]
    for own, body in bodies.items():
        person = known.get(own)
        if person is None and free:
            near = min(free, key=lambda person: _distance(person.last, body))
            if _distance(near.last, body) < REACH:
                person = near
                free.remove(near)
        if person is None:
            person = Person(own, len(body))
            people.append(person)
        person.own = own
        person.add(number, body)


def _distance(one: Body, other: Body) -> float:
    return float(np.linalg.norm(one - other, axis=-1).mean())


def _all(path: Path, values: list[Any], key: str) -> Float[np.ndarray, " t"] | None:
    """A number of each frame; None where no frame has it."""
    if all(value is None for value in values):
        return None
    if not all(map(_counts, values)):
        raise FileError(path, f"expected a number {key} of each frame, got others")
    return np.array(values, dtype=np.float64)


def _counts(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and -LARGEST < value < LARGEST  # type: ignore[operator]


def _note(people: list[Person], subject: Person, total: int) -> str:
    said = []
    if missing := total - len(subject.frames):
        said.append(f"the subject is missing in {missing} of {total} frames")
    if len(people) > 1:
        most = max(len(person.frames) for person in people if person is not subject)
        others = count(len(people) - 1, "other person", "other people")
        said.append(f"{others} left out, in up to {most} frames")
    return ", ".join(said)
