"""Checkpoints: what was saved comes back, whole or not at all, and is refused where it is unfit."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from edgcn import checkpoint
from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.models import ENCODERS
from edgcn.models.build import build_encoder, load_encoder, save_encoder
from edgcn.pipeline.inputs import Inputs
from edgcn.pipeline.normalize import NORMALIZATIONS
from helpers import SMALL_ENCODER, tiny_topology

INPUTS = Inputs(
    topology=tiny_topology(),
    dims=3,
    bodies=1,
    frames=8,
    normalize=replace(NORMALIZATIONS["canonical"], bone_lengths=(0.5, 0.2, 0.7, 0.7)),
)


def test_tensors_and_description_come_back(tmp_path: Path):
    base = torch.randn(4, 6)
    tensors = {
        "a": torch.tensor(7),
        "strided": base[:, ::2],
        "shares memory with the last": base,
        "half": torch.randn(3).bfloat16(),
    }
    about = {"text": "γ", "numbers": [1, 2.5, None], "nested": {"deep": True}}
    path = tmp_path / "x.safetensors"
    save_tensors(path, tensors, about)
    loaded, told = load_tensors(path)
    assert told == about
    assert loaded.keys() == tensors.keys()
    for name, value in tensors.items():
        assert loaded[name].dtype == value.dtype
        assert torch.equal(loaded[name], value)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("where", ["save_file", "replace"])
def test_a_write_that_fails_keeps_the_old_file(tmp_path: Path, monkeypatch, where: str):
    path = tmp_path / "x.safetensors"
    save_tensors(path, {"a": torch.ones(3)}, {})
    before = path.read_bytes()

    def full(source: object, target: object = None, **_: object) -> None:
        if where == "save_file":
            Path(str(target)).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint if where == "save_file" else os, where, full)
    with pytest.raises(EdgcnError, match=r"No space left .*the previous file is kept"):
        save_tensors(path, {"a": torch.zeros(3)}, {})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_files_that_are_no_checkpoint(tmp_path: Path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(EdgcnError, match=r"does not exist; is .* a run of"):
        load_tensors(path)
    save_tensors(path, {"a": torch.ones(100)}, {})
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(EdgcnError, match="is not a readable checkpoint"):
        load_tensors(path)
    path.write_bytes(b"")
    with pytest.raises(EdgcnError, match="is not a readable checkpoint"):
        load_tensors(path)
    torch.save({"a": torch.ones(3)}, path)  # a pickle
    with pytest.raises(EdgcnError, match="is not a readable checkpoint"):
        load_tensors(path)
    save_file({"a": torch.ones(3)}, path)
    with pytest.raises(EdgcnError, match="format 'edgcn-1', its header names nothing"):
        load_tensors(path)


@pytest.mark.parametrize("name", ["edgcn-s", "ascal-lstm"])
def test_an_encoder_gives_the_same_embeddings_after_a_round_trip(tmp_path: Path, name: str):
    inputs = replace(INPUTS, moments=True, stream="bone")
    options = SMALL_ENCODER if name == "edgcn-s" else {"embed_dim": 8}
    encoder = build_encoder(name, inputs, options)
    x = inputs.features(inputs.clean(torch.randn(6, 3, 8, 5, 1)))
    encoder(x)  # moves the batch statistics, which must be saved too
    encoder.eval()
    save_encoder(tmp_path / "e.safetensors", encoder, name=name, options=options, inputs=inputs)
    again, same_inputs, about = load_encoder(tmp_path / "e.safetensors")
    assert same_inputs == inputs
    assert (about["encoder"], about["options"]) == (name, options)
    assert not again.training
    with torch.no_grad():
        assert torch.equal(again(x), encoder(x))


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_inputs_survive_json(name: str):
    lengths = tuple(float(v) for v in range(4))
    settings = replace(NORMALIZATIONS[name], bone_lengths=lengths)
    inputs = replace(INPUTS, normalize=settings, stream="motion", bodies=2, dims=2)
    assert Inputs.from_dict(inputs.to_dict()) == inputs


def test_unknown_encoders_and_options_are_refused_with_what_there_is():
    with pytest.raises(EdgcnError, match=r"no encoder is named 'edgcm'; .* did you mean 'edgcn'\?"):
        build_encoder("edgcm", INPUTS, {})
    for name in ENCODERS:
        with pytest.raises(EdgcnError, match=rf"encoder '{name}' does not take .*widhts"):
            build_encoder(name, INPUTS, {"widhts": [8]})


def test_without_input_norm_every_encoder_is_built_and_comes_back(tmp_path: Path):
    inputs = replace(INPUTS, input_norm=False, stream="joint+motion", motion_gain=5.0)
    for name in ("edgcn-s", "ascal-lstm"):  # with a norm to leave out, and without one
        encoder = build_encoder(name, inputs, {})
        save_encoder(tmp_path / name, encoder, name=name, options={}, inputs=inputs)
        loaded, read, _ = load_encoder(tmp_path / name)
        assert read == inputs
        assert loaded.state_dict().keys() == encoder.state_dict().keys()
        assert not any(key.startswith("input_norm") for key in loaded.state_dict())
