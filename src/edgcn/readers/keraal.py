"""Keraal (Nguyen et al., 2024): exercises seen by a Kinect v2, by Vicon, and in the Kinect's video.

`G3-Kinect-CTK-P1T1-Unknown-C-0.txt`: 25 x 7 numbers a frame, meters, 30 fps
`G3-Vicon-...txt`: 17 targets x 7 numbers a frame, millimeters, z up, 60 fps
`G3-OP-...json`, BP, AP: {"positions": {frame: {joint: [x, y(, z)]}}}, fractions of the picture
-> (T, 1, V, 3) of the one sensor that is asked for
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.file_each import detected, find_files
from edgcn.readers.named_joints import find_joints
from edgcn.readers.text.files import read_lines, rows, stream
from edgcn.readers.text.json_files import json_array, read_json
from edgcn.readers.tracking import persons
from edgcn.skeleton.layouts import COCO_17, COCO_18, KINECT_V1, KINECT_V2, MEDIAPIPE_33
from edgcn.skeleton.recording import Frames, Recording, Recordings, Skipped, trimmed
from edgcn.skeleton.topology import Topology

NAME = re.compile(
    r"(?P<group>G\w+?)[-_](?P<sensor>Kinect|Vicon|OP|BP|AP)[-_](?P<exercise>[A-Z]{3})[-_](?P<rest>.+)"
)
EXERCISES = {"CTK": "hiding face", "ELK": "flank stretch", "RTK": "torso rotation"}
WIDTH = 7  # a joint is x, y, z and 4 of orientation
TARGETS = (
    "forearm_r", "forearm_l", "arm_r", "arm_l", "chest", "thigh_r", "thigh_l", "shoulder_r",
    "shoulder_l", "hand_r", "hand_l", "foot_r", "foot_l", "hips", "head", "tibia_r", "tibia_l",
)  # fmt: skip
# Vicon's targets lie on segments: joints that are among them or half way between two of them.
OF_TARGETS = {
    "HipCenter": ("hips",), "Spine": ("chest",), "Head": ("head",),
    "ShoulderCenter": ("shoulder_l", "shoulder_r"),
    "ShoulderLeft": ("shoulder_l",), "ElbowLeft": ("arm_l", "forearm_l"), "HandLeft": ("hand_l",),
    "ShoulderRight": ("shoulder_r",), "ElbowRight": ("arm_r", "forearm_r"),
    "HandRight": ("hand_r",),
    "KneeLeft": ("thigh_l", "tibia_l"), "AnkleLeft": ("foot_l",),
    "KneeRight": ("thigh_r", "tibia_r"), "AnkleRight": ("foot_r",),
}  # fmt: skip
PICTURE = {"G3": (960, 544)}  # pixels of a group's video; the others have 480 x 360
OTHERS = (480, 360)


@dataclass(frozen=True)
class Sensor:
    """What a sensor's files hold."""

    code: str
    topology: Topology
    dims: Literal[2, 3]
    fps: float
    read: Callable[[Path, "Sensor"], tuple[Frames, str]]
    said: str = ""


def read_keraal(
    path: Path,
    *,
    sensor: Literal["auto", "kinect", "vicon", "openpose", "blazepose", "alphapose"] = "auto",
) -> Recordings:
    """Keraal from a folder of its files, at any depth; the files of one sensor at a time.

    Classes are the exercises; a clip's condition is the label in its name (C is correct), its
    subject the participant of the group.

    Args:
        sensor: whose files are read, where there are those of several.

    Raises:
        EdgcnError: no such files, or those of several sensors and none chosen.
    """
    hint = "their names are like G3-Kinect-CTK-P1T1-Unknown-C-0.txt"
    files = find_files(path, ["*.txt", "*.json"], what="Keraal files", hint=hint)
    named = {file: found for file in files.paths if (found := NAME.fullmatch(file.stem))}
    counts = Counter(_sensor_of(found) for found in named.values())
    if not counts:
        raise EdgcnError(f"expected Keraal files in {path}, found none; {hint}")
    if sensor == "auto" and len(counts) > 1:
        listed = ", ".join(f"{name} ({number})" for name, number in sorted(counts.items()))
        raise EdgcnError(
            f"{path}: expected files of one sensor, got {listed}; choose one, as in "
            f"`--options sensor {min(counts)}`"
        )
    name = sensor if sensor != "auto" else next(iter(counts))
    if name not in counts:
        raise EdgcnError(f"{path}: expected files of {name}, got {', '.join(sorted(counts))}")
    own = SENSORS[name]
    paths = [file for file, found in named.items() if _sensor_of(found) == name]
    exercises = sorted({_exercise(named[file]) for file in paths})
    return Recordings(
        reader="keraal",
        topology=own.topology,
        classes=tuple(exercises),
        recordings=stream(paths, partial(_read_one, own, named, exercises)),
        fps=own.fps,
        units="m" if own.dims == 3 else "px",
        dims=own.dims,
        total=len(paths),
        sources=tuple(paths),
        remarks=[own.said] if own.said else [],
    )


def _sensor_of(found: re.Match[str]) -> str:
    return next(name for name, own in SENSORS.items() if own.code == found["sensor"])


def _exercise(found: re.Match[str]) -> str:
    return EXERCISES.get(found["exercise"], found["exercise"])


def _read_one(
    own: Sensor, named: dict[Path, re.Match[str]], exercises: list[str], path: Path
) -> Iterator[Recording | Skipped]:
    found = named[path]
    person, *rest = re.split("[-_]", found["rest"])
    subject = matched[0] if (matched := re.match(r"P\d+", person)) else person
    frames, note = own.read(path, own)
    clip = trimmed(
        frames,
        path.stem,
        label=exercises.index(_exercise(found)),
        subject=f"{found['group']} {subject}",
        condition=rest[-2] if len(rest) > 1 else "",
    )
    clip = replace(clip, note=note)
    yield clip if frames.any() else Skipped(str(path), f"nobody in any of its {len(frames)} frames")


def _kinect(path: Path, own: Sensor) -> tuple[Frames, str]:
    return _rows(path, len(KINECT_V2)).astype(np.float32)[:, None], ""


def _vicon(path: Path, own: Sensor) -> tuple[Frames, str]:
    """Targets as joints: meters, y up, as a camera in front sees them (they face x)."""
    targets = _rows(path, len(TARGETS)) / 1000
    frames = np.zeros((len(targets), 1, len(KINECT_V1), 3), dtype=np.float32)
    for joint, names in OF_TARGETS.items():
        parts = targets[:, [TARGETS.index(name) for name in names]]
        there = (parts != 0).any(axis=-1).all(axis=-1)
        x, y, z = np.where(there, parts.mean(1).T, 0)
        frames[:, 0, KINECT_V1.index(joint)] = np.stack([-y, z, -x], axis=-1)
    return frames + np.float32(0), ""  # -0 is 0


def _rows(path: Path, joints: int) -> Float[np.ndarray, "t joints 3"]:
    lines = [line.strip() for line in read_lines(path)]
    columns = [WIDTH * joint + axis for joint in range(joints) for axis in range(3)]
    values = rows(path, lines, WIDTH * joints, columns=columns)
    if not len(values):
        raise FileError(path, f"expected lines of {WIDTH * joints} numbers, got an empty file")
    return values.reshape(-1, joints, 3)


def _picture(path: Path, own: Sensor) -> tuple[Frames, str]:
    """Positions in fractions of the picture as pixels; 0 where somebody else is seen, or nobody."""
    content = read_json(path)
    given = content.get("positions") if isinstance(content, dict) else None
    if not isinstance(given, dict) or not all(isinstance(entry, dict) for entry in given.values()):
        raise FileError(path, 'expected {"positions": {frame: {joint: [x, y]}}}, got no such thing')
    frames = {_number(path, text): entry for text, entry in given.items()}
    seen = [number for number, entry in frames.items() if entry]
    names = [*dict.fromkeys(name for entry in given.values() for name in entry)]
    if not seen:
        raise FileError(path, f"nobody in any of its {len(given)} frames")
    first, last = min(1, min(frames)), max(frames)  # AlphaPose counts from 0
    if last - first >= 20 * len(seen):
        raise FileError(path, f"expected numbers that count frames, got {last}")
    order = _order(path, names, own)
    points = np.zeros((last - first + 1, 1, len(own.topology), 3), dtype=np.float32)
    size = PICTURE.get(path.stem[:2], OTHERS)
    for number in seen:
        entry = frames[number]
        values = json_array(path, [*entry.values()], "[][]", where=f"joints of frame {number}")
        if values.ndim != 2 or values.shape[1] < 2:
            raise FileError(path, f"expected x and y of each joint of frame {number}")
        for name, (x, y, *_) in zip(entry, values.tolist(), strict=True):
            if name in order:
                points[number - first, 0, order[name], :2] = x * size[0], y * size[1]
    points, _ = detected(points, None, dims=2)
    bodies = [[body] if body.any() else [] for body in points[:, 0]]
    subject = persons(bodies, len(own.topology), option=False)[0]
    return subject.frames, subject.note


def _number(path: Path, text: str) -> int:
    try:
        number = float(text)
        if number != int(number) or number < 0:
            raise ValueError
    except (ValueError, OverflowError):
        raise FileError(path, f"expected numbers of frames, got {text[:40]!r}") from None
    return int(number)


def _order(path: Path, names: list[str], own: Sensor) -> dict[str, int]:
    """The joint of each name, which AlphaPose gives by number."""
    if all(name.isdecimal() and len(name) < 10 for name in names):
        if max(map(int, names)) >= len(own.topology):
            raise FileError(path, f"expected {len(own.topology)} joints, got one named {names[-1]}")
        return {name: int(name) for name in names}
    places = find_joints(path, names, topology=own.topology).match.places
    return {names[place]: joint for joint, place in enumerate(places) if place >= 0}


_FLAT = "x and y are fractions of the picture (960 x 544 pixels in group 3, else 480 x 360)"
SENSORS = {
    "kinect": Sensor("Kinect", KINECT_V2, 3, 30.0, _kinect),
    "vicon": Sensor(
        "Vicon", KINECT_V1, 3, 60.0, _vicon,
        "Vicon's targets lie on segments: elbows and knees are half way between two of them, "
        "Spine is the chest's; there are no hips, wrists and feet",
    ),
    "openpose": Sensor("OP", COCO_18, 2, 30.0, _picture, _FLAT),
    "blazepose": Sensor("BP", MEDIAPIPE_33, 2, 30.0, _picture, f"{_FLAT}; its depth is left out"),
    "alphapose": Sensor("AP", COCO_17, 2, 30.0, _picture, _FLAT),
}  # fmt: skip
