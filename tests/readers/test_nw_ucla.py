"""Northwestern-UCLA: the label is the one inside the file, views decide the split."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.readers.nw_ucla import read_nw_ucla
from edgcn.skeleton.layouts import KINECT_V1
from edgcn.skeleton.recording import SplitRule
from readers.items import clip, parted, reason, trimmed, wholes

RNG = np.random.default_rng(0)


def write(folder: Path, name: str, content: Any) -> None:
    path = folder / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def clip_of(name: str, frames: int, label: Any) -> dict[str, Any]:
    skeletons = RNG.normal(size=(frames, 20, 3)).astype(np.float32)
    return {"file_name": name, "skeletons": skeletons.tolist(), "label": label}


def test_short_clips_and_skipping_numbers(tmp_path: Path) -> None:
    given = clip_of("a12_s07_e02_v03", 1, 10)  # action 12 is class 10 of 10
    write(tmp_path / "all", given["file_name"], given)
    recordings = read_nw_ucla(tmp_path)
    carry = clip(recordings)
    assert carry.name == "a12_s07_e02_v03"
    assert (carry.label, carry.subject, carry.camera) == (9, "s7", "v3")
    assert recordings.classes[carry.label] == "carry"
    assert recordings.topology is KINECT_V1
    np.testing.assert_array_equal(carry.frames[:, 0], np.float32(given["skeletons"]))
    assert recordings.splits == {
        "view": SplitRule(by="camera", train=("v1", "v2"), test=("v3",)),
    }


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"label": 1,\n "skeletons": [', "line 2: expected JSON"),
        ([1], 'expected {"skeletons": ..., "label": ...}'),
        ({"label": 1}, 'expected {"skeletons": ..., "label": ...}'),
        (clip_of("", 2, -1), "expected a label 1..10, got -1"),
        (clip_of("", 2, 11), "expected a label 1..10, got 11"),
        (clip_of("", 2, "1"), "expected a label 1..10, got '1'"),
        (clip_of("", 2, True), "expected a label 1..10, got True"),
        (clip_of("", 0, 1), "T > 0, got [0]"),
        ({"label": 1, "skeletons": [[[1, 2, 3]] * 19]}, "T > 0, got [1, 19, 3]"),
        ({"label": 1, "skeletons": [[[1, 2, 3]] * 20, [[1, 2]] * 20]}, "of finite numbers"),
        ({"label": 1, "skeletons": [[["1.5", 2, 3]] * 20]}, "got text among them"),
        ({"label": 1, "skeletons": [[[True, 2, 3]] * 20]}, "got true or false among them"),
        ({"label": 1, "skeletons": [[[1e39, 2, 3]] * 20]}, "got NaN, infinity or one beyond 3e38"),
        ({"label": 1, "skeletons": [[[None, 2, 3]] * 20]}, "got null among them"),
        ('{"label": 1, "label": 2, "skeletons": []}', "'label' twice in one object"),
        (clip_of("", 2, 2), "expected label 2 in a file of action 2, got one named a01"),
        ('{"label": 1, "skeletons": [' + str([[1e400, 2, 3]] * 20).replace("inf", "NaN") + "]}",
         "got NaN, infinity or"),
    ],
)  # fmt: skip
def test_broken_files_are_named_and_the_rest_is_read(
    tmp_path: Path, content: Any, problem: str
) -> None:
    write(tmp_path, "a01_s01_e00_v01", content)
    write(tmp_path, "a01_s01_e01_v01", clip_of("", 2, 1))
    recordings = read_nw_ucla(tmp_path)
    (good,), (item,) = parted(recordings.recordings)
    assert recordings.total == 2
    assert trimmed(good).name == "a01_s01_e01_v01"
    assert "a01_s01_e00_v01.json" in item.path
    assert problem in item.reason


def test_another_name_inside_is_noted(tmp_path: Path) -> None:
    write(tmp_path, "a01_s01_e00_v01", clip_of("a01_s02_e00_v01", 2, 1))
    (found,) = wholes(read_nw_ucla(tmp_path))
    assert found.note == "the file says that it is 'a01_s02_e00_v01'"


def test_a_strange_name_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a01_s01_e00_v01_copy", clip_of("", 2, 1))
    assert "expected a name a01_s01_e00_v01.json" in reason(read_nw_ucla(tmp_path))


def test_a_folder_without_such_files(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"a\*_s\*_e\*_v\*\.json"):
        read_nw_ucla(tmp_path)


def test_a_label_0_stops_it_all(tmp_path: Path) -> None:
    """The others may well be one class off."""
    for n, label in enumerate((3, 0, 9)):
        write(tmp_path, f"a01_s01_e0{n}_v01", clip_of("", 2, label))
    with pytest.raises(EdgcnError, match=r"e01_v01\.json: expected labels that count from 1 to 10"):
        list(read_nw_ucla(tmp_path).recordings)
