"""What Python gives by mistake is answered in one line, not by what broke inside."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgcn
from helpers import tiny_store
from tiny_runs import tiny_run

api: Any = edgcn  # whose types say what is wrong in most of these calls
Call = Callable[[Any, str], Any]
CALLS: dict[str, tuple[Call, str]] = {
    "no model": (lambda s, r: api.load(None), "expected a run, a recognizer.* got None"),
    "a number as a store": (lambda s, r: api.open_store(3), "expected a store or its path, got"),
    "a side that is none": (lambda s, r: s.clips("tets"), "expected split 'train' or 'test'"),
    "a split by a number": (lambda s, r: s.clips("train", by=3), "expected the name of a split"),
    "a clip beyond the last": (lambda s, r: s.clips().clip(99), "no clip 99: there are 24"),
    "rows beyond the last": (lambda s, r: s.clips().take(np.array([99])), "no clip 99"),
    "a recording beyond the last": (lambda s, r: s.recording(99), "no recording 99"),
    "fitting a number": (lambda s, r: api.fit(r, 3), "expected a store, a selection.* type int"),
    "fitting a path": (lambda s, r: api.fit(r, str(s)), "open it first with"),
    "labels that are none": (lambda s, r: api.fit(r, s, [None] * 24), "expected class names or"),
    "too few labels": (lambda s, r: api.fit(r, s, [0, 1]), "one class for each of 24 clips"),
    "one subject for all": (lambda s, r: api.fit(r, s, subjects=3), "a subject for each of 24"),
    "a misspelt setting": (lambda s, r: api.fit(r, s, skeletn="remap"), "did you mean 'skelet"),
    "a value that is none": (lambda s, r: api.fit(r, s, skeleton="x"), "expected remap or rebu"),
    "a device that is none": (lambda s, r: api.fit(r, s, device="gpu0"), "'gpu0' is not availa"),
    "a topology by a wrong name": (
        lambda s, r: api.Recognizer(r, topology="kinect").transform([np.zeros((3, 5, 3))]),
        "no topology is named 'kinect'",
    ),
    "a generator": (lambda s, r: api.load(r).transform(x for x in [1]), "type generator"),
    "one clip with its bodies": (
        lambda s, r: api.load(r).transform(s.clips().clip(0)), "may be one clip of 1 bodies"),
    "a ragged clip": (lambda s, r: api.load(r).transform([[[1, 2], [3]]]), "clip 0: expected an"),
    "an absurd clip": (
        lambda s, r: api.load(r).transform([np.full((3, 5, 3), 1e30)]), "some beyond 100,000"),
    "scores of too few": (lambda s, r: api.fit(r, s).score(s, ["a"]), "one class for each of 24"),
    "evaluating nothing": (lambda s, r: api.evaluate(None, s), "expected a run.* got None"),
    "evaluating on clips": (lambda s, r: api.evaluate(r, s.clips()), "store or its path, got a"),
    "model and store swapped": (lambda s, r: api.evaluate(s, r), "is a model, where a store"),
    "a store as the model": (lambda s, r: api.evaluate(s, s), "is a store, where a model is"),
    "a recognizer without classes": (lambda s, r: api.load(r).predict(s), "learned no classes"),
    "reporting nothing": (lambda s, r: api.report(None, out="p"), "expected a run, or a folder"),
    "reporting one run": (lambda s, r: api.report(r, out="p"), "run holds no evaluation"),
    "options in a list": (
        lambda s, r: api.prepare("synthetic", out="x", options=[1]), "options: expected values"),
    "weights without a name": (lambda s, r: api.weights(None, out="x"), "no weights are named"),
    "a file without a name": (lambda s, r: api.load(r).save(None), "expected the name of a fi"),
}  # fmt: skip


def answers(folder: Path) -> dict[str, tuple[list[str], str]]:
    """The classes of each call's error, and what it says."""
    store = tiny_store(folder)
    run = tiny_run(store.path, folder / "run", encoder="ascal-lstm",
                   encoder_settings={"embed_dim": 4}, frames=4, epochs=1)  # fmt: skip
    found: dict[str, tuple[list[str], str]] = {}
    for name, (call, _) in CALLS.items():
        try:
            call(store, str(run))
            found[name] = ([], "")
        except Exception as error:
            found[name] = ([kind.__name__ for kind in type(error).__mro__], str(error))
    return found


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], str]]:
    """In a process of its own: in this one annotations are checked, for users they are not."""
    command = [sys.executable, __file__, str(tmp_path_factory.mktemp("api"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, tuple[list[str], str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", CALLS)
def test_the_answer_is_one_line(name: str, said: dict[str, tuple[list[str], str]]) -> None:
    kinds, text = said[name]
    assert "EdgcnError" in kinds
    assert "\n" not in text
    assert re.search(CALLS[name][1], text), text


def test_an_unfitted_recognizer_says_so_to_scikit_learn_too(
    said: dict[str, tuple[list[str], str]],
) -> None:
    assert "NotFittedError" in said["a recognizer without classes"][0]


if __name__ == "__main__":
    print(json.dumps(answers(Path(sys.argv[1]))))
