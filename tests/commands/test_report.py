"""Evaluations on one page: whatever folders are named, seeds in one row, tables in order."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.files import read_json, write_json
from edgcn.commands.evaluate import EvaluateConfig, evaluate
from edgcn.commands.report import ReportConfig, collect, command, report, results_in
from edgcn.evaluation.rows import Kind, Row
from helpers import tiny_store
from tiny_runs import tiny_run

TITLE = "EDGCN (edgcn-s)"
PLACES: dict[Kind, str] = {"majority": "majority class", "raw": "raw coordinates",
                           "random": "random encoder", "method": TITLE}  # fmt: skip


def made_up(
    folder: Path, score: float = 0.1, *, protocol: str = "linear", seed: int = 0,
    store: str = "stores/smg", contents: str = "f00d", learned: str = "", **changes: Any,
) -> Path:  # fmt: skip
    """An evaluation below a run, with top-1 values that are made up: `score` plus 0.1 a row."""
    rows = [
        Row(kind, name, {"top1": score + place / 10, "low": 0.1, "high": 0.9}, 30,
            learned=learned if kind == "method" else "")
        for place, (kind, name) in enumerate(PLACES.items())
    ]  # fmt: skip
    results = {
        "rows": [row.to_dict() for row in rows],
        "store": store,
        "store_fingerprint": contents,
        "split": "mine",
        "protocol": protocol,
        "protocol_settings": {},
        "readout": "mean",
        "title": TITLE,
        "transfer": {},
        "notes": ["made up"],
        "model": {"config": {"encoder": "edgcn-s", "store": "stores/ntu", "seed": seed},
                  "seed": seed, "name": str(folder), "digest": "0"},
        "overlap_text": f"{learned} were in the pre-training" if learned else "",
    }  # fmt: skip
    path = folder / "evaluations" / f"{Path(store).name}-mine-{protocol}"
    path.mkdir(parents=True)
    write_json(path / "results.json", results | changes)
    return path


def write(*folders: Path, out: Path, **settings: Any) -> tuple[Path, str]:
    """The page's path, and what report.md says."""
    config = ReportConfig(runs=folders, out=out)
    page = report(config, say=lambda line: None, **settings)
    return page, (out / "report.md").read_text()


def test_any_folder_stands_for_the_results_below_it(tmp_path: Path) -> None:
    paths = [made_up(tmp_path / "runs" / str(seed), 0.1 * seed, seed=seed) for seed in range(3)]
    for folders in (
        [tmp_path],
        [tmp_path / "runs" / str(seed) for seed in range(3)],
        paths,
        [tmp_path, *paths, tmp_path / "runs"],  # each result once
    ):
        (table,) = collect(list(results_in(folders)))
        assert table.heading == "smg, split mine, linear"
        assert [each.row.name for each in table.rows] == list(PLACES.values())
        assert [each.row.main for each in table.rows] == pytest.approx([0.1, 0.2, 0.3, 0.4])
        assert table.rows[-1].row.seeds == (0, 1, 2)


def test_a_folder_without_an_evaluation_is_named(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    with pytest.raises(EdgcnError, match=r"bare holds no evaluation; .*edgcn evaluate .*bare"):
        list(results_in([tmp_path / "bare"]))
    with pytest.raises(EdgcnError, match="expected runs to report on, got none"):
        report(ReportConfig(runs=(), out=tmp_path / "page"))


def test_what_is_no_result_is_named(tmp_path: Path) -> None:
    path = made_up(tmp_path / "run", rows=[{"kind": "method"}]) / "results.json"
    with pytest.raises(FileError, match=r"results\.json: .*rows\.0\.name is missing"):
        collect(list(results_in([tmp_path])))
    write_json(path, {"loss": 3})
    with pytest.raises(FileError, match=r"results\.json: not what edgcn writes"):
        collect(list(results_in([tmp_path])))


def test_tables_go_by_store_and_then_from_cheap_protocols_to_dear_ones(tmp_path: Path) -> None:
    order = ["linear", "logistic", "knn", "semi", "few-shot", "supervised", "finetune", "fitted",
             "a new one"]  # fmt: skip
    for protocol in reversed(order):
        made_up(tmp_path / "run", protocol=protocol)
        made_up(tmp_path / "run", protocol=protocol, store="stores/imigue")
    tables = collect(list(results_in([tmp_path])))
    assert [table.protocol for table in tables] == order * 2
    stores = [table.heading.split(",")[0] for table in tables]
    assert stores == ["imigue"] * len(order) + ["smg"] * len(order)


def test_two_stores_of_one_name_are_two_tables(tmp_path: Path) -> None:
    made_up(tmp_path / "a")
    made_up(tmp_path / "b", contents="beef0000123")
    headings = [table.heading for table in collect(list(results_in([tmp_path])))]
    assert headings == [
        "smg, split mine, linear",
        "smg, split mine, linear (contents beef0000)",
    ]


def test_seeds_have_their_spread_and_overlaps_are_in_the_row(tmp_path: Path) -> None:
    for seed, score in ((0, 0.1), (1, 0.3)):
        made_up(tmp_path / "runs" / str(seed), score, seed=seed, learned="6/6 people")
    page, markdown = write(tmp_path / "runs", out=tmp_path / "page")
    header, last = (next(line for line in markdown.splitlines() if line.startswith(start))
                    for start in ("| method", f"| {TITLE}"))  # fmt: skip
    cells = dict(zip(*([cell.strip() for cell in line.split("|")] for line in (header, last)),
                     strict=True))  # fmt: skip
    assert cells["± over seeds %"] == "10.0"
    assert cells["learned from"] == "6/6 people"
    assert cells["seeds"] == "0, 1"
    assert cells["best baseline %"] == "40.0"
    for note in ("made up", "6/6 people were in the pre-training"):
        assert markdown.count(note) == page.read_text().count(note) == 1
    (tmp_path / "none").mkdir()
    made_up(tmp_path / "none" / "run")
    assert "learned from" not in write(tmp_path / "none", out=tmp_path / "other")[1]


def test_settings_that_differ_are_rows_compared_seed_by_seed(tmp_path: Path) -> None:
    for number, (lr, seed, score) in enumerate(
        ((0.1, 0, 0.1), (0.1, 1, 0.2), (0.5, 0, 0.15), (0.5, 1, 0.35))
    ):
        model = {"config": {"encoder": "edgcn-s", "store": "s", "lr": lr}, "seed": seed}
        made_up(tmp_path / str(number), score, model=model)
    _, markdown = write(tmp_path, out=tmp_path / "page")
    lines = [line for line in markdown.splitlines() if TITLE in line]
    assert f"{TITLE}, lr 0.1" in lines[0]
    assert f"{TITLE}, lr 0.5" in lines[1]
    assert "+10.0 ±5.0" in lines[1]
    assert markdown.count("To the first method: the difference in points") == 1


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two seeds, really trained and evaluated."""
    folder = tmp_path_factory.mktemp("runs")
    store = tiny_store(folder, clips=40).path
    made = [tiny_run(store, folder / f"seed{seed}", epochs=2, seed=seed) for seed in (0, 1)]
    for run in made:
        settings: dict[str, Any] = {"protocol_settings": {"epochs": 3}, "figures": run is made[0]}
        config = EvaluateConfig(model=str(run), store=store, **settings)
        evaluate(config, say=lambda line: None)
    return made


def test_the_page(runs: list[Path], tmp_path: Path) -> None:
    said: list[str] = []
    config = ReportConfig(runs=tuple(runs), out=tmp_path / "page")
    page = report(config, title="My page", intro="About it.", say=said.append)
    text = page.read_text()
    assert page == tmp_path / "page" / "report.html"
    for words in ("My page", "About it.", "tiny, split people, linear", "made for tests",
                  "confusion and map", "Training"):  # fmt: skip
        assert words in text
    markdown = (page.parent / "report.md").read_text()
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 4
    assert TITLE in lines[-1]
    assert "0, 1" in lines[-1]
    assert "made for tests" in markdown
    assert any(TITLE in line for line in said)


def test_the_page_stands_alone(runs: list[Path], tmp_path: Path) -> None:
    text = write(*runs, out=tmp_path / "page")[0].read_text()
    shutil.rmtree(tmp_path / "page")
    assert "://" not in text.replace("http://www.w3.org", "")
    assert "data:image/png;base64," in text


def test_a_page_is_not_replaced_unless_asked(runs: list[Path], tmp_path: Path) -> None:
    config = ReportConfig(runs=tuple(runs), out=tmp_path / "page")
    page = tmp_path / "page" / "report.html"
    assert command(config) == f"wrote {page}   next: open it in a browser"
    before = page.read_bytes()
    with pytest.raises(EdgcnError, match=r"exists already; .* --overwrite"):
        report(config, title="other")
    assert page.read_bytes() == before
    again = config.model_copy(update={"overwrite": True})
    report(again, title="other", say=lambda line: None)
    assert page.read_bytes() != before
    kept = read_json(next(runs[0].rglob("results.json")))
    assert kept["model"]["seed"] == 0


def test_names_and_notes_are_text_on_every_page(tmp_path: Path) -> None:
    made_up(tmp_path / "run", store="stores/<script>x", notes=["<script>alert(1)</script> *a*"])
    page, markdown = write(tmp_path / "run", out=tmp_path / "out")
    assert r"\<script\>alert(1)\</script\> \*a\*" in markdown
    for text in (markdown.replace(r"\<", ""), page.read_text()):
        assert "<script" not in text


def test_a_picture_from_elsewhere_is_not_taken(tmp_path: Path) -> None:
    folder = made_up(tmp_path / "run")
    (tmp_path / "secret.png").write_bytes(b"\x89PNG\r\n secret")
    (folder / "confusion.png").symlink_to(tmp_path / "secret.png")
    lines: list[str] = []
    page = report(ReportConfig(runs=(tmp_path / "run",), out=tmp_path / "out"), say=lines.append)
    assert any("confusion.png, which is a link to a file elsewhere" in line for line in lines)
    assert "confusion and map" not in page.read_text()
    (folder / "confusion.png").unlink()
    (folder / "confusion.png").write_text("TOP SECRET")  # and no picture
    with pytest.raises(FileError, match=r"confusion\.png: expected a figure, image/png"):
        write(tmp_path / "run", out=tmp_path / "other")


def test_results_that_are_links_are_nobodys(tmp_path: Path) -> None:
    made_up(tmp_path / "mine", 0.1)
    other = made_up(tmp_path / "other", 0.4, protocol="knn")
    (tmp_path / "mine" / "evaluations" / "linked").symlink_to(other)
    (tmp_path / "mine" / "results.json").symlink_to(other / "results.json")
    found = list(results_in([tmp_path / "mine"]))
    assert [data["protocol"] for _, data in found] == ["linear"]


def test_nothing_is_written_over_but_a_report(tmp_path: Path) -> None:
    made_up(tmp_path / "run")
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    write(tmp_path / "run", out=out)  # beside other files, but over none
    (out / "report.html").unlink()
    for overwrite in (False, True):
        config = ReportConfig(runs=(tmp_path / "run",), out=out, overwrite=overwrite)
        with pytest.raises(EdgcnError, match=r"holds report\.md, results-1\.png, but no report"):
            report(config, say=lambda line: None)
    assert (out / "notes.txt").read_text() == "mine"
