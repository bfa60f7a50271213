"""Random streams by name: what is drawn for one use never depends on what was drawn for another.

(seed of the run, "order", epoch) -> an independent generator, the same in every process
"""

import hashlib

import torch


def stream(seed: int, name: str, *key: int, device: str | torch.device = "cpu") -> torch.Generator:
    """A generator of its own for one use of randomness.

    It follows from its arguments alone, so that a stopped computation needs no saved state.

    Args:
        seed: Seed of the whole run.
        name: What is drawn: "order", "views", "model", ...
        key: What the draws differ by: an epoch, a rank.
        device: Where the numbers are drawn.
    """
    digest = hashlib.sha256(repr((int(seed), name, tuple(map(int, key)))).encode()).digest()
    generator = torch.Generator(device)
    generator.manual_seed(int.from_bytes(digest[:8], "little"))
    return generator
