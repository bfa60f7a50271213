"""pyskl pickles and ST-GCN folders: what is written in their formats comes back as clips."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.pyskl import read_pyskl
from edgcn.readers.stgcn import read_stgcn
from edgcn.readers.tags import split_note, split_rules
from edgcn.skeleton.layouts import (
    BODY_25,
    COCO_17,
    COCO_18,
    H36M_17,
    ISL,
    KINECT_V1,
    KINECT_V2_PYSKL,
)
from edgcn.skeleton.recording import SplitRule
from edgcn.skeleton.topology import Topology
from readers.items import clip, clips, parted, trimmed

RNG = np.random.default_rng(0)
NAMES = ["S001C002P003R001A001", "S001C003P004R001A003", "free"]


def annotation(
    name: str, *, label: Any = 0, m: int = 1, t: int = 4, v: int = 17, c: int = 2
) -> dict[str, Any]:
    return {
        "frame_dir": name,
        "label": label,
        "img_shape": (1080, 1920),
        "total_frames": t,
        "keypoint": RNG.uniform(1, 900, (m, t, v, c)).astype(np.float16),
        "keypoint_score": RNG.uniform(0, 1, (m, t, v)).astype(np.float16),
    }


def write(folder: Path, content: Any) -> Path:
    path = folder / "data.pkl"
    path.write_bytes(pickle.dumps(content))
    return path


def test_flat_points_get_their_scores_as_third_channel(tmp_path: Path) -> None:
    annotations = [
        annotation(NAMES[0], label=2, m=2),
        annotation(NAMES[1], label=0),
        annotation("x"),
    ]
    split = {"xsub_train": NAMES[:1], "xsub_val": [NAMES[1]], "xview_train": ["x", NAMES[0]]}
    recordings = read_pyskl(write(tmp_path, {"split": split, "annotations": annotations}))
    first, second, third = clips(recordings)
    assert recordings.topology is COCO_17
    assert (recordings.dims, recordings.units, recordings.bodies) == (2, "px", 2)
    assert recordings.classes == ("class 000", "class 001", "class 002")
    points, scores = annotations[0]["keypoint"], annotations[0]["keypoint_score"]
    assert first.frames.dtype == np.float32
    np.testing.assert_array_equal(first.frames[..., :2], points.transpose(1, 0, 2, 3))
    np.testing.assert_array_equal(first.frames[..., 2], scores.transpose(1, 0, 2))
    assert first.scores is None
    assert (first.name, first.label, first.subject, first.camera) == (NAMES[0], 2, "P003", "C002")
    assert [part.split for part in (first, second, third)] == [
        "xsub_train xview_train",
        "xsub_val",
        "xview_train",
    ]
    assert (third.subject, third.camera) == ("", "")
    assert recordings.splits == {
        "xsub": SplitRule(by="split", train=("xsub_train",), test=("xsub_val",))
    }


def test_points_in_space_keep_scores_beside_them(tmp_path: Path) -> None:
    given = annotation("a", v=25, c=3)
    recordings = read_pyskl(write(tmp_path, {"annotations": [given]}))
    read = clip(recordings)
    assert (recordings.topology, recordings.dims, recordings.units) == (KINECT_V2_PYSKL, 3, "m")
    np.testing.assert_array_equal(read.frames, given["keypoint"].swapaxes(0, 1))
    assert read.scores is not None
    np.testing.assert_array_equal(read.scores, given["keypoint_score"].swapaxes(0, 1))


@pytest.mark.parametrize(
    ("joints", "channels", "topology", "dims"),
    [
        (17, 2, COCO_17, 2),
        (17, 3, COCO_17, 2),
        (17, 3, H36M_17, 3),
        (18, 2, COCO_18, 2),
        (18, 3, COCO_18, 2),
        (20, 3, KINECT_V1, 3),
        (25, 2, BODY_25, 2),
        (25, 3, KINECT_V2_PYSKL, 3),
    ],
)
def test_joints_and_channels_say_which_skeleton(
    tmp_path: Path, joints: int, channels: int, topology: Topology, dims: int
) -> None:
    given = annotation("a", v=joints, c=channels)
    del given["keypoint_score"]
    if dims == 2:
        given["keypoint"][..., 2:] = RNG.uniform(0, 1, given["keypoint"][..., 2:].shape)
    given["keypoint"][0, 0, 0] = 0
    recordings = read_pyskl(write(tmp_path, [given]))
    read = clip(recordings)
    assert (recordings.topology, recordings.dims) == (topology, dims)
    if channels == 2:  # not seen has no confidence, all else is trusted
        seen = given["keypoint"].swapaxes(0, 1).any(axis=-1)
        np.testing.assert_array_equal(read.frames[..., 2], seen)
    else:
        np.testing.assert_array_equal(read.frames, given["keypoint"].swapaxes(0, 1))


def test_another_order_of_joints_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, [annotation("a", v=20, c=3)])
    assert read_pyskl(path, topology=ISL).topology is ISL
    with pytest.raises(FileError, match="expected 17 joints for topology 'coco_17', got 20"):
        read_pyskl(path, topology=COCO_17)
    with pytest.raises(FileError, match=r"\(15, 17, 18, 20, .*, 68, 75\), got 19"):
        read_pyskl(write(tmp_path, [annotation("a", v=19)]))


def test_labels_may_be_absent(tmp_path: Path) -> None:
    without = annotation("a")
    del without["label"]
    labels = [None, -1, np.int64(3)]
    path = write(tmp_path, [without, *(annotation(f"{x}", label=x) for x in labels)])
    recordings = read_pyskl(path)
    assert [part.label for part in clips(recordings)] == [-1, -1, -1, 3]
    assert len(recordings.classes) == 4


def test_no_clip_is_lost_in_silence(tmp_path: Path) -> None:
    fine = annotation("fine")
    broken = [
        (annotation("label", label=[1, 2]), r"expected one label.*got \[1, 2\]"),
        (annotation("minus", label=-2), "expected one label.*got -2"),
        (annotation("truth", label=True), "expected one label.*got True"),
        (annotation("joints", v=18), r"keypoint \(M, T, 17, 2\), got \(1, 4, 18, 2\)"),
        (annotation("short", t=0), r"numbers and frames in keypoint, got float16 \(1, 0, 17, 2\)"),
        ({"frame_dir": "empty"}, "keypoint .* got None"),
        ({**annotation("text"), "keypoint": np.full((1, 4, 17, 2), "a")}, "numbers and frames"),
        (
            {**annotation("scores"), "keypoint_score": np.ones((1, 4, 16))},
            r"keypoint_score of numbers \(1, 4, 17\), got float64 \(1, 4, 16\)",
        ),
    ]
    content = {"annotations": [fine, *(a for a, _ in broken)], "split": {"train": ["fine", "gone"]}}
    recordings = read_pyskl(write(tmp_path, content))
    (good,), skipped = parted(recordings.recordings)
    assert trimmed(good).name == "fine"
    assert len(skipped) + 1 == recordings.total
    reasons = [reason for _, reason in broken] + ["listed in a split, but"]
    for item, (given, _), reason in zip(
        skipped, [*broken, ({"frame_dir": "gone"}, "")], reasons, strict=True
    ):
        assert item.path.endswith(f"data.pkl#{given['frame_dir']}")
        with pytest.raises(EdgcnError, match=reason):
            raise EdgcnError(item.reason)


@pytest.mark.parametrize(
    "content",
    [
        {"annotations": None},
        {"other": 1},
        [1, 2],
        5,
        {"annotations": [], "split": {}},
        {"annotations": [{"keypoint": [[1.0]]}]},
        {"annotations": [annotation("a")], "split": ["a"]},
        {"annotations": [annotation("a")], "split": {"train": 3}},
        {"annotations": [annotation("a")], "split": {1: ["a"]}},
    ],
)
def test_other_content_is_one_clear_error(tmp_path: Path, content: Any) -> None:
    with pytest.raises(FileError, match=r"data\.pkl: expected "):
        read_pyskl(write(tmp_path, content))


@pytest.mark.parametrize(
    ("names", "rules"),
    [
        (["xsub_train", "xsub_val"], {"xsub": ("xsub_train", "xsub_val")}),
        (["train", "val", "test"], {"split": ("train", "test")}),
        (
            ["train1", "test1", "train2", "test2"],
            {"split1": ("train1", "test1"), "split2": ("train2", "test2")},
        ),
        (["xset_train", "xset_valid", "fold"], {"xset": ("xset_train", "xset_valid")}),
        (["all", "train"], {}),
        (["training", "testing"], {"split": ("training", "testing")}),
        (["Train", "Val", "Test"], {"split": ("Train", "Test")}),
        (["XSub_Training", "XSub_Validation"], {"xsub": ("XSub_Training", "XSub_Validation")}),
        (["xsubTrain", "xsubTest"], {"xsub": ("xsubTrain", "xsubTest")}),
        (["train-a", "dev-a"], {"a": ("train-a", "dev-a")}),
        (["TRAIN", "contest", "latest"], {}),
    ],
)
def test_rules_out_of_part_names(names: list[str], rules: dict[str, tuple[str, str]]) -> None:
    assert split_rules(names) == {
        family: SplitRule(by="split", train=(train,), test=(test,))
        for family, (train, test) in rules.items()
    }


def test_parts_that_overlap_or_make_no_split_are_named() -> None:
    rules = split_rules(["train", "val", "fold", "train_b"])
    note = split_note(rules, ["train", "train val", "val", "fold", "", "train_b"])
    assert note == (
        "parts fold, train_b make no split: expected names like train, val and test, xsub_train "
        "and xsub_val, each once; split 'split': 1 of the 2 clips in 'val' are in 'train' as "
        "well, and are not tested on"
    )
    for parts in (["train", "val", "test"], ["train"], []):
        assert split_note(split_rules(parts), parts) == ""


def test_what_a_pickle_leaves_in_doubt_is_in_its_note(tmp_path: Path) -> None:
    annotations = [annotation(f"v{i % 5}", label=i % 3 + 1) for i in range(6)]
    note = read_pyskl(write(tmp_path, {"annotations": annotations})).note
    assert note == (
        "17 joints are taken for coco_17; or is it h36m_17? (--options topology NAME chooses "
        "another); no clip has label 0, the smallest is 1: labels may count from 1 here, then the "
        "first of the classes is empty and each name one off; 1 names are those of several clips: "
        "v0"
    )
    annotations = [annotation(f"v{i}", label=i % 3) for i in range(6)]
    assert read_pyskl(write(tmp_path, annotations), topology=COCO_17).note == ""


def test_labels_have_a_bound(tmp_path: Path) -> None:
    path = write(tmp_path, [annotation("a", label=2_000_000_000), annotation("b", label=9_999)])
    recordings = read_pyskl(path)
    (kept,), (lost,) = parted(recordings.recordings)
    assert len(recordings.classes) == 10_000
    assert trimmed(kept).label == 9_999
    assert lost.reason == "expected one label 0..9999 or none, got 2000000000"
    write_stgcn(tmp_path, "train", [3])
    (tmp_path / "train_label.pkl").write_bytes(pickle.dumps((["a"], [10_000])))
    (lost,) = parted(read_stgcn(tmp_path).recordings)[1]
    assert lost.reason == "expected one label 0..9999 or -1, got 10000"


def test_a_label_of_another_kind_is_described(tmp_path: Path) -> None:
    _, (lost,) = parted(
        read_pyskl(
            write(tmp_path, [annotation("a"), annotation("b", label=np.eye(3)[1])])
        ).recordings
    )
    assert lost.reason == "expected one label 0..9999 or none, got an array of float64 (3,)"


def test_a_crowd_pads_the_others_to_a_bound_only(tmp_path: Path) -> None:
    crowd = annotation("crowd", m=40)
    crowd["keypoint"][::2, :3] = 0  # every second body is seen in one frame only
    few = [annotation(f"v{i}") for i in range(39)]
    none = {"frame_dir": "none", "keypoint": np.ones((10**6, 0, 17, 2), np.float32)}
    recordings = read_pyskl(write(tmp_path, [*few, crowd, none]), topology=COCO_17)
    assert recordings.bodies == 5
    assert recordings.note == (
        "1 of 40 clips have more than 5 bodies (up to 40): the 5 with most joints seen are kept "
        "(option max_bodies); 1 of 40 clips have more than 1 bodies, and the store holds 5 for "
        "each clip: `--options max_bodies 1` makes it smaller"
    )
    kept, _ = parted(recordings.recordings)
    np.testing.assert_array_equal(
        trimmed(kept[-1]).frames[..., :2], crowd["keypoint"][1:10:2].swapaxes(0, 1)
    )
    one = read_pyskl(write(tmp_path, [*few, crowd]), topology=COCO_17, max_bodies=1)
    assert (one.bodies, "the store holds" in one.note) == (1, False)
    with pytest.raises(EdgcnError, match="expected max_bodies of at least 1, got 0"):
        read_pyskl(write(tmp_path, few), max_bodies=0)


def test_total_frames_tell_whether_axes_are_exchanged(tmp_path: Path) -> None:
    exchanged = annotation("a", m=2)
    exchanged["keypoint"] = exchanged["keypoint"].swapaxes(0, 1)
    recordings = read_pyskl(write(tmp_path, [exchanged, annotation("b") | {"total_frames": 99}]))
    (kept,), (lost,) = parted(recordings.recordings)
    assert (kept.name, "M and T are exchanged" in lost.reason) == ("b", True)
    assert "2 of 2 clips have other numbers of frames than total_frames says" in recordings.note


def test_parts_whose_labels_count_from_different_numbers_are_named(tmp_path: Path) -> None:
    note = "labels of val are 1 to 2 and those of train 0 to 1: one of them may count from"
    write_stgcn(tmp_path, "train", [3, 4])
    write_stgcn(tmp_path, "val", [3, 4])
    assert note not in read_stgcn(tmp_path).note
    (tmp_path / "val_label.pkl").write_bytes(pickle.dumps((["c", "d"], [1, 2])))
    assert note in read_stgcn(tmp_path).note
    clips = [annotation(f"v{i}", label=label) for i, label in enumerate((0, 1, 1, 2))]
    split = {"train": ["v0", "v1"], "val": ["v2", "v3"]}
    assert note in read_pyskl(write(tmp_path, {"split": split, "annotations": clips})).note


def test_plain_lists_are_arrays(tmp_path: Path) -> None:
    given = annotation("a")
    lists = {key: v.tolist() if isinstance(v, np.ndarray) else v for key, v in given.items()}
    one, two = (clip(read_pyskl(write(tmp_path, [a]))) for a in (given, lists))
    np.testing.assert_allclose(one.frames, two.frames)


def write_stgcn(
    folder: Path, part: str, lengths: list[int], *, channels: int = 3, m: int = 2
) -> np.ndarray:
    joints = 25
    data = np.zeros((len(lengths), channels, 10, joints, m), np.float32)
    for i, length in enumerate(lengths):
        data[i, :, :length, :, 0] = RNG.uniform(0.5, 1, (channels, length, joints))
    names = [f"S00{i}C001P00{i}R001A00{i}.skeleton" for i in range(1, len(lengths) + 1)]
    np.save(folder / f"{part}_data.npy", data)
    (folder / f"{part}_label.pkl").write_bytes(pickle.dumps((names, list(range(len(lengths)))), 2))
    return data


def test_stgcn_folder_loses_its_padding(tmp_path: Path) -> None:
    train, val = write_stgcn(tmp_path, "train", [3, 10]), write_stgcn(tmp_path, "val", [0, 7])
    train[0, :, 1] = 0  # a gap inside a clip is no padding
    np.save(tmp_path / "train_data.npy", train)
    recordings = read_stgcn(tmp_path)
    kept, (empty,) = parted(recordings.recordings)
    first, second, last = map(trimmed, kept)
    assert recordings.total == 4
    assert recordings.bodies == 2
    assert recordings.splits["split"].train == ("train",)
    assert "all frames are 0" in empty.reason
    assert [len(part.frames) for part in (first, second, last)] == [3, 10, 7]
    np.testing.assert_array_equal(first.frames, train[0, :, :3].transpose(1, 3, 2, 0))
    np.testing.assert_array_equal(last.frames, val[1, :, :7].transpose(1, 3, 2, 0))
    assert (last.name, last.subject, last.camera) == ("S002C001P002R001A002", "P002", "C001")
    assert [part.split for part in (first, second, last)] == ["train", "train", "val"]
    assert [part.label for part in (first, second, last)] == [0, 1, 1]


def test_stgcn_flat_points(tmp_path: Path) -> None:
    data = write_stgcn(tmp_path, "train", [5], channels=2, m=1)
    recordings = read_stgcn(tmp_path)
    read = clip(recordings)
    assert (recordings.topology, recordings.dims, recordings.units) == (BODY_25, 2, "px")
    np.testing.assert_array_equal(read.frames[..., :2], data[0, :, :5].transpose(1, 3, 2, 0))
    assert (read.frames[..., 2] == 1).all()


def test_stgcn_points_of_no_confidence_were_not_seen(tmp_path: Path) -> None:
    data = write_stgcn(tmp_path, "train", [5], channels=3, m=1)
    data = np.abs(data)
    data[0, 2, 1, 4] = 0
    np.save(tmp_path / "train_data.npy", data)
    frames = clips(read_stgcn(tmp_path, topology=BODY_25))[0].frames
    assert not frames[1, 0, 4].any()
    assert np.count_nonzero(frames.any(axis=-1)) == 5 * 25 - 1


def test_stgcn_parts_have_the_same_channels(tmp_path: Path) -> None:
    write_stgcn(tmp_path, "train", [5], channels=3)
    write_stgcn(tmp_path, "val", [5], channels=2)
    (lost,) = parted(read_stgcn(tmp_path).recordings)[1]
    assert lost.reason == "expected 3 channels as in train_data.npy, got 2"


def test_stgcn_a_bad_part_or_label_costs_itself_only(tmp_path: Path) -> None:
    for part in ("cut", "lone", "train", "val"):
        write_stgcn(tmp_path, part, [3, 4])
    cut = tmp_path / "cut_data.npy"
    cut.write_bytes(cut.read_bytes()[:-1])
    (tmp_path / "lone_label.pkl").unlink()
    (tmp_path / "val_label.pkl").write_bytes(pickle.dumps((["a", "b"], [1, "two"])))
    recordings = read_stgcn(tmp_path)
    kept, lost = parted(recordings.recordings)
    assert [(part.split, trimmed(part).label) for part in kept] == [
        ("train", 0),
        ("train", 1),
        ("val", 1),
    ]
    assert [Path(each.path).name for each in lost] == [
        "cut_data.npy",
        "lone_data.npy",
        "val_label.pkl#b",
    ]
    assert "expected labels in lone_label.pkl beside it, found none" in lost[1].reason
    assert recordings.total == len(kept) + len(lost)


@pytest.mark.parametrize("gone", [2, 3, 4])
def test_stgcn_arrays_of_no_size_are_refused(tmp_path: Path, gone: int) -> None:
    data = write_stgcn(tmp_path, "train", [3, 4])
    np.save(tmp_path / "train_data.npy", data.take([], axis=gone))
    with pytest.raises(FileError, match=r"expected frames, joints and bodies, got none: \("):
        read_stgcn(tmp_path)


def test_stgcn_errors_say_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"\*_data\.npy"):
        read_stgcn(tmp_path)
    write_stgcn(tmp_path, "train", [3, 4])
    labels = tmp_path / "train_label.pkl"
    for content, message in [
        ((["a"], [0]), r"expected 2 names and labels as in train_data\.npy, got 1 and 1"),
        ({"names": []}, r"expected \(names, labels\)"),
    ]:
        labels.write_bytes(pickle.dumps(content))
        with pytest.raises(FileError, match=rf"train_label\.pkl: .*{message}"):
            read_stgcn(tmp_path)
    labels.unlink()
    with pytest.raises(FileError, match=r"expected labels in train_label\.pkl beside it"):
        read_stgcn(tmp_path)
    np.save(tmp_path / "train_data.npy", np.zeros((2, 3, 4)))
    with pytest.raises(FileError, match=r"expected floats \(N, 2 or 3, T, V, M\), got float64"):
        read_stgcn(tmp_path)
    np.save(tmp_path / "train_data.npy", np.array([{}], dtype=object))
    with pytest.raises(FileError, match="expected plain numbers or text, got pickled"):
        read_stgcn(tmp_path)
