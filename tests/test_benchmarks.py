"""What the benchmarks compute from what they time, how they show it, and what they refuse."""

import ast
import io
import itertools
import json
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from benchmarks import __main__ as command
from benchmarks import encoders, long_tables, prepare, ranks, report, roofline, stock, timing
from benchmarks.counting import bytes_moved, forward_work
from benchmarks.machine import describe
from benchmarks.markdown import markdown
from benchmarks.work import TOPOLOGY, Case, iteration, write_synthetic
from benchmarks.worker import Answers, Worker, serve
from edgcn.base.errors import EdgcnError
from edgcn.models.cost import recurrent_flop

MACHINE: dict[str, Any] = {
    "cpu": "a processor",
    "cores": 2,
    "memory_gb": 8.0,
    "load": 0.0,
    "date": "2026-01-02T03:04",
    "versions": {"torch": "2", "python": "3"},
    "revision": "abc",
    "ceilings": {
        "1": {"float32": 50.0, "bfloat16": 100.0, "copy": 5.0},
        "2": {"float32": 100.0, "bfloat16": 200.0, "copy": 10.0},
    },
}
COUNTED = {
    "parameters": 1000,
    "training_gflop": 2.0,
    "training_elements": 1e6,
    "inference_gflop": 1.0,
    "inference_elements": 1e6,
}
PLACE: dict[str, Any] = {"name": "edgcn", "bodies": 1, "precision": "float32", "threads": 2}


def cell(mode: str, batch: int, **measured: Any) -> dict[str, Any]:
    return PLACE | {"mode": mode, "batch": batch} | measured


def results() -> dict[str, Any]:
    """One preset, one cell of each mode, and one that was not run."""
    cells = [cell(mode, 32, **timing.summary([2.0], batch=32)) for mode in timing.MODES]
    for row in cells:
        row |= encoders.reached(row, COUNTED, MACHINE["ceilings"]["2"])
    cells.append(cell("step", 256, skipped="about 99 s an iteration"))
    used = {"allocated": 8.0, "resident": 10.0}
    memory = {f"{mode} {precision}": used for mode, precision in encoders.MEMORY}
    presets = {"edgcn": {"1": COUNTED, "2": COUNTED, "memory": memory}}
    measured = {"patience": 10.0, "presets": presets, "cells": cells}
    return {"command": "make bench", "sections": {"machine": MACHINE, "encoders": measured}}


@pytest.mark.parametrize("batch", [1, 4])
def test_a_linear_layer_is_two_operations_a_weight_and_row(batch: int) -> None:
    work = forward_work(nn.Linear(5, 7), torch.randn(batch, 3, 5))
    assert work["gflop"] * 1e9 == pytest.approx(2 * 3 * 5 * 7)
    assert work["elements"] == 3 * 7


def test_a_product_added_in_place_counts() -> None:
    class Twice(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            product: Tensor = (x @ x).addmm_(x, x)
            return product

    assert forward_work(Twice(), torch.randn(6, 6))["gflop"] * 1e9 * 6 == 2 * 2 * 6**3


def test_an_lstm_by_formula_is_its_products() -> None:
    """The reference: the same four gates, of plain layers that are counted."""
    by_input = forward_work(nn.Linear(8, 4 * 16), torch.randn(1, 8))["gflop"]
    by_state = forward_work(nn.Linear(16, 4 * 16), torch.randn(1, 16))["gflop"]
    assert recurrent_flop(nn.LSTM(8, 16)) == pytest.approx(1e9 * (by_input + by_state))


def test_bytes_grow_with_the_batch_and_halve_in_bfloat16() -> None:
    def moved(batch: int, precision: str, training: bool) -> float:
        return bytes_moved(
            elements=100, parameters=0, batch=batch, precision=precision, training=training
        )

    assert moved(2, "float32", False) == 2 * moved(1, "float32", False)
    assert moved(1, "bfloat16", True) * 2 == moved(1, "float32", True) > moved(1, "float32", False)


def test_fraction_of_a_ceiling() -> None:
    assert timing.fraction(gflop=100, seconds=2, ceiling=200) == 0.25


@pytest.mark.parametrize(("mode", "gflop"), [("inference", 1), ("training", 6), ("step", 8)])
def test_a_step_is_four_forward_passes_and_a_gradient_three(mode: str, gflop: float) -> None:
    row = cell(mode, 10, **timing.summary([4.0, 1.0, 2.0], batch=10))
    assert row["clips_per_second"] == 5
    reached = encoders.reached(row, COUNTED, {"float32": 50.0, "bfloat16": 1.0})
    assert reached == {"gflop_per_second": 10 * gflop / 2, "fraction": 10 * gflop / 2 / 50}


def test_the_first_run_warms_up_unless_it_is_long() -> None:
    runs = itertools.count()
    assert len(timing.seconds_of(lambda: next(runs), budget=1e-4, least=3)) >= 3
    assert next(runs) > 3  # one more than were counted
    assert len(timing.seconds_of(lambda: next(runs), budget=-1.0)) == 1


def test_what_is_too_long_or_too_large_is_named() -> None:
    long: dict[str, Any] = {"seconds": 1.0, "batch": 1, "wanted": 32}
    assert timing.too_long(**long, patience=33) is None
    assert "32 s" in (timing.too_long(**long, patience=31) or "")
    large: dict[str, Any] = {"megabytes": 1000.0, "clips": 16, "wanted": 32}
    assert timing.too_large(**large, free=3000.0) is None
    assert "2.0 GB, 2.5 GB free" in (timing.too_large(**large, free=2500.0) or "")


class Pretend:
    """A worker whose cells take a second for each clip."""

    def ask(self, do: str, *, case: Case | None = None, budget: float = 0.0) -> list[float] | None:
        return [float(case.batch)] if case is not None and do == "time" else None


def pretended(used: float) -> list[dict[str, Any]]:
    each: dict[str, float | None] = {"allocated": used, "resident": used}
    memory = {f"{mode} {kind}": each for mode, kind in encoders.MEMORY}
    plan: dict[str, Any] = {"bodies": 2, "quick": False, "patience": 40.0, "free": 1000.0}
    return list(encoders.cells(cast(Worker, Pretend()), "edgcn", memory, **plan))


def test_cells_stop_at_patience_and_say_why() -> None:
    made = pretended(1.0)
    assert {row["batch"] for row in made if "seconds" in row} == {1, 32}
    left = [row for row in made if row["batch"] == 256]
    assert left
    assert all("256 s" in row["skipped"] for row in left)


def test_cells_stop_at_the_memory_that_is_free() -> None:
    """16 clips of one body need 200 MB, so 32 of two bodies need 800 of 700 that may be used."""
    made = pretended(200.0)
    assert {row["batch"] for row in made if "seconds" in row} == {1}
    assert all("0.8 GB, 1.0 GB free" in row["skipped"] for row in made if row["batch"] == 32)


def test_tables_show_every_cell_and_the_reason_of_a_skipped_one() -> None:
    text = report.tables(results(), figure="x.png")
    assert "16 (16 %)" in text  # 32 clips in 2 s; inference: 16 of 100 GFLOP/s
    assert "skipped: about 99 s an iteration" in text
    assert "make bench" in text
    assert describe(MACHINE) in text


def test_tables_are_rectangular() -> None:
    lines = report.tables(results(), figure="x.png").splitlines()
    for _, block in itertools.groupby(lines, key=lambda line: line.startswith("|")):
        rows = list(block)
        if rows[0].startswith("|"):
            assert len({row.count("|") for row in rows}) == 1
    assert markdown(["a", "b"], [["x", 1]]).splitlines()[1] == "| --- | ---: |"


def test_ratios_are_of_medians() -> None:
    ours, theirs = Case("edgcn", "step", 32), Case("stock", "training", 16, options={"a": 1})
    seconds = {
        ("ours", "edgcn", 32): [1.0, 2.0, 9.0],
        ("stock", "stock", 16): [4.0, 8.0, 5.0],
        ("kept", "stock", 16): [4.0, 4.0, 4.0],
    }
    row = stock.compare(ours, theirs, seconds)
    assert row["ours"] == 16
    assert row["ratio"] == 16 / (16 / 5)
    assert row["ratio_kept"] == 4
    text = stock.table({"threads": 2, "speed": [row], "memory": []})
    assert "**5.00**" in text


def test_allocated_memory_is_what_is_held_at_once() -> None:
    def run() -> None:
        first = torch.empty(250_000)  # 1 MB
        second = torch.empty(750_000)
        del first
        torch.empty(500_000)
        del second

    assert timing.allocated_megabytes(run) == pytest.approx(5, rel=0.01)


def test_turns_alternate_and_the_first_warms_up() -> None:
    turns: list[str] = []

    class Side:
        def __init__(self, name: str) -> None:
            self.name = name

        def ask(self, do: str, *, case: Case) -> float:
            turns.append(self.name)
            return float(len(turns))

    ours = [Case("a", "step", 1), Case("b", "step", 1)]
    theirs = Case("stock", "training", 1)
    workers = {side: cast(Worker, Side(side)) for side in stock.SIDES}
    seconds = stock.take_turns(workers, ours, theirs, rounds=2)
    assert turns == ["ours", "stock", "ours", "kept"] * 3
    assert seconds["ours", "a", 1] == [5.0, 9.0]


def test_ranks_stand_beside_one_rank() -> None:
    rows: list[dict[str, Any]] = [
        {"name": "edgcn", "ranks": n, "epochs": [], "clips_per_second": 10.0 * n} for n in (1, 2)
    ]
    assert "2.00" in ranks.table({"rows": rows})
    assert "one core" in ranks.table({"skipped": "one core only"})


def test_labels_keep_their_order_and_distance() -> None:
    heights = [0.1, 0.1, 0.12, 0.5, 0.98, 0.99]
    placed = roofline.spread(heights, gap=0.05)
    assert all(after - before > 0.0499 for before, after in itertools.pairwise(placed))
    assert max(placed) <= 1
    assert roofline.spread([0.2, 0.6], gap=0.05) == [0.2, 0.6]


def test_the_figure_is_drawn_from_measured_points(tmp_path: Path) -> None:
    measured = results()["sections"]["encoders"]
    assert roofline.draw(MACHINE, measured, tmp_path / "roofline.png").stat().st_size > 10_000
    (point,) = roofline.points(measured, "inference", 2)
    assert point["y"] == 16
    moved = 2 * 1e6 * 32 * 4 + 4 * 1000
    assert point["x"] == pytest.approx(32e9 / moved)


def test_docs_get_the_tables_between_their_marks(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{report.BEGIN}\nearlier tables\n{report.END}\nafter\n")
    report.write(results(), tmp_path / "bench")
    report.write_docs(tmp_path / "bench", page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "earlier tables" not in text
    assert "skipped: about 99 s" in text
    assert (tmp_path / "performance-roofline.png").exists()
    report.write_docs(tmp_path / "bench", page)
    assert page.read_text() == text
    page.write_text("no marks")
    with pytest.raises(EdgcnError, match="bench:begin"):
        report.write_docs(tmp_path / "bench", page)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "machine,encoder"], "did you mean 'encoders'"),
        (["--only", "stock"], "--peer-msg3d DIR"),
        (["--peer-msg3d", "."], "model/msg3d.py"),
        (["--patience", "long"], "--patience"),
        (["--hurry"], "--hurry"),
    ],
)
def test_wrong_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_the_command_shows_no_folder(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "msg3d.py").touch()
    options = command.parse(["--peer-msg3d", str(tmp_path), "--quick", "--out", str(tmp_path)])
    assert command.command(options) == "make bench BENCH='--peer-msg3d DIR --quick'"
    assert command.command(command.parse([])) == "make bench"
    assert "stock" in command.chosen(None, tmp_path)
    assert "stock" not in command.chosen(None, None)
    assert command.chosen("ranks", None) == ["machine", "ranks"]


def test_a_worker_answers_line_by_line() -> None:
    case = {"name": "ascal-lstm", "mode": "step", "batch": 1}
    requests = [{"do": "count", "case": case}, {"do": "forget"}]
    replies = io.StringIO()
    lines = io.StringIO("".join(json.dumps(request) + "\n" for request in requests))
    serve(Answers(stores=None, peer=None), lines, replies)
    counted, forgotten = map(json.loads, replies.getvalue().splitlines())
    frames, width = 64, 3 * len(TOPOLOGY)
    assert counted["training_gflop"] * 1e9 == frames * 2 * 4 * 256 * (width + 256)
    assert forgotten is None


@pytest.mark.parametrize("mode", timing.MODES)
@pytest.mark.parametrize("bodies", [1, 2])
def test_every_mode_runs(mode: str, bodies: int, tmp_path: Path) -> None:
    write_synthetic(tmp_path / f"bodies{bodies}", clips=5, bodies=bodies)
    run = iteration(Case("ascal-lstm", mode, 2, "bfloat16", bodies, 1), stores=tmp_path)
    run()
    run()


def test_prepared_files_are_ntu_files_that_both_readers_read_alike(tmp_path: Path) -> None:
    size = prepare.write_set(tmp_path / "set", files=60)
    paths = sorted((tmp_path / "set").rglob("*.skeleton"))
    assert len(paths) == 60
    assert sum(path.stat().st_size for path in paths) == size
    prepare.check_same(paths[::7])


def test_a_long_table_is_what_both_references_read(tmp_path: Path) -> None:
    size = long_tables.write_csv(tmp_path / "a.csv", frames=6)
    assert size == (tmp_path / "a.csv").stat().st_size
    ours, plain = (read(tmp_path / "a.csv", 5)
                   for read in (long_tables.numpy_reads, long_tables.python_reads))  # fmt: skip
    assert ours.shape == (5, len(long_tables.COLUMNS))
    assert (ours == plain).all()
    row = {"frames": 1000, "megabytes": 2.5, "seconds": 2.0, "processor": 0.02, "peak": 200.0}
    made = long_tables.table({"files": [row | {"load": 1.0}], "numpy": 4e-5, "python": 6e-5})
    assert "| **2.00** | 3.00 |" in made


def test_no_prepared_file_replaces_another() -> None:
    assert len({prepare.file_name(index) for index in range(prepare.NTU_60)}) == prepare.NTU_60


def test_preparing_beside_the_reference() -> None:
    row: dict[str, Any] = {
        "files": 100,
        "megabytes": 30.0,
        "seconds": 2.0,
        "first_batch": 0.01,
        "peak": None,
    }
    row |= {"processes": 3, "store_bytes": 5000}
    made = prepare.table(
        {"fraction": 0.1, "sets": [row], "plain": 5.0, "named": 4.0, "alone": 20.0}
    )
    assert "| 50 | 50 | 10 | - | 3 | **10.0** |" in made
    assert "(4.0 times)" in made


ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "benchmarks").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_benchmarks_import_no_tests(path: Path) -> None:
    """The slow transcription is theirs; the tests take their reference from there."""
    tests = {file.stem for file in (ROOT / "tests").iterdir()} | {"tests"}
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {name.partition(".")[0] for name in names} & tests
