"""Ours beside the public MS-G3D: taking turns on the same machine, ratios of medians.

Each side has a process of its own, and only one of them computes at a time. Our library lets a
process keep the memory it frees; stock runs once as it is and once with that same setting.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.markdown import count, markdown, megabytes, number
from benchmarks.peer import check_peer
from benchmarks.timing import MODES, thread_counts
from benchmarks.work import Case, write_stores
from benchmarks.worker import Worker
from edgcn.training.fabric import Precision

TRAINING_BATCH, INFERENCE_BATCH = 16, 32
PAUSE = 0.05  # seconds: by then the threads of the one that has just computed are asleep
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
SIDES = {"ours": "ours", "stock": "stock", "kept": "stock, keeping memory"}


@dataclass(frozen=True)
class Contest:
    """Stock at some scales, and what of ours stands beside it."""

    gcn_scales: int
    g3d_scales: int
    training: tuple[Case, ...]
    inference: tuple[Case, ...]
    rounds: int
    memory: tuple[Precision, ...] = ("float32",)

    @property
    def stock(self) -> dict[str, int]:
        return {"gcn_scales": self.gcn_scales, "g3d_scales": self.g3d_scales}


def _both(name: str, **options: Any) -> dict[str, Any]:
    """The same mathematics as stock: forward and backward, and inference."""
    return {
        "training": (Case(name, "training", TRAINING_BATCH, options=options),),
        "inference": (Case(name, "inference", INFERENCE_BATCH, options=options),),
    }


CONTESTS = (
    Contest(
        1,
        1,
        training=(
            Case("edgcn-table1", "training", TRAINING_BATCH),
            *(Case(name, "step", n) for name in ("edgcn", "edgcn-s") for n in (16, 32)),
        ),
        inference=tuple(
            Case(name, "inference", INFERENCE_BATCH)
            for name in ("edgcn-table1", "edgcn", "edgcn-s")
        ),
        rounds=7,
        memory=PRECISIONS,
    ),
    Contest(6, 3, **_both("msg3d-small"), rounds=3),
    Contest(13, 6, **_both("msg3d", g3d_scales=6), rounds=3),
)


def measure(peer: Path, *, quick: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Every contest in both precisions, then peak memory."""
    check_peer(peer)
    found: dict[str, Any] = {"threads": max(thread_counts()), "speed": [], "memory": []}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stores = Path(folder)
        write_stores(stores)
        workers = {
            side: stack.enter_context(Worker(stores=stores, peer=peer, keep_memory=side != "stock"))
            for side in SIDES
        }
        for contest in CONTESTS[: 1 if quick else None]:
            shorter = replace(contest, rounds=2) if quick else contest
            for row in _speeds(workers, shorter):
                found["speed"].append(row)
                say(f"  {row['name']}, {row['mode']}, {row['precision']}: {row['ratio']:.2f}x")
        for worker in workers.values():
            worker.ask("forget")
        for contest in CONTESTS[: 1 if quick else None]:
            for row in _memories(contest, stores, peer):
                found["memory"].append(row)
                say(f"  {title(row)}, {row['precision']}: {megabytes(row['ours'])} MB")
    return found


def _speeds(workers: dict[str, Worker], contest: Contest) -> list[dict[str, Any]]:
    """Medians of both sides and their ratios, one row per case of ours and precision."""
    rows = []
    for mode, batch in (("training", TRAINING_BATCH), ("inference", INFERENCE_BATCH)):
        cases = contest.training if mode == "training" else contest.inference
        for precision in PRECISIONS:
            settings: dict[str, Any] = {"precision": precision, "threads": max(thread_counts())}
            ours = [replace(case, **settings) for case in cases]
            stock = Case("stock", mode, batch, **settings, options=contest.stock)
            seconds = take_turns(workers, ours, stock, rounds=contest.rounds)
            rows += [compare(case, stock, seconds) for case in ours]
            for worker in workers.values():
                worker.ask("forget")
    return rows


Seconds = dict[tuple[str, str, int], list[float]]  # by side, name and batch


def take_turns(
    workers: dict[str, Worker], ours: list[Case], stock: Case, *, rounds: int
) -> Seconds:
    """Seconds of every round but the first, which warms up.

    Each of ours is followed by one of the two stocks, so that drift of the machine hits all alike.
    """
    seconds: Seconds = {}
    for turn in range(rounds + 1):
        turns = [("ours", case) for case in ours]
        turns.insert(1, ("stock", stock))
        turns.append(("kept", stock))
        for side, case in turns:
            time.sleep(PAUSE)
            taken = workers[side].ask("once", case=case)
            if turn:
                seconds.setdefault((side, case.name, case.batch), []).append(taken)
    return seconds


def compare(case: Case, stock: Case, seconds: Seconds) -> dict[str, Any]:
    """One row: clips per second of each side, and ours over each of the two stocks."""
    ours = seconds["ours", case.name, case.batch]
    speed = case.batch / statistics.median(ours)
    row: dict[str, Any] = {
        "name": case.name,
        "options": case.options,
        "mode": case.mode,
        "batch": case.batch,
        "precision": case.precision,
        "scales": list(stock.options.values()),
        "stock_mode": stock.mode,
        "stock_batch": stock.batch,
        "ours": speed,
        "ours_seconds": ours,
    }
    for side, ratio in (("stock", "ratio"), ("kept", "ratio_kept")):
        theirs = seconds[side, stock.name, stock.batch]
        row[side] = stock.batch / statistics.median(theirs)
        row[f"{side}_seconds"] = theirs
        row[ratio] = speed / row[side]
    return row


def _memories(contest: Contest, stores: Path, peer: Path) -> list[dict[str, Any]]:
    """Peak memory of training at batch 16, each in a fresh process, beside stock's."""
    rows = []
    for precision in contest.memory:
        settings: dict[str, Any] = {"precision": precision, "threads": max(thread_counts())}
        case = Case("stock", "training", TRAINING_BATCH, **settings, options=contest.stock)
        with Worker(stores=stores, peer=peer, keep_memory=False) as worker:
            theirs = worker.ask("memory", case=case)
        for ours, recompute in product(contest.training, (False, True)):
            if ours.batch != TRAINING_BATCH:
                continue
            with Worker(stores=stores) as worker:
                used = worker.ask("memory", case=replace(ours, **settings, recompute=recompute))
            row: dict[str, Any] = {"name": ours.name, "options": ours.options, "mode": ours.mode}
            row |= {"precision": precision, "scales": list(contest.stock.values())}
            row |= {"recompute": recompute, "ours": used, "stock": theirs}
            rows.append(row | {"ratio": used["allocated"] / theirs["allocated"]})
    return rows


def table(result: dict[str, Any]) -> str:
    """Speed, then memory."""
    head = ["ours", "precision", "clips/s", "stock (scales)", "clips/s", "**ratio**"]
    head += ["to stock in float32", "keeping memory, clips/s", "ratio"]
    plain = {
        (*row["scales"], row["stock_mode"]): row["stock"]
        for row in result["speed"]
        if row["precision"] == "float32"
    }
    rows = [
        [
            f"{title(row)}, {MODES[row['mode']]}, batch {row['batch']}",
            row["precision"],
            number(row["ours"]),
            f"({', '.join(map(str, row['scales']))}), {MODES[row['stock_mode']]}, "
            f"batch {row['stock_batch']}",
            number(row["stock"]),
            f"**{row['ratio']:.2f}**",
            against(row["ours"], plain.get((*row["scales"], row["stock_mode"]))),
            number(row["kept"]),
            f"{row['ratio_kept']:.2f}",
        ]
        for row in result["speed"]
    ]
    return "\n\n".join(
        [
            NOTES.format(threads=count(result["threads"], "thread")),
            markdown(head, rows),
            "### Peak memory",
            memory(result),
        ]
    )


def against(ours: float, theirs: float | None) -> str:
    """A ratio, where there is something to compare with."""
    return "-" if theirs is None else f"{ours / theirs:.2f}"


NOTES = """Stock is the public MS-G3D's own code, unchanged and without a shim, its classifier 256
wide; 64 frames, 25 joints, 1 body, {threads}. Both sides take turns, each in a process of its own;
ratios of medians of clips/s, to stock in the same precision and to stock in float32. Our processes
keep the memory they free instead of giving it back to the system; "keeping memory" is stock with
that same setting."""


def memory(result: dict[str, Any]) -> str:
    """Peak memory of training at batch 16."""
    head = ["ours", "precision", "MB", "stock (scales), forward + backward", "MB", "**ratio**"]
    rows = [
        [
            f"{title(row)}, {MODES[row['mode']]}{', recompute' if row['recompute'] else ''}",
            row["precision"],
            megabytes(row["ours"]),
            f"({', '.join(map(str, row['scales']))})",
            megabytes(row["stock"]),
            f"**{row['ratio']:.2f}**",
        ]
        for row in result["memory"]
    ]
    return f"{MEMORY_NOTE}\n\n{markdown(head, rows)}"


MEMORY_NOTE = """Training at batch 16, each in a fresh process: the most that tensors hold at once,
whose ratio this is, and in brackets what is added to the resident peak (ours keeps what it frees;
stock as it is). "recompute" is gradient checkpointing."""


def title(row: dict[str, Any]) -> str:
    """Preset and what of it was changed."""
    options = ", ".join(f"{name} {value}" for name, value in row["options"].items())
    return f"{row['name']}{f' ({options})' if options else ''}"
