"""The roofline (Williams et al., CACM 2009): how fast, over how much work there is for each byte.

ceilings and cells -> log-log figure, inference and the whole training step side by side
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.counting import bytes_moved
from benchmarks.markdown import count
from benchmarks.timing import FORWARDS
from edgcn.reports.drawing import BASELINE, COLORS, FAINT, INK, SOFT, dress, new_figure, save_figure

if TYPE_CHECKING:  # matplotlib is imported where it draws
    from matplotlib.axes import Axes

PANELS = {"inference": "Inference", "step": "Whole training step"}
LOOKS = {"float32": ("o", "-"), "bfloat16": ("s", "--")}
BATCH = 32
NOTE = """Bytes are the least there is to move: every product's result is written and read once (in
training it is read once more, and its gradient written and read), every parameter is read once (in
training twice, and its gradient written); results count two bytes an element in bfloat16. What lies
between the products (batch norms, sums, unfolding) moves more."""
LEADER = {"arrowstyle": "-", "color": BASELINE, "lw": 0.6, "shrinkB": 4, "relpos": (0, 0.5)}
GAP = 0.055  # least distance of labels, as a part of the panel's height


def draw(machine: dict[str, Any], encoders: dict[str, Any], path: Path) -> Path:
    """Both panels, for one body and the most threads that were measured."""
    threads = max(machine["ceilings"], key=int)
    ceiling = machine["ceilings"][threads]
    figure = new_figure(15.0, 5.6)
    panels = figure.subplots(1, 2, sharey=True)
    drawn = {mode: points(encoders, mode, int(threads)) for mode in PANELS}
    everywhere = [point for found in drawn.values() for point in found]
    for axes, (mode, title) in zip(panels, PANELS.items(), strict=True):
        _ceilings(axes, ceiling, everywhere)
        _points(axes, drawn[mode])
        dress(axes, title=f"{title}, batch {BATCH} unless marked")
        axes.set_xlabel("FLOP executed per byte that must move")
    panels[0].set_ylabel("GFLOP/s reached")
    title = f"Roofline, {count(int(threads), 'thread')} of {machine['cpu']}"
    figure.suptitle(title, fontsize=11, color=INK, x=0.02, ha="left")
    return save_figure(figure, path)


def points(encoders: dict[str, Any], mode: str, threads: int) -> list[dict[str, Any]]:
    """A point per preset and precision: at batch 32, or the largest below that was measured."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for cell in encoders["cells"]:
        place = (cell["mode"], cell["bodies"], cell["threads"])
        if place != (mode, 1, threads) or cell["batch"] > BATCH or "skipped" in cell:
            continue
        work = encoders["presets"][cell["name"]]["1"]
        kind = "inference" if mode == "inference" else "training"
        moved = bytes_moved(
            elements=work[f"{kind}_elements"],
            parameters=work["parameters"],
            batch=cell["batch"],
            precision=cell["precision"],
            training=mode != "inference",
        )
        if mode == "step":  # the keys' forward pass moves its own
            moved += bytes_moved(
                elements=work["training_elements"],
                parameters=work["parameters"],
                batch=cell["batch"],
                precision=cell["precision"],
                training=False,
            )
        gflop = FORWARDS[mode] * work[f"{kind}_gflop"] * cell["batch"]
        below = "" if cell["batch"] == BATCH else f", batch {cell['batch']}"
        label = f"{cell['name']} {cell['precision']}{below}"
        found[cell["name"], cell["precision"]] = {
            "x": gflop * 1e9 / moved,
            "y": cell["gflop_per_second"],
            "name": cell["name"],
            "precision": cell["precision"],
            "label": f"{label}: {100 * cell['fraction']:.0f} %",
        }
    return list(found.values())


def _ceilings(axes: "Axes", ceiling: dict[str, float], shown: Sequence[dict[str, Any]]) -> None:
    """What memory allows on the left, what products allow on the right."""
    top = max(ceiling["float32"], ceiling["bfloat16"])
    least = min([point["x"] for point in shown] + [1.0])
    most = max([point["x"] for point in shown] + [top / ceiling["copy"]])
    low = min([point["y"] for point in shown] + [ceiling["copy"] * least])
    x = np.geomspace(least / 1.5, most * 3, 200)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(low / 1.6, top * 1.7)
    axes.grid(color=FAINT, which="major")
    for precision, (_, line) in LOOKS.items():
        roof = np.minimum(ceiling[precision], ceiling["copy"] * x)
        axes.plot(x, roof, line, color=SOFT, lw=1.4)
        axes.axhline(ceiling[precision], color=FAINT, lw=1.0, zorder=1)
        text = f"{precision} product, {ceiling[precision]:.0f} GFLOP/s"
        axes.annotate(  # left of the slope no point can lie
            text, (x[0], ceiling[precision]), (4, 3), textcoords="offset points",
            fontsize=8, color=SOFT,
        )  # fmt: skip
    start = x[0] * 1.15
    axes.annotate(
        f"memory copy, {ceiling['copy']:.0f} GB/s", (start, ceiling["copy"] * start), (6, -4),
        textcoords="offset points", va="top", fontsize=8, color=SOFT,
    )  # fmt: skip


def _points(axes: "Axes", shown: Sequence[dict[str, Any]]) -> None:
    """Marks, and their labels in one column beside the panel, each led to its mark by a line."""
    names = list(dict.fromkeys(point["name"] for point in shown))
    ordered = sorted(shown, key=lambda point: point["y"])
    low, high = np.log(axes.get_ylim())
    heights = spread([(np.log(point["y"]) - low) / (high - low) for point in ordered], gap=GAP)
    for point, height in zip(ordered, heights, strict=True):
        color = COLORS[names.index(point["name"]) % len(COLORS)]
        axes.plot(point["x"], point["y"], LOOKS[point["precision"]][0], color=color, ms=7, zorder=3)
        axes.annotate(
            point["label"], (point["x"], point["y"]), (1.03, height), textcoords="axes fraction",
            va="center", fontsize=8, color=color, annotation_clip=False,
            arrowprops=LEADER,
        )  # fmt: skip


def spread(heights: Sequence[float], *, gap: float, top: float = 1.0) -> list[float]:
    """Rising heights, moved apart to at least `gap`, and not above `top`."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else height)
    limit = top
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], limit)
        limit = placed[index] - gap
    return placed
