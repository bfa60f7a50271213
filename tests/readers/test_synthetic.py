"""Synthetic people have rigid bones, do what their labels say, and the same again for a seed."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.readers.synthetic import read_synthetic
from edgcn.readers.synthetic.gestures import GESTURES
from edgcn.readers.synthetic.motion import Motion
from edgcn.readers.synthetic.reader import _SENSOR, Cast, make_acts, make_clip, make_motion
from edgcn.readers.synthetic.sensor import body_25, moved, view
from edgcn.readers.synthetic.timing import drift, minimum_jerk
from edgcn.skeleton.layouts import BODY_25, KINECT_V2
from edgcn.skeleton.recording import Recording
from readers.items import Clip, trimmed
from readers.items import clips as clips_of

SIDES = ("Left", "Right")

Points = np.ndarray
Performed = dict[str, list[Motion]]
Law = Callable[[Motion], bool]


@pytest.fixture(scope="module")
def cast() -> Cast:
    return Cast(seed=0, subjects=12)


@pytest.fixture(scope="module")
def performed(cast: Cast) -> Performed:
    """Class name -> its true motions, of the first 120 clips: more than a deck."""
    motions = defaultdict(list)
    for index in range(120):
        label, motion = make_motion(cast, index)
        motions[GESTURES[label].name].append(motion)
    return motions


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return clips_of(read_synthetic(clips=180))


@pytest.fixture(scope="module")
def interviews() -> list[list[tuple[str, Motion]]]:
    """Name and true motion of the acts of two interviews, and of the pauses (no name)."""
    cast, found = Cast(seed=0, subjects=3), []
    for index in (0, 2):
        acts, motion = make_acts(cast, index, 2.0)
        borders = [0, *(frame for act in acts for frame in (act.start, act.stop)), 3600]
        names = ["", *(name for act in acts for name in (GESTURES[act.label].name, ""))]
        spans = [slice(*pair) for pair in pairwise(borders)]
        parts = [Motion(motion.joints[span], motion.head[span]) for span in spans]
        found.append([("all", motion), *zip(names, parts, strict=True)])
    return found


def at(motion: Motion, joint: str) -> Points:
    return motion.joints[:, KINECT_V2.index(joint)]


def apart(a: Points, b: Points | float) -> Points:
    distance: Points = np.linalg.norm(a - b, axis=-1)
    return distance


def to_tips(motion: Motion, point: Points) -> float:
    """The least distance of either fingertip to a point."""
    return float(min(apart(at(motion, f"HandTip{side}"), point).min() for side in SIDES))


def to_head(motion: Motion, x: float, y: float, z: float) -> float:
    """The least distance of either fingertip to a point of the head."""
    return to_tips(motion, at(motion, "Head") + motion.head @ np.array([x, y, z]))


def to_other_forearm(motion: Motion) -> float:
    """The least distance of either fingertip to the bone from the other elbow to the wrist."""
    least = []
    for side, other in (SIDES, SIDES[::-1]):
        elbow = at(motion, f"Elbow{other}")
        bone, tip = at(motion, f"Wrist{other}") - elbow, at(motion, f"HandTip{side}") - elbow
        share = np.clip((tip * bone).sum(-1) / (bone**2).sum(-1), 0, 1)
        least.append(apart(tip, share[:, None] * bone).min())
    return float(min(least))


def hands_apart(motion: Motion) -> float:
    return float(apart(at(motion, "HandTipLeft"), at(motion, "HandTipRight")).min())


def shrug(motion: Motion) -> float:
    """How far the shoulders rise against the trunk."""
    rises = (
        np.ptp(at(motion, f"Shoulder{side}")[:, 1] - at(motion, "SpineShoulder")[:, 1])
        for side in SIDES
    )
    return float(max(rises))


def poke(motion: Motion) -> float:
    """How far the head goes forward of the trunk."""
    ahead = at(motion, "SpineShoulder")[:, 2] - at(motion, "Head")[:, 2]
    return float(ahead.max() - ahead[0])


def is_on_face(motion: Motion) -> bool:
    return to_head(motion, 0, -0.02, -0.08) < 0.12


LAWS: dict[str, Law] = {
    "touch face": is_on_face,
    "touch chin": lambda m: is_on_face(m) and to_head(m, 0, -0.09, -0.09) < 0.07,
    "touch forehead": lambda m: is_on_face(m) and to_head(m, 0, 0.065, -0.09) < 0.08,
    "rub eyes": lambda m: min(to_head(m, x, 0.02, -0.095) for x in (-0.03, 0.03)) < 0.06,
    "touch ears": lambda m: min(to_head(m, x, 0, 0) for x in (-0.076, 0.076)) < 0.08,
    "play hair": lambda m: to_head(m, 0, 0, 0) < 0.15,
    "touch neck": lambda m: to_tips(m, at(m, "Neck")) < 0.12,
    "touch chest": lambda m: to_tips(m, at(m, "SpineShoulder") - [0, 0.1, 0.1]) < 0.12,
    "rub hand": lambda m: hands_apart(m) < 0.07,
    "cross finger": lambda m: hands_apart(m) < 0.07,
    "fold arm": lambda m: (at(m, "WristRight") - at(m, "WristLeft"))[:, 0].min() < -0.05,
    "scratch arm": lambda m: to_other_forearm(m) < 0.07,
    "tidy sleeve": lambda m: to_other_forearm(m) < 0.07,
    "put arm back": lambda m: (
        (at(m, "HandRight") - at(m, "SpineMid"))[:, 2].max() > 0.05
        or (at(m, "HandLeft") - at(m, "SpineMid"))[:, 2].max() > 0.05
    ),
    "shake shoulder": lambda m: shrug(m) > 0.03,
    "deep breath": lambda m: shrug(m) > 0.015,
    "move torso": lambda m: apart(at(m, "Head"), at(m, "Head")[:1]).max() > 0.03,
    "sit straight": lambda m: bool(apart(at(m, "Head")[0], at(m, "Head")[-1]) > 0.06),
    "turtle neck": lambda m: poke(m) > 0.03,
    "illustrative": lambda m: not is_on_face(m),
}


@pytest.mark.parametrize("name", [gesture.name for gesture in GESTURES])
def test_does_what_the_label_says(performed: Performed, name: str) -> None:
    assert performed[name]
    for motion in performed[name]:
        assert LAWS[name](motion)


@pytest.mark.parametrize(
    ("far", "law"),
    [("rub hand", is_on_face), ("fold arm", is_on_face), ("touch face", LAWS["fold arm"])],
)
def test_does_not_do_what_another_label_says(performed: Performed, far: str, law: Law) -> None:
    assert not any(law(motion) for motion in performed[far])


def test_only_rubbed_hands_rub(performed: Performed) -> None:
    """Crossed fingers and rubbed hands are in the same place; the strokes tell them apart."""

    def stroke(motion: Motion) -> float:
        between = at(motion, "HandTipLeft") - at(motion, "HandTipRight")
        together = np.flatnonzero(apart(between, 0) < 0.1)
        return float(np.ptp(between[together], axis=0)[2])

    strokes = {name: [stroke(m) for m in performed[name]] for name in ("rub hand", "cross finger")}
    assert np.median(strokes["rub hand"]) > 2 * np.median(strokes["cross finger"])


def test_bones_are_rigid_and_human(performed: Performed) -> None:
    for motion in (m for motions in performed.values() for m in motions):
        child, parent = np.array(KINECT_V2.edges).T
        lengths = apart(motion.joints[:, child], motion.joints[:, parent])
        np.testing.assert_allclose(lengths, lengths[:1].repeat(len(lengths), axis=0), atol=1e-9)
        length = dict(zip((KINECT_V2.joints[c] for c in child), lengths[0], strict=True))
        for part, low, high in (
            ("ElbowLeft", 0.26, 0.39),
            ("WristRight", 0.2, 0.31),
            ("KneeLeft", 0.34, 0.52),
            ("ShoulderRight", 0.14, 0.23),
            ("Head", 0.1, 0.19),
        ):
            assert low < length[part] < high
        assert length["ElbowLeft"] == pytest.approx(length["ElbowRight"])


def test_people_sit_upright_and_move_like_people(performed: Performed) -> None:
    for motion in (m for motions in performed.values() for m in motions):
        height = [
            at(motion, j)[:, 1] for j in ("FootLeft", "SpineBase", "SpineMid", "Neck", "Head")
        ]
        assert (np.diff(height, axis=0) > 0).all()
        assert (at(motion, "KneeLeft")[:, 2] < at(motion, "SpineBase")[:, 2] - 0.2).all()
        speed = 30 * np.linalg.norm(np.diff(motion.joints, axis=0), axis=-1)
        assert 0.03 < speed.max() < 8


def test_interviews_show_their_gestures_and_nothing_of_them_in_between(
    interviews: list[list[tuple[str, Motion]]],
) -> None:
    for _, *parts in interviews:
        assert len(parts) > 20
        for name, motion in parts:
            if name:
                assert 25 <= len(motion.joints) <= 140
                assert LAWS[name](motion), name
            else:
                assert len(motion.joints) >= 6
                assert not is_on_face(motion)
                assert to_head(motion, 0, 0, 0) > 0.15


def test_interviews_are_of_one_piece(interviews: list[list[tuple[str, Motion]]]) -> None:
    """Bones keep their length, nothing jumps, people sit all the time and are never quite still."""
    child, parent = np.array(KINECT_V2.edges).T
    for (_, motion), *_ in interviews:
        lengths = apart(motion.joints[:, child], motion.joints[:, parent])
        np.testing.assert_allclose(lengths, lengths[:1].repeat(len(lengths), axis=0), atol=1e-9)
        velocity = 30 * np.diff(motion.joints, axis=0)
        speed = np.linalg.norm(velocity, axis=-1)
        assert 0.03 < speed.max() < 8
        assert np.linalg.norm(30 * np.diff(velocity, axis=0), axis=-1).max() < 150
        assert (speed.reshape(59, 61, 25).max(axis=(1, 2)) > 0.003).all()
        assert (at(motion, "Head")[:, 1] > at(motion, "SpineBase")[:, 1] + 0.3).all()


def test_interviews_of_few_gestures_show_the_most_frequent() -> None:
    assert read_synthetic(gestures=3).classes == ("illustrative", "touch face", "touch neck")
    cast = Cast(seed=0, subjects=4, gestures=3)
    assert {label for i in range(4) for label in cast.labels(i, 2.0)} == {0, 1, 2}


@pytest.mark.parametrize("kind", ["3d", "2d"])
def test_interviews_are_recordings_with_segments(kind: Literal["3d", "2d"]) -> None:
    def made(seed: int = 0, subjects: int = 12) -> tuple[Recording, ...]:
        read = read_synthetic(seed=seed, subjects=subjects, interviews=4, minutes=0.2, kind=kind)
        return tuple(r for r in read.recordings if isinstance(r, Recording))

    one, same, other = made(), made(), made(seed=1)
    assert [(r.subject, r.condition) for r in one] == [
        ("S01", "calm"), ("S02", "tense"), ("S03", "calm"), ("S04", "tense"),
    ]  # fmt: skip
    for a, b, c in zip(one, same, other, strict=True):
        np.testing.assert_array_equal(a.frames, b.frames)
        assert a.frames.shape == (360, 1, 25, 3)
        assert a.segments == b.segments != c.segments
        ends = [frame for s in a.segments for frame in (s.start, s.stop)]
        assert ends == sorted(ends)
        assert 0 < ends[0] < ends[-1] < 360
    turns = [(r.subject, r.condition) for r in made(subjects=2)]
    assert turns == [("S01", "calm"), ("S02", "tense"), ("S01", "tense"), ("S02", "calm")]


def digest(clips: list[Clip]) -> str:
    data = hashlib.sha256()
    for clip in clips:
        data.update(clip.frames.tobytes())
        data.update(repr((clip.name, clip.label, clip.subject)).encode())
    return data.hexdigest()


@pytest.mark.parametrize("kind", ["3d", "2d"])
def test_a_seed_fixes_every_byte(kind: Literal["3d", "2d"]) -> None:
    ten, twenty = (clips_of(read_synthetic(clips=count, kind=kind)) for count in (10, 20))
    again = clips_of(read_synthetic(clips=10, kind=kind))
    assert digest(ten) == digest(twenty[:10]) == digest(again)
    assert digest(ten) != digest(clips_of(read_synthetic(clips=10, kind=kind, seed=1)))


def test_a_clip_needs_no_other_clip(cast: Cast, clips: list[Clip]) -> None:
    alone = trimmed(make_clip(Cast(seed=0, subjects=12), 123, kind="3d"))
    np.testing.assert_array_equal(alone.frames, clips[123].frames)
    assert (alone.label, alone.subject) == (clips[123].label, clips[123].subject)


def test_contract(clips: list[Clip]) -> None:
    recordings = read_synthetic(clips=180)
    assert recordings.total == len(clips) == 180
    assert recordings.classes == tuple(gesture.name for gesture in GESTURES)
    assert len({clip.name for clip in clips}) == 180
    assert clips[0].name == "synthetic_0001"
    for clip in clips:
        assert clip.frames.dtype == np.float32
        assert clip.frames.shape[1:] == (1, 25, 3)
        assert 25 <= len(clip.frames) <= 140
        assert np.isfinite(clip.frames).all()
    lengths = [len(clip.frames) for clip in clips]
    assert np.percentile(lengths, 95) > 1.6 * np.median(lengths)


def test_clips_are_made_one_by_one() -> None:
    first = next(iter(read_synthetic(clips=10**9).recordings))
    assert trimmed(first).name == "synthetic_0001"


@pytest.mark.parametrize("seed", range(5))
def test_every_class_trains_and_tests(seed: int) -> None:
    cast, rule = Cast(seed=seed, subjects=12), read_synthetic(seed=seed).splits["subject"]
    assert len(rule.train) == 8
    assert len(rule.test) == 4
    assert not set(rule.train) & set(rule.test)
    labels: dict[str, Counter[int]] = defaultdict(Counter)
    for clip in range(720):
        labels["test" if cast.subject(clip)[0] >= 8 else "train"][cast.label(clip)] += 1
    for side, total in (("train", 480), ("test", 240)):
        assert labels[side].total() == total
        assert len(labels[side]) == len(GESTURES)
        assert labels[side].most_common(1) == [(0, round(0.3 * total))]


@pytest.mark.parametrize(("subjects", "train"), [(2, 1), (3, 2), (4, 3), (5, 3), (12, 8)])
def test_test_subjects_are_the_last(subjects: int, train: int) -> None:
    recordings = read_synthetic(subjects=subjects, clips=3 * subjects)
    rule = recordings.splits["subject"]
    assert rule.train == tuple(f"S{n:02d}" for n in range(1, train + 1))
    assert rule.train + rule.test == tuple(f"S{n:02d}" for n in range(1, subjects + 1))
    counts = Counter(clip.subject for clip in clips_of(recordings))
    assert counts == dict.fromkeys(rule.train + rule.test, 3)


def test_kinect_loses_joints_and_is_noisiest_at_hands_and_feet(
    cast: Cast, clips: list[Clip]
) -> None:
    error: dict[str, list[list[float]]] = defaultdict(list)
    lost: Counter[str] = Counter()
    for index, clip in enumerate(clips[:40]):
        _, motion = make_motion(cast, index)
        seen, true = clip.frames[:, 0].astype(float), motion.joints
        missing = (seen == 0).all(axis=-1)
        np.testing.assert_array_equal(missing, (seen == 0).any(axis=-1))
        rest = seen - view_of(cast, index, true)
        for number, joint in enumerate(KINECT_V2.joints):
            lost[joint] += int(missing[:, number].sum())
            error[joint] += rest[~missing[:, number], number].tolist()
    size = {
        joint: np.std(np.array(values) - np.mean(values, axis=0)) for joint, values in error.items()
    }
    assert size["SpineMid"] < size["WristLeft"] < size["HandTipLeft"]
    assert size["SpineMid"] < size["KneeLeft"] < size["FootLeft"]
    assert 0.001 < size["SpineMid"] < 0.02
    assert lost["HandTipRight"] > 0
    assert lost["FootLeft"] > 0
    assert lost["SpineMid"] == 0


def view_of(cast: Cast, index: int, points: Points) -> Points:
    """Points as the camera of a clip sees them; the camera is the first thing a sensor draws."""
    _, camera = cast.people[cast.subject(index)[0]]
    return view(moved(camera, cast.random(_SENSOR, index)), points)


def test_people_face_the_sensor(clips: list[Clip]) -> None:
    """On a Kinect's axes the right shoulder has the larger x, the head is up, depth is positive."""
    for clip in clips:
        x = {joint: clip.frames[:, 0, n] for n, joint in enumerate(KINECT_V2.joints)}
        assert (x["ShoulderRight"][:, 0] > x["ShoulderLeft"][:, 0]).all()
        assert (x["Head"][:, 1] > x["SpineBase"][:, 1] + 0.3).all()
        assert (x["SpineMid"][:, 2] > 1.2).all()


def test_2d_is_the_same_motion_projected(cast: Cast, clips: list[Clip]) -> None:
    recordings = read_synthetic(clips=30, kind="2d")
    assert (recordings.topology, recordings.units, recordings.dims) == (BODY_25, "px", 2)
    for index, (flat, solid) in enumerate(zip(clips_of(recordings), clips, strict=False)):
        assert (flat.name, flat.label, flat.subject) == (solid.name, solid.label, solid.subject)
        _, motion = make_motion(cast, index)
        _, camera = cast.people[cast.subject(index)[0]]
        points = view_of(cast, index, body_25(motion))
        u, v, confidence = np.moveaxis(flat.frames[:, 0].astype(float), -1, 0)
        seen = confidence > 0
        error_u = u - (640 - camera.focal * points[..., 0] / points[..., 2])
        error_v = v - (360 - camera.focal * points[..., 1] / points[..., 2])
        assert np.abs(error_u[seen]).mean() < 8
        assert np.abs(error_v[seen]).mean() < 8


def test_2d_looks_like_openpose() -> None:
    flat = clips_of(read_synthetic(clips=30, kind="2d"))
    frames = np.concatenate([clip.frames[:, 0] for clip in flat])
    u, v, confidence = np.moveaxis(frames, -1, 0)
    seen = confidence > 0
    assert (frames[~seen] == 0).all()
    assert (confidence <= 1).all()
    assert ((u[seen] > 0) & (u[seen] < 1280) & (v[seen] > 0) & (v[seen] < 720)).all()
    share = dict(zip(BODY_25.joints, seen.mean(axis=0), strict=True))
    assert share["Neck"] > 0.99
    assert share["RWrist"] > 0.9
    assert share["LBigToe"] < 0.5
    assert (v[:, BODY_25.index("Nose")] < v[:, BODY_25.index("Neck")]).mean() > 0.99
    right, left = BODY_25.index("RShoulder"), BODY_25.index("LShoulder")
    assert (u[:, right] < u[:, left]).all()


def test_the_ear_turned_away_is_not_seen() -> None:
    ears = [BODY_25.index(name) for name in ("REar", "LEar")]
    flat = clips_of(read_synthetic(clips=40, kind="2d"))
    confidence = np.concatenate([clip.frames[:, 0, ears, 2] for clip in flat])
    hidden = confidence == 0
    assert 0.02 < hidden.any(axis=-1).mean() < 0.6
    assert hidden.all(axis=-1).mean() < 0.01


def test_neither_trivial_nor_hopeless(clips: list[Clip]) -> None:
    """The nearest class mean in raw coordinates beats the majority class, far from perfectly."""
    train: list[tuple[Points, int]] = []
    test: list[tuple[Points, int]] = []
    for clip in clips:
        frames = clip.frames[:, 0].astype(float)
        picked = frames[np.linspace(0, len(frames) - 1, 16).astype(int)][:, [0, 1, 3, 6, 7, 10, 11]]
        side = train if clip.subject <= "S08" else test
        side.append(((picked - picked[:1, 1:2]).ravel(), clip.label))
    (x, y), (x_test, y_test) = (
        tuple(map(np.array, zip(*side, strict=True))) for side in (train, test)
    )
    means = np.stack([x[y == label].mean(axis=0) for label in range(len(GESTURES))])
    nearest = apart(x_test[:, None], means).argmin(axis=1)
    per_class = np.mean([(nearest == y_test)[y_test == label].mean() for label in set(y_test)])
    assert 0.2 < per_class < 0.75  # the majority class alone: 0.05


def test_minimum_jerk_starts_and_ends_at_rest() -> None:
    u = np.linspace(-0.5, 1.5, 2001)
    way = minimum_jerk(u)
    np.testing.assert_allclose(way + minimum_jerk(1 - u), 1.0)
    assert (np.diff(way) >= -1e-12).all()
    assert np.abs(np.gradient(way, u)[[500, 1500]]).max() < 1e-4


def test_drift_is_smooth() -> None:
    slow = drift(np.random.default_rng(0), 3000, 20, 4)
    assert slow.shape == (3000, 4)
    assert np.abs(np.diff(slow, axis=0)).max() < 0.5
    assert 0.5 < slow.std() < 1.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subjects": 1}, "subjects of at least 2, got 1"),
        ({"clips": 0}, "clips of at least 1, got 0"),
        ({"seed": -1}, "seed of at least 0, got -1"),
        ({"gestures": 1}, "gestures of at least 2, got 1"),
        ({"gestures": 21}, "at most 20 gestures, got 21"),
        ({"interviews": 1}, "interviews of at least 2, got 1"),
        ({"interviews": 2, "clips": 10}, "clips or interviews, got 10 clips and 2 interviews"),
        ({"interviews": 2, "minutes": 0.05}, "minutes within 0.1..60, got 0.05"),
    ],
)
def test_refuses(options: dict[str, Any], message: str) -> None:
    with pytest.raises(EdgcnError, match=message):
        read_synthetic(**options)


def test_refuses_a_path(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match="reads no file"):
        read_synthetic(tmp_path)
