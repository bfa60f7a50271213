"""Small data sets in the layouts of SMG, iMiGUE (both releases) and NTU RGB+D 60.

Subjects, classes, cameras and published sides are the true ones; only the recordings are few, short
and made up. Every class that tests also trains, with several people. Each class moves in a way of
its own, the same for everybody, so that a probe has something to find.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edgcn.readers.imigue_table import TRAIN
from edgcn.readers.ntu_listed import INCOMPLETE
from edgcn.readers.ntu_names import TRAIN_60
from edgcn.skeleton.layouts import BODY_25, KINECT_V2
from edgcn.skeleton.remap import plan_remap
from readers.writers import write_imigue, write_miga, write_ntu, write_smg

SMG_SUBJECTS, SMG_TRAIN, SMG_CLASSES = 40, range(1, 36), 17
IMIGUE_SUBJECTS, IMIGUE_CLASSES = 72, 32
NTU_SUBJECTS, NTU_CLASSES, NTU_CAMERAS = 40, 60, (1, 2, 3)
FIRST_OF_TWO = 50  # of NTU's actions, those of two people
ILLUSTRATIVE = 99  # what iMiGUE's files call class 32

# A standing person in meters, y up, feet at 0; joints as in KINECT_V2.
REST = np.array([
    (0, 0.95, 0), (0, 1.2, 0), (0, 1.48, 0), (0, 1.65, 0),
    (-0.18, 1.4, 0), (-0.22, 1.12, 0.02), (-0.22, 0.9, 0.08), (-0.22, 0.82, 0.1),
    (0.18, 1.4, 0), (0.22, 1.12, 0.02), (0.22, 0.9, 0.08), (0.22, 0.82, 0.1),
    (-0.09, 0.93, 0), (-0.1, 0.5, 0.02), (-0.1, 0.08, 0), (-0.1, 0.02, 0.12),
    (0.09, 0.93, 0), (0.1, 0.5, 0.02), (0.1, 0.08, 0), (0.1, 0.02, 0.12),
    (0, 1.41, 0), (-0.22, 0.75, 0.12), (-0.18, 0.82, 0.14), (0.22, 0.75, 0.12), (0.18, 0.82, 0.14),
])  # fmt: skip
# How far each joint goes along when a hand, or the head, moves.
PARTS = (
    {"ElbowLeft": 0.4, "WristLeft": 0.9, "HandLeft": 1, "HandTipLeft": 1, "ThumbLeft": 1},
    {"ElbowRight": 0.4, "WristRight": 0.9, "HandRight": 1, "HandTipRight": 1, "ThumbRight": 1},
    {"SpineMid": 0.3, "SpineShoulder": 0.6, "Neck": 0.7, "Head": 1},
)
REACH = 0.25  # meters


def gesture(rng: np.random.Generator, label: int, frames: int, *, size: float = 1) -> np.ndarray:
    """A person (T, 25, 3) of this size who makes the gesture of a class, in meters."""
    of_class = np.random.default_rng(label)
    times = (np.arange(frames) + 0.5) / frames  # never only where the sine is 0
    body = np.repeat(size * REST[None], frames, axis=0)
    for part in PARTS:
        way = of_class.normal(size=3)
        curve = np.sin(of_class.integers(1, 4) * np.pi * times) * rng.uniform(0.8, 1.2)
        step = REACH * curve[:, None] * way / np.linalg.norm(way)
        for joint, share in part.items():
            body[:, KINECT_V2.index(joint)] += share * step
    return (body + rng.normal(scale=0.004, size=body.shape)).astype(np.float32)


def in_turn(rng: np.random.Generator, classes: int) -> Iterator[int]:
    """All classes in some order, then all in another, and so on."""
    while True:
        yield from rng.permutation(classes).tolist()


def sizes(rng: np.random.Generator, people: int) -> np.ndarray:
    """How tall each is beside REST."""
    return rng.uniform(0.85, 1.1, people)


def write_small_smg(root: Path, *, seed: int = 0, clips: int = 5, frames: int = 8) -> Path:
    """Recordings Sample0001 to Sample0040, each with so many gestures two still frames apart."""
    rng = np.random.default_rng(seed)
    away = np.array([0, -0.9, 2.5])  # the sensor stands higher than the feet, in front
    classes = {side: in_turn(rng, SMG_CLASSES) for side in (True, False)}
    for number, size in enumerate(sizes(rng, SMG_SUBJECTS), 1):
        parts, labels, end = [], [], 0
        for _ in range(clips):
            label = next(classes[number in SMG_TRAIN])
            length = frames + int(rng.integers(0, frames))
            parts += [size * REST[None].repeat(2, axis=0), gesture(rng, label, length, size=size)]
            labels.append((label + 1, end + 3, end + 2 + length))  # counted from 1, end included
            end += 2 + length
        write_smg(root, number, (np.concatenate(parts) + away).astype(np.float32), labels)
    return root


def write_small_imigue(root: Path, *, seed: int = 0, clips: int = 2, frames: int = 3) -> Path:
    """The full release: a video for each of the 72 subjects, of few frames: workbooks are slow."""
    rng = np.random.default_rng(seed)
    videos, rows = {}, []
    classes = {side: in_turn(rng, IMIGUE_CLASSES) for side in (True, False)}
    for subject, size in enumerate(sizes(rng, IMIGUE_SUBJECTS), 1):
        parts = []
        for n in range(clips):
            label = next(classes[subject in TRAIN])
            parts.append(keypoints(gesture(rng, label, frames, size=size), fingers=21))
            number = ILLUSTRATIVE if label == IMIGUE_CLASSES - 1 else label + 1
            end = (n + 1) * frames - 1  # counted from 0
            rows.append((subject, subject, number, n * frames, end, ("Win", "Lose")[subject % 2]))
        face = np.zeros((clips * frames, 70, 3))
        videos[subject] = np.concatenate([np.concatenate(parts), face], axis=1).astype(np.float32)
    write_imigue(root, videos, rows)
    return root


def write_small_miga(root: Path, *, seed: int = 0, clips: int = 4, frames: int = 8) -> Path:
    """iMiGUE's MiGA release: folders for training, validation and test, a folder for each video."""
    rng = np.random.default_rng(seed)
    video = 0
    for role, count in (("train", 16), ("validate", 8), ("test", 8)):
        turns = in_turn(rng, IMIGUE_CLASSES)
        for _ in range(count):
            video += 1
            classes = [next(turns) for _ in range(clips)]
            parts = [keypoints(gesture(rng, label, frames), fingers=5) for label in classes]
            whole = np.concatenate(parts)
            labels = [(c + 1, n * frames, (n + 1) * frames - 1) for n, c in enumerate(classes)]
            write_miga(root / f"imigue_skeleton_{role}", f"{video:04d}", whole, labels)
    return root


def keypoints(body: np.ndarray, *, fingers: int) -> np.ndarray:
    """What OpenPose sees of a person (T, 25, 3) in pixels: BODY_25, then left and right hand."""
    plan = plan_remap(KINECT_V2, BODY_25)
    joints = plan.apply(body[:, None], dims=3)[:, 0]
    seen = joints.any(axis=-1, keepdims=True)  # a Kinect has no eyes and ears
    hands = [
        joints[:, [BODY_25.index(wrist)]] + 0.05 * np.linspace(-1, 1, fingers)[:, None] * (1, 1, 0)
        for wrist in ("LWrist", "RWrist")
    ]
    points = np.concatenate([joints, *hands], axis=1)
    visible = np.concatenate([seen, *(np.ones_like(hand[..., :1]) for hand in hands)], axis=1)
    x, y = 640 - 350 * points[..., 0], 680 - 350 * points[..., 1]
    points = np.stack([x, y, np.full_like(x, 0.8)], axis=-1)
    return np.where(visible > 0, points, 0).astype(np.float32)


def write_small_ntu(root: Path, *, seed: int = 0, actions: int = 6, frames: int = 6) -> Path:
    """Forty performers with so many actions each, before three cameras, all in one folder."""
    rng = np.random.default_rng(seed)
    classes = {side: in_turn(rng, NTU_CLASSES) for side in (True, False)}
    for performer, size in enumerate(sizes(rng, NTU_SUBJECTS), 1):
        for again in range(actions):
            label = next(classes[performer in TRAIN_60])
            two = label + 1 >= FIRST_OF_TWO
            # Of fewer frames, one of two bodies is taken for a ghost.
            length = (12 if two else frames) + int(rng.integers(0, 4))
            people = [gesture(rng, label, length, size=size)]
            if two:
                people.append(gesture(rng, label, length)[::-1] * (0.9, 1, 0.9) + (0.8, 0, 0))
            setup = (performer - 1) % 17 + 1
            for camera in NTU_CAMERAS:
                name = f"S{setup:03d}C{camera:03d}P{performer:03d}R{again % 2 + 1:03d}"
                if f"{name}A{label + 1:03d}" in INCOMPLETE:
                    name = name.replace("R002", "R001")
                seen = [seen_by(camera, person) for person in people]
                bodies = [[(7 + n, p[t]) for n, p in enumerate(seen)] for t in range(length)]
                write_ntu(root / f"{name}A{label + 1:03d}.skeleton", bodies)
    return root


def seen_by(camera: int, body: np.ndarray) -> np.ndarray:
    """A body as one of NTU's cameras sees it: they stand 45 degrees apart, 1 in the middle."""
    angle = np.deg2rad({1: 0, 2: -45, 3: 45}[camera])
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    return np.asarray(body @ turn.T + (0, -0.9, 3), dtype=np.float32)
