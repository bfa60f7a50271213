"""Events are found where they are, the same however a recording is cut, read and kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgcn.annotations.events import Event
from edgcn.annotations.formats import read_events
from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.commands.fit import FitConfig, fit
from edgcn.commands.recognize import RecognizeConfig, recognize
from edgcn.evaluation.event_scores import event_counts
from edgcn.evaluation.event_table import by_chance, calibration_error, event_table
from edgcn.inference import Recognizer, load
from edgcn.inference.dense import EachAlone, Encoded, Scale, starts_of, stretches
from edgcn.inference.footage import of_store
from edgcn.inference.provenance import Provenance
from edgcn.inference.recognizer import unfitted
from edgcn.inference.spot import Found, Grid, Spotter, durations, suppressed, sure
from edgcn.inference.targets import UnfittedError
from edgcn.store import Store
from inference.waving import NOBODY, small_embedder, waving, waving_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return waving_store(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def model(store: Store) -> Recognizer:
    made = unfitted(small_embedder(store), Provenance("tiny", {}, NOBODY), model="tiny")
    return Recognizer(made).fit(store.clips("train")).fit_spotter(store.clips("train"))


def true_events(store: Store, row: int) -> list[Event]:
    item = store.recording(row)
    return [
        Event(item.name, store.classes[part.label], part.start / 25, part.stop / 25)
        for part in item.segments
    ]


def test_it_finds_the_events_of_a_person_it_has_not_seen(model: Recognizer, store: Store) -> None:
    found = model.recognize(store.recording(3), fps=25)
    assert event_counts(true_events(store, 3), found.rows, 0.3).f1 > 0.8
    assert all(row.status == "suggested" and 0 <= (row.score or -1) <= 1 for row in found.rows)
    assert all(0 <= row.start < row.end <= 24 for row in found.rows)


def test_a_store_a_recording_and_frames_have_the_same_events(
    model: Recognizer, store: Store
) -> None:
    whole = [row for row in model.recognize(store).rows if row.recording == "s4-3"]
    one = model.recognize(store.recording(3), fps=25).rows
    bare = model.recognize(store.recording(3).frames, fps=25).rows
    times = [[(row.label, row.start, row.end) for row in rows] for rows in (whole, one, bare)]
    assert times[0] == times[1] == times[2]
    assert times[0]


def test_a_file_keeps_it(model: Recognizer, store: Store, tmp_path: Path) -> None:
    again = load(model.save(tmp_path / "m.edgcn"))
    before, after = (
        [(r.label, r.start, r.end, r.score) for r in m.recognize(store).rows]
        for m in (model, again)
    )
    assert before == after
    tensors, metadata = load_tensors(tmp_path / "m.edgcn")
    tensors["spotter.weight"] = tensors["spotter.weight"][:, 1:].contiguous()
    save_tensors(tmp_path / "cut.edgcn", tensors, metadata)
    with pytest.raises(EdgcnError, match=r"spotter.weight: expected shape"):
        load(tmp_path / "cut.edgcn")


def test_where_a_recording_is_cut_makes_no_difference(model: Recognizer, store: Store) -> None:
    embedder, seen, _ = of_store(store, model.embedder())
    footage = seen[0].footage
    found = []
    for stretch in (4.0, 1000.0):
        parts = [
            part.in_context(starts_of(footage.seconds, 1.0, 0.25, part.begin, part.end), 1.0)
            for part in stretches(Encoded(embedder), footage, 1.0, longest=1.5, stretch=stretch)
        ]
        found.append(np.concatenate([part.numpy() for part in parts]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-4, atol=1e-4)


def test_one_pass_sees_what_every_window_by_itself_shows(model: Recognizer, store: Store) -> None:
    embedder, seen, _ = of_store(store, model.embedder())
    found = []
    for reading in (Encoded(embedder), EachAlone(embedder)):
        part = next(stretches(reading, seen[0].footage, 1.0, longest=1.5))
        found.append(part.vectors(np.arange(1, 20, 0.5), 1.0).detach().numpy())
    dense, alone = (each - each.mean(axis=0) for each in found)
    cosine = (dense * alone).sum() / np.linalg.norm(dense) / np.linalg.norm(alone)
    assert cosine > 0.8  # not 1: an encoder sees beyond the ends of a window


def test_what_was_not_learned_is_named(model: Recognizer, store: Store) -> None:
    bare = unfitted(small_embedder(store), model.provenance_, model="tiny")
    with pytest.raises(UnfittedError, match="learned no classes"):
        bare.recognize(store)
    with pytest.raises(UnfittedError, match="has not learned to find events"):
        Recognizer(bare).fit(store.clips("train")).recognize(store)
    with pytest.raises(EdgcnError, match="frames per second"):
        model.recognize(waving(0, "s1"))
    with pytest.raises(EdgcnError, match="expected a store, a recording or frames"):
        model.recognize("somewhere", fps=25)


def test_what_is_kept_shares_no_more_than_it_may() -> None:
    rng = np.random.default_rng(0)
    starts, lengths = rng.uniform(0, 30, 200), rng.choice([0.5, 1, 2], 200)
    likely = rng.dirichlet(np.ones(3), 200)
    limits = {"shortest": np.zeros(2, np.float32), "longest": np.full(2, 9, np.float32)}
    found = suppressed(starts, lengths, likely, np.zeros(200), overlap=0.3, **limits)
    for a in range(len(found.starts)):
        for b in range(a):
            shared = min(found.ends[a], found.ends[b]) - max(found.starts[a], found.starts[b])
            shorter = min(found.ends[a] - found.starts[a], found.ends[b] - found.starts[b])
            assert shared <= 0.3 * shorter + 1e-9
    assert found.probabilities.max() == likely[:, :2].max()  # the likeliest is always kept
    long = {"shortest": np.array([1.5, 1.5], np.float32), "longest": limits["longest"]}
    kept = suppressed(starts, lengths, likely, np.zeros(200), overlap=0.3, **long)
    assert (kept.ends - kept.starts > 1.5).all()


def test_lengths_of_windows_cover_those_of_events() -> None:
    lengths = durations(np.geomspace(0.5, 4, 100).tolist())
    assert lengths[0] < 0.6
    assert lengths[-1] > 3.0
    assert np.allclose(np.divide(lengths[1:], lengths[:-1]), 2**0.5)


def test_confidence_that_is_right_so_often_has_no_error() -> None:
    truth = [Event("r", "a", 2.0 * i, 2.0 * i + 1) for i in range(10)]
    half = [replace(row, score=0.5, label="a" if i % 2 else "b") for i, row in enumerate(truth)]
    assert calibration_error(truth, half) == pytest.approx(0)
    assert calibration_error(truth, [replace(row, score=0.9) for row in half]) == pytest.approx(0.4)
    perfect = event_table(truth, [replace(row, score=1.0) for row in truth], ["r"])
    ones = ("f1_50", "kit_f1", "map_70", "edit", "frame_f1", "detected", "jaccard")
    assert all(perfect[name] == pytest.approx(1) for name in ones)
    assert perfect["onset_error"] == 0


def test_chance_finds_as_many_as_there_are() -> None:
    training = [Event("r", "a", float(i), i + 0.5) for i in range(60)]
    found = by_chance(training, 1.0, {"x": 600.0}, seed=0)
    assert 500 < len(found) < 700
    assert all(row.start >= 0 and row.end <= 600 for row in found)


def test_the_command_writes_what_it_finds(model: Recognizer, store: Store, tmp_path: Path) -> None:
    file = model.save(tmp_path / "m.edgcn")
    out = tmp_path / "out"
    config = RecognizeConfig(model=str(file), files=(store.path,), out=out, threads=1)
    said: list[str] = []
    table = recognize(config, say=said.append)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "events.csv", "events.boris", "timeline.html", *(f"s{n + 1}-{n}.eaf" for n in range(4)),
    }  # fmt: skip
    assert any("learned the gestures from 3 of 4 recordings of s1, s2, s3" in x for x in said)
    again = read_events([tmp_path / "out" / "events.csv"])
    assert [(r.recording, r.label) for r in again.rows] == [
        (r.recording, r.label) for r in table.rows
    ]
    with pytest.raises(EdgcnError, match=r"events.csv exists already"):
        recognize(config, say=said.append)
    none = recognize(config.model_copy(update={"least": 1.0, "overwrite": True}), say=said.append)
    assert len(none) == 0 < len(table)


def test_a_recognition_that_is_stopped_leaves_nothing(
    model: Recognizer, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("edgcn.inference.watch.spot", stopped)
    file, out = model.save(tmp_path / "m.edgcn"), tmp_path / "out"
    config = RecognizeConfig(model=str(file), files=(store.path,), out=out, threads=1)
    for _ in range(2):  # and nothing is in the way of the next one
        with pytest.raises(KeyboardInterrupt):
            recognize(config, say=lambda _: None)
        assert not out.exists()


def test_what_is_like_no_class_is_told_apart() -> None:
    found = Found(np.zeros(3), np.ones(3), np.array([0, 1, 0]), np.array([0.9, 0.9, 0.1]),
                  np.array([1.0, 5.0, 5.0]))  # fmt: skip
    one, many = np.full(2, 0.5, np.float32), np.zeros((2, 1), np.float32)
    grid = Grid((Scale(1.0, (1.0,)),), 0.1)
    spotter = Spotter(grid, np.zeros((3, 1), np.float32), np.zeros(3, np.float32),
                      np.zeros(1, np.float32), one, 1.0, 0.0, 0.3, one, one,
                      np.zeros((1, 1), np.float32), many, far=2.0)  # fmt: skip
    told, others = sure(found, spotter)
    assert told.distances.tolist() == [1.0]
    assert others.distances.tolist() == [5.0]  # sure, but far; what is unsure is neither


def test_fit_learns_to_find_where_more_than_the_gestures_is_seen(
    store: Store, tmp_path: Path
) -> None:
    made = unfitted(small_embedder(store), Provenance("tiny", {}, NOBODY), model="tiny")
    file, said = made.save(tmp_path / "bare.edgcn"), list[str]()
    config = FitConfig(model=str(file), store=store.path, out=tmp_path / "m.edgcn")
    assert hasattr(fit(config, say=said.append), "spotter_")
    assert any("learned to find them in recordings" in line for line in said)
    none = config.model_copy(update={"spot": False, "out": tmp_path / "n.edgcn"})
    assert not hasattr(fit(none, say=said.append), "spotter_")
