"""results.json after somebody changed it: used, or refused in one line with file and field."""

import copy
import random
from pathlib import Path
from typing import Any

import pytest

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.files import write_json
from edgcn.evaluation.compare import compare, measured
from edgcn.evaluation.recorded import read_results
from edgcn.evaluation.rows import Row

GOOD: dict[str, Any] = {
    "rows": [
        Row("majority", "majority class", {"top1": 0.2, "low": 0.1, "high": 0.3}, 9).to_dict(),
        Row("method", "EDGCN", {"top1": 0.5, "low": 0.4, "high": 0.6}, 9,
            by_subject={"s1": (1.0, 2)}).to_dict(),
    ],
    "protocol": "knn", "protocol_settings": {"k": 1}, "readout": "mean", "split": "mine",
    "store": "stores/a", "transfer": {}, "notes": ["made up"],
    "model": {"name": "run", "title": "EDGCN", "seed": 0, "config": {"encoder": "edgcn-s"}},
}  # fmt: skip


def put(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """A copy with another value at a place."""
    made = copy.deepcopy(value)
    inner = made
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = new
    return made


WRONG: dict[str, tuple[tuple[Any, ...], Any, str]] = {
    "a kind": (("rows", 0, "kind"), "best", r"rows\.0\.kind: Input should be"),
    "a score in words": (("rows", 1, "scores", "top1"), "most", r"rows\.1\.scores\.top1: Input"),
    "a score in percent": (("rows", 1, "scores", "top1"), 50.0, "top1: not a fraction, 50"),
    "a score that is none": (("rows", 1, "scores", "low"), float("nan"), r"scores\.low: Input"),
    "no main score": (("rows", 1, "scores"), {"low": 0.1}, "expected one of map, accuracy, top1"),
    "another field of a row": (("rows", 0, "x"), 1, r"rows\.0\.x: Extra inputs are not"),
    "notes": (("notes",), "made up", "notes: Input should be"),
    "a member too many": (("members",), [GOOD["model"], GOOD["model"]], "members: expected 1"),
    "a model": (("model",), "run", "model: Input should be"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_was_changed_is_named(name: str, tmp_path: Path) -> None:
    place, new, message = WRONG[name]
    write_json(tmp_path / "results.json", GOOD)
    assert read_results(tmp_path / "results.json")["protocol"] == "knn"
    write_json(tmp_path / "results.json", put(GOOD, place, new))
    with pytest.raises(FileError, match=message) as caught:
        read_results(tmp_path / "results.json")
    assert str(caught.value).startswith(str(tmp_path / "results.json"))
    assert "\n" not in str(caught.value)


def test_what_is_read_can_be_compared(tmp_path: Path) -> None:
    """Whatever a field says, a table is made of it or it was refused."""
    draws, path = random.Random(0), tmp_path / "results.json"
    places = [(key,) for key in GOOD]
    places += [("rows", 1, key) for key in GOOD["rows"][1]]
    places += [("model", key) for key in GOOD["model"]]
    nonsense: tuple[Any, ...] = (
        None,
        True,
        -1,
        10**30,
        1e308,
        float("inf"),
        "x",
        [],
        [1],
        {},
        {"a": 1},
        [[1]],
    )
    refused = 0
    for place in places * 4:
        write_json(path, put(GOOD, place, draws.choice(nonsense)))
        try:
            compare(measured(read_results(path)))
        except EdgcnError:
            refused += 1
    assert refused > 60
