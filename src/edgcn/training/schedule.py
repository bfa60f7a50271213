"""Learning rate by step: a factor of the given one."""

import math
from typing import Literal

Schedule = Literal["step", "cosine", "constant"]


def lr_factor(
    step: int, *, schedule: Schedule, steps: int, warmup: int = 0, gamma: float = 0.1
) -> float:
    """Factor of the learning rate at a step of a training of `steps`, counted from 0.

    step: times `gamma` from half of the steps on (AS-CAL: from epoch 30 of 60). cosine: to zero at
    the end. constant: 1.

    Args:
        warmup: Steps at the start over which the factor rises from zero in a line.
    """
    if step < warmup:
        return step / warmup
    if schedule == "step":
        return gamma if step >= steps / 2 else 1.0
    if schedule == "cosine":
        done = (step - warmup) / max(steps - warmup, 1)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return 1.0
