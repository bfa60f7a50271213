"""Practice files: pose files of made interviews, and what somebody coded in them with ELAN.

`python practice.py` writes them into this folder: poses/ and coded/ to learn from, new/ to try.
"""

import csv
import sys
from pathlib import Path

import edgcn


def write_poses(recording: edgcn.Recording, joints: tuple[str, ...], path: Path) -> None:
    """A table with a row per frame: the time, who it is, and x, y, z of each joint in meters."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        names = [f"{joint}_{axis}" for joint in joints for axis in "xyz"]
        table.writerow(["time_s", "participant", *names])
        for number, frame in enumerate(recording.frames[:, 0].round(4)):
            table.writerow([number / 30, recording.subject, *frame.flatten().tolist()])


def practice(folder: Path, *, interviews: int = 9, **options: float) -> None:
    """Made interviews with some kinds of gestures; two thirds are coded, the others are new."""
    wanted = {"interviews": interviews, "subjects": interviews, "minutes": 2, "gestures": 5}
    store = edgcn.prepare("synthetic", out=folder / "made", options=wanted | options)
    for row in range(interviews):
        recording = store.recording(row)
        coded = row < 2 * interviews // 3
        poses = folder / ("poses" if coded else "new") / f"{recording.name}.csv"
        write_poses(recording, store.topology.joints, poses)
        if coded:
            rows = tuple(
                edgcn.Event(recording.name, store.classes[part.label],
                            part.start / 30, part.stop / 30, subject=recording.subject)
                for part in recording.segments
            )  # fmt: skip
            (folder / "coded").mkdir(exist_ok=True)
            table = edgcn.Events(rows, (recording.name,))
            edgcn.write_events(table, folder / "coded" / f"{recording.name}.eaf")


if __name__ == "__main__":
    practice(Path(*sys.argv[1:]))
