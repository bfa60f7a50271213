"""Northwestern-UCLA (Wang et al., CVPR 2014): one JSON file per clip, Kinect v1, meters, 3 views.

`a{act}_s{subj}_e{rep}_v{view}.json` = {"file_name", "skeletons" [T][20][3], "label" 1..10}
-> (T, 1, 20, 3). The label is the one inside: numbers in the NAME skip (1-6, 8, 9, 11, 12).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgcn.base.errors import FileError
from edgcn.readers.labels import check_counts_from_1
from edgcn.readers.text.files import stream
from edgcn.readers.text.folders import find
from edgcn.readers.text.json_files import json_array, read_json
from edgcn.skeleton.layouts import KINECT_V1
from edgcn.skeleton.recording import Frames, Recording, Recordings, Skipped, SplitRule, trimmed

_NAME = re.compile(r"a(\d+)_s(\d+)_e\d+_v(\d+)\.json")
_ACTIONS = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12)  # in names, in the order of the labels

CLASSES = (
    "pick up with one hand", "pick up with two hands", "drop trash", "walk around", "sit down",
    "stand up", "donning", "doffing", "throw", "carry",
)  # fmt: skip


def read_nw_ucla(path: Path) -> Recordings:
    """Northwestern-UCLA from the folder that holds its JSON files, at any depth.

    A few clips have 1 to 3 frames and are kept. The camera is the view: "v1", "v2", "v3".

    Raises:
        EdgcnError: the folder is missing or has no `a*_s*_e*_v*.json`, or a label is 0.
    """
    files = find(path, "**/a*_s*_e*_v*.json", what="NW-UCLA clips")
    return Recordings(
        reader="nw_ucla",
        topology=KINECT_V1,
        classes=CLASSES,
        recordings=stream(files, _read_clip),
        fps=30.0,  # of the sensor; the files do not say
        total=len(files),
        splits={"view": SplitRule(by="camera", train=("v1", "v2"), test=("v3",))},
        sources=tuple(files),
    )


def _read_clip(path: Path) -> Iterator[Recording | Skipped]:
    """The one clip of a file."""
    matched = _NAME.fullmatch(path.name)
    if not matched:
        raise FileError(path, "expected a name a01_s01_e00_v01.json")
    content = read_json(path)
    if not isinstance(content, dict) or not {"skeletons", "label"} <= content.keys():
        raise FileError(path, 'expected {"skeletons": ..., "label": ...}, got something else')
    label = content["label"]
    if type(label) is int:
        check_counts_from_1(path, label, len(CLASSES))
    if not isinstance(label, int) or isinstance(label, bool) or not 1 <= label <= len(CLASSES):
        raise FileError(path, f"expected a label 1..{len(CLASSES)}, got {label!r:.40}")
    if _ACTIONS[label - 1] != int(matched[1]):
        reason = f"expected label {label} in a file of action {_ACTIONS[label - 1]}"
        raise FileError(path, f"{reason}, got one named a{matched[1]}")
    own = content.get("file_name") or path.stem
    clip = trimmed(
        _frames(path, content["skeletons"]),
        path.stem,
        label=label - 1,
        subject=f"s{int(matched[2])}",
        camera=f"v{int(matched[3])}",
    )
    yield replace(clip, note="" if own == path.stem else f"the file says that it is {own!r:.40}")


def _frames(path: Path, skeletons: Any) -> Frames:
    """Nested lists [T][20][3] as (T, 1, 20, 3)."""
    frames = json_array(path, skeletons, "[T][20][3]", where="skeletons")
    if frames.ndim != 3 or frames.shape[1:] != (20, 3) or not len(frames):
        raise FileError(path, f"expected skeletons [T][20][3], T > 0, got {list(frames.shape)}")
    return frames[:, None]
