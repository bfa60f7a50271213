"""Names for new clips: as from a store, from one file alone, by the rules of scikit-learn."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from edgcn.api import evaluate
from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.inference import Recognizer, load
from edgcn.inference.arrays import array_clips
from edgcn.models.embedder import Embedder
from edgcn.skeleton.layouts import KINECT_V2
from edgcn.skeleton.remap import remap
from edgcn.store import Selection, Store
from helpers import make_clips, tiny_store, tiny_topology, twenty_joints
from tiny_runs import tiny_run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=40)


@pytest.fixture(scope="module")
def run(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(store.path, tmp_path_factory.mktemp("runs") / "run", epochs=2)


@pytest.fixture(scope="module")
def fitted(run: Path, store: Store) -> Recognizer:
    return Recognizer(str(run)).fit(store.clips("train"))


def raw_clips() -> list[np.ndarray]:
    """The frames that the store was made of."""
    return [clip.frames for clip in make_clips(40, 3, 4, 0, tiny_topology())]


def test_raw_frames_are_named_as_the_store_is(fitted: Recognizer, store: Store) -> None:
    clips = raw_clips()
    assert np.array_equal(fitted.transform(clips), fitted.transform(store))
    assert fitted.predict(clips).tolist() == fitted.predict(store.clips()).tolist()
    flat = [frames[:, 0] for frames in clips]  # one body: its axis may be left out
    assert np.array_equal(fitted.transform(flat), fitted.transform(clips))


def test_probabilities_are_probabilities_and_the_prediction_is_the_largest(
    fitted: Recognizer,
) -> None:
    probabilities = fitted.predict_proba(raw_clips())
    assert probabilities.shape == (40, 3)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)
    assert fitted.classes_.tolist() == ["gesture 0", "gesture 1", "gesture 2"]
    best = fitted.classes_[probabilities.argmax(1)]
    assert fitted.predict(raw_clips()).tolist() == best.tolist()


def test_the_score_is_the_share_of_right_names(fitted: Recognizer, store: Store) -> None:
    tests = store.clips("test")
    true = np.array(store.classes)[tests.labels]
    right = (fitted.predict(tests) == true).mean()
    assert fitted.score(tests) == pytest.approx(right)
    assert fitted.score([tests.clip(i) for i in range(len(tests))], true) == pytest.approx(right)


def test_one_file_is_all_that_naming_takes(
    store: Store, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = tiny_run(store.path, tmp_path / "run", epochs=1)
    model = Recognizer(str(run)).fit(store)
    path = model.save(tmp_path / "touch.edgcn")
    expected = model.predict_proba(raw_clips())
    shutil.rmtree(run)
    alone = tmp_path_factory.mktemp("elsewhere") / "renamed.edgcn"
    shutil.move(path, alone)
    again = load(alone)
    np.testing.assert_array_equal(again.predict_proba(raw_clips()), expected)
    assert again.provenance_.title == model.provenance_.title
    assert again.provenance_.fitted is not None
    assert again.provenance_.fitted.people == ("s1", "s2", "s3", "s4")
    again.save(tmp_path / "copy.edgcn")
    assert (tmp_path / "copy.edgcn").read_bytes() == alone.read_bytes()


def test_labels_of_any_kind_teach_it(run: Path) -> None:
    clips = raw_clips()
    for names in (["a", "b", "c"], [7, -1, 3]):
        labels = [names[i % 3] for i in range(len(clips))]
        subjects = [f"s{(i // 3) % 4}" for i in range(len(clips))]
        model = Recognizer(str(run)).fit(clips, labels, subjects=subjects)
        assert model.classes_.tolist() == sorted(names)
        assert set(model.predict(clips).tolist()) <= set(names)
        assert model.provenance_.fitted is None  # arrays have no names to remember


def test_without_a_classifier_it_embeds_and_says_how_to_get_names(run: Path) -> None:
    model = load(run)
    assert model.transform(raw_clips()).shape == (40, 16)
    with pytest.raises(NotFittedError, match=r"edgcn fit MODEL STORE --out NEW\.edgcn"):
        model.predict(raw_clips())


WRONG: dict[str, tuple[Any, str]] = {
    "a path": ("clips", "expected clips as arrays or a store, got the path 'clips'; open it first"),
    "one clip": (np.zeros((9, 5, 3)), r"one array of shape \(9, 5, 3\); put a single clip into a"),
    "none": ([], "expected at least one clip, got none"),
    "joints": ([np.zeros((9, 7, 3))], r"clip 0: expected \(T, 5, 3\) .* 'tiny5', got \(9, 7, 3\)"),
    "frames": ([np.zeros((0, 5, 3))], "with T at least 1"),
    "words": ([["a"]], "expected an array of numbers"),
    "nan": ([np.full((9, 5, 3), np.nan)], "clip 0: has NaN or infinite"),
}


@pytest.mark.parametrize("name", WRONG)
def test_clips_that_are_none_are_named(name: str, run: Path) -> None:
    clips, message = WRONG[name]
    with pytest.raises(EdgcnError, match=message):
        load(run).transform(clips)


def test_no_clips_are_named(run: Path, store: Store) -> None:
    for none in (np.zeros((0, 4, 5, 3)), store.clips().take(np.arange(0))):
        with pytest.raises(EdgcnError, match="expected at least one clip, got none"):
            load(run).transform(none)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder": "gone"}, "encoder 'gone' is not the one .* no encoder is named 'gone'"),
        ({"settings": {"hidden_size": 3}}, r"encoder 'edgcn-s' is not .* use the version"),
        ({"inputs": {}}, r"embedder\.inputs: 'topology' is missing"),
    ],
)
def test_a_file_of_another_version_is_named(
    change: dict[str, Any], message: str, run: Path, tmp_path: Path
) -> None:
    tensors, metadata = load_tensors(run / "recognizer.edgcn")
    metadata["embedder"] |= change
    save_tensors(tmp_path / "other.edgcn", tensors, metadata)
    with pytest.raises(EdgcnError, match=message):
        load(tmp_path / "other.edgcn")


def test_labels_that_do_not_fit_are_named(run: Path, store: Store) -> None:
    model, clips = Recognizer(str(run)), raw_clips()
    for arguments, message in (
        ({"y": None}, "expected the class of each clip as y"),
        ({"y": ["a"] * 39}, r"one class for each of 40 clips, got \(39,\)"),
        ({"y": ["a"] * 40}, "of at least 2 classes to learn from, got 40 clips of 1 class$"),
        ({"y": ["a", "b"] * 20, "subjects": ["x"]}, r"a subject for each of 40 clips, got \(1,\)"),
    ):
        with pytest.raises(EdgcnError, match=message):
            model.fit(clips, **arguments)


@pytest.mark.parametrize("wrong", ["edgcn-x", "no/such/run"])
def test_models_that_do_not_exist_are_named(wrong: str) -> None:
    with pytest.raises(EdgcnError, match=f"{wrong} does not exist; expected a run.*edgcn-s"):
        load(wrong)


def test_clips_of_other_joints_are_adapted_as_a_store_is(tmp_path: Path) -> None:
    twenty = tiny_store(tmp_path, clips=24, topology=twenty_joints())
    run = tiny_run(twenty.path, tmp_path / "run", epochs=1)
    rng = np.random.default_rng(0)
    clips = [rng.normal(size=(9, 1, 25, 3)).astype(np.float32) for _ in range(3)]
    model = Recognizer(str(run), topology=KINECT_V2)
    prepared = [remap(clip, KINECT_V2, twenty_joints()) for clip in clips]
    np.testing.assert_array_equal(model.transform(clips), load(run).transform(prepared))
    by_position = Recognizer(str(run), topology=KINECT_V2, skeleton="position")
    with pytest.raises(EdgcnError, match="by position the numbers of joints must be equal"):
        by_position.transform(clips)


def test_clips_in_memory_are_the_clips_of_a_store(store: Store) -> None:
    clips, rows = store.clips(), np.arange(40)
    held = array_clips(raw_clips(), topology=clips.topology, dims=3, units="m")
    for frames in (1, 4, 16):
        assert np.array_equal(held.batch(rows, frames).numpy(), clips.batch(rows, frames).numpy())


class OfTables(Recognizer):
    """The recognizer on tables (N, features), which scikit-learn's suite feeds to everything.

    A row becomes a clip of 4 frames, its numbers added to the joints of somebody who stands still.
    All else is the recognizer's own.
    """

    def _clips(self, X: Any, embedder: Embedder) -> Any:
        table = np.asarray(X, dtype=np.float32)
        if table.ndim != 2:
            raise ValueError(f"expected a 2D table, got {table.ndim} dimensions")
        numbers = np.zeros((len(table), 60), dtype=np.float32)
        numbers[:, : table.shape[1]] = table[:, :60]
        rest = np.random.default_rng(0).normal(size=(5, 3))
        return super()._clips([rest + row.reshape(4, 5, 3) for row in numbers], embedder)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.target_tags.required = True
        return tags


# What of the suite a collection of clips cannot pass, and why.
NEVER_SPARSE = "clips are no table of features, and never sparse"
EXPECTED = {
    "check_estimator_sparse_tag": NEVER_SPARSE,
    "check_estimator_sparse_array": NEVER_SPARSE,
    "check_estimator_sparse_matrix": NEVER_SPARSE,
    "check_transformer_general": "clips may have other numbers of frames than those fitted",
    "check_transformers_unfitted": "the encoder is trained already; only names need a fit",
    "check_methods_subset_invariance": "float32 products of other sizes differ in the last digits",
}


@pytest.mark.filterwarnings("ignore:.*the clips are taken as they are:UserWarning")
def test_the_contract_of_scikit_learn(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgcn.evaluation.logistic.GRID", (0.1,))  # all five take long
    results = check_estimator(
        OfTables(str(run)), expected_failed_checks=EXPECTED, on_fail=None, on_skip=None
    )
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert not failed, {name: str(error)[:200] for name, error in failed.items()}
    passed = [r["check_name"] for r in results if r["status"] == "passed"]
    assert len(passed) > 30
    assert not set(EXPECTED) & set(passed)


def test_a_clone_is_unfitted_and_has_the_same_parameters(fitted: Recognizer) -> None:
    other = clone(fitted)
    assert other.get_params() == fitted.get_params()
    assert not hasattr(other, "classes_")
    assert Recognizer("edgcn-s").set_params(depth="confidence").depth == "confidence"


def test_fitting_again_forgets(run: Path, store: Store) -> None:
    model = Recognizer(str(run)).fit(store.clips("train"))
    first: Selection = store.clips("train")
    two = first.take(first.labels < 2)
    model.fit([two.clip(i) for i in range(len(two))], two.labels, subjects=two.subjects)
    assert model.classes_.tolist() == [0, 1]


def test_another_model_takes_the_place_of_what_was_fitted(
    run: Path, store: Store, tmp_path: Path
) -> None:
    other = tiny_run(store.path, tmp_path / "other", epochs=1, seed=1)
    clips = store.clips("train")
    model = Recognizer(str(run)).fit(clips).set_params(model=str(other)).fit(clips)
    assert np.array_equal(model.transform(clips), load(other).transform(clips))
    assert model.provenance_.seed == 1


def test_a_recognizer_may_be_the_model_of_another(run: Path, store: Store, tmp_path: Path) -> None:
    clips, unfitted = store.clips("train"), Recognizer(str(run))
    nested = clone(Recognizer(load(run)))
    assert np.array_equal(nested.transform(clips), unfitted.transform(clips))
    assert nested.fit(clips).score(clips) == unfitted.fit(clips).score(clips)
    results = evaluate(Recognizer(str(run)), store, out=tmp_path / "out", protocol="knn")
    assert results.rows[-1].kind == "method"


def test_nobody_is_named_nobody(fitted: Recognizer, store: Store) -> None:
    """An empty picture has no gesture, and no probability of any."""
    clips = [store.clips().clip(row) for row in range(3)]
    clips[1] = 0 * clips[1]
    likely = fitted.predict_proba(clips)
    assert np.isnan(likely[1]).all()
    np.testing.assert_allclose(likely[[0, 2]].sum(1), 1, rtol=1e-5)
    named = fitted.predict(clips)
    assert named[1] == "nobody"
    assert named[[0, 2]].tolist() == fitted.predict([clips[0], clips[2]]).tolist()


def test_nobody_teaches_nothing(run: Path, store: Store) -> None:
    clips = [store.clips().clip(row) for row in range(4)]
    clips[2] = 0 * clips[2]
    with pytest.raises(EdgcnError, match=r"1 clip to learn from in which nobody is seen.*clip 2"):
        Recognizer(str(run)).fit(clips, [0, 1, 0, 1])
    model = Recognizer(str(run)).fit([clips[0], clips[1], clips[3]], [0, 1, 1])
    assert model.predict(clips)[2] == -1


def test_frames_that_are_out_of_this_world_are_refused(fitted: Recognizer, store: Store) -> None:
    clip = store.clips().clip(0)
    clip[0, 0, 0, 0] = 1e30
    with pytest.raises(EdgcnError, match=r"clip 0: has .* beyond 100,000"):
        fitted.predict([clip])
