"""How much work a forward pass is, counted while it runs.

module, clips -> operations of its matrix products, and elements that these products write
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from edgcn.models.cost import forward_flop


class _Written(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the elements of every new product's result. (A mode can only be made by inheriting.)

    A product that is added to an earlier one writes nothing that must be written.
    """

    elements = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[Any],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func._overloadpacket in flop_registry:
            self.elements += out.numel()
        return out


def forward_work(module: nn.Module, clips: Tensor) -> dict[str, float]:
    """Operations (a multiplication and an addition are two) and elements written, per clip.

    An LSTM's products are inside it, and are counted by formula.
    """
    with torch.no_grad(), _Written() as written:  # type: ignore[no-untyped-call]
        module(clips)
    elements = written.elements
    recurrent = [layer for layer in module.modules() if isinstance(layer, nn.LSTM)]
    if recurrent:
        frames = clips.shape[2] * clips.shape[4] * len(clips)
        elements = frames * sum(4 * layer.hidden_size for layer in recurrent)
    return {"gflop": forward_flop(module, clips) / 1e9, "elements": elements / len(clips)}


def bytes_moved(
    *, elements: float, parameters: int, batch: int, precision: str, training: bool
) -> float:
    """Bytes that an iteration moves at least, if everything but products were free.

    Every product's result is written and read once; in training it is read once more and its
    gradient is written and read once. Parameters are read once; in training they are read again and
    their gradient is written.
    """
    size = 2 if precision == "bfloat16" else 4  # parameters stay float32 under autocast
    results, weights = (5, 3) if training else (2, 1)
    return results * elements * batch * size + weights * parameters * 4
