"""Seconds of an iteration, what they come to, and when an iteration is too long to run.

iteration -> seconds of each run -> median, best, clips per second, share of a ceiling
"""

import itertools
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

MEMORY_SHARE = 0.7  # of what is free: the rest is for the system and for what an estimate misses
# An iteration is so many forward passes: a gradient costs two more, and a step has the keys' too.
FORWARDS = {"inference": 1, "training": 3, "step": 4}
MODES = {
    "step": "whole training step",
    "training": "forward + backward",
    "inference": "inference",
}


def seconds_of(iteration: Callable[[], object], *, budget: float, least: int = 3) -> list[float]:
    """Seconds of each run, until they add up to the budget and there are `least`.

    The first run warms up and does not count, unless it alone takes longer than the budget.
    """
    first = timed(iteration)
    if first > budget:
        return [first]
    seconds: list[float] = []
    while sum(seconds) < budget or len(seconds) < least:
        seconds.append(timed(iteration))
    return seconds


def timed(iteration: Callable[[], object]) -> float:
    """Seconds of one run."""
    started = time.perf_counter()
    iteration()
    return time.perf_counter() - started


def summary(seconds: Sequence[float], *, batch: int) -> dict[str, Any]:
    """Median and best run, and the clips per second of the median."""
    median = statistics.median(seconds)
    return {
        "seconds": median,
        "best_seconds": min(seconds),
        "runs": len(seconds),
        "clips_per_second": batch / median,
    }


def fraction(*, gflop: float, seconds: float, ceiling: float) -> float:
    """Share of a ceiling (GFLOP/s) that so many GFLOP in so many seconds reach."""
    return gflop / seconds / ceiling


def too_long(*, seconds: float, batch: int, wanted: int, patience: float) -> str | None:
    """Why a batch of `wanted` clips is not run after one of `batch` took so long, or None."""
    estimate = seconds * wanted / batch
    return f"about {estimate:.0f} s an iteration" if estimate > patience else None


def too_large(*, megabytes: float, clips: int, wanted: int, free: float) -> str | None:
    """Why a batch of `wanted` clips is not run where `clips` needed so much, or None."""
    estimate = megabytes * wanted / clips
    if estimate <= MEMORY_SHARE * free:
        return None
    return f"about {estimate / 1000:.1f} GB, {free / 1000:.1f} GB free"


def thread_counts() -> list[int]:
    """1 and 2 threads, or 1 where there is one core."""
    return [1, 2] if cores() > 1 else [1]


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_megabytes() -> float:
    """Memory that is free or can be freed; infinite where the system does not tell."""
    path = Path("/proc/meminfo")
    return _megabytes(path, "MemAvailable") if path.exists() else float("inf")


def forget_peak() -> None:
    """Let the peak of this process's memory start from what it holds now (Linux)."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5")


def peak_megabytes() -> float | None:
    """Peak resident memory of this process since `forget_peak`; None where there is no /proc."""
    path = Path("/proc/self/status")
    return _megabytes(path, "VmHWM") if path.exists() else None


def allocated_megabytes(run: Callable[[], object]) -> float:
    """The most memory that the tensors made in a run hold at once.

    Unlike resident memory it does not depend on how the C library packs what is freed.
    """
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        run()
    # Each allocation and release, with its time: the public tables only have sums.
    events = [e for e in seen.profiler.kineto_results.events() if e.name() == "[memory]"]
    sizes = [e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())]
    return max(itertools.accumulate(sizes), default=0) / 1e6


def _megabytes(path: Path, name: str) -> float:
    (line,) = (line for line in path.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024 / 1e6  # the kernel says kB and means 1024 bytes
