"""Files of tensors: what was saved comes back, whole or not at all; others are refused."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from edgcn.base.errors import EdgcnError
from edgcn.base.tensorfile import load_tensors, save_tensors


def test_tensors_and_description_come_back(tmp_path: Path) -> None:
    base = torch.randn(4, 6)
    tensors = {
        "a": torch.tensor(7),
        "strided": base[:, ::2],
        "shares memory with the last": base,
        "half": torch.randn(3).bfloat16(),
    }
    metadata = {"text": "γ", "numbers": [1, 2.5, None], "nested": {"deep": True}}
    path = tmp_path / "x.safetensors"
    save_tensors(path, tensors, metadata)
    loaded, found = load_tensors(path)
    assert found == metadata
    assert loaded.keys() == tensors.keys()
    for name, value in tensors.items():
        assert loaded[name].dtype == value.dtype
        assert torch.equal(loaded[name], value)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("where", [(Path, "write_bytes"), (os, "replace")])
def test_a_write_that_fails_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: tuple[Any, str]
) -> None:
    path = tmp_path / "x.safetensors"
    save_tensors(path, {"a": torch.ones(3)}, {})
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*where, full)
    with pytest.raises(EdgcnError, match=r"No space left .*the previous file is kept"):
        save_tensors(path, {"a": torch.zeros(3)}, {})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_files_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    with pytest.raises(EdgcnError, match=r"does not exist; is .* a run of"):
        load_tensors(path)
    save_tensors(path, {"a": torch.ones(100)}, {})
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(EdgcnError, match="is not a readable file of edgcn"):
        load_tensors(path)
    path.write_bytes(b"")
    with pytest.raises(EdgcnError, match="is not a readable file of edgcn"):
        load_tensors(path)
    torch.save({"a": torch.ones(3)}, path)  # a pickle
    with pytest.raises(EdgcnError, match="is not a readable file of edgcn"):
        load_tensors(path)
    save_file({"a": torch.ones(3)}, path)
    with pytest.raises(EdgcnError, match="a file that edgcn wrote, its header names nothing"):
        load_tensors(path)


def test_a_flipped_bit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_tensors(path, {"a": torch.ones(3), "b": torch.tensor(True)}, {"is": "here"})
    whole = path.read_bytes()
    for at in (len(whole) - 1, whole.index(b"here")):
        changed = bytearray(whole)
        changed[at] ^= 1
        path.write_bytes(changed)
        with pytest.raises(EdgcnError, match="its checksum differs; take another copy"):
            load_tensors(path)


def test_others_on_the_machine_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        save_tensors(tmp_path / "a.edgcn", {"w": torch.ones(2)}, {})
    finally:
        os.umask(before)
    assert (tmp_path / "a.edgcn").stat().st_mode & 0o777 == 0o644
