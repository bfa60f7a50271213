"""Optimizers by name, and the group of an encoder's learned edges."""

from typing import Any, Literal

import torch
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.models.dense_graph import GraphConv

OptimizerName = Literal["sgd", "adamw"]


def make_optimizer(
    module: nn.Module,
    name: OptimizerName,
    *,
    lr: float,
    weight_decay: float = 0.0,
    residual_lr: float = 1.0,
) -> torch.optim.Optimizer:
    """SGD with momentum 0.9 (the paper), or AdamW.

    Args:
        residual_lr: Times `lr`: learning rate of EDGCN's learned edges between joints. Their group
            has it as `times_lr`.

    Raises:
        EdgcnError: The module has no weights to train, or no learned edges.
    """
    weights = list(module.parameters())
    if not any(weight.requires_grad for weight in weights):
        raise EdgcnError(
            "this objective has no weights to train; keep the encoder as an attribute, as in "
            "`self.encoder = encoder`"
        )
    graphs = [layer for layer in module.modules() if isinstance(layer, GraphConv)]
    edges = [layer.residual for layer in graphs] if residual_lr != 1 else []
    if residual_lr != 1 and not edges:
        raise EdgcnError("this encoder has no learned edges; leave out --residual-lr")
    apart = {id(weight) for weight in edges}
    others = [weight for weight in weights if id(weight) not in apart]
    groups: list[dict[str, Any]] = [{"params": others}]
    if edges:
        groups.append({"params": edges, "times_lr": residual_lr})
    if name == "adamw":
        return torch.optim.AdamW(groups, lr=lr, weight_decay=weight_decay)
    return torch.optim.SGD(groups, lr=lr, momentum=0.9, weight_decay=weight_decay)
