"""The open recordings, read whole: counts, sides, and the oddities that are known of them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edgcn.readers.clips_npz import read_clips_npz
from edgcn.readers.events_npz import read_events_npz
from edgcn.readers.msr_action3d import read_msr_action3d
from edgcn.readers.utd_mhad import read_utd_mhad
from edgcn.skeleton.layouts import ISL, KINECT_V1, KINECT_V2
from edgcn.skeleton.recording import Recordings, Skipped
from edgcn.skeleton.topology import Topology
from readers.items import Clip, parted, trimmed, wholes

pytestmark = pytest.mark.data


def all_of(recordings: Recordings) -> tuple[list[Clip], list[Skipped]]:
    kept, skipped = parted(recordings.recordings)
    assert len(kept) + len(skipped) == recordings.total
    return [trimmed(recording) for recording in kept], skipped


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


def test_wmft(data_dir: Path) -> None:
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


def test_isl30(data_dir: Path) -> None:
    recordings = read_clips_npz(data_dir / "isl30.npz")
    clips, skipped = all_of(recordings)
    assert_counts(clips, recordings, 2700, 30, 10)
    assert not skipped
    assert recordings.topology is ISL
    assert_a_body_in_meters(clips, ISL)


def test_utd_mhad(data_dir: Path) -> None:
    recordings = read_utd_mhad(data_dir / "utd_mhad")
    clips, skipped = all_of(recordings)
    assert_counts(clips, recordings, 861, 27, 8)
    assert not skipped
    assert_a_body_in_meters(clips, recordings.topology)
    train = recordings.splits["subject"].train
    assert sum(clip.subject in train for clip in clips) == 431


def test_msr_action3d(data_dir: Path) -> None:
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


@pytest.mark.parametrize(
    ("name", "counts", "fps", "covered"),
    [
        ("utkinect", (20, 10, 199, 10), 15, 0.37),
        ("precog16", (70, 12, 350, 8), 30, 0.72),
        ("shrec21_train", (108, 0, 408, 17), 50, 0.16),
    ],
)
def test_long_recordings(
    data_dir: Path, name: str, counts: tuple[int, ...], fps: float, covered: float
) -> None:
    """As many recordings, people, events and classes as are known, and as much background."""
    read = read_events_npz(data_dir / "spotting" / f"{name}.npz")
    recordings = wholes(read)
    events = [segment for recording in recordings for segment in recording.segments]
    people = {recording.subject for recording in recordings} - {""}
    classes = {segment.label for segment in events}
    assert (len(recordings), len(people), len(events), len(classes)) == counts
    assert classes == set(range(len(read.classes)))
    assert (read.fps, read.units, read.dims, read.bodies) == (fps, "m", 3, 1)
    assert len({segment.name for segment in events}) == len(events)
    inside = 0
    for recording in recordings:
        background = np.ones(len(recording.frames), dtype=bool)
        for segment in recording.segments:
            assert 0 <= segment.start < segment.stop <= len(background)
            background[segment.start : segment.stop] = False
        inside += int((~background).sum())
    assert inside / sum(len(recording.frames) for recording in recordings) == pytest.approx(
        covered, abs=0.006
    )
    if name == "shrec21_train":  # one hand, whose stand-ins the source names
        assert read.splits == {}
        assert "center palm, shoulders indexA and pinkyA, spine palm to middleA" in (
            read.topology.source
        )
    else:
        assert read.topology is KINECT_V1
        rule = read.splits["given"]
        assert {recording.split for recording in recordings} == {*rule.train, *rule.test}
        sides = [
            {recording.subject for recording in recordings if recording.split in side}
            for side in (rule.train, rule.test)
        ]
        assert not sides[0] & sides[1]
