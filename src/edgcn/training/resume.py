"""The full state of a training, so that a stopped one continues bit for bit.

Randomness follows from seed and epoch alone (base/seeds.py), so the state after an epoch is the
objective's tensors (query, key, queue) and the optimizer's. The file is written whole or not at
all, whenever the process is killed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.base.records import Record, checked, within
from edgcn.base.tensorfile import check_finite, load_tensors, save_tensors

OPTIMIZER = "optimizer."  # what the names of its tensors begin with


class StateRecord(Record):
    """What the file of a state says beside its tensors."""

    epoch: PositiveInt
    optimizer: dict[str, Any]


def tensors_of(module: nn.Module) -> dict[str, Tensor]:
    """The weights and buffers themselves, each once: parts that are reached by two names share."""
    found: dict[int, tuple[str, Tensor]] = {}
    for name, value in module.state_dict(keep_vars=True).items():
        if isinstance(value, Tensor):
            found.setdefault(id(value), (name, value))
    return dict(found.values())


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
    path: Path, *, module: nn.Module, optimizer: torch.optim.Optimizer, epoch: int
) -> None:
    """Write everything that the epochs after `epoch` depend on."""
    tensors, plain = flatten_optimizer(optimizer)
    named = tensors_of(module) | {f"{OPTIMIZER}{name}": x for name, x in tensors.items()}
    save_tensors(path, named, {"epoch": epoch, "optimizer": plain})


@torch.no_grad()
def load_state(path: Path, *, module: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Restore a state in place; returns the last epoch it has finished.

    Raises:
        EdgcnError: The file is none, or of a training with other tensors.
    """
    saved, metadata = load_tensors(path)
    record = checked(path, StateRecord, metadata)
    check_finite(path, saved)
    values = {name: x for name, x in saved.items() if not name.startswith(OPTIMIZER)}
    own = tensors_of(module)
    shapes, expected = ({name: tuple(x.shape) for name, x in y.items()} for y in (values, own))
    for name in {**expected, **shapes}:
        if shapes.get(name) != expected.get(name):
            raise EdgcnError(
                f"{path} is the state of another training: expected {name} of shape "
                f"{expected.get(name)}, got {shapes.get(name)}"
            )
    for name, value in own.items():
        value.copy_(values[name])
    rest = {name.removeprefix(OPTIMIZER): x for name, x in saved.items() if name not in values}
    with within(path, "optimizer"):
        restore_optimizer(optimizer, rest, record.optimizer)
    return record.epoch
