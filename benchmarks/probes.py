"""What is put on frozen features: the linear protocol at one lr and at seven, kNN, logistic.

made features (N, D) -> seconds of each protocol; a run, evaluated twice -> seconds of each time

The reference is the same protocol by torch.nn.Linear, torch.optim.SGD and autograd, which the tests
hold ours to; both see the same minibatches in the same order.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.markdown import count, markdown, number
from benchmarks.timing import thread_counts, timed
from benchmarks.transcription.linear_probe import train_linear
from edgcn.commands.evaluate import EvaluateConfig, evaluate
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.commands.pretrain import PretrainConfig, pretrain
from edgcn.evaluation.logistic import fit_logistic
from edgcn.evaluation.nearest import NearestProbe
from edgcn.evaluation.probes import LRS, fit_linear, fit_lrs, standardize

DIM = 256
CLASSES = (16, 60)
ROUNDS = 2  # of each way in turn, so that what slows the machine down slows all of them
SEVEN = f"{len(LRS)} lrs"


def made(clips: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Features around one center per class, so far apart that a probe is right half of the time."""
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=clips)
    centers = rng.normal(size=(classes, DIM))
    return (centers[labels] + 6 * rng.normal(size=(clips, DIM))).astype(np.float32), labels


def linear(clips: int, classes: int, epochs: int, *, threads: int) -> dict[str, Any]:
    """Seconds of the linear protocol, and how far our weights are from the reference's."""
    torch.set_num_threads(threads)
    features, labels = made(clips, classes)
    mean, scale = standardize(features)
    x, y = torch.from_numpy((features - mean) / scale), torch.from_numpy(labels)
    settings: dict[str, Any] = {"classes": classes, "epochs": epochs, "seed": 0}
    weights: dict[str, Tensor] = {}

    def ours() -> None:
        weights["ours"] = torch.from_numpy(fit_linear(features, labels, **settings).weight)

    def reference() -> None:
        weights["reference"] = train_linear(x, y, lr=1.0, **settings).weight.detach()

    def apart() -> None:
        for lr in LRS:
            fit_linear(features, labels, lr=lr, **settings)

    def together() -> None:
        fit_lrs(features, labels, lrs=LRS, **settings)

    ways: dict[str, Callable[[], None]] = {
        "one lr": ours,
        f"{SEVEN} at once": together,
        "reference, one lr": reference,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            seconds[name].append(timed(way))
    seconds[f"{SEVEN} one after another"] = [timed(apart)]  # it is long enough to be timed once
    gap = weights["ours"] - weights["reference"]
    return {
        "classes": classes,
        "threads": threads,
        "median": {name: statistics.median(each) for name, each in seconds.items()},
        "best": {name: min(each) for name, each in seconds.items()},
        "difference": float(gap.abs().max() / weights["reference"].abs().max()),
    }


def others(clips: int, gallery: int) -> list[dict[str, Any]]:
    """Seconds of the logistic protocol with its choice of C, and of kNN."""
    features, labels = made(clips, 60)
    subjects = np.array([f"s{index % 40}" for index in range(clips)])
    stored, known = made(gallery, 60)
    queries, _ = made(gallery // 2, 60)
    ways: dict[str, Callable[[], object]] = {
        f"logistic, {clips} clips": lambda: fit_logistic(features, labels, subjects, classes=60),
        f"kNN, {len(queries)} clips among {gallery}": lambda: NearestProbe(
            stored, known, 60, 1
        ).scores(queries),
    }
    rows = []
    for threads in thread_counts():
        torch.set_num_threads(threads)
        rows += [
            {"what": name, "threads": threads, "seconds": timed(way)} for name, way in ways.items()
        ]
    return rows


def twice(clips: int) -> list[dict[str, Any]]:
    """Seconds of two evaluations of one run, and how many modules each has called."""
    with tempfile.TemporaryDirectory() as name:
        store, run = Path(name) / "store", Path(name) / "run"
        options = {"clips": str(clips), "subjects": "6"}
        prepare(PrepareConfig(reader="synthetic", out=store, options=options), say=_quiet)
        pretrain(
            PretrainConfig(
                recipe="paper", store=store, out=run, encoder="edgcn-s", epochs=1, knn_every=0
            ),
            say=_quiet,
        )
        rows = []
        for seed in (0, 1):
            calls: list[None] = []
            handle = torch.nn.modules.module.register_module_forward_pre_hook(
                lambda *_, calls=calls: calls.append(None)
            )
            started = time.perf_counter()
            config = EvaluateConfig(
                model=str(run), store=store, seed=seed, overwrite=True, figures=False
            )
            evaluate(config, say=_quiet)
            rows.append({"seconds": time.perf_counter() - started, "calls": len(calls)})
            handle.remove()
        return rows


def _quiet(_: str) -> None:
    """What the commands say is not shown."""


def measure(quick: bool) -> dict[str, Any]:
    """Seconds of every protocol, for 16 and 60 classes, and of a first and a second evaluation."""
    clips, epochs, gallery, run = (1000, 5, 2000, 120) if quick else (10_000, 90, 40_000, 480)
    return {
        "clips": clips,
        "epochs": epochs,
        "linear": [
            linear(clips, classes, epochs, threads=threads)
            for threads in thread_counts()
            for classes in CLASSES
        ],
        "others": others(clips, gallery),
        "evaluate": {"clips": run, "rows": twice(run)},
    }


def table(result: dict[str, Any]) -> str:
    """Three tables: the linear protocol, the others, and one run evaluated twice."""
    names = list(result["linear"][0]["median"])
    head = [f"linear, {result['clips']} x {DIM}, {result['epochs']} epochs: s", *names]
    rows = []
    for row in result["linear"]:
        title = f"{row['classes']} classes, {count(row['threads'], 'thread')}"
        ratio = row["median"]["reference, one lr"] / row["median"]["one lr"]
        cells = [f"{number(row['median'][name])} ({number(row['best'][name])})" for name in names]
        rows.append([title, *cells, f"**{ratio:.1f}**", f"{row['difference']:.0e}"])
    note = "Seconds are medians of runs in turn, with the best run behind; features are given."
    first = markdown([*head, "**reference / ours**", "relative difference"], rows)
    return "\n\n".join((first, note, _others_table(result), _twice_table(result["evaluate"])))


def _others_table(result: dict[str, Any]) -> str:
    """kNN and logistic regression."""
    rows = [
        [f"{row['what']}, {count(row['threads'], 'thread')}", number(row["seconds"])]
        for row in result["others"]
    ]
    return markdown([f"{DIM} dimensions, 60 classes", "s"], rows)


def _twice_table(result: dict[str, Any]) -> str:
    """A first and a second evaluation of one run."""
    rows = [
        [f"{which} evaluation", number(row["seconds"]), row["calls"]]
        for which, row in zip(("first", "second"), result["rows"], strict=True)
    ]
    head = [f"one run of edgcn-s, {result['clips']} synthetic clips", "s", "modules called"]
    return markdown(head, rows)
