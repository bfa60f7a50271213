"""Every encoder preset: size, work, memory, and clips per second of training and inference.

preset x bodies x precision x threads x mode x batch -> a cell: measured, or the reason why not
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.markdown import count, markdown, megabytes, number
from benchmarks.timing import (
    FORWARDS,
    MODES,
    fraction,
    free_megabytes,
    summary,
    thread_counts,
    too_large,
    too_long,
)
from benchmarks.work import Case, write_stores
from benchmarks.worker import Worker
from edgcn.models import ENCODERS
from edgcn.training.fabric import Precision

BATCHES = (1, 32, 256)  # upwards: each one's time says whether the next is tried
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
MEMORY_BATCH = 16
MEMORY: tuple[tuple[str, Precision], ...] = (
    ("step", "float32"),
    ("step", "bfloat16"),
    ("inference", "float32"),
)
QUICK = ("edgcn-table1", "edgcn", "edgcn-s")


def measure(
    ceilings: dict[str, dict[str, float]],
    *,
    quick: bool,
    patience: float,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """All cells of all presets.

    Args:
        ceilings: of `benchmarks.machine`, by thread count.
        patience: seconds beyond which an iteration is not run.
    """
    found: dict[str, Any] = {"patience": patience, "presets": {}, "cells": []}
    free = free_megabytes()  # before there is a worker, which keeps what it frees
    with tempfile.TemporaryDirectory() as folder:
        write_stores(Path(folder))
        for name in QUICK if quick else ENCODERS:
            sizes = found["presets"][name] = preset(name, Path(folder))
            say(f"{name}: {sizes['1']['training_gflop']:.3f} GFLOP a clip")
            for bodies in (1,) if quick else (1, 2):
                plan: dict[str, Any] = {
                    "bodies": bodies,
                    "quick": quick,
                    "patience": patience,
                    "free": free,
                }
                with Worker(stores=Path(folder)) as worker:
                    for cell in cells(worker, name, sizes["memory"], **plan):
                        threads = ceilings[str(cell["threads"])]
                        cell |= reached(cell, sizes[str(bodies)], threads)
                        found["cells"].append(cell)
                        say(describe(cell))
    return found


def preset(name: str, stores: Path) -> dict[str, Any]:
    """Parameters and work with 1 and 2 bodies, and peak memory, each in a fresh process."""
    with Worker(stores=stores) as worker:
        found = {str(m): worker.ask("count", case=Case(name, "step", 1, bodies=m)) for m in (1, 2)}
    found["memory"] = {}
    for mode, precision in MEMORY:
        case = Case(name, mode, MEMORY_BATCH, precision, threads=max(thread_counts()))
        with Worker(stores=stores) as worker:
            found["memory"][f"{mode} {precision}"] = worker.ask("memory", case=case)
    return found


def cells(
    worker: Worker,
    name: str,
    memory: dict[str, dict[str, float | None]],
    *,
    bodies: int,
    quick: bool,
    patience: float,
    free: float,
) -> Iterator[dict[str, Any]]:
    """A preset's cells, in rising batches.

    Args:
        memory: of `preset`, what a batch of 16 needs.
        free: megabytes that cells may use.
    """
    threads = thread_counts()[-1:] if quick else thread_counts()
    for precision, n, mode in product(PRECISIONS, threads, MODES):
        case, seconds, batch = Case(name, mode, 1, precision, bodies, n), 0.0, 1
        like = "inference" if mode == "inference" else "step"
        used = memory[f"{like} float32"]["resident"] or 0.0
        for wanted in BATCHES[1:2] if quick else BATCHES:
            reason = too_long(
                seconds=seconds, batch=batch, wanted=wanted, patience=patience
            ) or too_large(megabytes=used * bodies, clips=MEMORY_BATCH, wanted=wanted, free=free)
            case = replace(case, batch=wanted)
            row = {"name": name, "mode": mode, "batch": wanted, "bodies": bodies}
            row |= {"precision": precision, "threads": n}
            if reason:
                yield row | {"skipped": reason}
                continue
            times = worker.ask("time", case=case, budget=0.5)
            worker.ask("forget")
            seconds, batch = min(times), wanted
            yield row | summary(times, batch=wanted)


def reached(
    cell: dict[str, Any], work: dict[str, float], ceiling: dict[str, float]
) -> dict[str, float]:
    """Work of a measured cell, how fast it was done, and the share of the ceiling that is."""
    if "skipped" in cell:
        return {}
    mode = cell["mode"]
    forward = work["inference_gflop" if mode == "inference" else "training_gflop"]
    gflop = FORWARDS[mode] * forward * cell["batch"]
    share = fraction(gflop=gflop, seconds=cell["seconds"], ceiling=ceiling[cell["precision"]])
    return {"gflop_per_second": gflop / cell["seconds"], "fraction": share}


def describe(cell: dict[str, Any]) -> str:
    """One line for a cell."""
    text = f"  {cell['mode']}, batch {cell['batch']}, bodies {cell['bodies']}, "
    return text + f"{cell['precision']}, {count(cell['threads'], 'thread')}: {show(cell)}"


def show(cell: dict[str, Any] | None) -> str:
    """Clips per second and share of the ceiling, or why there are none."""
    if cell is None:
        return "not tried"
    if "skipped" in cell:
        return f"skipped: {cell['skipped']}"
    return f"{number(cell['clips_per_second'])} ({100 * cell['fraction']:.0f} %)"


def table(result: dict[str, Any]) -> str:
    """The presets, then one table per mode."""
    parts = [sizes(result), NOTES.format(**result)]
    for mode, title in MODES.items():
        parts += [f"### {title.capitalize()}, clips/s", speeds(result["cells"], mode)]
    return "\n\n".join(parts)


NOTES = """Work is counted while the forward pass runs, a multiplication and an addition as two, an
LSTM by formula, for one body; training executes three times that, a whole training step (which
encodes the keys, too) four times. Memory, at batch 16, is the most that tensors hold at once, and
in brackets what two iterations add to the resident peak (VmHWM) of a fresh process that keeps what
it frees. Below, clips/s of the median run, and in brackets the GFLOP/s reached as a share of this
machine's product in that precision with as many threads. Skipped: what would take more than
{patience:.0f} s an iteration or 70 % of the free memory."""


def sizes(result: dict[str, Any]) -> str:
    """Parameters, work and memory of each preset."""
    head = ["preset", "parameters", "forward, GFLOP a clip", "in evaluation"]
    head += [f"{mode} {precision}, MB" for mode, precision in MEMORY]
    rows = []
    for name, found in result["presets"].items():
        one = found["1"]
        work = [f"{one[key]:.3f}" for key in ("training_gflop", "inference_gflop")]
        memory = [megabytes(used) for used in found["memory"].values()]
        rows.append([name, f"{one['parameters']:,}", *work, *memory])
    return markdown(head, rows)


def speeds(measured: list[dict[str, Any]], mode: str) -> str:
    """One row per preset, bodies and precision; one column per batch and thread count."""
    rows: dict[tuple[Any, ...], dict[tuple[int, int], dict[str, Any]]] = {}
    columns: dict[tuple[int, int], None] = {}
    for cell in measured:
        if cell["mode"] == mode:
            place = (cell["batch"], cell["threads"])
            columns[place] = None
            rows.setdefault((cell["name"], cell["bodies"], cell["precision"]), {})[place] = cell
    head = ["preset", "bodies", "precision"]
    head += [f"batch {batch}, {count(n, 'thread')}" for batch, n in sorted(columns)]
    body = [
        [*key, *(show(cells.get(place)) for place in sorted(columns))]
        for key, cells in rows.items()
    ]
    return markdown(head, body)
