"""What this machine can do at most: matrix product and memory copy, the ceilings of all else.

square matrices -> GFLOP/s in float32 and bfloat16, a large buffer -> GB/s, for 1 and 2 threads
"""

import datetime
import os
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.markdown import count, markdown
from benchmarks.timing import cores, free_megabytes, thread_counts, timed
from edgcn.runs import environment

SIZES = (1024, 2048, 4096)
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
LONG = 2.0  # seconds of a product: some processors have no fast bfloat16
BUFFER = 2**30  # bytes: several times the largest caches, which would answer in memory's place


def measure(quick: bool) -> dict[str, Any]:
    """What the machine is, and its ceilings by thread count (as a string, as in JSON)."""
    about = {
        "cpu": cpu_name(),
        "cores": cores(),
        "memory_gb": free_megabytes() / 1000,
        "load": os.getloadavg()[0],
        "date": datetime.datetime.now().isoformat(timespec="minutes"),
        **environment(),
    }
    about["ceilings"] = {str(n): ceilings(threads=n, quick=quick) for n in thread_counts()}
    return about


def cpu_name() -> str:
    """The processor as the system calls it, with what makes its bfloat16 fast."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    known = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    about = {name.strip(): value.strip() for name, value in known.items()}
    flags = [name for name in ("avx512_bf16", "amx_bf16") if name in about.get("flags", "").split()]
    return ", ".join([about.get("model name", "unknown"), *flags])


def ceilings(*, threads: int, quick: bool) -> dict[str, float]:
    """GFLOP/s of the best square product in each precision, and GB/s of a copy."""
    torch.set_num_threads(threads)
    found = {name: product(kind, quick=quick) for name, kind in PRECISIONS.items()}
    return found | {"copy": copy(repeats=3 if quick else 7)}


def product(kind: torch.dtype, *, quick: bool) -> float:
    """Best GFLOP/s over sizes and repeats; one that takes seconds is not repeated or exceeded."""
    best = 0.0
    for size in SIZES[: 2 if quick else None]:
        a, b = (torch.randn(size, size).to(kind) for _ in range(2))
        run = partial(torch.mm, a, b, out=torch.empty(size, size, dtype=kind))
        seconds = timed(run)
        if seconds < LONG:
            seconds = min(seconds, *(timed(run) for _ in range(5)))
        best = max(best, 2 * size**3 / seconds / 1e9)
        if seconds >= LONG:
            break
    return best


def copy(*, repeats: int) -> float:
    """Best GB/s, what is read and what is written both counted."""
    size = min(BUFFER, int(free_megabytes() * 1e6 / 8))
    source, target = (torch.zeros(size, dtype=torch.uint8) for _ in range(2))
    source.fill_(1)  # zeros that were never written share one page
    target.fill_(2)
    return 2 * size / min(timed(lambda: target.copy_(source)) for _ in range(repeats)) / 1e9


def table(result: dict[str, Any]) -> str:
    """One row per thread count."""
    rows = [
        [n, *(f"{found[name]:.0f}" for name in PRECISIONS), f"{found['copy']:.1f}"]
        for n, found in result["ceilings"].items()
    ]
    head = ["threads", "float32 product, GFLOP/s", "bfloat16 product, GFLOP/s", "copy, GB/s"]
    return markdown(head, rows)


def describe(result: dict[str, Any]) -> str:
    """One line about the machine, its software and when it was measured."""
    return (
        f"{result['cpu']}; {count(result['cores'], 'core')}, {result['memory_gb']:.0f} GB free; "
        f"torch {result['versions']['torch']}, Python {result['versions']['python']}; "
        f"revision {result['revision']}; {result['date'].replace('T', ' ')}; "
        f"load before: {result['load']:.1f}"
    )
