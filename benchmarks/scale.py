"""Does the time of a clip, or the memory, grow with the store? 1 thousand to 60 thousand clips.

Synthetic stores of two bodies and NTU's lengths -> seconds to write, ms per clip, memory

The stores take turns, a few batches each, so that a machine that slows down slows all of them.
"""

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.markdown import markdown, number
from benchmarks.timing import forget_peak, peak_megabytes, timed
from benchmarks.work import FRAMES, Case, iteration, write_synthetic
from edgcn.augment.compose import PAPER
from edgcn.pipeline.inputs import fit_inputs
from edgcn.store import Selection, open_store
from edgcn.training.batches import LocalBatch
from edgcn.training.views import two_views

BATCH, BODIES = 32, 2
TURN = 5  # batches of one store before the next one is read
MEMORY = {"all": "VmRSS", "anonymous": "RssAnon", "file": "RssFile"}


def views_of(clips: Selection) -> Callable[[], object]:
    """Both views of 32 clips from anywhere in the store."""
    inputs = fit_inputs(clips, np.arange(BATCH), frames=FRAMES, normalize="paper")
    draws, rows = torch.Generator().manual_seed(0), np.random.default_rng(0)

    def run() -> None:
        batch = LocalBatch(rows.choice(len(clips), BATCH, replace=False), 0, BATCH)
        two_views(clips, batch, draws, inputs=inputs, augmentations=PAPER)

    return run


def memory() -> dict[str, float]:
    """Megabytes of this process: all, anonymous, and of files that it maps (Linux; else empty)."""
    path = Path("/proc/self/status")
    if not path.exists():
        return {}
    lines = dict(line.split(":", 1) for line in path.read_text().splitlines())
    return {name: int(lines[key].split()[0]) * 1024 / 1e6 for name, key in MEMORY.items()}


def in_turns(runs: dict[int, Callable[[], object]], turns: int) -> dict[int, float]:
    """Median ms per clip of each run."""
    seconds: dict[int, list[float]] = {size: [] for size in runs}
    for turn in range(turns + 1):
        for size, run in runs.items():
            taken = [timed(run) for _ in range(TURN)]
            seconds[size] += taken if turn else []  # the first turn warms up
    return {size: 1e3 * statistics.median(each) / BATCH for size, each in seconds.items()}


def epoch_memory(run: Callable[[], object], clips: int) -> dict[str, Any]:
    """Memory before and after both views of as many clips as the store has, and its peak."""
    run()
    forget_peak()
    before = memory()
    for _ in range(clips // BATCH):
        run()
    return {"before": before, "after": memory(), "peak": peak_megabytes()}


def measure(quick: bool) -> dict[str, Any]:
    """Write the stores, take turns reading and training, and walk through each as an epoch does."""
    sizes = (1000, 5000) if quick else (1000, 10_000, 60_000)
    result: dict[str, Any] = {"threads": torch.get_num_threads(), "stores": {}}
    with tempfile.TemporaryDirectory() as name:
        views, steps = {}, {}
        for size in sizes:
            folder = Path(name) / str(size)
            path = folder / f"bodies{BODIES}"
            seconds = timed(lambda: write_synthetic(path, clips=size, bodies=BODIES))  # noqa: B023
            megabytes = (path / "frames.npy").stat().st_size / 1e6
            result["stores"][size] = {"write_seconds": seconds, "megabytes": megabytes}
            views[size] = views_of(open_store(path).clips())
            case = Case("edgcn-s", "step", BATCH, precision="bfloat16", bodies=BODIES)
            steps[size] = iteration(case, stores=folder)
        for key, runs, turns in (("views", views, 60), ("step", steps, 20)):
            for size, ms in in_turns(runs, 2 if quick else turns).items():
                result["stores"][size][key] = ms
        for size, run in views.items():
            result["stores"][size]["memory"] = epoch_memory(run, size)
    return result


def table(result: dict[str, Any]) -> str:
    """A row per store; the last column compares a clip's time with that in the smallest store."""
    stores = {int(size): row for size, row in result["stores"].items()}
    smallest = stores[min(stores)]
    head = [
        "clips", "MB", "written in", "two views, ms a clip", "clips/s",
        "edgcn-s step (bfloat16), ms a clip", "clips/s", "memory before / after an epoch, MB",
        "of that mapped file, MB", "peak, MB", "**time of a clip**",
    ]  # fmt: skip
    rows = []
    for size, row in sorted(stores.items()):
        before, after = row["memory"]["before"], row["memory"]["after"]
        pairs = {k: f"{before[k]:.0f} / {after[k]:.0f}" for k in before} or dict.fromkeys(MEMORY)
        peak = row["memory"]["peak"]
        rows.append([
            f"{size:,}", number(row["megabytes"]), f"{row['write_seconds']:.1f} s",
            number(row["views"]), number(1e3 / row["views"]),
            number(row["step"]), number(1e3 / row["step"]),
            pairs["all"], pairs["file"], "-" if peak is None else f"{peak:.0f}",
            f"**views x{row['views'] / smallest['views']:.2f}, "
            f"step x{row['step'] / smallest['step']:.2f}**",
        ])  # fmt: skip
    threads = result["threads"]
    note = f"{threads} thread{'s' * (threads > 1)}, two bodies, batch 32, clips drawn at random."
    return f"{markdown(head, rows)}\n\n{note}"
