"""Pickles of pyskl and mmaction2 (Duan et al., 2022): all clips of a data set in one `.pkl`.

{"split": {name: [frame_dir]}, "annotations": [{"frame_dir", "label", "keypoint" (M, T, V, 2 or 3),
"keypoint_score" (M, T, V)}]}, or the list of annotations alone -> (T, M, V, 3).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.flat import geometry, seen, with_confidence
from edgcn.readers.tags import split_rules
from edgcn.readers.text.pickles import as_array, load_pickle
from edgcn.skeleton.layouts import BODY_25, COCO_17, KINECT_V1, KINECT_V2_PYSKL
from edgcn.skeleton.recording import Frames, Recording, Recordings, Skipped, trimmed
from edgcn.skeleton.topology import Topology

_NTU_NAME = re.compile(r"S\d{3}(C\d{3})(P\d{3})R\d{3}A\d{3}")

# By joints and channels.
_LAYOUTS = {
    (17, 2): COCO_17,
    (17, 3): COCO_17,
    (20, 3): KINECT_V1,
    (25, 2): BODY_25,
    (25, 3): KINECT_V2_PYSKL,
}


def read_pyskl(path: Path, *, topology: Topology | None = None, fps: float = 30.0) -> Recordings:
    """A pyskl or mmaction2 pickle, through an unpickler that runs nothing from the file.

    Flat points (2 channels, or a layout of a 2-D detector) are pixels, and channel 3 is
    `keypoint_score`, else the file's third, else 1 for all that are not 0. `total_frames` is
    ignored: the array knows. A name like NTU's gives subject and camera. Class names are not in
    such files: "class 000" and so on.

    Args:
        topology: of joint orders other than COCO-17, BODY_25, Kinect v1 and v2.
        fps: the files do not say; 30 is the sensors'.

    Raises:
        EdgcnError: no such file.
        FileError: not such a pickle, one that asks to run code, or an unknown number of joints.
    """
    content = load_pickle(path)
    annotations = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(annotations, list) or not all(isinstance(a, dict) for a in annotations):
        raise FileError(path, 'expected {"split": ..., "annotations": [{...}]}, got other')
    parts = _parts(path, content.get("split") or {} if isinstance(content, dict) else {})
    joints, channels, bodies = _layout(path, annotations)
    topology = topology or layout_of(path, joints, channels)
    check_joints(path, joints, topology)
    dims = geometry(topology, channels)
    tags, absent = _tags(parts, annotations)
    return Recordings(
        reader="pyskl",
        topology=topology,
        classes=class_names(max((_label(a) or 0 for a in annotations), default=0)),
        recordings=_recordings(path, annotations, tags, absent, (joints, channels, dims)),
        fps=fps,
        units="px" if dims == 2 else "m",
        dims=dims,
        bodies=bodies,
        total=len(annotations) + len(absent),
        splits=split_rules(parts),
        sources=(path,),
    )


def layout_of(path: Path, joints: int, channels: int) -> Topology:
    """The topology that files of this kind mean by so many joints and channels."""
    if (joints, channels) in _LAYOUTS:
        return _LAYOUTS[joints, channels]
    known = ", ".join(f"{v} x {c} ({topology.name})" for (v, c), topology in _LAYOUTS.items())
    raise FileError(
        path,
        f"expected joints x channels {known}, got {joints} x {channels}; give the topology as well",
    )


def check_joints(path: Path, joints: int, topology: Topology) -> None:
    """Raise a `FileError` where a topology has another number of joints than the file."""
    if joints != len(topology):
        raise FileError(
            path, f"expected {len(topology)} joints for topology {topology.name!r}, got {joints}"
        )


def class_names(largest: int) -> tuple[str, ...]:
    """Names for classes that have none: "class 000" up to the largest label."""
    return tuple(f"class {label:03d}" for label in range(largest + 1))


def subject_and_camera(name: str) -> tuple[str, str]:
    """ "P001" and "C001" where a clip is named as NTU names them, else two empty texts."""
    matched = _NTU_NAME.search(name)
    return (matched[2], matched[1]) if matched else ("", "")


def _parts(path: Path, split: Any) -> dict[str, list[str]]:
    """The names of the clips in each part; part names become single words, for use as tags."""
    parts = {}
    for part, names in split.items() if isinstance(split, dict) else [("", None)]:
        array = as_array(names)
        names = array.tolist() if array is not None else names
        if not isinstance(part, str) or not isinstance(names, list | tuple | set):
            raise FileError(path, "expected split {name: [frame_dir, ...]}, got other")
        parts["_".join(part.split())] = [str(name) for name in names]
    return parts


def _tags(
    parts: dict[str, list[str]], annotations: list[dict[str, Any]]
) -> tuple[dict[str, str], list[str]]:
    """The parts each clip is in, separated by spaces, and listed clips that do not exist."""
    tags: dict[str, list[str]] = {}
    for part, names in parts.items():
        for name in dict.fromkeys(names):
            tags.setdefault(name, []).append(part)
    existing = {str(annotation.get("frame_dir")) for annotation in annotations}
    absent = [name for name in tags if name not in existing]
    return {name: " ".join(parts_of) for name, parts_of in tags.items()}, absent


def _layout(path: Path, annotations: list[dict[str, Any]]) -> tuple[int, int, int]:
    """Joints and channels of the first usable clip, and the most bodies of any."""
    shapes = [
        array.shape
        for annotation in annotations
        if (array := as_array(annotation.get("keypoint"))) is not None and array.ndim == 4
    ]
    if not shapes:
        raise FileError(path, "expected annotations with `keypoint` (M, T, V, 2 or 3), found none")
    return shapes[0][2], shapes[0][3], max(1, *(shape[0] for shape in shapes))


def _recordings(
    path: Path,
    annotations: list[dict[str, Any]],
    tags: dict[str, str],
    absent: list[str],
    layout: tuple[int, int, int],
) -> Iterator[Recording | Skipped]:
    """Every annotation as a clip or the reason why not, then the clips that are only listed."""
    for i, annotation in enumerate(annotations):
        name = str(annotation.get("frame_dir", f"{i:06d}"))
        try:
            frames, scores = _frames(annotation, layout)
            label = _label(annotation)
            if label is None:
                raise EdgcnError(f"expected one label 0.. or none, got {annotation['label']!r}")
        except EdgcnError as error:
            yield Skipped(f"{path}#{name}", str(error))
            continue
        subject, camera = subject_and_camera(name)
        yield trimmed(
            frames,
            name,
            scores=scores,
            label=label,
            subject=subject,
            camera=camera,
            split=tags.get(name, ""),
        )
    for name in absent:
        yield Skipped(f"{path}#{name}", "listed in a split, but there is no such annotation")


def _label(annotation: dict[str, Any]) -> int | None:
    """The label, -1 where there is none, None where it cannot be one."""
    label = annotation.get("label", -1)
    array = as_array(label)
    label = array.item() if array is not None and array.size == 1 else label
    if label is None:
        return -1
    return label if type(label) is int and label >= -1 else None


def _frames(
    annotation: dict[str, Any], layout: tuple[int, int, int]
) -> tuple[Frames, Shaped[np.ndarray, "t m v"] | None]:
    """`keypoint` (M, T, V, C) as (T, M, V, 3), and scores where they are no channel of it."""
    joints, channels, dims = layout
    points = as_array(annotation.get("keypoint"))
    shape = None if points is None else points.shape
    if points is None or points.ndim != 4 or points.shape[2:] != (joints, channels):
        raise EdgcnError(f"expected keypoint (M, T, {joints}, {channels}), got {shape}")
    if points.dtype.kind not in "fiu" or 0 in points.shape:
        raise EdgcnError(f"expected numbers and frames in keypoint, got {points.dtype} {shape}")
    scores = as_array(annotation.get("keypoint_score"))
    if scores is not None:
        if scores.shape != points.shape[:3] or scores.dtype.kind not in "fiu":
            raise EdgcnError(
                f"expected keypoint_score of numbers {points.shape[:3]}, "
                f"got {scores.dtype} {scores.shape}"
            )
        scores = scores.swapaxes(0, 1).astype(np.float32)
    frames = np.ascontiguousarray(points.swapaxes(0, 1), dtype=np.float32)
    if dims == 3:
        return (frames if scores is None else seen(frames, scores)), scores
    if channels == 3 and scores is None:
        return seen(frames), None
    return with_confidence(frames[..., :2], scores), None
