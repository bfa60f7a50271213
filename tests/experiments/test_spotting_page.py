"""The page of spotting results says what the evaluations say: means over seeds, notes once."""

from pathlib import Path
from typing import Any

from edgcn.base.files import write_json
from edgcn.evaluation.rows import Row
from edgcn.experiments.spotting_page import page


def result(folder: Path, seed: int, f1: float, **other: Any) -> None:
    rows = [
        Row("nothing", "nothing found", {"f1_30": 0.0, "f1_50": 0.0}, 9).to_dict(),
        Row("method", "EDGCN", {"f1_30": 0.7, "f1_50": f1}, 9).to_dict(),
    ]
    made = {
        "rows": rows, "protocol": "spotting", "protocol_settings": {"shots": []},
        "readout": "parts", "split": "people", "store": "stores/mine", "seed": seed,
        "notes": ["EDGCN: on held-out training people: event F1 0.5", "made up"],
        "model": {"name": "run", "title": "EDGCN", "seed": 0, "config": {"encoder": "edgcn-s"}},
    }  # fmt: skip
    folder.mkdir(parents=True)
    write_json(folder / "results.json", made | other)


def test_seeds_are_one_row_and_events_are_no_clips(tmp_path: Path) -> None:
    result(tmp_path / "a", 0, 0.5)
    result(tmp_path / "b", 1, 0.6)
    result(tmp_path / "c", 1, 0.1, protocol="knn")
    text = page([tmp_path])
    assert "## mine, split people" in text
    lines = [line for line in text.splitlines() if line.startswith("| EDGCN")]
    assert len(lines) == 1
    cells = [cell.strip() for cell in lines[0].strip("|").split("|")]
    assert {"55.0", "70.0", "9"} <= set(cells)
    assert cells[-1] == "0, 1"
    assert "true events" in text
    assert "clips |" not in text
    assert text.count("- made up") == 1
    assert "held-out" not in text.split("##")[1]
