"""Pickles of pyskl and mmaction2 (Duan et al., 2022): all clips of a data set in one `.pkl`.

{"split": {name: [frame_dir]}, "annotations": [{"frame_dir", "label", "keypoint" (M, T, V, 2 or 3),
"keypoint_score" (M, T, V)}]}, or the list of annotations alone -> (T, M, V, 3).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Shaped

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.crowds import MOST_BODIES, check_most, crowd_note, most_seen
from edgcn.readers.flat import seen, with_confidence
from edgcn.readers.labels import MOST_CLASSES, class_names, first_label_note
from edgcn.readers.rates import ASSUMED, FPS, Rate
from edgcn.readers.skeletons import LOOKED_AT, Bodies, guess
from edgcn.readers.tags import parts_note, split_note, split_rules
from edgcn.readers.text.pickles import as_array, as_numbers, described, load_pickle
from edgcn.skeleton.recording import Frames, Recording, Recordings, Skipped, trimmed
from edgcn.skeleton.topology import Topology

_NTU_NAME = re.compile(r"S\d{3}(C\d{3})(P\d{3})R\d{3}A\d{3}")
LOOKED_INTO = 40  # clips


class Layout(NamedTuple):
    """What all clips have in common."""

    joints: int
    channels: int
    dims: int
    bodies: int


def read_pyskl(
    path: Path,
    *,
    topology: Topology | None = None,
    fps: Rate | None = None,
    max_bodies: int = MOST_BODIES,
) -> Recordings:
    """A pyskl or mmaction2 pickle, through an unpickler that runs nothing from the file.

    Joints and channels do not say which skeleton it is: what the numbers are like does, and the
    note says what they were taken for. Flat points are pixels, and their channel 3 is
    `keypoint_score`, else the file's third, else 1 for all that are not 0. The array tells the
    number of frames, and `total_frames` whether M and T are exchanged in it. A name like NTU's
    gives subject and camera. Class names are not in
    such files: "class 000" and so on, for labels below 10,000.

    Args:
        topology: what the joints are, in their order.
        fps: the files do not say; the sensors' 30 are assumed, and that is said.
        max_bodies: how many bodies of a clip are kept, those with most joints seen.

    Raises:
        EdgcnError: no such file.
        FileError: not such a pickle, one that asks to run code, or an unknown number of joints.
    """
    check_most(max_bodies)
    content = load_pickle(path)
    annotations = content.get("annotations") if isinstance(content, dict) else content
    if not isinstance(annotations, list) or not all(isinstance(a, dict) for a in annotations):
        raise FileError(path, 'expected {"split": ..., "annotations": [{...}]}, got other')
    parts = _parts(path, content.get("split") or {} if isinstance(content, dict) else {})
    shapes = [_shape(annotation) for annotation in annotations]
    joints, channels = _common(path, shapes)
    bodies = [shape[0] for shape in shapes if shape[2:] == (joints, channels)]
    taken = guess(path, _sample(annotations, (joints, channels)), topology)
    layout = Layout(joints, channels, taken.dims, min(max(bodies), max_bodies))
    tags, absent = _tags(parts, annotations)
    labels = [label for a in annotations if (label := _label(a)) is not None]
    rules = split_rules(parts)
    notes = (
        taken.note,
        first_label_note(labels),
        parts_note(_labels_of(annotations, tags)),
        split_note(rules, (tags.get(_name(a, i), "") for i, a in enumerate(annotations))),
        twice_note(_name(a, i) for i, a in enumerate(annotations)),
        crowd_note(bodies, max_bodies),
        _other_totals(annotations),
    )
    return Recordings(
        reader="pyskl",
        topology=taken.topology,
        classes=class_names(labels),
        recordings=_recordings(path, annotations, tags, absent, layout),
        fps=float(fps or FPS),
        units=taken.units,
        dims=taken.dims,
        bodies=layout.bodies,
        total=len(annotations) + len(absent),
        splits=rules,
        sources=(path,),
        note="; ".join(filter(None, notes)),
        remarks=[ASSUMED] if fps is None else [],
    )


def twice_note(names: Iterable[str]) -> str:
    """Named: clips of one name, which no split can tell apart; else nothing."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    listed = ", ".join(twice[:3]) + (" and more" if len(twice) > 3 else "")
    return f"{len(twice)} names are those of several clips: {listed}" if twice else ""


def subject_and_camera(name: str) -> tuple[str, str]:
    """ "P001" and "C001" where a clip is named as NTU names them, else two empty texts."""
    matched = _NTU_NAME.search(name)
    return (matched[2], matched[1]) if matched else ("", "")


def _name(annotation: dict[str, Any], order: int) -> str:
    name = annotation.get("frame_dir", f"{order:06d}")
    return name if isinstance(name, str) else described(name)


def _parts(path: Path, split: Any) -> dict[str, list[str]]:
    """The names of the clips in each part; part names become single words, for use as tags."""
    parts = {}
    for part, names in split.items() if isinstance(split, dict) else [("", None)]:
        array = as_array(names)
        names = array.tolist() if array is not None else names
        if not isinstance(part, str) or not isinstance(names, list | tuple | set):
            raise FileError(path, "expected split {name: [frame_dir, ...]}, got other")
        parts["_".join(part.split())] = [
            name if isinstance(name, str) else described(name) for name in names
        ]
    return parts


def _tags(
    parts: dict[str, list[str]], annotations: list[dict[str, Any]]
) -> tuple[dict[str, str], list[str]]:
    """The parts each clip is in, separated by spaces, and listed clips that do not exist."""
    tags: dict[str, list[str]] = {}
    for part, names in parts.items():
        for name in dict.fromkeys(names):
            tags.setdefault(name, []).append(part)
    existing = {_name(annotation, i) for i, annotation in enumerate(annotations)}
    absent = [name for name in tags if name not in existing]
    return {name: " ".join(parts_of) for name, parts_of in tags.items()}, absent


def _shape(annotation: dict[str, Any]) -> tuple[int, ...]:
    """Of `keypoint`, (M, T, V, C); empty where it cannot be used."""
    points = as_numbers(annotation.get("keypoint"))
    usable = points is not None and points.ndim == 4 and points.dtype.kind in "fiu" and points.size
    return points.shape if points is not None and usable else ()


def _common(path: Path, shapes: list[tuple[int, ...]]) -> tuple[int, int]:
    """Joints and channels of the first clip that can be used."""
    for _, _, joints, channels in filter(None, shapes):
        if channels not in (2, 3):
            raise FileError(path, f"expected keypoint (M, T, V, 2 or 3), got {channels} channels")
        return joints, channels
    raise FileError(path, "expected annotations with `keypoint` (M, T, V, 2 or 3), found none")


def _sample(annotations: list[dict[str, Any]], form: tuple[int, int]) -> Bodies:
    """Some bodies of clips from all over the file."""
    bodies = []
    for annotation in annotations[:: max(1, len(annotations) // LOOKED_INTO)]:
        if (
            _shape(annotation)[2:] == form
            and (points := as_numbers(annotation["keypoint"])) is not None
        ):
            flat = points.reshape(-1, *form)
            step = max(1, len(flat) * LOOKED_INTO // LOOKED_AT)
            bodies.append(flat[::step])
    return np.concatenate(bodies).astype(np.float32)


def _recordings(
    path: Path,
    annotations: list[dict[str, Any]],
    tags: dict[str, str],
    absent: list[str],
    layout: Layout,
) -> Iterator[Recording | Skipped]:
    """Every annotation as a clip or the reason why not, then the clips that are only listed."""
    for i, annotation in enumerate(annotations):
        name = _name(annotation, i)
        try:
            frames, scores = _frames(annotation, layout)
            label = _label(annotation)
            if label is None:
                raise EdgcnError(
                    f"expected one label 0..{MOST_CLASSES - 1} or none, "
                    f"got {described(annotation['label'])}"
                )
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


def _total(annotation: dict[str, Any]) -> int:
    """What the file says how many frames there are, -1 where it does not."""
    total = annotation.get("total_frames")
    array = as_array(total)
    total = array.item() if array is not None and array.size == 1 else total
    return total if type(total) is int else -1


def _other_totals(annotations: list[dict[str, Any]]) -> str:
    """Named: clips of other numbers of frames than the file says; else nothing."""
    shapes = [(_total(annotation), _shape(annotation)) for annotation in annotations]
    other = sum(bool(shape) and total not in (-1, shape[1]) for total, shape in shapes)
    many = f"{other} of {len(annotations)} clips have other numbers of frames than total_frames"
    return f"{many} says; the arrays are believed" if other else ""


def _labels_of(annotations: list[dict[str, Any]], tags: dict[str, str]) -> dict[str, list[int]]:
    """The labels in each part."""
    parts: dict[str, list[int]] = {}
    for i, annotation in enumerate(annotations):
        if (label := _label(annotation)) is not None:
            for part in tags.get(_name(annotation, i), "").split():
                parts.setdefault(part, []).append(label)
    return parts


def _label(annotation: dict[str, Any]) -> int | None:
    """The label, -1 where there is none, None where it cannot be one."""
    label = annotation.get("label", -1)
    array = as_array(label)
    label = array.item() if array is not None and array.size == 1 else label
    if label is None:
        return -1
    return label if type(label) is int and -1 <= label < MOST_CLASSES else None


def _frames(
    annotation: dict[str, Any], layout: Layout
) -> tuple[Frames, Shaped[np.ndarray, "t m v"] | None]:
    """`keypoint` (M, T, V, C) as (T, M, V, 3), and scores where they are no channel of it."""
    joints, channels, dims, bodies = layout
    points = as_numbers(annotation.get("keypoint"))
    shape = None if points is None else points.shape
    if points is None or points.ndim != 4 or points.shape[2:] != (joints, channels):
        raise EdgcnError(f"expected keypoint (M, T, {joints}, {channels}), got {shape}")
    if (total := _total(annotation)) not in (-1, points.shape[1]) and total == points.shape[0]:
        raise EdgcnError(
            f"expected keypoint (M, T, {joints}, {channels}) with T = {total}, as total_frames "
            f"says, got {shape}: M and T are exchanged"
        )
    if points.dtype.kind not in "fiu" or 0 in points.shape:
        raise EdgcnError(f"expected numbers and frames in keypoint, got {points.dtype} {shape}")
    scores = as_numbers(annotation.get("keypoint_score"))
    if scores is not None:
        if scores.shape != points.shape[:3] or scores.dtype.kind not in "fiu":
            raise EdgcnError(
                f"expected keypoint_score of numbers {points.shape[:3]}, "
                f"got {scores.dtype} {scores.shape}"
            )
        scores = scores.swapaxes(0, 1).astype(np.float32)
    frames = np.ascontiguousarray(points.swapaxes(0, 1), dtype=np.float32)
    chosen = most_seen(frames, bodies)
    frames, scores = frames[:, chosen], None if scores is None else scores[:, chosen]
    if dims == 3:
        return (frames if scores is None else seen(frames, scores)), scores
    if channels == 3 and scores is None:
        return seen(frames), None
    return with_confidence(frames[..., :2], scores), None
