"""What every score stands beside: the majority class, raw coordinates, the encoder untrained."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import nn

from edgcn.models.build import build_encoder
from edgcn.pipeline.inputs import Inputs


def majority_scores(
    train_labels: Int[np.ndarray, " n"], *, classes: int, tests: int
) -> Float[np.ndarray, "m k"]:
    """Training class counts as the score of every test clip."""
    counts = np.bincount(train_labels, minlength=classes).astype(np.float32)
    return np.tile(counts, (tests, 1))


def random_encoder(
    name: str, inputs: Inputs, options: dict[str, object], *, seed: int
) -> nn.Module:
    """The encoder as it was before pre-training: same preset, same inputs, same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_encoder(name, inputs, options).eval()
