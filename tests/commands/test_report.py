"""Several runs on one page: seeds of one setting are one row, other settings are other rows."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError
from edgcn.commands.config import EvaluateConfig, PretrainConfig
from edgcn.commands.evaluate import evaluate
from edgcn.commands.report import collect, report
from edgcn.runs import read_json, write_json
from helpers import tiny_store
from tiny_runs import tiny_run

NAMES = ("majority class", "raw coordinates", "random encoder", "EDGCN (edgcn-s)")
PLACE = {name: number for number, name in enumerate(NAMES)}


def made_up(folder: Path, *, score: float, readout: str = "mean", **settings: Any) -> Path:
    """A run with one evaluation whose top-1 values are made up: `score` plus 0.1 a row."""
    values = {"store": "stores/ntu", "encoder": "edgcn-s", **settings}
    probe = values.pop("probe", {})
    config = PretrainConfig(recipe="paper", out=folder, **values).model_dump(mode="json")
    rows = []
    for name, place in PLACE.items():
        numbers = dict.fromkeys(("top5", "macro_f1", "mean_class", "low", "high"), 0.5)
        row = {"name": name, "baseline": place < 3, "n": 30, "top1": score + place / 10}
        rows.append(row | numbers)
    results = {
        "rows": rows,
        "store": "stores/smg",
        "split": "mine",
        "protocol": "linear",
        "readout": readout,
        "run_seed": config["seed"],
        "note": "made up",
        "config": EvaluateConfig(run=folder, store="s", **probe).model_dump(mode="json"),
    }
    path = folder / f"smg-mine-linear-{readout}"
    path.mkdir(parents=True)
    write_json(folder / "run.json", {"config": config})
    write_json(path / "results.json", results)
    return folder


def table(*runs: Path) -> dict[str, dict[str, Any]]:
    """The rows of the only table, by name."""
    tables = collect(runs)
    assert list(tables) == ["smg, split mine, linear"]
    return {row["name"]: row for row in tables["smg, split mine, linear"]}


def test_ways_to_meet_another_skeleton_are_rows_of_their_own(tmp_path: Path) -> None:
    runs = [made_up(tmp_path / str(number), score=0.1 * number) for number in range(3)]
    for run, skeleton in zip(runs[:2], ("remap", "rebuild"), strict=True):
        path = run / "smg-mine-linear-mean" / "results.json"
        transfer = {"skeleton": skeleton, "third": "keep", "notes": []}
        write_json(path, read_json(path) | {"transfer": transfer})  # the third is an older result
    rows = table(*runs)
    assert [rows[f"random encoder (edgcn-s), skeleton {how}"]["top1"] for how in
            ("remap", "rebuild")] == pytest.approx([0.3, 0.3])  # fmt: skip
    assert len(rows) == 6


def test_seeds_of_one_setting_are_one_row(tmp_path: Path) -> None:
    runs = [
        made_up(tmp_path / str(seed), score=score, seed=seed, threads=seed)
        for seed, score in ((2, 0.3), (0, 0.1), (1, 0.2))
    ]
    rows = table(*runs)
    assert list(rows) == [
        "majority class",
        "raw coordinates",
        "random encoder (edgcn-s)",
        "EDGCN (edgcn-s), lr 0.01, 60 epochs",
    ]
    assert [row["top1"] for row in rows.values()] == pytest.approx([0.2, 0.3, 0.4, 0.5])
    last = list(rows.values())[-1]
    assert last["seeds"] == [0, 1, 2]
    assert last["spread"] == pytest.approx(0.0816, abs=1e-4)
    assert (last["n"], last["note"], last["baseline"]) == (30, "made up", False)


OTHER_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"temperature": 0.2}, "temperature 0.2"),
    ({"normalize": "canonical"}, "normalize canonical"),
    ({"store": "stores/imigue"}, "store imigue"),
    ({"lr": 0.1}, "lr 0.1"),
    ({"augmentations": ("noise", "blur")}, "augmentations noise blur"),
    ({"probe": {"lr": 0.3}}, "probe lr 0.3"),
    ({"readout": "pyramid"}, "pyramid"),
]


@pytest.mark.parametrize(
    ("other", "told"), OTHER_SETTINGS, ids=[told for _, told in OTHER_SETTINGS]
)
def test_other_settings_are_other_rows_that_say_so(
    other: dict[str, Any], told: str, tmp_path: Path
) -> None:
    first = made_up(tmp_path / "a", score=0.1)
    second = made_up(tmp_path / "b", score=0.3, **other)
    methods = [row for row in table(first, second).values() if not row["baseline"]]
    assert [row["top1"] for row in methods] == pytest.approx([0.4, 0.6])
    assert told in methods[1]["name"]
    assert told not in methods[0]["name"]


def test_an_untrained_encoder_is_averaged_only_over_what_it_depends_on(tmp_path: Path) -> None:
    runs = [
        made_up(tmp_path / "a", score=0.1),
        made_up(tmp_path / "b", score=0.3, temperature=0.2),
        made_up(tmp_path / "c", score=0.5, readout="pyramid"),
        made_up(tmp_path / "d", score=0.6, frames=32),
    ]
    found = {name: row for name, row in table(*runs).items() if name.startswith("random")}
    assert [row["top1"] for row in found.values()] == pytest.approx([0.4, 0.7, 0.8])
    assert "pyramid" in list(found)[1]
    assert "frames 32" in list(found)[2]


def test_a_run_without_an_evaluation_is_named(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    with pytest.raises(EdgcnError, match=r"bare holds no evaluation; .*edgcn evaluate .*bare"):
        collect([tmp_path / "bare"])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two seeds, really trained and evaluated."""
    folder = tmp_path_factory.mktemp("runs")
    store = tiny_store(folder, clips=40).path
    made = [tiny_run(store, folder / f"seed{seed}", epochs=2, seed=seed) for seed in (0, 1)]
    for run in made:
        config = EvaluateConfig(run=run, store=store, epochs=3, figures=run is made[0])
        evaluate(config, say=lambda line: None)
    return made


def test_the_page(runs: list[Path], tmp_path: Path) -> None:
    said: list[str] = []
    page = report(runs, tmp_path / "page", title="My page", intro="About it.", say=said.append)
    text = page.read_text()
    assert page == tmp_path / "page" / "report.html"
    for words in ("My page", "About it.", "tiny, split people, linear", "made for tests"):
        assert words in text
    markdown = (page.parent / "report.md").read_text()
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 4
    assert "EDGCN (edgcn-s), lr 0.01, 2 epochs" in lines[-1]
    assert "0, 1" in lines[-1] or "0 1" in lines[-1]
    assert "made for tests" in markdown
    assert any("EDGCN (edgcn-s)" in line for line in said)


def test_the_page_stands_alone(runs: list[Path], tmp_path: Path) -> None:
    text = report(runs, tmp_path / "page", say=lambda line: None).read_text()
    shutil.rmtree(tmp_path / "page")
    assert "://" not in text.replace("http://www.w3.org", "")
    assert "data:image/png;base64," in text


def test_a_page_is_not_replaced_unless_asked(runs: list[Path], tmp_path: Path) -> None:
    page = report(runs, tmp_path / "page", say=lambda line: None)
    before = page.read_bytes()
    with pytest.raises(EdgcnError, match=r"exists already; .* --overwrite"):
        report(runs, tmp_path / "page", title="other", say=lambda line: None)
    assert page.read_bytes() == before
    report(runs, tmp_path / "page", title="other", overwrite=True, say=lambda line: None)
    assert page.read_bytes() != before
