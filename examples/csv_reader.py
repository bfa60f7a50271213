"""A reader: files CLASS/PERSON_NUMBER.csv with a row per frame, x y z of each Kinect v2 joint."""

from pathlib import Path

import numpy as np

import edgcn
from edgcn.skeleton.recording import Recording, Recordings, Skipped, trimmed


def read_csv_folder(path: Path, *, fps: float = 30.0) -> Recordings:
    """A folder of such files.

    Args:
        fps: Frames per second.
    """
    files = sorted(Path(path).glob("*/*_*.csv"))
    if not files:
        raise edgcn.EdgcnError(f"{path} has no files CLASS/PERSON_NUMBER.csv")
    classes = sorted({file.parent.name for file in files})

    def read(file: Path) -> Recording | Skipped:
        rows = np.loadtxt(file, delimiter=",", dtype=np.float32, ndmin=2)
        if rows.shape[1] != 75:
            return Skipped(str(file), f"expected 75 numbers per row, got {rows.shape[1]}")
        label, person = classes.index(file.parent.name), file.stem.partition("_")[0]
        return trimmed(rows.reshape(-1, 1, 25, 3), file.stem, label=label, subject=person)

    skeleton = edgcn.TOPOLOGIES["kinect_v2"]
    return Recordings("csv-folder", skeleton, tuple(classes), map(read, files), fps)


edgcn.register_reader("csv-folder", read_csv_folder)
