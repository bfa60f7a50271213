"""The interchange file: every key comes back, and a file that does not fit says where."""

import io
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.clips_npz import read_clips_npz, write_clips_npz
from edgcn.skeleton.layouts import (
    BODY_25,
    COCO_17,
    KINECT_V1,
    KINECT_V2,
    KINECT_V2_PYSKL,
    TOPOLOGIES,
)
from edgcn.skeleton.recording import Recording, Segment, Skipped, SplitRule, trimmed
from edgcn.skeleton.topology import Topology
from helpers import tiny_file, twenty_joints
from readers.items import clips, parted, wholes

RNG = np.random.default_rng(0)
ARM = Topology(
    name="arm",
    joints=("pelvis", "neck", "l_shoulder", "r_shoulder", "l_elbow", "r_elbow"),
    bones=(
        ("neck", "pelvis"),
        ("l_shoulder", "neck"),
        ("r_shoulder", "neck"),
        ("l_elbow", "l_shoulder"),
        ("r_elbow", "r_shoulder"),
    ),
    center="pelvis",
    mirror=(("l_shoulder", "r_shoulder"), ("l_elbow", "r_elbow")),
    shoulders=("l_shoulder", "r_shoulder"),
    spine=("pelvis", "neck"),
    source="made for a test",
)


def some_clips(topology: Topology, *, bodies: int = 1, scores: bool = False) -> list[Recording]:
    shapes = [(length, bodies, len(topology)) for length in (3, 1, 5)]
    return [
        trimmed(
            RNG.uniform(0.1, 1, size=(*shape, 3)).astype(np.float32),
            f"clip {i}",
            label=i - 1,
            subject=f"s{i}",
            camera=f"v{i}",
            condition="mild" if i else "",
            split="train extra" if i else "val",
            scores=RNG.uniform(0.1, 1, size=shape).astype(np.float32) if scores else None,
        )
        for i, shape in enumerate(shapes)
    ]


def assert_same(got: Recording, expected: Recording) -> None:
    for field in fields(Recording):
        np.testing.assert_array_equal(getattr(got, field.name), getattr(expected, field.name))


@pytest.mark.parametrize("topology", [*TOPOLOGIES.values(), ARM], ids=[*TOPOLOGIES, "arm"])
@pytest.mark.parametrize("bodies", [1, 2])
@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("dims", [2, 3])
def test_round_trip(
    tmp_path: Path, topology: Topology, bodies: int, scores: bool, dims: Any
) -> None:
    given = some_clips(topology, bodies=bodies, scores=scores and dims == 3)
    path = tmp_path / "arm.npz"
    write_clips_npz(path, given, topology=topology, classes=("a", "b"), fps=15.0, dims=dims)
    recordings = read_clips_npz(path, dims=dims)
    for got, expected in zip(wholes(recordings), given, strict=True):
        assert_same(got, expected)
    assert recordings.topology == replace(topology, source=recordings.topology.source)
    assert (recordings.classes, recordings.fps, recordings.bodies) == (("a", "b"), 15.0, bodies)
    assert (recordings.dims, recordings.units) == (dims, "px" if dims == 2 else "m")
    assert (recordings.total, recordings.sources) == (3, (path,))
    assert recordings.splits == {
        "split": SplitRule(by="split", train=("train",), test=("val",)),
    }
    assert [file.name for file in tmp_path.iterdir()] == ["arm.npz"]


def test_fewer_bodies_are_padded(tmp_path: Path) -> None:
    one, two = some_clips(ARM)[0], some_clips(ARM, bodies=2)[0]
    write_clips_npz(tmp_path / "c.npz", [one, two], topology=ARM, classes=("a",), fps=30.0)
    got_one, got_two = wholes(read_clips_npz(tmp_path / "c.npz"))
    np.testing.assert_array_equal(got_one.frames[:, :1], one.frames)
    assert not got_one.frames[:, 1].any()
    assert_same(got_two, two)


def test_writing_refuses_what_it_cannot_give_back(tmp_path: Path) -> None:
    with_scores, without = some_clips(ARM, scores=True), some_clips(ARM)
    cases: list[tuple[list[Recording], Any, str]] = [
        ([], 3, "expected segments to write"),
        ([replace(without[0], segments=())], 3, "expected segments to write"),
        ([without[0], replace(without[1], fps=2.0)], 3, "1 frames per second.*'clip 1' is not"),
        ([replace(without[0], times=np.arange(3.0))], 3, "evenly spaced.*'clip 0' is not"),
        ([with_scores[0], without[0]], 3, "scores in all or none of the 2 clips, got them in 1"),
        (with_scores, 2, "scores in none of the 3 clips, got them in 3"),
    ]
    for given, dims, message in cases:
        with pytest.raises(EdgcnError, match=message):
            write_clips_npz(tmp_path / "c.npz", given, topology=ARM, classes=(), fps=1.0, dims=dims)
    assert list(tmp_path.iterdir()) == []


def test_each_segment_is_written_as_a_clip(tmp_path: Path) -> None:
    frames, scores = (RNG.uniform(size=(9, 2, 6, *tail)).astype(np.float32) for tail in ((3,), ()))
    parts = (Segment(1, 4, 0, "nod", "guest", "calm"), Segment(3, 9, 1), Segment(0, 1, -1, "still"))
    long = Recording(
        frames, "long", parts, subject="host", camera="c", condition="mild", split="val",
        scores=scores, fps=30.0,
    )  # fmt: skip
    bare = Recording(frames, "bare", scores=scores)
    path = tmp_path / "c.npz"
    write_clips_npz(path, [long, bare], topology=ARM, classes=("a", "b"), fps=30.0)
    read = clips(read_clips_npz(path))
    assert [(clip.name, clip.label, clip.subject, clip.condition) for clip in read] == [
        ("nod", 0, "guest", "calm"),
        ("long", 1, "host", "mild"),
        ("still", -1, "host", "mild"),
    ]
    for clip, part in zip(read, parts, strict=True):
        np.testing.assert_array_equal(clip.frames, frames[part.start : part.stop])
        assert clip.scores is not None
        np.testing.assert_array_equal(clip.scores, scores[part.start : part.stop])
        assert (clip.camera, clip.split) == ("c", "val")


def members(topology: Topology = KINECT_V1, **changed: Any) -> dict[str, Any]:
    """A valid file of 2 clips, 2 + 3 frames, with some members changed; None leaves one out."""
    valid = {
        "frames": RNG.uniform(0.1, 1, size=(5, len(topology), 3)).astype(np.float32),
        "lengths": np.array([2, 3]),
        "labels": np.array([1, -1]),
        "classes": np.array(["a", "b"]),
        "subjects": np.array(["s1", "s2"]),
        "names": np.array(["one", "two"]),
        "joints": np.array(topology.joints),
        "fps": np.float64(30),
    }
    return {key: value for key, value in (valid | changed).items() if value is not None}


def write(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "clips.npz", **arrays)
    return folder / "clips.npz"


def test_the_least_that_a_file_must_have(tmp_path: Path) -> None:
    given = members(extra=np.array([1]))
    recordings = read_clips_npz(write(tmp_path, **given))
    one, two = clips(recordings)
    np.testing.assert_array_equal(one.frames[:, 0], given["frames"][:2])
    np.testing.assert_array_equal(two.frames[:, 0], given["frames"][2:])
    assert (one.label, one.subject, one.name, one.camera, one.split) == (1, "s1", "one", "", "")
    assert two.label == -1
    assert recordings.topology is KINECT_V1
    assert recordings.splits == {}


def test_clips_share_the_memory_of_the_file(tmp_path: Path) -> None:
    one, two = wholes(read_clips_npz(write(tmp_path, **members())))
    owner = one.frames
    while owner.base is not None:
        owner = owner.base
    assert np.shares_memory(owner, two.frames)


def test_a_clip_without_frames_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, **members(lengths=np.array([0, 5])))
    (full,), skipped = parted(read_clips_npz(path).recordings)
    assert skipped == [Skipped(f"{path}#one", "a clip of 0 frames")]
    assert len(full.frames) == 5


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32])
def test_other_numbers_become_float32(tmp_path: Path, dtype: Any) -> None:
    frames = np.arange(5 * 20 * 3).reshape(5, 20, 3).astype(dtype)
    one, _ = wholes(read_clips_npz(write(tmp_path, **members(frames=frames))))
    assert one.frames.dtype == np.float32
    np.testing.assert_array_equal(one.frames[:, 0], frames[:2])


def test_what_the_third_channel_is(tmp_path: Path) -> None:
    """Confidence in the layout of a detector without scores, else z; the option overrides."""
    scores = RNG.uniform(0.1, 1, (5, 17)).astype(np.float32)
    flat = RNG.normal(size=(5, 17, 2)).astype(np.float32)
    flat[0, 3] = 0
    for given, option, dims in [
        (members(COCO_17, frames=RNG.uniform(size=(5, 17, 3))), None, 2),
        (members(COCO_17, frames=RNG.normal(size=(5, 17, 3))), None, 3),
        (members(COCO_17, frames=RNG.uniform(size=(5, 17, 3))), 3, 3),
        (members(KINECT_V1, frames=RNG.uniform(size=(5, 20, 3)) * (99, 99, 1)), None, 2),
        (members(COCO_17, scores=scores), None, 3),
        (members(KINECT_V1), None, 3),
        (members(KINECT_V1), 2, 2),
    ]:
        path = write(tmp_path, **given)
        recordings = read_clips_npz(path, dims=option)  # type: ignore[arg-type]
        one, _ = wholes(recordings)
        assert (recordings.dims, recordings.units) == (dims, "px" if dims == 2 else "m")
        np.testing.assert_array_equal(one.frames[:, 0], given["frames"][:2].astype(np.float32))
    for confidence, expected in [(scores, scores), (None, (flat != 0).any(-1))]:
        path = write(tmp_path, **members(COCO_17, frames=flat, scores=confidence))
        recordings = read_clips_npz(path)
        one, _ = wholes(recordings)
        assert recordings.dims == 2
        assert one.scores is None
        np.testing.assert_array_equal(one.frames[:, 0, :, :2], flat[:2])
        np.testing.assert_array_equal(one.frames[:, 0, :, 2], expected[:2])
    with pytest.raises(FileError, match="expected 3 channels for dims=3, got 2"):
        read_clips_npz(path, dims=3)


def test_a_point_of_no_confidence_was_not_seen(tmp_path: Path) -> None:
    """Whether its confidence is the third channel or a score, of two channels or of three."""
    frames = RNG.uniform(10, 90, (5, 17, 3)).astype(np.float32)
    frames[..., 2] /= 100
    frames[1, 4, 2] = 0
    scores, expected = frames[..., 2], frames[:2].copy()
    expected[1, 4] = 0
    for given in (members(COCO_17, frames=frames),
                  members(COCO_17, frames=frames[..., :2], scores=scores)):  # fmt: skip
        one, _ = wholes(read_clips_npz(write(tmp_path, **given)))
        np.testing.assert_array_equal(one.frames[:, 0], expected)
    frames[..., 2] += 2  # now it is z
    expected[..., 2] = np.where(expected[..., 2] == 0, 0, frames[:2, :, 2])
    given = members(COCO_17, frames=frames, scores=frames[..., 2] - 2)
    one, _ = wholes(read_clips_npz(write(tmp_path, **given)))
    np.testing.assert_array_equal(one.frames[:, 0], expected)


def test_points_that_were_seen_are_not_written_as_lost(tmp_path: Path) -> None:
    given = some_clips(ARM, scores=True)
    assert given[1].scores is not None
    given[1].scores[0, 0, 2] = 0
    given[1].frames[0, 0, 2, 2] = 0
    flat = [replace(clip, scores=None) for clip in given]
    cases: list[tuple[Literal[2, 3], list[Recording]]] = [(3, given), (2, flat)]
    for dims, made in cases:
        with pytest.raises(EdgcnError, match="'clip 1' has points with a confidence of 0"):
            write_clips_npz(
                tmp_path / "c.npz", made, topology=ARM, classes=("a",), fps=30.0, dims=dims
            )


def test_bones_tell_two_trees_of_the_same_joints_apart(tmp_path: Path) -> None:
    for topology in (KINECT_V2, KINECT_V2_PYSKL):
        path = write(tmp_path, **members(topology, bones=np.array(topology.edges)[::-1]))
        assert read_clips_npz(path).topology is topology
    third = np.array(KINECT_V2.edges)
    third[third[:, 0] == KINECT_V2.index("Head"), 1] = KINECT_V2.index("SpineShoulder")
    built = read_clips_npz(write(tmp_path, **members(KINECT_V2, bones=third))).topology
    assert built.edges == tuple(map(tuple, third.tolist()))
    assert (built.center, built.spine, built.mirror) == (
        KINECT_V2.center,
        KINECT_V2.spine,
        KINECT_V2.mirror,
    )
    assert built.name not in TOPOLOGIES


def pickled() -> np.ndarray:
    return np.array(["one", "two"], dtype=object)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"fps": None, "names": None, "joints": None},
            r"expected the keys frames.*, without names, joints, fps",
        ),
        (
            {"lengths": np.array([2, 4])},
            r"frames: expected 6 frames, as lengths say, got float32 \(5,",
        ),
        ({"lengths": np.array([6, -1])}, r"lengths: expected \(N,\) numbers >= 0"),
        ({"lengths": np.array([2.0, 3.0])}, "lengths: expected whole numbers, got float64"),
        (
            {"labels": np.array([2, -1])},
            "expected labels -1..1 for 2 classes, got 2 for clip one .1 such",
        ),
        ({"labels": np.array([0, -2])}, "expected labels -1..1 for 2 classes, got -2 for clip two"),
        ({"labels": np.array([0])}, r"labels: expected shape \(2,\), got int64 \(1,\)"),
        (
            {"names": pickled()},
            "names: expected plain numbers or text, got pickled objects; save it with .*str",
        ),
        ({"names": np.array([1, 2])}, "names: expected text, got int64"),
        ({"subjects": np.array(["s1"])}, r"subjects: expected shape \(2,\)"),
        ({"cameras": np.array(["a", "b", "c"])}, r"cameras: expected shape \(2,\), got <U1 \(3,\)"),
        (
            {"frames": np.zeros((5, 20, 4))},
            r"frames: expected \(sum T\[, M\], 20, 2 or 3\), got .*\(5, 1, 20, 4",
        ),
        ({"frames": np.zeros((5, 19, 3))}, r"frames: expected \(sum T\[, M\], 20"),
        ({"frames": np.zeros((5, 60))}, r"frames: expected \(sum T"),
        ({"frames": np.full((5, 20, 3), "a")}, "frames: expected numbers, got <U1"),
        ({"scores": np.zeros((5, 19))}, r"scores: expected shape \(5, 1, 20\)"),
        ({"fps": np.float64(0)}, "fps: expected one number above 0"),
        ({"fps": np.array([30.0, 30.0])}, "fps: expected one number above 0"),
        ({"fps": np.array(np.inf)}, "fps: expected one number above 0, up to 10000, got inf"),
        ({"fps": np.array(np.nan)}, "fps: expected one number above 0, up to 10000, got nan"),
        (
            {"lengths": np.array([2**63 - 1, 2**63 - 1 + 7], np.uint64)},  # 5, modulo 2**64
            "frames: expected 18446744073709551621 frames, as lengths say",
        ),
        (
            {"joints": np.array([f"point {number}" for number in range(20)])},
            "no known topology has these 20 joints.*bones as well",
        ),
        ({"bones": np.array([0, 1])}, r"bones: expected \(B, 2\)"),
        (
            {"bones": np.array([[0, 20]])},
            r"bones: expected indices 0\.\.19 into joints, got 0\.\.20",
        ),
        (
            {"bones": np.array([[0, 1]])},
            r"expected bones to form one tree of 20 joints .*got 1 bones",
        ),
    ],
)
def test_what_does_not_fit_is_one_clear_error(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    path = write(tmp_path, **members(**changed))
    with pytest.raises(FileError, match=rf"clips\.npz: .*{message}") as raised:
        read_clips_npz(path)
    assert "\n" not in str(raised.value)


def test_a_tree_of_known_joints_may_be_rooted_elsewhere(tmp_path: Path) -> None:
    """Which end of a bone is the child is the file's choice; the skeleton is the same."""
    turned = np.array(KINECT_V1.edges)[:, ::-1]
    assert read_clips_npz(write(tmp_path, **members(bones=turned))).topology is KINECT_V1


def test_a_skeleton_that_is_no_body_has_stand_ins(tmp_path: Path) -> None:
    """A hand: around the palm, from the index finger to the little one, and that is said."""
    fingers = ("thumb", "index", "middle", "ring", "pinky")
    names = ["palm", *(f"{finger}{part}" for finger in fingers for part in "AB")]
    bones = [(names.index(f"{f}{part}"), 0 if part == "A" else names.index(f"{f}A"))
             for f in fingers for part in "AB"]  # fmt: skip
    frames = RNG.normal(size=(5, len(names), 3))
    given = members(joints=np.array(names), bones=np.array(bones), frames=frames)
    read = read_clips_npz(write(tmp_path, **given))
    topology = read.topology
    assert (topology.center, topology.root) == ("palm", "palm")
    assert (topology.shoulders, topology.spine) == (("indexA", "pinkyA"), ("palm", "middleA"))
    assert topology.source == (
        "the bones in clips.npz; stand-ins: center palm, shoulders indexA and pinkyA, "
        "spine palm to middleA"
    )
    again = tmp_path / "again" / "clips.npz"
    again.parent.mkdir()
    write_clips_npz(again, wholes(read), topology=topology, classes=read.classes, fps=read.fps)
    assert read_clips_npz(again).topology == topology


def test_joints_that_nobody_knows_need_telling_names(tmp_path: Path) -> None:
    names = np.array([f"point {i}" for i in range(20)])
    given = members(joints=names, bones=np.array([[i, i + 1] for i in range(19)]))
    with pytest.raises(  # nothing branches off that could stand in
        FileError, match=r"joints: expected one for the lower end .* like hips,.*point 0"
    ):
        read_clips_npz(write(tmp_path, **given))
    arm = ["left_shoulder", "point 0", "point 1", "point 2"]  # a body, but where is the rest of it
    given |= {"joints": np.array(arm), "bones": np.array([[1, 0], [2, 0], [3, 0]])}
    given["frames"] = given["frames"][:, :4]
    with pytest.raises(FileError, match="joints: expected one for the lower end of the spine"):
        read_clips_npz(write(tmp_path, **given))
    none = members(joints=np.array([], dtype=str), frames=np.zeros((5, 0, 3)))
    with pytest.raises(FileError, match="joints: expected at least one, got none"):
        read_clips_npz(write(tmp_path, **none))


def test_a_path_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match=r"expected an npz file at .*none\.npz"):
        read_clips_npz(tmp_path / "none.npz")
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    for content in (b"", b"text", b"PK\x03\x04 cut", buffer.getvalue()):
        (tmp_path / "c.npz").write_bytes(content)
        with pytest.raises(FileError, match=r"c\.npz: expected an npz file"):
            read_clips_npz(tmp_path / "c.npz")


def test_a_damaged_member(tmp_path: Path) -> None:
    path = write(tmp_path, **members(BODY_25))
    content = bytearray(path.read_bytes())
    content[300] ^= 0xFF  # inside the frames: the checksum no longer fits
    path.write_bytes(bytes(content))
    with pytest.raises(
        FileError, match=r"clips\.npz: frames: expected an array that can be read, got "
    ):
        read_clips_npz(path)


def test_a_frame_rate_may_be_an_array_of_one(tmp_path: Path) -> None:
    assert read_clips_npz(write(tmp_path, **members(fps=np.array([25.0])))).fps == 25


def test_joints_that_are_named_need_no_order(tmp_path: Path) -> None:
    """Another order and case, and only some of a known skeleton: taken by name, and said."""
    path = tiny_file(tmp_path / "clips.npz")
    with np.load(path) as file:
        members = {key: file[key] for key in file.files if key != "bones"}
    order = np.random.default_rng(0).permutation(20)
    expected = members["frames"].copy()
    for kept in (order, order[:15]):
        changes = {
            "frames": members["frames"][:, kept],
            "joints": np.char.lower(members["joints"][kept]),
        }
        np.savez(path, **members | changes)
        made = read_clips_npz(path)
        assert made.topology == twenty_joints()
        (said,) = made.remarks
        assert "joints matched by name with those of kinect_v1" in said
        items = [item for item in made.recordings if isinstance(item, Recording)]
        frames = np.concatenate([item.frames[:, 0] for item in items])
        np.testing.assert_array_equal(frames[:, kept], expected[:, kept])
        assert not np.delete(frames, kept, axis=1).any()


@pytest.mark.parametrize("scored", [False, True])
def test_a_crowd_pads_the_others_to_a_bound_only(tmp_path: Path, scored: bool) -> None:
    given = some_clips(KINECT_V1, bodies=7, scores=scored)
    for clip in given[1:]:
        clip.frames[:, 1:] = 0
        if clip.scores is not None:
            clip.scores[:, 1:] = 0
    given[0].frames[:2, ::2] = 0  # every second body is seen longer than the others
    write_clips_npz(tmp_path / "c.npz", given, topology=KINECT_V1, classes=("a", "b"), fps=30.0)
    recordings = read_clips_npz(tmp_path / "c.npz", max_bodies=3)
    assert recordings.bodies == 3
    assert recordings.note.endswith(
        "1 of 3 clips have more than 3 bodies (up to 7): the 3 with most joints seen are kept "
        "(option max_bodies); 1 of 3 clips have more than 1 bodies, and the store holds 3 for each "
        "clip: `--options max_bodies 1` makes it smaller"
    )
    crowd, *_ = clips(recordings)
    np.testing.assert_array_equal(crowd.frames, given[0].frames[:, 1::2])
    if given[0].scores is not None:
        np.testing.assert_array_equal(crowd.scores, given[0].scores[:, 1::2])
    assert read_clips_npz(tmp_path / "c.npz").bodies == 5
    with pytest.raises(EdgcnError, match="expected max_bodies of at least 1, got 0"):
        read_clips_npz(tmp_path / "c.npz", max_bodies=0)
