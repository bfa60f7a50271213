"""UTD-MHAD (Chen, Jafari, Kehtarnavaz, ICIP 2015): one MATLAB file per clip, Kinect v1, meters.

`a{1-27}_s{1-8}_t{1-4}_skeleton.mat`, variable `d_skel` (20, 3, T) -> (T, 1, 20, 3).
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgcn.base.errors import FileError
from edgcn.readers.labels import check_counts_from_1
from edgcn.readers.matlab import read_matrix
from edgcn.readers.text.files import stream
from edgcn.readers.text.folders import find
from edgcn.skeleton.layouts import UTD_MHAD
from edgcn.skeleton.recording import Frames, Recording, Recordings, Skipped, SplitRule, trimmed

_NAME = re.compile(r"a(\d+)_s(\d+)_t(\d+)_skeleton\.mat")

CLASSES = (
    "swipe left", "swipe right", "wave", "clap", "throw", "arm cross", "basketball shoot",
    "draw x", "draw circle cw", "draw circle ccw", "draw triangle", "bowling", "boxing",
    "baseball swing", "tennis swing", "arm curl", "tennis serve", "push", "knock", "catch",
    "pickup and throw", "jog", "walk", "sit to stand", "stand to sit", "lunge", "squat",
)  # fmt: skip


def read_utd_mhad(path: Path) -> Recordings:
    """UTD-MHAD from the folder that holds its skeleton files, at any depth.

    Raises:
        EdgcnError: the folder is missing or has no `*_skeleton.mat`.
    """
    files = find(path, "**/*_skeleton.mat", what="UTD-MHAD clips")
    return Recordings(
        reader="utd_mhad",
        topology=UTD_MHAD,
        classes=CLASSES,
        recordings=stream(files, _read_clip),
        fps=30.0,
        total=len(files),
        splits={
            "subject": SplitRule(
                by="subject", train=("s1", "s3", "s5", "s7"), test=("s2", "s4", "s6", "s8")
            )
        },
        sources=tuple(files),
    )


def _read_clip(path: Path) -> Iterator[Recording | Skipped]:
    """The one clip of a file."""
    matched = _NAME.fullmatch(path.name)
    if matched:
        check_counts_from_1(path, int(matched[1]), len(CLASSES))
    if not matched or not 1 <= int(matched[1]) <= len(CLASSES):
        raise FileError(path, f"expected a name a{{1-{len(CLASSES)}}}_s1_t1_skeleton.mat")
    yield trimmed(
        _read_frames(path),
        path.stem.removesuffix("_skeleton"),
        label=int(matched[1]) - 1,
        subject=f"s{int(matched[2])}",
    )


def _read_frames(path: Path) -> Frames:
    """`d_skel` of a MATLAB file, (T, 1, 20, 3)."""
    joints = read_matrix(path, "d_skel")
    if joints.ndim == 2:  # MATLAB drops a trailing axis of one frame
        joints = joints[..., None]
    if joints.ndim != 3 or joints.shape[:2] != (20, 3) or joints.dtype.kind not in "fiu":
        raise FileError(
            path, f"expected d_skel of numbers (20, 3, T), got {joints.dtype} {joints.shape}"
        )
    if joints.shape[2] == 0:
        raise FileError(path, "expected at least one frame, got none")
    return np.ascontiguousarray(joints.transpose(2, 0, 1)[:, None], dtype=np.float32)
