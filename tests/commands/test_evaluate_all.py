"""All protocols end to end: on the same features and labels, beside their baselines, resumable."""

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.base.files import read_json, write_json
from edgcn.base.parts import settings_of
from edgcn.commands.evaluate import EvaluateConfig, evaluate
from edgcn.commands.report import ReportConfig, collect, report, results_in
from edgcn.commands.results import Results
from edgcn.commands.settings import make_config
from edgcn.evaluation.protocols import PROTOCOLS
from edgcn.evaluation.rows import Row
from edgcn.models.readout import READOUTS
from edgcn.reports.tables import OPTIONAL, columns_of, main_score
from edgcn.store import Selection, Store
from helpers import tiny_store
from tiny_runs import tiny_run

SMALL: dict[str, Any] = {
    "epochs": 5, "draws": 2, "shots": (1, 3), "fractions": (0.1, 0.4), "finetune_epochs": 2,
}  # fmt: skip
TITLE = "EDGCN (edgcn-s)"
WITH_CLIPS = ("linear", "logistic", "knn", "supervised", "finetune")

Everything = tuple[Path, Results, list[str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=40)


@pytest.fixture(scope="module")
def trained(store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each stream, one of another seed."""
    folder = tmp_path_factory.mktemp("runs")
    changes: dict[str, dict[str, Any]] = {
        "joint": {}, "bone": {"stream": "bone"}, "seed1": {"seed": 1}
    }  # fmt: skip
    return {
        name: tiny_run(store.path, folder / name, epochs=2, **{"stream": "joint"} | change)
        for name, change in changes.items()
    }


@pytest.fixture(scope="module")
def everything(
    trained: dict[str, Path], store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Everything:
    """A run with all protocols, what was returned and what was said."""
    run = Path(shutil.copytree(trained["joint"], tmp_path_factory.mktemp("all") / "run"))
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgcn.evaluation.logistic.GRID", (0.01, 0.1))
        results = score(run, store, said, protocol="all", figures=True)
    return run, results, said


def score(run: Path, store: Store, said: list[str] | None = None, **settings: Any) -> Results:
    """Evaluate a run with small settings."""
    protocol = settings.get("protocol", "linear")
    own = {key for name in (PROTOCOLS if protocol == "all" else [protocol])
           for key in settings_of(PROTOCOLS[name])}  # fmt: skip
    small = {key: value for key, value in SMALL.items() if key in own}
    values = {"model": str(run), "store": store.path, "figures": False, **small, **settings}
    config = make_config(EvaluateConfig, values, where="test")
    return evaluate(config, say=(lambda line: None) if said is None else said.append)


def folder_of(run: Path, protocol: str) -> Path:
    return run / "evaluations" / f"tiny-people-{protocol}"


def predictions(folder: Path) -> list[dict[str, str]]:
    """The lines of predictions.csv."""
    with (folder / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def probabilities(folder: Path) -> np.ndarray:
    """What predictions.csv says of each class, (N, 3)."""
    return np.array([[float(line[f"p(gesture {k})"]) for k in range(3)]
                     for line in predictions(folder)])  # fmt: skip


def rows_of(data: Mapping[str, Any]) -> list[Row]:
    return [Row.from_dict(row) for row in data["rows"]]


def test_all_protocols_at_once(everything: Everything) -> None:
    run, results, said = everything
    assert list(results.data) == list(PROTOCOLS)
    for name, data in results.data.items():
        folder = folder_of(run, name)
        assert read_json(folder / "results.json") == json.loads(json.dumps(data, default=str))
        assert data["protocol"] == name
        assert (folder / "results.png").stat().st_size > 1000
        rows = rows_of(data)
        assert not rows[-1].is_baseline
        assert rows[-1].name.startswith(TITLE)
        assert [row.kind for row in rows[1:3]] == ["raw", "random"]
        shown = {*columns_of(name), main_score(name)} - {"interval", *OPTIONAL}
        assert shown <= set(rows[-1].cells()), name
        assert all(0 <= row.main <= 1 for row in rows)
        assert (folder / "predictions.csv").exists() == (name in WITH_CLIPS)
    place = said.index("\nthe method beside its best baseline")
    for name in PROTOCOLS:
        assert f"\n{name}" in said[:place]
        assert f"\n{name}" in said[place + 1]


def test_a_line_for_each_clip_agrees_with_the_table(everything: Everything, store: Store) -> None:
    run, results, _ = everything
    clips = store.clips()
    tests = clips.split().test
    for name in WITH_CLIPS:
        found = predictions(folder_of(run, name))
        assert [line["name"] for line in found] == clips.names[tests].tolist()
        assert {line["subject"] for line in found} == {"s4"}
        true = [store.classes[label] for label in clips.labels[tests]]
        assert [line["true"] for line in found] == true
        shares = probabilities(folder_of(run, name))
        np.testing.assert_allclose(shares.sum(1), 1, atol=1e-6)
        assert [line["predicted"] for line in found] == [
            f"gesture {best}" for best in shares.argmax(1)
        ]
        right = np.mean([line["true"] == line["predicted"] for line in found])
        rows = rows_of(results.data[name])
        assert rows[-1].scores["top1"] == pytest.approx(right)


def test_what_exists_is_kept_and_the_rest_is_made(
    everything: Everything, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Path(shutil.copytree(everything[0], tmp_path / "run"))
    monkeypatch.setitem(READOUTS, "mean", None)  # nothing is extracted again
    marked = folder_of(run, "knn") / "results.json"
    write_json(marked, read_json(marked) | {"notes": ["marked"]})
    shutil.rmtree(folder_of(run, "retrieval"))
    said: list[str] = []
    again = score(run, store, said, protocol="all").data
    assert again["knn"]["notes"] == ["marked"]
    before = everything[1].data["retrieval"]
    assert again["retrieval"]["rows"] == before["rows"]
    assert sum(": exists, in" in line for line in said) == len(PROTOCOLS) - 1


def test_what_exists_of_other_settings_is_not_mixed_in(
    everything: Everything, store: Store
) -> None:
    run = everything[0]
    with pytest.raises(EdgcnError, match=r"few-shot holds a result of shots \[1, 3\] \(now .2"):
        score(run, store, protocol="all", shots=(2,))
    with pytest.raises(EdgcnError, match=r"linear holds a result of seed 0 \(now 7\).*--overwrite"):
        score(run, store, protocol="all", seed=7)


def test_settings_that_nobody_gave_are_settings_too(
    everything: Everything, store: Store, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(everything[0], tmp_path / "run"))
    assert everything[1].data["knn"]["protocol_settings"] == {"k": 1, "whiten": 0}
    with pytest.raises(EdgcnError, match="holds a result already"):
        score(run, store, protocol="knn")
    score(run, store, protocol="knn", k=3, overwrite=True)
    with pytest.raises(EdgcnError, match=r"knn holds a result of k 3 \(now 1\)"):
        score(run, store, protocol="all")


def test_a_run_that_learned_more_since_is_noticed(
    everything: Everything, trained: dict[str, Path], store: Store, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(everything[0], tmp_path / "run"))
    for name in ("recognizer.edgcn", "run.json"):
        shutil.copy(trained["seed1"] / name, run / name)
    with pytest.raises(EdgcnError, match="other weights of the encoder"):
        score(run, store, protocol="all")


@pytest.mark.parametrize("protocol", ["semi", "few-shot"])
def test_labels_kept_are_the_same_for_every_method(
    protocol: str, trained: dict[str, Path], store: Store, tmp_path: Path
) -> None:
    """Other encoders and seeds of pre-training: the same clips; another seed of the probe: not."""
    found: list[Results] = []
    for name, seed in (("joint", 0), ("bone", 0), ("seed1", 0), ("joint", 1)):
        out = tmp_path / f"{name}{len(found)}"
        found.append(score(trained[name], store, protocol=protocol, out=out, seed=seed))
    subsets = [result.data["subsets"] for result in found]
    assert subsets[0] == subsets[1] == subsets[2] != subsets[3]
    assert all(len(set(digests)) == SMALL["draws"] for digests in subsets[0].values())
    raw = [[row for row in result.rows if row.kind == "raw"] for result in found]
    assert raw[0] == raw[1] == raw[2]


def test_test_labels_never_choose(
    trained: dict[str, Path], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the test labels shuffled, what a fine-tuned encoder predicts is the same to the bit."""
    found, whole = [], Store.clips

    def shuffled(self: Store, *given: Any, **settings: Any) -> Selection:
        clips = whole(self, *given, **settings)
        tests, labels = clips.split().test, clips.labels.copy()
        labels[tests] = np.roll(labels[tests], 1)
        return replace(clips, labels=labels)

    for name in ("as they are", "shuffled"):
        score(trained["joint"], store, protocol="finetune", out=tmp_path / name)
        found.append(probabilities(tmp_path / name / "tiny-people-finetune"))
        monkeypatch.setattr(Store, "clips", shuffled)
    assert np.array_equal(found[0], found[1])


def test_supervised_and_finetune_share_the_encoder_from_scratch(everything: Everything) -> None:
    tuned, scratch = (rows_of(everything[1].data[name])
                      for name in ("finetune", "supervised"))  # fmt: skip
    (beside,) = [row for row in tuned if row.kind == "scratch"]
    assert beside.is_baseline
    assert replace(beside, kind="method") == scratch[-1]


def test_fine_tuning_may_augment_as_the_run_did(
    trained: dict[str, Path], store: Store, tmp_path: Path
) -> None:
    found = []
    for number, augment in enumerate((False, True, True)):
        out = tmp_path / str(number)
        score(trained["joint"], store, protocol="finetune", finetune_augment=augment, out=out)
        found.append(probabilities(out / "tiny-people-finetune"))
    assert not np.allclose(found[0], found[1])
    assert np.array_equal(found[1], found[2])


@pytest.mark.parametrize("protocol", ["linear", "logistic"])
def test_fusion_averages_probabilities(
    protocol: str,
    trained: dict[str, Path],
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgcn.evaluation.logistic.GRID", (0.01, 0.1))
    runs = [Path(shutil.copytree(path, tmp_path / name)) for name, path in trained.items()]
    alone = [score(run, store, protocol=protocol).rows[-1].main for run in runs]
    mean = np.mean([probabilities(folder_of(run, protocol)) for run in runs], axis=0)
    results = score(runs[0], store, protocol=protocol, fuse=tuple(map(str, runs[1:])))
    assert results.folder.name == f"tiny-people-{protocol}-fused-bone-seed1"
    np.testing.assert_allclose(probabilities(results.folder), mean, atol=1e-9)
    assert [row.name for row in results.rows[3:]] == [
        f"{TITLE}, joint stream",
        f"{TITLE}, bone stream",
        f"{TITLE}, joint stream (seed1)",
        "fusion of joint + bone + joint",
    ]
    assert [row.main for row in results.rows[3:6]] == alone
    assert [row.is_baseline for row in results.rows] == [True] * 3 + [False] * 4
    (table,) = collect(list(results_in(runs)))
    rows = [each.row for each in table.rows]
    # a random encoder more, of bones; joint (2 seeds), bone and fusion
    assert len(rows) == 3 + 1 + 3
    assert sum(row.kind == "fused" for row in rows) == 1
    assert sorted(row.seeds for row in rows if row.kind == "method") == [(0,), (0, 1)]


def test_fusion_that_cannot_be(trained: dict[str, Path], store: Store, tmp_path: Path) -> None:
    joint, bone = trained["joint"], trained["bone"]
    with pytest.raises(EdgcnError, match=r"--fuse averages class prob.* use linear or logistic"):
        score(joint, store, protocol="knn", fuse=(str(bone),))
    with pytest.raises(EdgcnError, match=r"other models than .*joint, each once"):
        score(joint, store, fuse=(str(joint),))
    other = tiny_store(tmp_path, name="other", clips=30, seed=3)
    elsewhere = tiny_run(other.path, tmp_path / "elsewhere", epochs=1)
    split = tiny_run(store.path, tmp_path / "split", epochs=1, split="subject:s1")
    for run in (elsewhere, split):
        with pytest.raises(EdgcnError, match="was trained on other clips than"):
            score(joint, store, fuse=(str(run),))


@pytest.mark.parametrize("protocol", ["linear", "knn", "few-shot", "retrieval"])
def test_leave_one_subject_out_tests_every_clip_once(
    protocol: str, trained: dict[str, Path], store: Store, tmp_path: Path
) -> None:
    results = score(trained["joint"], store, protocol=protocol, split="loso", out=tmp_path)
    assert {row.n for row in results.rows} == {40}
    if protocol in WITH_CLIPS:
        found = predictions(results.folder)
        assert sorted(line["name"] for line in found) == sorted(store.clips().names)
        right = np.mean([line["true"] == line["predicted"] for line in found])
        assert results.rows[-1].main == pytest.approx(right)


def test_clusters_of_folds_are_refused_and_left_out_of_all(
    trained: dict[str, Path], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, out = trained["joint"], tmp_path / "out"
    with pytest.raises(EdgcnError, match="'loso' tests them in 4 folds"):
        score(run, store, protocol="clustering", split="loso", out=out)
    assert not out.exists()
    some = {name: PROTOCOLS[name] for name in ("knn", "clustering")}
    monkeypatch.setattr("edgcn.commands.evaluate.PROTOCOLS", some)
    said: list[str] = []
    results = score(run, store, said, protocol="all", split="loso", out=out)
    assert list(results.data) == ["knn"]
    assert any(line.startswith("clustering is left out: ") for line in said)


def test_people_that_were_learned_from_are_in_the_row_and_the_note(
    store: Store, tmp_path: Path
) -> None:
    run = tiny_run(store.path, tmp_path / "run", epochs=1, split="all")
    results = score(run, store, protocol="finetune", out=tmp_path)
    learned = {row.kind: row.learned for row in results.rows}
    assert learned["method"] == learned["frozen"] == "1/1 people"
    assert {learned[kind] for kind in ("majority", "raw", "random", "scratch")} == {""}
    assert any("1 of 1 test people" in note for note in results.data["notes"])
    report(ReportConfig(runs=(tmp_path,), out=tmp_path / "page"), say=lambda line: None)
    text = (tmp_path / "page" / "report.md").read_text()
    assert "learned from" in text
    assert text.count("1 of 1 test people") == 1


def test_the_report_has_a_table_of_its_own_for_each_protocol(
    everything: Everything, tmp_path: Path
) -> None:
    run, results, _ = everything
    page = report(ReportConfig(runs=(run,), out=tmp_path / "page"), say=lambda line: None)
    text = (page.parent / "report.md").read_text()
    for heading in ("mAP %", "recall@10 %", "NMI %", "ARI %", "labelled clips", "top-1 %"):
        assert heading in text
    tables = {table.protocol: table for table in collect(list(results_in([run])))}
    for name, data in results.data.items():
        assert f"## tiny, split people, {name}\n" in text
        rows = [each.row for each in tables[name].rows]
        assert [row.main for row in rows] == pytest.approx([r.main for r in rows_of(data)]), name
    few = [each.row.labels for each in tables["few-shot"].rows]
    assert few == ["", *["1 per class"] * 3, *["3 per class"] * 3]
