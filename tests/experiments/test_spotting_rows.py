"""The page of spotting results: seeds of one setting are one row, a baseline counts once."""

import json
from pathlib import Path
from typing import Any

from edgcn.evaluation.rows import Row
from edgcn.experiments.spotting_page import page


def result(folder: Path, seed: int, title: str, f1: float, **config: Any) -> None:
    rows = [Row("raw", "raw coordinates", {"f1_30": 0.4, "f1_50": 0.25}, 9),
            Row("method", title, {"f1_30": f1, "f1_50": f1}, 9)]  # fmt: skip
    data = {
        "rows": [row.to_dict() for row in rows], "protocol": "spotting", "split": "given",
        "store": "stores/study", "seed": seed, "title": title, "notes": ["x: on held-out people"],
        "model": {"name": "m", "config": config}, "classes": ["a"],
        "store_fingerprint": "0", "protocol_settings": {}, "config": {}, "readout": "parts",
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps(data))


def test_rows_of_several_weights_and_seeds(tmp_path: Path) -> None:
    result(tmp_path / "a0", 0, "released", 0.5)
    result(tmp_path / "a1", 1, "released", 0.7)
    result(tmp_path / "o0", 0, "EDGCN", 0.6, store="elsewhere/study", recipe="best", steps=100)
    text = page([tmp_path])
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if line[:1] == "|"}
    assert {"raw coordinates", "released", "EDGCN, own recordings"} <= lines.keys()
    assert sum(line.startswith("| raw") for line in text.splitlines()) == 1
    assert " 60.0 " in lines["released"]
    assert "0, 1" in lines["released"]
    assert lines["raw coordinates"].count("25.0") == 1
    assert "no labels, recipe best, 100 steps" in text
    assert "held-out" not in text
