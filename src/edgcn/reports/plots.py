"""Figures of a report: skeletons, training curves, confusions, embeddings.

Plain arrays and mappings in, one image file out; the name's ending picks the format (PNG, SVG,
PDF). Drawn on matplotlib's Agg canvas without pyplot, so no display, no global state, any thread.
Scores come as fractions 0..1 and are shown as percentages.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Integer

from edgcn.base.errors import EdgcnError
from edgcn.reports.drawing import (
    COLORS,
    FAINT,
    INK,
    dress,
    flatten,
    literal,
    new_figure,
    save_figure,
    scatter_groups,
    wrapped,
)
from edgcn.reports.sticks import cell_height, check_clip, draw_clip, legend_of_sides
from edgcn.reports.tables import is_missing, percent
from edgcn.skeleton.topology import Topology

if TYPE_CHECKING:  # for annotations only: matplotlib is imported where it draws
    from matplotlib.axes import Axes

Epochs = Sequence[Mapping[str, Any]]

CELLS = 6  # frames of a clip on a contact sheet
MOST_CLASSES = 100  # that a confusion matrix names
WIDEST = 0.22 * MOST_CLASSES + 1.2  # inches of its side
MOST_POINTS = 3000  # t-SNE of these takes one core some 20 s; more would hide each other


def contact_sheet(
    clips: Sequence[tuple[str, Float[np.ndarray, "_ _ _ _"]]],
    topology: Topology,
    path: Path,
    *,
    dims: int,
    image_y_down: bool,
) -> Path:
    """One row of stick figures per clip: left side, right side, midline; later bodies lighter.

    Args:
        clips: (title, frames of shape (T, M, V, C)); the first two channels are drawn.
        dims: channels that are geometry; a joint that is 0 in all of them is missing, not drawn.
        image_y_down: whether y grows downwards (pixels) instead of upwards (metres).

    Raises EdgcnError for no clips at all, and for a clip that is not one of this topology.
    """
    if not clips:
        raise EdgcnError("expected at least one clip to draw, got none")
    for title, frames in clips:
        check_clip(title, frames, topology, dims=dims)
    height = cell_height([frames for _, frames in clips], dims=dims)
    figure = new_figure(1.25 * CELLS + 0.2, (1.25 * height + 0.3) * len(clips) + 0.4)
    grid = figure.subplots(len(clips), 1, squeeze=False)
    for axes, (title, frames) in zip(grid[:, 0], clips, strict=True):
        draw_clip(
            axes,
            frames,
            topology,
            dims=dims,
            cells=CELLS,
            height=height,
            image_y_down=image_y_down,
        )
        count = f"{len(frames)} frame{'s' if len(frames) > 1 else ''}"
        axes.set_title(f"{literal(title)}  ·  {count}", fontsize=9, loc="left", pad=3)
    legend_of_sides(figure)
    return save_figure(figure, path)


def training_curves(rows: Epochs | Mapping[str, Epochs], path: Path) -> Path:
    """Loss, learning rate and, where measured, kNN accuracy over epochs; several runs overlay.

    Args:
        rows: `epoch` with any of `loss`, `lr`, `knn_top1` (a fraction); several rows of one
            epoch are averaged. Or such rows by the name of their run.
    """
    runs = rows if isinstance(rows, Mapping) else {"": rows}
    panels = [("loss", "loss"), ("lr", "learning rate")]
    if any(not is_missing(row.get("knn_top1")) for run in runs.values() for row in run):
        panels.append(("knn_top1", "kNN top-1 %"))
    figure = new_figure(4.2 * len(panels), 3.4)
    for axes, (key, title) in zip(
        figure.subplots(1, len(panels), sharex=True), panels, strict=True
    ):
        for i, run in enumerate(runs.values()):
            epochs, values = _by_epoch(run, key)
            if key == "knn_top1":
                values = 100 * values
            axes.plot(
                epochs,
                values,
                color=COLORS[i % len(COLORS)],
                linestyle=("-", "--", ":")[i // len(COLORS) % 3],
                marker="o" if len(epochs) <= 30 else "",
                markersize=3.5,
                linewidth=1.5,
            )
        dress(axes, title=title)
        axes.set_xlabel("epoch")
        axes.grid(color=FAINT)
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    if any(runs):
        lines, names = figure.axes[0].lines, [wrapped(name, 32) for name in runs]
        columns = min(len(runs), 4)
        figure.legend(lines, names, loc="outside lower center", ncols=columns, frameon=False)
    return save_figure(figure, path)


def confusion_matrix_plot(
    matrix: Integer[np.ndarray, "k k"],
    classes: Sequence[str],
    path: Path,
    *,
    across_is: str = "predicted",
    down_is: str = "true",
    of: str = "clips",
    alike: str = "right",
) -> Path:
    """True classes down, predicted ones across; color is the share of the true class's clips.

    Counts other than 0 stand in the cells up to 20 classes. Each row's total stands at its name;
    of many classes only every second, third, ... is named, and the picture grows no further.
    """
    size = len(classes)
    if matrix.shape != (size, size) or not size:
        raise EdgcnError(
            f"expected a confusion matrix of shape ({size}, {size}) for {size} classes, "
            f"got {matrix.shape}"
        )
    totals = matrix.sum(axis=1)
    shares = matrix / np.maximum(totals, 1)[:, None]  # a class without clips stays white
    side = max(2.0, min(0.22 * size + 1.2, WIDEST) if size > 20 else 0.38 * size)
    figure = new_figure(side + 3.0, side + 1.9)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    font = 9 if size <= 20 else 8 if size <= 40 else 7
    room = (28, 2) if size <= 20 else (40, 1)  # letters of a line, and lines
    width = int(side / size / 0.085)  # letters that a cell is wide
    upright = all(
        len(name) <= 2 * width and all(len(word) <= width for word in name.split())
        for name in classes
    )
    named = range(0, size, -(-size // MOST_CLASSES))
    across = [wrapped(classes[i], *((width, 3) if upright else room)) for i in named]
    axes.set_xticks(named, across, rotation=0 if upright else 90, fontsize=font)
    down = [f"{wrapped(classes[i], *room)}  ({totals[i]})" for i in named]
    axes.set_yticks(named, down, fontsize=font)
    if size <= 20:
        for i, j in zip(*np.nonzero(matrix), strict=True):
            ink = "white" if shares[i, j] > 0.55 else INK
            axes.text(j, i, str(matrix[i, j]), ha="center", va="center", fontsize=8, color=ink)
    _rule_cells(axes, size if size <= MOST_CLASSES else 0)
    right = percent(np.trace(matrix) / totals.sum() if totals.any() else None)
    axes.set_title(f"{totals.sum()} {of}, {right} % {alike}", loc="left", fontsize=10)
    axes.set_xlabel(across_is)
    axes.set_ylabel(f"{down_is} ({of})")
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=30, pad=0.02)
    bar.set_ticks([0, 0.5, 1], labels=["0", "50", "100 %"])
    bar.set_label(f"share of the row's {of}")
    bar.outline.set_visible(False)
    return save_figure(figure, path)


def embedding_map(
    features: Float[np.ndarray, "n d"],
    labels: Integer[np.ndarray, " n"],
    classes: Sequence[str],
    path: Path,
    *,
    seed: int = 0,
    subjects: Sequence[str] | np.ndarray | None = None,
) -> Path:
    """Clips as points of a plane, near where their features are; by class and by subject.

    t-SNE from a PCA start, or PCA alone below 30 points or without spread. At most 3000 points,
    drawn by `seed`. Label -1 is unlabelled (gray).

    Raises EdgcnError for no points, counts that differ, labels without a class, or features
    that are not finite.
    """
    _check_map(features, labels, classes, subjects)
    kept = np.arange(len(features))
    if len(kept) > MOST_POINTS:
        kept = np.sort(np.random.default_rng(seed).choice(kept, MOST_POINTS, replace=False))
    points, method = flatten(features[kept], seed=seed)
    panels = [("class", labels[kept], list(classes))]
    if subjects is not None:
        found, ids = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
        panels.append(("subject", ids[kept], found.tolist()))
    figure = new_figure(7.4 * len(panels), 5.6)
    for axes, (what, groups, names) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        scatter_groups(axes, points, groups, names)
        of = f" of {len(features)}" if len(kept) < len(features) else ""
        dress(axes, title=f"by {what}  ·  {method}, {len(kept)}{of} clips")
        axes.set(xticks=[], yticks=[])  # the units of a map mean nothing
        axes.spines[:].set(visible=True, color=FAINT)
    return save_figure(figure, path)


def _rule_cells(axes: "Axes", size: int) -> None:
    """Thin lines between the cells of a matrix (of no size: none) instead of ticks and a box."""
    if size:
        axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
        axes.grid(which="minor", color=FAINT, linewidth=0.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def _by_epoch(rows: Epochs, key: str) -> tuple[np.ndarray, np.ndarray]:
    """Epochs that have this value, in order, and its mean over the rows of each."""
    pairs = [(r["epoch"], r[key]) for r in rows if "epoch" in r and not is_missing(r.get(key))]
    epochs, group = np.unique([float(epoch) for epoch, _ in pairs], return_inverse=True)
    sums = np.bincount(group, weights=[float(value) for _, value in pairs])
    return epochs, sums / np.bincount(group)


def _check_map(
    features: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    subjects: Sequence[str] | np.ndarray | None,
) -> None:
    """Say what is wrong with the input of a map before minutes go into it."""
    counts = {len(features), len(labels), len(features if subjects is None else subjects)}
    if not len(features) or len(counts) > 1:
        raise EdgcnError(
            f"expected one label and one subject for each of at least one row of features, got "
            f"{len(features)} rows, {len(labels)} labels and "
            f"{'no' if subjects is None else len(subjects)} subjects"
        )
    if labels.max() >= len(classes):
        raise EdgcnError(
            f"expected labels below {len(classes)}, the number of classes, got {labels.max()}"
        )
    if bad := int((~np.isfinite(features)).any(axis=1).sum()):
        raise EdgcnError(
            f"expected finite features, got {bad} of {len(features)} rows with NaN or infinity; "
            "look at the training loss of their encoder"
        )
