"""What the figures of a report share: canvas, look, names, points of a plane.

features (N, D) -> points (N, 2) -> marks in the color and shape of their group
"""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Integer

from edgcn.base.errors import EdgcnError
from edgcn.base.files import writing
from edgcn.base.screen import printable

if TYPE_CHECKING:  # for annotations only: matplotlib is imported where it draws
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, FAINT, BASELINE = "#222222", "#5d6673", "#e3e6ea", "#a3abb6"
# ten hues without gray, which means baseline or unlabelled here; with six shapes, 60 groups
COLORS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd",
    "#8c564b", "#e377c2", "#bcbd22", "#17becf", "#222222",
)  # fmt: skip
MARKERS = "o^sDvP"


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of this size in inches, on a canvas of its own."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=130, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: "Figure", path: Path) -> Path:
    """Write the file whole or not at all; the ending of its name picks the format."""
    kinds = figure.canvas.get_supported_filetypes()
    kind = path.suffix.lower().lstrip(".")
    if kind not in kinds:
        raise EdgcnError(
            f"{path}: expected a figure's name to end in one of .{', .'.join(sorted(kinds))}; "
            "use .png"
        )
    with writing(path) as temporary:
        figure.savefig(temporary, format=kind, bbox_inches="tight", pad_inches=0.08)
    return path


def dress(axes: "Axes", *, title: str) -> None:
    """The look of every chart: a title to the left, no box, soft lines."""
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(BASELINE)
    axes.set_axisbelow(True)


def literal(text: str, *, most: int = 60) -> str:
    """A name as matplotlib draws it letter by letter, on one line and not without end.

    A pair of `$` would start a formula, and a legend leaves out what starts with `_`.
    """
    text = printable(" ".join(text.split())).replace("$", r"\$")
    text = text if len(text) <= most else text[: most - 1] + "…"
    return "\u2009" + text if text.startswith("_") else text


def wrapped(text: str, width: int, lines: int = 3) -> str:
    """A name in several lines of at most so many letters, cut after the last line."""
    parts = textwrap.wrap(" ".join(text.split()), width, max_lines=lines, placeholder=" …")
    return "\n".join(literal(part, most=2 * width) for part in parts)


def scatter_groups(
    axes: "Axes",
    points: Float[np.ndarray, "n 2"],
    groups: Integer[np.ndarray, " n"],
    names: Sequence[str],
) -> None:
    """Points in the color and shape of their group, and a legend of the groups that occur."""
    size = 12 if len(points) > 1000 else 22
    visible = np.unique(groups)
    for group in visible:
        these = points[groups == group]
        known = group >= 0
        axes.scatter(
            these[:, 0],
            these[:, 1],
            s=size if known else 0.6 * size,
            color=COLORS[group % len(COLORS)] if known else BASELINE,
            marker=MARKERS[group // len(COLORS) % len(MARKERS)] if known else "o",
            alpha=0.8,
            linewidths=0,
            label=wrapped(names[group], 24, lines=2) if known else "unlabelled",
        )
    axes.legend(
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        ncols=1 + (len(visible) - 1) // 20,
        frameon=False,
        fontsize=8,
        markerscale=1.4,
        handletextpad=0.2,
        columnspacing=1.0,
    )


def flatten(features: Float[np.ndarray, "n d"], *, seed: int) -> tuple[np.ndarray, str]:
    """Points (N, 2) that keep neighbors together, and the name of the method.

    t-SNE (van der Maaten and Hinton, 2008) of the first 50 principal components, from the first
    two; these two alone where t-SNE makes no sense: below 30 points, or all points the same.
    """
    scale = max(float(np.abs(features).max()), 1e-30)  # so that no square overflows
    centered = features / scale
    centered = centered - centered.mean(axis=0)
    u, s, _ = np.linalg.svd(centered.astype(np.float64), full_matrices=False)
    components = np.zeros((len(features), max(2, min(50, len(s)))))
    components[:, : len(s)] = (u * s)[:, :50]
    start = components[:, :2]
    if len(features) < 30 or s[0] < 1e-6:
        return start, "PCA"
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # sklearn's own PCA start divides by the spread as well; given, it does not depend on a solver
    tsne = TSNE(init=1e-4 * start / start[:, 0].std(), random_state=seed, perplexity=30.0)
    # one thread: a second gains little, and on a busy machine waiting for it takes most of the time
    with threadpool_limits(1):
        points: np.ndarray = tsne.fit_transform(components)
    return points, "t-SNE"
