"""What a training is made of, from a config: devices, objective, optimizer, learning rate."""

import logging
from collections.abc import Callable
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from edgcn.base.errors import EdgcnError
from edgcn.base.process import keep_freed_memory
from edgcn.commands.config import PretrainConfig
from edgcn.models import Reader
from edgcn.models.dense_graph import GraphConv
from edgcn.objectives import OBJECTIVES, Objective, Usual
from edgcn.training.schedule import lr_factor


def make_fabric(config: PretrainConfig) -> Fabric:
    """Devices, precision and ranks, launched."""
    if config.threads:
        torch.set_num_threads(config.threads)
    keep_freed_memory()
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # run.json has the precision
    ranks = config.devices * config.nodes
    try:
        fabric = Fabric(
            accelerator=config.accelerator,
            devices=config.devices,
            num_nodes=config.nodes,
            strategy="ddp" if ranks > 1 else "auto",
            precision="bf16-mixed" if use_bfloat16(config) else "32-true",
        )
    except (ValueError, RuntimeError) as error:
        raise EdgcnError(f"cannot use accelerator {config.accelerator!r}: {error}") from error
    fabric.launch()
    return fabric


def make_objective(
    config: PretrainConfig, encoder: nn.Module, *, usual: Usual | None = None
) -> Objective:
    """What the encoder is trained for: the one place that knows which settings are whose.

    Args:
        usual: what the training clips are like, for objectives that reconstruct.
    """
    pose = None if usual is None else usual.pose
    settings: dict[str, dict[str, Any]] = {
        "barlow": {"reconstruct": config.reconstruct, "usual": usual},
        "moco": {
            "queue_size": config.queue_size,
            "temperature": config.temperature,
            "momentum": config.momentum,
            "projector": config.projector,
        },
        "predict-cluster": {"decoder": config.decoder, "pose": pose},
        "variational": {"pose": pose},
    }
    read = encoder if config.readout == "mean" else Reader(encoder, config.readout)
    return OBJECTIVES[config.objective](read, **settings[config.objective])


def state_of(objective: nn.Module) -> nn.ModuleDict:
    """An objective's parts, each once: the learner, and what is not inside it (keys, queue).

    Taken before Fabric wraps the learner, so that the names are the same on any number of ranks.
    """
    learner = objective.get_submodule("learner")
    inside = set(learner.modules())
    parts = objective.named_children()
    beside = {name: part for name, part in parts if part not in inside}
    return nn.ModuleDict({"learner": learner, **beside})


def use_bfloat16(config: PretrainConfig) -> bool:
    """bfloat16 where asked for, or where the device multiplies it faster than float32."""
    if config.precision != "auto":
        return config.precision == "bfloat16"
    if config.accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # no public name yet
    return bool(supported and supported())


def make_optimizer(config: PretrainConfig, module: nn.Module) -> torch.optim.Optimizer:
    """SGD with momentum 0.9 (the paper), or AdamW.

    A group's `times_lr` multiplies the learning rate of each step.
    """
    graphs = [layer for layer in module.modules() if isinstance(layer, GraphConv)]
    edges = [layer.residual for layer in graphs] if config.residual_lr != 1 else []
    if config.residual_lr != 1 and not edges:
        raise EdgcnError(f"{config.encoder} has no learned edges; leave out --residual-lr")
    apart = {id(weight) for weight in edges}
    others = [weight for weight in module.parameters() if id(weight) not in apart]
    groups: list[dict[str, Any]] = [{"params": others}]
    if edges:
        groups.append({"params": edges, "times_lr": config.residual_lr})
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=config.lr, weight_decay=config.weight_decay)
    return torch.optim.SGD(groups, lr=config.lr, momentum=0.9, weight_decay=config.weight_decay)


def lr_of(config: PretrainConfig, epoch: int, *, steps: int) -> Callable[[int], float]:
    """Learning rate of each step of a 1-based epoch."""

    def rate(step: int) -> float:
        return config.lr * lr_factor(
            epoch - 1 + step / max(steps, 1),
            schedule=config.schedule,
            epochs=config.epochs,
            warmup_epochs=config.warmup_epochs,
        )

    return rate
