"""What surrounds the encoder: gather, normalize, two chains of augmentations, beside a whole step.

32 clips -> ms of each part, ms of the same clip by clip in plain numpy, and their ratio

The numpy version is `benchmarks.transcription`, which loops over frames and joints; it is fed the
same clips and the same random numbers, and what it gives is compared.
"""

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.markdown import markdown, number
from benchmarks.timing import seconds_of, thread_counts, timed
from benchmarks.transcription.augment import SLOW
from benchmarks.transcription.normalize import normalize as slow_normalize
from benchmarks.transcription.resample import positions, resample_clip
from benchmarks.work import FRAMES, TOPOLOGY, Case, iteration, write_synthetic
from edgcn.augment.compose import PAPER, augment
from edgcn.augment.draws import Draws
from edgcn.pipeline.normalize import NORMALIZATIONS, Normalize, mean_bone_lengths, normalize
from edgcn.skeleton.tensors import Clips
from edgcn.store import Selection, open_store
from edgcn.training.fabric import Precision

BATCH = 32
SKELETON: dict[str, Any] = {"topology": TOPOLOGY, "dims": 3}
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
PARTS = ("gather", "normalize (paper)", "normalize (canonical)", "one chain")


@dataclass(frozen=True)
class Work:
    """The parts of one batch, in the order of `PARTS`, and what they are made from."""

    clips: Selection
    rows: np.ndarray
    canonical: Normalize
    parts: dict[str, Callable[[], Clips]]


def work(folder: Path, bodies: int) -> Work:
    """A store with such clips, and each part ready to run on the result of the one before."""
    path = folder / f"bodies{bodies}"
    write_synthetic(path, clips=8 * BATCH, bodies=bodies)
    clips = open_store(path).clips()
    rows = np.random.default_rng(0).permutation(8 * BATCH)[:BATCH]
    raw = clips.batch(rows, FRAMES)
    lengths = mean_bone_lengths([raw], **SKELETON)
    settings = replace(NORMALIZATIONS["canonical"], bone_lengths=lengths)
    clean = normalize(raw, NORMALIZATIONS["paper"], **SKELETON)
    draws = Draws(torch.Generator().manual_seed(0), batch=BATCH)
    parts = (
        partial(clips.batch, rows, FRAMES),
        partial(normalize, raw, NORMALIZATIONS["paper"], **SKELETON),
        partial(normalize, raw, settings, **SKELETON),
        partial(augment, clean, draws, names=PAPER, **SKELETON),
    )
    return Work(clips, rows, settings, dict(zip(PARTS, parts, strict=True)))


def both_chains(parts: dict[str, float]) -> float:
    """Gather, center, two views: what a step waits for."""
    return parts["gather"] + parts["normalize (paper)"] + 2 * parts["one chain"]


def slow(task: Work, clips: int) -> tuple[dict[str, float], float]:
    """Seconds a clip of the transcription, and its largest difference from the fast version."""
    seconds, differences = dict.fromkeys(PARTS, 0.0), [0.0]

    def compare(part: str, run: Callable[..., np.ndarray], *given: Any, fast: Clips) -> None:
        made: list[np.ndarray] = []
        seconds[part] += timed(lambda: made.append(run(*given))) / clips
        differences.append(float(np.abs(made[0] - fast.numpy()).max()))

    rows = task.rows[:clips]
    x = task.clips.batch(rows, FRAMES)
    for row, fast in zip(rows, x, strict=True):
        compare("gather", resample_whole, task.clips.clip(row), fast=fast)
    for part, settings in zip(PARTS[1:3], (NORMALIZATIONS["paper"], task.canonical), strict=True):
        for clip, fast in zip(x, normalize(x, settings, **SKELETON), strict=True):
            compare(part, slow_normalize, clip.numpy(), settings, TOPOLOGY, 3, fast=fast)
    x = normalize(x, NORMALIZATIONS["paper"], **SKELETON)
    draws = Draws(torch.Generator().manual_seed(0), batch=clips)
    log = remember(draws)
    for name in PAPER:
        log.clear()
        # Each from what ours gave: in numpy a joint can land on the origin, which means missing.
        before, x = x, augment(x, draws, names=(name,), **SKELETON)
        for index, (clip, fast) in enumerate(zip(before, x, strict=True)):
            drawn = [numbers[index] for numbers in log]
            compare("one chain", SLOW[name], clip.numpy(), drawn, TOPOLOGY, 3, fast=fast)
    return seconds, max(differences)


def resample_whole(clip: np.ndarray) -> np.ndarray:
    """The whole clip at 64 frames."""
    at = positions(len(clip) - 1, FRAMES, Fraction(0), Fraction(1))
    return resample_clip(clip, at, dims=3)


def remember(draws: Draws) -> list[np.ndarray]:
    """Where the random numbers are written down as they are drawn."""
    log: list[np.ndarray] = []
    draw = draws._rows

    def drawn(*given: Any) -> torch.Tensor:
        log.append(draw(*given).numpy())
        return torch.from_numpy(log[-1])

    draws._rows = drawn  # type: ignore[method-assign, assignment]
    return log


def measure(quick: bool) -> dict[str, Any]:
    """Milliseconds of the parts and of whole training steps, for 1 and 2 bodies and threads."""
    budget, clips = (0.2, 1) if quick else (2.0, 4)
    result: dict[str, Any] = {"fast": [], "slow": [], "clips": clips}
    with tempfile.TemporaryDirectory() as name:
        for bodies in (1, 2):
            task = work(Path(name), bodies)
            seconds, worst = slow(task, clips)
            ms = {part: 1e3 * BATCH * each for part, each in seconds.items()}
            result["slow"].append({"bodies": bodies, "ms": ms, "difference": worst})
            for threads in thread_counts():
                torch.set_num_threads(threads)
                ms = {part: median_ms(run, budget) for part, run in task.parts.items()}
                result["fast"].append({"bodies": bodies, "threads": threads, "ms": ms})
        result["steps"] = [
            step(Path(name), encoder, precision, threads, budget=5 * budget)
            for encoder in ("edgcn-s", "edgcn")
            for precision in PRECISIONS
            for threads in thread_counts()
        ]
    return result


def step(
    folder: Path, encoder: str, precision: Precision, threads: int, *, budget: float
) -> dict[str, Any]:
    """Milliseconds of a whole training step, 1 body."""
    torch.set_num_threads(threads)
    case = Case(encoder, "step", BATCH, precision=precision, threads=threads)
    ms = median_ms(iteration(case, stores=folder), budget)
    return {"encoder": encoder, "precision": precision, "threads": threads, "ms": ms}


def median_ms(run: Callable[[], object], budget: float) -> float:
    return 1e3 * statistics.median(seconds_of(run, budget=budget))


def table(result: dict[str, Any]) -> str:
    """The parts beside the transcription, and their share of a training step."""
    slowly = {row["bodies"]: row["ms"] for row in result["slow"]}
    head = ["32 clips, ms", *PARTS, "gather + paper + 2 chains", "**numpy / ours**"]
    rows = []
    for row in result["fast"]:
        ms = row["ms"]
        ratio = both_chains(slowly[row["bodies"]]) / both_chains(ms)
        name = f"bodies {row['bodies']}, threads {row['threads']}"
        rows.append([name, *map(number, (*ms.values(), both_chains(ms))), f"**{ratio:.0f}**"])
    for bodies, ms in slowly.items():
        cells = map(number, (*ms.values(), both_chains(ms)))
        rows.append([f"numpy, bodies {bodies}", *cells, "1"])
    worst = max(row["difference"] for row in result["slow"])
    note = (
        f"The numpy rows are a clip-by-clip transcription, which loops over frames and "
        f"joints, timed on {result['clips']} clips and scaled to 32; largest difference from ours "
        f"for the same clips and random numbers: {worst:.1e}."
    )
    return "\n\n".join((markdown(head, rows), note, shares(result)))


def shares(result: dict[str, Any]) -> str:
    """Gather, center and both chains as a part of whole training steps, 1 body."""
    around = {
        row["threads"]: both_chains(row["ms"]) for row in result["fast"] if row["bodies"] == 1
    }
    rows = [
        (
            f"{row['encoder']}, {row['precision']}, threads {row['threads']}",
            number(row["ms"]),
            number(around[row["threads"]]),
            f"{100 * around[row['threads']] / row['ms']:.1f} %",
        )
        for row in result["steps"]
    ]
    return markdown(
        ["32 clips of 1 body", "whole step, ms", "around the encoder, ms", "**share**"], rows
    )
