"""Figures of spotting have a panel a class and a bar an event, whatever the labels are called."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from edgcn.annotations.events import Event
from edgcn.reports import spotting


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn; none becomes a file."""
    figures: list[Figure] = []

    def kept(figure: Figure, path: Path) -> Path:
        figures.append(figure)
        return path

    monkeypatch.setattr(spotting, "save_figure", kept)
    return figures


def test_every_class_has_its_curve(drawn: list[Figure], tmp_path: Path) -> None:
    line = np.array([[0.5, 1.0], [1.0, 0.5]])
    points = {spotting.EVERY: line, "cost $5_x$": line, "never found": np.empty((0, 2))}
    assert spotting.curves(points, tmp_path / "c.png") == tmp_path / "c.png"
    panels = drawn[0].axes
    assert [len(panel.lines) for panel in panels] == [2, 2, 0]  # a curve, and a ring at its end
    np.testing.assert_array_equal(panels[1].lines[0].get_xydata(), line)
    assert panels[0].get_title(loc="left") == "all classes"
    assert panels[2].texts[0].get_text() == "nothing found"
    spotting.curves({str(n): line for n in range(99)}, tmp_path / "c.png")
    assert len(drawn[1].axes) == 1 + spotting.MOST_CLASSES


def test_true_events_lie_above_found_ones(drawn: list[Figure], tmp_path: Path) -> None:
    true, found = Event("r", "b", 1.0, 3.0), Event("r", "b", 2.0, 4.0, score=0.5)
    shown = [("r", 9.0, [true], [found]), ("empty", 5.0, [], [])]
    spotting.timelines(shown, ["a", "b"], tmp_path / "t.png")
    first, second = drawn[0].axes
    spans = [bar.get_paths()[0].get_extents() for bar in first.collections if bar.get_paths()]
    wide = [span for span in spans if span.height > 0]  # others are the lines between classes
    assert [(span.x0, span.x1) for span in wide] == [(1.0, 3.0), (2.0, 4.0)]
    assert wide[0].y1 < wide[1].y0 + 1e-9
    assert first.yaxis_inverted()  # the first class is on top, and what is true above what is found
    assert (first.get_xlim(), second.get_xlim()) == ((0, 9.0), (0, 5.0))
