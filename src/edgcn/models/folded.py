"""An encoder for evaluation alone: batch norms folded into the products before them, once.

The fast layers fold at every call, which costs little on many clips and a third of the time on a
few frames.
"""

import copy

from torch import nn

from edgcn.models.dense_graph import GraphConv, WindowConv
from edgcn.models.kernels.norms import fold_norm
from edgcn.models.layers import MultiScaleTemporal, TemporalConv

# The product of each layer and the batch norm that follows it.
FOLLOWED: dict[type[nn.Module], tuple[str, str]] = {
    GraphConv: ("mix", "norm"),
    WindowConv: ("collapse", "norm"),
    TemporalConv: ("mix", "norm"),
    MultiScaleTemporal: ("reduce", "reduce_norm"),
}


def folded(encoder: nn.Module) -> nn.Module:
    """A copy in evaluation mode that gives the same up to rounding; other layers stay."""
    made = copy.deepcopy(encoder).eval().requires_grad_(False)
    for layer in made.modules():
        if type(layer) not in FOLLOWED:
            continue
        product, norm = FOLLOWED[type(layer)]
        linear, after = getattr(layer, product), getattr(layer, norm)
        if isinstance(after, nn.BatchNorm1d):
            weight, shift = fold_norm(linear, after)
            linear.weight, linear.bias = (
                nn.Parameter(each, requires_grad=False) for each in (weight, shift)
            )
            setattr(layer, norm, nn.Identity().eval())
    return made
