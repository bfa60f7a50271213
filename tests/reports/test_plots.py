"""Figures: valid files, artists that say what the numbers say, and quiet on degenerate input."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread

from edgcn.base.errors import EdgcnError
from edgcn.reports import drawing
from edgcn.reports.bars import results_bars
from edgcn.reports.drawing import flatten, literal, new_figure, wrapped
from edgcn.reports.plots import (
    confusion_matrix_plot,
    contact_sheet,
    embedding_map,
    training_curves,
)
from edgcn.reports.sticks import LATER_BODY, LEFT, MIDLINE, RIGHT, clip_box, draw_body, draw_clip
from edgcn.skeleton import TOPOLOGIES, Topology

ARM = Topology(
    name="arms",
    joints=("neck", "left_hand", "right_hand", "head"),
    bones=(("left_hand", "neck"), ("right_hand", "neck"), ("head", "neck")),
    center="neck",
    mirror=(("left_hand", "right_hand"),),
    shoulders=("left_hand", "right_hand"),
    spine=("neck", "head"),
    source="made for these tests",
)
Drawn = list[Any]  # figures
POSE = np.array([[0.1, 0.0, 2], [-0.5, -0.2, 2], [0.5, -0.2, 2], [0.1, 0.4, 2]], dtype=np.float32)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """The figures that were drawn, to ask them what is on them."""
    figures: Drawn = []

    def keep(*args: float) -> Any:
        figures.append(new_figure(*args))
        return figures[-1]

    for room in ("plots", "bars"):
        monkeypatch.setattr(f"edgcn.reports.{room}.new_figure", keep)
    return figures


def pixels(path: Path) -> np.ndarray:
    """The picture, after checking that it is one and that something is on it."""
    image: np.ndarray = imread(path)
    height, width = image.shape[:2]
    assert 100 < height < 6000
    assert 200 < width < 4000
    assert image[..., :3].std() > 0.01
    return image


def still(frames: int = 8, bodies: int = 1) -> np.ndarray:
    return np.tile(POSE, (frames, bodies, 1, 1))


def cell(frames: np.ndarray, **options: Any) -> Any:
    """The axes of one clip drawn in one cell."""
    axes = new_figure(2.0, 2.0).subplots()
    defaults: dict[str, Any] = {"dims": 3, "cells": 1, "height": 1.0, "image_y_down": False}
    draw_clip(axes, frames, ARM, **(defaults | options))
    return axes


def bones_and_dots(axes: Any) -> list[tuple[int, int]]:
    """How many bones and dots are in each collection pair, skipping the cell borders."""
    pairs = axes.collections[1:]
    return [
        (len(lines.get_segments()), len(dots.get_offsets()))
        for lines, dots in zip(pairs[::2], pairs[1::2], strict=True)
    ]


# --- contact sheets ---------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 12])
def test_contact_sheet_is_a_picture_that_grows_with_its_rows(tmp_path: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    topology = TOPOLOGIES["kinect_v2"]
    clips = [
        (f"clip {i} <b> $x$ 5 $", rng.normal(size=(9, 1, 25, 3)).astype(np.float32))
        for i in range(rows)
    ]
    path = contact_sheet(clips, topology, tmp_path / "s.png", dims=3, image_y_down=False)
    assert pixels(path).shape[0] > 100 * rows
    assert [p.name for p in tmp_path.iterdir()] == ["s.png"]


def test_a_missing_joint_takes_its_bones_with_it() -> None:
    frames = still(1)
    assert bones_and_dots(cell(frames)) == [(3, 4)]
    frames[:, :, 1] = 0
    assert bones_and_dots(cell(frames)) == [(2, 3)]
    frames[:, :, 0] = 0  # the neck holds every bone
    assert bones_and_dots(cell(frames)) == [(0, 2)]
    frames[:, :, 3, 0] = np.nan
    assert bones_and_dots(cell(frames)) == [(0, 1)]


def test_a_joint_is_missing_by_its_geometry_not_by_its_confidence() -> None:
    frames = still(1)
    frames[:, :, 1, :2] = 0
    assert bones_and_dots(cell(frames, dims=2)) == [(2, 3)]  # channel 3 is a confidence
    assert bones_and_dots(cell(frames, dims=3)) == [(3, 4)]  # it is depth: the joint is there


def test_an_absent_body_draws_nothing_and_an_empty_clip_says_so() -> None:
    frames = still(1, bodies=2)
    frames[:, 1] = 0
    assert sorted(bones_and_dots(cell(frames))) == [(0, 0), (3, 4)]
    axes = cell(np.zeros((5, 1, 4, 3), np.float32))
    assert bones_and_dots(axes) == []
    assert "no joint is visible" in [text.get_text() for text in axes.texts]


def test_left_right_and_midline_differ_and_later_bodies_are_lighter() -> None:
    axes = cell(still(1, bodies=2))
    second, first = axes.collections[1], axes.collections[3]  # the first body lies on top
    assert [to_hex(color) for color in first.get_colors()] == [LEFT, RIGHT, MIDLINE]
    assert second.get_alpha() == LATER_BODY < first.get_alpha()


@pytest.mark.parametrize(("down", "above"), [(False, 1), (True, -1)])
def test_up_is_up_in_metres_and_down_in_pixels(down: bool, above: int) -> None:
    dots = cell(still(1), image_y_down=down).collections[2].get_offsets()
    neck, head = dots[0], dots[3]
    assert np.sign(head[1] - neck[1]) == above


def test_one_scale_for_all_frames_and_both_axes() -> None:
    frames = still(3)
    frames[2] *= 2  # the person comes closer
    axes = cell(frames, cells=3)
    lengths = [
        np.linalg.norm(np.diff(axes.collections[i].get_segments()[2], axis=0)) for i in (1, 3, 5)
    ]
    assert lengths[1] == pytest.approx(lengths[0])
    assert lengths[2] == pytest.approx(2 * lengths[0])
    assert axes.get_aspect() == 1


def test_every_joint_lies_in_its_cell_and_a_lost_one_does_not_shrink_the_rest() -> None:
    frames = np.tile(still(1), (40, 1, 1, 1))
    tidy = cell(frames, cells=4)
    for i, dots in enumerate(tidy.collections[2::2]):
        x, y = dots.get_offsets().T
        assert (x > i).all()
        assert (x < i + 1).all()
        assert (y > 0).all()
        assert (y < 1).all()
    frames[7, 0, 1] = (300, -200, 5)
    wild = cell(frames, cells=4)
    np.testing.assert_allclose(
        wild.collections[2].get_offsets(), tidy.collections[2].get_offsets(), atol=1e-6
    )


def test_a_raised_hand_stays_in_the_box() -> None:
    points = np.tile(POSE[:, :2].astype(np.float64), (50, 1))
    points[1] = (-0.3, 0.8)  # once in fifty frames
    middle, half = clip_box(points)
    assert (np.abs(points - middle) <= half + 1e-9).all()


def test_a_still_point_has_a_place() -> None:
    frames = np.zeros((2, 1, 4, 3), np.float32)
    frames[:, :, 0] = 1
    assert np.isfinite(cell(frames).collections[2].get_offsets()).all()


def test_short_clips_draw_the_frames_they_have() -> None:
    assert len(bones_and_dots(cell(still(2), cells=6))) == 2
    axes = cell(still(11), cells=3)
    assert [text.get_text() for text in axes.texts] == ["0", "5", "10"]


def test_draw_body_without_any_joint_is_empty() -> None:
    axes = new_figure(2.0, 2.0).subplots()
    draw_body(axes, np.zeros((4, 2)), np.zeros(4, bool), ARM)
    assert [len(c.get_paths()) for c in axes.collections[:1]] == [0]


@pytest.mark.parametrize(
    ("frames", "dims"),
    [(still()[:, :, :3], 3), (still()[:0], 3), (still()[..., :2], 3), (still(), 1)],
)
def test_a_clip_of_another_topology_is_named(tmp_path: Path, frames: np.ndarray, dims: int) -> None:
    with pytest.raises(EdgcnError, match=r"clip 'odd one'.*\(T, M, 4, C\).*'arms'.*got \("):
        contact_sheet([("odd one", frames)], ARM, tmp_path / "s.png", dims=dims, image_y_down=False)


def test_nothing_to_draw_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EdgcnError, match="at least one clip"):
        contact_sheet([], ARM, tmp_path / "s.png", dims=3, image_y_down=False)


# --- training curves --------------------------------------------------------------------------


def test_curves_of_one_row_and_of_none(tmp_path: Path, drawn: Drawn) -> None:
    pixels(training_curves([{"epoch": 1, "loss": 6.2, "lr": 0.01}], tmp_path / "one.png"))
    assert len(drawn[0].axes) == 2  # no kNN was measured
    assert drawn[0].axes[0].lines[0].get_marker() == "o"  # a line of one point is invisible
    assert all(tick == int(tick) for tick in drawn[0].axes[0].get_xticks())
    pixels(training_curves([], tmp_path / "none.png"))


def test_curves_show_what_each_row_has(tmp_path: Path, drawn: Drawn) -> None:
    rows: list[dict[str, Any]] = [
        {"epoch": 2, "loss": 4.0, "lr": 0.1, "knn_top1": 0.25},
        {"epoch": 1, "loss": None, "lr": 0.2},  # the queue was still filling
        {"epoch": 3, "loss": 3.0, "lr": 0.1},
        {"epoch": 3, "loss": 2.0, "lr": 0.1},
        {"epoch": 4, "loss": float("nan"), "lr": 0.1, "knn_top1": 0.5},
    ]
    training_curves(rows, tmp_path / "c.png")
    curves: Any = [axes.lines[0].get_xydata().tolist() for axes in drawn[0].axes]
    assert curves[0] == [[2, 4], [3, 2.5]]  # the mean of an epoch's rows
    np.testing.assert_allclose(curves[1], [[1, 0.2], [2, 0.1], [3, 0.1], [4, 0.1]])
    assert curves[2] == [[2, 25], [4, 50]]


def test_runs_overlay_by_name(tmp_path: Path, drawn: Drawn) -> None:
    row = {"epoch": 1, "loss": 1.0, "lr": 0.1}
    runs = {"_a $b$": [row], "empty": [], "c": [row | {"knn_top1": 0.5}]}
    pixels(training_curves(runs, tmp_path / "c.png"))
    assert [len(axes.lines) for axes in drawn[0].axes] == [3, 3, 3]
    (legend,) = drawn[0].legends
    assert len(legend.get_texts()) == 3


# --- confusion --------------------------------------------------------------------------------


def test_confusion_colors_are_shares_and_cells_are_counts(tmp_path: Path, drawn: Drawn) -> None:
    matrix = np.array([[3, 1, 0], [0, 0, 0], [2, 0, 2]])
    pixels(confusion_matrix_plot(matrix, ["<b>", "no clip", "5 $ or 6 $"], tmp_path / "c.png"))
    axes = drawn[0].axes[0]
    shares = axes.images[0].get_array()
    expected = np.array([[0.75, 0.25, 0], [0, 0, 0], [0.5, 0, 0.5]])
    np.testing.assert_allclose(shares, expected)
    counts = {text.get_position(): text.get_text() for text in axes.texts}
    assert counts == {(0, 0): "3", (1, 0): "1", (0, 2): "2", (2, 2): "2"}
    assert axes.get_title(loc="left") == "8 clips, 62.5 % right"
    assert axes.get_yticklabels()[1].get_text() == "no clip  (0)"


@pytest.mark.parametrize("size", [1, 20, 60])
def test_confusion_of_any_size(tmp_path: Path, drawn: Drawn, size: int) -> None:
    names = [f"a class name of some length {i}" for i in range(size)]
    matrix = np.random.default_rng(0).integers(0, 9, (size, size))
    image = pixels(confusion_matrix_plot(matrix, names, tmp_path / "c.png"))
    axes = drawn[0].axes[0]
    assert bool(axes.texts) == (size <= 20)
    letter = axes.get_yticklabels()[0].get_fontsize() / 72 * 130
    assert letter >= 12  # pixels
    assert letter * size < image.shape[0]  # names do not overlap


@pytest.mark.parametrize("size", [100, 300, 1000])
def test_confusion_of_many_classes_grows_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    saved: list[Any] = []

    def keep(figure: Any, path: Path) -> Path:
        saved.append(figure)
        return path

    monkeypatch.setattr("edgcn.reports.plots.save_figure", keep)
    names = [f"c{i}" for i in range(size)]
    confusion_matrix_plot(np.eye(size, dtype=int), names, tmp_path / "c.png")
    width, height = saved[0].get_size_inches() * saved[0].dpi
    assert max(width, height) < 3600  # pixels: 40 MB
    labels = [label.get_text() for label in saved[0].axes[0].get_xticklabels()]
    assert labels == names[:: size // 100]


def test_confusion_without_clips_is_quiet_and_of_another_size_an_error(
    tmp_path: Path, drawn: Drawn
) -> None:
    confusion_matrix_plot(np.zeros((2, 2), int), ["a", "b"], tmp_path / "c.png")
    assert drawn[0].axes[0].get_title(loc="left") == "0 clips, - % right"
    with pytest.raises(EdgcnError, match=r"\(3, 3\) for 3 classes, got \(2, 2\)"):
        confusion_matrix_plot(np.zeros((2, 2), int), ["a", "b", "c"], tmp_path / "c.png")


# --- embeddings -------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 29, 40])
@pytest.mark.parametrize("width", [1, 8])
def test_map_of_few_points(tmp_path: Path, n: int, width: int) -> None:
    features = np.random.default_rng(0).normal(size=(n, width)).astype(np.float32)
    labels = np.arange(n) % 2 - 1  # some unlabelled
    subjects = [f"s{i % 3}" for i in range(n)]
    path = embedding_map(features, labels, ["a"], tmp_path / "m.png", subjects=subjects)
    pixels(path)


def test_map_of_constant_features(tmp_path: Path) -> None:
    for value in (0.0, 1.0, 1e30):
        features = np.full((50, 6), value, np.float32)
        pixels(embedding_map(features, np.zeros(50, int), ["a"], tmp_path / "m.png"))


def test_flatten_below_30_points_is_the_first_two_principal_components() -> None:
    x = np.random.default_rng(0).normal(size=(20, 5)) * [9, 5, 1, 0.1, 0.1]
    points, method = flatten(x, seed=0)
    assert method == "PCA"
    centered = x - x.mean(0)
    variances = np.linalg.eigvalsh(centered.T @ centered)[::-1][:2]
    ratio = (points**2).sum(0) / variances
    assert ratio[0] == pytest.approx(ratio[1])  # up to one scale
    assert abs((points[:, 0] * points[:, 1]).sum()) < 1e-9


def test_flatten_keeps_clusters_together_and_is_the_same_again() -> None:
    rng = np.random.default_rng(0)
    group = np.arange(60) % 3
    x = (10 * np.eye(8)[group] + rng.normal(size=(60, 8))).astype(np.float32)
    points, method = flatten(x, seed=3)
    assert method == "t-SNE"
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    assert (group[distance.argmin(1)] == group).all()
    np.testing.assert_array_equal(points, flatten(x, seed=3)[0])


def test_map_samples_without_repeats_and_by_seed(
    tmp_path: Path, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgcn.reports.plots.MOST_POINTS", 20)
    features = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    for seed in (0, 0, 1):
        embedding_map(features, np.zeros(100, int), ["a"], tmp_path / "m.png", seed=seed)
    clouds = [np.asarray(figure.axes[0].collections[0].get_offsets()) for figure in drawn]
    assert len(np.unique(clouds[0], axis=0)) == 20
    np.testing.assert_array_equal(clouds[0], clouds[1])
    assert not np.array_equal(clouds[0], clouds[2])
    assert "20 of 100 clips" in drawn[0].axes[0].get_title(loc="left")


def test_sixty_classes_look_different_and_all_stand_in_the_legend(
    tmp_path: Path, drawn: Drawn
) -> None:
    looks = {(drawing.COLORS[i % 10], drawing.MARKERS[i // 10 % 6]) for i in range(60)}
    assert len(looks) == 60
    classes = [f"_{i}" for i in range(40)]  # a legend would leave these names out
    features = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    embedding_map(features, np.arange(40), classes, tmp_path / "m.png")
    legend = drawn[0].axes[0].get_legend()
    assert [text.get_text().strip() for text in legend.get_texts()] == classes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subjects": ["a"]}, "1 subjects"),
        ({"labels": np.array([0, 1, 2, 0])}, "labels below 2.*got 2"),
        ({"features": np.array([[1.0], [np.nan], [np.inf], [0.0]])}, "2 of 4 rows"),
        ({"features": np.zeros((0, 3)), "labels": np.zeros(0, int)}, "0 rows"),
    ],
)
def test_map_says_what_is_wrong(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    good = {"features": np.zeros((4, 3)), "labels": np.zeros(4, int), "subjects": None}
    with pytest.raises(EdgcnError, match=message):
        embedding_map(**(good | change), classes=["a", "b"], path=tmp_path / "m.png")


# --- results ----------------------------------------------------------------------------------


def test_bars_show_scores_intervals_and_which_are_baselines(tmp_path: Path, drawn: Drawn) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "Majority class", "top1": 0.4, "baseline": True},
        {"name": "random encoder", "top1": 0.35, "low": 0.3, "high": 0.45, "baseline": True},
        {"name": "EDGCN", "top1": 0.47, "low": 0.42, "high": 0.51},
        {"name": "not yet run", "top1": None},
        {"name": "random walk network", "top1": 0.2, "baseline": False},
    ]
    pixels(results_bars(rows, tmp_path / "b.png"))
    axes = drawn[0].axes[0]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([40, 35, 47, 0, 20])
    gray = [to_hex(bar.get_facecolor()) == drawing.BASELINE for bar in axes.patches]
    assert gray == [True, True, False, False, False]
    whiskers = [line for line in axes.lines if line.get_marker() == "|"]
    np.testing.assert_allclose([w.get_xdata() for w in whiskers], [[30, 45], [42, 51]])
    (dashed,) = (line for line in axes.lines if line.get_linestyle() == "--")
    assert dashed.get_xdata()[0] == pytest.approx(40)
    assert axes.yaxis_inverted()  # the first row on top
    assert axes.get_xlim()[1] > 51


def test_bars_of_one_missing_score_and_of_none(tmp_path: Path) -> None:
    pixels(results_bars([{"name": "x", "top1": None}], tmp_path / "b.png"))
    pixels(results_bars([{"name": "majority", "top1": 0.0}], tmp_path / "b.png"))
    with pytest.raises(EdgcnError, match="at least one row"):
        results_bars([], tmp_path / "b.png")
    with pytest.raises(EdgcnError, match="divide percentages by 100"):
        results_bars([{"name": "x", "top1": 46.9}], tmp_path / "b.png")


def test_few_labels_have_baselines_of_their_own(tmp_path: Path, drawn: Drawn) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "majority class", "top1": 0.2, "baseline": True, "labels": ""}
    ]
    for labels, scores in (("1 per class", (0.1, 0.3)), ("5 per class", (0.4, 0.6))):
        rows += [
            {
                "name": f"{base}, {labels}",
                "top1": score,
                "baseline": base == "raw",
                "labels": labels,
            }
            for base, score in zip(("raw", "EDGCN"), scores, strict=True)
        ]
    pixels(results_bars(rows, tmp_path / "b.png"))
    dashed = [line for line in drawn[0].axes[0].lines if line.get_linestyle() == "--"]
    spans = [(line.get_xdata()[0], *line.get_ydata()) for line in dashed]
    np.testing.assert_allclose(spans, [(20, 0.5, 2.5), (40, 2.5, 4.5)])
    assert drawn[0].axes[0].get_title(loc="right") == "dashed: best baseline with as many labels"


LONG = "scratching the back of the left hand with the fingers of the right one again and again"


def test_long_names_wrap_and_the_picture_stays_narrow(tmp_path: Path, drawn: Drawn) -> None:
    rows = [{"name": f"{LONG}, {i}", "top1": 0.5, "low": 0.4, "high": 0.6} for i in range(3)]
    assert pixels(results_bars(rows, tmp_path / "b.png")).shape[1] <= 1280
    names = [f"{LONG} {i}" for i in range(9)]
    assert pixels(
        confusion_matrix_plot(np.eye(9, dtype=int), names, tmp_path / "c.png")
    ).shape[1] <= 1280  # fmt: skip
    for figure, most in zip(drawn, (36, 28), strict=True):
        for label in figure.axes[0].get_yticklabels():
            lines = label.get_text().split("\n")
            assert 1 < len(lines) <= 3
            assert max(len(line) for line in lines[:-1]) <= most


@pytest.mark.parametrize("text", [LONG, "x" * 90, "a b", "", "$a$ _b_ " * 20])
def test_wrapped_names_keep_their_words(text: str) -> None:
    lines = wrapped(text, 20).split("\n")
    assert len(lines) <= 3
    assert all(len(line.replace("\\$", "$").strip()) <= 20 for line in lines)
    joined = "".join(lines).replace("\\$", "$").replace("\u2009", "").replace(" …", "")
    assert text.replace(" ", "").startswith(joined.replace(" ", "").rstrip("…"))


# --- the files --------------------------------------------------------------------------------


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [{"name": "x", "top1": 0.5, "low": 0.4, "high": 0.6}]
    one, two = (results_bars(rows, tmp_path / name) for name in ("1.png", "2.png"))
    assert one.read_bytes() == two.read_bytes()


def test_the_ending_picks_the_format(tmp_path: Path) -> None:
    rows = [{"name": "x", "top1": 0.5}]
    assert b"<svg" in results_bars(rows, tmp_path / "new" / "b.svg").read_bytes()
    assert results_bars(rows, tmp_path / "b.PDF").read_bytes().startswith(b"%PDF")
    with pytest.raises(EdgcnError, match=r"b\.doc: expected a figure's name to end in one of"):
        results_bars(rows, tmp_path / "b.doc")


@pytest.mark.parametrize("text", ["$a$", "a_$x^$", r"\$", "_x", "$\\frac$"])
def test_names_are_never_formulas(text: str) -> None:
    figure = new_figure(1.0, 1.0)
    drawn: Any = figure.text(0, 0, literal(text))
    figure.canvas.draw()
    shown, is_math = drawn._preprocess_math(drawn.get_text())
    assert is_math is False
    assert shown.strip() == text


def test_importing_reports_loads_no_matplotlib_and_drawing_no_pyplot() -> None:
    code = (
        "import sys, edgcn.reports.bars as r, pathlib, tempfile\n"
        "from edgcn.reports import exports, html, paper_table, plots, sticks, tables\n"
        "assert not {'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "r.results_bars([{'name': 'x', 'top1': .5}], pathlib.Path(tempfile.mkdtemp(), 'x.png'))\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'sklearn' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
