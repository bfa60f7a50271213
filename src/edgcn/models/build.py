"""Encoders from their names and settings."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from edgcn.base.errors import EdgcnError, did_you_mean
from edgcn.base.parts import check_settings, settings_of
from edgcn.models import ENCODERS
from edgcn.skeleton.topology import Topology

GIVEN = ("topology", "in_channels", "bodies")  # by the clips, so that they are no settings


def build_encoder(
    name: str,
    settings: Mapping[str, Any],
    *,
    topology: Topology,
    in_channels: int,
    bodies: int,
    input_norm: bool = True,
) -> nn.Module:
    """A new encoder, its initial weights from PyTorch's global randomness.

    Args:
        settings: of its constructor, where they differ from the defaults.
        input_norm: false leaves out the batch norm of an encoder that begins with one, unless
            `settings` say otherwise.

    Raises:
        EdgcnError: there is no such encoder or setting, or what is made is no encoder.
    """
    if name not in ENCODERS:
        hint = did_you_mean(name, ENCODERS)
        raise EdgcnError(f"no encoder is named {name!r}; there are {', '.join(ENCODERS)}{hint}")
    make, what = ENCODERS[name], f"encoder {name!r}"
    values = check_settings(make, settings, what=what, given=GIVEN)
    if not input_norm and "input_norm" in settings_of(make, given=GIVEN):
        values = {"input_norm": False} | values
    encoder = make(topology, in_channels=in_channels, bodies=bodies, **values)
    if not isinstance(encoder, nn.Module) or not hasattr(encoder, "embed_dim"):
        raise EdgcnError(
            f"{what} makes no encoder: expected a torch.nn.Module that takes clips (N, C, T, V, M) "
            f"to (N, embed_dim) and has `embed_dim`, got {type(encoder).__name__}"
        )
    return encoder
