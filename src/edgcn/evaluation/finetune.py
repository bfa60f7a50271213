"""Training an encoder on labels: from pre-trained weights (fine-tuning) or from random ones.

rows -> view (n, C, T, V, M) -> encoder -> readout (n, D) -> linear layer -> cross-entropy
AdamW, cosine to zero; the linear layer, which starts at zero, learns faster than the encoder.
"""

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from edgcn.base.errors import EdgcnError
from edgcn.base.progress import progress
from edgcn.evaluation.probes import LinearProbe

BATCH = 32  # clips a step, as in pre-training
HEAD = 10  # times the encoder's learning rate: the layer is new where the encoder is not
WEIGHT_DECAY = 0.01  # AdamW's usual; not tuned

View = Callable[[np.ndarray, torch.Generator], Float[Tensor, "n c t v m"]]
Read = Callable[[nn.Module, Tensor], Tensor]


def train_on_labels(
    encoder: nn.Module,
    view: View,
    rows: Int[np.ndarray, " n"],
    labels: Int[np.ndarray, " n"],
    *,
    classes: int,
    epochs: int,
    lr: float,
    seed: int = 0,
    read: Read = lambda encoder, x: encoder(x),
    device: torch.device | str = "cpu",
    bfloat16: bool = False,
    label: str = "",
) -> tuple[nn.Module, LinearProbe]:
    """A trained copy of the encoder, in evaluation mode, and the linear layer on top of it.

    No epoch is picked: it is the last one's.

    Args:
        view: the encoder's input for some rows; random only by the generator it is given.
        labels: of the rows.
        read: vectors (n, D) of the encoder's input; by default its embedding.
        label: of the progress; without one nothing is shown.

    Raises:
        EdgcnError: the loss became infinite or NaN.
    """
    device = torch.device(device)
    encoder = copy.deepcopy(encoder).to(device)
    order, draws = torch.Generator(), torch.Generator(device)
    order.manual_seed(seed)
    draws.manual_seed(seed)
    target = torch.from_numpy(labels).to(device)
    width = _width(encoder, view(rows[:1], torch.Generator(device)), read)
    head = nn.Linear(width, classes, device="meta").to_empty(device=device)  # draws nothing
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    optimizer = torch.optim.AdamW(
        [
            {"params": encoder.parameters(), "lr": lr},
            {"params": head.parameters(), "lr": HEAD * lr},
        ],
        weight_decay=WEIGHT_DECAY,
    )
    parts = math.ceil(len(rows) / BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * parts)
    encoder.train()
    with (
        torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
        progress(label, total=epochs * len(rows), unit="clips") as advance,
    ):
        torch.manual_seed(seed)  # of what an encoder itself drops at random
        for epoch in range(epochs):
            # parts of nearly equal size: batch norm should not meet a rest of one clip
            for chosen in torch.randperm(len(rows), generator=order).tensor_split(parts):
                x = view(rows[chosen.numpy()], draws)
                with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                    logits = head(read(encoder, x))
                loss = F.cross_entropy(logits.float(), target[chosen.to(device)])
                torch.autograd.backward(loss)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                schedule.step()
                advance(len(chosen))
            if not math.isfinite(last := float(loss.detach())):
                raise EdgcnError(
                    f"the loss of training on labels became {last} in epoch {epoch + 1}; "
                    f"try a smaller --finetune-lr than {lr:g}"
                )
    return encoder.eval(), _as_probe(head)


@torch.no_grad()
def vectors(
    encoder: nn.Module,
    view: View,
    rows: Int[np.ndarray, " n"],
    *,
    read: Read = lambda encoder, x: encoder(x),
    device: torch.device | str = "cpu",
) -> Float[np.ndarray, "n d"]:
    """What a trained encoder makes of some rows."""
    generator = torch.Generator(torch.device(device))
    parts = [read(encoder, view(rows[at : at + BATCH], generator)).float().cpu()
             for at in range(0, len(rows), BATCH)]  # fmt: skip
    return torch.cat(parts).numpy()


@torch.no_grad()
def _width(encoder: nn.Module, x: Tensor, read: Read) -> int:
    """How long the vectors are; the encoder stays as it is."""
    training = encoder.training
    width = read(encoder.eval(), x).shape[1]
    encoder.train(training)
    return width


def _as_probe(head: nn.Linear) -> LinearProbe:
    """The layer as a probe that standardizes nothing."""
    weight, bias = (value.detach().float().cpu().numpy() for value in (head.weight, head.bias))
    width = weight.shape[1]
    zeros, ones = np.zeros(width, dtype=np.float32), np.ones(width, dtype=np.float32)
    return LinearProbe(zeros, ones, weight, bias)
