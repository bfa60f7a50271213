"""The open recordings, read whole: counts, sides, and the oddities that are known of them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edgcn.readers.clips_npz import read_clips_npz
from edgcn.readers.msr_action3d import read_msr_action3d
from edgcn.readers.utd_mhad import read_utd_mhad
from edgcn.skeleton.layouts import ISL, KINECT_V2
from edgcn.skeleton.recording import Clip, Recordings, Skipped
from edgcn.skeleton.topology import Topology

pytestmark = pytest.mark.data


def all_of(recordings: Recordings) -> tuple[list[Clip], list[Skipped]]:
    items = list(recordings.clips)
    assert len(items) == recordings.total
    return (
        [item for item in items if isinstance(item, Clip)],
        [item for item in items if isinstance(item, Skipped)],
    )


def assert_counts(clips: list[Clip], recordings: Recordings, *expected: int) -> None:
    subjects = {clip.subject for clip in clips}
    assert (len(clips), len(recordings.classes), len(subjects)) == expected
    assert {clip.label for clip in clips} == set(range(len(recordings.classes)))
    assert len({clip.name for clip in clips}) == len(clips)
    for rule in recordings.splits.values():
        assert set(rule.train) | set(rule.test) == subjects


def assert_a_body_in_meters(clips: list[Clip], topology: Topology) -> None:
    """Right of left for a person who looks at the sensor; bones as long as bones are."""
    frames = np.concatenate([clip.frames[:, 0] for clip in clips[::7]])
    frames = frames[frames.any(axis=(1, 2))]
    assert np.isfinite(frames).all()
    left, right = (frames[:, topology.index(joint)] for joint in topology.shoulders)
    assert (right[:, 0] > left[:, 0]).mean() > 0.95
    lower, upper = (frames[:, topology.index(joint)] for joint in topology.spine)
    assert (upper[:, 1] > lower[:, 1]).mean() > 0.95
    bones = np.stack([frames[:, c] - frames[:, p] for c, p in topology.edges], axis=1)
    lengths = np.median(np.linalg.norm(bones, axis=-1), axis=0)
    assert lengths.min() > 0.01
    assert lengths.max() < 0.6


def test_wmft(data_dir: Path):
    recordings = read_clips_npz(data_dir / "wmft.npz")
    clips, skipped = all_of(recordings)
    assert_counts(clips, recordings, 1080, 15, 24)
    assert not skipped
    assert recordings.topology is KINECT_V2
    assert Counter(clip.condition for clip in clips) == {
        "healthy": 360,
        "mild": 360,
        "moderate": 360,
    }
    assert {min(lengths := [len(clip.frames) for clip in clips]), max(lengths)} == {51, 2518}
    assert_a_body_in_meters(clips, KINECT_V2)


def test_isl30(data_dir: Path):
    recordings = read_clips_npz(data_dir / "isl30.npz")
    clips, skipped = all_of(recordings)
    assert_counts(clips, recordings, 2700, 30, 10)
    assert not skipped
    assert recordings.topology is ISL
    assert_a_body_in_meters(clips, ISL)


def test_utd_mhad(data_dir: Path):
    recordings = read_utd_mhad(data_dir / "utd_mhad")
    clips, skipped = all_of(recordings)
    assert_counts(clips, recordings, 861, 27, 8)
    assert not skipped
    assert_a_body_in_meters(clips, recordings.topology)
    train = recordings.splits["subject"].train
    assert sum(clip.subject in train for clip in clips) == 431


def test_msr_action3d(data_dir: Path):
    world = read_msr_action3d(data_dir / "msraction3d" / "world")
    screen = read_msr_action3d(data_dir / "msraction3d" / "screen")
    (clips, skipped), (flat, flat_skipped) = all_of(world), all_of(screen)
    assert_counts(clips, world, 560, 20, 10)
    assert [clip.name for clip in clips] == [clip.name for clip in flat]
    assert len(skipped) == len(flat_skipped) == 7
    assert all(item.known for item in skipped + flat_skipped)
    assert_a_body_in_meters(clips, world.topology)

    # The known list is complete: of no other clip are more than half of the frames empty.
    assert max((~clip.frames.any(axis=(1, 2, 3))).mean() for clip in clips) < 0.5
    # And it is true, in the world files, of all that it names.
    for item in skipped:
        rows = np.array(Path(item.path).read_text().split(), dtype=float).reshape(-1, 20, 4)
        assert (~rows[..., :3].any(axis=(1, 2))).mean() > 0.5

    both = list(zip(clips, flat, strict=True))
    for a, b in both:
        assert a.scores is not None
        seen = b.frames[..., :2].any(axis=-1)
        np.testing.assert_array_equal(a.scores[seen], b.frames[..., 2][seen])
    pixels = np.concatenate([clip.frames for clip in flat])[..., :2]
    assert pixels.min() >= 0
    assert pixels.max() < 400  # but for 85 overflown ones, which are not seen now
    unseen = [int((a.frames.any(axis=-1) & ~b.frames[..., :2].any(axis=-1)).sum()) for a, b in both]
    assert sum(unseen) == 85
