"""`evaluate --protocol spotting` and the published protocols, on files in their layouts."""

from pathlib import Path

import numpy as np
import pytest

from edgcn.annotations.events import Event, Media, events
from edgcn.annotations.formats import write_events
from edgcn.base.errors import EdgcnError
from edgcn.commands.agree import AgreeConfig, agree
from edgcn.commands.evaluate import EvaluateConfig, evaluate
from edgcn.commands.prepare import PrepareConfig, prepare
from edgcn.evaluation.event_table import precision_recall
from edgcn.inference import Recognizer
from edgcn.inference.provenance import Provenance
from edgcn.inference.recognizer import unfitted
from edgcn.models.embedder import Embedder
from edgcn.pipeline.inputs import fit_inputs
from edgcn.readers import smg
from edgcn.reports.spotting import EVERY, curves, timelines
from edgcn.store import Store, open_store
from edgcn.store.learned import Learned
from helpers import SMALL_ENCODER
from inference.waving import small_embedder, waving_store
from layouts import REST, gesture
from readers.writers import write_smg
from reference import events as reference

NOBODY = Learned(np.empty(0, np.uint64), 1, (), ())


def untrained(store: Store) -> Recognizer:
    clips = store.clips()
    inputs = fit_inputs(clips, np.arange(len(clips)), frames=8, normalize="canonical")
    embedder = Embedder.new("edgcn-s", SMALL_ENCODER, inputs, "pyramid").untrained(0)
    return Recognizer(unfitted(embedder, Provenance("tiny", {}, NOBODY), model="tiny"))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SMG in its layout, six of its recordings with two of its classes, and a store of it."""
    folder = tmp_path_factory.mktemp("smg")
    rng = np.random.default_rng(0)
    for sample in (1, 2, 3, 35, 36, 37):
        still, parts, labels, end = REST[None].repeat(30, axis=0), [], [], 0
        for label in (4, 12):
            parts += [still, gesture(rng, label, 24)]
            labels.append((label + 1, end + 31, end + 54))
            end += 54
        frames = np.concatenate([*parts, still]) + np.array([0, -0.9, 2.5])
        write_smg(folder / "SMG", sample, frames.astype(np.float32), labels)
    prepare(PrepareConfig(reader="smg", path=folder / "SMG", out=folder / "store"), say=print)
    return folder


def test_smg_online_as_published(study: Path) -> None:
    store = open_store(study / "store")
    model = untrained(store)
    config = EvaluateConfig(
        model="tiny", store=study / "store", protocol="smg-online", out=study / "evaluations",
        figures=False,
    )  # fmt: skip
    said: list[str] = []
    results = evaluate(config, model=model, say=said.append)
    assert "smg-online, split 'subject': 4 true events in 2 test recordings" in said
    rows = {row.kind: row.scores for row in results.rows}
    assert {"nothing", "chance", "raw", "random", "bursts", "method"} == rows.keys()
    assert all({"kit_precision", "kit_recall", "kit_f1", "f1_30"} <= row.keys()
               for row in rows.values())  # fmt: skip
    assert any("all 17 classes count" in note for note in results.data["notes"])
    assert any("2 of the 5 recordings that test" in note for note in results.data["notes"])
    assert {"results.json", "found.csv", "truth.csv"} == {f.name for f in results.folder.iterdir()}
    with pytest.raises(EdgcnError, match="holds a result already"):
        evaluate(config, model=model, say=said.append)


def test_figures_of_any_events(tmp_path: Path) -> None:
    """One class is called "all", one was never found; confidence or none."""
    truth = [Event("x", "all", 0.0, 1.0), Event("x", "$b_", 2.0, 3.0)]
    found = [Event("x", "all", 0.2, 1.0, score=0.4), Event("x", "all", 5.0, 6.0)]
    points = {EVERY: precision_recall(truth, found, 0.5), "all": precision_recall([], found, 0.5),
              "$b_": precision_recall(truth[1:], [], 0.5)}  # fmt: skip
    curves(points, tmp_path / "curves.png")
    timelines([("x", 7.0, truth, found)], ["all", "$b_"], tmp_path / "times.png")
    assert all(file.stat().st_size > 5000 for file in tmp_path.iterdir())


def test_a_published_protocol_is_of_its_data_alone(tmp_path: Path) -> None:
    store = waving_store(tmp_path)
    model = Recognizer(unfitted(small_embedder(store), Provenance("t", {}, NOBODY), model="t"))
    config = EvaluateConfig(model="t", store=store.path, protocol="imigue-online", out=tmp_path)
    with pytest.raises(EdgcnError, match=r"32 classes .*take --protocol spotting"):
        evaluate(config, model=model, say=print)


def numbered(study: Path, sample: int) -> list[tuple[str, int, int, int]]:
    name = f"Sample{sample:04d}"
    lines = (study / "SMG" / name / f"{name}_finelabels.csv").read_text().split()
    return [(name, *map(int, line.split(","))) for line in lines]


def test_prediction_files_are_scored_as_the_kit_scores_them(study: Path, tmp_path: Path) -> None:
    truth = [row for sample in (36, 37) for row in numbered(study, sample)]
    found = [(name, label, start + 2, end + 1) for name, label, start, end in truth[:2]]
    for name in {row[0] for row in found}:
        lines = [",".join(map(str, row[1:])) for row in found if row[0] == name]
        (tmp_path / f"{name}_prediction.csv").write_text("\n".join(lines) + "\n")
    said: list[str] = []
    config = AgreeConfig(a=study / "SMG", b=tmp_path, protocol="smg-online")
    agree(config, say=said.append)
    text = "\n".join(said)
    want = [f"{100 * x:.1f}" for x in reference.kit(truth, found)]
    lines = [line for line in text.splitlines() if line.startswith("kit ")]
    assert [line.split()[-1] for line in lines] == want
    assert "left out: 4 recordings that train as published" in text
    assert "nothing found, all missed: Sample0037" in text
    assert "and 7 more" in text  # tables that are no events, on one line


def test_frames_of_a_prediction_follow_the_rate_of_the_truth(tmp_path: Path) -> None:
    """A prediction file counts frames and does not say how many a second."""
    rows = [Event("Sample0036", smg.CLASSES[4], 1.0, 2.0)]
    table = events(rows, media={"Sample0036": Media(fps=30.0)})
    (tmp_path / "Sample0036_data.csv").write_text("300,30,4000\n")
    write_events(table, tmp_path / "Sample0036_finelabels.csv")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "Sample0036_prediction.csv").write_text("5,31,60\n")
    said: list[str] = []
    config = AgreeConfig(
        a=tmp_path / "Sample0036_finelabels.csv",
        b=tmp_path / "b",
        options={"classes": "smg"},  # of one side's format alone
    )
    agree(config, say=said.append)
    assert any("frames of B are taken at A's rate" in line for line in said)
    assert "0.000" in said[-1].splitlines()[2]  # the onset


def test_challenge_files_of_micro_actions(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text(
        ",video_id,start_frame,end_frame,class,total_frames\n0,a,0,30,21,100\n1,a,30,60,9,100\n"
    )
    (tmp_path / "prediction.csv").write_text(
        ",video_id,t_start,t_end,class,score\n0,a,0.0,1.0,21,0.9\n1,a,1.5,2.0,9,0.4\n"
    )
    said: list[str] = []
    config = AgreeConfig(
        a=tmp_path / "truth.csv",
        b=tmp_path / "prediction.csv",
        protocol="mma82-detection",
        options={"fps": "30"},
    )
    agree(config, say=said.append)
    table = next(text for text in said if "mAP at IoU 0.5 %" in text)
    scores = {line[:22].strip(): line.split()[-1] for line in table.splitlines()}
    assert scores["mAP at IoU 0.5 %"] == "100.0"
    assert scores["mAP at IoU 0.6 %"] == "50.0"
