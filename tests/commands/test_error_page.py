"""`errors`: of clips that were evaluated, of events that were found."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.annotations.events import events
from edgcn.annotations.formats import write_events
from edgcn.base.errors import EdgcnError
from edgcn.base.files import write_json
from edgcn.commands.convert import events_of
from edgcn.commands.errors import ErrorsConfig, errors
from edgcn.commands.events import EventsConfig, count
from edgcn.evaluation.clip_errors import by_class, by_group, confusion_of
from edgcn.evaluation.recorded import Judged, read_predictions
from edgcn.evaluation.rows import Row
from edgcn.reports.errors import MOST, chosen
from edgcn.store import Store
from helpers import long_store, tiny_store
from reports.pages import check_closed, data_of

CLASSES = ("gesture 0", "gesture 1", "gesture 2")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return long_store(tmp_path_factory.mktemp("long"))


def evaluated(folder: Path, store: Store, lines: list[dict[str, Any]] | None = None) -> Path:
    """An evaluation as it is on disk: every third test clip is taken for the next class."""
    clips = store.clips()
    test, train = clips.split().test, clips.split().train
    made = []
    for place, row in enumerate(test.tolist()):
        label = int(clips.labels[row])
        said = (label + (place % 3 == 0)) % 3
        likely = np.full(3, 0.1)
        likely[label] += 0.1
        likely[said] = 0.5 + place / 100
        made.append({
            "clip": row, "name": clips.names[row], "subject": clips.subjects[row],
            "condition": clips.conditions[row], "true": CLASSES[label], "predicted": CLASSES[said],
            "nearest_clip": train[0], "nearest": clips.names[train[0]],
            **{f"p({name})": p for name, p in zip(CLASSES, likely, strict=True)},
        })  # fmt: skip
    folder.mkdir()
    write_json(folder / "results.json", {
        "rows": [Row("method", "EDGCN", {"top1": 0.5}, len(test)).to_dict()], "protocol": "knn",
        "protocol_settings": {}, "readout": "mean", "split": "people", "store": str(store.path),
        "store_fingerprint": clips.fingerprint, "title": "EDGCN", "model": {}, "notes": ["made up"],
        "classes": CLASSES,
    })  # fmt: skip
    with (folder / "predictions.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(made[0]))
        table.writeheader()
        table.writerows(lines or made)
    return folder


def test_the_page_has_the_wrong_clips_and_their_neighbors(store: Store, tmp_path: Path) -> None:
    folder, said = evaluated(tmp_path / "e", store), list[str]()
    page = errors(ErrorsConfig(results=tmp_path), say=said.append)  # the only one below
    check_closed(page)
    data, judged = data_of(page), read_predictions(folder / "predictions.csv", CLASSES)
    wrong = sorted((c for c in judged if not c.right), key=lambda c: -c.confidence)
    assert [one[0] for one in data["wrong"]] == [clip.name for clip in wrong]
    clips, train = store.clips(), store.clips().split().train
    for one, clip in zip(data["wrong"], wrong, strict=True):
        assert one[3:5] == [clip.true, clip.predicted]
        assert one[7] == CLASSES[clips.labels[train[0]]]
        length = clips.lengths[clip.clip] / store.fps
        moving = data["clips"][one[8]]
        assert abs(moving["frames"] / moving["fps"] - length) <= 1 / moving["fps"]
    with (folder / "errors.csv").open(newline="") as file:
        assert [line["name"] for line in csv.DictReader(file)] == [clip.name for clip in wrong]
    text = page.read_text()
    assert "By condition" in text
    assert "made up" in text
    with pytest.raises(EdgcnError, match=r"errors\.html exists already"):
        errors(ErrorsConfig(results=folder))


def test_without_its_store_the_page_has_no_skeletons(
    store: Store, long: Store, tmp_path: Path
) -> None:
    folder, said = evaluated(tmp_path / "e", store), list[str]()
    page = errors(ErrorsConfig(results=folder, store=long.path), say=said.append)
    assert "has other contents than what was evaluated" in said[0]
    assert data_of(page)["clips"] == []
    config = ErrorsConfig(results=folder, store=tmp_path / "gone", overwrite=True)
    errors(config, say=said.append)
    assert "say --store" in said[2]


def judged(true: str, predicted: str, subject: str = "s1") -> Judged:
    return Judged(0, "c", subject, "", true, predicted, 0, "n", 0.5, 0.5)


def test_tables_of_classes_and_groups() -> None:
    clips = [*[judged("a", "a")] * 3, judged("a", "b", "s2"), judged("b", "a", "s2")]
    assert confusion_of(clips, "abc").tolist() == [[3, 1, 0], [1, 0, 0], [0, 0, 0]]
    b, a = by_class(clips, "abc")  # the worst first, and no c
    assert (a["class"], a["precision"], a["recall"], a["confused_with"]) == (
        "a",
        0.75,
        0.75,
        "b (1)",
    )
    assert (b["class"], b["precision"], b["recall"], b["f1"]) == ("b", 0.0, 0.0, 0.0)
    second, first = by_group(clips, lambda clip: clip.subject)
    assert (first["of"], first["share"], first["low"]) == ("s1", 1.0, None)
    assert (second["of"], second["right"], second["most_often"]) == ("s2", 0, "a as b (1)")
    (all_of_them,) = by_group(clips, lambda clip: "")
    assert all_of_them["low"] <= 0.6 <= all_of_them["high"]


def test_every_cell_has_its_turn() -> None:
    cells = [("a", "b")] * 1000 + [("a", "c")]
    assert len(chosen(cells)) == MOST
    assert chosen(cells)[-1] == 1000
    assert chosen(cells[:5]) == [0, 1, 2, 3, 4]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a class": ({"true": "other"}, "line 2: not what edgcn writes"),
    "a number": ({"clip": "x"}, "line 2: not what edgcn writes"),
    "a clip below 0": ({"clip": -1}, "line 2: not what edgcn writes"),
    "no probability": ({"p(gesture 0)": "nan", "p(gesture 1)": "nan"}, "line 2: expected probab"),
}


@pytest.mark.parametrize("case", WRONG)
def test_predictions_that_were_changed_are_refused(store: Store, tmp_path: Path, case: str) -> None:
    path = evaluated(tmp_path / "e", store) / "predictions.csv"
    with path.open(newline="") as file:
        lines: list[dict[str, Any]] = list(csv.DictReader(file))
    change, message = WRONG[case]
    path = evaluated(tmp_path / "f", store, [lines[0] | change]) / "predictions.csv"
    with pytest.raises(EdgcnError, match=message):
        read_predictions(path, CLASSES)


def test_predictions_of_another_version_are_named(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("name,true\n")
    with pytest.raises(EdgcnError, match="column 'clip'; evaluate again with --overwrite"):
        read_predictions(tmp_path / "p.csv", CLASSES)
    with pytest.raises(EdgcnError, match="this protocol names no clips"):
        read_predictions(tmp_path / "none.csv", CLASSES)


def test_events_that_were_found_beside_those_annotated(long: Store, tmp_path: Path) -> None:
    truth, said = events_of(long), list[str]()
    found = [replace(row, score=0.5, status="suggested", subject="") for row in truth.rows[1:]]
    found[0] = replace(found[0], label="another")
    write_events(events(found, recordings=truth.recordings), tmp_path / "found.csv")
    config = ErrorsConfig(results=tmp_path / "found.csv", truth=long.path, out=tmp_path)
    page = errors(config, say=said.append)
    check_closed(page)
    words = [event[6] for event in data_of(page)["events"]]
    assert sum(word.startswith("confused with ") for word in words) == 2
    assert words.count("missed") == 1
    assert words.count("right") == 2 * (len(truth) - 2)
    with (tmp_path / "errors.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert lines[0]["verdict"] == "confused"
    assert {line["subject"] for line in lines} == {row.subject for row in truth.rows}
    with pytest.raises(EdgcnError, match="give --store STORE"):
        errors(config.model_copy(update={"truth": tmp_path / "found.csv", "overwrite": True}))


def test_a_timeline_of_suggestions_and_annotations(long: Store, tmp_path: Path) -> None:
    rows = events_of(long).rows
    some = [rows[0], replace(rows[1], score=0.5, status="suggested")]
    write_events(events(some), tmp_path / "some.csv")
    page = tmp_path / "t.html"
    config = EventsConfig(source=tmp_path / "some.csv", store=long.path, timeline=page)
    count(config, say=lambda _: None)
    shown = data_of(page)["events"]
    assert sorted((event[5], event[4], event[6]) for event in shown) == [
        (0, 0.5, ""),
        (1, None, ""),
    ]
    with pytest.raises(EdgcnError, match="give --store STORE, which has them"):
        count(config.model_copy(update={"store": None}), say=lambda _: None)
    with pytest.raises(EdgcnError, match=r"t\.png: expected the name of a page"):
        count(config.model_copy(update={"timeline": tmp_path / "t.png"}), say=lambda _: None)
