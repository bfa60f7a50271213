"""Two ranks of one thread against one rank of two threads: the same batch, the same command.

store -> `edgcn pretrain` -> clips per second of the epochs that follow the first two
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.markdown import markdown, number
from benchmarks.timing import cores
from benchmarks.work import FRAMES, write_synthetic
from edgcn.base.errors import EdgcnError
from edgcn.runs import Run

ENCODERS = {"edgcn-s": 1024, "edgcn": 256}  # clips of an epoch: some seconds each
# ranks: clips of a rank's batch, threads of a rank
SETTINGS = {1: (32, 2), 2: (16, 1)}
EPOCHS = 5  # the first fills the queue, the second warms up


def measure(*, quick: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Clips per second by encoder and number of ranks."""
    if cores() < 2:
        return {"skipped": "this process may use one core only"}
    found: dict[str, Any] = {"rows": []}
    with tempfile.TemporaryDirectory() as folder:
        for name in list(ENCODERS)[: 1 if quick else None]:
            store = Path(folder) / f"{name}-clips"
            write_synthetic(store, clips=ENCODERS[name] // (4 if quick else 1), bodies=1)
            for ranks in SETTINGS:
                rates = pretrain(name, store, Path(folder) / f"{name}-{ranks}", ranks=ranks)
                speed = statistics.median(rates)
                found["rows"].append(
                    {"name": name, "ranks": ranks, "epochs": rates, "clips_per_second": speed}
                )
                say(f"  {name}, ranks {ranks}: {number(speed)} clips/s")
    return found


def pretrain(name: str, store: Path, run: Path, *, ranks: int) -> list[float]:
    """Clips per second of each epoch after the second."""
    batch, threads = SETTINGS[ranks]
    command = [sys.executable, "-m", "edgcn", "pretrain", str(store), "--recipe", "paper"]
    command += ["--out", str(run)]
    settings = {"encoder": name, "frames": FRAMES, "epochs": EPOCHS, "knn-every": 0}
    settings |= {"devices": ranks, "batch-size": batch, "threads": threads, "split": "all"}
    settings["accelerator"] = "cpu"
    for key, value in settings.items():
        command += [f"--{key}", str(value)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EdgcnError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return [row["clips_per_second"] for row in Run(run).metrics()[2:]]


def table(result: dict[str, Any]) -> str:
    """One row per encoder and number of ranks, the ratio to one rank beside it."""
    if "skipped" in result:
        return f"Skipped: {result['skipped']}."
    alone = {row["name"]: row["clips_per_second"] for row in result["rows"] if row["ranks"] == 1}
    head = ["preset", "ranks", "threads each", "batch each", "clips/s", "against one rank"]
    rows = [
        [
            row["name"],
            row["ranks"],
            SETTINGS[row["ranks"]][1],
            SETTINGS[row["ranks"]][0],
            number(row["clips_per_second"]),
            f"{row['clips_per_second'] / alone[row['name']]:.2f}",
        ]
        for row in result["rows"]
    ]
    return f"{NOTES}\n\n{markdown(head, rows)}"


NOTES = f"""Pre-training with `edgcn pretrain`, 64 frames, 1 body, the precision that it chooses by
itself; the median of epochs 3 to {EPOCHS}."""
