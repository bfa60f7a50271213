"""Devices, ranks and precision: what a training runs on."""

import logging
import os
from typing import Literal

import torch
from lightning_fabric import Fabric

from edgcn.base.errors import EdgcnError
from edgcn.base.process import keep_freed_memory
from edgcn.training.ranks import watch_ranks

MOST_ON_CPU = 8  # processes, however few cores there are
Precision = Literal["auto", "float32", "bfloat16"]


def make_fabric(
    *,
    accelerator: str = "auto",
    devices: int = 1,
    nodes: int = 1,
    precision: Precision = "auto",
    threads: int | None = None,
) -> Fabric:
    """Ranks, launched: with several, this process is one of them from here on.

    Only commands call this: it changes how the process keeps memory.

    Args:
        accelerator: "cpu", "cuda", "mps" or "auto".
        devices: Ranks on each machine.
        nodes: Machines.
        precision: Of the encoder's products; see `use_bfloat16`.
        threads: CPU threads per rank; PyTorch's choice by default.

    Raises:
        EdgcnError: There is no such accelerator, or not enough devices.
    """
    most = max(MOST_ON_CPU, os.cpu_count() or 1)
    if devices > most and not (accelerator != "cpu" and torch.cuda.is_available()):
        raise EdgcnError(
            f"expected at most {most} processes on this machine, got devices {devices}"
        )
    if threads:
        torch.set_num_threads(threads)
    keep_freed_memory()
    watch_ranks()
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    try:
        fabric = Fabric(
            accelerator=accelerator,
            devices=devices,
            num_nodes=nodes,
            strategy="ddp" if devices * nodes > 1 else "auto",
            precision="bf16-mixed" if use_bfloat16(precision, accelerator) else "32-true",
        )
    except (ImportError, ValueError, RuntimeError) as error:
        raise EdgcnError(
            f"cannot use accelerator {accelerator!r} here: {error}; use cpu or auto"
        ) from error
    fabric.launch()
    return fabric


def use_bfloat16(precision: Precision = "auto", accelerator: str = "auto") -> bool:
    """bfloat16 where it is chosen, or with "auto" where the device multiplies it faster."""
    if precision != "auto":
        return precision == "bfloat16"
    if accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)  # no public name yet
    return bool(supported and supported())
