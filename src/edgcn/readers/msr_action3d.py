"""MSR Action3D (Li, Zhang, Liu, CVPR4HB 2010): one text file per clip, Kinect v1, 15 frames/s.

20 lines a frame, 4 numbers a line. World files: x, y, z (m), confidence -> (T, 1, 20, 3), scores.
Screen files: u, v (px), depth, confidence -> (T, 1, 20, 3) as u, v, confidence; the depth is
dropped, so that they look like what a pose detector gives for a video.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float

from edgcn.base.errors import EdgcnError, FileError
from edgcn.readers.labels import check_counts_from_1
from edgcn.readers.text.files import read_lines, rows, stream
from edgcn.readers.text.folders import find
from edgcn.skeleton.layouts import MSR_ACTION3D
from edgcn.skeleton.recording import Recording, Recordings, Skipped, SplitRule, trimmed

_NAME = re.compile(r"(a(\d+)_s(\d+)_e\d+)_skeleton(3D)?\.txt")

CLASSES = (
    "high arm wave", "horizontal arm wave", "hammer", "hand catch", "forward punch", "high throw",
    "draw x", "draw tick", "draw circle", "hand clap", "two hand wave", "side-boxing", "bend",
    "forward kick", "side kick", "jogging", "tennis swing", "tennis serve", "golf swing",
    "pickup & throw",
)  # fmt: skip

# Left out by those who use the data, because most frames hold no skeleton. (Of a13_s09_e03 that is
# true of the world file only; both are left out, so that world and screen stay the same clips.)
_MOSTLY_ZERO = (
    "a07_s04_e01", "a13_s09_e02", "a13_s09_e03", "a20_s02_e01", "a20_s02_e02", "a20_s02_e03",
    "a20_s06_e01",
)  # fmt: skip

# A joint that projects outside the picture has v = 2147480000, an overflown integer.
_LARGEST_PIXEL = 1e6


def read_msr_action3d(path: Path) -> Recordings:
    """MSR Action3D from a folder of its world or of its screen files, at any depth.

    A confidence of 0 does not mean that a joint is missing here: it is what Spine, HipCenter,
    ShoulderCenter and the feet have in nearly all frames, since the sensor infers them.

    Raises:
        EdgcnError: the folder is missing, has no such files, or has files of both kinds.
    """
    files = find(path, "**/*_skeleton*.txt", what="MSR Action3D clips")
    world, screen = (
        [file for file in files if file.name.endswith(ending)]
        for ending in ("_skeleton3D.txt", "_skeleton.txt")
    )
    if world and screen:
        raise EdgcnError(
            f"expected one kind of MSR Action3D files in {path}, found {len(world)} world files "
            f"(*_skeleton3D.txt) and {len(screen)} screen files (*_skeleton.txt) of "
            "the same clips; give the sub-folder of one kind"
        )
    return Recordings(
        reader="msr_action3d",
        topology=MSR_ACTION3D,
        classes=CLASSES,
        recordings=stream(files, _read_clip),
        fps=15.0,
        units="m" if world else "px",
        dims=3 if world else 2,
        total=len(files),
        splits={
            "subject": SplitRule(
                by="subject",
                train=("s1", "s3", "s5", "s7", "s9"),
                test=("s2", "s4", "s6", "s8", "s10"),
            )
        },
        sources=tuple(files),
        doubt=False,  # 0 is what the sensor infers: see above
    )


def _read_clip(path: Path) -> Iterator[Recording | Skipped]:
    """The one clip of a file."""
    matched = _NAME.fullmatch(path.name)
    if matched:
        check_counts_from_1(path, int(matched[2]), len(CLASSES))
    if not matched or not 1 <= int(matched[2]) <= len(CLASSES):
        raise FileError(path, f"expected a name a{{01-{len(CLASSES)}}}_s01_e01_skeleton[3D].txt")
    name, action, subject, is_world = matched.groups()
    if name in _MOSTLY_ZERO:
        yield Skipped(str(path), "a clip known to hold hardly any skeleton", known=True)
        return
    values = _read_frames(path)
    yield trimmed(
        values[..., :3] if is_world else _on_screen(values),
        name,
        scores=values[..., 3] if is_world else None,
        label=int(action) - 1,
        subject=f"s{int(subject)}",
    )


def _read_frames(path: Path) -> Float[np.ndarray, "t 1 20 4"]:
    """All numbers of a file."""
    lines = read_lines(path)
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines or len(lines) % 20:
        raise FileError(
            path, f"expected 20 lines a frame, got {len(lines)} lines", line=len(lines) or None
        )
    return rows(path, lines, 4).reshape(-1, 1, 20, 4).astype(np.float32)


def _on_screen(values: Float[np.ndarray, "t 1 20 4"]) -> Float[np.ndarray, "t 1 20 3"]:
    """u, v and confidence; a joint outside the picture becomes one not seen."""
    frames = values[..., [0, 1, 3]]
    outside = (np.abs(frames[..., :2]) > _LARGEST_PIXEL).any(axis=-1)
    frames[outside] = 0
    return frames
