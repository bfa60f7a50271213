"""`edgcn weights`: a file of weights that come with edgcn."""

from pathlib import Path
from typing import Annotated

from edgcn.commands.settings import POSITIONAL, Config
from edgcn.inference.released import copy_released


class WeightsConfig(Config):
    """Copy weights that come with edgcn to a file; `evaluate` and `fit` take their name, too."""

    name: Annotated[str, POSITIONAL]
    """Which weights: edgcn-s, pre-trained without labels (docs/weights.md)."""
    out: Path
    """File of the recognizer, such as my.edgcn."""


def command(config: WeightsConfig) -> str:
    """Copy, and say what comes next."""
    path = copy_released(config.name, config.out)
    return f"wrote {path}   next: edgcn evaluate {path} STORE --protocol few-shot"
