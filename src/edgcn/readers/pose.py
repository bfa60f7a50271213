"""The .pose files of pose-format (Moryossef et al., 2021), versions 0, 0.1 and 0.2.

header: version, width, height, depth; components of named points (`POSE_LANDMARKS`, XYZC)
body: fps, frames, people; x, y[, z] of all points, then their confidences
-> the subject's (T, 1, V, 3) of one component, x and y in pixels and confidence
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from edgcn.base.errors import FileError, did_you_mean
from edgcn.base.spelling import legible
from edgcn.readers.file_each import detected, find_files, first_of, recordings_of
from edgcn.readers.labelling import Take
from edgcn.readers.named_joints import Joints, find_joints, joint_map
from edgcn.readers.pose_file import Component, Pose, parse_pose
from edgcn.readers.rates import Confidence, Rate
from edgcn.readers.tracking import persons
from edgcn.skeleton.recording import Recordings
from edgcn.skeleton.topology import Topology

WORLD = "WORLD"  # in the name of a component in meters, y down
ROOM = 10.0  # meters
AS_SEEN = np.array([-1, -1, 1], dtype=np.float32)  # half a circle around z


@dataclass(frozen=True)
class Choice:
    """What the user says of all files, and what is said of the joints of most."""

    topology: Topology | None
    joints: dict[str, str]
    component: str
    min_confidence: float
    usual: str = ""


def read_pose(
    path: Path,
    *,
    labels: Path | None = None,
    fps: Rate | None = None,
    topology: Topology | None = None,
    component: str = "",
    joints: str = "",
    min_confidence: Confidence = 0.0,
) -> Recordings:
    """.pose files, a recording each; of several people the surest one, who is followed.

    Args:
        labels: a csv name,label[,subject] or name,label,start,end[,subject] as of `openpose`.
        fps: frames per second; by default as the files say.
        topology: the skeleton; by default the known one that has most of the points.
        component: which points are taken; by default those that are a known body. One with WORLD
            in its name is in meters.
        joints: points that stand for joints, as in `NOSE_TIP=nose`.
        min_confidence: points below are not seen.

    Raises:
        EdgcnError: nothing there, or no .pose.
    """
    files = find_files(path, ["*.pose"], what=".pose files", hint="write them with pose-format")
    choice = Choice(topology, joint_map(joints), component, float(min_confidence))
    found, taken, joined = first_of(files, partial(_first, choice=choice))
    choice = replace(choice, topology=joined.match.topology, usual=joined.remark)
    others = ", ".join(legible(own.name) for own in found.components if own is not taken)
    return recordings_of(
        "pose",
        files,
        partial(_takes, choice=choice),
        topology=joined.match.topology,
        dims=_dims(taken),
        labels=labels,
        fps=fps,
        found_fps=found.fps,
        remarks=[
            f"{legible(taken.name)} of a picture of {found.size[0]} x {found.size[1]}; "
            + joined.remark
            + (f"; components left out: {others}" if others else "")
        ],
    )


def _first(path: Path, choice: Choice) -> tuple[Pose, Component, Joints]:
    pose = parse_pose(path)
    return pose, *_chosen(path, pose, choice)


def _dims(component: Component) -> int:
    return 3 if WORLD in component.name.upper() and "Z" in component.axes else 2


def _chosen(path: Path, pose: Pose, choice: Choice) -> tuple[Component, Joints]:
    """The component that is asked for, or whose points are most of a known body's."""
    if choice.component:
        names = [own.name for own in pose.components]
        if choice.component not in names:
            hint = did_you_mean(choice.component, names)
            got = ", ".join(map(legible, names))
            raise FileError(path, f"expected a component {choice.component!r}, got {got}{hint}")
        component = pose.components[names.index(choice.component)]
        return component, _joints(path, component, choice)
    best, problem = None, None
    pictures = [own for own in pose.components if _dims(own) == 2]
    for component in pictures or pose.components:
        try:
            joints = _joints(path, component, choice)
        except FileError as error:
            problem = problem or error
            continue
        share = sum(place >= 0 for place in joints.match.places)
        if best is None or share > best[0]:
            best = share, component, joints
    if best is None:
        raise problem or FileError(path, "expected components of points, got none")
    return best[1], best[2]


def _joints(path: Path, component: Component, choice: Choice) -> Joints:
    return find_joints(path, component.points, topology=choice.topology, joints=choice.joints)


def _takes(path: Path, choice: Choice) -> Iterator[Take]:
    pose = parse_pose(path)
    component, joints = _chosen(path, pose, choice)
    said = "" if joints.remark == choice.usual else f"{legible(component.name)}: {joints.remark}"
    own = slice(component.start, component.start + len(component.points))
    points = joints.match.apply(pose.points[:, :, own])
    scores = joints.match.apply(pose.scores[:, :, own])
    if _dims(component) == 3:
        places = points[:, :1, :, :3] * AS_SEEN
        if np.nan_to_num(np.abs(places[..., :2])).max(initial=0) > ROOM:  # as pose-format writes
            places /= np.array([*pose.size, 1], dtype=np.float32)  # them: times width and height
        frames, confident = detected(places, scores[:, :1], dims=3, least=choice.min_confidence)
        others = points.shape[1] - 1
        note = f"{others} more people left out" if others else ""
        note = "; ".join(filter(None, (note, said)))
        yield Take(frames, scores=confident, fps=pose.fps, note=note)
        return
    flat = np.zeros((*points.shape[:3], 3), dtype=np.float32)
    flat[..., :2] = points[..., :2]
    frames, _ = detected(flat, scores, dims=2, least=choice.min_confidence)
    note = ""
    if frames.shape[1] > 1:
        frames = np.nan_to_num(frames)
        people = [[person for person in frame if person.any()] for frame in frames]
        frames, note, _ = persons(people, frames.shape[2], option=False)[0]
    yield Take(frames, fps=pose.fps, note="; ".join(filter(None, (note, said))))
