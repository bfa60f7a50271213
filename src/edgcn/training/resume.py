"""The full state of a training, so that a stopped one continues bit for bit.

Randomness depends on seed and epoch alone (training/schedule.py), so the state after an epoch is
the objective's tensors (query, key, queue) and the optimizer's.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edgcn.base.tensorfile import load_tensors, save_tensors


def flatten_optimizer(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """An optimizer's state as named tensors and plain JSON."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    plain: dict[str, Any] = {"groups": state["param_groups"], "numbers": {}}
    for index, values in state["state"].items():
        for name, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"{index}.{name}"] = value
            else:
                plain["numbers"][f"{index}.{name}"] = value
    return tensors, plain


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]
) -> None:
    """Inverse of `flatten_optimizer`."""
    state: dict[int, dict[str, Any]] = {}
    for key, value in [*tensors.items(), *plain["numbers"].items()]:
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": plain["groups"]})


def save_state(
    path: Path, *, modules: nn.Module, optimizer: torch.optim.Optimizer, epoch: int
) -> None:
    """Write everything the epochs after `epoch` depend on."""
    tensors, plain = flatten_optimizer(optimizer)
    named = {f"modules.{name}": value for name, value in modules.state_dict().items()}
    named |= {f"optimizer.{name}": value for name, value in tensors.items()}
    save_tensors(path, named, {"epoch": epoch, "optimizer": plain})


def load_state(path: Path, *, modules: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Restore a state; returns the last epoch it has finished."""
    tensors, about = load_tensors(path)

    def part(prefix: str) -> dict[str, Tensor]:
        return {
            name.removeprefix(prefix): value
            for name, value in tensors.items()
            if name.startswith(prefix)
        }

    modules.load_state_dict(part("modules."))
    restore_optimizer(optimizer, part("optimizer."), about["optimizer"])
    return int(about["epoch"])
