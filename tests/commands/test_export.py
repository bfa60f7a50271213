"""`edgcn export`: a file that names clips without PyTorch, and vectors for a projector."""

import json
import runpy
import sys
from pathlib import Path

import jaxtyping
import numpy as np
import pytest

import edgcn
from edgcn import cli
from edgcn.inference import Recognizer
from edgcn.inference.provenance import Provenance
from edgcn.inference.recognizer import unfitted
from edgcn.models.embedder import Embedder
from edgcn.store import Store
from edgcn.store.learned import Learned
from helpers import tiny_store
from plugin_files import EXAMPLES
from tiny_training import RandomClips, inputs_of


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("data"), clips=12)


@pytest.fixture(scope="module")
def fitted(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recognizer of three classes whose encoder has learned nothing."""
    embedder = Embedder.new("ascal-lstm", {"hidden": 8}, inputs_of(RandomClips()), "mean")
    nobody = Learned(np.empty(0, dtype=np.uint64), 1, ("Ann",), ("elsewhere",))
    source = unfitted(
        embedder,
        Provenance("a title", {"store": "/home/ann/s"}, nobody, notes=("a note",)),
        model="m",
    )
    return Recognizer(source).fit(store).save(tmp_path_factory.mktemp("models") / "touch.edgcn")


def run(*words: object) -> int:
    """A command, without checks of shapes: tracing has no numbers in them."""
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        return cli.run([str(word) for word in words])
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)


def test_the_example_names_clips_as_the_recognizer_does(
    store: Store, fitted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx", reason="needs the extra onnx")
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    graph = tmp_path / "touch.onnx"
    assert run("export", fitted, "--out", graph) == 0
    said = capsys.readouterr().out
    assert "5 joints of tiny5" in said
    assert "probabilities of 3 classes" in said
    names = runpy.run_path(str(EXAMPLES / "06_onnx_without_torch.py"))
    names["main"](str(graph), str(store.path), *map(str, range(len(store.clips()))))
    likely = edgcn.load(fitted).predict_proba(store.clips())
    found = edgcn.load(fitted).predict(store.clips())
    assert capsys.readouterr().out.splitlines() == [
        f"clip {i}: {found[i]} ({100 * likely[i].max():.0f} %)" for i in range(len(found))
    ]
    session = runtime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    empty = np.zeros((4, 2, 5, 3), np.float32)
    assert names["name"](session, empty) == ("nobody", 1.0)
    known = session.get_modelmeta().custom_metadata_map
    assert json.loads(known["classes"]) == ["gesture 0", "gesture 1", "gesture 2"]
    assert json.loads(known["joints"]) == list(store.topology.joints)
    origin = json.loads(known["provenance"])
    assert (origin["title"], origin["notes"]) == ("a title", ["a note"])
    assert origin["pretrained"] == {"stores": ["elsewhere"], "people": 1}  # and not who
    assert "Ann" not in known["provenance"]
    assert "/home" not in known["provenance"]


def test_vectors_and_what_is_known_of_them_are_in_the_same_order(
    store: Store, fitted: Path, tmp_path: Path
) -> None:
    out = tmp_path / "vectors"
    assert run("export", fitted, store.path, "--format", "projector", "--out", out) == 0
    vectors = np.loadtxt(out / "vectors.tsv", delimiter="\t", dtype=np.float32)
    np.testing.assert_allclose(vectors, edgcn.load(fitted).transform(store), rtol=1e-4)
    head, *rows = (out / "metadata.tsv").read_text().splitlines()
    assert head == "clip\tclass\tperson"
    assert rows[1] == "clip001\tgesture 1\ts1"
    assert len(rows) == len(store.clips())
    assert "vectors.tsv" in (out / "projector_config.pbtxt").read_text()


def test_a_missing_package_is_named_with_its_extra(
    fitted: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert run("export", fitted, "--out", tmp_path / "a.onnx") == 2
    assert "pip install 'edgcn[onnx]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
