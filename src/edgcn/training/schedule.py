"""Learning rate by epoch: a factor of the configured rate, and the seeds of each epoch."""

import math

import torch


def lr_factor(
    epoch: float, *, schedule: str, epochs: int, warmup_epochs: int = 0, gamma: float = 0.1
) -> float:
    """Factor of the learning rate at a (fractional) 0-based epoch.

    step: x0.1 from half of the epochs on (AS-CAL: from 30 of 60). cosine: to zero at the end.
    """
    if epoch < warmup_epochs:
        return epoch / warmup_epochs
    if schedule == "step":
        return gamma if epoch >= epochs / 2 else 1.0
    if schedule == "cosine":
        done = (epoch - warmup_epochs) / max(epochs - warmup_epochs, 1)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return 1.0


def epoch_generator(
    seed: int, epoch: int, *, device: str | torch.device = "cpu"
) -> torch.Generator:
    """Randomness that depends on the seed and the epoch alone, so that resuming needs no state.

    Each use has epoch numbers of its own.
    """
    generator = torch.Generator(device)
    mixed = torch.Generator().manual_seed(seed)
    base = int(torch.randint(2**40, (), generator=mixed))
    generator.manual_seed(base + epoch)
    return generator
