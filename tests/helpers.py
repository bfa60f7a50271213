"""Small recordings and stores for tests: five joints, random walks, every field filled.

Each class moves in a direction of its own, so that a probe has something to find.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edgcn.readers.clips_npz import write_clips_npz
from edgcn.skeleton.layouts import KINECT_V1
from edgcn.skeleton.recording import (
    Recording,
    Recordings,
    Segment,
    Skipped,
    SplitRule,
    trimmed,
)
from edgcn.skeleton.topology import Topology
from edgcn.store import Store, open_store, write_store

# Arguments that make the graph encoder small enough for a test.
SMALL_ENCODER: dict[str, Any] = {"widths": [8, 8], "strides": [1, 2], "embed_dim": 16}
# All augmentations that five joints allow: joint_mask hides up to 15 by default.
FEW_JOINTS = ("subtract", "rotate", "shear", "reverse", "noise", "blur", "channel_mask")


def tiny_topology() -> Topology:
    """A pelvis with a chest, a head and two hands."""
    return Topology(
        name="tiny5",
        joints=("hips", "chest", "head", "hand_left", "hand_right"),
        bones=(
            ("chest", "hips"),
            ("head", "chest"),
            ("hand_left", "chest"),
            ("hand_right", "chest"),
        ),
        center="hips",
        mirror=(("hand_left", "hand_right"),),
        shoulders=("hand_left", "hand_right"),
        spine=("hips", "chest"),
        source="made for tests",
    )


def twenty_joints() -> Topology:
    """A layout with joints enough for every augmentation's default."""
    return KINECT_V1


def make_clips(
    clips: int, classes: int, subjects: int, seed: int, topology: Topology, *, bodies: int = 1
) -> list[Recording]:
    """Trimmed clips of 3 to 19 frames; classes alternate fastest, then subjects."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(classes, len(topology), 3))
    rest = rng.normal(size=(len(topology), 3))
    made = []
    for index in range(clips):
        label, subject = index % classes, (index // classes) % subjects
        time = np.linspace(0, 1, int(rng.integers(3, 20)))[:, None, None, None]
        frames = rest + time * directions[label] + 0.05 * rng.normal(size=(*rest.shape,))
        frames = frames + 0.02 * rng.normal(size=(len(time), bodies, *rest.shape))
        made.append(
            trimmed(
                frames.astype(np.float32),
                f"clip{index:03d}",
                label=label,
                subject=f"s{subject + 1}",
                camera=f"c{index % 2 + 1}",
                condition="sitting" if index % 3 else "standing",
                split="train" if subject < max(1, subjects - 1) else "test",
            )
        )
    return made


def make_long(
    clips: list[Recording], each: int, *, gap: int = 6, uneven: bool = False
) -> list[Recording]:
    """The clips as segments of long recordings, one person and so many clips in each.

    Still frames lie before, between and after them.

    Args:
        uneven: the frames have times of their own.
    """
    rng = np.random.default_rng(len(clips))
    parts: dict[tuple[str, int], list[Recording]] = {}
    counts: dict[str, int] = {}
    for clip in clips:
        number = counts[clip.subject] = counts.get(clip.subject, -1) + 1
        parts.setdefault((clip.subject, number // each), []).append(clip)
    made = []
    for (subject, number), group in parts.items():
        pieces, segments, end = [], [], 0
        for clip in group:
            still = rng.normal(size=clip.frames.shape[1:]) + np.zeros((gap, 1, 1, 1))
            still += 0.01 * rng.normal(size=still.shape)
            pieces += [still, clip.frames]
            start, end = end + gap, end + gap + len(clip.frames)
            label = clip.segments[0].label
            segments.append(Segment(start, end, label, clip.name, condition=clip.condition))
        frames = np.concatenate([*pieces, still]).astype(np.float32)
        steps = rng.uniform(0.02, 0.08, len(frames) - 1)
        times = np.concatenate([[0], np.cumsum(steps)]) if uneven else None
        name = f"{subject}-{number}"
        made.append(
            Recording(
                frames,
                name,
                tuple(segments),
                subject=subject,
                camera=group[0].camera,
                split=group[0].split,
                times=times,
                start=10.0 * number,
            )
        )
    return made


def tiny_recordings(
    clips: int | Sequence[Recording | Skipped] = 24,
    classes: int = 3,
    subjects: int = 4,
    seed: int = 0,
    *,
    topology: Topology | None = None,
    bodies: int = 1,
    **changes: Any,
) -> Recordings:
    """So many clips, or these recordings; `changes` are fields of `Recordings` that differ."""
    topology = topology or tiny_topology()
    if isinstance(clips, int):
        clips = make_clips(clips, classes, subjects, seed, topology, bodies=bodies)
    people = tuple(f"s{number + 1}" for number in range(subjects))
    values: dict[str, Any] = {
        "reader": "tiny",
        "topology": topology,
        "classes": tuple(f"gesture {number}" for number in range(classes)),
        "recordings": clips,
        "fps": 25.0,
        "bodies": bodies,
        "total": len(clips),
        "splits": {"people": SplitRule("subject", train=people[:-1], test=people[-1:])},
        "note": "made for tests",
    }
    return Recordings(**values | changes)


def long_store(
    folder: Path,
    *,
    name: str = "long",
    clips: int = 24,
    classes: int = 3,
    subjects: int = 4,
    seed: int = 0,
    each: int = 3,
    gap: int = 6,
    uneven: bool = False,
    topology: Topology | None = None,
    **changes: Any,
) -> Store:
    """A store of long recordings with so many segments each (see `make_long`)."""
    topology = topology or tiny_topology()
    cut = make_clips(clips, classes, subjects, seed, topology)
    whole = make_long(cut, each, gap=gap, uneven=uneven)
    made = {"classes": classes, "subjects": subjects, "topology": topology}
    return tiny_store(folder, name=name, clips=whole, **made | changes)


def tiny_store(folder: Path, *, name: str = "tiny", **arguments: Any) -> Store:
    """A store of `tiny_recordings` in a folder."""
    write_store(tiny_recordings(**arguments), folder / name)
    return open_store(folder / name)


def tiny_file(path: Path, **arguments: Any) -> Path:
    """`tiny_recordings` as an interchange file, for tests that read files."""
    made = tiny_recordings(**{"topology": twenty_joints()} | arguments)
    clips = [item for item in made.recordings if isinstance(item, Recording)]
    write_clips_npz(path, clips, topology=made.topology, classes=made.classes, fps=made.fps)
    return path
