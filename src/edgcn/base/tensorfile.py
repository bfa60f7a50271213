"""Tensors and JSON in one safetensors file, written all or nothing; never a pickle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from edgcn.base.errors import EdgcnError
from edgcn.base.files import replacing

FORMAT = "edgcn-1"  # the one key of the header: with several, their order would vary


def save_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors with a JSON description; a crash leaves the old file or the new one, whole."""
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    try:
        with replacing(path) as waiting:
            save_file(plain, waiting, metadata={FORMAT: json.dumps(about, sort_keys=True)})
    except (OSError, SafetensorError) as error:
        raise EdgcnError(f"cannot write {path}: {error}; the previous file is kept") from error


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and description of a file written by `save_tensors`."""
    if not path.is_file():
        raise EdgcnError(f"{path} does not exist; is {path.parent} a run of `edgcn pretrain`?")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise EdgcnError(f"{path} is not a readable checkpoint: {error}") from error
    if FORMAT not in metadata:
        found = ", ".join(metadata) or "nothing"
        raise EdgcnError(
            f"{path}: expected a checkpoint of format {FORMAT!r}, its header names {found}"
        )
    return tensors, json.loads(metadata[FORMAT])
