"""A machine against coders, at several confidences: how well it agrees with each of them.

(confidence, kappa, event F1) of each coder -> two panels; what the coders agree on is a line across
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgcn.reports.drawing import FAINT, INK, dress, literal, new_figure, save_figure

Curve = Sequence[tuple[float, float | None, float]]
STYLES = (("#0072b2", "o", "-"), ("#d55e00", "s", "--"))  # told apart without color, too
PANELS = ("kappa", "event F1 at IoU 0.5")


def confidence_plot(
    curves: Mapping[str, Curve], path: Path, *, coders: tuple[float | None, float] | None = None
) -> Path:
    """Draw the panels and return the path.

    Args:
        curves: kappa and event F1 (0..1) of the suggestions from a confidence on, by coder.
        coders: what two coders reach against each other.
    """
    figure = new_figure(8.4, 3.4)
    for panel, (axes, title) in enumerate(zip(figure.subplots(1, 2), PANELS, strict=True)):
        for (name, curve), (color, marker, line) in zip(curves.items(), STYLES, strict=False):
            known = [(c, value) for c, *values in curve if (value := values[panel]) is not None]
            axes.plot(
                [c for c, _ in known],
                [value for _, value in known],
                color=color,
                marker=marker,
                linestyle=line,
                markersize=4,
                label=literal(f"machine and {name}"),
            )
        if coders is not None and (level := coders[panel]) is not None:
            axes.axhline(level, color=INK, linewidth=1.2, linestyle=":", label="A and B")
        dress(axes, title=title)
        axes.set_xlabel("suggestions from a confidence of")
        axes.set(xlim=(-0.02, 1.02), ylim=(min(0.0, axes.get_ylim()[0]), 1.02))
        axes.grid(color=FAINT)
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
    return save_figure(figure, path)
