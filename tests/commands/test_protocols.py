"""All protocols end to end: on the same features and labels, beside their baselines, resumable."""

import shutil
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from edgcn import config as configs
from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors
from edgcn.commands.config import EvaluateConfig
from edgcn.commands.evaluate import evaluate
from edgcn.commands.protocols import PROTOCOLS
from edgcn.commands.report import collect, report
from edgcn.evaluation.protocols import SETTINGS
from edgcn.inference import load
from edgcn.models import READOUTS
from edgcn.reports.tables import columns_of, main_score
from edgcn.runs import read_json
from edgcn.store import Store
from helpers import tiny_store
from tiny_runs import tiny_run

SMALL = {"epochs": 5, "draws": 2, "shots": (1, 3), "fractions": (0.1, 0.4), "finetune_epochs": 2}
TITLE = "EDGCN (edgcn-s)"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=40)


@pytest.fixture(scope="module")
def trained(store: Store, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each stream, one of another seed."""
    folder = tmp_path_factory.mktemp("runs")
    runs = {s: tiny_run(store.path, folder / s, stream=s, epochs=2) for s in ("joint", "bone")}
    return runs | {"seed1": tiny_run(store.path, folder / "seed1", seed=1, epochs=2)}


@pytest.fixture(scope="module")
def everything(
    trained: dict[str, Path], store: Store, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any], list[str]]:
    """A run with all protocols, what was returned and what was said."""
    run = Path(shutil.copytree(trained["joint"], tmp_path_factory.mktemp("all") / "run"))
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgcn.evaluation.probes.GRID", (0.01, 0.1))
        results = score(run, store, said, protocol="all", figures=True)
    return run, results, said


def score(run: Path, store: Store, said: list[str] | None = None, **settings: Any) -> Any:
    values: dict[str, Any] = {"figures": False, **SMALL, **settings}
    say = (lambda line: None) if said is None else said.append
    return evaluate(EvaluateConfig(run=run, store=store.path, **values), say=say)


def test_every_protocol_has_its_settings_and_its_name_in_the_help() -> None:
    assert set(SETTINGS) == set(PROTOCOLS)
    assert {*PROTOCOLS, "all"} == set(get_args(configs.Protocol))
    fields = set(EvaluateConfig.model_fields)
    assert {name for names in SETTINGS.values() for name in names} <= fields


def test_all_protocols_at_once(everything: tuple[Path, dict[str, Any], list[str]]) -> None:
    run, results, said = everything
    assert results["folder"] == str(run)
    assert list(results["protocols"]) == list(PROTOCOLS)
    for name, result in results["protocols"].items():
        folder = Path(result["folder"])
        assert folder == run / f"tiny-people-{name}"
        kept = read_json(folder / "results.json")
        assert kept == {key: value for key, value in result.items() if key != "folder"}
        assert kept["config"]["protocol"] == kept["protocol"] == name
        assert (folder / "results.png").stat().st_size > 1000
        rows = kept["rows"]
        assert not rows[-1]["baseline"]
        assert rows[-1]["name"].startswith(TITLE)
        assert [row["name"] for row in rows[1:3]] == ["raw coordinates", "random encoder"]
        asked = {*columns_of(name), main_score(name)} - {"interval", "seeds"}
        assert asked <= set(rows[-1]), name
        assert all(0 <= row[main_score(name)] <= 1 for row in rows)
    place = said.index("\nthe method beside its best baseline")
    for name in PROTOCOLS:
        assert f"\n{name}" in said[:place]
        assert f"\n{name}" in said[place + 1]
    assert load_tensors(run / "probe.safetensors")[1]["protocol"] == "linear"
    for name in ("semi", "few-shot", "retrieval", "clustering"):
        assert not (run / f"tiny-people-{name}" / "probe.safetensors").exists()


def test_what_is_there_is_kept_and_the_rest_is_made(
    everything: tuple[Path, dict[str, Any], list[str]],
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Path(shutil.copytree(everything[0], tmp_path / "run"))
    monkeypatch.setitem(READOUTS, "mean", None)  # nothing is extracted again
    marked = run / "tiny-people-knn" / "results.json"
    text = marked.read_text().replace('"made for tests"', '"marked"')
    marked.write_text(text)
    shutil.rmtree(run / "tiny-people-retrieval")
    said: list[str] = []
    again = score(run, store, said, protocol="all")
    assert again["protocols"]["knn"]["note"] == "marked"
    before = everything[1]["protocols"]["retrieval"]
    assert again["protocols"]["retrieval"]["rows"] == before["rows"]
    assert sum("already there" in line for line in said) == len(PROTOCOLS) - 1


def test_what_is_there_of_other_settings_is_not_mixed_in(
    everything: tuple[Path, dict[str, Any], list[str]], store: Store
) -> None:
    run = everything[0]
    with pytest.raises(EdgcnError, match=r"few-shot holds a result of shots \[1, 3\] \(now \[2\]"):
        score(run, store, protocol="all", shots=(2,))
    with pytest.raises(EdgcnError, match=r"linear holds a result of seed 0 \(now 7\).*--overwrite"):
        score(run, store, protocol="all", seed=7)


def test_a_run_that_learned_more_since_is_noticed(
    everything: tuple[Path, dict[str, Any], list[str]],
    trained: dict[str, Path],
    store: Store,
    tmp_path: Path,
) -> None:
    run = Path(shutil.copytree(everything[0], tmp_path / "run"))
    shutil.copy(trained["seed1"] / "encoder.safetensors", run / "encoder.safetensors")
    with pytest.raises(EdgcnError, match="other weights of the encoder"):
        score(run, store, protocol="all")


@pytest.mark.parametrize("protocol", ["semi", "few-shot"])
def test_labels_kept_are_the_same_for_every_method(
    protocol: str, trained: dict[str, Path], store: Store, tmp_path: Path
) -> None:
    """Other encoders and seeds of pre-training: the same clips; another seed of the probe: not."""
    found = []
    for name, settings in (("joint", {}), ("bone", {}), ("seed1", {}), ("joint", {"seed": 1})):
        run = Path(shutil.copytree(trained[name], tmp_path / f"{name}{len(found)}"))
        found.append(score(run, store, protocol=protocol, **settings))
    subsets = [result["subsets"] for result in found]
    assert subsets[0] == subsets[1] == subsets[2] != subsets[3]
    assert all(len(set(digests)) == SMALL["draws"] for digests in subsets[0].values())
    raw = [[r for r in result["rows"] if r["name"] == "raw coordinates"] for result in found]
    assert raw[0] == raw[1] == raw[2]


def test_test_labels_never_choose(
    trained: dict[str, Path], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the test labels shuffled, the fine-tuned weights are the same to the last bit."""
    tests, labels = store.split().test, store.labels.copy()
    labels[tests] = np.roll(labels[tests], 1)
    weights = []
    for name in ("as they are", "shuffled"):
        run = Path(shutil.copytree(trained["joint"], tmp_path / name))
        score(run, store, protocol="finetune")
        weights.append((run / "tiny-people-finetune" / "encoder.safetensors").read_bytes())
        opened = Store(store.path)
        opened.labels = labels
        monkeypatch.setattr("edgcn.commands.evaluate.open_store", lambda path, o=opened: o)
    assert weights[0] == weights[1]


@pytest.mark.parametrize("protocol", ["supervised", "finetune"])
def test_what_was_trained_on_labels_can_be_used(
    protocol: str, everything: tuple[Path, dict[str, Any], list[str]], store: Store
) -> None:
    result = everything[1]["protocols"][protocol]
    said = load(result["folder"]).probabilities(store).argmax(1)
    tests = store.split().test
    assert (said[tests] == store.labels[tests]).mean() == pytest.approx(result["rows"][-1]["top1"])


def test_supervised_and_finetune_share_the_encoder_from_scratch(
    everything: tuple[Path, dict[str, Any], list[str]],
) -> None:
    tuned, scratch = (everything[1]["protocols"][name] for name in ("finetune", "supervised"))
    (beside,) = [row for row in tuned["rows"] if row["name"].endswith("from scratch")]
    assert beside["baseline"]
    assert {**beside, "baseline": False} == scratch["rows"][-1]


def test_fine_tuning_may_augment_as_the_run_did(
    trained: dict[str, Path], store: Store, tmp_path: Path
) -> None:
    weights = []
    for augment in (False, True, True):
        run = Path(shutil.copytree(trained["joint"], tmp_path / str(len(weights))))
        score(run, store, protocol="finetune", finetune_augment=augment)
        weights.append((run / "tiny-people-finetune" / "probe.safetensors").read_bytes())
    assert weights[0] != weights[1] == weights[2]


@pytest.mark.parametrize("protocol", ["linear", "logistic"])
def test_fusion_averages_probabilities(
    protocol: str,
    trained: dict[str, Path],
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edgcn.evaluation.probes.GRID", (0.01, 0.1))
    runs = [Path(shutil.copytree(path, tmp_path / name)) for name, path in trained.items()]
    tests, labels = store.split().test, store.labels
    mean = np.zeros((len(store), 3))
    alone = []
    for run in runs:
        alone.append(score(run, store, protocol=protocol)["rows"][-1]["top1"])
        mean += load(run).probabilities(store) / 3
    results = score(runs[0], store, protocol=protocol, fuse=tuple(runs[1:]))
    expected = (mean.argmax(1) == labels)[tests].mean()
    assert results["rows"][-1]["top1"] == pytest.approx(expected)
    assert [row["name"] for row in results["rows"][3:]] == [
        f"{TITLE}, joint stream",
        f"{TITLE}, bone stream",
        f"{TITLE}, joint stream (seed1)",
        "fusion of joint + bone + joint",
    ]
    assert [row["top1"] for row in results["rows"][3:6]] == alone
    assert [row["baseline"] for row in results["rows"]] == [True] * 3 + [False] * 4
    assert Path(results["folder"]).name == f"tiny-people-{protocol}-fused-bone-seed1"
    (rows,) = collect(runs).values()
    assert (
        len(rows) == 3 + 1 + 3
    )  # a random encoder more, of bones; joint (2 seeds), bone and fusion
    assert sum("fusion of joint + bone + joint" in row["name"] for row in rows) == 1
    assert sorted(row["seeds"] for row in rows if row["name"].startswith(TITLE)) == [[0], [0, 1]]


def test_fusion_that_cannot_be(trained: dict[str, Path], store: Store, tmp_path: Path) -> None:
    joint, bone = trained["joint"], trained["bone"]
    with pytest.raises(EdgcnError, match=r"--fuse averages class prob.* use linear or logistic"):
        score(joint, store, protocol="knn", fuse=(bone,))
    with pytest.raises(EdgcnError, match=r"other runs than .*joint, each once"):
        score(joint, store, fuse=(joint,))
    other = tiny_store(tmp_path, name="other", clips=30)
    elsewhere = tiny_run(other.path, tmp_path / "elsewhere", epochs=1)
    with pytest.raises(EdgcnError, match="trained on another store than"):
        score(joint, store, fuse=(elsewhere,))
    split = tiny_run(store.path, tmp_path / "split", epochs=1, split="subject")
    with pytest.raises(EdgcnError, match=r"trained on another split than .*\(subject, not None\)"):
        score(joint, store, fuse=(split,))


def test_the_report_has_a_table_of_its_own_for_each_protocol(
    everything: tuple[Path, dict[str, Any], list[str]], tmp_path: Path
) -> None:
    page = report([everything[0]], tmp_path / "page", say=lambda line: None)
    text = (page.parent / "report.md").read_text()
    for name in PROTOCOLS:
        assert f"## tiny, split people, {name}\n" in text
    for heading in ("mAP %", "recall@10 %", "NMI %", "ARI %", "labelled clips", "top-1 %"):
        assert heading in text
    tables = collect([everything[0]])
    few = tables["tiny, split people, few-shot"]
    assert [row.get("labels") for row in few] == [None, *["1 a class"] * 3, *["3 a class"] * 3]
    for name, result in everything[1]["protocols"].items():
        rows = tables[f"tiny, split people, {name}"]
        key = main_score(name)
        assert [r[key] for r in rows] == pytest.approx([r[key] for r in result["rows"]]), name
