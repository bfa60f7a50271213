"""Tensors and JSON in one safetensors file, written all or nothing; never a pickle."""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from edgcn.base.errors import EdgcnError, FileError
from edgcn.base.files import writing

FORMAT = "edgcn"  # the one key of the header: with several, their order would vary


def save_tensors(
    path: Path,
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, Any],
    *,
    overwrite: bool = True,
) -> None:
    """Write tensors with a JSON description; a crash leaves the old file or the new one, whole."""
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    text = json.dumps(metadata, sort_keys=True)
    header = {FORMAT: f"{checksum(plain, text)} {text}"}
    with writing(path, overwrite=overwrite) as waiting:
        waiting.write_bytes(save(plain, metadata=header))  # `save_file` hides it from others


def checksum(tensors: Mapping[str, Tensor], text: str) -> str:
    """CRC-32 of a description and of all tensors with their names, types and shapes."""
    value = zlib.crc32(text.encode())
    for name, tensor in sorted(tensors.items()):
        value = zlib.crc32(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode(), value)
        flat = torch.empty(tensor.numel(), dtype=tensor.dtype).copy_(tensor.reshape(-1))
        value = zlib.crc32(flat.view(torch.uint8).numpy().data, value)
    return f"{value:08x}"


def check_shapes(
    path: Path,
    part: str,
    tensors: Mapping[str, Tensor],
    wanted: Mapping[str, tuple[int, ...]],
    *,
    meaning: str,
) -> None:
    """Raise a `FileError` unless a part has exactly these tensors, of these shapes, in float32.

    Args:
        meaning: what the shapes follow from.
    """
    for name in {**wanted, **tensors}:
        shape = tuple(tensors[name].shape) if name in tensors else None
        if shape != wanted.get(name) or tensors[name].dtype != torch.float32:
            reason = f"expected shape {wanted.get(name)} for {meaning}, got {shape}"
            raise FileError(path, f"{part}.{name}: {reason}")


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and JSON description of a file written by `save_tensors`.

    Raises:
        EdgcnError: no such file, none of these, or one that was damaged after it was written.
    """
    if not path.is_file():
        raise EdgcnError(f"{path} does not exist; is {path.parent} a run of `edgcn pretrain`?")
    try:
        data = path.read_bytes()  # at once: it may be replaced meanwhile
        tensors = dict(sorted(load(data).items()))
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size]).get("__metadata__") or {}
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise EdgcnError(
            f"{path} is not a readable file of edgcn: it is damaged, or of another kind ({error})"
        ) from error
    if FORMAT not in header:
        found = ", ".join(header) or "nothing"
        raise EdgcnError(f"{path}: expected a file that edgcn wrote, its header names {found}")
    written, _, text = header[FORMAT].partition(" ")
    if written != checksum(tensors, text):
        raise EdgcnError(
            f"{path}: it is not as edgcn wrote it: its checksum differs; take another copy"
        )
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise EdgcnError(f"{path}: expected a JSON object under {FORMAT!r} in its header")
    return tensors, metadata


def check_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse NaN and infinity: what is computed with them is no number either.

    Raises:
        FileError: names the tensor.
    """
    for name, value in tensors.items():
        if value.is_floating_point() and (bad := int((~torch.isfinite(value)).sum())):
            raise FileError(
                path,
                f"{bad} of {value.numel()} numbers of {name} are not finite: its training "
                f"diverged, or the file was changed; use another, or train anew",
            )
