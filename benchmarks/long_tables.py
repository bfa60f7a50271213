"""Preparing one long csv: is it quick, and does memory stay flat however long it is?

MediaPipe's csv of 1 and of 10 hours -> `prepare` in a process of its own -> seconds, peak memory

Text as scripts write it: 17 digits a number, a time and x, y, z, visibility of 33 points a line.
The references parse the same columns of a sample: numpy's own `loadtxt`, and `csv` with `float`.
"""

import csv
import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.markdown import markdown, number
from benchmarks.prepare import measured
from benchmarks.timing import timed
from edgcn.base.errors import EdgcnError

HOUR = 108_000  # frames at 30 fps
LENGTHS = (HOUR, 1_000_000)
SAMPLE = 10_000  # frames that the references read
POOL = 2_000  # frames of text that the file repeats, forth and back
SIZE = "1280x720"
COLUMNS = [0, *(1 + 4 * point + axis for point in range(33) for axis in (0, 1, 3))]


def write_csv(path: Path, *, frames: int) -> int:
    """Somebody who moves a little, in fractions of a picture; returns the bytes."""
    rng = np.random.default_rng(0)
    walk = rng.uniform(0.2, 0.8, (33, 4)) + rng.normal(0, 0.002, (POOL, 33, 4)).cumsum(axis=0)
    walk[..., 3] = rng.uniform(0.5, 1, (POOL, 33))
    text = [",".join(map(repr, row)) for row in walk.reshape(POOL, -1).tolist()]
    text += text[-2:0:-1]
    heads = ["time", *(f"{axis}{point}" for point in range(1, 34) for axis in "xyzv")]
    with path.open("w") as file:
        file.write(",".join(heads) + "\n")
        for frame in range(frames):
            file.write(f"{frame * 1000 / 30:.3f},{text[frame % len(text)]}\n")
    return path.stat().st_size


def numpy_reads(path: Path, frames: int) -> np.ndarray:
    """The columns that are kept, by numpy's parser."""
    return np.loadtxt(path, delimiter=",", skiprows=1, usecols=COLUMNS, max_rows=frames)


def python_reads(path: Path, frames: int) -> np.ndarray:
    """The same by the standard library's."""
    with path.open() as file:
        rows = islice(csv.reader(file), 1, frames + 1)
        return np.array([[float(row[column]) for column in COLUMNS] for row in rows])


def measure(*, quick: bool, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Prepare both lengths, and time the references on a sample."""
    result: dict[str, Any] = {"files": []}
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        for frames in LENGTHS:
            frames = frames // (100 if quick else 1)
            source, out = Path(name) / "a.csv", Path(name) / f"store{frames}"
            say(f"  tables: {frames} frames")
            size = write_csv(source, frames=frames)
            row = {"frames": frames, "megabytes": size / 1e6}
            result["files"].append(row | measured(source, out, module="benchmarks.long_tables"))
        sample = min(SAMPLE, frames)
        if not np.array_equal(numpy_reads(source, 100), python_reads(source, 100)):
            raise EdgcnError("the references read different numbers")
        for key, read in (("numpy", numpy_reads), ("python", python_reads)):
            before = processor_seconds()
            timed(lambda read=read: read(source, sample))
            result[key] = (processor_seconds() - before) / sample
    return result


def processor_seconds() -> float:
    """Of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def table(result: dict[str, Any]) -> str:
    """A row per length."""
    head = [
        "frames", "hours at 30 fps", "MB of text", "seconds", "processor seconds",
        "peak memory of all processes, MB", "load of the machine",
        "**processor time, numpy's `loadtxt` / ours**", "`csv` and `float` / ours",
    ]  # fmt: skip
    rows = []
    for row in result["files"]:
        own = row["processor"] / row["frames"]
        rows.append([
            f"{row['frames']:,}", number(row["frames"] / HOUR), number(row["megabytes"]),
            number(row["seconds"]), number(row["processor"]),
            "-" if row["peak"] is None else number(row["peak"]), number(row["load"]),
            f"**{result['numpy'] / own:.2f}**", f"{result['python'] / own:.2f}",
        ])  # fmt: skip
    note = (
        "Ours is all of `edgcn prepare mediapipe`: parsing, units, checks, checksums, writing. The "
        "references only parse, a sample and into one array. Memory is what all processes hold "
        "together, files that they map included."
    )
    return f"{markdown(head, rows)}\n\n{note}"


def main(source: Path, out: Path) -> None:
    """Prepare, and print how long it took."""
    from edgcn.commands.prepare import PrepareConfig, prepare

    config = PrepareConfig(reader="mediapipe", path=source, out=out, size=SIZE)
    before = processor_seconds()
    seconds = timed(lambda: prepare(config, say=lambda _: None))
    used = processor_seconds() - before
    print(json.dumps({"seconds": seconds, "processor": used, "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
