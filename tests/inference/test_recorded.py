"""The file of a recognizer after somebody changed it: one line with file and field, never more."""

import copy
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.base.files import read_json, write_json
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.inference.recognizer import Recognizer, load
from helpers import tiny_store
from tiny_runs import tiny_run

Change = Callable[[dict[str, Any], dict[str, Tensor]], object]
NONSENSE: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1e308, float("nan"), "x", "", [], [1], {}, {"a": 1}, [[1]],
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    store = tiny_store(folder)
    return tiny_run(store.path, folder / "run", encoder="ascal-lstm",
                    encoder_settings={"embed_dim": 4}, frames=4, epochs=1)  # fmt: skip


@pytest.fixture(scope="module")
def file(run: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgcn.evaluation.logistic.GRID", (0.1,))
        fitted = Recognizer(str(run)).fit(tiny_store(run.parent, name="other"))
    return fitted.save(run.parent / "mine.edgcn")


def changed(file: Path, folder: Path, change: Change) -> Path:
    tensors, header = load_tensors(file)
    change(header, tensors)
    save_tensors(folder / "bad.edgcn", tensors, header)
    return folder / "bad.edgcn"


CHANGES: dict[str, tuple[Change, str]] = {
    "no encoder": (lambda h, t: h["embedder"].pop("encoder"), r"encoder is missing"),
    "another readout": (lambda h, t: h["embedder"].update(readout="x"), "embedder.readout: expec"),
    "frames": (lambda h, t: h["embedder"]["inputs"].update(frames=10**9), "frames: expected 1 to"),
    "bodies": (lambda h, t: h["embedder"]["inputs"].update(bodies=0), "bodies: expected 1 to"),
    "units": (lambda h, t: h["embedder"]["inputs"]["sensor"].update(units="mm"), "m or px"),
    "bones": (lambda h, t: h["embedder"]["inputs"]["normalize"].update(bone_lengths=[1.0]),
              "normalize.bone_lengths: expected 4, got 1"),
    "people": (lambda h, t: h["pretrained"].update(people=3), "pretrained.people: Input should"),
    "no origin": (lambda h, t: h.pop("provenance"), "provenance is missing"),
    "no strength": (lambda h, t: h.pop("strength"), "`classes` or `strength` is missing"),
    "a class twice": (lambda h, t: h.update(classes=["a", "a", "b"]), "classes: expected each na"),
    "a class less": (lambda h, t: h["classes"].pop(),
                     r"classifier.weight: expected shape \(2, 4\) for 2 classes .* got \(3, 4\)"),
    "a shorter scale": (lambda h, t: t.update({"classifier.scale": torch.ones(3)}),
                        r"classifier.scale: expected shape \(4,\)"),
    "a scale of 0": (lambda h, t: t["classifier.scale"].zero_(), "expected numbers above 0"),
    "NaN": (lambda h, t: t["classifier.weight"].view(-1)[:2].fill_(torch.nan),
            "2 of 12 numbers of classifier.weight are not finite"),
    "frames of others": (lambda h, t: t.update({"pretrained.frames": torch.ones(3)}),
                         "pretrained.frames: expected one whole number"),
    "no weights": (lambda h, t: [t.pop(n) for n in [*t] if n.startswith("encoder.")],
                   "the weights of its encoder are missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_is_named(name: str, file: Path, tmp_path: Path) -> None:
    change, message = CHANGES[name]
    with pytest.raises(EdgcnError, match=message) as caught:
        load(changed(file, tmp_path, change))
    assert str(caught.value).startswith(str(tmp_path / "bad.edgcn"))
    assert "\n" not in str(caught.value)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where everything is in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) \
        if isinstance(value, list) else ()  # fmt: skip
    for key, inner in items:
        yield from leaves(inner, (*path, key))


def test_any_field_may_hold_anything(file: Path, tmp_path: Path) -> None:
    """Whatever a field says, the file is used or refused, and nothing else is raised."""
    draws, (tensors, header) = random.Random(0), load_tensors(file)
    places = [place for place in leaves(header) if place]
    refused = 0
    for place in draws.sample(places, 60):
        wrong = copy.deepcopy(header)
        inner = wrong
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = draws.choice(NONSENSE)
        save_tensors(tmp_path / "bad.edgcn", tensors, wrong)
        try:
            load(tmp_path / "bad.edgcn")
        except EdgcnError:
            refused += 1
    assert refused > 20


def test_a_run_and_its_recognizer_agree(run: Path, tmp_path: Path) -> None:
    assert load(run).provenance_.config["epochs"] == 1
    known = read_json(run / "run.json")
    write_json(run / "run.json", known | {"config": known["config"] | {"seed": 5}})
    with pytest.raises(EdgcnError, match=r"config\.seed is 5, and .* was made with 0"):
        load(run)
    write_json(run / "run.json", known)
