"""What an encoder costs: its parameters, and the operations of a forward pass.

module, clips -> counts; a multiplication and an addition are two operations
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def _addmm_flop(_: Any, a: Sequence[int], b: Sequence[int], **__: Any) -> int:
    """Operations of a product that is added in place, which PyTorch's counter leaves out."""
    return 2 * a[0] * a[1] * b[1]


IN_PLACE = {torch.ops.aten.addmm_: _addmm_flop}


def parameters(module: nn.Module) -> int:
    """How many numbers of a module are learned."""
    return sum(parameter.numel() for parameter in module.parameters())


@torch.no_grad()
def forward_flop(module: nn.Module, clips: Tensor) -> float:
    """Operations of the matrix products and convolutions of a forward pass, per clip.

    PyTorch's counter does not see inside an LSTM or a GRU, which are counted by formula.

    Args:
        clips: (N, C, T, V, M), as the module reads them.
    """
    counter = FlopCounterMode(display=False, custom_mapping=IN_PLACE)
    recurrent = [layer for layer in module.modules() if isinstance(layer, nn.LSTM | nn.GRU)]
    training = module.training
    module.eval()
    with counter:
        module(clips)
    module.train(training)
    if not recurrent:
        return float(counter.get_total_flops() / len(clips))
    frames = clips.shape[2] * clips.shape[4]  # every body is a sequence
    return float(frames * sum(recurrent_flop(layer) for layer in recurrent))


def recurrent_flop(layer: nn.LSTM | nn.GRU) -> int:
    """Operations at one frame: each gate of each layer and direction, of input and state."""
    gates = 4 if isinstance(layer, nn.LSTM) else 3
    directions, size = 1 + layer.bidirectional, layer.hidden_size
    widths = [layer.input_size, *[directions * size] * (layer.num_layers - 1)]
    return sum(directions * gates * 2 * size * (width + size) for width in widths)
