"""Preparing at the size of NTU RGB+D 60: does it use the cores, and does memory stay flat?

synthetic `.skeleton` files -> `prepare` in a process of its own -> files/s, bytes, memory

The set is a part of NTU 60 (56,578 files), of its lengths and with its share of two-body classes.
The reference reads a sample of the same files line by line in plain Python and makes floats of
every field, as the common readers of this data set do.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.markdown import markdown, number
from benchmarks.timing import timed
from benchmarks.worker import ROOT
from edgcn.base.errors import EdgcnError
from edgcn.readers.ntu import read_skeleton

NTU_60 = 56_578  # files
FRACTION = 0.1
SAMPLE = 200  # files that the reference reads
BATCH, FRAMES = 32, 64
POOL = 1000  # frames of text that the files are cut from
HEAD = "72057594037931101 0 1 1 0 1 0 -0.1349 0.2871 2\r\n25\r\n"


def write_set(folder: Path, *, files: int) -> int:
    """Files as Kinect's are (7 digits, CR LF), of 60 to 110 frames; returns their bytes."""
    rng = np.random.default_rng(0)
    pools = [_body(rng), _body(rng).replace("72057594037931101", "72057594037931102")]
    bodies = [text.split("\f") for text in pools]
    total = 0
    folder.mkdir(parents=True)
    for index in range(files):
        action, frames = index % 60 + 1, int(rng.integers(60, 111))
        start, people = int(rng.integers(POOL - frames)), 2 if action >= 50 else 1
        text = [f"{frames}\r\n"]
        for t in range(start, start + frames):
            text += [f"{people}\r\n", *(body[t] for body in bodies[:people])]
        data = "".join(text).encode()
        (folder / f"{index // 1000:03d}").mkdir(exist_ok=True)
        (folder / f"{index // 1000:03d}" / file_name(index)).write_bytes(data)
        total += len(data)
    return total


def file_name(index: int) -> str:
    """A name of its own for each file: all actions, then all cameras, subjects and setups."""
    rest, action = divmod(index, 60)
    rest, camera = divmod(rest, 3)
    setup, subject = divmod(rest, 40)
    return f"S{setup + 1:03d}C{camera + 1:03d}P{subject + 1:03d}R001A{action + 1:03d}.skeleton"


def _body(rng: np.random.Generator) -> str:
    """The text of one body in each frame, which walks about slowly; frames end in a form feed."""
    walk = rng.normal(0, 0.005, (POOL, 25, 3)).cumsum(axis=0)
    xyz = walk + rng.uniform(-1, 1, (25, 3)) + np.array([0, 0, 3])
    image = rng.uniform(100, 1500, (POOL, 25, 4))
    rotation = rng.uniform(-1, 1, (POOL, 25, 4))
    row = " ".join(["%.7g"] * 11) + " 2\r\n"
    values = np.concatenate([xyz, image, rotation], axis=-1).tolist()
    return "\f".join(HEAD + "".join(row % tuple(joint) for joint in t) for t in values)


def line_by_line(path: Path) -> np.ndarray:
    """(T, 2, 25, 3) as plain Python reads it: a line, its fields, a float of each."""
    with path.open() as file:
        total = int(file.readline())
        frames = np.zeros((total, 2, 25, 3), dtype=np.float32)
        for t in range(total):
            for m in range(int(file.readline())):
                file.readline()
                for v in range(int(file.readline())):
                    values = [float(field) for field in file.readline().split()]
                    if m < 2:
                        frames[t, m, v] = values[:3]
    return frames


FIELDS = (
    "x", "y", "z", "depth_x", "depth_y", "color_x", "color_y", "turn_w", "turn_x", "turn_y",
    "turn_z", "state",
)  # fmt: skip


def as_dictionaries(path: Path) -> np.ndarray:
    """The same as public preprocessing of this data set mostly does it: all fields by name first.

    A dictionary of floats for each joint, of joints for each body, kept for the whole file.
    """
    sequence: list[list[dict[str, Any]]] = []
    with path.open() as file:
        for _ in range(int(file.readline())):
            bodies: list[dict[str, Any]] = []
            for _ in range(int(file.readline())):
                head = file.readline().split()
                names = range(int(file.readline()))
                joints = [
                    dict(zip(FIELDS, map(float, file.readline().split()), strict=True))
                    for _ in names
                ]
                bodies.append(
                    {"id": head[0], "head": [float(f) for f in head[1:]], "joints": joints}
                )
            sequence.append(bodies)
    frames = np.zeros((len(sequence), 2, 25, 3), dtype=np.float32)
    for t, bodies in enumerate(sequence):
        for m, body in enumerate(bodies[:2]):
            for v, joint in enumerate(body["joints"]):
                frames[t, m, v] = [joint["x"], joint["y"], joint["z"]]
    return frames


def check_same(paths: list[Path]) -> None:
    """Both readers see the same numbers; bodies may be in another order."""
    for path in paths:
        ours, plain = read_skeleton(path), line_by_line(path)
        same = any(np.array_equal(ours, plain[:, order]) for order in ([0, 1], [1, 0]))
        if not same or not np.array_equal(plain, as_dictionaries(path)):
            raise EdgcnError(f"{path}: the reference reads other numbers than `read_ntu`")


def measured(source: Path, out: Path, *, module: str = "benchmarks.prepare") -> dict[str, Any]:
    """`prepare` in a fresh process, and the peak memory of it and its children meanwhile.

    Args:
        module: which is that process: it prints what it found as one line of JSON.
    """
    command = [sys.executable, "-m", module, str(source), str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        peak = processes = 0.0
        while process.poll() is None:
            used = tree_megabytes(process.pid)
            peak, processes = max(peak, sum(used)), max(processes, len(used))
            time.sleep(0.05)
        assert process.stdout
        text = process.stdout.read()
    if process.returncode:
        raise EdgcnError(f"preparing {source} ended with status {process.returncode}; see above")
    found: dict[str, Any] = json.loads(text)
    return found | {"peak": peak or None, "processes": int(processes)}


def tree_megabytes(pid: int) -> list[float]:
    """What a process and each of its children hold; what they share is counted once (Linux)."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended, or there is no /proc
        return []
    held = sum(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("Pss:"))
    return [held, *(part for child in children for part in tree_megabytes(int(child)))]


def measure(*, fraction: float, quick: bool, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Prepare a quarter of the set and all of it, and read a sample line by line."""
    files = max(round(NTU_60 * fraction / (10 if quick else 1)), 4 * BATCH)
    result: dict[str, Any] = {"fraction": files / NTU_60, "sets": []}
    with tempfile.TemporaryDirectory() as name:
        for part in (files // 4, files):
            source, out = Path(name) / f"{part}", Path(name) / f"store{part}"
            say(f"  prepare: {part} files")
            size = write_set(source, files=part)
            row = {"files": part, "megabytes": size / 1e6} | measured(source, out)
            row["store_bytes"] = sum(f.stat().st_size for f in out.iterdir())
            result["sets"].append(row)
        paths = sorted(source.rglob("*.skeleton"))
        paths = paths[:: max(len(paths) // SAMPLE, 1)]
        check_same(paths[:10])
        result["plain"] = len(paths) / timed(lambda: [line_by_line(path) for path in paths])
        result["named"] = len(paths) / timed(lambda: [as_dictionaries(path) for path in paths])
        result["alone"] = len(paths) / timed(lambda: [read_skeleton(path) for path in paths])
    return result


def table(result: dict[str, Any]) -> str:
    """A row per set, and the speed beside that of the reference."""
    head = [
        "files", "MB of text", "seconds", "files/s", "store, bytes a clip", "first batch, ms",
        "peak memory of all processes, MB", "processes", "**files/s, ours / line by line**",
        "ours / line by line into dictionaries",
    ]  # fmt: skip
    rows = []
    for row in result["sets"]:
        rate = row["files"] / row["seconds"]
        rows.append([
            f"{row['files']:,}", number(row["megabytes"]), number(row["seconds"]), number(rate),
            number(row["store_bytes"] / row["files"]), number(1e3 * row["first_batch"]),
            "-" if row["peak"] is None else number(row["peak"]), row["processes"],
            f"**{rate / result['plain']:.1f}**",
            f"{rate / result['named']:.1f}",
        ])  # fmt: skip
    note = (
        f"The largest set is {100 * result['fraction']:.2g} % of NTU RGB+D 60, just written and so "
        f"in the system's cache. Line by line, one process parses {number(result['plain'])} "
        f"files/s of a sample of it, and {number(result['named'])} where every joint first becomes "
        f"a dictionary, as in common preprocessing; our reader alone, in one process, parses "
        f"{number(result['alone'])} ({result['alone'] / result['plain']:.1f} times). Ours includes "
        f"denoising, checks, checksums and writing the store. The first batch is {BATCH} clips "
        f"from anywhere, at {FRAMES} frames, with opening the store."
    )
    return f"{markdown(head, rows)}\n\n{note}"


def main(source: Path, out: Path) -> None:
    """Prepare, take a batch, and print how long each took."""
    from edgcn.commands.prepare import PrepareConfig, prepare
    from edgcn.store import open_store

    config = PrepareConfig(reader="ntu", path=source, out=out)
    seconds = timed(lambda: prepare(config, say=lambda _: None))

    def first() -> None:
        clips = open_store(out).clips()
        clips.batch(np.random.default_rng(0).permutation(len(clips))[:BATCH], FRAMES)

    print(json.dumps({"seconds": seconds, "first_batch": timed(first)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
