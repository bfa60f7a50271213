"""Write small recordings in the exact layout of data sets that may not be passed on.

Arrays in, files out; numbers are written so that float32 comes back bit for bit.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from openpyxl import Workbook

FIRST_ID = 72057594037927936  # the size of Kinect's body ids: floats cannot tell neighbors apart


def person(
    rng: np.random.Generator, frames: int, *, motion: float = 0.05, at: float = 0.0, wide: float = 1
) -> np.ndarray:
    """A Kinect body (frames, 25, 3) float32 about 1.7 m tall that moves by `motion` meters."""
    rest = np.column_stack(
        [rng.uniform(-0.3, 0.3, 25) * wide + at, np.linspace(-0.85, 0.85, 25), np.full(25, 3.0)]
    )
    return (rest + rng.normal(scale=motion, size=(frames, 25, 3))).astype(np.float32)


def write_ntu(
    path: Path, frames: Sequence[Sequence[tuple[int, np.ndarray]]], *, newline: str = "\n"
) -> Path:
    """One `.skeleton` file: for each frame the bodies seen, as (id, (25, 3))."""
    lines = [f"{len(frames)}"]
    for bodies in frames:
        lines.append(f"{len(bodies)}")
        for body, joints in bodies:
            lines += [f"{body} 0 1 1 0 1 0 -0.1349 0.2871 2", "25"]
            # Kinect writes an infinite image position for a joint it cannot project.
            rest = "-inf -inf 1036.2 519.9 -0.21 0.04 0.97 -0.06 2"
            lines += [" ".join(repr(float(v)) for v in joint) + f" {rest}" for joint in joints]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((newline.join(lines) + newline).encode())
    return path


def write_smg(
    root: Path,
    number: int,
    frames: np.ndarray,
    labels: Iterable[Sequence[object]],
    *,
    fps: int | None = 28,
    emotions: Iterable[Sequence[object]] | None = None,
) -> Path:
    """One SMG recording from (T, 25, 3), with rows label,start,end and number,start,end,code."""
    name = f"Sample{number:04d}"
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    rest = ["0.1", "0.2", "0.3", "0.4", "-inf", "nan", "960.5", "540.25"]
    rows = [[f for joint in t for f in [*(repr(float(v)) for v in joint), *rest]] for t in frames]
    _write_csv(folder / f"{name}_skeleton.csv", rows)
    _write_csv(folder / f"{name}_finelabels.csv", labels)
    if fps is not None:
        _write_csv(folder / f"{name}_data.csv", [(len(frames), fps, 8000)])
    if emotions is not None:
        _write_csv(folder / f"{name}_tflabels_new.csv", emotions)
    return folder


def write_imigue(
    root: Path, videos: dict[int, np.ndarray], labels: Iterable[Sequence[object]]
) -> Path:
    """The full release: (T, 137, 3) a video; rows video, subject, class, start, end, outcome."""
    for video, keypoints in videos.items():
        folder = root / "mg_skeleton_only" / f"{video:04d}"
        folder.mkdir(parents=True)
        workbook = Workbook()
        for row in keypoints.reshape(-1, 411):
            workbook.active.append([float(v) for v in row])
        workbook.save(folder / f"{video:04d}_2.xlsx")
    (root / "Label").mkdir(parents=True)
    header = ("video_id", "subject_id", "class", "start_frame", "end_frame", "win_or_lose")
    return _write_csv(root / "Label" / "labels_20200831.csv", [header, *labels])


def write_miga(
    root: Path,
    video: str,
    keypoints: np.ndarray,
    labels: Iterable[Sequence[object]] | None,
    *,
    header: Sequence[object] | None = None,
) -> Path:
    """One video of the MiGA release: (T, 35, 3), rows id,start,end."""
    folder = root / video
    folder.mkdir(parents=True)
    rows: list[Sequence[object]] = [
        [frame, *(repr(float(v)) for v in keypoints[frame].ravel())]
        for frame in range(len(keypoints))
    ]
    if labels is not None:
        _write_csv(folder / f"{video}_label.csv", labels)
    return _write_csv(
        folder / f"{video}_light_hand.csv", ([header] if header is not None else []) + rows
    )


def write_openpose(
    folder: Path, frames: Sequence[Sequence[np.ndarray]], *, pad: int = 12, name: str = "clip_"
) -> Path:
    """One clip: for each frame the people seen, each (25, 3)."""
    folder.mkdir(parents=True)
    for number, people in enumerate(frames):
        content = {
            "version": 1.3,
            "people": [
                {
                    "person_id": [-1],
                    "pose_keypoints_2d": [float(v) for v in body.ravel()],
                    "face_keypoints_2d": [],
                    "hand_left_keypoints_2d": [],
                    "hand_right_keypoints_2d": [],
                }
                for body in people
            ],
        }
        path = folder / f"{name}{number:0{pad}d}_keypoints.json"
        path.write_text(json.dumps(content))
    return folder


def _write_csv(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    return path
