"""Stick figures: the frames of a clip side by side, on one scale.

frames (T, M, V, C) + topology -> visible joints, in unit cells -> bones and dots on axes
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from edgcn.base.errors import EdgcnError
from edgcn.reports.drawing import FAINT, SOFT
from edgcn.skeleton.topology import Topology

if TYPE_CHECKING:  # for annotations only: matplotlib is imported where it draws
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, RIGHT, MIDLINE = "#1f66b0", "#d9541e", "#70777f"
LATER_BODY = 0.4  # opacity of every body but the first


def check_clip(title: str, frames: np.ndarray, topology: Topology, *, dims: int) -> None:
    """Say what is wrong with a clip before any of it is drawn."""
    t, _, v, c = frames.shape
    if not t or v != len(topology) or not 2 <= dims <= c:
        raise EdgcnError(
            f"clip {title!r}: expected frames of shape (T, M, {len(topology)}, C) for topology "
            f"{topology.name!r} with T >= 1 and C >= dims = {dims} >= 2, got {frames.shape}"
        )


def side_colors(topology: Topology) -> tuple[str, ...]:
    """A color per joint: the person's own left, their right, neither."""
    lefts, rights = ({pair[i] for pair in topology.mirror} for i in (0, 1))
    return tuple(
        LEFT if joint in lefts else RIGHT if joint in rights else MIDLINE
        for joint in topology.joints
    )


def visible_joints(
    frames: Float[np.ndarray, "*batch c"], *, dims: int
) -> Bool[np.ndarray, "*batch"]:
    """Which joints are visible: finite, and not 0 in all their geometry channels."""
    geometry = frames[..., :dims]
    visible: np.ndarray = np.isfinite(geometry).all(-1) & (geometry != 0).any(-1)
    return visible


def clip_box(points: Float[np.ndarray, "n 2"]) -> tuple[np.ndarray, np.ndarray]:
    """Middle (2,) and half-sizes (2,) of the box around all points but wild ones.

    A point farther from the middle 96 % than half of their extent is wild: one lost joint must not
    shrink a whole clip to a dot. A hand raised once is well within.
    """
    low, high = np.percentile(points, [2, 98], axis=0)
    margin = 0.5 * (high - low).max()
    tame = ((points >= low - margin) & (points <= high + margin)).all(axis=1)
    low, high = points[tame].min(axis=0), points[tame].max(axis=0)
    return (low + high) / 2, (high - low) / 2


def cell_height(clips: Sequence[np.ndarray], *, dims: int) -> float:
    """Height of a cell of width 1 that wastes little room: the bodies' usual height by width."""
    boxes = [clip_box(f[..., :2][s]) for f in clips if (s := visible_joints(f, dims=dims)).any()]
    shapes = [half[1] / max(half[0], 1e-9) for _, half in boxes]
    return float(np.clip(np.median(shapes), 0.7, 1.5)) if shapes else 1.0


def draw_clip(
    axes: "Axes",
    frames: Float[np.ndarray, "t m v c"],
    topology: Topology,
    *,
    dims: int,
    cells: int,
    height: float,
    image_y_down: bool,
) -> None:
    """Equally spaced frames of a clip, each in its cell of size 1 x `height`, on one scale."""
    from matplotlib.patches import Rectangle

    visible = visible_joints(frames, dims=dims)
    flat = frames[..., :2].astype(np.float64) * (1, -1 if image_y_down else 1)
    axes.set(xlim=(0, cells), ylim=(0, height), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_color(FAINT)
    axes.vlines(range(1, cells), 0, height, color=FAINT, linewidth=0.8)
    if not visible.any():
        axes.text(0.06, height / 2, "no joint is visible", fontsize=8, color=SOFT, va="center")
        return
    middle, half = clip_box(flat[visible])
    scale = 0.44 / max(half[0], half[1] / height, 1e-9)
    picked = np.unique(np.linspace(0, len(frames) - 1, cells).round().astype(int))
    for cell, index in enumerate(picked):
        placed = (flat[index] - middle) * scale + (cell + 0.5, height / 2)
        border = Rectangle((cell, 0), 1, height, transform=axes.transData)
        for body in reversed(range(frames.shape[1])):  # the first body is drawn on top
            draw_body(axes, placed[body], visible[index, body], topology, later=body > 0)
        for artist in axes.collections[-2 * frames.shape[1] :]:
            artist.set_clip_path(border)
        axes.text(cell + 0.04, 0.04, str(index), fontsize=6.5, color=SOFT, clip_on=True)


def draw_body(
    axes: "Axes",
    points: Float[np.ndarray, "v 2"],
    visible: Bool[np.ndarray, " v"],
    topology: Topology,
    *,
    later: bool = False,
) -> None:
    """Bones and joints of one body as two collections; a bone needs both its ends to be visible."""
    from matplotlib.collections import LineCollection

    colors = side_colors(topology)
    opacity = LATER_BODY if later else 1.0
    bones = [
        (child, parent) for child, parent in topology.edges if visible[child] and visible[parent]
    ]
    axes.add_collection(
        LineCollection(
            [points[list(bone)] for bone in bones],
            colors=[colors[child] for child, _ in bones],
            linewidths=1.6,
            alpha=opacity,
            capstyle="round",
        ),
        autolim=False,
    )
    joints = np.flatnonzero(visible)
    axes.scatter(
        points[joints, 0],
        points[joints, 1],
        s=5,
        c=[colors[joint] for joint in joints],
        alpha=opacity,
        linewidths=0,
        zorder=3,
    )


def legend_of_sides(figure: "Figure") -> None:
    """Which color is which side of the person."""
    from matplotlib.lines import Line2D

    sides = {"person's left": LEFT, "person's right": RIGHT, "midline": MIDLINE}
    handles = [
        Line2D([], [], color=color, linewidth=2, label=name) for name, color in sides.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=8.5)
