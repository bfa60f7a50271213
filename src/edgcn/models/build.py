"""Encoders from their names, and their files: weights, preset, arguments and inputs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.tensorfile import load_tensors, save_tensors
from edgcn.models import ENCODERS, WITH_INPUT_NORM
from edgcn.pipeline.inputs import Inputs


def build_encoder(name: str, inputs: Inputs, options: Mapping[str, Any]) -> nn.Module:
    """A new encoder of a preset, for these inputs."""
    if name not in ENCODERS:
        hint = did_you_mean(name, ENCODERS)
        raise EdgcnError(f"no encoder is named {name!r}; there are {', '.join(ENCODERS)}{hint}")
    if not inputs.input_norm and name in WITH_INPUT_NORM:
        options = {"input_norm": False, **options}
    try:
        return ENCODERS[name](
            inputs.topology, in_channels=inputs.channels, bodies=inputs.bodies, **options
        )
    except TypeError as error:
        raise EdgcnError(f"encoder {name!r} does not take these options: {error}") from error


def save_encoder(
    path: Path, encoder: nn.Module, *, name: str, options: Mapping[str, Any], inputs: Inputs
) -> None:
    """Everything that is needed to encode new clips."""
    about = {"encoder": name, "options": dict(options), "inputs": inputs.to_dict()}
    save_tensors(path, encoder.state_dict(), about)


def load_encoder(path: Path) -> tuple[nn.Module, Inputs, dict[str, Any]]:
    """An encoder in evaluation mode, its inputs, and the description it was saved with."""
    tensors, about = load_tensors(path)
    inputs = Inputs.from_dict(about["inputs"])
    encoder = build_encoder(about["encoder"], inputs, about["options"])
    encoder.load_state_dict(tensors)
    return encoder.eval(), inputs, about
