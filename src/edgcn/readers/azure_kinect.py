"""Azure Kinect: the JSON of Microsoft's samples (`offline_processor`), a file each recording.

{"joint_names", "frames": [{"frame_id", "timestamp_usec", "bodies": [{"body_id",
"joint_positions" [32][3]}]}]}, millimeters in the camera's axes (x right, y down, z forward)
-> (T, 1, 32, 3), turned by half a circle around z, so that y is up
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import FileError
from edgcn.base.words import count
from edgcn.readers.file_each import find_files, recordings_of
from edgcn.readers.labelling import Take
from edgcn.readers.named_joints import find_joints
from edgcn.readers.rates import Rate
from edgcn.readers.text.files import LARGEST
from edgcn.readers.text.json_files import json_array, read_json
from edgcn.readers.times import ASIDE, on_time
from edgcn.skeleton.azure_layout import AZURE_32
from edgcn.skeleton.recording import Recordings

PREFIX = "K4ABT_JOINT_"
SAID = "times in column 'timestamp_usec' are microseconds, as its name says"
HINT = "write them with `offline_processor RECORDING.mkv OUT.json` of the Azure Kinect samples"
AS_SEEN = np.array([-1, -1, 1], dtype=np.float32)  # half a circle around z
REACH = 500.0  # millimeters that somebody moves at most while the sensor gives them a new id

Body = Float[np.ndarray, "32 3"]


@dataclass
class Person:
    """One person through the frames: their bodies by frame, and the id of late."""

    own: int
    bodies: dict[int, Body] = field(default_factory=dict)

    @property
    def last(self) -> Body:
        """As they were seen last."""
        return next(reversed(self.bodies.values()))


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
    content = read_json(path)
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list) or not frames or not all(isinstance(f, dict) for f in frames):
        raise FileError(path, f'expected an object with a list "frames"; {HINT}')
    order = _order(path, content.get("joint_names"))
    people: list[Person] = []
    for number, frame in enumerate(frames):
        _follow(people, number, _bodies(path, number, frame, order))
    if not people:
        raise FileError(path, f"nobody in any of its {len(frames)} frames")
    subject = max(people, key=lambda person: len(person.bodies))
    points = np.zeros((len(frames), 1, len(AZURE_32), 3), dtype=np.float32)
    for number, body in subject.bodies.items():
        points[number, 0] = body * AS_SEEN
    take = Take(points, note=_note(people, subject, len(frames)))
    numbers = _all(path, frames, "frame_id")
    stamps = _all(path, frames, "timestamp_usec") if timed else None
    yield on_time(path, take, numbers=numbers, stamps=stamps, column="timestamp_usec", known=SAID)[
        0
    ]


def _order(path: Path, names: Any) -> list[int]:
    """Where the joints of the topology are."""
    if names is None:
        return [*range(len(AZURE_32))]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FileError(path, "expected joint_names to be a list of names")
    bare = [name.upper().removeprefix(PREFIX) for name in names]
    return [*find_joints(path, bare, topology=AZURE_32).match.places]


def _bodies(path: Path, number: int, frame: dict[str, Any], order: list[int]) -> dict[int, Body]:
    """Everybody in a frame by their id."""
    entries, found = frame.get("bodies") or [], dict[int, Body]()
    if not isinstance(entries, list):
        raise FileError(path, f"expected a list of bodies in frame {number}")
    for at, entry in enumerate(entries):
        positions = entry.get("joint_positions") if isinstance(entry, dict) else None
        where = f"joint_positions of body {at} in frame {number}"
        joints = json_array(path, positions, "[32][3]", where=where)
        if joints.ndim != 2 or joints.shape[1] != 3 or len(joints) <= max(order):
            got = list(joints.shape)
            raise FileError(path, f"expected {where} [32][3], got {got}; older SDKs have 26 joints")
        body = joints[order]
        body[[place < 0 for place in order]] = 0
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
            person = Person(own)
            people.append(person)
        person.own = own
        person.bodies[number] = body


def _distance(one: Body, other: Body) -> float:
    return float(np.linalg.norm(one - other, axis=-1).mean())


def _all(path: Path, frames: list[dict[str, Any]], key: str) -> Float[np.ndarray, " t"] | None:
    """A number of each frame; None where no frame has it."""
    values = [frame.get(key) for frame in frames]
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
    if missing := total - len(subject.bodies):
        said.append(f"the subject is missing in {missing} of {total} frames")
    if len(people) > 1:
        most = max(len(person.bodies) for person in people if person is not subject)
        others = count(len(people) - 1, "other person", "other people")
        said.append(f"{others} left out, in up to {most} frames")
    return ", ".join(said)
