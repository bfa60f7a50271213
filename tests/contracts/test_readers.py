"""What every reader keeps to, on a small set in its exact layout.

In each set somebody faces the sensor with the right hand raised, and the left wrist is not seen in
one frame. A reader is asked for the same things whatever its files look like.
"""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from scipy.io import savemat

from edgcn.base.errors import FileError
from edgcn.readers import READERS
from edgcn.readers.clips_npz import write_clips_npz
from edgcn.skeleton.layouts import (
    AZURE_32,
    BODY_25,
    COCO_17,
    COCO_18,
    KINECT_V1,
    KINECT_V2,
    KINECT_V2_PYSKL,
    MEDIAPIPE_33,
    MSR_ACTION3D,
    UTD_MHAD,
)
from edgcn.skeleton.names import canonical
from edgcn.skeleton.recording import Recording, Recordings, trimmed
from edgcn.skeleton.remap import plan_remap
from edgcn.skeleton.topology import Topology
from edgcn.store import open_store, write_store
from layouts import REST, keypoints
from readers.items import parted
from readers.named_writers import (
    write_azure,
    write_bvh,
    write_dlc,
    write_keraal,
    write_pose,
    write_table,
    write_trc,
)
from readers.writers import write_imigue, write_miga, write_ntu, write_openpose, write_smg

FRAMES, UNSEEN = 14, 3  # of each recording; in this one the left wrist is not seen
COCO_OF_BODY_25 = ["Nose", "LEye", "REye", "LEar", "REar"] + [
    side + part for part in ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle") for side in "LR"
]  # fmt: skip
RAISED = {"Elbow": 1.5, "Wrist": 1.8, "Hand": 1.9, "HandTip": 2.0, "Thumb": 1.92}


@dataclass(frozen=True)
class Small:
    """A small set: what its reader takes, and a file of it that may be damaged."""

    path: Path | None
    damage: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)


def person(seed: int = 0) -> np.ndarray:
    """Somebody (T, 25, 3) as a Kinect v2 sees them, meters, the right hand above the head."""
    body = np.repeat(REST[None] + (0, -0.9, 2.5), FRAMES, axis=0)
    for joint, height in RAISED.items():
        body[:, KINECT_V2.index(f"{joint}Right"), 1] = height - 0.9
    body += np.random.default_rng(seed).normal(scale=0.01, size=body.shape)
    return body.astype(np.float32)


def seen(topology: Topology, seed: int = 0) -> np.ndarray:
    """The same (T, V, 3) in another layout in meters, the left wrist lost once."""
    body = plan_remap(KINECT_V2, topology).apply(person(seed)[:, None])[:, 0]
    body[UNSEEN, left_wrist(topology)] = 0
    return body


def flat(fingers: int, seed: int = 0) -> np.ndarray:
    """The same as OpenPose sees it: BODY_25 and the hands (T, 25 + 2 fingers, 3) in pixels."""
    points = keypoints(np.add(person(seed), (0, 0.9, 0)), fingers=fingers)
    points[UNSEEN, BODY_25.index("LWrist"), 2] = 0  # it is somewhere, and nobody believes it
    return points


def left_wrist(topology: Topology) -> int:
    return [canonical(joint) for joint in topology.joints].index("left_wrist")


def ntu(root: Path) -> Small:
    for n, name in enumerate(("S001C001P001R001A001", "S002C002P002R001A002")):
        write_ntu(root / f"{name}.skeleton", [[(7, joints)] for joints in seen(KINECT_V2, n)])
    return Small(root, root / f"{name}.skeleton")


def smg(root: Path) -> Small:
    for n in (1, 2):
        write_smg(root, n, seen(KINECT_V2, n), [(1, 1, 5), (17, 4, FRAMES)])
    return Small(root, root / "Sample0002" / "Sample0002_skeleton.csv")


def imigue(root: Path) -> Small:
    face = np.zeros((FRAMES, 70, 3), dtype=np.float32)
    videos = {n: np.concatenate([flat(21, n), face], axis=1) for n in (1, 2, 3)}
    labels = [(1, 2, 1, 0, 4, "Win"), (1, 2, 99, 4, FRAMES - 1, "Win"), (3, 1, 5, 2, 3, "Lose")]
    write_imigue(root, videos, labels)
    return Small(root, root / "mg_skeleton_only" / "0003" / "0003_2.xlsx")


def miga(root: Path) -> Small:
    for role, name in (("train", "0001"), ("test", "0002")):
        labels = [(1, 0, 4), (99, 5, FRAMES - 1)] if role == "train" else None
        write_miga(root / f"imigue_skeleton_{role}", name, flat(5), labels)
    return Small(root, root / "imigue_skeleton_test" / "0002" / "0002_light_hand.csv")


def openpose(root: Path) -> Small:
    for name in ("nod/one", "nod/two", "wave/one"):
        folder = write_openpose(root / "data" / name, [[joints] for joints in flat(0)])
    return Small(root / "data", min(folder.iterdir()))


def openpose_table(root: Path) -> Small:
    small, labels = openpose(root), root / "labels.csv"
    labels.write_text(f"name,label,start,end\nnod/one,a,0,4\nnod/one,b,2,{FRAMES - 1}\ntwo,a,1,1\n")
    return replace(small, options={"labels": labels})


def landmarks(seed: int = 0) -> np.ndarray:
    """The same as MediaPipe sees it: fractions of a picture, z and visibility (T, 33, 4)."""
    points = plan_remap(KINECT_V2, MEDIAPIPE_33).apply(person(seed)[:, None])[:, 0]
    x, y, z = np.moveaxis(points, -1, 0)
    made = np.stack([0.5 - 0.2 * x, 0.4 - 0.35 * y, 0.1 * z, np.full_like(x, 0.9)], axis=-1)
    made[UNSEEN, MEDIAPIPE_33.index("left_wrist"), 3] = 0.1  # it is somewhere
    made[~points.any(axis=-1)] = 0  # a Kinect has no eyes and ears
    return made


def mediapipe(root: Path) -> Small:
    columns = [f"{a}{n}" for n in range(1, 34) for a in "xyzv"]
    for seed, name in enumerate(("nod/one", "nod/two", "wave/one")):
        file = root / "data" / f"{name}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = [["time", *columns]]
        for t, row in enumerate(landmarks(seed).reshape(FRAMES, -1).tolist()):
            rows.append([f"{40 * t}", *map(repr, row)])
        file.write_text("".join(",".join(row) + "\n" for row in rows))
    return Small(root / "data", file, {"size": "1280x720"})


def mediapipe_world(root: Path) -> Small:
    """World landmarks: meters around the hips, x to the right of the picture, y down."""
    made = {}
    for seed, name in enumerate(("one", "two")):
        points = seen(MEDIAPIPE_33, seed)
        points[UNSEEN, MEDIAPIPE_33.index("left_wrist")] = np.nan
        hips = points[:, [MEDIAPIPE_33.index(f"{side}_hip") for side in ("left", "right")]]
        there = (points != 0).any(axis=-1, keepdims=True)
        made[name] = (points - hips.mean(axis=1, keepdims=True)) * (-1, -1, 1) * there
    np.savez(root / "world.npz", **made)
    return Small(root / "world.npz", root / "world.npz")


def coco_results(root: Path) -> Small:
    """As AlphaPose writes it: a picture of nobody is left out, names are not in order."""
    at = [BODY_25.index(joint) for joint in COCO_OF_BODY_25]
    for seed, name in enumerate(("nod/one", "nod/two", "wave/one")):
        file = root / "data" / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        people = [
            {"image_id": f"{n}.jpg", "keypoints": points.ravel().tolist(), "score": 2.5, "idx": [0]}
            for n, points in enumerate(flat(0, seed)[:, at])
        ]
        file.write_text(json.dumps(sorted(people, key=lambda one: str(one["image_id"]))))
    return Small(root / "data", file)


def coco_frames(root: Path) -> Small:
    """As MMPose writes it."""
    at = [BODY_25.index(joint) for joint in COCO_OF_BODY_25]
    for seed, name in enumerate(("one", "two")):
        frames = [
            {"frame_id": n, "instances": [{"keypoints": points[:, :2].tolist(),
                                           "keypoint_scores": points[:, 2].tolist()}]}
            for n, points in enumerate(flat(0, seed)[:, at], 1)
        ]  # fmt: skip
        file = root / f"{name}.json"
        file.write_text(json.dumps({"meta_info": {}, "instance_info": frames}))
    return Small(root, file)


def pyskl(root: Path) -> Small:
    points = flat(0)[None, :, [BODY_25.index(joint) for joint in COCO_OF_BODY_25]]
    scores = points[..., 2]
    names = ["S001C001P001R001A001", "S001C001P002R001A001"]
    annotations = [
        {"frame_dir": name, "label": n, "keypoint": points[..., :2], "keypoint_score": scores}
        for n, name in enumerate(names)
    ]
    content = {"split": {"train": names[:1], "val": names[1:]}, "annotations": annotations}
    (root / "data.pkl").write_bytes(pickle.dumps(content))
    return Small(root / "data.pkl", root / "data.pkl")


def stgcn(root: Path) -> Small:
    data = np.zeros((2, 3, FRAMES + 5, 25, 1), dtype=np.float32)  # padded
    data[:, :, :FRAMES, :, 0] = seen(KINECT_V2_PYSKL).transpose(2, 0, 1)
    np.save(root / "train_data.npy", data)
    (root / "train_label.pkl").write_bytes(pickle.dumps((["a", "b"], [0, 1])))
    return Small(root, root / "train_label.pkl")


def clips_npz(root: Path) -> Small:
    path, classes = root / "clips.npz", ("a", "b")
    given = [trimmed(seen(KINECT_V1)[:, None], f"{n}", label=n - 1, subject="s") for n in range(3)]
    write_clips_npz(path, given, topology=KINECT_V1, classes=classes, fps=30.0)
    return Small(path, path)


def clips_npz_flat(root: Path) -> Small:
    path, classes = root / "clips.npz", ("a", "b")
    points = flat(0)[:, None]
    points[points[..., 2] == 0] = 0
    given = [trimmed(points, f"{n}", label=n - 1, subject="s") for n in range(3)]
    write_clips_npz(path, given, topology=BODY_25, classes=classes, fps=30.0, dims=2)
    return Small(path, path)


def events_npz(root: Path, frames: np.ndarray | None = None) -> Small:
    frames = seen(KINECT_V1) if frames is None else frames
    topology = BODY_25 if frames.shape[1] == 25 else KINECT_V1
    np.savez(
        root / "events.npz",
        frames=np.concatenate([frames, frames]),
        lengths=[FRAMES, FRAMES],
        fps=10.0,
        joints=topology.joints,
        bones=topology.edges,
        recordings=["day/1", "day/2"],
        subjects=["s1", "unknown"],
        splits=["train", "test"],
        classes=["a", "b"],
        units="meters" if topology is KINECT_V1 else "pixels",
        rec=[0, 0],
        label=[0, 1],
        start_frame=[0, 3],
        end_frame=[4, FRAMES - 1],
    )
    return Small(root / "events.npz", root / "events.npz")


def events_npz_flat(root: Path) -> Small:
    return events_npz(root, flat(0))


def utd_mhad(root: Path) -> Small:
    for name in ("a1_s1_t1", "a27_s2_t1"):
        file = root / f"{name}_skeleton.mat"
        savemat(file, {"d_skel": seen(UTD_MHAD).transpose(1, 2, 0)})
    return Small(root, file)


def msr_action3d(root: Path) -> Small:
    for name in ("a01_s01_e01", "a20_s10_e03"):
        file = root / f"{name}_skeleton3D.txt"
        rows = seen(MSR_ACTION3D).reshape(-1, 3)
        file.write_text("".join(f"{x} {y} {z} 0.5\n" for x, y, z in rows.tolist()))
    return Small(root, file)


def nw_ucla(root: Path) -> Small:
    for n, name in ((1, "a01_s01_e00_v01"), (10, "a12_s07_e02_v03")):
        file = root / f"{name}.json"
        content = {"file_name": name, "skeletons": seen(KINECT_V1).tolist(), "label": n}
        file.write_text(json.dumps(content))
    return Small(root, file)


def table(root: Path) -> Small:
    for name, style in (("nod/one", "{joint}.{axis}"), ("wave/two", "{axis}_{joint}")):
        file = write_table(root / f"{name}.csv", KINECT_V2.joints, seen(KINECT_V2), style=style)
    return Small(root, file)


def table_flat(root: Path) -> Small:
    """In pixels, with confidences and labels, in another order."""
    points, labels = picture(COCO_17), ["", *"aaaabbbb", *["a"] * (FRAMES - 9)]
    order = [*range(8, 17), *range(8)]
    for name in ("one", "two"):
        file = write_table(
            root / f"{name}.csv",
            [COCO_17.joints[joint].upper() for joint in order],
            points[:, order],
            axes="xyc",
            columns={"frame": range(FRAMES), "label": labels},
        )
    return Small(root, file)


def dlc(root: Path) -> Small:
    parts = [joint.title().replace("_", "") for joint in COCO_17.joints]
    write_dlc(root / "nod" / "one.csv", {"": picture(COCO_17)}, parts)
    return Small(root, write_dlc(root / "wave" / "two.csv", {"ann": picture(COCO_17)}, parts))


def pose(root: Path) -> Small:
    for name in ("nod/one", "wave/two"):
        points = picture(COCO_18)[:, None]
        file = write_pose(root / f"{name}.pose", points, {"BODY": COCO_18.joints})
    return Small(root, file)


def bvh(root: Path) -> Small:
    for name in ("nod/one", "wave/two"):
        file = write_bvh(root / f"{name}.bvh", person())
    return Small(root, file)


def azure_kinect(root: Path) -> Small:
    for name in ("nod/one", "wave/two"):
        bodies = [{1: body} for body in seen(AZURE_32)]
        file = write_azure(root / f"{name}.json", bodies)
    return Small(root, file)


def trc(root: Path) -> Small:
    for name in ("nod/one", "wave/two"):
        file = write_trc(root / f"{name}.trc", seen(KINECT_V2), KINECT_V2.joints)
    return Small(root, file)


def keraal(root: Path) -> Small:
    for name in ("G3-Kinect-CTK-P1T1-Unknown-C-0", "G3-Kinect-ELK-P2T1-Unknown-E1-0"):
        file = write_keraal(root / f"{name}.txt", seen(KINECT_V2), KINECT_V2)
    return Small(root, file)


def keraal_flat(root: Path) -> Small:
    for name in ("G3-OP-CTK-P1T1-Unknown-C-0", "G3-OP-ELK-P2T1-Unknown-E1-0"):
        points = (picture(COCO_18)[..., :2] / (960, 544)).astype(np.float32)
        file = write_keraal(root / f"{name}.json", points, COCO_18)
    return Small(root, file)


def picture(topology: Topology, seed: int = 0) -> np.ndarray:
    """The same in pixels in another layout, the left wrist 0 once."""
    points = flat(0, seed)[:, None]
    points[points[..., 2] == 0] = 0
    return plan_remap(BODY_25, topology).apply(points, dims=2)[:, 0]


def video(root: Path) -> Small:
    """What a pose model found in two videos, which are not looked at again."""
    from readers.filmed import Scripted, film, picture

    points = plan_remap(BODY_25, MEDIAPIPE_33).apply(flat(0)[:, None], dims=2)[:, 0]
    points[:, :, 2] = 0.9
    points[UNSEEN, left_wrist(MEDIAPIPE_33), 2] = 0.2  # somewhere, and hardly believed
    for name in ("one.mp4", "day/two.mp4"):
        file = film(root / "videos" / name, [picture(20, 20)] * FRAMES)
    with patch.dict("edgcn.readers.video.BACKENDS", mediapipe=Scripted(points).finder):
        list(READERS["video"](root / "videos").recordings)
    return Small(root / "videos", file)


def synthetic(_: Path) -> Small:
    return Small(None, options={"clips": 4})


def synthetic_flat(_: Path) -> Small:
    return Small(None, options={"clips": 4, "kind": "2d"})


# A reader, or a reader and which of its layouts.
SETS: dict[str, Callable[[Path], Small]] = {
    "ntu": ntu,
    "smg": smg,
    "imigue": imigue,
    "imigue MiGA": miga,
    "openpose": openpose,
    "openpose table": openpose_table,
    "mediapipe": mediapipe,
    "mediapipe world": mediapipe_world,
    "coco_results": coco_results,
    "coco_results frames": coco_frames,
    "pyskl": pyskl,
    "stgcn": stgcn,
    "clips_npz": clips_npz,
    "clips_npz flat": clips_npz_flat,
    "events_npz": events_npz,
    "events_npz flat": events_npz_flat,
    "utd_mhad": utd_mhad,
    "msr_action3d": msr_action3d,
    "nw_ucla": nw_ucla,
    "table": table,
    "table flat": table_flat,
    "dlc": dlc,
    "pose": pose,
    "bvh": bvh,
    "azure_kinect": azure_kinect,
    "trc": trc,
    "keraal": keraal,
    "keraal flat": keraal_flat,
    "synthetic": synthetic,
    "synthetic 2d": synthetic_flat,
    "procedural": synthetic,
}
if find_spec("av"):
    SETS["video"] = video
OF_FILES = [name for name in SETS if not name.startswith(("synthetic", "procedural"))]
ONE_FILE = (
    "mediapipe world", "pyskl", "stgcn", "clips_npz", "clips_npz flat", "events_npz",
    "events_npz flat",
)  # fmt: skip # holds all, or the labels of all
WHOLE = (
    "smg", "imigue", "imigue MiGA", "openpose table", "events_npz", "events_npz flat",
    "table flat", "video",
)  # fmt: skip # more than clips


def read(name: str, small: Small) -> Recordings:
    return READERS[name.partition(" ")[0]](small.path, **small.options)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Small]:
    """All small sets; only to be read."""
    return {name: make(tmp_path_factory.mktemp("set")) for name, make in SETS.items()}


def test_every_reader_has_a_small_set() -> None:
    """A reader that is added is asked the same; so that it cannot be forgotten here."""
    assert {name.partition(" ")[0] for name in SETS} | {"video"} == {
        name for name, reader in READERS.items() if reader.__module__.startswith("edgcn.readers")
    }


@pytest.mark.parametrize("name", SETS)
def test_what_comes_is_what_the_set_says(sets: dict[str, Small], name: str) -> None:
    recordings = read(name, sets[name])
    kept, skipped = parted(recordings.recordings)
    assert not skipped
    assert len(kept) == recordings.total
    assert len(kept) > 1
    assert len({recording.name for recording in kept}) == len(kept)
    assert recordings.units == ("m" if recordings.dims == 3 else "px")
    for recording in kept:
        t, m, *rest = recording.frames.shape
        assert rest == [len(recordings.topology), 3]
        assert t > 0
        assert m <= recordings.bodies
        assert recording.frames.dtype == np.float32
        assert np.isfinite(recording.frames).all()
        assert recording.scores is None or recording.scores.shape == (t, m, rest[0])
        assert recording.times is None or recording.times.shape == (t,)
        for segment in recording.segments:
            assert 0 <= segment.start < segment.stop <= t
            assert -1 <= segment.label < len(recordings.classes)
    names = [part.name or whole.name for whole in kept for part in whole.segments]
    assert len(set(names)) == len(names)
    labels = {part.label for whole in kept for part in whole.segments} - {-1}
    assert (len(labels) > 1) == bool(recordings.classes)
    trims = [[(part.start, part.stop) for part in whole.segments] for whole in kept]
    uncut = all(trim == [(0, len(whole.frames))] for trim, whole in zip(trims, kept, strict=True))
    assert uncut == (name not in WHOLE)
    assert all(source.is_file() for source in recordings.sources)
    assert bool(recordings.sources) == (name in OF_FILES)


@pytest.mark.parametrize("name", SETS)
def test_reading_twice_gives_the_same(sets: dict[str, Small], name: str) -> None:
    first, second = read(name, sets[name]), read(name, sets[name])
    assert replace(first, recordings=()) == replace(second, recordings=())
    for one, two in zip(first.recordings, second.recordings, strict=True):
        assert isinstance(one, Recording)
        assert isinstance(two, Recording)
        for part in fields(Recording):
            np.testing.assert_array_equal(getattr(one, part.name), getattr(two, part.name))


@pytest.mark.parametrize("name", [name for name in OF_FILES if name != "bvh"])  # all is there
def test_a_joint_that_is_not_seen_is_exactly_0(sets: dict[str, Small], name: str) -> None:
    recordings = read(name, sets[name])
    kept, _ = parted(recordings.recordings)
    for recording in kept:
        wrist = recording.frames[:, 0, left_wrist(recordings.topology), : recordings.dims]
        assert (wrist == 0).all(axis=-1).tolist() == [t == UNSEEN for t in range(FRAMES)]
        assert (wrist == 0).any(axis=-1).tolist() == [t == UNSEEN for t in range(FRAMES)]


@pytest.mark.parametrize("name", [name for name in SETS if name != "procedural"])  # all around
def test_left_is_left_and_up_is_up(sets: dict[str, Small], name: str) -> None:
    """Meters: y up, the person's right at larger x. Pixels: y down, their right at smaller x."""
    recordings = read(name, sets[name])
    kept, _ = parted(recordings.recordings)
    up, right = (1, 1) if recordings.units == "m" else (-1, -1)
    joints = [canonical(joint) for joint in recordings.topology.joints]
    for recording in kept:
        x, y = (
            {joint: recording.frames[:, 0, v, axis] for v, joint in enumerate(joints)}
            for axis in (0, 1)
        )
        assert (right * (x["right_shoulder"] - x["left_shoulder"]) > 0).all()
        if name in OF_FILES:
            assert (up * (y["right_wrist"] - y["right_shoulder"]) > 0).all()
            low = up * (y["left_wrist"] - y["left_shoulder"]) < 0
            assert np.delete(low, UNSEEN).all()


@pytest.mark.parametrize("name", OF_FILES)
@pytest.mark.parametrize("damage", [b"", b"\xff\xfe damaged \x00"])
def test_a_damaged_file_is_named_and_the_others_are_read(
    name: str, damage: bytes, tmp_path: Path
) -> None:
    small = SETS[name](tmp_path)
    before, _ = parted(read(name, small).recordings)
    assert small.damage is not None
    small.damage.write_bytes(damage)
    if name in ONE_FILE:
        with pytest.raises(FileError) as raised:
            read(name, small)
        assert raised.value.path == small.damage
        assert "\n" not in str(raised.value)
        return
    recordings = read(name, small)
    kept, skipped = parted(recordings.recordings)
    assert len(kept) + len(skipped) == recordings.total
    assert [item.path for item in skipped] == [str(small.damage)]
    assert len(kept) == len(before) - 1
    same = {recording.name: recording for recording in before}
    for recording in kept:
        np.testing.assert_array_equal(recording.frames, same[recording.name].frames)
        assert recording.segments == same[recording.name].segments


def link_to_nothing(path: Path) -> None:
    path.symlink_to("/not/mounted")


@pytest.mark.parametrize("name", [name for name in OF_FILES if name not in ONE_FILE])
@pytest.mark.parametrize("make", [link_to_nothing, Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_named_and_the_others_are_stored(
    name: str, make: Callable[[Path], None], tmp_path: Path
) -> None:
    small = SETS[name](tmp_path)
    before, _ = parted(read(name, small).recordings)
    assert small.damage is not None
    small.damage.unlink()
    make(small.damage)
    skipped = write_store(read(name, small), tmp_path / "store")
    assert [item.path for item in skipped] == [str(small.damage)]
    assert len(open_store(tmp_path / "store").recordings) == len(before) - 1


@pytest.mark.parametrize("name", OF_FILES)
def test_hidden_files_are_no_recordings(name: str, tmp_path: Path) -> None:
    """macOS leaves one beside every file of a foreign disk."""
    small = SETS[name](tmp_path)
    before = read(name, small)
    kept, _ = parted(before.recordings)
    assert small.damage is not None
    beside = small.damage.with_name(f"._{small.damage.name}")
    beside.write_bytes(b"\x00\x05\x16\x07" + bytes(60))
    after = read(name, small)
    same, skipped = parted(after.recordings)
    assert not skipped
    assert replace(after, recordings=()) == replace(before, recordings=())
    assert [recording.name for recording in same] == [recording.name for recording in kept]


SCRIPT = """
import json, sys
from pathlib import Path
from edgcn.readers import READERS
heavy = {}
for name, path, options in json.loads(sys.argv[1]):
    options = {key: Path(v) if key == "labels" else v for key, v in options.items()}
    recordings = READERS[name.partition(" ")[0]](path and Path(path), **options)
    assert list(recordings.recordings)
    heavy[name] = sorted({"torch", "matplotlib", "pandas"} & set(sys.modules))
print(json.dumps(heavy))
"""


def test_reading_loads_no_torch(sets: dict[str, Small]) -> None:
    asked = [
        (name, small.path and str(small.path), {k: v if k != "labels" else str(v)
                                                for k, v in small.options.items()})
        for name, small in sets.items() if name != "procedural"
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(asked)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: [] for name, *_ in asked}
