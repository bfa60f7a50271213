"""Write small recordings whose joints are named, in the exact layout of the tools that make them.

Arrays in (T, V, 3), files out; numbers are written so that float32 comes back bit for bit.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edgcn.readers.keraal import TARGETS
from edgcn.skeleton.azure_layout import AZURE_32
from edgcn.skeleton.layouts import KINECT_V2
from edgcn.skeleton.topology import Topology


def write_table(
    path: Path,
    joints: Sequence[str],
    points: np.ndarray,
    *,
    style: str = "{joint}_{axis}",
    axes: str = "xyz",
    separator: str = ",",
    columns: Mapping[str, Sequence[object]] | None = None,
) -> Path:
    """One row a frame; of an axis named c the third channel. Points of 0 are left empty."""
    columns = columns or {}
    heads = [style.format(joint=joint, axis=axis) for joint in joints for axis in axes]
    rows = []
    for number, frame in enumerate(points.tolist()):
        fields = [repr(v) if any(joint) else "" for joint in frame for v in joint[: len(axes)]]
        rows.append([*(str(own[number]) for own in columns.values()), *fields])
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [separator.join(row) for row in ([*columns, *heads], *rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_dlc(path: Path, people: dict[str, np.ndarray], parts: Sequence[str]) -> Path:
    """Three lines of heads for one person of an empty name, else four; NaN where nothing is."""
    keys = [(one, part, axis) for one in people for part in parts for axis in ("x", "y", "c")]
    names = {"x": "x", "y": "y", "c": "likelihood"}
    lines = [["scorer", *("DLC_resnet50" for _ in keys)]]
    if [*people] != [""]:
        lines.append(["individuals", *(one for one, _, _ in keys)])
    lines.append(["bodyparts", *(part for _, part, _ in keys)])
    lines.append(["coords", *(names[axis] for _, _, axis in keys)])
    total = len(next(iter(people.values())))
    for frame in range(total):
        values = [
            "" if not any(point) else repr(value)
            for body in people.values()
            for point in body[frame].tolist()
            for value in point
        ]
        lines.append([str(frame), *values])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(",".join, lines)) + "\n")
    return path


def write_pose(
    path: Path,
    people: np.ndarray,
    components: Mapping[str, Sequence[str]],
    *,
    axes: str = "XYC",
    version: float = 0.2,
    fps: float = 25,
    size: tuple[int, int] = (1280, 720),
) -> Path:
    """A .pose of (T, people, points, axes), the last axis a confidence."""

    def text(word: str) -> bytes:
        return struct.pack("<H", len(word)) + word.encode()

    header = struct.pack("<fHHHH", version, *size, 0, len(components))
    for name, points in components.items():
        header += text(name) + text(axes) + struct.pack("<HHH", len(points), 1, 1)
        header += b"".join(map(text, points)) + struct.pack("<HHHHH", 0, 1, 255, 0, 0)
    frames, count = people.shape[:2]
    values = people.astype("<f4")
    if version == 0:
        body = struct.pack("<HH", round(fps), frames)
        for frame in values:
            body += struct.pack("<H", count)
            body += b"".join(struct.pack("<h", n) + own.tobytes() for n, own in enumerate(frame))
    else:
        form = "<HHH" if version == 0.1 else "<fIH"
        rate = round(fps) if version == 0.1 else fps
        body = struct.pack(form, rate, frames, count)
        body += values[..., :-1].tobytes() + values[..., -1].tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + body)
    return path


def write_azure(path: Path, bodies: Sequence[dict[int, np.ndarray]]) -> Path:
    """The bodies (32, 3) of each frame by id, in meters as a Kinect has them: y up."""
    frames = [
        {
            "frame_id": number,
            "timestamp_usec": 1_000_000 + 33_333 * number,
            "num_bodies": len(people),
            "bodies": [
                {
                    "body_id": own,
                    "joint_positions": (body * (-1000, -1000, 1000)).tolist(),
                    "joint_orientations": [[1.0, 0.0, 0.0, 0.0]] * 32,
                }
                for own, body in people.items()
            ],
        }
        for number, people in enumerate(bodies)
    ]
    content = {"joint_names": list(AZURE_32.joints), "bone_list": [], "frames": frames}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


BVH_TREE = (  # of a Kinect's joints, by the names of Mixamo
    ("Hips", "SpineBase", ""), ("Spine", "SpineMid", "Hips"), ("Neck", "Neck", "Spine"),
    ("Head", "Head", "Neck"),
    *(
        (f"{side}{name}", f"{joint}{side}", f"{side}{parent}" if joint in inner else parent)
        for side in ("Left", "Right")
        for inner in (("Elbow", "Wrist", "Knee", "Ankle", "Foot"),)
        for name, joint, parent in (
            ("Arm", "Shoulder", "Spine"), ("ForeArm", "Elbow", "Arm"), ("Hand", "Wrist", "ForeArm"),
            ("UpLeg", "Hip", "Hips"), ("Leg", "Knee", "UpLeg"), ("Foot", "Ankle", "Leg"),
            ("ToeBase", "Foot", "Foot"),
        )
    ),
)  # fmt: skip


def write_bvh(path: Path, body: np.ndarray, *, fps: float = 30, prefix: str = "mixamorig:") -> Path:
    """A Kinect's body (T, 25, 3) in meters as centimeters of a BVH, seen from behind."""
    places = {
        name: 100 * body[:, KINECT_V2.index(joint)] * (-1, 1, -1) for name, joint, _ in BVH_TREE
    }
    lines, motion = ["HIERARCHY"], list[np.ndarray]()

    def add(name: str, parent: str, depth: int) -> None:
        relative = places[name] - (places[parent] if parent else 0)
        offset = " ".join(f"{value:.4f}" for value in relative[0]) if parent else "0 0 0"
        pad = "\t" * depth
        lines.extend((f"{pad}{'JOINT' if parent else 'ROOT'} {prefix}{name}", f"{pad}{{",
                      f"{pad}\tOFFSET {offset}",
                      f"{pad}\tCHANNELS 6 Xposition Yposition Zposition "
                      f"Zrotation Yrotation Xrotation"))  # fmt: skip
        motion.append(np.concatenate([relative, np.zeros_like(relative)], axis=1))
        children = [child for child, _, above in BVH_TREE if above == name]
        for child in children:
            add(child, name, depth + 1)
        if not children:
            lines.extend((f"{pad}\tEnd Site", f"{pad}\t{{", f"{pad}\t\tOFFSET 0 3 0", f"{pad}\t}}"))
        lines.append(f"{pad}}}")

    add("Hips", "", 0)
    lines += ["MOTION", f"Frames: {len(body)}", f"Frame Time: {1 / fps:.6f}"]
    lines += [" ".join(f"{v:.5f}" for v in row) for row in np.concatenate(motion, axis=1)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def write_keraal(path: Path, points: np.ndarray, topology: Topology) -> Path:
    """A Kinect's file (T, 25, 3) in meters, or the picture's (T, V, 2) as fractions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if points.shape[-1] == 3:
        rows = [[v for joint in frame for v in (*joint, 0, 0, 0, 1)] for frame in points.tolist()]
        path.write_text("".join(" ".join(map(repr, row)) + " \r\n" for row in rows))
        return path
    content = {
        f"{number}.0": {
            joint: xy for joint, xy in zip(topology.joints, frame, strict=True) if any(xy)
        }
        for number, frame in enumerate(points.tolist(), 1)
    }
    path.write_text(json.dumps({"positions": content}))
    return path


def write_vicon(path: Path, body: dict[str, np.ndarray]) -> Path:
    """Targets (T, 3) by name in meters as a Kinect has them: millimeters, z up, facing x."""
    rows = []
    for frame in range(len(body["hips"])):
        row = list[float]()
        for name in TARGETS:
            x, y, z = (1000 * float(v) for v in body[name][frame])
            row += [-z, -x, y, 0, 0, 0, 1]
        rows.append(" ".join(map(repr, row)) + " \r\n")
    path.write_text("".join(rows))
    return path


def write_trc(
    path: Path,
    points: np.ndarray,
    markers: Sequence[str],
    *,
    unit: str = "m",
    rate: float = 30,
    times: Sequence[float] | None = None,
) -> Path:
    """As Pose2Sim writes it: y up, a blank line behind the heads; points of 0 are left empty."""
    head = ["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate",
            "OrigDataStartFrame", "OrigNumFrames"]  # fmt: skip
    values = [rate, rate, len(points), len(markers), unit, rate, 1, len(points)]
    lines = [["PathFileType", "4", "(X/Y/Z)", path.name], head, [*map(str, values)]]
    lines.append(["Frame#", "Time", *(f for marker in markers for f in (marker, "", ""))])
    lines.append(["", "", *(f"{a}{n}" for n in range(1, len(markers) + 1) for a in "XYZ")])
    for number, frame in enumerate(points.tolist()):
        fields = [repr(v) if any(joint) else "" for joint in frame for v in joint]
        time = number / rate if times is None else times[number]
        lines.append([f"{number + 1}", f"{time:.6f}", *fields])
    path.parent.mkdir(parents=True, exist_ok=True)
    text = ["\t".join(line) for line in lines]
    path.write_text("\n".join([*text[:5], "", *text[5:]]) + "\n")
    return path
